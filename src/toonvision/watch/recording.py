"""What is kept of a watch beside its log: a video with boxes, and the frames that the models were least sure of."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from toonvision.capture.keeping import Keeper
from toonvision.core.errors import EnvironmentFaultError, UsageError
from toonvision.core.files import TEMPORARY, require_writable
from toonvision.report.answers import TitledBox, draw_boxes
from toonvision.watch.loop import WatchedFrame
from toonvision.watch.track import Categories, Track, finest_class

VIDEO_SUFFIXES = (".mp4", ".mkv")
_TICKS = 1000
"""Ticks a second: frames come when they come."""
_LEAST_UNSURE = 0.3
_APART_S = 1.0
"""Seconds between two frames that are kept; those between them are alike."""


class VideoFile:
    """A video of all frames that were looked at, with their boxes; its file is there when it is closed, and whole."""

    def __init__(self, path: Path, categories: Categories) -> None:
        """Check that it can be written.

        Args:
            path: A new file, ``.mp4`` or ``.mkv``.
            categories: The titles and colours of the classes.

        Raises:
            UsageError: If it exists, or has another suffix.
            EnvironmentFaultError: If PyAV is not installed.
        """
        try:
            import av
        except ModuleNotFoundError as error:
            raise EnvironmentFaultError("a video needs PyAV. Run: pip install 'toonvision[video]'") from error
        if path.suffix not in VIDEO_SUFFIXES:
            raise UsageError(
                f"a video is a file {' or '.join(VIDEO_SUFFIXES)}; got {path}. Choose another --save-video."
            )
        if path.exists():
            raise UsageError(f"{path} exists already; it was not changed. Choose another --save-video.")
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._categories = categories
        self._unfinished = path.with_name(f"{TEMPORARY}{secrets.token_hex(8)}{path.suffix}")
        self._container: Any = av.open(str(self._unfinished), "w")
        self._is_whole = False
        self._stream: Any = None
        self._last = -1

    def see(self, frame: WatchedFrame) -> None:
        """Write a frame; one of another size than the first is fitted into that.

        Raises:
            OSError: If it cannot be written; then there is no video.
        """
        from av import VideoFrame

        drawn = draw_tracks(frame.image, frame.tracks, self._categories)
        if self._stream is None:
            self._begin(drawn)
        drawn = _fitted(drawn, (self._stream.width, self._stream.height))
        made = VideoFrame.from_ndarray(np.asarray(drawn), format="rgb24")
        made.pts = self._last = max(self._last + 1, round(_TICKS * frame.seconds))
        made.time_base = Fraction(1, _TICKS)
        self._write(made)

    def close(self) -> None:
        """Write what is missing, and close the file; without a frame there is none.

        Raises:
            OSError: If it cannot be written; then there is no video.
        """
        try:
            if self._is_whole:
                self._write(None)
            with _naming(self.path):
                self._container.close()
                if self._is_whole:
                    self._unfinished.replace(self.path)
        finally:
            self._unfinished.unlink(missing_ok=True)

    def _write(self, frame: Any) -> None:
        """Write a frame, or with None what the encoder still holds."""
        self._is_whole = False
        with _naming(self.path):
            self._container.mux(self._stream.encode(frame))
        self._is_whole = True

    def _begin(self, first: Image.Image) -> None:
        self._stream = self._container.add_stream("libx264", rate=30, options={"preset": "veryfast", "crf": "23"})
        # The encoder takes even sides only.
        self._stream.width, self._stream.height = (max(2, side // 2 * 2) for side in first.size)
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = Fraction(1, _TICKS)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Make an OSError name the video; PyAV's name the unfinished file, and cannot be changed."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def _fitted(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return a picture within another size, on black; one that is a pixel wider or higher is cut."""
    if all(own - wanted in (0, 1) for own, wanted in zip(image.size, size, strict=True)):
        return image.crop((0, 0, *size))
    canvas = Image.new("RGB", size)
    scale = min(size[0] / image.width, size[1] / image.height)
    inner = image.resize((max(1, round(scale * image.width)), max(1, round(scale * image.height))))
    canvas.paste(inner, ((size[0] - inner.width) // 2, (size[1] - inner.height) // 2))
    return canvas


class UncertainFrames:
    """Keeps the frames that the models were least sure of, none twice: they are what a person should label.

    Attributes:
        keeper: Writes them.
    """

    def __init__(self, folder: Path, *, most: int = 200) -> None:
        """Begin.

        Args:
            folder: Where the pictures are written.
            most: How many are kept; beyond that, the surest one is removed for each that is less sure.

        Raises:
            OSError: If nothing can be written there.
        """
        folder.mkdir(parents=True, exist_ok=True)
        require_writable(folder)
        self.keeper = Keeper(folder)
        self._most = most
        self._doubts: dict[Path, float] = {}
        self._next = 0.0

    def see(self, frame: WatchedFrame) -> None:
        """Keep a frame, if it is one of these."""
        doubt = max((unsure(track) for track in frame.tracks if track.found), default=0.0)
        if doubt < _LEAST_UNSURE or frame.seconds < self._next:
            return
        if len(self._doubts) >= self._most and doubt <= min(self._doubts.values()):
            return
        path, new = self.keeper.keep(frame.image, datetime.now())
        self._next = frame.seconds + _APART_S
        if new or doubt > self._doubts.get(path, 1.0):  # a scene counts by its most doubtful frame
            self._doubts[path] = doubt
        if len(self._doubts) > self._most:
            surest = min(self._doubts, key=self._doubts.__getitem__)
            del self._doubts[surest]
            self.keeper.remove(surest)

    @property
    def files(self) -> list[Path]:
        """The frames that are kept, in the order of their names."""
        return sorted(self._doubts)

    def close(self) -> None:
        """Do nothing: every picture is written at once."""


def unsure(track: Track) -> float:
    """Return how little the models are sure of a track, 0 to 1: by the level that they are least sure of.

    A detector of one class is always sure which it is; there it counts how sure it was at best that it is anything.
    """
    known = track.evidence
    single = len(known.paths.levels[known.paths.found]) == 1
    return 1 - min([*known.confidences.values(), track.best_score if single else 1.0])


def draw_tracks(image: Image.Image, tracks: tuple[Track, ...], categories: Categories) -> Image.Image:
    """Return a copy of a frame with the figures that are seen in it.

    Args:
        image: In RGB.
        tracks: What is there, boxes in pixels of the image; they are drawn within it.
        categories: The titles and colours of the classes.
    """
    drawn = image.copy()
    boxes = []
    for track in tracks:
        if track.found is not None:
            one, share = finest_class(track, categories), list(track.evidence.confidences.values())[-1]
            left, right = (min(max(0.0, track.box[at]), image.width - 1) for at in (0, 2))
            top, bottom = (min(max(0.0, track.box[at]), image.height - 1) for at in (1, 3))
            boxes.append(TitledBox((left, top, right, bottom), f"{track.number} {one.title} {share:.0%}", one.color))
    draw_boxes(drawn, boxes)
    return drawn
