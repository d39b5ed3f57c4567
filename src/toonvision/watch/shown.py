"""What the watching page shows: the newest result, and how many of each class there were, second by second.

The loop writes, the server's threads read. Nothing is encoded unless a page asks for it.
"""

import io
from collections import Counter, OrderedDict
from collections.abc import Mapping
from threading import Lock
from typing import Any, Final

import numpy as np
from PIL import Image

from toonvision.watch.loop import WatchedFrame
from toonvision.watch.meter import Meter
from toonvision.watch.models import WatchModels

_REMEMBERED: Final = 16
"""Frames that pages have, of which a snapshot can still be taken."""
_HISTORY_S: Final = 7_200
"""Seconds that charts go back."""
_WIDEST: Final = 1_280
_QUALITY: Final = 80


class Shown:
    """The state of a watch, for its page."""

    def __init__(self, models: WatchModels, title: str) -> None:
        """Begin with nothing.

        Args:
            models: What finds and names.
            title: What people call the source.
        """
        self.models, self.title = models, title
        self.ended = False
        self._lock = Lock()
        self._meter = Meter()
        self._newest: WatchedFrame | None = None
        self._sent: OrderedDict[int, Image.Image] = OrderedDict()
        self._history = _History()

    def see(self, frame: WatchedFrame) -> None:
        """Show a frame."""
        there: Counter[tuple[str, str]] = Counter()
        for track in frame.tracks:
            if track.found is not None:
                there.update(track.evidence.path.items())
        with self._lock:
            self._meter.see(frame)
            self._newest = frame
            self._history.see(int(frame.seconds), there)

    def close(self) -> None:
        """Say that nothing more comes."""
        self.ended = True

    def newest(self) -> WatchedFrame | None:
        """Return the newest frame."""
        with self._lock:
            return self._newest

    def message(self, frame: WatchedFrame) -> tuple[dict[str, Any], bytes]:
        """Return what a page gets of a frame: plain data, and the picture as JPEG.

        Boxes are in pixels of the frame, whose size is in the data; a wide picture is sent smaller.
        """
        with self._lock:
            summary = self._meter.summary().plain()
            self._sent[frame.number] = frame.image
            while len(self._sent) > _REMEMBERED:
                self._sent.popitem(last=False)
        image, content = frame.image, io.BytesIO()
        if image.width > _WIDEST:
            image = image.resize((_WIDEST, max(1, round(image.height * _WIDEST / image.width))), reducing_gap=1.0)
        image.save(content, "JPEG", quality=_QUALITY)
        data = {**frame.plain(), "size": list(frame.image.size), "summary": summary}
        return data, content.getvalue()

    def image(self, number: int) -> Image.Image | None:
        """Return a frame that a page has, by its number; None where that is too long ago."""
        with self._lock:
            return self._sent.get(number)

    def history(self) -> list[dict[str, Any]]:
        """Return the highest number of each class that was there at once, by second and level."""
        with self._lock:
            seconds, columns = self._history.columns()
        rows: list[dict[str, Any]] = [{"second": second, "counts": {}} for second in seconds]
        for (level, name), counts in columns.items():
            for row, count in zip(rows, counts, strict=True):
                if count:
                    row["counts"].setdefault(level, {})[name] = count
        return rows

    def about(self) -> dict[str, Any]:
        """Return what a page needs to know once: the source, and titles and colours of the classes by level."""
        return {
            "title": self.title,
            "history_s": _HISTORY_S,
            "has_ways": self.models.street is not None,
            "levels": [
                {
                    "name": level,
                    "classes": [{"name": one.name, "title": one.title, "color": one.color} for one in classes.values()],
                }
                for level, classes in self.models.categories.items()
            ],
        }


class _History:
    """The highest number of each class at once, by second, in arrays: objects would fill memory as hours go by."""

    def __init__(self) -> None:
        self._last = -1
        self._seconds = np.full(_HISTORY_S, -1, np.int64)
        self._counts: dict[tuple[str, str], np.ndarray] = {}

    def see(self, second: int, there: Mapping[tuple[str, str], int]) -> None:
        """Count what is there in a frame; the oldest second makes room for a new one."""
        if self._seconds[self._last] != second:
            self._last = (self._last + 1) % _HISTORY_S
            self._seconds[self._last] = second
            for counts in self._counts.values():
                counts[self._last] = 0
        for key, count in there.items():
            if key not in self._counts:
                self._counts[key] = np.zeros(_HISTORY_S, np.uint16)
            self._counts[key][self._last] = max(self._counts[key][self._last], count)

    def columns(self) -> tuple[list[int], dict[tuple[str, str], list[int]]]:
        """Return the seconds, the oldest first, and beside them the counts of each class."""
        order = np.roll(np.arange(_HISTORY_S), -self._last - 1)
        order = order[self._seconds[order] >= 0]
        return self._seconds[order].tolist(), {key: counts[order].tolist() for key, counts in self._counts.items()}
