"""What is said of a watch: every few seconds, and at the end."""

import time
from collections.abc import Callable

from toonvision.core.wording import counted, listed
from toonvision.watch.frames import clock
from toonvision.watch.loop import WatchedFrame
from toonvision.watch.meter import Meter, WatchSummary
from toonvision.watch.track import Categories, finest_class

_SAY_EVERY_S = 5.0


class Status:
    """Says every few seconds how a watch goes."""

    def __init__(self, say: Callable[[str], None], meter: Meter, categories: Categories) -> None:
        """Take what says a text to a person, the meter of the watch, and the titles of the classes."""
        self._say, self._meter, self._categories = say, meter, categories
        self._last = time.monotonic()

    def see(self, frame: WatchedFrame) -> None:
        """Say how it goes, and what is there, if it is time for that."""
        if (now := time.monotonic()) - self._last < _SAY_EVERY_S:
            return
        self._last = now
        there = [finest_class(one, self._categories).title for one in frame.tracks if one.found]
        seen = listed([f"{one} {there.count(one)}" for one in sorted(set(there))]) or "nothing"
        self._say(f"{clock(frame.seconds)}: {_pace(self._meter.summary())}; there: {seen}")

    def close(self) -> None:
        """Do nothing."""


def _pace(one: WatchSummary) -> str:
    delays = f"delay {one.p50_ms:.1f} ms, 95 % within {one.p95_ms:.1f} ms"
    return f"{one.rate:.1f} frames/s, {delays}, {counted(one.drops, 'frame')} dropped"


def said(summary: WatchSummary) -> str:
    """Return how a watch went."""
    if not summary.frames:
        return "No frame was seen."
    return f"Watched {counted(summary.frames, 'frame')} in {summary.seconds:.1f} s: {_pace(summary)}."
