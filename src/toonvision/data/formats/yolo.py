"""YOLO: a text file for each picture, a row an object, and a file that names the classes.

Labels lie where any program of the field puts them: in `labels` folders, beside the pictures, in a folder of their own.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from toonvision.core.errors import Finding, InputRejectedError, RejectedItemError, printable, shown
from toonvision.core.files import decode_text, read_regular
from toonvision.core.wording import some
from toonvision.data import images
from toonvision.data.boxes import AnnotatedPicture, Reading
from toonvision.data.formats import yolo_settings
from toonvision.data.formats.base import (
    LARGEST_ANNOTATION,
    MOST_OBJECTS,
    no_picture,
    read_annotation,
    read_objects,
    read_pictures,
)
from toonvision.data.formats.yolo_rows import UNKNOWN_CLASS, ids_of, parse_row, plain_boxes, seems_row
from toonvision.data.formats.yolo_settings import Settings
from toonvision.data.formats.yolo_subsets import NamedPictures, named_pictures
from toonvision.data.source_tree import SourceTree, folder_text
from toonvision.data.subsets import Subset

TITLE = "YOLO"
_HEAD = 4096
_SHIFTED = "counted-from-1"


def recognise(tree: SourceTree) -> str | None:
    """Return in words how YOLO's files lie in a source."""
    try:
        found = yolo_settings.find(tree)
    except InputRejectedError:  # reading it says why
        return TITLE if any(_seems_labels(path) for path in _texts(tree)) else None
    if found and _has_labels(tree):
        return f"{TITLE}, with {some(sorted({tree.relative(one.file) for one in found}))}"
    paired = (path for path in _texts(tree) if tree.picture_of(path))
    return f"{TITLE} without class names" if any(_seems_labels(path, shares=True) for path in paired) else None


def _has_labels(tree: SourceTree) -> bool:
    """Return whether a text has rows for a picture, or several have shares for pictures that are not there.

    One that has them for none may be anything, such as a table of all boxes.
    """
    of_no_picture = 0
    for path in _texts(tree):
        if tree.has_picture_for(path):
            if _seems_labels(path):
                return True
        elif _seems_labels(path, shares=True):
            of_no_picture += 1
    return of_no_picture > 1 or (of_no_picture == 1 and len(tree.pictures) < 2)


def read(tree: SourceTree) -> Reading:
    """Read every labelled picture of a source, and name the others that belong to it.

    Raises:
        InputRejectedError: If no file names the classes, the one that does cannot be used, or two pictures share a
            name.
    """
    labels = _Labels.of(tree)
    found = yolo_settings.find(tree)
    if not found:
        raise _no_names(tree)
    folders = map(Path, labels.folders or {str(tree.root)})
    governing = {str(folder): yolo_settings.governing(folder, found, tree) for folder in folders}
    used = sorted(set(governing.values()), key=lambda settings: settings.file)
    named = named_pictures(used, tree)
    first_words: dict[Settings, set[str]] = {settings: set() for settings in used}
    others = {path.stem for path in tree.with_suffix(".xml")}

    def read_picture(path: Path) -> AnnotatedPicture | Finding:
        rows = labels.of_picture.get(path)
        if rows is None:
            return _unlabelled(path, tree, xml=path.stem in others)
        settings = governing[folder_text(rows)]
        subset = named.subsets.get(path) or tree.subset_of(path)
        return read_annotation(rows, tree, partial(_read, path, rows, tree, settings, first_words[settings], subset))

    everywhere = not named.subsets
    belong = [path for path in tree.pictures if everywhere or path in named.subsets or path in labels.of_picture]
    findings = [*named.findings, *labels.findings, *_unnamed(tree, labels, named)]
    reading = read_pictures(belong, tree, read_picture, findings)
    doubts = [finding for settings in used for finding in _doubts(settings, first_words[settings], tree)]
    shifted = next((doubt for doubt in doubts if doubt.code == _SHIFTED), None)
    pictures = (
        tuple(_with_remedy(picture, shifted.remedy) for picture in reading.pictures) if shifted else reading.pictures
    )
    return replace(reading, pictures=pictures, findings=(*doubts, *reading.findings))


@dataclass(frozen=True)
class _Labels:
    """The label files of a source.

    Attributes:
        of_picture: Picture to its label file.
        folders: The texts of the folders of these label files.
        findings: Label files without a picture, and those that are not read because their picture has another.
    """

    of_picture: Mapping[Path, Path]
    folders: Set[str]
    findings: tuple[Finding, ...]

    @classmethod
    def of(cls, tree: SourceTree) -> "_Labels":
        claims: dict[Path, list[Path]] = defaultdict(list)
        unpaired = []
        for path in _texts(tree):
            picture = tree.picture_of(path)
            if picture:
                claims[picture].append(path)
            else:
                unpaired.append(path)
        findings = []
        of_picture = {}
        for picture, paths in claims.items():
            if len(paths) > 1:  # a folder of labels comes first, as YOLO has it
                paths.sort(key=lambda path: (not _seems_labels(path), path.parent == picture.parent, path))
                findings += [_second(path, paths[0], tree) for path in paths[1:] if _seems_labels(path)]
            of_picture[picture] = paths[0]
        folders = set(map(folder_text, of_picture.values()))
        strays = (
            path for path in unpaired if _seems_labels(path) or (folder_text(path) in folders and _is_empty(path))
        )
        return cls(of_picture, folders, (*findings, *(_stray(path, tree) for path in strays)))


