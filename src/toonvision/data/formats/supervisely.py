"""Supervisely: ``ds0/img/a.png`` with ``ds0/ann/a.png.json``, and a `meta.json`; positions are pixels, not edges.

The last pixel of a rectangle or a polygon is part of it: one from 2 to 5 is 4 pixels wide. Fractions are edges, as the
labeling tool draws them. A bitmap has its first pixel, and its mask as a packed PNG picture. An oriented box is turned
about its centre, clockwise, by an angle in radians.

Source:
    `rectangle.py`, `bitmap.py` and `oriented_bbox.py` of supervisely/supervisely; Supervisely, "Annotation format".
"""

import base64
import math
import zlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from toonvision.core.errors import RejectedItemError
from toonvision.data.attributes import stated
from toonvision.data.boxes import AnnotatedObject, Reading, Xyxy
from toonvision.data.formats import shapes
from toonvision.data.formats.json_files import (
    label_of,
    mapping,
    numbers,
    own_documents,
    read_beside,
    size_of,
    whole_picture,
)
from toonvision.data.formats.listed import Canvas, Listed
from toonvision.data.source_tree import SourceTree

TITLE = "Supervisely"
_SIZE_OF_PNG = slice(16, 24)


def recognise(tree: SourceTree) -> str | None:
    """Return in words how Supervisely's files lie in a source."""
    return "Supervisely, a JSON file for each picture" if own_documents(tree, _is_own) else None


def read(tree: SourceTree) -> Reading:
    """Read every annotated picture of a source.

    Raises:
        InputRejectedError: If two files annotate one picture, or two pictures share a name.
    """
    own = own_documents(tree, _is_own)
    drawn = any(content["objects"] for content in own.values())
    return read_beside(own, tree, _object, partial(_listed, drawn=drawn))


def _is_own(content: Mapping[str, Any]) -> bool:
    return "objects" in content and isinstance(content.get("size"), dict)


def _listed(path: Path, content: Mapping[str, Any], tree: SourceTree, *, drawn: bool) -> Listed:
    """Return a picture; where nothing is `drawn` in the whole source, the tags of a picture are its label."""
    rows, tags = content["objects"], content.get("tags")
    if isinstance(rows, list) and isinstance(tags, list):  # those of the picture hold for each of its objects
        rows = [{"picture_tags": tags, **row} if isinstance(row, dict) else row for row in rows]
    if not drawn and isinstance(tags, list) and tags:
        rows = [[tag.get("name") if isinstance(tag, dict) else tag for tag in tags]]
    size_wh = size_of(content["size"].get("width"), content["size"].get("height"))
    return Listed(path, tree.relative(path), path.stem, rows, size_wh)


def _object(row: object, number: int, _canvas: Canvas) -> AnnotatedObject:
    if isinstance(row, list):
        return whole_picture(row, number, "tags")
    entry = mapping(row, "an object")
    label = label_of(entry.get("classTitle"))
    xyxy, note = _box(entry)
    tags = [tag for key in ("tags", "picture_tags") if isinstance(entry.get(key), list) for tag in entry[key]]
    named = [tag for tag in tags if isinstance(tag, dict) and isinstance(tag.get("name"), str)]
    pairs = [(tag["name"], True if tag.get("value") is None else tag["value"]) for tag in named]
    if entry.get("geometryType") == "oriented_bbox":
        pairs.insert(0, ("rotation", round(math.degrees(entry["angle"]) % 360, 3)))
    return AnnotatedObject(number, label, xyxy, stated(pairs), note)


def _box(entry: Mapping[str, Any]) -> tuple[Xyxy, str]:
    """Return the box of an object, and how it came about where it is no rectangle."""
    kind = entry.get("geometryType")
    if kind == "rectangle":
        return _around(mapping(entry.get("points"), "points").get("exterior")), ""
    if kind == "polygon":
        return _around(mapping(entry.get("points"), "points").get("exterior")), shapes.POLYGON_NOTE
    if kind == "oriented_bbox":
        (angle,) = numbers(entry, "angle")
        return shapes.turned(_around(entry.get("points")), math.degrees(angle)), shapes.TURNED_NOTE
    if kind in ("bitmap", "alpha_mask"):
        return _bitmap_box(mapping(entry.get("bitmap"), "bitmap")), shapes.MASK_NOTE
    raise shapes.no_box(kind)


def _around(points: object) -> Xyxy:
    left, top, right, bottom = box = shapes.box_around_list(points, "points")
    last = int(all(value == int(value) for value in box))
    return left, top, right + last, bottom + last


def _bitmap_box(bitmap: Mapping[str, Any]) -> Xyxy:
    left, top, _, _ = shapes.box_around_list([bitmap.get("origin")] * 2, "origin")
    try:
        packed = base64.b64decode(bitmap["data"], validate=True)
        header = zlib.decompressobj().decompress(packed, _SIZE_OF_PNG.stop)
    except (KeyError, TypeError, ValueError, zlib.error) as error:
        raise RejectedItemError(f"its bitmap cannot be read ({error})", "export again", code="bad-mask") from error
    size = header[_SIZE_OF_PNG]
    width, height = int.from_bytes(size[:4]), int.from_bytes(size[4:])
    if not header.startswith(b"\x89PNG") or not width or not height:
        raise RejectedItemError("its bitmap is no PNG picture", "export again", code="bad-mask")
    return left, top, left + width, top + height
