"""Pascal VOC: an XML file for each picture, beside it or in a folder of its own; read and written.

Read are also LabelMe's XML, roLabelImg's turned boxes, and what CVAT and Roboflow add.
"""

import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

from toonvision.core.errors import Finding, InputRejectedError, RejectedItemError, printable, shown
from toonvision.core.files import read_regular, write_bytes
from toonvision.core.wording import counted
from toonvision.data.attributes import attributes_path, stated
from toonvision.data.boxes import AnnotatedObject, AnnotatedPicture, Reading, Xyxy, checked_label, parse_coordinate
from toonvision.data.formats import image_sets
from toonvision.data.formats.base import (
    LARGEST_ANNOTATION,
    boxes_apart,
    no_picture,
    read_annotation,
    read_objects,
    read_pictures,
)
from toonvision.data.formats.shapes import POLYGON_NOTE, TURNED_NOTE, box_around, turned
from toonvision.data.source_tree import SourceTree
from toonvision.data.subsets import Subset
from toonvision.data.xml_files import parse_xml

TITLE = "Pascal VOC"
OBJECT, REJECTED = "object", "rejected"
"""The tags of objects, and of boxes that a person took for none, which this package writes beside them."""
_ROOT = "annotation"
_EDGES = ("xmin", "ymin", "xmax", "ymax")
_TURNED_BOX = ("cx", "cy", "w", "h", "angle")
_SHAPES = ("bndbox", "robndbox", "polygon")
_SIZES = (("size", "width", "height"), ("imagesize", "ncols", "nrows"))
"""Where a size is stated, the second by LabelMe."""
_NO_ATTRIBUTES = frozenset({"name", "id", "type", "date", "deleted", "verified"})
_UNKNOWN = frozenset({"", "none", "null", "unknown", "unspecified"})
"""What programs write for a side that they did not know."""
_FLAGS = {"0": False, "1": True}


def recognise(tree: SourceTree) -> str | None:
    """Return in words how Pascal VOC files lie in a source."""
    pictured = (root == _ROOT or (not root and tree.picture_of(path)) for path, root in tree.xml_roots.items())
    return "Pascal VOC, an XML file for each picture" if any(pictured) else None


def read(tree: SourceTree) -> Reading:
    """Read every annotated picture of a source.

    Raises:
        InputRejectedError: If two pictures share a name, or two annotations that differ a picture.
    """
    annotations, findings = _pairs(tree)
    subsets, notes = image_sets.read(tree)

    def read_picture(path: Path) -> AnnotatedPicture | Finding:
        annotation = annotations.get(path)
        if annotation is None:
            return Finding(tree.relative(path), "has no annotation", _without(path, tree), "no-annotation")
        return read_annotation(annotation, tree, partial(_read, path, annotation, tree, subsets))

    pictures = sorted(tree.pictures, key=lambda path: path.with_suffix(""))
    # Of two pictures of one stem an annotation means the one that it states.
    return read_pictures(pictures, tree, read_picture, (*findings, *notes), by_stem=False)


def write(path: Path, *, picture: str, size_wh: tuple[int, int], objects: Iterable[AnnotatedObject]) -> None:
    """Write the annotation of one picture; reading it back gives the same objects.

    One without a box is written with the box of the whole picture. `picture` is the picture's file name.
    """
    root = document(picture=picture, size_wh=size_wh)
    for entry in objects:
        add_object(root, entry, size_wh)
    write_document(path, root)


def document(*, picture: str, size_wh: tuple[int, int]) -> ElementTree.Element:
    """Return the annotation of a picture, so far without objects."""
    width, height = size_wh
    root = ElementTree.Element(_ROOT)
    _tag(root, "filename", picture)
    size = _tag(root, "size")
    for name, value in (("width", width), ("height", height), ("depth", 3)):
        _tag(size, name, str(value))
    return root


def add_object(
    root: ElementTree.Element, entry: AnnotatedObject, size_wh: tuple[int, int], *, tag: str = OBJECT
) -> ElementTree.Element:
    """Add an object to the annotation of a picture, and return its tag; those of other names are no objects to read."""
    element = _tag(root, tag)
    _tag(element, "name", checked_label(entry.label))
    box = _tag(element, "bndbox")
    for name, edge in zip(_EDGES, entry.xyxy or (0, 0, *size_wh), strict=True):
        _tag(box, name, format(edge, "g") if edge == int(edge) and abs(edge) < 1e6 else repr(float(edge)))
    return element


def write_document(path: Path, root: ElementTree.Element) -> None:
    """Write an annotation atomically."""
    ElementTree.indent(root)
    write_bytes(path, ElementTree.tostring(root, encoding="utf-8") + b"\n")


