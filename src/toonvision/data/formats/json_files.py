"""What the formats in JSON share: values are checked one by one, and each picture that a document lists is found."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toonvision.core.errors import Finding, InputRejectedError, RejectedItemError, printable, shown
from toonvision.data.boxes import AnnotatedObject, AnnotatedPicture, Reading, checked_label, finite
from toonvision.data.formats.base import read_objects
from toonvision.data.formats.shapes import is_number
from toonvision.data.source_tree import SourceTree, is_picture


@dataclass(frozen=True)
class Listed:
    """A picture that a document lists, with the objects on it, none of them checked.

    Attributes:
        document: The file that lists it.
        item: What messages call it.
        name: The file name that the document states.
        rows: The list of its objects, as they are written there.
        size_wh: Width and height in pixels that the document states, if it does.
        findings: Objects that are left out before they are looked at.
    """

    document: Path
    item: str
    name: object
    rows: object
    size_wh: tuple[int, int] | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def object_count(self) -> int:
        """Number of its objects, those left out among them."""
        rows = self.rows if isinstance(self.rows, list) else []
        return len(rows) + sum(finding.objects for finding in self.findings)


def read_listed(
    entries: Iterable[Listed],
    tree: SourceTree,
    parse: Callable[[object, int, Path], AnnotatedObject],
    *,
    find: Callable[[Listed], Path | None] | None = None,
    findings: Iterable[Finding] = (),
) -> Reading:
    """Read the pictures that documents list.

    Args:
        entries: The pictures.
        tree: The source.
        parse: Reads an object, given what is written, its number from 1 and its picture.
        find: Returns the picture that an entry's document is named after, if the format names documents so.
        findings: What is known to be wrong already.

    Raises:
        InputRejectedError: If a picture is listed twice, or two pictures share a name.
    """
    found, unusable = _faulty_documents(tree)
    listed: dict[Path, Listed] = {}
    pictures: list[AnnotatedPicture] = []
    for entry in entries:
        path = None
        try:
            path = (find and find(entry)) or tree.picture_named(_file_name(entry.name), beside=entry.document)
            if path in listed:
                both = " and ".join(printable(one.item) for one in (listed[path], entry))
                raise InputRejectedError(f"{both} list one picture, {printable(str(path))}. Remove one.")
            listed[path] = entry
            pictures.append(_read(entry, path, tree, parse))
        except RejectedItemError as error:
            found.append(error.finding(entry.item, pictures=1, objects=entry.object_count))
            if path:
                unusable[tree.relative(path)] = found[-1]
    for picture in pictures:
        unusable.pop(picture.name, None)
    tree.refuse_confusable(tree.pictures if find else listed)
    for path in tree.pictures:
        if path not in listed and tree.relative(path) not in unusable:
            remedy = "draw its boxes, and save or export again"
            found.append(Finding(tree.relative(path), "has no annotation", remedy, "no-annotation"))
    pictures.sort(key=lambda picture: picture.name)
    return Reading(tuple(pictures), (*found, *findings, *tree.linked_folder_findings()), unusable)


def picture_of(document: Path, tree: SourceTree) -> Path | None:
    """Return the picture that a document is named after: ``a.json`` or ``a.png.json`` after ``a.png``."""
    found = tree.picture_of(document)
    return found or (tree.picture_of(document.with_suffix("")) if is_picture(document.stem) else None)


def mapping(value: object, what: str) -> Mapping[str, Any]:
    """Return a value of JSON that must be an object with keys.

    Raises:
        RejectedItemError: If it is none; messages call it `what`.
    """
    if not isinstance(value, dict):
        raise RejectedItemError(f"{what} must have keys; got {shown(value)}", "export again", code="bad-row")
    return value


def numbers(row: Mapping[str, Any], *keys: str) -> tuple[float, ...]:
    """Return the finite numbers that a row must have under some keys.

    Raises:
        RejectedItemError: Naming the first that is none.
    """
    for key in keys:
        if not is_number(row.get(key)):
            reason = f"{key} must be a number; got {shown(row.get(key))}"
            raise RejectedItemError(reason, "draw it again", code="bad-number")
    return tuple(finite(row[key], key) for key in keys)


def label_of(value: object) -> str:
    """Return a label that JSON states as a word or a number.

    Raises:
        RejectedItemError: If it is neither, or `checked_label` refuses it.
    """
    whole = isinstance(value, int) and not isinstance(value, bool)
    return checked_label(value if isinstance(value, str) else shown(value) if whole else None)


def size_of(width: object, height: object) -> tuple[int, int] | None:
    """Return a stated size in pixels; None where it is none, or was not known when it was written."""
    whole = [int(value) for value in (width, height) if isinstance(value, int | float) and 0 < value < 1e6]
    return (whole[0], whole[1]) if len(whole) == 2 else None


def _faulty_documents(tree: SourceTree) -> tuple[list[Finding], dict[str, Finding]]:
    """Report the documents that cannot be read, and the pictures that they may describe."""
    found: list[Finding] = []
    unusable: dict[str, Finding] = {}
    for path, error in tree.documents.faults.items():
        picture = picture_of(path, tree)
        found.append(error.finding(tree.relative(path), pictures=int(picture is not None), files=int(picture is None)))
        for possible in tree.pictures if picture is None else [picture]:
            unusable.setdefault(tree.relative(possible), found[-1])
    return found, unusable


def _file_name(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise RejectedItemError(f"names no picture; got {shown(value)}", "export again", code="missing-tag")
    return value


def _read(
    entry: Listed, path: Path, tree: SourceTree, parse: Callable[[object, int, Path], AnnotatedObject]
) -> AnnotatedPicture:
    if escaped := tree.confined(path):
        raise RejectedItemError(escaped.reason, escaped.remedy, code=escaped.code)
    if not isinstance(entry.rows, list):
        reason = f"must have a list of objects; got {shown(entry.rows)}"
        raise RejectedItemError(reason, "export again", code="bad-row")

    def parse_finite(row: object, number: int) -> AnnotatedObject:
        drawn = parse(row, number, path)
        for edge in drawn.xyxy or ():
            finite(edge, "an edge")
        return drawn

    objects, findings = read_objects(entry.rows, parse_finite, entry.item)
    return AnnotatedPicture(
        path, tree.relative(path), entry.item, tree.context_of(path), objects, entry.size_wh,
        (*entry.findings, *findings), subset=tree.subset_of(path),
    )  # fmt: skip
