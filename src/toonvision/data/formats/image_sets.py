"""The subsets that Pascal VOC lists by name: ImageSets/Main/train.txt and others."""

from collections.abc import Mapping
from pathlib import Path

from toonvision.core.errors import Finding, RejectedItemError
from toonvision.core.files import decode_text, read_regular
from toonvision.data.source_tree import SourceTree
from toonvision.data.subsets import Subset, named_subset

_FOLDER = "imagesets"
_BOTH = "trainval"
"""The list of train and val together; train, where there is no list of train alone."""
_LARGEST_LIST = 10_000_000


def read(tree: SourceTree) -> tuple[Mapping[Path, Subset], list[Finding]]:
    """Read the lists of a source.

    Returns:
        Picture to its subset, for pictures in the list of just one; and notes on the lists.
    """
    subsets: dict[Path, Subset] = {}
    torn: set[Path] = set()
    findings = []
    for path, subset in _lists(tree).items():
        names = _names(path)
        pictures = [picture for name in names if (picture := _picture(path, name, tree))]
        torn |= {picture for picture in pictures if subsets.setdefault(picture, subset) != subset}
        if missing := len(names) - len(pictures):
            reason = f"lists {missing} of {len(names)} names of which there is no picture"
            findings.append(Finding(tree.relative(path), reason, code="image-set"))
    if torn:
        reason = f"are in the lists of two subsets, {tree.relative(min(torn))} for one; they are taken to be in none"
        findings.append(Finding(f"{len(torn)} pictures", reason, "take each out of one list", "image-set"))
    return {picture: subset for picture, subset in subsets.items() if picture not in torn}, findings


def _lists(tree: SourceTree) -> dict[Path, Subset]:
    """Return the lists of subsets that count, each with its subset."""
    found: dict[Path, Subset] = {}
    every = frozenset(tree.with_suffix(".txt"))
    for path in sorted(every):
        folder = path.parent.parent if path.parent.name.lower() == "main" else path.parent
        both = path.stem.lower() == _BOTH and path.with_name("train.txt") not in every
        subset = "train" if both else named_subset(path.stem)
        if folder.name.lower() == _FOLDER and subset and not tree.confined(path):
            found[path] = subset
    return found


def _names(path: Path) -> list[str]:
    try:
        text = decode_text(read_regular(path, limit=_LARGEST_LIST))
    except RejectedItemError:
        return []
    return [line.strip() for line in text.splitlines() if line.strip()]


def _picture(path: Path, name: str, tree: SourceTree) -> Path | None:
    """Return the picture of the data set of a list that has a name, which has no suffix."""
    data_set = path.parents[2] if path.parent.name.lower() == "main" else path.parents[1]
    try:
        return tree.picture_named(f"{tree.relative(data_set)}/JPEGImages/{name}", beside=path)
    except RejectedItemError:
        return None
