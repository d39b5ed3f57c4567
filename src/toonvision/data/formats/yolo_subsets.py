"""Which subset a YOLO data set puts its pictures into: by folders, or by texts that list pictures."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from toonvision.core.errors import Finding, RejectedItemError, shown
from toonvision.core.files import decode_text, read_regular
from toonvision.data.formats import image_sets
from toonvision.data.formats.base import LARGEST_ANNOTATION
from toonvision.data.formats.yolo_settings import Folders, Settings
from toonvision.data.source_tree import SourceTree
from toonvision.data.subsets import Subset


@dataclass(frozen=True)
class NamedPictures:
    """The pictures that settings name.

    Attributes:
        subsets: Picture to its subset; None where two subsets have it.
        findings: Folders and pictures that are named and are not there, and pictures of two subsets.
    """

    subsets: Mapping[Path, Subset | None]
    findings: tuple[Finding, ...]


def named_pictures(settings: Collection[Settings], tree: SourceTree) -> NamedPictures:
    """Find the pictures that settings name for a subset, in a source; where they name none, those of lists."""
    folders = Folders(tree)
    named: dict[Path, set[tuple[Subset, Path]]] = defaultdict(set)
    findings = []
    for one in settings:
        for subset, entry in one.entries:
            place = folders.find(one, entry)
            if place is None:
                findings.append(_not_there(one, entry, subset, tree))
                continue
            try:
                pictures, missing = _listed(place, tree) if folders.is_text(place) else (_below(place, tree), [])
            except RejectedItemError as error:
                findings.append(error.finding(tree.relative(place), files=1))
                continue
            if not (pictures or missing or folders.is_text(place)):
                findings.append(_not_there(one, entry, subset, tree))
            if missing:
                reason = f"lists {len(missing):,} pictures that are not below the source, such as {shown(missing[0])}"
                findings.append(Finding(tree.relative(place), reason, "put them there", "not-there"))
            for path in pictures:
                named[path].add((subset, place))
    if not any(one.entries for one in settings):
        lists, notes = image_sets.read(tree)
        return NamedPictures(lists, tuple(notes))
    subsets = {path: {subset for subset, _ in found} for path, found in named.items()}
    # One folder for train and val alike says that there is no split, as YOLO has it: it asks for both.
    shared = [path for path, found in named.items() if min(len(subsets[path]), len({place for _, place in found})) > 1]
    if shared:
        words = " and ".join(sorted({subset for path in shared for subset in subsets[path]}))
        reason = f"is named for {words} alike, as are {len(shared)} pictures in all; what its folder is called decides"
        remedy = "name a folder for one subset only"
        findings.append(Finding(tree.relative(min(shared)), reason, remedy, "two-subsets"))
    alone = {path: next(iter(found)) if len(found) == 1 else None for path, found in subsets.items()}
    return NamedPictures(alone, tuple(findings))


def _not_there(settings: Settings, entry: str, subset: Subset, tree: SourceTree) -> Finding:
    where, put = "is not below the source", "put it there"
    if Folders(tree, empty=True).find(settings, entry):
        where, put = "holds no picture", "put its pictures there"
    reason = f"names {shown(entry)} for {subset}, which {where}"
    return Finding(tree.relative(settings.file), reason, f"{put}, or take it out of {settings.file.name}", "no-subset")


def _below(folder: Path, tree: SourceTree) -> list[Path]:
    inside = (paths for parent, paths in tree.by_folder.items() if Path(parent).is_relative_to(folder))
    return [path for paths in inside for path in paths]


def _listed(text: Path, tree: SourceTree) -> tuple[list[Path], list[str]]:
    """Return the pictures that a text lists, a line each, and the lines of those that are not there.

    A picture whose label file is there is reported with that.
    """
    labelled = {path.stem for path in tree.with_suffix(".txt")}
    tree.require_confined(text)
    content = decode_text(read_regular(text, limit=LARGEST_ANNOTATION), errors="surrogateescape")
    found, missing = [], []
    for line in map(str.strip, content.splitlines()):
        try:
            if line:
                found.append(tree.picture_named(line, beside=text))
        except RejectedItemError:
            if Path(line.replace("\\", "/")).stem not in labelled:
                missing.append(line)
    return found, missing
