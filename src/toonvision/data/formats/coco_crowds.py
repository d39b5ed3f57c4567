"""Masks of COCO that are called crowds because they are masks, as CVAT calls each: every one is an object."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from toonvision.data.formats.coco_objects import ONE_MASK, Labelled, is_crowd, outlines_of, regions_of
from toonvision.data.formats.listed import Listed


def with_masks(entries: Iterable[Listed]) -> list[Listed]:
    """Return pictures with each mask that is called a crowd, and is none, as an object.

    It is one where CVAT wrote it, which states of each object whether it is occluded, or where all objects of the whole
    source are called crowds.
    """
    entries = list(entries)
    pairs = [pair for entry in entries if entry.plain is None for pair in _rows(entry)]
    if not any(is_crowd(row) for _, row in pairs):
        return entries
    are_all = all(is_crowd(row) for _, row in pairs) and not any(entry.plain for entry in entries)
    return [_with_masks(entry, are_all) for entry in entries]


def _with_masks(entry: Listed, are_all: bool) -> Listed:
    rows = [(label, _row(row, are_all)) for label, row in _rows(entry)]
    if all(row is own for (_, row), (_, own) in zip(rows, _rows(entry), strict=True)):
        return entry
    return entry._replace(rows=rows, outlines=outlines_of(rows), regions=partial(regions_of, rows))


def _row(row: Mapping[str, Any], are_all: bool) -> Mapping[str, Any]:
    """Return an annotation, as an object with a mask where it is called a crowd only for that."""
    if not is_crowd(row) or not isinstance(row.get("segmentation"), dict):
        return row
    stated = row.get("attributes")
    is_of_cvat = isinstance(stated, dict) and "occluded" in stated and not stated.get("is_crowd")
    return {**row, "iscrowd": ONE_MASK} if is_of_cvat or are_all else row


def _rows(entry: Listed) -> list[Labelled]:
    return entry.rows if isinstance(entry.rows, list) else []
