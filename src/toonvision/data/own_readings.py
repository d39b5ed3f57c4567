"""Annotations of the workspace in the place of those of its sources: which picture each is of, and what they change."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from toonvision.core.errors import Finding, InputRejectedError, RejectedItemError, printable
from toonvision.core.files import followed_inside
from toonvision.core.grouping import grouped
from toonvision.core.wording import counted
from toonvision.data.attributes import attributes_path
from toonvision.data.boxes import AnnotatedPicture, Reading
from toonvision.data.listing import name_key
from toonvision.data.own_annotations import DONE, AnnotationFile, read_annotations
from toonvision.data.source_tree import SourceTree
from toonvision.data.workspace import Source, Workspace

SourceReading = tuple[Source, Reading]
"""A source and what its annotations say."""
OPEN_REVIEW = "open-review"
"""The code of the finding that counts reviews that are not ended."""
UNANNOTATED = "no-annotation"
"""The code of the finding that a picture has no annotation."""
_Key = tuple[str, str]
"""A picture: the key of its source, and its path below that."""


def with_own_annotations(readings: Sequence[SourceReading], workspace: Workspace) -> list[SourceReading]:
    """Return the readings of all sources, with the workspace's own annotations in the place of theirs.

    Raises:
        InputRejectedError: If two of them are of one picture.
    """
    root = workspace.annotations
    if not root.is_dir():
        return list(readings)
    files, broken = read_annotations(root)
    pictures = Pictures(readings)
    own, orphans = assigned(files, pictures)
    unused = [_orphan(file) for file in orphans if file.annotation.review == DONE]
    unfinished = sum(file.annotation.review != DONE for file in own.values())
    if unfinished:
        reason = f"{counted(unfinished, 'review')} not ended yet; what the source says of them, if anything, counts"
        unused.append(Finding(root.name, reason, code=OPEN_REVIEW))
    of_broken = {pictures.at(path, root): finding for path, finding in broken.items()}
    unused += [finding for key, finding in of_broken.items() if key is None]
    replaced = []
    for source, reading in readings:
        ours = {name: file for (key, name), file in own.items() if key == source.key}
        done = {name: file for name, file in ours.items() if file.annotation.review == DONE}
        damaged = {key[1]: finding for key, finding in of_broken.items() if key and key[0] == source.key}
        # Where the workspace's own is damaged, what the source says is older: it does not come back.
        apart = _awaiting(_named_apart(reading, ours), ours.keys() - done)
        replaced.append((source, _with(apart, source, done).without(damaged)))
    if unused and replaced:
        source, reading = replaced[0]
        replaced[0] = source, replace(reading, findings=(*reading.findings, *unused))
    return replaced


class Pictures:
    """The pictures of all sources, as annotations of the workspace name them."""

    def __init__(self, readings: Sequence[SourceReading]) -> None:
        """Take the pictures of the readings: those that can be used, and the others."""
        self.sources = {source.key: source for source, _ in readings}
        self.names: dict[str, list[_Key]] = {}
        self.files: dict[str, list[_Key]] = {}
        self.places: dict[tuple[str, str], list[_Key]] = {}
        for source, reading in readings:
            for name in (*(picture.name for picture in reading.pictures), *reading.unusable):
                self._add(source.key, name)
            for picture in reading.pictures:
                self._place(picture.context, (source.key, picture.name))

    def _add(self, source: str, name: str) -> None:
        key = (source, name)
        self.names.setdefault(name, []).append(key)
        self.files.setdefault(name.rpartition("/")[2], []).append(key)
        for folder in name.split("/")[:-1] or [""]:
            self._place(folder, key)

    def _place(self, folder: str, key: _Key) -> None:
        keys = self.places.setdefault((folder, name_key(key[1].rpartition("/")[2])), [])
        if key not in keys:
            keys.append(key)

    def meant_by(self, file: AnnotationFile, root: Path) -> _Key | None:
        """Return the picture that an annotation is of; None where there is none, or more than one can be meant.

        One that was moved to another folder, or whose source has another path now, is found by its name.
        """
        source, name = file.annotation.source, file.annotation.picture
        if not name:
            return self.at(file.path, root)
        if (source, name) in self.names.get(name, ()) or self._is_unlisted(source, name):
            return source, name
        for found in (self.names.get(name, []), self.files.get(name.rpartition("/")[2], [])):
            if len(found) == 1:
                return found[0]
        return None

    def _is_unlisted(self, source: str, name: str) -> bool:
        """Return whether a source has a picture of which its annotations say nothing."""
        if source not in self.sources:
            return False
        try:
            return followed_inside(self.sources[source].root, self.sources[source].root / name, name=name).is_file()
        except RejectedItemError:
            return False

    def at(self, path: Path, root: Path) -> _Key | None:
        """Return the picture in the context, and of the stem, of an annotation's file."""
        folder = path.parent.name if path.parent != root else ""
        found = self.places.get((folder, name_key(f"{path.stem}.xml")), [])
        return found[0] if len(found) == 1 else None


