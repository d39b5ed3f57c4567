"""The formats that annotated pictures come in, by name, and which of them a folder is in."""

import gc
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from toonvision.core.errors import InputRejectedError, printable
from toonvision.core.wording import counted
from toonvision.data.attributes import SUFFIX
from toonvision.data.boxes import AnnotatedPicture, Reading
from toonvision.data.formats import (
    coco,
    createml,
    cvat,
    image_folder,
    labelme,
    labelstudio,
    not_read,
    pascal_voc,
    supervisely,
    tensorflow_csv,
    via,
    yolo,
)
from toonvision.data.formats.base import Reader
from toonvision.data.formats.doubts import box_doubts
from toonvision.data.formats.label_folders import without_label_folders
from toonvision.data.formats.names import Format
from toonvision.data.listing import name_key
from toonvision.data.picture_kinds import unread as unread_picture
from toonvision.data.source_tree import SourceTree

READERS: Mapping[Format, Reader] = {
    "yolo": yolo,
    "coco": coco,
    "cvat": cvat,
    "labelstudio": labelstudio,
    "labelme": labelme,
    "via": via,
    "createml": createml,
    "supervisely": supervisely,
    "voc": pascal_voc,
    "tensorflow-csv": tensorflow_csv,
    "folders": image_folder,
}
"""In the order in which a source is tried."""


@dataclass(frozen=True)
class Layout:
    """A format that a source may be in, and in words how its annotations lie there."""

    format: Format
    words: str


_A_FILE_EACH: Mapping[Format, str] = {"yolo": ".txt", "labelme": ".json", "voc": ".xml"}
"""Formats with a file for each picture, of which one may be there by chance, and the suffix of that."""
_MANY_OBJECTS = 10_000
"""Of a reading, from which on looking for circles among them takes a noticeable time."""


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep Python from looking for unused circles among the very many objects of a reading.

    At the end they count as old ones, which only a full search looks at. Few objects do not: errors leave circles, and
    those of many small readings would stay until then.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            if gc.get_count()[0] > _MANY_OBJECTS:
                gc.freeze()
                gc.unfreeze()
            gc.enable()


@_uncollected()
def read(name: Format, root: Path) -> Reading:
    """Read everything below a source in the format of that name, as `read_tree` does."""
    return read_tree(name, SourceTree.of(root))


@_uncollected()
def read_tree(name: Format, tree: SourceTree) -> Reading:
    """Read everything of a source in the format of that name.

    Pictures of a kind that cannot be read here are named, each with its objects, as all that is left out.

    Raises:
        InputRejectedError: If it cannot be read as a whole, or two pictures share a name.
    """
    reading = READERS[name].read(tree)
    named = {
        picture.name: unread_picture(tree.unread[picture.path]).finding(
            picture.name, pictures=1, objects=len(picture.objects)
        )
        for picture in (reading.pictures if tree.unread else ())
        if picture.path in tree.unread
    }
    pictures = without_label_folders(_with_own_attributes(reading))
    usable = replace(reading, pictures=pictures).without(named)
    findings = (*box_doubts(name, pictures), *usable.findings, *tree.replaced_findings(), *tree.mask_findings())
    return replace(usable, findings=findings)


def _with_own_attributes(reading: Reading) -> tuple[AnnotatedPicture, ...]:
    """Name the attributes files of pictures that share a stem after their whole names, so that each has its own."""
    keys = [name_key(name) for name in (*(picture.name for picture in reading.pictures), *reading.unusable)]
    if len(set(keys)) == len(keys):
        return reading.pictures
    stems = Counter(keys)
    return tuple(
        picture._replace(attributes_file=picture.path.with_name(f"{picture.path.name}{SUFFIX}"))
        if stems[name_key(picture.name)] > 1
        else picture
        for picture in reading.pictures
    )


def layouts(tree: SourceTree) -> tuple[Layout, ...]:
    """Return the formats that a source may be in, the likeliest first.

    Class folders are among them only where it is no other, or where most pictures have no annotation of their own.
    """
    found: list[Layout] = []
    for name, reader in READERS.items():
        if (name != "folders" or not found) and (words := reader.recognise(tree)):
            found.append(Layout(name, words))
    found = _most_pictures_first(found, tree)
    by_chance = found and all(one.format in _A_FILE_EACH for one in found) and _most_are_bare(tree)
    if by_chance and (words := image_folder.words_of(tree)):
        found.append(Layout("folders", words))
    return tuple(found)


