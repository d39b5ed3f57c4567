"""Claim: in eight hours of watching, memory grows by under 5 % after the first minute, and the log stays in its bound.

Run: python benchmarks/long_watch.py FOLDER

Time is made short: small frames come as quickly as they are handled, 60 for each second of the watch, with figures that
come and go as in a game; nothing is detected or named, all else is what `toonvision watch` does: tracks, evidence, the
log, the meter, and what the page keeps. The memory is the resident set of the process, read after the garbage is
collected.
"""

import argparse
import gc
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
from measure import arguments, write_result
from PIL import Image

from toonvision.metrics.found_objects import FoundObject
from toonvision.watch.diary import Diary
from toonvision.watch.frames import Frame
from toonvision.watch.log import LOG, LogFile
from toonvision.watch.loop import watch_frames
from toonvision.watch.meter import Meter
from toonvision.watch.models import WatchModels
from toonvision.watch.shown import Shown

RATE = 60
_SIZE = (320, 180)
_LEAST_HOURS = 0.04
_LIVES_S, _FIGURES, _PICTURES = 6, 4, 12


def main(given: Sequence[str] | None = None) -> None:
    """Measure, print and write the result."""
    options = parser().parse_args(given)
    if options.hours < _LEAST_HOURS:
        parser().error(f"--hours is at least {_LEAST_HOURS}, for memory is read each minute; got {options.hours:g}")
    models, log = Walking(), LogFile(options.folder, limit_mb=options.log_mb)
    meter, shown = Meter(), Shown(models, "walking")
    followers = (meter, Diary(log, log.begin("walking", "", "none")), shown)
    memory: list[tuple[float, float]] = []
    started, hours, figures = time.monotonic(), options.hours, 0
    for frame in watch_frames(Walk(int(hours * 3600 * RATE)), models):
        for one in followers:
            one.see(frame)
        figures = max([figures, *(track.number for track in frame.tracks)])
        if frame.number % (RATE * 60) == 0:
            shown.message(frame)
            gc.collect()
            memory.append((frame.seconds / 60, _resident_mb()))
    for one in followers:
        one.close()
    first, last = memory[0][1], memory[-1][1]
    size = (options.folder / LOG).stat().st_size / 1e6
    spent = time.monotonic() - started
    if figures < hours * 3600 * _FIGURES / _LIVES_S / 2:
        raise SystemExit(f"only {figures:,} figures were followed, so this measures nothing")
    print(
        f"{meter.summary().frames:,} frames, {figures:,} figures, {hours:g} hours in {spent:.0f} s: memory "
        f"{first:.1f} MB after a minute, {last:.1f} MB at the end ({100 * (last / first - 1):+.1f} %), log {size:.1f} "
        f"MB of at most {options.log_mb:g}"
    )
    write_result(
        "long_watch",
        {
            "frames": meter.summary().frames,
            "figures": figures,
            "hours": hours,
            "seconds": spent,
            "memory_mb": {"first": first, "last": last, "most": max(value for _, value in memory)},
            "growth": last / first - 1,
            "log_mb": {"size": size, "limit": options.log_mb},
        },
    )


@dataclass
class Walk:
    """A source of so many frames, 60 a second."""

    count: int
    live: bool = False
    title: str = "walking"
    findings: list[Any] = field(default_factory=list)

    def frames(self, stop: Event) -> Iterator[Frame]:
        """Yield them."""
        rng = np.random.default_rng(0)
        # Each row has one colour: a figure looks alike all the way across the picture, and the next one does not.
        rows = rng.integers(0, 256, (_PICTURES, _SIZE[1], 1, 3), dtype=np.uint8)
        pictures = [Image.fromarray(np.repeat(one, _SIZE[0], axis=1)) for one in rows]
        for number in range(1, self.count + 1):
            if stop.is_set():
                return
            picture = pictures[number // RATE // _LIVES_S % _PICTURES]
            yield Frame(number, number / RATE, picture, time.monotonic())

    def close(self) -> None:
        """Do nothing."""


class Walking(WatchModels):
    """Models that see figures which come and go: each crosses the picture once, and another one follows."""

    def __init__(self) -> None:
        """Begin."""
        from toonvision.deploy.packaged import packaged_scene
        from toonvision.taxonomy.loader import built_in

        scene = packaged_scene("toontown")
        super().__init__(scene.detector, (), built_in("toontown"))
        object.__setattr__(self, "_asked", 0)

    @cached_property
    def _labels(self) -> tuple[str, ...]:
        return tuple(self.detector.classes)

    def find(self, _: Image.Image) -> tuple[FoundObject, ...]:
        """Return where the figures are now."""
        asked: int = self.__dict__["_asked"]
        object.__setattr__(self, "_asked", asked + 1)
        seconds = asked / RATE
        found = []
        for lane in range(_FIGURES):
            life, at = divmod(seconds + lane * _LIVES_S / _FIGURES, _LIVES_S)
            left, label = 10 + 40 * at, self._labels[(int(life) + lane) % len(self._labels)]
            if at < _LIVES_S - 2.5:
                found.append(FoundObject(label, 0.9, (left, 5.0 + 42 * lane, left + 20, 42.0 + 42 * lane)))
        return tuple(found)


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


def parser() -> argparse.ArgumentParser:
    """Return the benchmark's arguments."""
    found = arguments(__doc__, folder=True)
    found.add_argument("--hours", type=float, default=8, help="how long is watched (default: 8)")
    found.add_argument("--log-mb", type=float, default=8, help="the bound of the log (default: 8)")
    return found


if __name__ == "__main__":
    main()