def assigned(
    files: Iterable[AnnotationFile], pictures: Pictures
) -> tuple[dict[_Key, AnnotationFile], list[AnnotationFile]]:
    """Return the annotation of each picture that has one, and those without a picture.

    Raises:
        InputRejectedError: If two are of one picture.
    """
    own: dict[_Key, AnnotationFile] = {}
    orphans = []
    for file in files:
        root = file.path.parents[file.name.count("/") - 1]
        key = pictures.meant_by(file, root)
        if key is None:
            orphans.append(file)
        elif own.setdefault(key, file) is not file:
            raise InputRejectedError(printable(f"{own[key].path} and {file.path} annotate one picture. Remove one."))
    return own, orphans


def _orphan(file: AnnotationFile) -> Finding:
    named = f"its picture {file.annotation.picture!r} is missing" if file.annotation.picture else "it has no picture"
    remedy = "put the picture back, or remove this file"
    return Finding(file.name, named, remedy, "no-picture", objects=len(file.objects), pictures=1)


def _named_apart(reading: Reading, own: Container[str]) -> Reading:
    """Return a reading that names pictures of the workspace's own one by one, and of those at once counts the rest."""
    instead: dict[Finding, list[Finding]] = {}
    for finding, names in grouped(reading.at_once, lambda name: reading.at_once[name]).items():
        ours = [Finding(name, "has no annotation", code=finding.code) for name in names if name in own]
        rest = len(names) - len(ours)
        if ours:
            reason = f"{rest:,} of its {counted(len(names), 'picture')} {'has' if rest == 1 else 'have'} no annotation"
            instead[finding] = [*ours, *([replace(finding, reason=reason)] if rest else [])]
    return replace(reading, findings=tuple(one for old in reading.findings for one in instead.get(old, [old])))


def _awaiting(reading: Reading, begun: Container[str]) -> Reading:
    """Return a reading that says of pictures without an annotation whose review was begun that it is not ended."""

    def said(finding: Finding) -> Finding:
        if not _is_unannotated(finding, begun):
            return finding
        return replace(finding, reason="its review is not ended", remedy="end it: toonvision label")

    unusable = {name: said(finding) for name, finding in reading.unusable.items()}
    return replace(reading, findings=tuple(map(said, reading.findings)), unusable=unusable)


def _is_unannotated(finding: Finding, names: Container[str]) -> bool:
    """Return whether a finding says that one of some pictures has no annotation."""
    return finding.code == UNANNOTATED and finding.item in names


def _with(reading: Reading, source: Source, own: Mapping[str, AnnotationFile]) -> Reading:
    """Return a reading with some annotations in the place of its own, by the name of the picture."""
    if not own:
        return reading
    before = {picture.name: picture for picture in reading.pictures}
    tree = None if own.keys() <= before.keys() else SourceTree.of(source.root)
    after = {name: _picture(file, name, source, before.get(name), tree) for name, file in own.items()}
    return replace(
        without_replaced(reading, own),
        pictures=(
            *(after.pop(picture.name, picture) for picture in reading.pictures),
            *(picture for _, picture in sorted(after.items())),
        ),
        replaced=reading.replaced | {before[name].attributes for name in own if name in before},
    )


def without_replaced(reading: Reading, own: Container[str]) -> Reading:
    """Return a reading without what is wrong with annotations of pictures, by name, that have others in their place."""
    still = {name: finding for name, finding in reading.unusable.items() if name not in own}
    settled = set(reading.unusable.values()) - set(still.values())
    findings = tuple(one for one in reading.findings if one not in settled and not _is_unannotated(one, own))
    return replace(reading, findings=findings, unusable=still)


def _picture(
    file: AnnotationFile, name: str, source: Source, before: AnnotatedPicture | None, tree: SourceTree | None
) -> AnnotatedPicture:
    path = before.path if before else source.root / name
    if before:
        context, subset = before.context, before.subset
    else:
        assert tree is not None
        context, subset = tree.context_of(path), tree.subset_of(path)
    context = file.annotation.context or context
    size_wh = file.annotation.size_wh if all(file.annotation.size_wh) else None
    return AnnotatedPicture(
        path, name, file.name, context, file.objects, size_wh, file.findings, attributes_path(file.path), subset,
        regions=before.regions if before else (),  # the labelling page does not show them
        drawn_here=bool(file.annotation.picture),  # another program does not say which picture it is of
    )  # fmt: skip
