"""Claim: extraction takes at most 1.5 times what decoding the same screenshots once takes.

Run: python benchmarks/extraction.py FOLDER

The screenshots are those of the sample world, drawn into FOLDER/world. Both use Pillow and a thread for each core.
"""

import argparse
import os
import shutil
import tempfile
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from measure import alternate, arguments, medians, write_result
from sample_workspace import sample_workspace

from toonvision.data import images
from toonvision.data.extraction import extract
from toonvision.data.workspace import SCREENSHOTS, SETTINGS, open_workspace


def main(given: Sequence[str] | None = None) -> None:
    """Measure, print and write the result."""
    options = parser().parse_args(given)
    name = "world" if options.scale == 1 else f"world-{options.scale:g}"
    workspace = sample_workspace(options.folder / name, scale=options.scale).root
    pictures = sorted((workspace / SCREENSHOTS).rglob("*.png"))

    def decode_once() -> None:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            deque(pool.map(lambda path: images.decode(path.read_bytes()).size, pictures), maxlen=0)

    def extract_all() -> None:
        with tempfile.TemporaryDirectory(dir=workspace) as folder:
            shutil.copyfile(workspace / SETTINGS, Path(folder) / SETTINGS)
            (Path(folder) / SCREENSHOTS).symlink_to((workspace / SCREENSHOTS).resolve())
            summary = extract(open_workspace(Path(folder)))
            if summary.pictures_kept != len(pictures):
                raise SystemExit(f"{summary.pictures_kept} of {len(pictures)} pictures were kept; nothing to compare")

    found = medians(alternate({"decode once": decode_once, "extract": extract_all}, repetitions=options.repetitions))
    ratio = found["extract"] / found["decode once"]
    for name, seconds in found.items():
        print(f"{name:<12} {seconds:6.2f} s  {len(pictures) / seconds:6.1f} screenshots/s")
    print(f"extraction takes {ratio:.2f} times as long as decoding once ({len(pictures)} screenshots)")
    write_result("extraction", {"screenshots": len(pictures), "median_s": found, "ratio": ratio, "limit": 1.5})


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    options = arguments(__doc__, folder=True)
    options.add_argument("--scale", type=float, default=1.0, help="of the sample world (default: %(default)s)")
    options.add_argument("--repetitions", type=int, default=5, help="(default: %(default)s)")
    return options


if __name__ == "__main__":
    main()
