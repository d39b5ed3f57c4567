"""What was understood of a folder of annotated pictures, before anything is made of it."""

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from toonvision.core.errors import Finding, InputRejectedError, RejectedItemError, printable
from toonvision.core.grouping import grouped
from toonvision.core.wording import counted, listed
from toonvision.data import images
from toonvision.data.boxes import AnnotatedObject, AnnotatedPicture, Reading
from toonvision.data.contexts import in_contexts
from toonvision.data.formats import layout
from toonvision.data.formats.layout import Layout
from toonvision.data.formats.names import Format
from toonvision.data.label_rules import AS_THEY_ARE, LabelRules, in_one_line
from toonvision.data.series import all_series, copies
from toonvision.data.source_tree import SourceTree
from toonvision.data.subsets import SUBSETS, Subset
from toonvision.data.trainable import untrainable
from toonvision.data.unknown_labels import Vocabulary
from toonvision.taxonomy.labels import NO_CONTEXT, Taxonomy, did_you_mean

_MEASURED_PICTURES = 200
_TINY = 4
"""Pixels; less than that is a line or a dot."""


@dataclass(frozen=True)
class FindingKind:
    """Findings that are alike: those of one code."""

    findings: tuple[Finding, ...]

    @property
    def first(self) -> Finding:
        """The first one, as an example."""
        return self.findings[0]

    @property
    def left_out(self) -> str:
        """How much was left out because of them, in words; empty if nothing was."""
        counts = {
            "picture": sum(finding.pictures for finding in self.findings),
            "object": sum(finding.objects for finding in self.findings),
            "file": sum(finding.files for finding in self.findings),
        }
        return listed([counted(count, noun) for noun, count in counts.items() if count])


