"""Annotations that a person drew, corrected or confirmed in the workspace: Pascal VOC, one file a screenshot.

They take the place of a source's annotation of that screenshot; the source itself is never changed. What Pascal VOC
has no word for stands in attributes of the tags, where no reader looks: which screenshot is meant, how far its review
has come, and where each box came from.
"""

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

from toonvision.core.errors import Finding, InputRejectedError, RejectedItemError, printable
from toonvision.core.files import followed_inside
from toonvision.core.wording import counted
from toonvision.data.attributes import Attributes, attributes_path, decoded, encoded
from toonvision.data.boxes import (
    AnnotatedObject,
    AnnotatedPicture,
    Box,
    Reading,
    fit_box,
    parse_coordinate,
)
from toonvision.data.formats import pascal_voc
from toonvision.data.listing import name_key, relative
from toonvision.data.source_tree import SourceTree
from toonvision.data.workspace import Source, Workspace

Origin = Literal["drawn", "source", "accepted", "corrected", "unasked"]
"""Where a box came from: a person drew it; the source's annotation has it; a person accepted what a model proposed, as
it was or with another label or box; or it was accepted for its score, without asking."""
Review = Literal["done", "open", "skipped", "unsure"]
"""How far the review of a screenshot has come; only a done one takes the place of the source's annotation."""
SourceReading = tuple[Source, Reading]
"""A source and what its annotations say."""
_REJECTED = "rejected"
_DRAWN: Origin = "drawn"
_DONE: Review = "done"
_Key = tuple[str, str]
"""A picture: the key of its source, and its path below that."""


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
    """

    source: str
    picture: str
    size_wh: tuple[int, int]
    boxes: tuple[LabelledBox, ...] = ()
    rejected: tuple[LabelledBox, ...] = ()
    review: Review = _DONE


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
    if annotation.review != _DONE:
        root.set("review", annotation.review)
    for tag, boxes in ((pascal_voc.OBJECT, annotation.boxes), (_REJECTED, annotation.rejected)):
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
    rejected, _ = pascal_voc.read_tags(document, name, tag=_REJECTED)
    rejected_tags = list(document.iter(_REJECTED))
    review = document.get("review", _DONE)
    annotation = Annotation(
        document.get("source", ""),
        document.get("picture", ""),
        size_wh,
        tuple(_labelled(objects, tags, size_wh)),
        tuple(_labelled(rejected, rejected_tags, size_wh)),
        review if review in get_args(Review) else "open",  # type: ignore[arg-type]
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
            origin if origin in get_args(Origin) else _DRAWN,  # type: ignore[arg-type]
            tag.get("model", ""),
            score,
            entry.attributes,
        )


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


def with_own_annotations(readings: Sequence[SourceReading], workspace: Workspace) -> list[SourceReading]:
    """Return the readings of all sources, with the workspace's own annotations in the place of theirs.

    Raises:
        InputRejectedError: If two of them are of one picture.
    """
    root = workspace.annotations
    if not root.is_dir():
        return list(readings)
    files, broken = read_annotations(root)
    pictures = Pictures(readings)
    own, orphans = assigned(files, pictures)
    unused = [_orphan(file) for file in orphans if file.annotation.review == _DONE]
    unfinished = sum(file.annotation.review != _DONE for file in own.values())
    if unfinished:
        reason = f"{counted(unfinished, 'review')} not ended yet; what the source says of these screenshots counts"
        unused.append(Finding(root.name, reason, code="open-review"))
    of_broken = {pictures.at(path, root): finding for path, finding in broken.items()}
    unused += [finding for key, finding in of_broken.items() if key is None]
    replaced = []
    for source, reading in readings:
        ours = {name: file for (key, name), file in own.items() if key == source.key}
        done = {name: file for name, file in ours.items() if file.annotation.review == _DONE}
        damaged = {key[1]: finding for key, finding in of_broken.items() if key and key[0] == source.key}
        # Where the workspace's own is damaged, what the source says is older: it does not come back.
        replaced.append((source, _with(reading, source, done).without(damaged)))
    if unused and replaced:
        source, reading = replaced[0]
        replaced[0] = source, replace(reading, findings=(*reading.findings, *unused))
    return replaced


class Pictures:
    """The pictures of all sources, as annotations of the workspace name them."""

    def __init__(self, readings: Sequence[SourceReading]) -> None:
        """Take the pictures of the readings: those that can be used, and the others."""
        self.sources = {source.key: source for source, _ in readings}
        self.names: dict[str, list[_Key]] = {}
        self.files: dict[str, list[_Key]] = {}
        self.places: dict[tuple[str, str], list[_Key]] = {}
        for source, reading in readings:
            for name in (*(picture.name for picture in reading.pictures), *reading.unusable):
                self._add(source.key, name)
            for picture in reading.pictures:
                self._place(picture.context, (source.key, picture.name))

    def _add(self, source: str, name: str) -> None:
        key = (source, name)
        self.names.setdefault(name, []).append(key)
        self.files.setdefault(name.rpartition("/")[2], []).append(key)
        for folder in name.split("/")[:-1] or [""]:
            self._place(folder, key)

    def _place(self, folder: str, key: _Key) -> None:
        keys = self.places.setdefault((folder, name_key(key[1].rpartition("/")[2])), [])
        if key not in keys:
            keys.append(key)

    def meant_by(self, file: AnnotationFile, root: Path) -> _Key | None:
        """Return the picture that an annotation is of; None where there is none, or more than one can be meant.

        One that was moved to another folder, or whose source has another path now, is found by its name.
        """
        source, name = file.annotation.source, file.annotation.picture
        if not name:
            return self.at(file.path, root)
        if (source, name) in self.names.get(name, ()) or self._is_unlisted(source, name):
            return source, name
        for found in (self.names.get(name, []), self.files.get(name.rpartition("/")[2], [])):
            if len(found) == 1:
                return found[0]
        return None

    def _is_unlisted(self, source: str, name: str) -> bool:
        """Return whether a source has a picture of which its annotations say nothing."""
        if source not in self.sources:
            return False
        try:
            return followed_inside(self.sources[source].root, self.sources[source].root / name, name=name).is_file()
        except RejectedItemError:
            return False

    def at(self, path: Path, root: Path) -> _Key | None:
        """Return the picture in the context, and of the stem, of an annotation's file."""
        folder = path.parent.name if path.parent != root else ""
        found = self.places.get((folder, name_key(f"{path.stem}.xml")), [])
        return found[0] if len(found) == 1 else None


