"""The objects of COCO: a box, or the box around polygons or a mask of run lengths."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toonvision.core.errors import RejectedItemError, shown
from toonvision.data.attributes import Attributes, stated
from toonvision.data.boxes import AnnotatedObject, all_finite, parse_coordinate
from toonvision.data.formats.base import crowd
from toonvision.data.formats.shapes import (
    MASK_NOTE,
    POLYGON_NOTE,
    TURNED_NOTE,
    Xyxy,
    box_around_list,
    box_of_runs,
    is_number,
    turned,
)

_ATTRIBUTES = frozenset({"attributes", "occluded", "truncated", "difficult", "ignore", "score"})
"""Keys of an annotation that say something of its object."""
_NUMBERS = frozenset({int, float})
_MOST_DIGITS = 12
"""Letters of one run length, of 5 bits each."""

Labelled = tuple[str | RejectedItemError | None, Mapping[str, Any]]
"""The label of an object, or why its category has none, or None where there is no category; and its row."""


def read_object(labelled: Labelled, number: int, _picture: Path) -> AnnotatedObject:
    """Read an object.

    Raises:
        RejectedItemError: If it has no label or no box, or is a crowd.
    """
    label, row = labelled
    if not isinstance(label, str):
        reason = f"category {shown(row.get('category_id'))} is not in the table categories"
        raise label or RejectedItemError(reason, "add it", code="unknown-class")
    if row.get("iscrowd") and row["iscrowd"] in (1, "1"):  # 1 is true, too
        raise crowd(label)
    xyxy, note = _box(row)
    if _ATTRIBUTES.isdisjoint(row):
        return AnnotatedObject(number, label, xyxy, {}, note)
    attributes = _attributes(row)
    rotation = attributes.get("rotation", 0.0)
    if rotation and is_number(rotation) and not note:
        return AnnotatedObject(number, label, turned(xyxy, float(rotation)), attributes, TURNED_NOTE)
    return AnnotatedObject(number, label, xyxy, attributes, note)


def _attributes(row: Mapping[str, Any]) -> Attributes:
    own = row.get("attributes")
    pairs = [(key, value) for key, value in row.items() if key in _ATTRIBUTES and key != "attributes"]
    return stated([*pairs, *(own.items() if isinstance(own, dict) else ())])


def _box(row: Mapping[str, Any]) -> tuple[Xyxy, str]:
    """Return the box of an object, and how it came about if it is not the one that is stated."""
    box, segmentation = row.get("bbox"), row.get("segmentation")
    if segmentation and (not box or box == [0, 0, 0, 0]):
        if isinstance(segmentation, dict):
            return _box_of_mask(segmentation), MASK_NOTE
        return box_around_list(segmentation, "segmentation"), POLYGON_NOTE
    if not isinstance(box, list) or len(box) != 4 or not _NUMBERS.issuperset(map(type, box)):
        box = _written_box(box)
    left, top, width, height = box
    if not all_finite(left, top, width, height):
        raise RejectedItemError(f"bbox must be finite; got {shown(box)}", "correct it", code="bad-number")
    return (left, top, left + width, top + height), ""


def _written_box(box: object) -> list[float]:
    """Return the four numbers of a box, some of which are written as text."""
    if isinstance(box, list):
        box = [parse_coordinate(value, "bbox") if isinstance(value, str) else value for value in box]
        if len(box) == 4 and _NUMBERS.issuperset(map(type, box)):
            return box
    raise RejectedItemError(f"bbox must be four numbers; got {shown(box)}", "draw it again", code="bad-number")


def _box_of_mask(segmentation: Mapping[str, Any]) -> Xyxy:
    """Return the box around a mask, whose run lengths may be a list or a text."""
    size, counts = segmentation.get("size"), segmentation.get("counts")
    runs: list[int] = _runs(counts) if isinstance(counts, str) else counts if isinstance(counts, list) else []
    if (
        not isinstance(size, list)
        or len(size) != 2
        or not all(isinstance(value, int) and value >= 0 for value in (*size, *runs))
    ):
        reason = f"segmentation must have a size and counts of pixels; got {shown(segmentation)}"
        raise RejectedItemError(reason, "export it again", code="bad-number")
    height, width = size
    if sum(runs) > height * width:
        reason = f"its mask has {shown(sum(runs))} pixels, over the {shown(height)} x {shown(width)} of its size"
        raise RejectedItemError(reason, "export it again", code="bad-number")
    return box_of_runs(runs, height)


def _runs(text: str) -> list[int]:
    """Return the run lengths of a text: 5 bits a letter, lowest first; from the fourth on, less the last but one."""
    runs: list[int] = []
    value, digits = 0, 0
    for letter in text:
        bits = ord(letter) - 48
        value |= (bits & 31) << 5 * digits
        digits += 1
        if not 0 <= bits < 64 or digits > _MOST_DIGITS:
            raise RejectedItemError(f"{shown(text)} is no mask", "export it again", code="bad-number")
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << 5 * digits
        runs.append(value + runs[-2] if len(runs) > 2 else value)
        value, digits = 0, 0
    return runs
