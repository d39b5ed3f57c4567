"""How fast a watch is: counted so that eight hours take no more memory than a minute."""

import math
import time
from dataclasses import dataclass

import numpy as np

from toonvision.watch.loop import WatchedFrame

_LEAST_S, _RATIO, _BINS = 1e-5, 1.01, 1_600
"""Bins of delays, each a hundredth wider than the one before: from 10 microseconds to a minute and a half."""


@dataclass(frozen=True)
class WatchSummary:
    """What a watch was like.

    Attributes:
        frames: How many frames were looked at.
        seconds: How long that took by the clock; a file of ten seconds may take one or twenty.
        p50_ms: The median delay from the grab to the result, in milliseconds; NaN without a frame.
        p95_ms: The delay that 95 % of the frames do not exceed, in milliseconds.
        drops: How many frames were dropped.
        cores: The share of one core's time that the whole program took.
    """

    frames: int
    seconds: float
    p50_ms: float
    p95_ms: float
    drops: int
    cores: float

    @property
    def rate(self) -> float:
        """Frames a second by the clock."""
        return self.frames / self.seconds if self.seconds else 0.0

    def plain(self) -> dict[str, float | int | None]:
        """Return it as plain data for JSON."""
        delays = {"delay_p50_ms": self.p50_ms, "delay_p95_ms": self.p95_ms}
        return {
            "frames": self.frames,
            "seconds": round(self.seconds, 3),
            "frames_per_second": round(self.rate, 2),
            **{name: round(value, 2) if math.isfinite(value) else None for name, value in delays.items()},
            "drops": self.drops,
            "cores": round(self.cores, 3),
        }


class Meter:
    """Counts the frames of a watch and their delays."""

    def __init__(self) -> None:
        """Begin now."""
        self._bins = np.zeros(_BINS, np.int64)
        self._started: float | None = None
        self._cpu = 0.0
        self._drops = 0

    def see(self, frame: WatchedFrame) -> None:
        """Count a frame."""
        if self._started is None:
            self._started, self._cpu = time.monotonic() - frame.delay, time.process_time()
        at = int(math.log(max(frame.delay, _LEAST_S) / _LEAST_S) / math.log(_RATIO))
        self._bins[min(at, _BINS - 1)] += 1
        self._drops = frame.drops

    def summary(self) -> WatchSummary:
        """Return what was counted so far."""
        frames = int(self._bins.sum())
        if self._started is None:
            return WatchSummary(0, 0.0, math.nan, math.nan, 0, 0.0)
        seconds = time.monotonic() - self._started
        cores = (time.process_time() - self._cpu) / seconds if seconds else 0.0
        return WatchSummary(frames, seconds, self._delay(0.5), self._delay(0.95), self._drops, cores)

    def close(self) -> None:
        """Do nothing: a meter holds nothing open."""

    def _delay(self, share: float) -> float:
        """Return the delay in milliseconds that a share of the frames does not exceed, 1 % exact."""
        at = int(np.searchsorted(np.cumsum(self._bins), share * self._bins.sum()))
        return float(1000 * _LEAST_S * _RATIO ** (at + 0.5))