def assigned(
    files: Iterable[AnnotationFile], pictures: Pictures
) -> tuple[dict[_Key, AnnotationFile], list[AnnotationFile]]:
    """Return the annotation of each picture that has one, and those without a picture.

    Raises:
        InputRejectedError: If two are of one picture.
    """
    own: dict[_Key, AnnotationFile] = {}
    orphans = []
    for file in files:
        root = file.path.parents[file.name.count("/") - 1]
        key = pictures.meant_by(file, root)
        if key is None:
            orphans.append(file)
        elif own.setdefault(key, file) is not file:
            raise InputRejectedError(printable(f"{own[key].path} and {file.path} annotate one picture. Remove one."))
    return own, orphans


def _orphan(file: AnnotationFile) -> Finding:
    named = f"its picture {file.annotation.picture!r} is missing" if file.annotation.picture else "it has no picture"
    remedy = "put the picture back, or remove this file"
    return Finding(file.name, named, remedy, "no-picture", objects=len(file.objects), pictures=1)


def _with(reading: Reading, source: Source, own: Mapping[str, AnnotationFile]) -> Reading:
    """Return a reading with some annotations in the place of its own, by the name of the picture."""
    if not own:
        return reading
    before = {picture.name: picture for picture in reading.pictures}
    tree = None if own.keys() <= before.keys() else SourceTree.of(source.root)
    after = {name: _picture(file, name, source, before.get(name), tree) for name, file in own.items()}
    still = {name: finding for name, finding in reading.unusable.items() if name not in own}
    settled = set(reading.unusable.values()) - set(still.values())
    return Reading(
        (
            *(after.pop(picture.name, picture) for picture in reading.pictures),
            *(picture for _, picture in sorted(after.items())),
        ),
        tuple(finding for finding in reading.findings if finding not in settled),
        still,
        reading.replaced | {before[name].attributes for name in own if name in before},
    )


def _picture(
    file: AnnotationFile, name: str, source: Source, before: AnnotatedPicture | None, tree: SourceTree | None
) -> AnnotatedPicture:
    path = before.path if before else source.root / name
    if before:
        context, subset = before.context, before.subset
    else:
        assert tree is not None
        context, subset = tree.context_of(path), tree.subset_of(path)
    size_wh = file.annotation.size_wh if all(file.annotation.size_wh) else None
    return AnnotatedPicture(
        path, name, file.name, context, file.objects, size_wh, file.findings, attributes_path(file.path), subset
    )