def _pairs(tree: SourceTree) -> tuple[dict[Path, Path], list[Finding]]:
    """Return the annotation of each picture: that of its name beside it, else one that can mean no other picture."""
    alike = {path: picture for path in tree.xml_roots if (picture := tree.picture_beside(path))}
    exact = {picture for path, picture in alike.items() if path.stem == picture.stem}
    pairs = {path: picture for path, picture in alike.items() if path.stem == picture.stem or picture not in exact}
    annotations: dict[Path, Path] = {}
    findings = [
        _copy(path, annotations[picture], tree)
        for path, picture in pairs.items()
        if annotations.setdefault(picture, path) != path
    ]
    beside = frozenset(annotations)
    for path in (path for path in tree.xml_roots if path not in pairs):
        try:
            found = tree.picture_of(path) or _stated_picture(path, tree)
            if found is None or (found in beside and not _is_copy(path, annotations[found])):
                findings.append(no_picture(path, tree, f"add {path.stem}.png or remove it"))
            elif annotations.setdefault(found, path) != path:
                findings.append(_copy(path, annotations[found], tree))
        except RejectedItemError as error:
            findings.append(error.finding(tree.relative(path), pictures=int(error.code != "other-xml")))
    return annotations, findings


def _stated_picture(annotation: Path, tree: SourceTree) -> Path | None:
    """Return the picture whose file name an annotation states; None where it states none that is there.

    Raises:
        RejectedItemError: If it is XML of another kind, or more than one picture can be meant.
    """
    if (root := tree.xml_roots[annotation]) not in ("", _ROOT):
        raise RejectedItemError(f"is no {TITLE} annotation (its first tag is <{root}>)", code="other-xml")
    if tree.confined(annotation):
        return None
    try:
        name = parse_xml(annotation, limit=LARGEST_ANNOTATION).findtext("filename")
        return tree.picture_named(name.strip(), beside=annotation) if name and name.strip() else None
    except RejectedItemError as error:
        if error.code == "no-picture":
            return None
        raise


def _copy(annotation: Path, other: Path, tree: SourceTree) -> Finding:
    """Report an annotation that says of a picture what another one says.

    Raises:
        InputRejectedError: If it says something else.
    """
    if not _is_copy(annotation, other):
        raise InputRejectedError(printable(f"{other} and {annotation} annotate one picture. Remove one."))
    return Finding(tree.relative(annotation), f"is a copy of {tree.relative(other)}", "remove one", "copy")


def _is_copy(path: Path, other: Path) -> bool:
    try:
        return read_regular(path, limit=LARGEST_ANNOTATION) == read_regular(other, limit=LARGEST_ANNOTATION)
    except RejectedItemError:
        return False


def _without(picture: Path, tree: SourceTree) -> str:
    """Return what to do about a picture without an annotation."""
    labels = tree.text_of(picture)
    return boxes_apart(labels, tree) if labels else "draw its boxes, or save an empty annotation"


def _read(
    picture: Path, annotation: Path, tree: SourceTree, subsets: Mapping[Path, Subset], name: str
) -> AnnotatedPicture:
    root = parse_document(annotation)
    size_wh = stated_size(root)
    objects, findings = read_tags(root, name)
    return AnnotatedPicture(
        picture, tree.relative(picture), name, tree.context_of(picture), objects, size_wh, findings,
        attributes_path(annotation), subsets.get(picture) or tree.subset_of(picture),
    )  # fmt: skip


def parse_document(annotation: Path) -> ElementTree.Element:
    """Return the root of an annotation file.

    Raises:
        RejectedItemError: If it cannot be read, or is no Pascal VOC.
    """
    root = parse_xml(annotation, limit=LARGEST_ANNOTATION)
    if root.tag != _ROOT:
        reason = f"is no {TITLE} annotation: its first tag is {shown(f'<{root.tag}>')}"
        raise RejectedItemError(reason, "annotate the picture again", code="other-xml")
    return root


def read_tags(
    root: ElementTree.Element, name: str, *, tag: str = OBJECT
) -> tuple[tuple[AnnotatedObject, ...], tuple[Finding, ...]]:
    """Return the objects of an annotation, by default, and what is wrong with the others; `name` is the annotation's.

    Raises:
        RejectedItemError: If there are too many.
    """
    objects, findings = read_objects(list(root.iter(tag)), _object, name)
    return objects, (*findings, *_not_read(root, name))


