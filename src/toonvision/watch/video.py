"""Videos and cameras as sources, read by PyAV; what is wrong with one is said with its time."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

from toonvision.core.errors import EnvironmentFaultError, Finding, InputRejectedError, RejectedItemError
from toonvision.core.wording import counted
from toonvision.data.videos import opened, picture_of, pieces_of, promised_s, seconds_of, words_of
from toonvision.watch.frames import Frame, clock

_CAMERAS = {"linux": ("v4l2", "/dev/video0"), "darwin": ("avfoundation", "0"), "win32": ("dshow", "video=0")}
"""By system, how FFmpeg calls what reads cameras, and the first of them."""
_LEAST_STEP_S = 0.001


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
        try:
            self._container, self._stream = opened(str(path), self.title)
        except RejectedItemError as error:
            raise InputRejectedError(f"{path}: {error.reason}. Name a file that is a video.") from error
        self._stream.thread_type = "AUTO"

    def frames(self, stop: Event) -> Iterator[Frame]:
        """Yield its frames; where it is damaged, those that can be read.

        Raises:
            InputRejectedError: If none can be read.
        """
        last, size = -_LEAST_STEP_S, None
        for number, picture in enumerate(self._pictures(), start=1):
            if stop.is_set():
                return
            image = picture_of(picture)
            last = max(self._time(picture, number), last + _LEAST_STEP_S)
            if size not in (None, image.size):
                self._note(last, f"from here on it has {image.width} x {image.height} pixels", "size-changed")
            size = image.size
            yield Frame(number, last, image, time.monotonic())
        if size is None:
            why = f" ({self.findings[0].reason})" if self.findings else ""
            raise InputRejectedError(f"{self.title}: FFmpeg can read no picture of it{why}. Convert it to MP4.")
        self._say_if_short(last)

    def close(self) -> None:
        """Close it."""
        self._container.close()

    def _pictures(self) -> Iterator[Any]:
        """Yield decoded pictures; count the pieces that cannot be decoded, and the pictures that are not whole."""
        lost, last = 0, 0.0

        def damaged(why: str) -> None:
            nonlocal lost
            lost += 1
            self._note(last, f"it is damaged here ({why})", "damaged-video", first=lost == 1)

        for picture in pieces_of(self._container, self._stream, lambda piece: piece.decode(), damaged):
            last = picture.time or last
            if picture.is_corrupt:
                damaged("a picture cannot be decoded whole")
            else:
                yield picture
        if lost > 1:
            self._note(last, f"{counted(lost, 'piece')} of it could not be read", "damaged-video")

    def _time(self, picture: Any, number: int) -> float:
        seconds = seconds_of(self._stream, picture)
        return (number - 1) / float(self._stream.average_rate or 30) if seconds is None else seconds

    def _say_if_short(self, last: float) -> None:
        if promised := promised_s(self._container, self._stream, last):
            self._note(last, f"it ends here; its header promises {clock(promised)}", "short-video")

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
            self._container, self._stream = opened(device or first, self.title, kind=kind)
        except RejectedItemError as error:
            raise EnvironmentFaultError(
                f"{self.title}: {error.reason}. Plug it in, or name another: camera:DEVICE"
            ) from None

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
                reason = f"the camera is gone ({words_of(error)})" if str(error) else "the camera is gone"
                self.findings.append(
                    Finding(f"{self.title}, {clock(time.monotonic() - started)}", reason, code="camera-gone")
                )
                return
            number, taken = number + 1, max(time.monotonic(), taken + _LEAST_STEP_S)
            yield Frame(number, taken - started, picture_of(picture), taken)

    def close(self) -> None:
        """Leave it."""
        self._container.close()
