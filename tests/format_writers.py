"""Writers of the formats of annotation programs, each as that program writes it."""

import csv
import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from builders import Edges, Shot, write_picture


def write_labelme(root: Path, shots: Sequence[Shot]) -> None:
    """Write labelme: a JSON file beside each picture."""
    for shot in shots:
        _write_pictures(root, [shot])
        save_json(
            root / shot.context / f"{shot.stem}.json",
            {
                "version": "5.5.0",
                "flags": {},
                "shapes": [labelme_shape(label, [edges[:2], edges[2:]]) for label, edges in shot.objects],
                "imagePath": f"{shot.stem}.png",
                "imageData": "iVBORw0KGgo=",
                "imageHeight": shot.size_wh[1],
                "imageWidth": shot.size_wh[0],
            },
        )


def labelme_shape(label: str, points: Sequence[Sequence[float]], kind: str = "rectangle", **more: object) -> object:
    shape = {"label": label, "points": [list(point) for point in points], "group_id": None, "description": ""}
    return {**shape, "shape_type": kind, "flags": {}, "mask": None, **more}


def write_labelstudio(root: Path, shots: Sequence[Shot]) -> None:
    """Write Label Studio's full export, of pictures that it was shown from a folder."""
    _write_pictures(root / "images", shots)
    tasks = [
        {
            "id": number,
            "annotations": [labelstudio_annotation([_region(shot, n) for n in range(len(shot.objects))])],
            "file_upload": None,
            "drafts": [],
            "predictions": [],
            "data": {"image": f"/data/local-files/?d=images/{quote(f'{shot.context}/{shot.stem}.png')}"},
            "meta": {},
            "total_annotations": 1,
        }
        for number, shot in enumerate(shots, start=100)
    ]
    save_json(root / "project-1-at-2026-11-28-12-00-0a1b2c3d.json", tasks)


def labelstudio_annotation(result: object, **more: object) -> dict[str, object]:
    known = {"id": 7, "completed_by": 1, "result": result, "was_cancelled": False, "ground_truth": False}
    return {**known, "created_at": "2026-11-01T10:00:00Z", "updated_at": "2026-11-01T10:00:00Z", **more}


def labelstudio_region(
    identity: str, value: Mapping[str, object], size_wh: tuple[int, int], kind: str = "rectanglelabels"
) -> dict[str, object]:
    region = {"id": identity, "type": kind, "value": dict(value), "origin": "manual", "to_name": "image"}
    size = {"original_width": size_wh[0], "original_height": size_wh[1], "image_rotation": 0}
    return {**region, "from_name": "label", **size}


def percent(edges: Edges, size_wh: tuple[int, int]) -> dict[str, object]:
    """Return the rectangle of some edges as Label Studio has it."""
    left, top, right, bottom = edges
    across, down = size_wh[0] / 100, size_wh[1] / 100
    size = {"width": (right - left) / across, "height": (bottom - top) / down, "rotation": 0}
    return {"x": left / across, "y": top / down, **size}


def _region(shot: Shot, index: int) -> dict[str, object]:
    label, edges = shot.objects[index]
    value = {**percent(edges, shot.size_wh), "rectanglelabels": [label]}
    return labelstudio_region(f"region {shot.stem} {index}", value, shot.size_wh)


def write_via(root: Path, shots: Sequence[Shot]) -> None:
    """Write a project of VIA 2, with pictures in images/."""
    _write_pictures(root / "images", shots)
    pictures = {}
    for shot in shots:
        name = f"images/{shot.context}/{shot.stem}.png"
        size = (root / name).stat().st_size
        regions = [via_region({"type": label}, **_xywh(edges)) for label, edges in shot.objects]
        pictures[f"{name}{size}"] = {"filename": name, "size": size, "regions": regions, "file_attributes": {}}
    options = {label: "" for shot in shots for label, _ in shot.objects}
    attributes = {"region": {"type": {"type": "dropdown", "options": options}}, "file": {}}
    save_json(
        root / "via_project.json",
        {
            "_via_settings": {"project": {"name": "fruit"}, "core": {"default_filepath": ""}},
            "_via_img_metadata": pictures,
            "_via_attributes": attributes,
            "_via_data_format_version": "2.0.10",
            "_via_image_id_list": list(pictures),
        },
    )


