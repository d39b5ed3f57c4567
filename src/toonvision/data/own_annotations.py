"""Annotations that a person drew, corrected or confirmed in the workspace: Pascal VOC, one file a screenshot.

They take the place of a source's annotation of that screenshot; the source itself is never changed. What Pascal VOC
has no word for stands in attributes of the tags, where no reader looks: which screenshot is meant, how far its review
has come, and where each box came from.
"""

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from toonvision.core.errors import Finding, RejectedItemError
from toonvision.core.files import followed_inside
from toonvision.data.attributes import Attributes, decoded, encoded
from toonvision.data.boxes import (
    AnnotatedObject,
    Box,
    fit_box,
    parse_coordinate,
)
from toonvision.data.formats import pascal_voc
from toonvision.data.listing import relative

Origin = Literal["drawn", "source", "accepted", "corrected", "unasked"]
"""Where a box came from: a person drew it; the source's annotation has it; a person accepted what a model proposed, as
it was or with another label or box; or it was accepted for its score, without asking."""
Review = Literal["done", "open", "skipped", "unsure"]
"""How far the review of a screenshot has come; only a done one takes the place of the source's annotation."""
_DRAWN: Origin = "drawn"
DONE: Review = "done"


@dataclass(frozen=True)
class LabelledBox:
    """A box that somebody or something decided on.

    Attributes:
        id: Names it among those of its screenshot.
        label: What it shows.
        box: Where.
        origin: Where it came from.
        model: The model that proposed it, if one did.
        score: The score that the model gave it, 0 to 1.
        attributes: What else is known of the object.
    """

    id: str
    label: str
    box: Box
    origin: Origin = _DRAWN
    model: str = ""
    score: float | None = None
    attributes: Attributes = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Annotation:
    """What was decided about a screenshot.

    Attributes:
        source: The key of its source.
        picture: Its path below the source, with slashes.
        size_wh: Its width and height in pixels.
        boxes: Its objects; a done review without any says that it shows none.
        rejected: What a model proposed and a person rejected.
        review: How far its review has come.
        context: Where it was taken, where that was decided; empty where its folder says it.
    """

    source: str
    picture: str
    size_wh: tuple[int, int]
    boxes: tuple[LabelledBox, ...] = ()
    rejected: tuple[LabelledBox, ...] = ()
    review: Review = DONE
    context: str = ""


@dataclass(frozen=True)
class AnnotationFile:
    """A file below `annotations/`: what it says, and its objects as an extraction reads them."""

    path: Path
    name: str
    annotation: Annotation
    objects: tuple[AnnotatedObject, ...]
    findings: tuple[Finding, ...]


def write_annotation(path: Path, annotation: Annotation) -> None:
    """Write what was decided about a screenshot, atomically; the same decisions give the same bytes."""
    root = pascal_voc.document(picture=Path(annotation.picture).name, size_wh=annotation.size_wh)
    root.attrib |= {"source": annotation.source, "picture": annotation.picture}
    if annotation.review != DONE:
        root.set("review", annotation.review)
    if annotation.context:
        root.set("context", annotation.context)
    for tag, boxes in ((pascal_voc.OBJECT, annotation.boxes), (pascal_voc.REJECTED, annotation.rejected)):
        for number, one in enumerate(boxes, start=1):
            entry = AnnotatedObject(number, one.label, one.box.xyxy)
            pascal_voc.add_object(root, entry, annotation.size_wh, tag=tag).attrib |= _provenance(one, tag)
    pascal_voc.write_document(path, root)


def _provenance(one: LabelledBox, tag: str) -> dict[str, str]:
    stated = {"id": one.id, "origin": one.origin if tag == pascal_voc.OBJECT else "", "model": one.model}
    if one.score is not None:
        stated["score"] = repr(one.score)
    if one.attributes:
        stated["attributes"] = encoded(one.attributes)
    return {name: value for name, value in stated.items() if value}


def read_annotation(path: Path, root: Path) -> AnnotationFile:
    """Read a file below `annotations/`, which is the `root`.

    One that another program wrote, and that says nothing of its screenshot, is of the picture of its file name.

    Raises:
        RejectedItemError: If it cannot be read, or leads out of the root.
    """
    name = f"{root.name}/{relative(path, root)}"
    followed_inside(root, path, name=name)
    document = pascal_voc.parse_document(path)
    objects, findings = pascal_voc.read_tags(document, name)
    tags = list(document.iter(pascal_voc.OBJECT))
    objects = tuple(one._replace(attributes=_attributes(tags[one.number - 1]) or one.attributes) for one in objects)
    size_wh = pascal_voc.stated_size(document) or (0, 0)
    rejected, _ = pascal_voc.read_tags(document, name, tag=pascal_voc.REJECTED)
    rejected_tags = list(document.iter(pascal_voc.REJECTED))
    review = document.get("review", DONE)
    annotation = Annotation(
        document.get("source", ""),
        document.get("picture", ""),
        size_wh,
        tuple(_labelled(objects, tags, size_wh)),
        tuple(_labelled(rejected, rejected_tags, size_wh)),
        review if review in get_args(Review) else "open",  # type: ignore[arg-type] # it is one of them
        _folder_name(document.get("context", "")),
    )
    return AnnotationFile(path, name, annotation, objects, findings)


def _labelled(
    objects: Iterable[AnnotatedObject], tags: Sequence[ElementTree.Element], size_wh: tuple[int, int]
) -> Iterator[LabelledBox]:
    """Yield the boxes of the objects that can be cut out."""
    for entry in objects:
        tag = tags[entry.number - 1]
        try:
            box, _ = fit_box(entry.xyxy or (0, 0, *size_wh), size_wh)
            score = parse_coordinate(tag.get("score"), "score") if tag.get("score") else None
        except RejectedItemError:
            continue  # an extraction says why
        origin = tag.get("origin", _DRAWN)
        yield LabelledBox(
            tag.get("id") or f"o{entry.number}",
            entry.label,
            box,
            origin if origin in get_args(Origin) else _DRAWN,  # type: ignore[arg-type] # it is one of them
            tag.get("model", ""),
            score,
            entry.attributes,
        )


def _folder_name(text: str) -> str:
    """Return a context as it can name a folder; an empty text where it cannot, as other programs may write it."""
    return "" if text.startswith(".") or set(text) & set("/\\") or not text.isprintable() else text


def _attributes(tag: ElementTree.Element) -> Attributes:
    try:
        return decoded(tag.get("attributes", "{}"))
    except RejectedItemError:
        return {}


def read_annotations(root: Path) -> tuple[list[AnnotationFile], dict[Path, Finding]]:
    """Read every file below `annotations/`; return them, and what is wrong with the others."""
    found: list[AnnotationFile] = []
    broken: dict[Path, Finding] = {}
    for path in sorted(root.rglob("[!.]*.xml")) if root.is_dir() else ():
        try:
            found.append(read_annotation(path, root))
        except RejectedItemError as error:
            broken[path] = error.finding(f"{root.name}/{relative(path, root)}", pictures=1)
    return found, broken
