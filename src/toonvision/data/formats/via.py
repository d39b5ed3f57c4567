"""VGG Image Annotator (VIA) 1 and 2: a JSON project, or exported annotations in JSON or CSV; shapes in pixels.

Regions are a list, or in version 1 an object, each with the attributes of its shape and those that the user made. Which
of the latter is the label is not stated: the only one that is filled in, or one with a usual name. The angle of an
ellipse is in radians.

Source:
    `via.js` of ox-vgg/via and its `CodeDoc.md`; region lists: matterport/Mask_RCNN pull request 943; attributes of any
    name: airctic/icevision pull request 590.
"""

import csv
import io
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from toonvision.core.errors import Finding, RejectedItemError, shown
from toonvision.core.files import decode_text, followed_inside, parse_json, read_regular
from toonvision.data.attributes import stated
from toonvision.data.boxes import AnnotatedObject, Reading, Xyxy
from toonvision.data.documents import LARGEST_DOCUMENT
from toonvision.data.formats import shapes
from toonvision.data.formats.base import lying_in
from toonvision.data.formats.json_files import (
    entry_name,
    label_among,
    label_of,
    mapping,
    numbers,
    read_documents,
)
from toonvision.data.formats.listed import Canvas, Listed
from toonvision.data.formats.tables import separated
from toonvision.data.source_tree import SourceTree

TITLE = "VGG Image Annotator (VIA)"
_HEADER = "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes"
_LONGEST_HEADER = 4096
_METADATA = "_via_img_metadata"
_NOT_FILLED = "not_defined"
"""What VIA writes into its own attributes."""
Pictures = Mapping[str, Mapping[str, Any]]
"""What VIA calls image metadata, by its key."""


def recognise(tree: SourceTree) -> str | None:
    """Return in words how VIA's files lie in a source."""
    return lying_in(TITLE, [*_documents(tree), *_tables(tree)], tree)


def read(tree: SourceTree) -> Reading:
    """Read every picture that VIA's files list.

    Raises:
        InputRejectedError: If it cannot be seen which attribute is the label, a picture is listed twice, or two
            pictures share a name.
    """
    documents = _documents(tree)
    findings = []
    for path in _tables(tree):
        try:
            documents[path] = _read_table(path)
        except RejectedItemError as error:
            findings.append(error.finding(tree.relative(path), files=1))
    entries = [
        Listed(path, entry_name(path, tree, row["filename"], f"picture {number}"), row["filename"], _regions(row))
        for path, pictures in documents.items()
        for number, row in enumerate(pictures.values(), start=1)
    ]
    attribute, notes = _label_attribute(entries, tree)
    parse = partial(_object, attribute=attribute, options=_options(tree, attribute))
    return read_documents(entries, tree, parse, findings=[*findings, *notes])


def _documents(tree: SourceTree) -> dict[Path, Pictures]:
    found: dict[Path, Pictures] = {}
    for path, content in tree.documents.contents.items():
        pictures = content.get(_METADATA, content) if isinstance(content, dict) else None
        rows = list(pictures.values()) if isinstance(pictures, dict) else []
        if isinstance(pictures, dict) and rows and all(map(_is_picture, rows)):
            found[path] = pictures
    return found


def _is_picture(row: object) -> bool:
    return isinstance(row, dict) and {"filename", "regions"} <= set(row)


def _tables(tree: SourceTree) -> list[Path]:
    return [path for path in tree.with_suffix(".csv") if _HEADER in _first_line(path, tree)]


def _first_line(path: Path, tree: SourceTree) -> str:
    """Return the first row of a table, its cells separated by commas; an empty text if it cannot be read."""
    try:
        followed_inside(tree.root, path, name=tree.relative(path))
        head = read_regular(path, limit=LARGEST_DOCUMENT, first=_LONGEST_HEADER)
    except RejectedItemError:
        return ""
    delimiter, text = separated(decode_text(head, errors="replace"))
    return text.partition("\n")[0].replace(delimiter, ",")


