"""Pascal VOC: an XML file for each picture, beside it or in `Annotations/` next to `JPEGImages/`; read and written."""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from toonvision.core.errors import Finding, InputRejectedError, RejectedItemError, printable
from toonvision.core.files import read_regular, write_bytes
from toonvision.data.boxes import AnnotatedObject, AnnotatedPicture, Reading, checked_label, parse_coordinate
from toonvision.data.formats.base import LARGEST_ANNOTATION, no_picture, read_annotation, read_objects, read_pictures
from toonvision.data.source_tree import SourceTree

TITLE = "Pascal VOC"
_EDGES = ("xmin", "ymin", "xmax", "ymax")
_DECLARED = re.compile(rb"""\s*<\?xml[^>]*?\sencoding\s*=\s*["']([\w.-]{1,40})""")
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def recognise(tree: SourceTree) -> str | None:
    """Return in words how Pascal VOC files lie in a source."""
    return "Pascal VOC, an XML file for each picture" if tree.with_suffix(".xml") else None


def read(tree: SourceTree) -> Reading:
    """Read every annotated picture of a source.

    Raises:
        InputRejectedError: If two pictures share a name, or two annotations a picture.
    """
    annotations: dict[Path, Path] = {}
    strays = []
    for path in tree.with_suffix(".xml"):
        picture = tree.picture_of(path)
        if picture is None:
            strays.append(no_picture(path, tree, f"add {path.stem}.png or remove it"))
            continue
        if picture in annotations:
            both = printable(f"{annotations[picture]} and {path}")
            raise InputRejectedError(f"{both} annotate one picture. Remove one.")
        annotations[picture] = path

    def read_picture(path: Path) -> AnnotatedPicture | Finding:
        annotation = annotations.get(path)
        if annotation is None:
            remedy = "draw its boxes, or save an empty annotation"
            return Finding(tree.relative(path), "has no annotation", remedy, "no-annotation")
        return read_annotation(annotation, tree, partial(_read, path, annotation, tree))

    pictures = sorted(tree.pictures, key=lambda path: path.with_suffix(""))
    return read_pictures(pictures, tree, read_picture, strays)


def write(path: Path, *, picture: str, size_wh: tuple[int, int], objects: Iterable[AnnotatedObject]) -> None:
    """Write the annotation of one picture; reading it back gives the same objects.

    One without a box is written with the box of the whole picture. `picture` is the picture's file name.
    """
    width, height = size_wh
    root = ElementTree.Element("annotation")
    _tag(root, "filename", picture)
    size = _tag(root, "size")
    for name, value in (("width", width), ("height", height), ("depth", 3)):
        _tag(size, name, str(value))
    for entry in objects:
        element = _tag(root, "object")
        _tag(element, "name", checked_label(entry.label))
        box = _tag(element, "bndbox")
        for name, edge in zip(_EDGES, entry.xyxy or (0, 0, width, height), strict=True):
            _tag(box, name, format(edge, "g") if edge == int(edge) and abs(edge) < 1e6 else repr(float(edge)))
    ElementTree.indent(root)
    write_bytes(path, ElementTree.tostring(root, encoding="utf-8") + b"\n")


def _read(picture: Path, annotation: Path, tree: SourceTree, name: str) -> AnnotatedPicture:
    root = _parse(annotation)
    size_wh = _size(root)
    objects, findings = read_objects(list(root.iter("object")), _object, name)
    return AnnotatedPicture(
        picture, tree.relative(picture), name, tree.context_of(picture), objects, size_wh, findings, annotation,
        tree.subset_of(picture),
    )  # fmt: skip


def _parse(path: Path) -> ElementTree.Element:
    """Parse hostile XML: no DTD, no entities, at most 10 MB."""
    import defusedxml.ElementTree as SafeTree
    from defusedxml.common import DefusedXmlException

    content = read_regular(path, limit=LARGEST_ANNOTATION)
    try:
        root: ElementTree.Element = SafeTree.fromstring(content, forbid_dtd=True)
    except DefusedXmlException as error:
        raise RejectedItemError("declares a DTD or entities", "save it without", code="xml-entities") from error
    except (ValueError, LookupError) as error:
        reason = f"is written in {_encoding(content)}, which cannot be read"
        raise RejectedItemError(reason, "save it as UTF-8", code="encoding") from error
    except ElementTree.ParseError as error:
        if not _decodes(content):
            reason = f"is not written in {_encoding(content)}, as it should be"
            raise RejectedItemError(reason, "save it as UTF-8", code="encoding") from error
        raise RejectedItemError(f"is not valid XML ({error})", "annotate the picture again", code="bad-xml") from error
    return root


def _encoding(content: bytes) -> str:
    """Return the encoding that a document declares, or must have without a declaration."""
    declared = _DECLARED.match(content)
    if declared:
        return declared[1].decode()
    return "UTF-16" if content.startswith(_UTF_16_MARKS) else "UTF-8"


def _decodes(content: bytes) -> bool:
    """Return whether a document can have the declared encoding; it is not UTF-16 if the declaration can be read."""
    encoding = _encoding(content)
    try:
        content.decode(encoding)
    except (UnicodeError, LookupError):
        return False
    return not (_DECLARED.match(content) and encoding.lower().startswith(("utf-16", "utf-32")))


def _size(root: ElementTree.Element) -> tuple[int, int] | None:
    size = root.find("size")
    if size is None or size.findtext("width") is None or size.findtext("height") is None:
        return None
    width, height = (parse_coordinate(size.findtext(tag), f"size/{tag}") for tag in ("width", "height"))
    # labelImg and others leave 0 x 0 where they did not know the size.
    return (int(width), int(height)) if width or height else None


def _object(element: ElementTree.Element, number: int) -> AnnotatedObject:
    label = checked_label(element.findtext("name"))
    box = element.find("bndbox")
    missing = ["bndbox"] if box is None else [edge for edge in _EDGES if box.find(edge) is None]
    if box is None or missing:
        raise RejectedItemError(f"{label} has no <{missing[0]}>", "draw its box again", code="missing-tag")
    left, top, right, bottom = (parse_coordinate(box.findtext(edge), edge) for edge in _EDGES)
    return AnnotatedObject(number, label, (left, top, right, bottom))


def _tag(parent: ElementTree.Element, name: str, text: str | None = None) -> ElementTree.Element:
    tag = ElementTree.SubElement(parent, name)
    tag.text = text
    return tag
