"""Videos, read by PyAV: which files are some, and their frames, each of which is known by a path of its own.

The frame of `clip.mp4` at 12.4 seconds is called ``clip.mp4#t=12.400``, as media fragments are on the web. So frames
are listed, shared out and stored as pictures are.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from PIL import Image

from toonvision.core.errors import EnvironmentFaultError, Finding, RejectedItemError, printable

Read = TypeVar("Read")

VIDEOS = (".mp4", ".m4v", ".mkv", ".webm", ".mov", ".avi", ".mpg", ".mpeg", ".wmv", ".flv")
_FRAME = re.compile(rf"(.+(?:{'|'.join(map(re.escape, VIDEOS))}))#t=([0-9]+)\.([0-9]{{3}})", re.IGNORECASE | re.DOTALL)
_REMEDY = "record or convert it again, or move it away"
_MOST_LOST = 1000
"""Pieces of a video that cannot be read until it is given up."""
_GAP, _SHORT_S = 1.5, 0.5
"""Frames, for rounding, and seconds by which a video ends early before that is said: headers are not exact."""
_FAR_MS = 2000
"""How far ahead a frame is for which it is quicker to begin at a key frame than to decode all before it."""
_LATE_MS = 1000
"""How much later frames come until one is given up: few files have them out of order."""
_KEPT = 16
"""Frames that are kept, since threads ask for them out of order."""


def is_video(path: Path) -> bool:
    """Return whether a file is meant to be a video, by its suffix."""
    return path.suffix.lower() in VIDEOS


def is_frame(path: Path) -> bool:
    """Return whether a path is that of a frame.

    Examples:
        >>> is_frame(Path("a/clip.mp4#t=12.400")), is_frame(Path("a/shot.png"))
        (True, False)
    """
    return file_of(path) is not path


def file_of(path: Path) -> Path:
    """Return the file that a path means: of a frame its video."""
    found = _FRAME.fullmatch(str(path))
    return Path(found[1]) if found else path


def frames_of(video: Path, *, every: int = 1) -> tuple[list[Path], list[Finding]]:
    """List every so many frames of a video, without decoding them, and what is wrong with it.

    Raises:
        EnvironmentFaultError: If PyAV is not installed.
    """
    try:
        times, wrong = _times(video, video.stat().st_mtime_ns)
    except OSError as error:
        times, wrong = (), RejectedItemError(f"cannot be read ({error.strerror})", _REMEDY, code="unreadable")
    frames = [Path(f"{video}#t={at // 1000}.{at % 1000:03}") for at in times[::every]]
    return frames, [wrong.finding(str(video), files=0 if times else 1)] if wrong else []


def read_frame(path: Path) -> Image.Image:
    """Decode the frame that a path means.

    Raises:
        RejectedItemError: If its video cannot be read, or is damaged there.
        EnvironmentFaultError: If PyAV is not installed.
    """
    found = _FRAME.fullmatch(str(path))
    assert found
    try:
        changed = Path(found[1]).stat().st_mtime_ns
    except OSError as error:
        raise RejectedItemError(f"cannot be read ({error.strerror})", _REMEDY, code="unreadable") from error
    return _film(found[1], changed).frame(int(found[2] + found[3]))


def opened(name: str, title: str, *, kind: str | None = None) -> tuple[Any, Any]:
    """Open a video file or a device, which people call by a title; return PyAV's container and stream of pictures.

    Raises:
        EnvironmentFaultError: If PyAV is not installed.
        RejectedItemError: If it is no video.
    """
    try:
        import av
        from av.error import FFmpegError
    except ModuleNotFoundError as error:
        raise EnvironmentFaultError(
            f"{title}: videos and cameras need PyAV. Run: pip install 'toonvision[video]'"
        ) from error
    try:
        container = av.open(name, format=kind)
    except (FFmpegError, OSError) as error:
        raise RejectedItemError(f"cannot be opened ({words_of(error)})", _REMEDY, code="no-video") from error
    if not container.streams.video:
        container.close()
        raise RejectedItemError("holds no video", _REMEDY, code="no-video")
    return container, container.streams.video[0]


def pieces_of(
    container: Any, stream: Any, read: Callable[[Any], Iterable[Read]], damaged: Callable[[str], None]
) -> Iterator[Read]:
    """Yield what is read of each piece of a video; `damaged` is called with the reason where that fails."""
    from av.error import FFmpegError

    pieces, lost = container.demux(stream), 0
    while lost <= _MOST_LOST:
        try:
            found = read(next(pieces))
        except (StopIteration, EOFError):
            break
        except FFmpegError as error:
            lost += 1
            damaged(words_of(error))
            continue
        yield from found


def seconds_of(stream: Any, picture: Any) -> float | None:
    """Return when a frame, or a piece, is shown, from the beginning of the video on; None if that is not known."""
    ticks = picture.dts if picture.pts is None else picture.pts
    return None if ticks is None else float((ticks - (stream.start_time or 0)) * stream.time_base)


def promised_s(container: Any, stream: Any, last_s: float) -> float | None:
    """Return how many seconds the header of a video promises, if its last frame is too early for that."""
    whole: int = container.duration or 0
    ends_early = last_s + _GAP / float(stream.average_rate or 1) < whole / 1e6 - _SHORT_S
    return whole / 1e6 if whole and ends_early else None


def picture_of(frame: Any) -> Image.Image:
    """Return a decoded frame as an RGB image, turned as its video says, which players do too."""
    image = Image.fromarray(frame.to_ndarray(format="rgb24"))
    return image.rotate(frame.rotation, expand=True) if frame.rotation else image


def words_of(error: BaseException) -> str:
    """Return what FFmpeg says of an error, in one line."""
    said = getattr(error, "strerror", None) or str(error).partition("\n")[0]
    return printable(said[:200])


@lru_cache(maxsize=1024)
def _times(video: Path, _changed_ns: int) -> tuple[tuple[int, ...], RejectedItemError | None]:
    """Return when a video has frames, in milliseconds, and what is wrong with it."""
    if not video.is_file():
        return (), RejectedItemError("is no file", _REMEDY, code="no-video")
    try:
        container, stream = opened(str(video), str(video))
    except RejectedItemError as error:
        return (), error
    said: list[str] = []
    with container:
        pieces = pieces_of(container, stream, lambda piece: [piece] if piece.size else [], said.append)
        shown = {_ms(stream, piece) for piece in pieces if not piece.is_discard}
        times = sorted(at for at in shown if at >= 0)
        if not times:
            return (), RejectedItemError("has no frame", _REMEDY, code="no-video")
        promised = promised_s(container, stream, times[-1] / 1000)
    if not said and not promised:
        return tuple(times), None
    wrong = f"is damaged ({said[0]})" if said else f"ends early: its header promises {promised:.1f} s"
    return tuple(times), RejectedItemError(f"{wrong}; what is there is read", code="short-video")


def _ms(stream: Any, picture: Any) -> int:
    seconds = seconds_of(stream, picture)
    return -1 if seconds is None else round(1000 * seconds)


@lru_cache(maxsize=2)
def _film(video: str, _changed_ns: int) -> "_Film":
    return _Film(video)


class _Film:
    """An open video, whose frames are decoded one after the other where they are asked for so."""

    def __init__(self, video: str) -> None:
        self._video, self._lock = video, Lock()
        self._begin()

    def frame(self, at: int) -> Image.Image:
        """Return the frame at a time in milliseconds.

        Raises:
            RejectedItemError: If it cannot be decoded.
        """
        with self._lock:
            found = self._kept.get(at) or self._found(at)
        if found is None or found.is_corrupt:
            raise RejectedItemError("cannot be decoded; the video is damaged there", _REMEDY, code="damaged-video")
        return picture_of(found)

    def _found(self, at: int) -> Any:
        if not 0 <= at - self._last <= _FAR_MS:
            ticks = int((at + 0.5) / 1000 / self._stream.time_base)
            self._container.seek((self._stream.start_time or 0) + ticks, stream=self._stream)
            self._restart()
        found = self._decode_to(at)
        if found is None and (self._first is None or self._first > at):  # the file does not say where to begin
            self._container.close()
            self._begin()
            found = self._decode_to(at)
        return found

    def _begin(self) -> None:
        self._container, self._stream = opened(self._video, self._video)
        self._stream.codec_context.thread_count = 1
        self._restart()
        self._last = 0

    def _restart(self) -> None:
        self._decoded = pieces_of(self._container, self._stream, lambda piece: piece.decode(), lambda _: None)
        self._kept: dict[int, Any] = {}
        self._first: int | None = None

    def _decode_to(self, at: int) -> Any:
        for frame in self._decoded:
            self._last = _ms(self._stream, frame)
            self._first = self._last if self._first is None else self._first
            self._kept[self._last] = frame
            if len(self._kept) > _KEPT:
                del self._kept[next(iter(self._kept))]
            if self._last == at:
                return frame
            if self._last > at + _LATE_MS:
                break
        return None