def via_region(attributes: object, name: str = "rect", **shape: object) -> dict[str, object]:
    return {"shape_attributes": {"name": name, **shape}, "region_attributes": attributes}


def _xywh(edges: Edges) -> dict[str, float]:
    left, top, right, bottom = edges
    return {"x": left, "y": top, "width": right - left, "height": bottom - top}


def write_createml(root: Path, shots: Sequence[Shot]) -> None:
    """Write CreateML as labelImg does: one JSON file beside the pictures' folders."""
    _write_pictures(root, shots)
    rows = []
    for shot in shots:
        annotations = []
        for label, (left, top, right, bottom) in shot.objects:
            centre = {"x": (left + right) / 2, "y": (top + bottom) / 2}
            size = {"width": right - left, "height": bottom - top}
            annotations.append({"label": label, "coordinates": {**centre, **size}})
        rows.append({"image": f"{shot.context}/{shot.stem}.png", "verified": False, "annotations": annotations})
    save_json(root / "shots.json", rows)


def write_supervisely(root: Path, shots: Sequence[Shot]) -> None:
    """Write a project of Supervisely: each context is a data set, the last pixel of a rectangle is part of it."""
    labels = dict.fromkeys(label for shot in shots for label, _ in shot.objects)
    classes = [{"title": label, "shape": "rectangle", "color": "#50E3C2"} for label in labels]
    save_json(root / "meta.json", {"classes": classes, "tags": [], "projectType": "images"})
    for shot in shots:
        write_picture(root / shot.context / "img" / f"{shot.stem}.png", shot)
        width, height = shot.size_wh
        objects = [supervisely_object(label, **_inclusive(edges)) for label, edges in shot.objects]
        document = {"description": "", "tags": [], "size": {"height": height, "width": width}, "objects": objects}
        save_json(root / shot.context / "ann" / f"{shot.stem}.png.json", document)


def supervisely_object(label: str, kind: str = "rectangle", **geometry: object) -> dict[str, object]:
    return {"id": 1, "classId": 2, "geometryType": kind, "tags": [], "classTitle": label, **geometry}


def _inclusive(edges: Edges) -> dict[str, object]:
    left, top, right, bottom = edges
    last = 1 if all(edge == int(edge) for edge in edges) else 0
    return {"points": {"exterior": [[left, top], [right - last, bottom - last]], "interior": []}}


def save_json(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), encoding="utf-8")


def _write_pictures(root: Path, shots: Sequence[Shot]) -> None:
    for shot in shots:
        write_picture(root / shot.context / f"{shot.stem}.png", shot)


def write_cvat(root: Path, shots: Sequence[Shot]) -> None:
    """Write CVAT for images: annotations.xml and pictures in images/."""
    document = ElementTree.Element("annotations")
    for number, shot in enumerate(shots):
        file = f"{shot.context}/{shot.stem}.png"
        write_picture(root / "images" / file, shot)
        width, height = map(str, shot.size_wh)
        image = ElementTree.SubElement(document, "image", id=str(number), name=file, width=width, height=height)
        for label, edges in shot.objects:
            box = dict(zip(("xtl", "ytl", "xbr", "ybr"), map(repr, edges), strict=True))
            ElementTree.SubElement(image, "box", label=label, **box)
    root.mkdir(parents=True, exist_ok=True)
    ElementTree.ElementTree(document).write(root / "annotations.xml", encoding="utf-8", xml_declaration=True)


CSV_COLUMNS = ("filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax")


def write_csv(root: Path, shots: Sequence[Shot]) -> None:
    """Write TensorFlow's CSV: labels.csv and pictures in images/."""
    root.mkdir(parents=True, exist_ok=True)
    rows: list[tuple[object, ...]] = [CSV_COLUMNS]
    for shot in shots:
        file = f"{shot.context}/{shot.stem}.png"
        write_picture(root / "images" / file, shot)
        rows += [(file, *shot.size_wh, label, *edges) for label, edges in shot.objects]
        rows += [] if shot.objects else [(file, *shot.size_wh, "", "", "", "", "")]
    with (root / "labels.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)
