"""What the formats in JSON share: values are checked one by one, and each picture that a document lists is found."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from toonvision.core.errors import Finding, InputRejectedError, RejectedItemError, shown
from toonvision.core.wording import listed
from toonvision.data.boxes import AnnotatedObject, Reading, checked_label, finite, parse_coordinate
from toonvision.data.formats.listed import Listed, Parse, read_listed
from toonvision.data.formats.shapes import is_number
from toonvision.data.picture_kinds import is_picture
from toonvision.data.source_tree import SourceTree

_USUAL_NAMES = ("label", "labels", "class", "class_name", "classname", "name", "names", "category", "categories",
                "object", "object_name", "choice", "type", "species", "kind", "tag")  # fmt: skip
"""What the attribute that is the label is called, the likeliest first."""
_NUMBERS = (int, float)
_LONGEST_NAME = 200
"""Characters of a stated name in a message."""


def read_documents(
    entries: Iterable[Listed],
    tree: SourceTree,
    parse: Parse,
    *,
    find: Callable[[Listed], Path | None] | None = None,
    findings: Iterable[Finding] = (),
    unusable: Mapping[str, Finding] | None = None,
) -> Reading:
    """Read the pictures that JSON documents list, as `read_listed` does; report the documents that cannot be read.

    Raises:
        InputRejectedError: If a picture is listed twice with other objects, or two pictures share a name.
    """
    faults, possible = _faulty_documents(tree)
    lost = {**possible, **(unusable or {})}
    return read_listed(entries, tree, parse, find=find, findings=(*faults, *findings), unusable=lost)


def own_documents(tree: SourceTree, is_own: Callable[[Mapping[str, Any]], bool]) -> dict[Path, Mapping[str, Any]]:
    """Return the JSON documents of a source that are objects of a format."""
    return {path: own for path, own in tree.documents.contents.items() if isinstance(own, dict) and is_own(own)}


def read_beside(
    documents: Mapping[Path, Mapping[str, Any]],
    tree: SourceTree,
    parse: Parse,
    listed: Callable[[Path, Mapping[str, Any], SourceTree], Listed],
) -> Reading:
    """Read documents of one picture each, which are named after it, as `read_documents` does."""
    entries = [listed(path, content, tree) for path, content in documents.items()]
    return read_documents(entries, tree, parse, find=lambda entry: picture_of(entry.document, tree))


def picture_of(document: Path, tree: SourceTree) -> Path | None:
    """Return the picture that a document is named after: ``a.json`` or ``a.png.json`` after ``a.png``."""
    found = tree.picture_of(document)
    return found or (tree.picture_of(document.with_suffix("")) if is_picture(document.stem) else None)


def entry_name(document: Path, tree: SourceTree, stated: object, otherwise: str) -> str:
    """Return what messages call an entry of a document: by what it states, where that is a short word or a number."""
    named = isinstance(stated, int | str) and 0 < len(str(stated)) <= _LONGEST_NAME
    return f"{tree.relative(document)}, {stated if named else otherwise}"


def mapping(value: object, what: str) -> Mapping[str, Any]:
    """Return a value of JSON that must be an object with keys.

    Raises:
        RejectedItemError: If it is none; messages call it `what`.
    """
    if not isinstance(value, dict):
        raise RejectedItemError(f"{what} must have keys; got {shown(value)}", "export again", code="bad-row")
    return value


def numbers(row: Mapping[str, Any], *keys: str) -> tuple[float, ...]:
    """Return the finite numbers that a row must have under some keys, each written as a number or as a text.

    Raises:
        RejectedItemError: Naming the first that is none.
    """
    return tuple(_number(row.get(key), key) for key in keys)


def _number(value: object, what: str) -> float:
    if isinstance(value, str):
        return parse_coordinate(value, what)
    if not is_number(value):
        raise RejectedItemError(f"{what} must be a number; got {shown(value)}", "draw it again", code="bad-number")
    return finite(value, what)


def whole_picture(labels: Sequence[object], number: int, called: str) -> AnnotatedObject:
    """Return the object that a whole picture is, if it has one label.

    Raises:
        RejectedItemError: If it has none or several, as such `called` ("tags").
    """
    if len(labels) != 1:
        raise RejectedItemError(f"has {len(labels)} {called}; got {shown(labels)}", "leave one", code="many-labels")
    return AnnotatedObject(number, label_of(labels[0]), None)


def label_of(value: object) -> str:
    """Return a label that JSON states as a word or a number.

    Raises:
        RejectedItemError: If it is neither, or `checked_label` refuses it.
    """
    whole = isinstance(value, int) and not isinstance(value, bool)
    return checked_label(value if isinstance(value, str) else shown(value) if whole else None)


def label_among(names: Collection[str], what: str, document: Path, tree: SourceTree) -> tuple[str, list[Finding]]:
    """Return which of some attributes holds the labels: the only one, or one with a usual name.

    Args:
        names: What the attributes are called.
        what: What messages call one of them: ``the attribute``.
        document: The first file that has them.
        tree: The source.

    Returns:
        Its name; and a note that says which it is, where it is one of several that is not called label.

    Raises:
        InputRejectedError: If it cannot be seen which one does.
    """
    if len(names) == 1:
        return next(iter(names)), []
    item = tree.relative(document)
    usual = {name.strip().lower().replace(" ", "_"): name for name in names}
    found = next((usual[name] for name in _USUAL_NAMES if name in usual), None)
    if found is None:
        all_names = listed([shown(name) for name in sorted(names)])
        raise InputRejectedError(
            f"{tree.root}: {item} has more than one thing that could be the label, {all_names}, and none is called "
            "label. Rename the one that is the label to: label"
        )
    if found == _USUAL_NAMES[0]:
        return found, []
    others = listed([shown(name) for name in sorted(names) if name != found])
    reason = f"{what} {shown(found)} is read as the label, and {others} as what else is known of the objects"
    return found, [Finding(item, reason, "if another one is the label, rename it to label", "label-attribute")]


def size_of(width: object, height: object) -> tuple[int, int] | None:
    """Return a stated size in pixels; None where it is none, or was not known when it was written."""
    if isinstance(width, _NUMBERS) and isinstance(height, _NUMBERS) and 0 < width < 1e6 and 0 < height < 1e6:
        return int(width), int(height)
    return None


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