def _texts(tree: SourceTree) -> Iterator[Path]:
    return (path for path in tree.with_suffix(".txt") if not yolo_settings.is_class_file(path))


def _head(path: Path) -> bytes | None:
    try:
        return read_regular(path, limit=LARGEST_ANNOTATION, first=_HEAD)
    except RejectedItemError:
        return None


def _seems_labels(path: Path, *, shares: bool = False) -> bool:
    """Return whether a text begins as a label file with an object does."""
    head = _head(path) or b""
    lines = [line for line in decode_text(head, errors="replace").splitlines() if line.strip()]
    whole = lines[:-1] if len(head) == _HEAD and len(lines) > 1 else lines
    return bool(whole) and all(seems_row(line, shares=shares) for line in whole)


def _is_empty(path: Path) -> bool:
    return _head(path) == b""


def _stray(path: Path, tree: SourceTree) -> Finding:
    try:
        tree.picture_named(path.stem, beside=path)
    except RejectedItemError as error:
        if error.code == "ambiguous-picture":
            return error.finding(tree.relative(path), pictures=1)
    return no_picture(path, tree, "add its picture, or remove it")


def _second(path: Path, read: Path, tree: SourceTree) -> Finding:
    reason = f"is a second label file of the picture that {tree.relative(read)} describes, which is read"
    return Finding(tree.relative(path), reason, "remove one of them", "second-label-file", files=1)


def _unlabelled(path: Path, tree: SourceTree, *, xml: bool) -> Finding:
    reason, remedy = "has no label file", "draw its boxes, or save an empty file"
    if xml:
        reason, remedy = "has no label file, but an XML file of its name", "save it as YOLO too"
    return Finding(tree.relative(path), reason, remedy, "no-annotation")


def _unnamed(tree: SourceTree, labels: _Labels, named: NamedPictures) -> Iterator[Finding]:
    """Report the folders whose pictures are named for no subset, where there are subsets: no picture is lost unsaid."""
    outside = [path for path in tree.pictures if named.subsets and path not in named.subsets]
    for labelled in (True, False):
        counts = Counter(path.parent for path in outside if (path in labels.of_picture) == labelled)
        for folder, count in sorted(counts.items()):
            reason = f"is named for no subset, but its label files are there, and its pictures are read ({count:,})"
            if not labelled:
                reason = f"is named for no subset, and no label file is there for {count:,} of its pictures"
            yield Finding(tree.relative(folder), reason, "move it away if it is not meant", "unnamed-folder")


def _doubts(settings: Settings, first_words: set[str], tree: SourceTree) -> Iterator[Finding]:
    """Report what is odd about the names, such as numbers that look counted from 1."""
    ids, first, last = ids_of(first_words), min(settings.names), max(settings.names)
    if settings.note:
        yield Finding(tree.relative(settings.file), *settings.note, "no-names")
    if ids and ids[0] > first and ids[-1] == last + 1 and all(number - 1 in settings.names for number in ids):
        reason = (
            f"ids {ids[0]}..{ids[-1]} against names {first}..{last} look counted from 1, so that labels are wrong: "
        )
        reason += f"{shown(settings.names[first])} is never used, and {ids[-1]} has no name"
        yield Finding(tree.relative(settings.names_file), reason, settings.shift, _SHIFTED)


def _with_remedy(picture: AnnotatedPicture, remedy: str) -> AnnotatedPicture:
    """Return a picture with this remedy for its unknown classes, whose names alone would cure nothing."""
    findings = (replace(one, remedy=remedy) if one.code == UNKNOWN_CLASS else one for one in picture.findings)
    return picture._replace(findings=tuple(findings))


def _no_names(tree: SourceTree) -> InputRejectedError:
    words = {line.split(maxsplit=1)[0] for path in _texts(tree) if tree.picture_of(path) for line in _lines(path)}
    ids = ids_of(words) or [0]
    many = f"{ids[-1] + 1} lines, the labels of the classes 0 to {ids[-1]}" if ids[-1] else "the label of class 0"
    remedy = f"Write it, with {many}"
    for path in tree.with_suffix(".yaml", ".yml")[:1]:
        remedy += f", or list them in {path} as names"
    return InputRejectedError(
        printable(f"{tree.root / 'classes.txt'}: is missing, and no other file names the classes. {remedy}.")
    )


def _lines(path: Path) -> list[str]:
    try:
        text = decode_text(read_regular(path, limit=LARGEST_ANNOTATION), errors="replace")
    except RejectedItemError:
        return []
    return [line for line in text.splitlines() if line.strip()]


def _read(
    path: Path,
    rows: Path,
    tree: SourceTree,
    settings: Settings,
    first_words: set[str],
    subset: Subset | None,
    annotation: str,
) -> AnnotatedPicture | Finding:
    text = decode_text(read_regular(rows, limit=LARGEST_ANNOTATION))
    lines = [columns for line in text.splitlines() if (columns := line.split())]
    name = tree.relative(path)
    try:
        size_wh = images.size_wh(path)
    except RejectedItemError as error:
        return error.finding(name, pictures=1, objects=len(lines))
    first_words.update([columns[0] for columns in lines])
    plain = plain_boxes(lines, size_wh, settings) if len(lines) <= MOST_OBJECTS else None
    objects, findings = (plain, ()) if plain else read_objects(lines, parse_row, annotation, size_wh, settings)
    # The label file states no size: which way its boxes were drawn on a picture that EXIF rotates, nobody can know.
    return AnnotatedPicture(path, name, annotation, tree.context_of(path), objects, None, findings, subset=subset)