def _not_read(root: ElementTree.Element, name: str) -> Iterator[Finding]:
    """Report the boxes that no object is read from: those in other tags, and all but the first of an object."""
    held: set[ElementTree.Element] = set()
    for number, one in enumerate(root.iter(OBJECT), start=1):
        if one not in held:
            held.update(one.iter())
        more = max(len(one.findall(shape)) for shape in _SHAPES) - 1
        if more > 0:
            reason = f"has {more + 1} boxes, of which the first is read"
            remedy = f"give each an <{OBJECT}> of its own"
            yield Finding(f"{name}, object {number}", reason, remedy, "more-boxes", objects=more)
    held.update(tag for rejected in root.iter(REJECTED) for tag in rejected.iter())
    around = [tag.tag for tag in root.iter() if tag not in held for inner in tag if inner.tag in _SHAPES]
    if around:
        reason = f"has {counted(len(around), 'box', 'boxes')} in {shown(f'<{around[0]}>')}, not in <{OBJECT}>"
        yield Finding(name, reason, f"put each into an <{OBJECT}>", "no-object", objects=len(around))


def stated_size(root: ElementTree.Element) -> tuple[int, int] | None:
    """Return the width and height in pixels that an annotation states, if it does."""
    for tag, wide, high in _SIZES:
        size = root.find(tag)
        if size is None or size.findtext(wide) is None or size.findtext(high) is None:
            continue
        texts = {f"{tag}/{side}": size.findtext(side) or "" for side in (wide, high)}
        if not _UNKNOWN.isdisjoint(text.strip().lower() for text in texts.values()):
            return None
        width, height = (parse_coordinate(text, side) for side, text in texts.items())
        # Programs leave 0 where they did not know a side, too.
        return (int(width), int(height)) if width >= 1 and height >= 1 else None
    return None


def _object(element: ElementTree.Element, number: int) -> AnnotatedObject:
    label = checked_label(element.findtext("name"))
    if element.findtext("deleted") == "1":
        raise RejectedItemError(f"{label} was deleted where it was drawn", code="deleted")
    xyxy, note = _box(element, label)
    attributes = stated(_stated(element))
    rotation = attributes.get("rotation", 0)
    if not note and rotation and isinstance(rotation, float):
        xyxy, note = turned(xyxy, rotation), TURNED_NOTE
    return AnnotatedObject(number, label, xyxy, attributes, note)


def _box(element: ElementTree.Element, label: str) -> tuple[Xyxy, str]:
    """Return the box of an object, and how it came about if it is not the one that is stated."""
    if (box := element.find("bndbox")) is not None:
        left, top, right, bottom = _numbers(box, _EDGES, label)
        return (left, top, right, bottom), ""
    if (box := element.find("robndbox")) is not None:
        x, y, width, height, angle = _numbers(box, _TURNED_BOX, label)
        upright = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        return turned(upright, math.degrees(angle)), TURNED_NOTE
    if (polygon := element.find("polygon")) is not None:
        xs, ys = ([parse_coordinate(corner.text, axis) for corner in _corners(polygon, axis)] for axis in "xy")
        if len(xs) != len(ys):
            raise RejectedItemError(f"{label} has {len(xs)} x and {len(ys)} y", "draw it again", code="missing-tag")
        return box_around(zip(xs, ys, strict=True)), POLYGON_NOTE
    raise RejectedItemError(f"{label} has no <bndbox>", "draw its box again", code="missing-tag")


def _numbers(box: ElementTree.Element, tags: Iterable[str], label: str) -> list[float]:
    texts = {tag: box.findtext(tag) for tag in tags}
    missing = next((tag for tag, text in texts.items() if text is None), None)
    if missing:
        raise RejectedItemError(f"{label} has no <{missing}>", "draw its box again", code="missing-tag")
    return [parse_coordinate(text, tag) for tag, text in texts.items()]


def _corners(polygon: ElementTree.Element, axis: str) -> list[ElementTree.Element]:
    """Return the tags of one coordinate: LabelMe writes ``<pt><x>``, others ``<x1>``."""
    return [corner for corner in polygon.iter() if corner.tag[:1] == axis and corner.tag[1:].strip("0123456789") == ""]


def _stated(element: ElementTree.Element) -> Iterator[tuple[str, object]]:
    """Yield what else an annotation says of an object: its own tags, and CVAT's attributes."""
    for tag in element:
        text = (tag.text or "").strip()
        if text and len(tag) == 0 and tag.tag not in _NO_ATTRIBUTES and text != "Unspecified":
            yield tag.tag, _FLAGS.get(text, text)
    for attribute in element.iterfind("attributes/attribute"):
        yield attribute.findtext("name") or "", attribute.findtext("value")


def _tag(parent: ElementTree.Element, name: str, text: str | None = None) -> ElementTree.Element:
    tag = ElementTree.SubElement(parent, name)
    tag.text = text
    return tag
