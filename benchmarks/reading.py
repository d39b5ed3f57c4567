"""Claim: 20,000 annotations are read in at most 3 times what the plain parser takes, and in less than 1 GB of memory.

Run: python benchmarks/reading.py FOLDER

The plain parser is defusedxml for Pascal VOC, json for COCO, and splitting lines into numbers for YOLO. There are five
objects on each of 4,000 pictures, which are one small file under many names. COCO is read with a polygon of twelve
points beside each box, and with boxes alone. Each kind is read in a process of its own, as a person reads one source.
"""

import argparse
import json
import math
import multiprocessing
import os
import resource
from collections.abc import Callable, Sequence
from pathlib import Path

import defusedxml.ElementTree as SafeTree
from measure import alternate, arguments, medians, write_result
from PIL import Image

from toonvision.data.boxes import AnnotatedObject
from toonvision.data.formats import layout, pascal_voc
from toonvision.data.formats.names import Format

SIZE_WH = (160, 120)
LABELS = ("cat", "dog")
OBJECTS = 5
"""Of one picture."""
KINDS: dict[str, Format] = {"voc": "voc", "yolo": "yolo", "coco": "coco", "coco-boxes": "coco"}
LIMIT = 3.0


def main(given: Sequence[str] | None = None) -> None:
    """Measure, print and write the result."""
    options = parser().parse_args(given)
    found = {}
    for kind in KINDS:
        root = options.folder / f"{kind}-{options.annotations}"
        if not root.exists():
            write(root, kind, options.annotations // OBJECTS)
        with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
            seconds = pool.apply(timed, (kind, root, options.repetitions))
            peak = pool.apply(peak_mb, (kind, root))
        ratio = seconds["read"] / seconds["plain"]
        found[kind] = {"median_s": seconds, "ratio": ratio, "peak_mb": peak}
        print(f"{kind:<11} {seconds['read']:6.2f} s, {ratio:4.1f} times the plain parser; at most {peak:,.0f} MB")
    write_result("reading", {"annotations": options.annotations, "limit": LIMIT, **found})


def write(root: Path, kind: str, pictures: int) -> None:
    """Write the pictures and annotations of one kind."""
    (root / "images").mkdir(parents=True)
    Image.new("RGB", SIZE_WH).save(root / "first.png")
    stems = [f"shot_{number:06}" for number in range(pictures)]
    for stem in stems:
        os.link(root / "first.png", root / "images" / f"{stem}.png")
    (root / "first.png").unlink()
    boxes = [(LABELS[n % 2], 10.5 + n, 10.25, 60.5 + n, 70.25) for n in range(OBJECTS)]
    if kind == "voc":
        objects = [
            AnnotatedObject(n, label, (left, top, right, bottom))
            for n, (label, left, top, right, bottom) in enumerate(boxes, start=1)
        ]
        (root / "annotations").mkdir()
        for stem in stems:
            path = root / "annotations" / f"{stem}.xml"
            pascal_voc.write(path, picture=f"{stem}.png", size_wh=SIZE_WH, objects=objects)
    elif kind == "yolo":
        (root / "labels").mkdir()
        (root / "data.yaml").write_text(f"train: images\nnames: {json.dumps(LABELS)}\n", encoding="utf-8")
        rows = "".join(f"{LABELS.index(box[0])} 0.221875 0.3354167 0.3125 0.5\n" for box in boxes)
        for stem in stems:
            (root / "labels" / f"{stem}.txt").write_text(rows, encoding="utf-8")
    else:
        write_coco(root / "instances.json", stems, boxes, polygons=kind == "coco")


def write_coco(
    path: Path, stems: Sequence[str], boxes: Sequence[tuple[str, float, float, float, float]], *, polygons: bool
) -> None:
    """Write a COCO file, where wanted with a polygon for each box."""
    width, height = SIZE_WH
    images = [
        {"id": n, "file_name": f"{stem}.png", "width": width, "height": height, "license": 1, "date_captured": ""}
        for n, stem in enumerate(stems)
    ]
    rows: list[dict[str, object]] = []
    for number in range(len(stems)):
        for label, left, top, right, bottom in boxes:
            x, y, rx, ry = (left + right) / 2, (top + bottom) / 2, (right - left) / 2, (bottom - top) / 2
            turns = [math.tau * step / 12 for step in range(12)] if polygons else []
            points = [round(value, 2) for turn in turns for value in (x + rx * math.cos(turn), y + ry * math.sin(turn))]
            rows.append(
                {
                    "id": len(rows), "image_id": number, "category_id": LABELS.index(label),
                    "bbox": [left, top, right - left, bottom - top], "area": (right - left) * (bottom - top),
                    "iscrowd": 0, "segmentation": [points] if points else [],
                }
            )  # fmt: skip
    categories = [{"id": n, "name": label} for n, label in enumerate(LABELS)]
    path.write_text(json.dumps({"images": images, "annotations": rows, "categories": categories}), encoding="utf-8")


def plain(kind: str, root: Path) -> Callable[[], object]:
    """Return what parses the annotations of a kind and does no more."""
    if kind == "voc":
        return lambda: [
            SafeTree.fromstring(path.read_bytes(), forbid_dtd=True) for path in (root / "annotations").iterdir()
        ]
    if kind == "yolo":
        return lambda: [
            [list(map(float, line.split())) for line in path.read_text(encoding="utf-8").splitlines()]
            for path in (root / "labels").iterdir()
        ]
    return lambda: json.loads((root / "instances.json").read_bytes())


def timed(kind: str, root: Path, repetitions: int) -> dict[str, float]:
    """Return the median seconds of the plain parser and of reading; in a process that has read nothing else."""
    return medians(alternate({"plain": plain(kind, root), "read": reading(kind, root)}, repetitions=repetitions))


def reading(kind: str, root: Path) -> Callable[[], object]:
    """Return what reads the source of a kind, and ends with one line if anything in it was left out."""

    def read() -> None:
        found = layout.read(KINDS[kind], root)
        if found.findings or any(picture.findings for picture in found.pictures):
            raise SystemExit(f"{root}: not everything was read; nothing to compare")

    return read


def peak_mb(kind: str, root: Path) -> float:
    """Read the source of a kind; return the most memory that this process has had, in MB."""
    reading(kind, root)()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000  # Linux counts in kB


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    options = arguments(__doc__, folder=True)
    options.add_argument("--annotations", type=int, default=20_000, help="(default: %(default)s)")
    options.add_argument("--repetitions", type=int, default=5, help="(default: %(default)s)")
    return options


if __name__ == "__main__":
    main()
