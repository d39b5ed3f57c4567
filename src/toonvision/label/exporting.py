"""Annotations for other programs: Pascal VOC, YOLO, COCO, and Label Studio with what models propose.

A new folder gets copies of the pictures, in a folder for each context below ``images/``, and the annotations beside
or below it. What was corrected there is read again as any source is.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from toonvision.core.files import write_bytes, write_text
from toonvision.core.folders import new_folder
from toonvision.core.grouping import grouped
from toonvision.data import images
from toonvision.data.boxes import AnnotatedObject, Box
from toonvision.data.formats import pascal_voc
from toonvision.label.annotations import Proposal

Target = Literal["voc", "yolo", "coco", "labelstudio"]


@dataclass(frozen=True)
class Labelled:
    """A screenshot to export.

    Attributes:
        path: Its file.
        name: Its path below ``images/``, with slashes; that of no other one.
        size_wh: Width and height in pixels.
        boxes: Its objects, label and box; None where nobody has annotated it.
        proposals: What models propose.
        is_rotated: Whether its EXIF data rotate it; then it is written as its boxes were drawn, as PNG without these.
    """

    path: Path
    name: str
    size_wh: tuple[int, int]
    boxes: tuple[tuple[str, Box], ...] | None
    proposals: tuple[Proposal, ...] = ()
    is_rotated: bool = False

    def content(self) -> bytes:
        """Return the bytes of its file in the new folder.

        Raises:
            OSError: If it cannot be read.
            RejectedItemError: If one that is rotated cannot be decoded.
        """
        if self.is_rotated:
            return images.encode_png(images.read_whole(self.path, declared_wh=self.size_wh))
        return self.path.read_bytes()


def export_annotations(shots: Sequence[Labelled], folder: Path, target: Target, *, labels: Sequence[str]) -> None:
    """Write pictures and annotations into a new folder.

    Screenshots that nobody has annotated are written for Label Studio alone, with what models propose.

    Args:
        shots: The screenshots.
        folder: Where to; missing or empty.
        target: The format.
        labels: All labels; a label's index is its number there.
    """
    chosen = [shot for shot in shots if shot.boxes is not None or (target == "labelstudio" and shot.proposals)]
    with new_folder(folder) as built:
        for shot in chosen:
            write_bytes(built / "images" / shot.name, shot.content())
        _WRITERS[target](chosen, built, labels)


def _write_voc(shots: Sequence[Labelled], folder: Path, _: Sequence[str]) -> None:
    for shot in shots:
        objects = [AnnotatedObject(at, label, box.xyxy) for at, (label, box) in enumerate(shot.boxes or (), start=1)]
        path = (folder / "images" / shot.name).with_suffix(".xml")
        pascal_voc.write(path, picture=path.with_name(Path(shot.name).name).name, size_wh=shot.size_wh, objects=objects)


def _write_yolo(shots: Sequence[Labelled], folder: Path, labels: Sequence[str]) -> None:
    numbers = {label: at for at, label in enumerate(labels)}
    for shot in shots:
        rows = [" ".join(map(str, (numbers[label], *_shares(box, shot.size_wh)))) for label, box in shot.boxes or ()]
        path = (folder / "labels" / shot.name).with_suffix(".txt")
        write_text(path, "".join(f"{row}\n" for row in rows))
    settings = {"path": ".", "train": "images", "val": "images", "names": dict(enumerate(labels))}
    # JSON is YAML, too.
    write_text(folder / "data.yaml", json.dumps(settings, ensure_ascii=False, indent=1) + "\n")


def _shares(box: Box, size_wh: tuple[int, int]) -> tuple[float, float, float, float]:
    """Return middle and size of a box as shares of the picture's width and height, as YOLO has them."""
    width, height = size_wh
    x = (box.x_min + box.x_max) / 2 / width, (box.y_min + box.y_max) / 2 / height
    return (*x, box.size_wh[0] / width, box.size_wh[1] / height)


def _write_coco(shots: Sequence[Labelled], folder: Path, labels: Sequence[str]) -> None:
    numbers = {label: at for at, label in enumerate(labels, start=1)}
    pictures: list[dict[str, Any]] = []
    objects: list[dict[str, Any]] = []
    for at, shot in enumerate(shots, start=1):
        width, height = shot.size_wh
        pictures.append({"id": at, "file_name": shot.name, "width": width, "height": height})
        for label, box in shot.boxes or ():
            wide, high = box.size_wh
            objects.append(
                {
                    "id": len(objects) + 1, "image_id": at, "category_id": numbers[label],
                    "bbox": [box.x_min, box.y_min, wide, high], "area": wide * high, "iscrowd": 0,
                }
            )  # fmt: skip
    tables = {
        "images": pictures,
        "annotations": objects,
        "categories": [{"id": at, "name": label} for label, at in numbers.items()],
    }
    write_text(folder / "annotations" / "instances.json", json.dumps(tables, ensure_ascii=False) + "\n")


def _write_labelstudio(shots: Sequence[Labelled], folder: Path, labels: Sequence[str]) -> None:
    tasks = [_task(number, shot) for number, shot in enumerate(shots, start=1)]
    write_text(folder / "tasks.json", json.dumps(tasks, ensure_ascii=False, indent=1) + "\n")
    listed = "".join(f"    <Label value={quoteattr(label)}/>\n" for label in labels)
    write_text(
        folder / "labelling-setup.txt",
        '<View>\n  <Image name="image" value="$image"/>\n  <RectangleLabels name="label" toName="image">\n'
        f"{listed}  </RectangleLabels>\n</View>\n",
    )


def _task(number: int, shot: Labelled) -> dict[str, Any]:
    """Return a screenshot as a task: its boxes as an annotation, what models propose as predictions, one a model."""
    models = grouped((one for one in shot.proposals if one.is_exact), lambda one: one.model)
    task: dict[str, Any] = {
        "id": number,
        "data": {"image": f"/data/local-files/?d=images/{quote(shot.name)}"},
        "annotations": [],
        "predictions": [
            {
                "model_version": model,
                "score": round(max(one.score for one in own), 4),
                "result": [
                    {**_region(f"{number}-{one.id}", one.label, one.box, shot.size_wh), "score": round(one.score, 4)}
                    for one in own
                ],
            }
            for model, own in models.items()
        ],
    }
    if shot.boxes is not None:
        rows = [
            _region(f"{number}-{at}", label, box, shot.size_wh) for at, (label, box) in enumerate(shot.boxes, start=1)
        ]
        task["annotations"] = [{"id": number, "result": rows}]
    return task


def _region(region_id: str, label: str, box: Box, size_wh: tuple[int, int]) -> dict[str, Any]:
    """Return a box in percent of the picture's width and height."""
    (width, height), (wide, high) = size_wh, box.size_wh
    return {
        "id": region_id,
        "from_name": "label",
        "to_name": "image",
        "type": "rectanglelabels",
        "original_width": width,
        "original_height": height,
        "image_rotation": 0,
        "value": {
            "x": 100 * box.x_min / width,
            "y": 100 * box.y_min / height,
            "width": 100 * wide / width,
            "height": 100 * high / height,
            "rotation": 0,
            "rectanglelabels": [label],
        },
    }


_WRITERS: Mapping[str, Callable[[Sequence[Labelled], Path, Sequence[str]], None]] = {
    "voc": _write_voc,
    "yolo": _write_yolo,
    "coco": _write_coco,
    "labelstudio": _write_labelstudio,
}
