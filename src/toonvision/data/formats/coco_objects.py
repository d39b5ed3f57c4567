"""The objects of COCO: a box, or the box around polygons or a mask of run lengths."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import chain
from typing import Any, TypeGuard

from toonvision.core.errors import RejectedItemError, shown
from toonvision.data.attributes import Attributes, stated
from toonvision.data.boxes import AnnotatedObject, Outline, Xyxy, all_finite, parse_coordinate
from toonvision.data.formats.base import crowd
from toonvision.data.formats.json_files import whole_picture
from toonvision.data.formats.listed import Canvas
from toonvision.data.formats.shapes import (
    EDGE_NAMES,
    MASK_NOTE,
    POLYGON_NOTE,
    TURNED_NOTE,
    box_around_list,
    box_of,
    box_of_runs,
    is_number,
    keys_of_box,
    turned,
)

_ATTRIBUTES = frozenset({"attributes", "occluded", "truncated", "difficult", "ignore", "score"})
"""Keys of an annotation that say something of its object."""
ONE_MASK = object()
"""In the place of ``iscrowd`` of a mask that is called a crowd, but is an object."""
_ONE_MASK_NOTE = "its mask is called a crowd, as CVAT calls every mask, and was read as one object"
_WHERE = frozenset({"bbox", "segmentation", "keypoints"})
_NUMBERS = frozenset({int, float})
_LIST = ("xmin", "ymin", "width", "height")
"""What the numbers of a box are."""
_NEAR, _FAR = -1e9, 1e9
"""Pixels; what lies farther out, or has no area, is looked at one by one."""
_BETWEEN_NUMBERS = re.compile(r"[\s,;()\[\]]+")
_MOST_DIGITS = 12
"""Letters of one run length, of 5 bits each."""

Labelled = tuple[str | RejectedItemError | None, Mapping[str, Any]]
"""The label of an object, or why its category has none, or None where there is no category; and its row."""


def are_plain(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether each annotation of a file has a box of four numbers, and none has attributes."""
    boxes: list[Any] = [row.get("bbox") for row in rows]
    return (
        set(map(type, boxes)) <= {list}
        and set(map(len, boxes)) <= {4}
        and _NUMBERS.issuperset(map(type, chain.from_iterable(boxes)))
        and _ATTRIBUTES.isdisjoint(set().union(*rows))
    )


def plain_objects(rows: Sequence[Labelled]) -> tuple[AnnotatedObject, ...] | None:
    """Return the objects of a picture in a file whose annotations `are_plain`, if each has a label and a usual box.

    Nearly all pictures are such, and take half of the time that `read_object` takes with one row after the other.
    """
    objects = []
    for number, (label, row) in enumerate(rows, start=1):
        left, top, width, height = row["bbox"]
        is_near = _NEAR <= left <= _FAR and _NEAR <= top <= _FAR and 0 < width <= _FAR and 0 < height <= _FAR
        if not is_near or not isinstance(label, str) or row.get("iscrowd"):
            return None
        objects.append(AnnotatedObject(number, label, (left, top, left + width, top + height)))
    return tuple(objects)


def outlines_of(rows: Sequence[Labelled]) -> tuple[Outline, ...]:
    """Return the outlines of the annotations of a picture, where any has one.

    Of a crowd, of what is to be ignored, and of an object with a box alone, it is not known which pixels show it.
    """
    if not any(row.get("segmentation") for _, row in rows):
        return ()
    found = []
    for label, row in rows:
        name, shape, box = label if isinstance(label, str) else "", row.get("segmentation"), _rectangle(row.get("bbox"))
        if shape:
            known = isinstance(label, str) and not (is_crowd(row) or is_ignored(row))
            found.append(Outline(name, shape, known, box))
        elif box:
            found.append(Outline(name, box, known=False))
    return tuple(found)


def regions_of(rows: Sequence[Labelled], canvas: Canvas) -> tuple[AnnotatedObject, ...]:
    """Return where nobody need find an object of a label: crowds, and what is to be ignored, read as objects are."""
    found = []
    for number, (label, row) in enumerate(rows, start=1):
        mark = "iscrowd" if is_crowd(row) else "ignore" if is_ignored(row) else ""
        if mark:
            with suppress(RejectedItemError):
                one = read_object((label, {**row, "iscrowd": 0, "ignore": 0}), number, canvas)
                found.append(AnnotatedObject(number, one.label, one.xyxy, {mark: True}))
    return tuple(found)


def _rectangle(box: object) -> list[list[float]] | None:
    """Return a box as a polygon; None where it is none."""
    if not _is_box(box):
        return None
    left, top, right, bottom = box[0], box[1], box[0] + box[2], box[1] + box[3]
    return [[left, top, right, top, right, bottom, left, bottom]]


