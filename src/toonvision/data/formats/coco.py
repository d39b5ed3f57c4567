"""COCO: one JSON file with images, categories and annotations, boxes as left, top, width, height."""

from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from toonvision.core.errors import Finding, InputRejectedError, RejectedItemError, printable, shown
from toonvision.data.boxes import AnnotatedObject, AnnotatedPicture, Reading, checked_label, finite
from toonvision.data.formats.base import read_objects
from toonvision.data.source_tree import SourceTree

TITLE = "COCO"
_KEYS = ("id", "image_id", "category_id")
_TABLES = ("categories", "annotations", "images")
_LOST_WITH = {"annotations": {"objects": 1}, "images": {"pictures": 1}}
"""What is left out with a row of a table."""


def recognise(tree: SourceTree) -> str | None:
    """Return in words how COCO files lie in a source."""
    files, _ = annotation_files(tree)
    return f"COCO, in {' and '.join(map(tree.relative, files))}" if files else None


def refuse_damaged(tree: SourceTree) -> None:
    """Refuse a source whose JSON file may have been meant to be COCO.

    Raises:
        InputRejectedError: Naming the file and what is wrong with it.
    """
    _, damaged = annotation_files(tree)
    if damaged:
        raise InputRejectedError(f"{tree.root}: {damaged[0]}. Remove it if it is no annotation.")


def read(tree: SourceTree) -> Reading:
    """Read every COCO file of a source.

    Raises:
        InputRejectedError: If no file has the three tables, or two pictures share a name.
    """
    files, left_out = annotation_files(tree)
    if not files:
        seen = f" {left_out[0]}." if left_out else ""
        raise InputRejectedError(f"{tree.root}: no JSON file with the tables {', '.join(_TABLES)} was found.{seen}")
    readings = [_read_file(path, content, tree) for path, content in files.items()]
    pictures = sorted((p for reading in readings for p in reading.pictures), key=lambda picture: picture.name)
    for picture, other in pairwise(pictures):
        if picture.path == other.path:
            raise InputRejectedError(
                f"{printable(picture.annotation)} and {printable(other.annotation)} list one picture. Remove one."
            )
    tree.refuse_confusable(picture.path for picture in pictures)
    findings = [finding for reading in readings for finding in reading.findings]
    unusable = {name: finding for reading in readings for name, finding in reading.unusable.items()}
    for finding in left_out[:1]:  # it may list any picture that no other file does
        unusable = {**dict.fromkeys(map(tree.relative, tree.pictures), finding), **unusable}
    for picture in pictures:
        unusable.pop(picture.name, None)
    return Reading(tuple(pictures), (*findings, *left_out), unusable)


def annotation_files(tree: SourceTree) -> tuple[dict[Path, Mapping[str, Any]], list[Finding]]:
    """Find the JSON files of a folder that are COCO, with their content, and those that may have been meant to be.

    Returns:
        Path to content; and a finding for each file that cannot be read or, where no file is COCO, lacks a table.
    """
    found: dict[Path, Mapping[str, Any]] = {}
    incomplete = []
    unreadable = [error.finding(tree.relative(path), files=1) for path, error in tree.documents.faults.items()]
    for path, content in tree.documents.contents.items():
        tables = [table for table in _TABLES if isinstance(content, dict) and isinstance(content.get(table), list)]
        if isinstance(content, dict) and len(tables) == len(_TABLES):
            found[path] = content
        elif tables:
            reason = f"has no table {' and no table '.join(table for table in _TABLES if table not in tables)}"
            incomplete.append(Finding(tree.relative(path), reason, "export it again", "missing-table", files=1))
    return found, unreadable if found else unreadable + incomplete


def _read_file(path: Path, content: Mapping[str, Any], tree: SourceTree) -> Reading:
    annotation = tree.relative(path)
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
            pictures.append(_picture(row, own, labels, path, tree))
        except RejectedItemError as error:
            findings.append(error.finding(f"{annotation}, {shown(row.get('file_name'))}", pictures=1, objects=len(own)))
            with suppress(RejectedItemError):
                unusable[tree.relative(tree.picture_named(str(row.get("file_name")), beside=path))] = findings[-1]
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
    file: Path,
    tree: SourceTree,
) -> AnnotatedPicture:
    name = row.get("file_name")
    if not isinstance(name, str) or not name:
        raise RejectedItemError("has no file_name", "export again", code="missing-tag")
    path = tree.picture_named(name, beside=file)
    if escaped := tree.confined(path):
        raise RejectedItemError(escaped.reason, escaped.remedy, code=escaped.code)
    item = f"{tree.relative(file)}, {name}"
    objects, findings = read_objects(annotations, partial(_object, labels=labels), item)
    width, height = row.get("width"), row.get("height")
    size_wh = None
    if isinstance(width, int) and isinstance(height, int) and min(width, height) > 0:
        size_wh = (width, height)
    subset = tree.subset_of(path)
    return AnnotatedPicture(
        path, tree.relative(path), item, tree.context_of(path), objects, size_wh, findings, subset=subset
    )


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
