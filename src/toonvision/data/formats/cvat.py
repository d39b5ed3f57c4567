"""CVAT for images 1.1: an XML file that lists pictures with their boxes, polygons, masks and other shapes.

Source:
    docs.cvat.ai, "XML annotation format"; a rotation is in degrees, clockwise, about the centre of the shape.
"""

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from toonvision.core.errors import Finding, RejectedItemError
from toonvision.data.attributes import stated
from toonvision.data.boxes import AnnotatedObject, Reading, Xyxy, checked_label, parse_coordinate
from toonvision.data.documents import LARGEST_DOCUMENT
from toonvision.data.formats.base import lying_in
from toonvision.data.formats.listed import Canvas, Listed, read_files
from toonvision.data.formats.shapes import (
    ELLIPSE_NOTE,
    MASK_NOTE,
    POINTS_NOTE,
    POLYGON_NOTE,
    TURNED_NOTE,
    box_around,
    turned,
    turned_ellipse,
)
from toonvision.data.source_tree import SourceTree
from toonvision.data.subsets import named_subset
from toonvision.data.xml_files import parse_xml

TITLE = "CVAT for images"
_ROOT = "annotations"
_SHAPES = frozenset({"box", "polygon", "polyline", "points", "ellipse", "mask", "skeleton", "cuboid"})
_TAG = "tag"
_CORNERS = ("tl1", "bl1", "tr1", "br1", "tl2", "bl2", "tr2", "br2")
"""Of a cuboid: top or bottom, left or right, near face or far."""
_FLAGS = {"0": False, "1": True}


def recognise(tree: SourceTree) -> str | None:
    """Return in words how files of CVAT lie in a source."""
    return lying_in(TITLE, _files(tree), tree)


def read(tree: SourceTree) -> Reading:
    """Read every picture that CVAT's files list.

    Raises:
        InputRejectedError: If no file can be read, a picture is listed twice, or two pictures share a name.
    """
    paths = [path for path in tree.with_suffix(".xml") if tree.xml_roots[path] == _ROOT or tree.confined(path)]
    return read_files(paths, tree, lambda path: _entries(path, tree), _object)


def _files(tree: SourceTree) -> list[Path]:
    return [path for path, root in tree.xml_roots.items() if root == _ROOT]


def _entries(path: Path, tree: SourceTree) -> Iterator[Listed]:
    """Yield the pictures of a file.

    Raises:
        RejectedItemError: If it cannot be read, or lists none.
    """
    root = parse_xml(path, limit=LARGEST_DOCUMENT)
    if root.find("track") is not None:
        reason = "is CVAT for video, whose tracks are not read"
        raise RejectedItemError(reason, "export the task from CVAT as 'CVAT for images 1.1'", code="cvat-video")
    pictures = root.findall("image")
    if not pictures:
        raise RejectedItemError(f"lists no picture, as {TITLE} would", "export it again", code="missing-tag")
    only_tags = not any(shape.tag in _SHAPES for picture in pictures for shape in picture)
    for picture in pictures:
        name, subset = picture.get("name", ""), picture.get("subset") or ""
        item = f"{tree.relative(path)}, {name}"
        labels = [tag for tag in picture if tag.tag == _TAG]
        rows = labels if only_tags else [shape for shape in picture if shape.tag != _TAG]
        findings = () if only_tags or not labels else (_left_out(item, len(labels)),)
        yield Listed(path, item, _below(subset, name), rows, _size(picture), findings, named_subset(subset))


def _below(subset: str, name: str) -> str:
    """Return the name of a picture in the folder of its subset, where a project's export puts it."""
    return f"{subset}/{name}" if subset and name else name


def _left_out(item: str, labels: int) -> Finding:
    reason = f"labels of the whole picture ({labels}) are left out, since other objects have shapes"
    return Finding(item, reason, "draw boxes for them, or remove them", "picture-label", objects=labels)


def _size(picture: ElementTree.Element) -> tuple[int, int] | None:
    width, height = picture.get("width", ""), picture.get("height", "")
    known = all(side.isdecimal() and side.isascii() and len(side) < 7 for side in (width, height))
    return (int(width), int(height)) if known and int(width) and int(height) else None


def _object(shape: ElementTree.Element, number: int, _canvas: Canvas) -> AnnotatedObject:
    label = checked_label(shape.get("label"))
    own = ((name, _FLAGS.get(shape.get(name, ""), shape.get(name))) for name in ("occluded", "rotation"))
    named = ((attribute.get("name", ""), attribute.text) for attribute in shape.iterfind("attribute"))
    if shape.tag == _TAG:
        return AnnotatedObject(number, label, None, stated(named))
    xyxy, note = _box(shape)
    return AnnotatedObject(number, label, xyxy, stated(chain(own, named)), note)


def _box(shape: ElementTree.Element) -> tuple[Xyxy, str]:
    """Return the box of a shape, and how it came about if it was not drawn as one."""
    degrees = parse_coordinate(shape.get("rotation", "0"), "rotation")
    if shape.tag == "box":
        left, top, right, bottom = _numbers(shape, "xtl", "ytl", "xbr", "ybr")
        xyxy = (left, top, right, bottom)
        return (turned(xyxy, degrees), TURNED_NOTE) if degrees else (xyxy, "")
    if shape.tag == "ellipse":
        x, y, rx, ry = _numbers(shape, "cx", "cy", "rx", "ry")
        return turned_ellipse((x - rx, y - ry, x + rx, y + ry), degrees), ELLIPSE_NOTE
    if shape.tag == "mask":
        left, top, width, height = _numbers(shape, "left", "top", "width", "height")
        return (left, top, left + width, top + height), MASK_NOTE
    if shape.tag == "cuboid":
        corners = [_numbers(shape, f"x{corner}", f"y{corner}") for corner in _CORNERS]
        return box_around(corners), POINTS_NOTE
    if shape.tag == "skeleton":
        joints = [joint for joint in shape.iterfind("points") if joint.get("outside") != "1"]
        return box_around(point for joint in joints for point in _points(joint)), POINTS_NOTE
    if shape.tag not in _SHAPES:
        raise RejectedItemError(f"is a <{shape.tag}>, which is not read", "draw its box", code="unknown-shape")
    return box_around(_points(shape)), POLYGON_NOTE if shape.tag == "polygon" else POINTS_NOTE


def _numbers(shape: ElementTree.Element, *names: str) -> list[float]:
    missing = next((name for name in names if shape.get(name) is None), None)
    if missing:
        raise RejectedItemError(f"has no {missing}", "draw it again", code="missing-tag")
    return [parse_coordinate(shape.get(name), name) for name in names]


def _points(shape: ElementTree.Element) -> Iterator[tuple[float, float]]:
    """Yield the points that are written as ``x,y;x,y``."""
    for pair in (shape.get("points") or "").split(";"):
        x, comma, y = pair.partition(",")
        if comma or pair.strip():
            yield parse_coordinate(x, "x"), parse_coordinate(y, "y")