def _read_table(path: Path) -> Pictures:
    """Read exported annotations in CSV as if they were in JSON: a line is a region, or a picture without any."""
    try:
        delimiter, text = separated(decode_text(read_regular(path, limit=LARGEST_DOCUMENT)))
        lines = list(csv.DictReader(io.StringIO(text.lstrip("#"), newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise RejectedItemError(f"cannot be read as CSV ({error})", "export it again", code="bad-csv") from error
    pictures: dict[str, dict[str, Any]] = {}
    for line in lines:
        name = line.get("filename") or ""
        picture = pictures.setdefault(f"{name}{line.get('file_size')}", {"filename": name, "regions": []})
        shape = _parsed(line.get("region_shape_attributes"))
        if shape or line.get("region_count") != "0":
            more = _parsed(line.get("region_attributes"))
            picture["regions"].append({"shape_attributes": shape, "region_attributes": more})
    return pictures


def _parsed(text: str | None) -> object:
    """Return what a cell of a table holds; what is no JSON is refused later, as a region without a shape."""
    try:
        return parse_json(text or "")
    except RejectedItemError:
        return None


def _regions(row: Mapping[str, Any]) -> object:
    regions = row["regions"]
    return list(regions.values()) if isinstance(regions, dict) else regions


def _label_attribute(entries: Sequence[Listed], tree: SourceTree) -> tuple[str, list[Finding]]:
    """Return the attribute that holds the labels; one of several that is not called label, with a note that says so."""
    rows = [row for entry in entries if isinstance(entry.rows, list) for row in entry.rows]
    attributes = [row.get("region_attributes") for row in rows if isinstance(row, dict)]
    pairs = [pair for own in attributes if isinstance(own, dict) for pair in own.items()]
    filled = Counter(name for name, value in pairs if value and value != _NOT_FILLED)
    if not filled:
        return "", []
    return label_among(filled, "the attribute", entries[0].document, tree)


def _options(tree: SourceTree, attribute: str) -> dict[str, str]:
    """Return what the numbered options of an attribute stand for; a project says it."""
    pairs: list[tuple[str, object]] = []
    for path in _documents(tree):
        value: object = tree.documents.contents[path]
        for key in ("_via_attributes", "region", attribute, "options"):
            value = value.get(key) if isinstance(value, dict) else None
        pairs += value.items() if isinstance(value, dict) else ()
    return {key: text for key, text in pairs if key.isdecimal() and isinstance(text, str) and text.strip()}


def _object(row: object, number: int, _canvas: Canvas, attribute: str, options: Mapping[str, str]) -> AnnotatedObject:
    region = mapping(row, "a region")
    shape = mapping(region.get("shape_attributes"), "shape_attributes")
    more = mapping(region.get("region_attributes"), "region_attributes")
    value = _ticked(more.get(attribute))
    label = label_of(options.get(value, value) if isinstance(value, str) else value)
    xyxy, note = _box(shape)
    pairs: list[tuple[str, object]] = []
    for name, stated_value in more.items():
        if name != attribute:
            pairs += stated_value.items() if isinstance(stated_value, dict) else [(name, stated_value)]
    return AnnotatedObject(number, label, xyxy, stated(pairs), note)


def _ticked(value: object) -> object:
    """Return the one option that is ticked; a value that is no set of options, as it is."""
    if not isinstance(value, dict):
        return value
    ticked = [option for option, on in value.items() if on]
    if len(ticked) > 1:
        reason = f"has {len(ticked)} labels, {' and '.join(map(shown, ticked[:2]))}"
        raise RejectedItemError(reason, "leave one", code="many-labels")
    return ticked[0] if ticked else None


def _box(shape: Mapping[str, Any]) -> tuple[Xyxy, str]:
    """Return the box of a region, and how it came about where the region is no rectangle."""
    kind = shape.get("name")
    if kind in ("rect", "rectangle"):
        x, y, width, height = numbers(shape, "x", "y", "width", "height")
        return (x, y, x + width, y + height), ""
    if kind == "circle":
        return shapes.circle_box(*numbers(shape, "cx", "cy", "r")), shapes.CIRCLE_NOTE
    if kind == "ellipse":
        x, y, across, down = numbers(shape, "cx", "cy", "rx", "ry")
        (theta,) = numbers({"theta": 0, **shape}, "theta")
        upright = (x - across, y - down, x + across, y + down)
        return shapes.turned_ellipse(upright, math.degrees(theta)), shapes.ELLIPSE_NOTE
    if kind in ("polygon", "polyline"):
        xs, ys = shape.get("all_points_x"), shape.get("all_points_y")
        if not isinstance(xs, list) or not isinstance(ys, list) or len(xs) != len(ys):
            raise RejectedItemError("its points do not have an x and a y each", "draw it again", code="bad-number")
        box = shapes.box_around_list([list(point) for point in zip(xs, ys, strict=True)], "points")
        return box, shapes.POLYGON_NOTE if kind == "polygon" else shapes.POINTS_NOTE
    raise shapes.no_box(kind)
