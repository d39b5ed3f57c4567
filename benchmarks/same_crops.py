"""Claim: a data set gives the very same crops, byte by byte, in whatever layout it is written.

Run: python benchmarks/same_crops.py FOLDER SOURCE

SOURCE holds annotated pictures in any format that is read. They are written into FOLDER once more in each layout below,
by converters that stand in this file, which use none of the project's readers and writers. Each is made a workspace and
extracted; its crops (picture, label, box, SHA-256 of the file) are compared with those of SOURCE.
"""

import argparse
import csv
import json
import os
import shutil
import xml.etree.ElementTree as ElementTree
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measure import arguments, new_folder, write_result

from toonvision.api.workspace import create
from toonvision.data import images
from toonvision.data.formats import layout
from toonvision.data.subsets import SUBSETS

CropKey = tuple[str, str, tuple[int, int, int, int], str]
"""Picture, label, box, SHA-256."""


@dataclass(frozen=True)
class Shot:
    """A picture to convert: where it is, its name in the copies, its subset there, its size and its objects."""

    path: Path
    name: str
    subset: str
    size_wh: tuple[int, int]
    objects: Sequence[tuple[str, tuple[float, float, float, float]]]


def main(given: Sequence[str] | None = None) -> None:
    """Convert, extract, compare, print and write the result."""
    options_parser = parser()
    options = options_parser.parse_args(given)
    new_folder(options_parser, options.folder)
    wanted = named_flat(crops_of(options.folder / "original", options.source), whole=True)
    shots = shots_of(options.source)
    differing = {}
    for name, write in WRITERS.items():
        root = options.folder / "sources" / name
        write(root, shots)
        found = named_flat(crops_of(options.folder / name, root), whole=False)
        missing, added = (sum(counts.values()) for counts in (wanted - found, found - wanted))
        differing[name] = missing + added
        print(f"{name:<28} {found.total():6} crops, {missing} missing, {added} added")
    write_result(
        f"same_crops_{options.name}",
        {"pictures": len(shots), "crops": wanted.total(), "crops that differ": differing},
    )
    if any(differing.values()):
        raise SystemExit("some layouts give other crops")


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    options = arguments(__doc__, folder=True)
    options.add_argument("source", metavar="SOURCE", type=Path, help="a folder of annotated pictures")
    options.add_argument("--name", default="source", help="what the result is called (default: %(default)s)")
    return options


def shots_of(source: Path) -> list[Shot]:
    """Read a source; every fifth picture goes to val, the next to test, the others to train.

    Boxes without area are left out: they give no crop, and not every layout can hold them.
    """
    shots = []
    for index, picture in enumerate(layout.read(layout.detect(source), source).pictures):
        subset = {3: "val", 4: "test"}.get(index % 5, "train")
        objects = [(entry.label, box) for entry in picture.objects if (box := entry.xyxy) and has_area(box)]
        name = picture.name.replace("/", "_")
        shots.append(Shot(picture.path, name, subset, images.size_wh(picture.path), objects))
    return shots


def has_area(box: tuple[float, float, float, float]) -> bool:
    """Return whether left, top, right and bottom edges enclose anything."""
    return box[0] < box[2] and box[1] < box[3]


def crops_of(workspace: Path, source: Path) -> Counter[CropKey]:
    """Make a workspace around a source, extract, and count its crops."""
    made = create(workspace, source=source, taxonomy="infer")
    made.extract()
    with made.files.reading() as catalog:
        return Counter((crop.screenshot, crop.label, crop.box.xyxy, crop.hash) for crop in catalog.crops())


def named_flat(crops: Counter[CropKey], *, whole: bool) -> Counter[CropKey]:
    """Name the pictures of crops as in the copies: by the whole path, or by its last part."""
    return Counter(
        {
            (path.replace("/", "_") if whole else Path(path).name, label, box, digest): number
            for (path, label, box, digest), number in crops.items()
        }
    )


def place(path: Path, shot: Shot) -> None:
    """Put a picture at a path: the same file, or a copy where the disk is another one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(shot.path.resolve(), path)
    except OSError:
        shutil.copyfile(shot.path, path)


def write_json(path: Path, content: object) -> None:
    """Write a JSON file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def labels_of(shots: Sequence[Shot]) -> list[str]:
    """Return the labels, sorted."""
    return sorted({label for shot in shots for label, _ in shot.objects})


def by_subset(shots: Sequence[Shot]) -> Iterator[tuple[str, list[Shot]]]:
    """Return each subset with its pictures."""
    for subset in SUBSETS:
        yield subset, [shot for shot in shots if shot.subset == subset]


def yolo_row(shot: Shot, number: int, box: tuple[float, float, float, float]) -> str:
    """Return a row of a YOLO label text."""
    (width, height), (left, top, right, bottom) = shot.size_wh, box
    shares = ((left + right) / 2 / width, (top + bottom) / 2 / height, (right - left) / width, (bottom - top) / height)
    return " ".join([str(number), *(f"{share:.9f}" for share in shares)])


