"""Claim: after "next" a picture of 1920 x 1080 and its boxes are on screen within 100 ms (p95) in any queue.

Run: python benchmarks/label_page.py FOLDER

The labelling page runs in headless Chromium (1440 x 900, drawn by the CPU), its server in this process. A key is
pressed, and the time is taken from the press until the frame with picture and boxes was drawn. Every picture is one of
some drawn screenshots, enlarged, under a name of its own, with eight proposals. Between two keys there is a pause.
"""

import os
import shutil
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from measure import arguments, write_result
from PIL import Image

from toonvision.cli.sample_world import SampleOrder, draw_into
from toonvision.data.boxes import Box
from toonvision.data.workspace import Workspace, create_workspace
from toonvision.label.annotations import Proposal
from toonvision.label.page import label_app
from toonvision.label.screenshots import Screenshot
from toonvision.label.session import Session
from toonvision.web.server import PageServer

if TYPE_CHECKING:
    import argparse

    from playwright.sync_api import Page

SIZE_WH = (1920, 1080)
LIMIT_MS = 100.0
KEYS = {"next": "n", "accept all, next": "Enter"}
_MEASURE = """(key) => new Promise((resolve) => {
  const before = document.body.dataset.shown;
  const started = performance.now();
  const seen = new MutationObserver(() => {
    if (document.body.dataset.shown === before) return;
    seen.disconnect();
    setTimeout(() => resolve(performance.now() - started));
  });
  seen.observe(document.body, { attributes: true, attributeFilter: ["data-shown"] });
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
})"""
"""Resolves after the frame in which the next screenshot was drawn."""


def main(given: Sequence[str] | None = None) -> None:
    """Measure, print and write the result."""
    options = parser().parse_args(given)
    pictures = enlarged(options.folder / "pictures")
    found: dict[str, Any] = {}
    for count in options.queue:
        workspace = queued(options.folder / f"queue-{count}", pictures, count)
        found[str(count)] = measured(workspace, keys=options.keys, pause_ms=options.pause)
        for key in KEYS:
            one = found[str(count)][key]
            print(f"{count:>6,} screenshots, {key}: median {one['median_ms']:.0f} ms, p95 {one['p95_ms']:.0f} ms")
        print(f"{count:>6,} screenshots, from the address to the first picture: {found[str(count)]['first_s']:.2f} s")
    write_result("label_page", {"limit_ms": LIMIT_MS, "keys": options.keys, "pause_ms": options.pause, "queue": found})


def parser() -> "argparse.ArgumentParser":
    """Return the parser of the arguments."""
    made = arguments(__doc__, folder=True)
    made.add_argument("--queue", type=int, nargs="+", default=[200, 5_000], help="screenshots in the queue")
    made.add_argument("--keys", type=int, default=80, help="keys pressed of each kind")
    made.add_argument("--pause", type=int, default=400, help="milliseconds between two keys")
    return made


def enlarged(folder: Path) -> list[Path]:
    """Draw some screenshots, and enlarge them."""
    if not folder.is_dir():
        drawn = folder.with_name("drawn")
        draw_into(drawn, SampleOrder(seed=0, scale=0.02))
        folder.mkdir(parents=True)
        for path in sorted((drawn / "screenshots").rglob("*.png")):
            with Image.open(path) as image:
                image.resize(SIZE_WH).save(folder / path.name)
    return sorted(folder.iterdir())


def queued(root: Path, pictures: Sequence[Path], count: int) -> Workspace:
    """Make a workspace with so many screenshots, which share the bytes of a few."""
    shutil.rmtree(root, ignore_errors=True)
    workspace = create_workspace(root, taxonomy="toontown")
    folder = root / "screenshots" / "ttc"
    folder.mkdir()
    for number in range(count):
        os.link(pictures[number % len(pictures)], folder / f"shot_{number:06}.png")
    return workspace


def proposals(_: Screenshot) -> list[Proposal]:
    """Return eight boxes."""
    labels = ("cog_bb_flunky", "cog_lb_bigwig", "toon_cat", "cog_sb_twoface")
    boxes = [Box(60 + 220 * n, 200 + 40 * (n % 3), 220 + 220 * n, 800) for n in range(8)]
    return [Proposal(labels[n % 4], box, 0.95 - 0.05 * n, "detect/made") for n, box in enumerate(boxes)]


def measured(workspace: Workspace, *, keys: int, pause_ms: int) -> dict[str, Any]:
    """Press keys in a browser, and take the times."""
    from playwright.sync_api import sync_playwright

    session = Session(workspace, proposals=proposals)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with PageServer(label_app(session), port=0, note=print).in_background() as access, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        started = time.perf_counter()
        page.goto(access.url)
        page.wait_for_selector("body[data-shown]")
        first = time.perf_counter() - started
        page.wait_for_timeout(3_000)
        pressed = {
            name: timed(page, key, keys, pause_ms) for name, key in (("next", "n"), ("accept all, next", "Enter"))
        }
        browser.close()
    return {"first_s": first, **pressed}


def timed(page: "Page", key: str, keys: int, pause_ms: int) -> dict[str, float]:
    """Press a key many times."""
    times = []
    for _ in range(keys):
        times.append(float(page.evaluate(_MEASURE, key)))
        page.wait_for_timeout(pause_ms)
    return {
        "median_ms": statistics.median(times),
        "p95_ms": statistics.quantiles(times, n=20)[-1],
        "most_ms": max(times),
    }


if __name__ == "__main__":
    main()
