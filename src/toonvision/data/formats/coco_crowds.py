"""Masks of COCO that are called crowds because they are masks, as CVAT calls each: every one is an object."""

from collections.abc import Iterable, Mapping
from typing import Any

from toonvision.data.formats.coco_objects import ONE_MASK, Labelled, is_crowd, outlines_of
from toonvision.data.formats.listed import Listed


def with_masks(entries: Iterable[Listed]) -> list[Listed]:
    """Return pictures with each mask that is called a crowd, and is none, as an object.

    It is one where CVAT wrote it, which states of each object whether it is occluded, or where all objects of its label
    in the whole source are called crowds.
    """
    entries = list(entries)
    pairs = [pair for entry in entries if entry.plain is None for pair in _rows(entry)]
    if not any(is_crowd(row) for _, row in pairs):
        return entries
    single = {label for label, row in pairs if isinstance(label, str) and not is_crowd(row)}
    single |= {one.label for entry in entries for one in entry.plain or ()}
    return [_with_masks(entry, single) for entry in entries]


def _with_masks(entry: Listed, single: set[str]) -> Listed:
    rows = [(label, _row(label, row, single)) for label, row in _rows(entry)]
    if all(row is own for (_, row), (_, own) in zip(rows, _rows(entry), strict=True)):
        return entry
    return entry._replace(rows=rows, outlines=outlines_of(rows))


def _row(label: object, row: Mapping[str, Any], single: set[str]) -> Mapping[str, Any]:
    """Return an annotation, as an object with a mask where it is called a crowd only for that."""
    if not is_crowd(row) or not isinstance(row.get("segmentation"), dict):
        return row
    stated = row.get("attributes")
    is_of_cvat = isinstance(stated, dict) and "occluded" in stated and not stated.get("is_crowd")
    return {**row, "iscrowd": ONE_MASK} if is_of_cvat or label not in single else row


def _rows(entry: Listed) -> list[Labelled]:
    return entry.rows if isinstance(entry.rows, list) else []
