"""Claim: proposing boxes for screenshots takes not much longer than decoding them once.

Run: python benchmarks/proposing.py FOLDER [--screenshots N] [--repetitions N]

Draws 20 screenshots of 1280 x 720, writes N of them (default 1,000) as PNG, as they are captured, and as JPEG, and
proposes boxes for all with the models that come with the package, in a process a core; decoding is timed in turn, in a
thread a core. What counts is processor time, that of starting the processes included. FOLDER is where to work, a new
one. Takes ten minutes on two cores.
"""

import argparse
import os
import shutil
import statistics
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from measure import arguments, new_folder, write_result
from PIL import Image

from toonvision.api.workspace import Workspace, open_workspace
from toonvision.core.files import read_regular
from toonvision.core.runner import available_cores
from toonvision.data import images
from toonvision.data.workspace import create_workspace
from toonvision.deploy.packaged import DETECTOR, WEIGHTS
from toonvision.label.proposing import Proposer, propose
from toonvision.label.screenshots import Screenshot, list_screenshots
from toonvision.world.sample_set import draw_screenshot
from toonvision.world.screenshot_plans import plan_sample_set

SIZE_WH = (1280, 720)
DRAWN = 20
FILES = WEIGHTS / "toontown"
KINDS: dict[str, dict[str, Any]] = {"png": {}, "jpg": {"quality": 90}}


def main(given: Sequence[str] | None = None) -> None:
    """Measure, print, and write the results."""
    parsing = parser()
    options = parsing.parse_args(given)
    new_folder(parsing, options.folder)
    drawn = [draw_screenshot(plan).image.resize(SIZE_WH) for plan in plan_sample_set(seed=5, scale=0.1)[:DRAWN]]
    found = {}
    for kind in KINDS:
        workspace = filled(options.folder / kind, kind, drawn, options.screenshots)
        shots = list_screenshots(workspace.files).screenshots
        seconds: dict[str, list[float]] = {"decode": [], "propose": []}
        for _ in range(options.repetitions):
            for name, run in (("decode", partial(decoded, shots)), ("propose", partial(proposed, workspace, shots))):
                before = sum(os.times()[:4])
                run()
                seconds[name].append(round(sum(os.times()[:4]) - before, 2))
        ratio = statistics.median(seconds["propose"]) / statistics.median(seconds["decode"])
        found[kind] = {"processor seconds": seconds, "ratio": round(ratio, 2), "screenshots": len(shots)}
        print(kind, found[kind], flush=True)
    write_result("proposing", found)


def filled(root: Path, kind: str, drawn: Sequence[Image.Image], count: int) -> Workspace:
    """Make a workspace of so many screenshots, none of which is annotated."""
    folder = create_workspace(root, taxonomy="toontown").root / "screenshots" / "ttc"
    folder.mkdir()
    for at in range(count):
        image = drawn[at % len(drawn)].copy()
        image.putpixel((0, 0), (at % 256, at // 256 % 256, 7))  # no two files are the same
        image.save(folder / f"shot-{at}.{kind}", **KINDS[kind])
    return open_workspace(root)


def decoded(shots: Sequence[Screenshot]) -> None:
    """Decode every screenshot once, in a thread a core."""

    def decode(shot: Screenshot) -> None:
        images.decode(read_regular(shot.path, limit=images.LARGEST_FILE)).load()

    with ThreadPoolExecutor(available_cores()) as pool:
        list(pool.map(decode, shots))


def proposed(workspace: Workspace, shots: Sequence[Screenshot]) -> None:
    """Propose for every screenshot, from the beginning."""
    shutil.rmtree(workspace.files.proposals, ignore_errors=True)
    proposer = Proposer(FILES / DETECTOR, (FILES / "suit.onnx",), "packaged")
    for _ in propose(workspace.files, shots, proposer):
        pass


def parser() -> argparse.ArgumentParser:
    """Return the arguments."""
    made = arguments(__doc__, folder=True)
    made.add_argument("--screenshots", type=int, default=1000, help="how many (default: 1000)")
    made.add_argument("--repetitions", type=int, default=3, help="how often each is timed (default: 3)")
    return made


if __name__ == "__main__":
    main()
