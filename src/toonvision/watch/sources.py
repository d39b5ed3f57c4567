"""What is watched, as a person says it: `screen`, `window:Toontown`, `camera`, `world`, or a path."""

from pathlib import Path

from toonvision.capture.areas import Monitor, Region, Titled
from toonvision.core.errors import InputRejectedError, UsageError
from toonvision.watch.frames import Source

DEFAULT_RATE = 30.0
FOLDER_RATE = 10.0
FORMS = "screen[:NUMBER], region:LEFT,TOP,WIDTHxHEIGHT, window:TITLE, camera[:DEVICE], world[:SEED], or a path"


def open_source(text: str | Path, *, rate: float | None = None) -> Source:
    """Open what a person names.

    Args:
        text: ``screen``, ``screen:2``, ``region:0,30,1280x720``, ``window:TITLE``, ``camera``, ``camera:DEVICE``,
            ``world``, ``world:SEED``, a video file, or a folder of frames.
        rate: Frames a second: of a screen, how often it is grabbed, by default 30; of a folder, how many pictures make
            a second, by default 10.

    Raises:
        UsageError: If it is nothing of these.
        InputRejectedError: If there is no such file, or it is no video.
        EnvironmentFaultError: If the screen cannot be seen, the camera is not there, or PyAV is not installed.
    """
    if isinstance(text, Path):
        return _of_path(text, rate)
    if not text:
        raise UsageError(f"a source is {FORMS}; got {text!r}.")
    word, _, rest = text.partition(":")
    if word in ("screen", "region", "window"):
        from toonvision.watch.screen_source import ScreenSource

        return ScreenSource(_area(word, rest, text), rate=rate or DEFAULT_RATE)
    if word == "camera":
        from toonvision.watch.video import CameraSource

        return CameraSource(rest)
    if word == "world":
        from toonvision.watch.drawn import DrawnSource

        return DrawnSource(_number(rest or "0", text))
    return _of_path(Path(text), rate)


def _area(word: str, rest: str, text: str) -> Monitor | Region | Titled:
    if word == "screen":
        return Monitor(_number(rest or "1", text))
    if not rest:
        raise UsageError(f"a source is {FORMS}; got {text!r}.")
    return Region.parse(rest) if word == "region" else Titled(rest)


def _number(text: str, whole: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise UsageError(f"a source is {FORMS}; got {whole!r}.")
    return int(text)


def _of_path(path: Path, rate: float | None) -> Source:
    if path.is_dir():
        from toonvision.watch.folder_source import FolderSource

        return FolderSource(path, rate=rate or FOLDER_RATE)
    if not path.is_file():
        raise InputRejectedError(f"{path}: there is no such source. A source is {FORMS}.")
    from toonvision.watch.video import VideoSource

    return VideoSource(path)