def read_object(labelled: Labelled, number: int, canvas: Canvas) -> AnnotatedObject:
    """Read an object.

    Raises:
        RejectedItemError: If it has no label or no box, is a crowd or to be ignored, or has a mask alone that is not of
            its picture.
    """
    label, row = labelled
    if not isinstance(label, str):
        raise _without_label(label, row)
    if is_crowd(row):
        raise crowd(label)
    if is_ignored(row):
        reason = f"is a {shown(label)} that is marked to be ignored"
        raise RejectedItemError(reason, "set ignore to 0, if it is a good example", code="ignored")
    xyxy, note = _box(row, canvas)
    note = _ONE_MASK_NOTE if row.get("iscrowd") is ONE_MASK else note
    if _ATTRIBUTES.isdisjoint(row):
        return AnnotatedObject(number, label, xyxy, note=note)
    attributes = _attributes(row)
    rotation = attributes.get("rotation", 0.0)
    if rotation and is_number(rotation) and not note:
        return AnnotatedObject(number, label, turned(xyxy, float(rotation)), attributes, TURNED_NOTE)
    return AnnotatedObject(number, label, xyxy, attributes, note)


def is_crowd(row: Mapping[str, Any]) -> bool:
    """Return whether an annotation is called a crowd, many objects at once."""
    return row.get("iscrowd") in (1, "1")  # 1 is true, too


def is_ignored(row: Mapping[str, Any]) -> bool:
    """Return whether an annotation is marked as one that nothing is to be learnt from."""
    return row.get("ignore") in (1, "1")


def is_drawn(row: Mapping[str, Any]) -> bool:
    """Return whether an annotation means to say where its object is."""
    return not _WHERE.isdisjoint(row)


def read_picture(rows: Sequence[Labelled], number: int, _canvas: Canvas) -> AnnotatedObject:
    """Read the object that a whole picture is, from its annotations without boxes.

    Raises:
        RejectedItemError: If it has not just one label.
    """
    return whole_picture(list(dict.fromkeys(map(_label_of, rows))), number, "categories")


def _label_of(labelled: Labelled) -> str:
    label, row = labelled
    if not isinstance(label, str):
        raise _without_label(label, row)
    return label


def _without_label(fault: RejectedItemError | None, row: Mapping[str, Any]) -> RejectedItemError:
    reason = f"category {shown(row.get('category_id'))} is not in the table categories"
    return fault or RejectedItemError(reason, "add it", code="unknown-class")


def _attributes(row: Mapping[str, Any]) -> Attributes:
    own = row.get("attributes")
    pairs = [(key, value) for key, value in row.items() if key in _ATTRIBUTES and key != "attributes"]
    return stated([*pairs, *(own.items() if isinstance(own, dict) else ())])


def _box(row: Mapping[str, Any], canvas: Canvas) -> tuple[Xyxy, str]:
    """Return the box of an object, and how it came about if it is not the one that is stated."""
    box, segmentation = row.get("bbox"), row.get("segmentation")
    if segmentation and (not box or (_is_box(box) and 0 in box[2:])):  # no width or no height
        if isinstance(segmentation, dict):
            return box_of_runs(runs_of_mask(segmentation, canvas.size_wh), canvas.size_wh[1]), MASK_NOTE
        return box_around_list(segmentation, "segmentation"), POLYGON_NOTE
    if not _is_box(box) or not all_finite(*box):
        return _written_box(box), ""
    left, top, width, height = box
    return (left, top, left + width, top + height), ""


def _written_box(stated: object) -> Xyxy:
    """Return a box that is written in another way than as a list of four finite numbers."""
    keys, box = (_LIST, stated) if isinstance(stated, list) else _in_other_words(stated)
    if isinstance(box, list):
        box = [parse_coordinate(value, "bbox") if isinstance(value, str) else value for value in box]
    if not _is_box(box):
        reason = f"bbox must be four numbers; got {shown(stated)}"
        raise RejectedItemError(reason, "write left, top, width and height in pixels", code="bad-number")
    if not all_finite(*box):
        raise RejectedItemError(f"bbox must be finite; got {shown(box)}", "correct it", code="bad-number")
    return box_of(keys, box)


def _in_other_words(box: object) -> tuple[Sequence[str], object]:
    """Return which values a box has that is not written as a list, and these; a text lists them as COCO does."""
    if isinstance(box, str):
        return _LIST, [part for part in _BETWEEN_NUMBERS.split(box) if part]
    values = (
        {EDGE_NAMES.get(key.lower(), key.lower()): value for key, value in box.items()} if isinstance(box, dict) else {}
    )
    keys = keys_of_box(values.keys())
    return (keys, [values[key] for key in keys]) if keys else (_LIST, None)


def _is_box(value: object) -> TypeGuard[list[float]]:
    return type(value) is list and len(value) == 4 and _NUMBERS.issuperset(map(type, value))


def runs_of_mask(segmentation: Mapping[str, Any], size_wh: tuple[int, int]) -> list[int]:
    """Return the run lengths of a mask, which may be written as a list or a text, on a picture of a size in pixels.

    Raises:
        RejectedItemError: If it has no such, more pixels than its size, or another size than the picture.
    """
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
    if (width, height) != size_wh:
        reason = f"its mask has {shown(width)} x {shown(height)} pixels, and the picture {size_wh[0]} x {size_wh[1]}"
        raise RejectedItemError(reason, "export it again", code="bad-number")
    return runs


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
