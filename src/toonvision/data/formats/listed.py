"""Pictures that a document lists by file name, as most formats do: each is found, and what is not there is reported."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from toonvision.core.errors import Finding, InputRejectedError, RejectedItemError, printable, shown
from toonvision.core.grouping import grouped
from toonvision.core.wording import counted
from toonvision.data import images
from toonvision.data.boxes import AnnotatedObject, AnnotatedPicture, Outline, Reading
from toonvision.data.formats.base import boxes_apart, read_objects
from toonvision.data.formats.yolo_labels import seems_labels
from toonvision.data.source_tree import SourceTree
from toonvision.data.subsets import Subset


@dataclass(frozen=True)
class Canvas:
    """What objects were drawn on: a picture, and the width and height in pixels that its document states of it."""

    picture: Path
    declared_wh: tuple[int, int] | None = None

    @cached_property
    def size_wh(self) -> tuple[int, int]:
        """Width and height in pixels: as declared, since EXIF data may rotate the picture to that; else as stored.

        Raises:
            RejectedItemError: If the picture has to be asked, and cannot be read.
        """
        return self.declared_wh or images.size_wh(self.picture)


Parse = Callable[[Any, int, Canvas], AnnotatedObject]
"""Reads an object, given what is written, its number from 1 and what it was drawn on."""
_MOST_NAMED = 10
"""Pictures of one subset or folder that are named one by one where none of it can be used."""


class Listed(NamedTuple):
    """A picture that a document lists, with the objects on it, none of them checked.

    Attributes:
        document: The file that lists it.
        item: What messages call it.
        name: The file name that the document states.
        rows: The list of its objects, as they are written there.
        size_wh: Width and height in pixels that the document states, if it does.
        findings: Objects that are left out before they are looked at.
        subset: The subset that the document puts it into; that of its folder otherwise.
        plain: Its objects, where nothing about any of them is unusual, so that all were read at once.
        outlines: The outlines that it draws.
        regions: Reads where nobody need find an object, given what it was drawn on; None where that is nowhere.
        numbers: The number of each of its objects, where they are not counted from 1 as they come.
        fault: Why none of it can be used.
    """

    document: Path
    item: str
    name: object
    rows: object
    size_wh: tuple[int, int] | None = None
    findings: tuple[Finding, ...] = ()
    subset: Subset | None = None
    plain: tuple[AnnotatedObject, ...] | None = None
    outlines: tuple[Outline, ...] = ()
    regions: Callable[[Canvas], tuple[AnnotatedObject, ...]] | None = None
    numbers: Sequence[int] = ()
    fault: RejectedItemError | None = None

    @property
    def object_count(self) -> int:
        """Number of its objects, those left out among them."""
        rows = self.rows if isinstance(self.rows, list) else []
        return len(rows) + sum(finding.objects for finding in self.findings)


@dataclass
class _Results:
    """What has been read so far."""

    pictures: dict[str, AnnotatedPicture] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    unusable: dict[str, Finding] = field(default_factory=dict)
    missing: list[tuple[Listed, RejectedItemError]] = field(default_factory=list)
    listed: dict[str, Listed] = field(default_factory=dict)
    twice: Counter[tuple[Path, Path]] = field(default_factory=Counter)


def read_listed(
    entries: Iterable[Listed],
    tree: SourceTree,
    parse: Parse,
    *,
    find: Callable[[Listed], Path | None] | None = None,
    findings: Iterable[Finding] = (),
    unusable: Mapping[str, Finding] | None = None,
) -> Reading:
    """Read the pictures that documents list.

    Args:
        entries: The pictures.
        tree: The source.
        parse: Reads an object.
        find: Returns the picture that an entry's document is named after, if the format names documents so.
        findings: What is known to be wrong already.
        unusable: The pictures that this concerns, where no entry says more of them.

    Raises:
        InputRejectedError: If a picture is listed twice with other objects, or two pictures share a name.
    """
    entries = list(entries)
    results = _Results()
    for entry in entries:
        _add(entry, tree, parse, find, results)
    found = [picture.path for picture in results.pictures.values()]
    tree.refuse_confusable(tree.pictures if find else found, by_stem=bool(find))
    lost = {**(unusable or {}), **results.unusable}
    for picture in results.pictures.values():
        lost.pop(picture.name, None)
    others = [path for path in tree.pictures if str(path) not in results.pictures and tree.relative(path) not in lost]
    twice = [listed_twice(*_again(documents, tree), number) for documents, number in results.twice.items()]
    unlisted, at_once = _not_listed(others, tree)
    notes = [*twice, *_missing(results.missing, entries, tree), *unlisted, *tree.linked_folder_findings()]
    pictures = sorted(results.pictures.values(), key=lambda picture: picture.name)
    return Reading(tuple(pictures), (*results.findings, *findings, *notes), lost, at_once=at_once)


def read_files(
    paths: Iterable[Path], tree: SourceTree, entries: Callable[[Path], Iterable[Listed]], parse: Parse
) -> Reading:
    """Read the pictures that files list, as `read_listed` does; report the files that cannot be read.

    Args:
        paths: The files.
        tree: The source.
        entries: Returns the pictures that a file lists.
        parse: Reads an object.

    Raises:
        InputRejectedError: If no file can be read, and as `read_listed` does.
    """
    found: list[Listed] = []
    faults: list[Finding] = []
    for path in paths:
        try:
            tree.require_confined(path)
            found += entries(path)
        except RejectedItemError as error:
            faults.append(error.finding(tree.relative(path), files=1))
    if not found:
        seen = f" {faults[0]}." if faults else ""
        raise InputRejectedError(printable(f"{tree.root}: no file that lists pictures can be read.{seen}"))
    possible = {tree.relative(path): faults[0] for path in tree.pictures} if faults else {}
    return read_listed(found, tree, parse, findings=faults, unusable=possible)


def _add(
    entry: Listed, tree: SourceTree, parse: Parse, find: Callable[[Listed], Path | None] | None, to: _Results
) -> None:
    path = None
    try:
        path = (find and find(entry)) or tree.picture_named(_file_name(entry.name), beside=entry.document)
        picture = _read(entry, path, tree, parse)
    except RejectedItemError as error:
        if error.code == "no-picture":
            to.missing.append((entry, error))
            return
        to.findings.append(error.finding(entry.item, pictures=1, objects=entry.object_count))
        if path:
            to.unusable[tree.relative(path)] = to.findings[-1]
        return
    place = str(path)
    earlier = to.pictures.setdefault(place, picture)
    first = to.listed.setdefault(place, entry)
    if earlier is picture:
        return
    if _content(earlier) != _content(picture):
        raise _contradiction(first, entry, path)
    to.twice[entry.document, first.document] += 1
    if entry.subset and not first.subset:
        to.pictures[place] = earlier._replace(subset=entry.subset)


def _contradiction(first: Listed, entry: Listed, path: Path) -> InputRejectedError:
    items = list(dict.fromkeys(printable(one.item) for one in (first, entry)))
    lists, again = ("list", "") if len(items) > 1 else ("lists", "twice, ")
    return InputRejectedError(
        f"{' and '.join(items)} {lists} one picture, {printable(str(path))}, {again}with other objects or faults. "
        "Put all its objects into one of them, and remove the other."
    )


def _content(picture: AnnotatedPicture) -> tuple[list[tuple[str, object]], list[str]]:
    """Return what is said of a picture: its objects, and what is wrong with those that cannot be read."""
    objects: list[tuple[str, object]] = sorted(((entry.label, entry.xyxy) for entry in picture.objects), key=repr)
    return objects, sorted(finding.reason for finding in picture.findings)


def _file_name(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise RejectedItemError(f"names no picture; got {shown(value)}", "export again", code="missing-tag")
    return value


def _read(entry: Listed, path: Path, tree: SourceTree, parse: Parse) -> AnnotatedPicture:
    tree.require_confined(path)
    if entry.fault:
        raise entry.fault
    if not isinstance(entry.rows, list):
        reason = f"must have a list of objects; got {shown(entry.rows)}"
        raise RejectedItemError(reason, "export again", code="bad-row")
    canvas = Canvas(path, entry.size_wh)
    objects, findings = (
        (entry.plain, ()) if entry.plain else read_objects(entry.rows, parse, entry.item, canvas, numbers=entry.numbers)
    )
    folder = tree.folder_of(path)
    return AnnotatedPicture(
        path, tree.relative(path), entry.item, folder.context, objects, entry.size_wh,
        entry.findings + findings, subset=entry.subset or folder.subset, outlines=entry.outlines,
        regions=entry.regions(canvas) if entry.regions else (),
    )  # fmt: skip


def listed_twice(document: str, again: str, number: int) -> Finding:
    """Report how many pictures a document lists again, "twice" or "that another one lists too"."""
    reason = f"lists {counted(number, 'picture')} {again}, with the same objects; each counts once"
    return Finding(document, reason, "remove what is double", "listed-twice")


def _again(documents: tuple[Path, Path], tree: SourceTree) -> tuple[str, str]:
    later, first = map(tree.relative, documents)
    return later, "twice" if later == first else f"that {first} lists too"


def _missing(
    missing: Sequence[tuple[Listed, RejectedItemError]], entries: Iterable[Listed], tree: SourceTree
) -> list[Finding]:
    """Report pictures that are listed and not there: one by one, or at once where none of many is."""
    total = Counter((entry.document, entry.subset) for entry in (entries if missing else ()))
    found = []
    for (document, subset), lost in grouped(missing, lambda one: (one[0].document, one[0].subset)).items():
        if len(lost) <= _MOST_NAMED or len(lost) < total[document, subset]:
            found += [error.finding(entry.item, pictures=1, objects=entry.object_count) for entry, error in lost]
            continue
        of = f" of {subset}" if subset else ""
        reason = f"none of the {len(lost):,} pictures{of} that it lists is there, {shown(lost[0][0].name)} for one"
        remedy = f"{tree.unpacking}put them below {printable(str(tree.root))}"
        objects = sum(entry.object_count for entry, _ in lost)
        found.append(Finding(tree.relative(document), reason, remedy, "no-picture", objects, len(lost)))
    return found


def _not_listed(paths: Iterable[Path], tree: SourceTree) -> tuple[list[Finding], dict[str, Finding]]:
    """Report pictures that no document lists: one by one, or at once where none of many in a folder is.

    Returns:
        The findings, and for each picture of those that are reported at once that finding.
    """
    others = grouped(paths, lambda path: path.parent)
    total = Counter(path.parent for path in tree.pictures) if others else Counter()
    found, at_once = list[Finding](), dict[str, Finding]()
    for folder, own in others.items():
        if len(own) <= _MOST_NAMED or len(own) < total[folder]:
            for path in own:
                other = _other(path, tree)
                remedy = boxes_apart(other, tree) if other else "draw its boxes, and save or export again"
                found.append(Finding(tree.relative(path), "has no annotation", remedy, "no-annotation"))
        else:
            reason = f"none of its {counted(len(own), 'picture')} has an annotation"
            name = tree.relative(folder) if folder != tree.root else printable(tree.root.name)
            other = _other(own[0], tree)
            remedy = boxes_apart(other, tree, of_several=True) if other else "draw their boxes, and export again"
            found.append(Finding(name, reason, remedy, "no-annotation"))
            at_once.update(dict.fromkeys(map(tree.relative, own), found[-1]))
    return found, at_once


def _other(picture: Path, tree: SourceTree) -> Path | None:
    """Return the file of a picture's name that holds its boxes in another format, if one does; a caption does not."""
    text = tree.text_of(picture)
    return tree.xml_of(picture) or (text if text and seems_labels(text) else None)
