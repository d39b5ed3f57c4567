"""Claim: a window of 1280 x 720 is watched at 60 frames a second with less than one core, within 25 ms, none dropped.

Run: python benchmarks/watching.py

A virtual screen (Xvfb) shows the drawn world in a window, from another process. It is watched as `toonvision watch
window:TITLE` does, with the models that come with the package: at 60 frames a second, and at 30 for longer, where no
frame may be dropped. The delay is from before a frame is grabbed to its result, with everything in between; cores are
the processor time of the program, its thread that grabs included, by the time that passed. Last, the same frames one
by one, as quickly as they can be handled.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

from measure import arguments, write_result
from shown_window import TITLE, pictures
from virtual_screen import virtual_screen

from toonvision.deploy.packaged import packaged_scene
from toonvision.taxonomy.loader import built_in
from toonvision.watch.frames import Frame, Source
from toonvision.watch.loop import watch_frames
from toonvision.watch.meter import Meter, WatchSummary
from toonvision.watch.models import WatchModels
from toonvision.watch.sources import open_source

SIZES = ((1280, 720), (1920, 1080), (3440, 1440))
RATE, CORES, DELAY_MS = 60, 1.0, 25.0
_SHOWN_RATE = 60


def main(given: Sequence[str] | None = None) -> None:
    """Measure, print and write the result."""
    options = parser().parse_args(given)
    models = WatchModels.of(packaged_scene("toontown"), built_in("toontown"))
    results: dict[str, Any] = {}
    for width, height in SIZES:
        with _screen(width, height), _window(width, height):
            fast = watched(models, open_source(f"window:{TITLE}", rate=RATE), seconds=options.seconds)
            steady = watched(models, open_source(f"window:{TITLE}", rate=30), seconds=options.steady_seconds)
        alone = watched(models, Ready((width, height), options.frames), seconds=None)
        found = {"at_60": fast.plain(), "at_30": steady.plain(), "alone": alone.plain()}
        results[f"{width}x{height}"] = found
        for name, one in (("at 60/s", fast), ("at 30/s", steady), ("one by one", alone)):
            print(
                f"{width} x {height}, {name}: {one.rate:.1f} frames/s at {one.cores:.2f} cores, delay {one.p50_ms:.1f} "
                f"ms, 95 % within {one.p95_ms:.1f} ms, {one.drops} of {one.frames + one.drops} dropped"
            )
    print(
        f"the claim at 1280 x 720: {RATE} frames/s, under {CORES:g} core, 95 % within {DELAY_MS:g} ms, no drop at 30/s"
    )
    write_result("watching", {**results, "load_before": os.getloadavg()[1]})


def watched(models: WatchModels, source: Source, *, seconds: float | None) -> WatchSummary:
    """Watch a source, and return how that went, without its first second."""
    meter = Meter()
    for frame in watch_frames(source, models, seconds=seconds):
        if frame.seconds >= 1 or seconds is None:
            meter.see(frame)
    return meter.summary()


class Ready:
    """A source of frames that are drawn already, each handed out as soon as the one before is taken."""

    live = False
    title = "ready"

    def __init__(self, size_wh: tuple[int, int], count: int) -> None:
        """Draw the frames."""
        self.findings: list[Any] = []
        self._pictures, self._count = pictures(size_wh), count

    def frames(self, stop: Event) -> Iterator[Frame]:
        """Yield them forth and back."""
        most = len(self._pictures) - 1
        for number in range(self._count):
            if stop.is_set():
                return
            at = number % (2 * most)
            yield Frame(number + 1, number / RATE, self._pictures[min(at, 2 * most - at)], time.monotonic())

    def close(self) -> None:
        """Do nothing."""


@contextmanager
def _screen(width: int, height: int) -> Iterator[None]:
    """Start a virtual screen of a size, and use it."""
    with virtual_screen((width, height)) as name:
        os.environ["DISPLAY"] = name
        for variable in ("WAYLAND_DISPLAY", "XDG_SESSION_TYPE"):
            os.environ.pop(variable, None)
        yield


@contextmanager
def _window(width: int, height: int) -> Iterator[None]:
    """Show the drawn world in a window of another process."""
    script = Path(__file__).with_name("shown_window.py")
    command = [sys.executable, str(script), str(width), str(height), str(_SHOWN_RATE)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            if process.stdout.readline().strip() != "ready":
                raise SystemExit("the window could not be shown")
            yield
        finally:
            process.terminate()


def parser() -> argparse.ArgumentParser:
    """Return the benchmark's arguments."""
    found = arguments(__doc__)
    found.add_argument("--seconds", type=float, default=20, help="how long at 60 frames a second (default: 20)")
    found.add_argument("--steady-seconds", type=float, default=600, help="how long at 30 a second (default: 600)")
    found.add_argument("--frames", type=int, default=600, help="frames one by one (default: 600)")
    return found


if __name__ == "__main__":
    main()
