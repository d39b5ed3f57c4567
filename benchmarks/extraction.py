"""Claim: extraction takes at most 1.5 times what decoding the same screenshots once takes.

Both use Pillow and as many threads as there are cores. Run: python benchmarks/extraction.py WORKSPACE
where WORKSPACE was drawn with `toonvision sample WORKSPACE`.
"""

import os
import shutil
import sys
import tempfile
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from measure import alternate, medians, write_result

from toonvision.data import images
from toonvision.data.extraction import extract
from toonvision.data.workspace import SCREENSHOTS, SETTINGS, open_workspace


def main(workspace: Path) -> None:
    """Measure and print."""
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

    found = medians(alternate({"decode once": decode_once, "extract": extract_all}, repetitions=5))
    ratio = found["extract"] / found["decode once"]
    for name, seconds in found.items():
        print(f"{name:<12} {seconds:6.2f} s  {len(pictures) / seconds:6.1f} screenshots/s")
    print(f"extraction takes {ratio:.2f} times as long as decoding once ({len(pictures)} screenshots)")
    write_result("extraction", {"screenshots": len(pictures), "median_s": found, "ratio": ratio, "limit": 1.5})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
