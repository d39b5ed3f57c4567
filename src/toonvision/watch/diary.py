"""Keeping the log while something is watched: counts by second, tracks with their best picture.

A thread of its own writes, so that a slow disk delays no frame.
"""

import io
import queue
from collections import Counter
from dataclasses import dataclass, field
from threading import Thread
from typing import Final

from PIL import Image

from toonvision.core.errors import EnvironmentFaultError, ToonVisionError
from toonvision.watch.log import LogFile
from toonvision.watch.loop import WatchedFrame
from toonvision.watch.records import Batch, PaceRow, SecondRow, Session, TrackRow
from toonvision.watch.track import Track

_THUMBNAIL: Final = 96
"""Pixels of the longer side."""
_CLEARER: Final = 1.1
"""How much higher the score times the height of a box is than that of the picture that is kept, to take its place."""
_WAITING: Final = 120
"""Seconds that may wait for a slow disk; then the loop waits, too."""


@dataclass
class _Known:
    """What the diary knows of a track that is there."""

    worth: float = 0.0
    thumbnail: bytes | None = None
    labels: Counter[str] = field(default_factory=Counter)


class Diary:
    """Writes a log."""

    def __init__(self, log: LogFile, session: Session) -> None:
        """Begin to write; the log is closed by `close`."""
        self._log, self._session = log, session.number
        self._known: dict[int, _Known] = {}
        self._tracks: dict[int, Track] = {}
        self._counts: Counter[tuple[str, str]] = Counter()
        self._second: int | None = None
        self._frames, self._drops, self._delay = 0, 0, 0.0
        self._batches: queue.Queue[Batch | None] = queue.Queue(_WAITING)
        self._failed: BaseException | None = None
        self._thread = Thread(target=self._write, daemon=True)
        self._thread.start()

    def see(self, frame: WatchedFrame) -> None:
        """Count a frame.

        Raises:
            OSError: If the disk is full.
            EnvironmentFaultError: If the log cannot be written.
            InputRejectedError: If another program has made something else of it.
        """
        if self._failed is not None:
            raise self._failed
        second = int(frame.seconds)
        if self._second is not None and second != self._second:
            self._end_second()
        self._second = second
        self._frames, self._drops = self._frames + 1, frame.drops
        self._delay = max(self._delay, 1000 * frame.delay)
        there: Counter[tuple[str, str]] = Counter()
        for track in frame.tracks:
            self._tracks[track.number] = track
            known = self._known.setdefault(track.number, _Known())
            if track.found is not None:
                known.labels[track.evidence.label] += 1
                there.update(track.evidence.path.items())
                _keep_clearer(known, frame.image, track)
        self._counts |= there

    def close(self) -> None:
        """Write the last second, and close the log.

        Raises:
            OSError: If the disk is full.
            EnvironmentFaultError: If the log cannot be written.
            InputRejectedError: If another program has made something else of it.
        """
        if self._second is not None and self._failed is None:
            self._end_second()
        self._batches.put(None)
        self._thread.join()
        self._log.close()
        if self._failed is not None:
            raise self._failed

    def _end_second(self) -> None:
        second = self._second or 0
        rows = tuple(_row(self._session, track, self._known[number]) for number, track in self._tracks.items())
        counts = tuple(SecondRow(self._session, second, *key, count) for key, count in self._counts.items())
        pace = PaceRow(self._session, second, self._frames, self._drops, self._delay)
        self._batches.put(Batch(rows, counts, pace))
        gone = self._known.keys() - self._tracks.keys()
        for number in gone:
            del self._known[number]
        self._tracks, self._counts = {}, Counter()
        self._frames, self._delay = 0, 0.0

    def _write(self) -> None:
        while (batch := self._batches.get()) is not None:
            if self._failed is None:
                try:
                    self._log.add(batch)
                except (OSError, ToonVisionError) as error:
                    self._failed = error
                except Exception as error:
                    self._failed = EnvironmentFaultError(f"{self._log.path}: cannot be written ({error}). Run again.")


def _keep_clearer(known: _Known, image: Image.Image, track: Track) -> None:
    """Keep the picture of a track, where it is clearer than the one before."""
    worth = (track.found.score if track.found else 0.0) * (track.box[3] - track.box[1])
    if worth < _CLEARER * known.worth:
        return
    left, top, right, bottom = (round(edge) for edge in track.found_box)
    crop = image.crop((left, top, right, bottom))
    if min(crop.size) < 1:
        return
    crop.thumbnail((_THUMBNAIL, _THUMBNAIL))
    content = io.BytesIO()
    crop.save(content, "JPEG", quality=80)
    known.worth, known.thumbnail = worth, content.getvalue()


def _row(session: int, track: Track, known: _Known) -> TrackRow:
    said = track.evidence
    levels = {level: (name, round(said.confidences[level], 4)) for level, name in said.path.items()}
    seen = (track.first_seen, track.last_seen, track.hits, track.best_score)
    return TrackRow(session, track.number, said.label, levels, *seen, dict(known.labels), known.thumbnail)
