"""Videos and cameras as sources, read by PyAV; what is wrong with one is said with its time."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

from toonvision.capture.pixels import from_rgb
from toonvision.core.errors import EnvironmentFaultError, Finding, InputRejectedError, printable
from toonvision.core.wording import counted
from toonvision.watch.frames import Frame, clock

_CAMERAS = {"linux": ("v4l2", "/dev/video0"), "darwin": ("avfoundation", "0"), "win32": ("dshow", "video=0")}
"""By system, how FFmpeg calls what reads cameras, and the first of them."""
_LEAST_STEP_S = 0.001
_GAP = 1.5
"""Frames that the end may be earlier than promised, for rounding."""
_SHORT_S = 0.5
"""Seconds by which a video ends early before that is said: headers are not exact."""
_MOST_LOST = 1000
"""Pieces of a video that cannot be read until it is given up."""


class VideoSource:
    """A video file, frame by frame."""

    live = False

    def __init__(self, path: Path) -> None:
        """Open a file.

        Raises:
            EnvironmentFaultError: If PyAV is not installed.
            InputRejectedError: If it is no video.
        """
        self.title = str(path)
        self.findings: list[Finding] = []
        self._container = _opened(str(path), self.title)
        self._stream = _stream(self._container, self.title)
        self._stream.thread_type = "AUTO"

    def frames(self, stop: Event) -> Iterator[Frame]:
        """Yield its frames; where it is damaged, those that can be read."""
        last, size = -_LEAST_STEP_S, None
        for number, picture in enumerate(self._pictures(), start=1):
            if stop.is_set():
                return
            image = from_rgb(picture.to_ndarray(format="rgb24"))
            last = max(self._time(picture, number), last + _LEAST_STEP_S)
            if size not in (None, image.size):
                self._note(last, f"from here on it has {image.width} x {image.height} pixels", "size-changed")
            size = image.size
            yield Frame(number, last, image, time.monotonic())
        self._say_if_short(last)

    def close(self) -> None:
        """Close it."""
        self._container.close()

    def _pictures(self) -> Iterator[Any]:
        """Yield decoded pictures, and count the pieces that cannot be decoded."""
        from av.error import FFmpegError

        lost, last = 0, 0.0
        pieces = self._container.demux(self._stream)
        while True:
            try:
                piece = next(pieces)
                pictures = piece.decode()
            except (StopIteration, EOFError):
                break
            except FFmpegError as error:
                lost += 1
                self._note(last, f"it is damaged here ({_words(error)})", "damaged-video", first=lost == 1)
                if lost > _MOST_LOST:
                    break
                continue
            for picture in pictures:
                last = picture.time or last
                yield picture
        if lost > 1:
            self._note(last, f"{counted(lost, 'piece')} of it could not be read", "damaged-video")

    def _time(self, picture: Any, number: int) -> float:
        if picture.time is not None:
            return float(picture.time) - float((self._stream.start_time or 0) * (self._stream.time_base or 0))
        return (number - 1) / float(self._stream.average_rate or 30)

    def _say_if_short(self, last: float) -> None:
        whole = self._container.duration
        if whole and last + _GAP / float(self._stream.average_rate or 1) < whole / 1e6 - _SHORT_S:
            self._note(last, f"it ends here; its header promises {clock(whole / 1e6)}", "short-video")

    def _note(self, seconds: float, reason: str, code: str, *, first: bool = True) -> None:
        if first:
            self.findings.append(Finding(f"{self.title}, {clock(seconds)}", reason, code=code))


class CameraSource:
    """A camera."""

    live = True

    def __init__(self, device: str = "") -> None:
        """Open a camera.

        Args:
            device: As FFmpeg calls it, such as ``/dev/video1``; by default the first one.

        Raises:
            EnvironmentFaultError: If PyAV is not installed, or there is no such camera.
        """
        kind, first = _CAMERAS.get(sys.platform, _CAMERAS["linux"])
        self.title = f"camera {device or first}"
        self.findings: list[Finding] = []
        try:
            self._container = _opened(device or first, self.title, kind=kind)
            self._stream = _stream(self._container, self.title)
        except InputRejectedError as error:
            raise EnvironmentFaultError(f"{error} Plug it in, or name another: camera:DEVICE") from None

    def frames(self, stop: Event) -> Iterator[Frame]:
        """Yield its pictures; a camera that goes away ends it."""
        from av.error import FFmpegError

        started = taken = time.monotonic()
        pictures = self._container.decode(self._stream)
        number = 0
        while not stop.is_set():
            try:
                picture = next(pictures)
            except (StopIteration, FFmpegError, OSError) as error:
                reason = f"the camera is gone ({_words(error)})" if str(error) else "the camera is gone"
                self.findings.append(
                    Finding(f"{self.title}, {clock(time.monotonic() - started)}", reason, code="camera-gone")
                )
                return
            number, taken = number + 1, max(time.monotonic(), taken + _LEAST_STEP_S)
            yield Frame(number, taken - started, from_rgb(picture.to_ndarray(format="rgb24")), taken)

    def close(self) -> None:
        """Leave it."""
        self._container.close()


def _opened(name: str, title: str, *, kind: str | None = None) -> Any:
    try:
        import av
        from av.error import FFmpegError
    except ModuleNotFoundError as error:
        raise EnvironmentFaultError(
            f"{title}: videos and cameras need PyAV. Run: pip install 'toonvision[video]'"
        ) from error
    try:
        return av.open(name, format=kind)
    except (FFmpegError, OSError) as error:
        raise InputRejectedError(f"{title}: cannot be opened ({_words(error)}).") from error


def _stream(container: Any, title: str) -> Any:
    if not container.streams.video:
        container.close()
        raise InputRejectedError(f"{title}: holds no video. Name a file that does.")
    return container.streams.video[0]


def _words(error: BaseException) -> str:
    said = getattr(error, "strerror", None) or str(error).partition("\n")[0]
    return printable(said[:200])