def _most_pictures_first(found: list[Layout], tree: SourceTree) -> list[Layout]:
    """Return layouts in the order of how many pictures they annotate, where one of several has a file for each.

    Files that hold many pictures are read for that; the others are counted.
    """
    if len(found) < 2 or _A_FILE_EACH.keys().isdisjoint(one.format for one in found):
        return found
    return sorted(found, key=lambda one: _pictures(one.format, tree), reverse=True)


def _pictures(name: Format, tree: SourceTree) -> int:
    """Count the pictures that are annotated in a format; 0 where it cannot be read as a whole."""
    if name in _A_FILE_EACH:
        return _annotated(tree, _A_FILE_EACH[name])
    with suppress(InputRejectedError):
        return len(READERS[name].read(tree).pictures)
    return 0


def _annotated(tree: SourceTree, *suffixes: str) -> int:
    """Count the pictures that have a file with one of some suffixes."""
    return len({tree.picture_of(path) for path in tree.with_suffix(*suffixes)} - {None})


def _most_are_bare(tree: SourceTree) -> bool:
    return 2 * _annotated(tree, *_A_FILE_EACH.values()) < len(tree.pictures)


def detect(root: Path) -> Format:
    """Return the format of a source, by what lies in it; raises what `recognised` raises."""
    return recognised(SourceTree.of(root))[0].format


def recognised(tree: SourceTree) -> tuple[Layout, ...]:
    """Return the formats that a source may be in, by what lies in it, the likeliest first; at least one.

    Raises:
        InputRejectedError: If it is none that can be read; names what it is, and the way out.
    """
    found = layouts(tree)
    if found:
        return found
    reason = not_read.foreign_annotations(tree)
    if not reason:
        coco.refuse_damaged(tree)
        reason = image_folder.refusal(tree) or not_read.foreign_files(tree) or _nothing(tree)
    raise InputRejectedError(f"{tree.root}: {printable(reason)}")


def chosen(tree: SourceTree, asked: Format | None) -> tuple[Layout, ...]:
    """Return how a source is read: as `asked`, or as what is likeliest; behind that, what else it could be.

    Folders can be taken for labels also where nothing looks like that; all other formats have to be there.

    Raises:
        InputRejectedError: As `recognised`; and if the format asked for is another one than that of the source.
    """
    if asked is None:
        return recognised(tree)
    found = layouts(tree)
    if asked not in (one.format for one in found) and not (asked == "folders" and image_folder.hint(tree)):
        _refuse_unfit(asked, found, tree)
    first = next((one for one in found if one.format == asked), Layout(asked, READERS[asked].TITLE))
    return first, *(one for one in found if one != first)


def ways_to_read(found: Sequence[Layout]) -> str:
    """Return in words what a source can be read as, and how to ask for it."""
    return "; or as ".join(f"{one.words}: --format {one.format}" for one in found)


def _refuse_unfit(asked: Format, found: Sequence[Layout], tree: SourceTree) -> None:
    """Refuse a source whose format is known and not the one asked for; if it is unknown, reading says what is wrong."""
    if found:
        ways = ways_to_read(found)
        raise InputRejectedError(printable(f"{tree.root}: is not in the format {asked}, but can be read as {ways}."))
    if reason := not_read.foreign_annotations(tree):
        raise InputRejectedError(f"{tree.root}: {printable(reason)}")


def _nothing(tree: SourceTree) -> str:
    pictures = sum(path.is_file() for path in tree.pictures)  # a link may lead nowhere, and a pipe is no picture
    others = f", but {counted(pictures, 'picture')} without annotations" if pictures else ""
    tables = tree.with_suffix(".csv", ".tsv")
    known = f"are not known: name them {tensorflow_csv.COLUMNS}."
    table = f" The columns of {tree.relative(tables[0])} {known}" if tables else ""
    links = "".join(f" {finding}." for finding in tree.linked_folder_findings()[:1])
    titles = ", ".join(reader.TITLE for reader in READERS.values())
    return (
        f"no annotated pictures were found{others}.{links}{table} Annotate pictures in one of the formats that are "
        f"read ({titles}), or put them into one folder a label.{image_folder.hint(tree)}"
    )
