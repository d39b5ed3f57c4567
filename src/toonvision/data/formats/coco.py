"""COCO: one JSON file with images, categories and annotations, boxes as left, top, width, height."""

from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from toonvision.core.errors import Finding, InputRejectedError, RejectedItemError, printable, shown
from toonvision.core.files import followed_inside, parse_json, path_inside, read_regular
from toonvision.data.attributes import SUFFIX
from toonvision.data.boxes import AnnotatedObject, AnnotatedPicture, Reading, checked_label, finite
from toonvision.data.formats.base import read_objects
from toonvision.data.source_tree import context_of, is_picture, refuse_confusable, relative, walk

_KEYS = ("id", "image_id", "category_id")
_TABLES = ("categories", "annotations", "images")
_LOST_WITH = {"annotations": {"objects": 1}, "images": {"pictures": 1}}
"""What is left out with a row of a table."""
_LARGEST_FILE = 20_000_000
"""Bytes; the worst JSON of this size takes some 0.6 GB of memory."""
_MOST_ROWS = 200_000


def read(root: Path) -> Reading:
    """Read every COCO file in a folder or in its `annotations/`; pictures may lie below or in `images/`.

    Raises:
        InputRejectedError: If no file has the three tables, or two pictures share a name.
    """
    files, left_out = annotation_files(root)
    if not files:
        seen = f" {left_out[0]}." if left_out else ""
        raise InputRejectedError(f"{root}: no JSON file with the tables {', '.join(_TABLES)} was found.{seen}")
    readings = [_read_file(path, content, root) for path, content in files.items()]
    pictures = sorted((p for reading in readings for p in reading.pictures), key=lambda picture: picture.name)
    for picture, other in pairwise(pictures):
        if picture.path == other.path:
            raise InputRejectedError(
                f"{printable(picture.annotation)} and {printable(other.annotation)} list one picture. Remove one."
            )
    refuse_confusable((picture.path for picture in pictures), root)
    findings = [finding for reading in readings for finding in reading.findings]
    unusable = {name: finding for reading in readings for name, finding in reading.unusable.items()}
    for finding in left_out[:1]:  # it may list any picture that no other file does
        names = (relative(folder / name, root) for folder, files in walk(root) for name in files if is_picture(name))
        unusable = {**dict.fromkeys(names, finding), **unusable}
    for picture in pictures:
        unusable.pop(picture.name, None)
    return Reading(tuple(pictures), (*findings, *left_out), unusable)


def annotation_files(root: Path) -> tuple[dict[Path, Mapping[str, Any]], list[Finding]]:
    """Find the JSON files of a folder that are COCO, with their content, and those that may have been meant to be.

    Returns:
        Path to content; and a finding for each file that cannot be read or, where no file is COCO, lacks a table.
    """
    found: dict[Path, Mapping[str, Any]] = {}
    unreadable, incomplete = [], []
    listed = [*root.glob("*.json"), *root.glob("annotations/*.json")]
    for path in sorted(path for path in listed if not path.name.endswith(SUFFIX)):
        try:
            content = _load(path, root)
        except RejectedItemError as error:
            unreadable.append(error.finding(relative(path, root), files=1))
            continue
        tables = [table for table in _TABLES if isinstance(content, dict) and isinstance(content.get(table), list)]
        if isinstance(content, dict) and len(tables) == len(_TABLES):
            found[path] = content
        elif tables:
            reason = f"has no table {' and no table '.join(table for table in _TABLES if table not in tables)}"
            incomplete.append(Finding(relative(path, root), reason, "export it again", "missing-table", files=1))
    return found, unreadable if found else unreadable + incomplete


def _load(path: Path, root: Path) -> object:
    followed_inside(root, path, name=relative(path, root))
    content = parse_json(read_regular(path, limit=_LARGEST_FILE))
    rows = sum(len(rows) for rows in content.values() if isinstance(rows, list)) if isinstance(content, dict) else 0
    if rows > _MOST_ROWS:
        raise RejectedItemError(f"has {rows:,} rows, over {_MOST_ROWS:,}", "split it into files", code="too-large")
    return content


