"""labelme: a JSON file for each picture, with shapes in pixels; X-AnyLabeling and others write it too.

Points are pixel edges, with fractions. A rectangle has two opposite corners, or all four; a turned one has four, and an
angle in radians. A circle has its centre and a point on it, a mask its first and its last pixel. A shape without a type
is a polygon, as before version 4. Shapes of one label and one ``group_id`` are one object.

Source:
    `_label_file.py` and `_shape/_model.py` of wkentaro/labelme; the label files of CVHub520/X-AnyLabeling.
"""

import math
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from toonvision.core.errors import Finding, RejectedItemError
from toonvision.core.grouping import grouped
from toonvision.core.wording import counted
from toonvision.data.attributes import stated
from toonvision.data.boxes import AnnotatedObject, Reading, Xyxy, finite, with_sorted_corners
from toonvision.data.formats import shapes
from toonvision.data.formats.json_files import (
    label_of,
    mapping,
    own_documents,
    picture_of,
    read_documents,
    size_of,
    whole_picture,
)
from toonvision.data.formats.listed import Canvas, Listed
from toonvision.data.source_tree import SourceTree

TITLE = "labelme"
_TURNED = ("rotation", "oriented_rectangle")
_BOXED = ("rectangle", "polygon", "circle", "mask", *_TURNED)
_STATED = ("difficult", "group_id", "description", "score")


_TAKE_OUT = (
    "write it beside the file, with this in the source's folder: python -c \"import base64, json, pathlib; "
    "[p.with_suffix('.png').write_bytes(base64.b64decode(d['imageData'])) for p in pathlib.Path().rglob('*.json') "
    "if [q.stem for q in p.parent.iterdir()].count(p.stem) == 1 and p.read_bytes().rstrip().endswith(b'}') "
    "for d in [json.loads(p.read_bytes())] if d.get('imageData') "
    "and not p.parent.joinpath(str(d.get('imagePath')).replace(chr(92), '/')).is_file()]\""
)
_GROUP_NOTE = "the box around its grouped shapes was taken"


def recognise(tree: SourceTree) -> str | None:
    """Return in words how labelme's files lie in a source."""
    return "labelme, a JSON file for each picture" if own_documents(tree, _is_own) else None


def read(tree: SourceTree) -> Reading:
    """Read every annotated picture of a source.

    Raises:
        InputRejectedError: If two files annotate one picture, or two pictures share a name.
    """
    own = own_documents(tree, _is_own)
    drawn = any(content["shapes"] for content in own.values())
    within = {path: own.pop(path) for path in [path for path in own if _is_within(path, own[path], tree)]}
    pictures, renamed = _pictures(own, tree)
    entries = [_listed(path, content, tree, drawn=drawn) for path, content in own.items()]
    reading = read_documents(entries, tree, _object, find=lambda entry: pictures[entry.document])
    return replace(reading, findings=(*reading.findings, *_kept_within(within, tree), *_renamed(renamed, tree)))


def _pictures(
    documents: Mapping[Path, Mapping[str, Any]], tree: SourceTree
) -> tuple[Mapping[Path, Path | None], Sequence[Path]]:
    """Return the picture of each file: the one beside that of its own name that it states, as labelme opens it.

    Where files of which each has a picture of its own name state one picture together, their pictures were renamed, and
    the names of these files count; they are returned, too.
    """
    own = {path: picture_of(path, tree) for path in documents}
    stated = {
        path: found
        for path, picture in own.items()
        if picture and (found := tree.picture_at(str(documents[path]["imagePath"]), beside=path))
        if found.parent == picture.parent
    }
    renamed: list[Path] = []
    while True:  # the picture of its own name may be one that yet another file states
        both = {**own, **stated}
        claims = Counter(picture for path, picture in both.items() if own[path])
        shared = {path for path, picture in stated.items() if claims[picture] > 1 and picture != own[path]}
        if not shared:
            return both, renamed
        renamed += shared
        stated = {path: picture for path, picture in stated.items() if path not in shared}


def _renamed(paths: Sequence[Path], tree: SourceTree) -> Iterator[Finding]:
    """Report the files whose own names count instead of the pictures that they state, all at once."""
    if paths:
        others = f", as for {counted(len(paths) - 1, 'other file')}" if len(paths) > 1 else ""
        reason = f"states a picture that another file states, too; the picture of its own name was taken{others}"
        remedy = "correct its imagePath, if it is another one"
        yield Finding(tree.relative(min(paths)), reason, remedy, "renamed")


def _is_within(path: Path, content: Mapping[str, Any], tree: SourceTree) -> bool:
    """Return whether the picture of a file is in this alone."""
    if not content.get("imageData") or picture_of(path, tree):
        return False
    try:
        tree.picture_named(str(content["imagePath"]), beside=path)
    except RejectedItemError as error:
        return error.code == "no-picture"
    return False


