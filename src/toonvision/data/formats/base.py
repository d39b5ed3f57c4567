"""What the formats share: pictures are read one by one, and each that cannot be used becomes a finding."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from toonvision.core.errors import Finding, RejectedItemError, shown
from toonvision.core.wording import some
from toonvision.data.boxes import AnnotatedObject, AnnotatedPicture, Reading, with_sorted_corners
from toonvision.data.source_tree import SourceTree

LARGEST_ANNOTATION = 10_000_000
"""Of one picture, in bytes."""
MOST_OBJECTS = 10_000
Row = TypeVar("Row")


class Reader(Protocol):
    """A format: the module that recognises and reads it."""

    TITLE: str

    def recognise(self, tree: SourceTree) -> str | None:
        """Return in words how annotations of this format lie in a source; None where there are none."""
        ...

    def read(self, tree: SourceTree) -> Reading:
        """Read everything below a source.

        Raises:
            InputRejectedError: If it cannot be read as a whole, or two pictures share a name.
        """
        ...


def lying_in(what: str, files: Iterable[Path], tree: SourceTree) -> str | None:
    """Say in which files of a source annotations lie; None where there are none."""
    names = [tree.relative(path) for path in files]
    return f"{what}, in {some(names)}" if names else None


def read_pictures(
    paths: Iterable[Path],
    tree: SourceTree,
    read: Callable[[Path], AnnotatedPicture | Finding],
    findings: Iterable[Finding] = (),
    *,
    by_stem: bool = True,
) -> Reading:
    """Read the pictures of a source in the given order; `read` returns one, or why it cannot be used.

    Links to folders, which are not followed, are reported too. Where annotations are found `by_stem` alone, two
    pictures of one stem would be confused, whatever their suffixes.

    Raises:
        InputRejectedError: If two pictures share a name.
    """
    paths = list(paths)
    tree.refuse_confusable(paths, by_stem=by_stem)
    results = {tree.relative(path): tree.confined(path) or read(path) for path in paths}
    pictures = tuple(result for result in results.values() if isinstance(result, AnnotatedPicture))
    unusable = {name: result for name, result in results.items() if isinstance(result, Finding)}
    of_pictures = dict.fromkeys(unusable.values())  # one finding may be about several
    return Reading(pictures, (*of_pictures, *findings, *tree.linked_folder_findings()), unusable)


def read_annotation(
    path: Path, tree: SourceTree, read: Callable[[str], AnnotatedPicture | Finding]
) -> AnnotatedPicture | Finding:
    """Read the annotation file of a picture, given its name; a link out of the root, and a fault, become a finding."""
    name = tree.relative(path)
    try:
        return tree.confined(path) or read(name)
    except RejectedItemError as error:
        return error.finding(name, pictures=1)


def read_objects(
    rows: Sequence[Row],
    parse: Callable[..., AnnotatedObject],
    annotation: str,
    *more: object,
    numbers: Sequence[int] = (),
) -> tuple[tuple[AnnotatedObject, ...], tuple[Finding, ...]]:
    """Read the objects of an annotation, each from a row, its number, and what `parse` needs `more`.

    One that cannot be read is a finding. Without `numbers` they are counted from 1.

    Raises:
        RejectedItemError: If there are over 10,000, more than a person draws: each would be named in the findings.
    """
    if len(rows) > MOST_OBJECTS:
        reason = f"has {len(rows):,} objects, over {MOST_OBJECTS:,}"
        raise RejectedItemError(reason, "annotate the picture again", code="too-many-objects", objects=len(rows))
    objects, findings = [], []
    for number, row in zip(numbers or range(1, len(rows) + 1), rows, strict=True):
        try:
            objects.append(with_sorted_corners(parse(row, number, *more)))
        except RejectedItemError as error:
            findings.append(error.finding(f"{annotation}, object {number}", objects=1))
    return tuple(objects), tuple(findings)


def crowd(label: str) -> RejectedItemError:
    """Return why a region that holds many objects of a label is left out."""
    reason = f"is a crowd of {shown(label)}, many at once, which is no example of one"
    return RejectedItemError(reason, "leave it, or draw a box around each in its place", code="crowd")


def boxes_apart(other: Path, tree: SourceTree, *, of_several: bool = False) -> str:
    """Return what to do where the boxes of a picture may be in a file of its name, of another format than is read.

    Args:
        other: A text, which is YOLO's, or an XML file of Pascal VOC.
        tree: The source.
        of_several: Whether this is about several pictures, of which this is the file of the first.
    """
    title, names, name = (
        ("YOLO", ", with classes.txt,", "yolo") if other.suffix == ".txt" else ("Pascal VOC", "", "voc")
    )
    whose, these = (
        ("their boxes may be those of files such as", "all") if of_several else ("its boxes may be those of", "both")
    )
    return (
        f"{whose} {tree.relative(other)}, which is {title}: move {these}{names} to a folder outside this source, and "
        f'add that to toonvision.toml as [[sources]] with format = "{name}"'
    )


def no_picture(annotation: Path, tree: SourceTree, remedy: str) -> Finding:
    """Report an annotation file that has no picture, or could be of several."""
    try:
        tree.picture_named(annotation.stem, beside=annotation)
    except RejectedItemError as error:
        if error.code == "ambiguous-picture":
            return error.finding(tree.relative(annotation), pictures=1)
    reason, remedy = "has no picture of its name", f"{tree.unpacking}{remedy}"
    return Finding(tree.relative(annotation), reason, remedy, "no-picture", pictures=1)