def write_yolo(root: Path, shots: Sequence[Shot], *, folders: Callable[[str], tuple[str, str]], settings: str) -> None:
    """Write YOLO label texts; `folders` names the folders of pictures and texts of a subset."""
    numbers = {label: number for number, label in enumerate(labels_of(shots))}
    for shot in shots:
        pictures, texts = (root / folder for folder in folders(shot.subset))
        place(pictures / shot.name, shot)
        texts.mkdir(parents=True, exist_ok=True)
        rows = [yolo_row(shot, numbers[label], box) for label, box in shot.objects]
        (texts / Path(shot.name).with_suffix(".txt")).write_text("".join(f"{row}\n" for row in rows))
    if settings == "data.yaml":
        lines = ["train: ../train/images", "val: ../valid/images", "test: ../test/images", f"nc: {len(numbers)}"]
        (root / settings).write_text("\n".join([*lines, f"names: {json.dumps([*numbers])}"]) + "\n")
    else:
        (root / settings).write_text("".join(f"{label}\n" for label in numbers))


def write_roboflow_yolo(root: Path, shots: Sequence[Shot]) -> None:
    """Write YOLO as Roboflow exports it."""
    names = {"train": "train", "val": "valid", "test": "test"}
    write_yolo(
        root, shots, settings="data.yaml",
        folders=lambda subset: (f"{names[subset]}/images", f"{names[subset]}/labels"),
    )  # fmt: skip


def write_labelimg_yolo(root: Path, shots: Sequence[Shot]) -> None:
    """Write YOLO as labelImg does: texts and classes.txt beside the pictures."""
    write_yolo(root, shots, settings="classes.txt", folders=lambda _: (".", "."))


def write_darknet(root: Path, shots: Sequence[Shot]) -> None:
    """Write YOLO 1.1 as CVAT exports it, for Darknet."""
    write_yolo(root, shots, settings="obj.names", folders=lambda _: ("obj_train_data", "obj_train_data"))
    (root / "train.txt").write_text("".join(f"data/obj_train_data/{shot.name}\n" for shot in shots))
    lines = [f"classes = {len(labels_of(shots))}", "train = data/train.txt", "names = data/obj.names"]
    (root / "obj.data").write_text("\n".join([*lines, "backup = backup/"]) + "\n")


def coco_tables(shots: Sequence[Shot], labels: Sequence[str], *, box: bool = True) -> dict[str, Any]:
    """Return COCO's tables; without `box` each object is a polygon of four corners."""
    annotations: list[dict[str, Any]] = []
    for number, shot in enumerate(shots):
        for label, (left, top, right, bottom) in shot.objects:
            row: dict[str, Any] = {"id": len(annotations), "image_id": number, "category_id": labels.index(label) + 1}
            if box:
                row["bbox"] = [left, top, right - left, bottom - top]
            else:
                row["segmentation"] = [[left, top, right, top, right, bottom, left, bottom]]
            annotations.append({**row, "iscrowd": 0})
    listed = [
        {"id": number, "file_name": shot.name, "width": shot.size_wh[0], "height": shot.size_wh[1]}
        for number, shot in enumerate(shots)
    ]
    categories = [{"id": number, "name": label} for number, label in enumerate(labels, start=1)]
    return {"images": listed, "annotations": annotations, "categories": categories}


def write_roboflow_coco(root: Path, shots: Sequence[Shot]) -> None:
    """Write COCO as Roboflow exports it: a file for each subset, beside its pictures."""
    for subset, own in by_subset(shots):
        folder = root / {"val": "valid"}.get(subset, subset)
        for shot in own:
            place(folder / shot.name, shot)
        write_json(folder / "_annotations.coco.json", coco_tables(own, labels_of(shots)))


def write_official_coco(root: Path, shots: Sequence[Shot]) -> None:
    """Write COCO in its own layout, with polygons instead of boxes."""
    for subset, own in by_subset(shots):
        for shot in own:
            place(root / f"{subset}2017" / shot.name, shot)
        write_json(root / f"annotations/instances_{subset}2017.json", coco_tables(own, labels_of(shots), box=False))


def write_label_studio(root: Path, shots: Sequence[Shot]) -> None:
    """Write Label Studio's JSON, with shares in percent."""
    tasks = []
    for number, shot in enumerate(shots):
        place(root / "images" / shot.name, shot)
        width, height = shot.size_wh
        results = [
            {
                "type": "rectanglelabels", "from_name": "label", "to_name": "image", "id": f"r{index}",
                "original_width": width, "original_height": height, "image_rotation": 0,
                "value": {
                    "x": 100 * left / width, "y": 100 * top / height, "width": 100 * (right - left) / width,
                    "height": 100 * (bottom - top) / height, "rotation": 0, "rectanglelabels": [label],
                },
            }
            for index, (label, (left, top, right, bottom)) in enumerate(shot.objects)
        ]  # fmt: skip
        upload = f"/data/upload/4/{number:08x}-{shot.name}"
        tasks.append({"id": number, "data": {"image": upload}, "annotations": [{"id": number, "result": results}]})
    write_json(root / "project-4.json", tasks)


