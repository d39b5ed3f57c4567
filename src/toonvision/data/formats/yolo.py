"""YOLO: a text file for each picture, a row an object, and a file that names the classes.

Labels lie where any program of the field puts them: in `labels` folders, beside the pictures, in a folder of their own.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from toonvision.core.errors import Finding, InputRejectedError, RejectedItemError, printable
from toonvision.core.files import decode_text, read_regular
from toonvision.core.wording import some
from toonvision.data import images
from toonvision.data.boxes import AnnotatedPicture, Reading
from toonvision.data.formats import yolo_settings
from toonvision.data.formats.base import (
    LARGEST_ANNOTATION,
    MOST_OBJECTS,
    read_annotation,
    read_objects,
    read_pictures,
)
from toonvision.data.formats.yolo_doubts import SHIFTED, SHIFTED_BACK, contradictions, doubts, with_remedy
from toonvision.data.formats.yolo_forms import Form, LongRows
from toonvision.data.formats.yolo_labels import Labels, has_rows, lines_of, seems_labels, texts
from toonvision.data.formats.yolo_rows import ids_of, parse_row, plain_boxes
from toonvision.data.formats.yolo_settings import Settings
from toonvision.data.formats.yolo_subsets import NamedPictures, named_pictures
from toonvision.data.source_tree import SourceTree, folder_text
from toonvision.data.subsets import Subset

TITLE = "YOLO"


def recognise(tree: SourceTree) -> str | None:
    """Return in words how YOLO's files lie in a source."""
    try:
        found = yolo_settings.find(tree)
    except InputRejectedError:  # reading it says why
        return TITLE if any(seems_labels(path) for path in texts(tree)) else None
    labels = {name for settings in found for name in settings.names.values()}
    if found and _has_labels(tree, labels):
        return f"{TITLE}, with {some(sorted({tree.relative(one.file) for one in found}))}"
    paired = (path for path in texts(tree) if tree.picture_of(path))
    return f"{TITLE} without class names" if any(seems_labels(path, shares=True) for path in paired) else None


def _has_labels(tree: SourceTree, labels: Collection[str]) -> bool:
    """Return whether a text has rows for a picture, or several have shares for pictures that are not there.

    One that has them for none may be anything, such as a table of all boxes.
    """
    of_no_picture = 0
    for path in texts(tree):
        if tree.has_picture_for(path):
            if has_rows(path, labels):
                return True
        elif seems_labels(path, shares=True):
            of_no_picture += 1
    return of_no_picture > 1 or (of_no_picture == 1 and len(tree.pictures) < 2)


def read(tree: SourceTree) -> Reading:
    """Read every labelled picture of a source, and name the others that belong to it.

    Raises:
        InputRejectedError: If no file names the classes, the one that does cannot be used, or two pictures share a
            name.
    """
    labels = Labels.of(tree)
    found = yolo_settings.find(tree)
    if not found:
        raise _no_names(tree)
    folders = map(Path, labels.folders or {str(tree.root)})
    governing = {str(folder): yolo_settings.governing(folder, found, tree) for folder in folders}
    used = sorted(set(governing.values()), key=lambda settings: settings.file)
    named = named_pictures(used, tree)
    first_words: dict[Settings, set[str]] = {settings: set() for settings in used}
    long_rows = {settings: LongRows() for settings in used}
    forms = dict.fromkeys(used, Form())
    others = {path.stem for path in tree.with_suffix(".xml")}

    def read_picture(path: Path) -> AnnotatedPicture | Finding:
        rows = labels.of_picture.get(path)
        if rows is None:
            return _unlabelled(path, tree, xml=path.stem in others)
        settings = governing[folder_text(rows)]
        subset = named.subsets.get(path) or tree.subset_of(path)
        seen, form = (first_words[settings], long_rows[settings]), forms[settings]
        return read_annotation(rows, tree, partial(_read, path, rows, tree, settings, seen, form, subset))

    everywhere = not named.subsets
    belong = [path for path in tree.pictures if everywhere or path in named.subsets or path in labels.of_picture]
    findings = [*named.findings, *labels.findings, *_unnamed(tree, labels, named)]
    reading = read_pictures(belong, tree, read_picture, findings)
    forms.update({settings: rows.form() for settings, rows in long_rows.items() if not settings.keypoint_columns})
    if any(form != Form() for form in forms.values()):  # which only all rows together show
        reading = read_pictures(belong, tree, read_picture, findings)
    odd = [finding for settings in used for finding in doubts(settings, first_words[settings], forms[settings], tree)]
    odd += contradictions(governing, found, tree)
    shifted = next((doubt for doubt in odd if doubt.code in (SHIFTED, SHIFTED_BACK)), None)
    pictures = (
        tuple(with_remedy(picture, shifted.remedy) for picture in reading.pictures) if shifted else reading.pictures
    )
    return replace(reading, pictures=pictures, findings=(*odd, *reading.findings))


def _unlabelled(path: Path, tree: SourceTree, *, xml: bool) -> Finding:
    reason, remedy = "has no label file", "draw its boxes, or save an empty file"
    if xml:
        reason, remedy = "has no label file, but an XML file of its name", "save it as YOLO too"
    return Finding(tree.relative(path), reason, remedy, "no-annotation")


def _unnamed(tree: SourceTree, labels: Labels, named: NamedPictures) -> Iterator[Finding]:
    """Report the folders whose pictures are named for no subset, where there are subsets: no picture is lost unsaid."""
    outside = [path for path in tree.pictures if named.subsets and path not in named.subsets]
    for labelled in (True, False):
        counts = Counter(path.parent for path in outside if (path in labels.of_picture) == labelled)
        for folder, count in sorted(counts.items()):
            reason = f"is named for no subset, but its label files are there, and its pictures are read ({count:,})"
            if not labelled:
                reason = f"is named for no subset, and no label file is there for {count:,} of its pictures"
            yield Finding(tree.relative(folder), reason, "move it away if it is not meant", "unnamed-folder")


def _no_names(tree: SourceTree) -> InputRejectedError:
    words = {line.split(maxsplit=1)[0] for path in texts(tree) if tree.picture_of(path) for line in lines_of(path)}
    ids = [number for number in ids_of(words) if number >= 0] or [0]
    many = f"{ids[-1] + 1} lines, the labels of the classes 0 to {ids[-1]}" if ids[-1] else "the label of class 0"
    remedy = f"Write it, with {many}"
    for path in tree.with_suffix(".yaml", ".yml")[:1]:
        remedy += f", or list them in {path} as names"
    return InputRejectedError(
        printable(f"{tree.root / 'classes.txt'}: is missing, and no other file names the classes. {remedy}.")
    )


def _read(
    path: Path,
    rows: Path,
    tree: SourceTree,
    settings: Settings,
    seen: tuple[set[str], LongRows],
    form: Form,
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
    first_words, long_rows = seen
    first_words.update([columns[0] for columns in lines])
    plain = plain_boxes(lines, size_wh, settings) if len(lines) <= MOST_OBJECTS else None
    if not plain:
        for columns in lines:
            long_rows.add(columns)
    objects, findings = (plain, ()) if plain else read_objects(lines, parse_row, annotation, size_wh, settings, form)
    # The label file states no size: which way its boxes were drawn on a picture that EXIF rotates, nobody can know.
    return AnnotatedPicture(path, name, annotation, tree.context_of(path), objects, None, findings, subset=subset)