@dataclass(frozen=True)
class SourceOverview:
    """A source as it was read.

    Attributes:
        root: Its folder.
        layout: The format that it was read in, and in words how its annotations lie there.
        others: Formats that it could be read in instead.
        reading: Everything that was found in it, with its labels as the settings want them.
        rules: What the settings did to the labels.
        unknown: The labels that the chosen taxonomy lacks.
    """

    root: Path
    layout: Layout
    others: tuple[Layout, ...]
    reading: Reading
    rules: LabelRules
    unknown: tuple[str, ...] = ()

    def known_to(self, taxonomy: Taxonomy) -> "SourceOverview":
        """Return the same with the contexts that a taxonomy knows, and with a finding for each label that it lacks."""
        reading = in_contexts(self.reading, taxonomy)
        vocabulary = Vocabulary.of(self.labels, taxonomy, self.rules)
        lacking = tuple(
            vocabulary.refusal(label).finding(f"{counted(self.labels[label], 'object')} called {label!r}")
            for label in vocabulary.unknown
        )
        reading = replace(reading, findings=(*reading.findings, *lacking))
        return replace(self, reading=reading, unknown=vocabulary.unknown)

    def _entries(self) -> Iterable[AnnotatedObject]:
        return (entry for picture in self.reading.pictures for entry in picture.objects)

    @cached_property
    def labels(self) -> Mapping[str, int]:
        """Number of objects by label, the most frequent label first."""
        return _counts(entry.label for entry in self._entries())

    @property
    def objects(self) -> int:
        """Number of objects that were read."""
        return sum(self.labels.values())

    @property
    def has_boxes(self) -> bool:
        """Whether some object has a box, and is not the whole picture."""
        return any(entry.xyxy for entry in self._entries())

    @property
    def empty_pictures(self) -> int:
        """Number of pictures without any object."""
        return sum(not picture.objects for picture in self.reading.pictures)

    @property
    def unannotated(self) -> int:
        """Number of pictures that have no annotation at all, which are not among those that were read."""
        named = [one for one in self.reading.findings if one.code == "no-annotation"]
        return len(self.reading.at_once) + sum(one not in self.reading.at_once.values() for one in named)

    @property
    def contexts(self) -> Mapping[str, int]:
        """Number of pictures by context; empty where there are no contexts."""
        found = _counts(picture.context for picture in self.reading.pictures)
        return {} if found.keys() <= {NO_CONTEXT} else found

    @property
    def subsets(self) -> Mapping[Subset, int]:
        """Number of pictures by the subset that the source puts them into; empty where it puts none."""
        found = Counter(picture.subset for picture in self.reading.pictures)
        return {subset: found[subset] for subset in SUBSETS if found[subset]}

    @property
    def attributes(self) -> Mapping[str, int]:
        """Number of objects by attribute that their annotations give; one that is false does not count."""
        given = (item for entry in self._entries() for item in entry.attributes.items())
        return _counts(name for name, value in given if value is not False)

    @property
    def box_notes(self) -> Mapping[str, int]:
        """Number of objects by how their box came about, where it is not the one that the annotation states."""
        return _counts(entry.note for entry in self._entries() if entry.note)

    @property
    def groups(self) -> tuple[str, ...]:
        """Which pictures their names show to belong together, in words."""
        names = [("", picture.name) for picture in self.reading.pictures]
        copied = copies(names)
        videos = [[index for step in one.steps for index in step] for one in all_series(names) if one.is_video]
        return tuple(
            f"{counted(sum(map(len, groups)), 'picture')} are {kind} of {counted(len(groups), noun)}, by their names; "
            f"those of one {noun} stay together in a split"
            for kind, noun, groups in (("copies", "source", copied), ("frames", "video", videos))
            if groups
        )

    @property
    def typical_size_wh(self) -> tuple[int, int] | None:
        """Median width and height of the objects of the first 200 pictures; None where there are none."""
        sizes = [size for picture in self.reading.pictures[:_MEASURED_PICTURES] for size in _object_sizes(picture)]
        if not sizes:
            return None
        return round(statistics.median(w for w, _ in sizes)), round(statistics.median(h for _, h in sizes))

    @property
    def tiny(self) -> tuple[Finding, ...]:
        """Objects of which a model sees next to nothing."""
        boxes = [entry.xyxy for entry in self._entries() if entry.xyxy]
        small = [box for box in boxes if 0 < min(box[2] - box[0], box[3] - box[1]) < _TINY]
        if not small:
            return ()
        verb = "is" if len(small) == 1 else "are"
        reason = (
            f"{counted(len(small), 'object')} {verb} less than {_TINY} pixels wide or high: too little to learn from"
        )
        return (Finding("boxes", reason, code="tiny"),)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What was left out of pictures and objects and why, what is worth knowing, and what cannot be learned."""
        own = (finding for picture in self.reading.pictures for finding in picture.findings)
        known = {label: count for label, count in self.labels.items() if label not in self.unknown}
        unlearned = untrainable(known, finds=self.has_boxes, rules=self.rules)
        return in_one_line((*self.reading.findings, *own, *self.tiny, *unlearned))

    @property
    def losses(self) -> tuple[FindingKind, ...]:
        """Why something was left out, by kind."""
        return _kinds(finding for finding in self.findings if finding.skips)

    @property
    def notes(self) -> tuple[FindingKind, ...]:
        """What is worth knowing although nothing was left out because of it, by kind."""
        return _kinds(finding for finding in self.findings if not finding.skips)


def understand(root: Path, *, format_: Format | None = None, rules: LabelRules = AS_THEY_ARE) -> SourceOverview:
    """Read a source, and the headers of its pictures; none is decoded.

    Args:
        root: Its folder.
        format_: The format to read it in; by default the likeliest one.
        rules: What is done to its labels.

    Raises:
        InputRejectedError: If it is in no format that can be read, or not in the one that is asked for, cannot be read
            as a whole, or has no object of a label that the rules name.
    """
    tree = SourceTree.of(root)
    chosen, *others = layout.chosen(tree, format_)
    try:
        reading = layout.read_tree(chosen.format, tree)
    except InputRejectedError as error:
        if not others:
            raise
        raise InputRejectedError(f"{error} Or read it as {printable(layout.ways_to_read(others))}.") from error
    if unused := rules.unused(reading):
        known = {entry.label for picture in reading.pictures for entry in picture.objects}
        hint = did_you_mean(unused[0], known)
        raise InputRejectedError(f"{root}: no object has the label {unused[0]!r}.{hint} Correct --ignore or --same.")
    return SourceOverview(root, chosen, tuple(others), _without_unusable(rules.applied(reading)), rules)


def _without_unusable(reading: Reading) -> Reading:
    """Return a reading without the pictures that cannot be extracted, as their headers say; each is named instead."""
    named: dict[str, Finding] = {}
    for picture in reading.pictures:
        if picture.has_boxes or picture.size_wh:
            try:
                images.check_header(picture.path, has_boxes=picture.may_be_rotated, declared_wh=picture.size_wh)
            except RejectedItemError as error:
                named[picture.name] = error.finding(picture.name, pictures=1, objects=len(picture.objects))
    return reading.without(named)


def _counts(names: Iterable[str]) -> dict[str, int]:
    return dict(Counter(names).most_common())


def _kinds(findings: Iterable[Finding]) -> tuple[FindingKind, ...]:
    return tuple(FindingKind(tuple(group)) for group in grouped(findings, lambda finding: finding.code).values())


def _object_sizes(picture: AnnotatedPicture) -> Sequence[tuple[float, float]]:
    """Return width and height of the objects in a picture, in pixels."""
    boxes = [entry.xyxy for entry in picture.objects if entry.xyxy]
    sizes = [(right - left, bottom - top) for left, top, right, bottom in boxes]
    if not boxes and picture.objects:
        with suppress(RejectedItemError, OSError):
            sizes.append(images.size_wh(picture.path))
    return [size for size in sizes if min(size) > 0]