def write_cvat(root: Path, shots: Sequence[Shot]) -> None:
    """Write CVAT for images 1.1."""
    document = ElementTree.Element("annotations")
    ElementTree.SubElement(document, "version").text = "1.1"
    for number, shot in enumerate(shots):
        place(root / "images" / shot.name, shot)
        width, height = map(str, shot.size_wh)
        about = {"id": str(number), "name": shot.name, "subset": shot.subset, "width": width, "height": height}
        image = ElementTree.SubElement(document, "image", about)
        for label, edges in shot.objects:
            corners = dict(zip(("xtl", "ytl", "xbr", "ybr"), (f"{edge:.2f}" for edge in edges), strict=True))
            ElementTree.SubElement(image, "box", {"label": label, "source": "manual", "occluded": "0", **corners})
    ElementTree.ElementTree(document).write(root / "annotations.xml", encoding="utf-8", xml_declaration=True)


def write_labelme(root: Path, shots: Sequence[Shot]) -> None:
    """Write labelme's JSON, one for each picture, beside it."""
    for shot in shots:
        place(root / shot.name, shot)
        width, height = shot.size_wh
        shapes: list[dict[str, Any]] = [
            {"label": label, "points": [edges[:2], edges[2:]], "shape_type": "rectangle", "flags": {}, "group_id": None}
            for label, edges in shot.objects
        ]
        about: dict[str, Any] = {"version": "5.4.1", "flags": {}, "imagePath": shot.name, "imageData": None}
        size = {"imageHeight": height, "imageWidth": width}
        write_json(root / Path(shot.name).with_suffix(".json"), {**about, "shapes": shapes, **size})


def write_createml(root: Path, shots: Sequence[Shot]) -> None:
    """Write CreateML's JSON."""
    rows = []
    for shot in shots:
        place(root / shot.name, shot)
        found = [
            {"label": label, "coordinates": {
                "x": (left + right) / 2, "y": (top + bottom) / 2, "width": right - left, "height": bottom - top}}
            for label, (left, top, right, bottom) in shot.objects
        ]  # fmt: skip
        rows.append({"image": shot.name, "annotations": found})
    write_json(root / "_annotations.createml.json", rows)


def write_tensorflow_csv(root: Path, shots: Sequence[Shot]) -> None:
    """Write the CSV of TensorFlow's object detection, a file for each subset, beside its pictures."""
    for subset, own in by_subset(shots):
        folder = root / {"val": "valid"}.get(subset, subset)
        rows = [["filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax"]]
        for shot in own:
            place(folder / shot.name, shot)
            rows += [[shot.name, *map(str, shot.size_wh), label, *map(repr, box)] for label, box in shot.objects]
        with (folder / "_annotations.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)


def write_via(root: Path, shots: Sequence[Shot]) -> None:
    """Write a JSON export of the VGG Image Annotator."""
    found: dict[str, Any] = {}
    for shot in shots:
        place(root / "images" / shot.name, shot)
        regions = [
            {
                "shape_attributes": {
                    "name": "rect", "x": left, "y": top, "width": right - left, "height": bottom - top
                },
                "region_attributes": {"class": label},
            }
            for label, (left, top, right, bottom) in shot.objects
        ]  # fmt: skip
        size = shot.path.stat().st_size
        found[f"{shot.name}{size}"] = {"filename": shot.name, "size": size, "regions": regions, "file_attributes": {}}
    write_json(root / "via_region_data.json", found)


def write_supervisely(root: Path, shots: Sequence[Shot]) -> None:
    """Write a Supervisely project; its boxes name their last pixels, as its own exporter's do."""
    by_dataset = defaultdict(list)
    for index, shot in enumerate(shots):
        by_dataset[f"ds{index % 2}"].append(shot)
    for dataset, own in by_dataset.items():
        for shot in own:
            place(root / dataset / "img" / shot.name, shot)
            objects = [
                {"classTitle": label, "geometryType": "rectangle", "tags": [],
                 "points": {"exterior": [[left, top], [right - 1, bottom - 1]], "interior": []}}
                for label, (left, top, right, bottom) in shot.objects
            ]  # fmt: skip
            width, height = shot.size_wh
            about = {"description": "", "tags": [], "size": {"height": height, "width": width}}
            write_json(root / dataset / "ann" / f"{shot.name}.json", {**about, "objects": objects})
    classes = [{"title": label, "shape": "rectangle", "color": "#FF0000"} for label in labels_of(shots)]
    write_json(root / "meta.json", {"classes": classes, "tags": []})


WRITERS: Mapping[str, Callable[[Path, Sequence[Shot]], None]] = {
    "YOLO of Roboflow": write_roboflow_yolo,
    "YOLO of labelImg": write_labelimg_yolo,
    "YOLO of CVAT (Darknet)": write_darknet,
    "COCO of Roboflow": write_roboflow_coco,
    "COCO, its own layout": write_official_coco,
    "Label Studio JSON": write_label_studio,
    "CVAT for images": write_cvat,
    "labelme": write_labelme,
    "VGG Image Annotator": write_via,
    "CreateML": write_createml,
    "TensorFlow CSV": write_tensorflow_csv,
    "Supervisely": write_supervisely,
}


if __name__ == "__main__":
    main()