def _kept_within(documents: Mapping[Path, Mapping[str, Any]], tree: SourceTree) -> Iterator[Finding]:
    """Report files that hold the only copy of their pictures, all at once."""
    if documents:
        others = f", as {len(documents):,} files here do" if len(documents) > 1 else ""
        reason = f"holds the only copy of its picture{others}"
        rows = [content["shapes"] for content in documents.values()]
        objects = sum(len(own) for own in rows if isinstance(own, list))
        first = tree.relative(next(iter(documents)))
        yield Finding(first, reason, f"{tree.unpacking}{_TAKE_OUT}", "no-picture", objects, len(documents))


def _is_own(content: Mapping[str, Any]) -> bool:
    return "shapes" in content and "imagePath" in content


def _listed(path: Path, content: Mapping[str, Any], tree: SourceTree, *, drawn: bool) -> Listed:
    """Return a picture; where nothing is `drawn` in the whole source, the flags of a picture are its label."""
    size_wh = size_of(content.get("imageWidth"), content.get("imageHeight"))
    rows, flags = content["shapes"], content.get("flags")
    if isinstance(rows, list) and isinstance(flags, dict):  # those of the picture hold for each of its objects
        rows = [{"picture_flags": flags, **row} if isinstance(row, dict) else row for row in rows]
    if not drawn and isinstance(flags, dict) and (raised := [name for name, flag in flags.items() if flag is True]):
        rows = [raised]
    listed = Listed(path, tree.relative(path), content["imagePath"], rows, size_wh)
    return _by_group(listed, rows) if drawn and isinstance(rows, list) else listed


def _by_group(listed: Listed, rows: list[Any]) -> Listed:
    """Return a picture with shapes that are one object, which hides behind others in part, as one tuple, read.

    An object has the number of its first shape in the file. Of several shapes, the ones that cannot be read are
    findings.
    """
    found: dict[int, Any] = {}
    findings: list[Finding] = []
    for own in grouped(enumerate(rows, start=1), _group).values():
        parts: list[AnnotatedObject] = []
        for number, row in own if len(own) > 1 else ():
            try:
                parts.append(with_sorted_corners(_object(row, number)))
            except RejectedItemError as error:
                findings.append(error.finding(f"{listed.item}, shape {number}", objects=1))
        if len(own) == 1:
            found.update(own)
        elif parts:
            found[parts[0].number] = tuple(parts)
    return listed._replace(rows=[*found.values()], findings=tuple(findings), numbers=[*found])


def _group(numbered: tuple[int, Any]) -> Hashable:
    """Return what the shapes of one object share: a label and a group; what no other shape has for any other.

    An empty text is no group: programs write it where a field was left blank.
    """
    number, row = numbered
    if not isinstance(row, dict) or (row.get("shape_type") or "polygon") not in _BOXED:
        return number
    label, group = row.get("label"), row.get("group_id")
    return (label, group) if isinstance(label, str) and isinstance(group, int | str) and group != "" else number


def _object(row: Any, number: int, _canvas: Canvas | None = None) -> AnnotatedObject:
    if isinstance(row, list):
        return whole_picture(row, number, "flags")
    if isinstance(row, tuple):
        edges = [edge for part in row if part.xyxy for edge in (part.xyxy[:2], part.xyxy[2:])]
        first: AnnotatedObject = row[0]
        note = _GROUP_NOTE if len(row) > 1 else first.note
        return first._replace(number=number, xyxy=shapes.box_around(edges), note=note)
    shape = mapping(row, "a shape")
    label = label_of(shape.get("label"))
    kind = shape.get("shape_type") or "polygon"
    xyxy, note = _box(shape, kind)
    pairs = [(name, shape[name]) for name in _STATED if shape.get(name) is not None]
    for name in ("flags", "attributes", "picture_flags"):
        more = shape.get(name)
        pairs += more.items() if isinstance(more, dict) else ()
    if kind in _TURNED:
        pairs.insert(0, ("rotation", _degrees(shape)))
    return AnnotatedObject(number, label, xyxy, stated(pairs), note)


def _box(shape: Mapping[str, Any], kind: object) -> tuple[Xyxy, str]:
    """Return the box of a shape, and how it came about where the shape is no upright box."""
    if kind not in _BOXED:
        raise shapes.no_box(kind)
    points = shapes.listed_points(shape.get("points"), "points")
    left, top, right, bottom = box = shapes.box_around(points)
    if kind == "circle":
        (x, y), (on_x, on_y) = points[:2]
        return shapes.circle_box(x, y, math.hypot(on_x - x, on_y - y)), shapes.CIRCLE_NOTE
    if kind == "mask":
        return (left, top, right + 1, bottom + 1), shapes.MASK_NOTE
    if kind == "polygon":
        return box, shapes.POLYGON_NOTE
    upright = all(x in (left, right) and y in (top, bottom) for x, y in points)
    return box, "" if upright else shapes.TURNED_NOTE


def _degrees(shape: Mapping[str, Any]) -> float:
    """Return by how many degrees a box is turned, clockwise: as stated, else by its first side."""
    (x, y), (next_x, next_y) = shapes.listed_points(shape.get("points"), "points")[:2]
    direction: Any = shape.get("direction")
    if shapes.is_number(direction):
        return round(math.degrees(finite(direction, "direction")) % 360, 3)
    angle = math.atan2(next_y - y, next_x - x)
    return round(math.degrees(angle) % 360, 3)
