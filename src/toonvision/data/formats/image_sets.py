"""The subsets that lists of pictures name: Pascal VOC's ImageSets/Main/train.txt, or train.txt anywhere else.

A line names a picture, without its suffix; what follows the name, as in Oxford's pets, is not read.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from toonvision.core.errors import Finding, RejectedItemError
from toonvision.core.files import decode_text, read_regular
from toonvision.data.source_tree import SourceTree
from toonvision.data.subsets import Subset, named_subset

_FOLDER = "imagesets"
_BOTH = "trainval"
"""The list of train and val together; train, where there is no list of train alone."""
_AUTOSPLIT = "autosplit_"
"""What Ultralytics puts before the names of the lists that it makes."""
_LARGEST_LIST = 10_000_000
_COMMENT = "#"


def read(tree: SourceTree) -> tuple[Mapping[Path, Subset], list[Finding]]:
    """Read the lists of a source.

    Returns:
        Picture to its subset, for pictures in the list of just one; and notes on the lists, with those that cannot be
        read.
    """
    subsets: dict[Path, Subset] = {}
    torn: set[Path] = set()
    findings = []
    for path, subset in _lists(tree):
        data_set = _data_set(path)
        try:
            names = _names(path, tree)
        except RejectedItemError as error:
            findings.append(error.finding(tree.relative(path), files=int(data_set is not None)))
            continue
        pictures = [picture for name in names if (picture := _picture(name, path, data_set, tree))]
        missing = len(names) - len(pictures)
        if data_set is None and missing >= len(pictures):
            continue  # which is a list of something else
        torn |= {picture for picture in pictures if subsets.setdefault(picture, subset) != subset}
        if missing:
            reason = f"lists {missing} of {len(names)} names of which there is no picture"
            findings.append(Finding(tree.relative(path), reason, code="image-set"))
    if torn:
        reason = f"are in the lists of two subsets, {tree.relative(min(torn))} for one; they are taken to be in none"
        findings.append(Finding(f"{len(torn)} pictures", reason, "take each out of one list", "image-set"))
    return {picture: subset for picture, subset in subsets.items() if picture not in torn}, findings


def _lists(tree: SourceTree) -> Iterator[tuple[Path, Subset]]:
    """Yield the files that are named after subsets, each with its subset; of image sets those in Main alone."""
    every = tree.with_suffix(".txt")
    for path in every:
        stem = path.stem.lower().removeprefix(_AUTOSPLIT)
        both = stem == _BOTH and path.with_name("train.txt") not in every
        if subset := "train" if both else named_subset(stem):
            is_other_set = _data_set(path) is None and _FOLDER in tree.relative(path).lower().split("/")
            if not is_other_set:
                yield path, subset


def _data_set(path: Path) -> Path | None:
    """Return the folder of the data set that a list of Pascal VOC is about; None for a list elsewhere."""
    folder = path.parent.parent if path.parent.name.lower() == "main" else path.parent
    return folder.parent if folder.name.lower() == _FOLDER else None


def _names(path: Path, tree: SourceTree) -> list[str]:
    tree.require_confined(path)
    lines = map(str.strip, decode_text(read_regular(path, limit=_LARGEST_LIST)).splitlines())
    return [line for line in lines if line and not line.startswith(_COMMENT)]


def _picture(line: str, path: Path, data_set: Path | None, tree: SourceTree) -> Path | None:
    """Return the picture that a line of a list names, with all its words or with the first."""
    folder = "" if data_set is None else f"{tree.relative(data_set)}/JPEGImages/"
    for name in dict.fromkeys((line, line.split()[0])):
        try:
            return tree.picture_named(folder + name, beside=path)
        except RejectedItemError:
            continue
    return None