def _read_file(path: Path, content: Mapping[str, Any], root: Path) -> Reading:
    annotation = relative(path, root)
    pictures: list[AnnotatedPicture] = []
    findings: list[Finding] = []
    unusable: dict[str, Finding] = {}
    categories, annotations, images = (_rows(content, table, annotation, findings) for table in _TABLES)
    labels = {row.get("id"): row.get("name") for row in categories}
    if len(labels) != len(categories):
        raise InputRejectedError(
            f"{path}: two categories share an id, so that their boxes cannot be distinguished. Number them."
        )
    by_image: dict[Any, list[Mapping[str, Any]]] = defaultdict(list)
    for row in annotations:
        by_image[row.get("image_id")].append(row)
    seen: set[Any] = set()
    for row in images:
        own = by_image.pop(row.get("id"), [])
        try:
            if row.get("id") in seen:
                raise RejectedItemError("shares its id with an earlier image", "number them", code="duplicate-id")
            seen.add(row.get("id"))
            pictures.append(_picture(row, own, labels, annotation, root))
        except RejectedItemError as error:
            findings.append(error.finding(f"{annotation}, {shown(row.get('file_name'))}", pictures=1, objects=len(own)))
            with suppress(RejectedItemError):
                unusable[relative(_find(root, str(row.get("file_name"))), root)] = findings[-1]
    for key, rows in by_image.items():
        item = f"{annotation}, image {shown(key)}"
        findings.append(Finding(item, "is not in the table images", "add it", "no-picture", objects=len(rows)))
    return Reading(tuple(pictures), tuple(findings), unusable)


def _rows(content: Mapping[str, Any], table: str, annotation: str, findings: list[Finding]) -> list[Mapping[str, Any]]:
    """Return the rows of a table that can be used; each other one becomes a finding."""
    good: list[Mapping[str, Any]] = []
    for number, row in enumerate(content[table], start=1):
        if isinstance(row, dict) and all(isinstance(row.get(key), int | str | float | None) for key in _KEYS):
            good.append(row)
            continue
        reason, lost = "must be an object whose ids are numbers or words", _LOST_WITH.get(table, {})
        findings.append(Finding(f"{annotation}, {table}, row {number}", reason, "export again", "bad-row", **lost))
    return good


def _picture(
    row: Mapping[str, Any],
    annotations: list[Mapping[str, Any]],
    labels: Mapping[Any, Any],
    annotation: str,
    root: Path,
) -> AnnotatedPicture:
    name = row.get("file_name")
    if not isinstance(name, str) or not name:
        raise RejectedItemError("has no file_name", "export again", code="missing-tag")
    path = _find(root, name)
    item = f"{annotation}, {name}"
    objects, findings = read_objects(annotations, partial(_object, labels=labels), item)
    width, height = row.get("width"), row.get("height")
    size_wh = None
    if isinstance(width, int) and isinstance(height, int) and min(width, height) > 0:
        size_wh = (width, height)
    context = context_of(path, root, layout_folders=("images",))
    return AnnotatedPicture(path, relative(path, root), item, context, objects, size_wh, findings)


def _find(root: Path, name: str) -> Path:
    base = root.resolve()
    for below in (name, f"images/{name}"):
        path = path_inside(root, below)
        with suppress(OSError):
            if path.is_file():
                return root / path.relative_to(base)
    raise RejectedItemError("the picture is missing", "put it beside the JSON file or in images/", code="no-picture")


def _object(row: Mapping[str, Any], number: int, labels: Mapping[Any, Any]) -> AnnotatedObject:
    name = labels.get(row.get("category_id"))
    if not isinstance(name, str):
        reason = f"category {shown(row.get('category_id'))} is not in the table categories"
        raise RejectedItemError(reason, "add it", code="unknown-class")
    box = row.get("bbox")
    if not isinstance(box, list) or len(box) != 4 or not all(isinstance(v, int | float) for v in box):
        raise RejectedItemError(f"bbox must be four numbers; got {shown(box)}", "draw it again", code="bad-number")
    left, top, width, height = (finite(value, "bbox") for value in box)
    return AnnotatedObject(number, checked_label(name), (left, top, left + width, top + height))
