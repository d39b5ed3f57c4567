"""Bounding boxes and annotated pictures: the one form that every foreign format is converted to.

Coordinates are pixel edges, counted from the left and the top from 0; a box holds the pixels from its minimum up
to, not including, its maximum, as labelImg writes Pascal VOC. Fractions are rounded to the nearest edge, halves up.
"""

import math
import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from toonvision.core.errors import Finding, RejectedItemError, shown
from toonvision.core.grouping import grouped
from toonvision.core.wording import counted
from toonvision.data.attributes import NO_ATTRIBUTES, Attributes, attributes_path
from toonvision.data.subsets import Subset
from toonvision.taxonomy.labels import LONGEST_NAME

RECOVERED = "recovered"
"""The code of findings about boxes that are not those that the annotation states; nothing is to be done about them."""
SWAPPED = "the corners of the box were swapped and are sorted now"
CLAMPED = "the box passed the edge of its picture and was cut there"
TINY = "the crop is one pixel wide or high, so that little can be seen in it"
_SMALLEST = 2
"""Pixels of a side that can show anything."""
_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_LARGEST = sys.float_info.max
_CLAMP_LIMIT = 1
"""Pixels by which any box may leave its picture: programs round, and count from 0 or from 1."""

Xyxy = tuple[float, float, float, float]
"""Left, top, right and bottom edges in pixels."""


@dataclass(frozen=True, order=True)
class Box:
    """A rectangle of whole pixels, inside its picture, of positive area: its left, top, right and bottom edges."""

    x_min: int
    y_min: int
    x_max: int
    y_max: int

    def __post_init__(self) -> None:
        if self.x_min >= self.x_max or self.y_min >= self.y_max or min(self.x_min, self.y_min) < 0:
            raise ValueError(f"a box needs 0 <= min < max; got {self.xyxy}")

    @property
    def xyxy(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom."""
        return self.x_min, self.y_min, self.x_max, self.y_max

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.x_max - self.x_min, self.y_max - self.y_min

    def overlap(self, other: "Box") -> float:
        """Return the intersection over union with another box, 0 to 1."""
        wide = min(self.x_max, other.x_max) - max(self.x_min, other.x_min)
        high = min(self.y_max, other.y_max) - max(self.y_min, other.y_min)
        common = max(0, wide) * max(0, high)
        return common / (math.prod(self.size_wh) + math.prod(other.size_wh) - common)


class AnnotatedObject(NamedTuple):
    """One object as its annotation gives it, not yet checked against the picture.

    Attributes:
        number: Its position in the annotation, from 1.
        label: What the annotation calls it.
        xyxy: Left, top, right, bottom edges in pixels, finite; None for the whole picture.
        attributes: What the annotation says of it beyond that; those of an attributes file come before them.
        note: How the box came about, where it is not the one that the annotation states, such as ``the box around its
            polygon was taken``; the objects of one note are counted together.
    """

    number: int
    label: str
    xyxy: tuple[float, float, float, float] | None
    attributes: Attributes = NO_ATTRIBUTES
    note: str = ""


class Outline(NamedTuple):
    """The outline of an object or a region as its annotation gives it, not yet checked.

    Attributes:
        label: What the annotation calls it.
        shape: Polygons or run lengths, as `toonvision.data.outlines.inside` reads them.
        known: Whether all pixels in it show the object; not those of a crowd, or of a box.
        box: The box of the object, as such a shape, where it has one: for an outline that cannot be used.
    """

    label: str
    shape: object
    known: bool = True
    box: object = None


class AnnotatedPicture(NamedTuple):
    """A picture and what its annotation says is in it.

    Attributes:
        path: The picture.
        name: The picture's path below its source, with slashes.
        annotation: The annotation's path below its source, for messages.
        context: Where the screenshot was taken.
        objects: The objects that could be read.
        size_wh: Width and height that the annotation declares, where it does.
        findings: Objects of this picture that could not be read.
        attributes_file: Its attributes file, where that is not named after the stem of the picture.
        subset: The subset that the source puts it into, where it does.
        ignored: How many of its objects the settings leave out.
        outlines: The outlines that its annotation draws, whatever becomes of the objects.
        regions: Where nobody need find its label: a crowd, or what is marked to be ignored; or, where the settings
            leave its label out, any object. No crop is cut of it.
        drawn_here: Whether its boxes were drawn on the labelling page, which shows a picture as it is decoded.
    """

    path: Path
    name: str
    annotation: str
    context: str
    objects: tuple[AnnotatedObject, ...] = ()
    size_wh: tuple[int, int] | None = None
    findings: tuple[Finding, ...] = ()
    attributes_file: Path | None = None
    subset: Subset | None = None
    ignored: int = 0
    outlines: tuple[Outline, ...] = ()
    regions: tuple[AnnotatedObject, ...] = ()
    drawn_here: bool = False

    @property
    def attributes(self) -> Path:
        """The path that the attributes file of this picture would have."""
        return self.attributes_file or attributes_path(self.path)

    @property
    def has_boxes(self) -> bool:
        """Whether a box was drawn on it; an object may be the whole picture."""
        return any(entry.xyxy for entry in self.objects)

    @property
    def may_be_rotated(self) -> bool:
        """Whether its boxes were drawn by a program that may have rotated it first, as its EXIF data say."""
        return self.has_boxes and not self.drawn_here

    @property
    def object_count(self) -> int:
        """Number of objects in the annotation, those that could not be read among them, but none that is ignored."""
        return len(self.objects) + sum(finding.objects for finding in self.findings)

    def item(self, number: int) -> str:
        """Name an object of this picture in a message."""
        return f"{self.annotation}, object {number}"


@dataclass(frozen=True)
class Reading:
    """Everything that was found below a source, in a fixed order.

    Attributes:
        pictures: Annotated pictures, sorted by name.
        findings: Pictures or annotations that could not be used at all.
        unusable: The pictures among them: name to what is wrong with its annotation. Once that is fixed, their crops
            are as good as before.
        replaced: Attributes files of annotations that those of the workspace itself have taken the place of.
        at_once: Pictures without an annotation that are not named one by one: name to the finding about all of them.
    """

    pictures: tuple[AnnotatedPicture, ...]
    findings: tuple[Finding, ...] = ()
    unusable: Mapping[str, Finding] = field(default_factory=dict, hash=False)
    replaced: frozenset[Path] = frozenset()
    at_once: Mapping[str, Finding] = field(default_factory=dict, hash=False)

    def without(self, named: Mapping[str, Finding]) -> "Reading":
        """Return a reading without some pictures, by name, and what is wrong with each; one finding may be of several.

        What was found within these pictures comes after that.
        """
        if not named:
            return self
        within = [finding for picture in self.pictures if picture.name in named for finding in picture.findings]
        return replace(
            self,
            pictures=tuple(picture for picture in self.pictures if picture.name not in named),
            findings=(*self.findings, *dict.fromkeys(named.values()), *within),
            unusable={**self.unusable, **named},
        )


def parse_coordinate(text: str | None, what: str) -> float:
    """Read a coordinate written as a finite decimal number in ASCII digits; blanks around it do not matter.

    Raises:
        RejectedItemError: For anything else: ``nan``, ``1e400``, other digits, an empty tag.
    """
    stripped = (text or "").strip(" \t\r\n")
    if not _DECIMAL.fullmatch(stripped):
        raise RejectedItemError(f"{what} must be a decimal number; got {shown(text)}", "correct it", code="bad-number")
    return finite(float(stripped), what)


def all_finite(a: float, b: float, c: float, d: float) -> bool:
    """Return whether the four numbers of a bounding box, which may be whole ones of any length, are finite."""
    return (
        -_LARGEST <= a <= _LARGEST
        and -_LARGEST <= b <= _LARGEST
        and -_LARGEST <= c <= _LARGEST
        and (-_LARGEST <= d <= _LARGEST)
    )


def finite(value: float, what: str) -> float:
    """Return a number of a bounding box as a float.

    Raises:
        RejectedItemError: If it is infinite or NaN.
    """
    if not abs(value) <= _LARGEST:
        raise RejectedItemError(f"{what} must be finite; got {shown(value)}", "correct it", code="bad-number")
    return float(value)


def checked_label(text: str | None) -> str:
    """Return a label without the blanks around it; any other kind of blank within, such as U+00A0, becomes a plain one.

    Two labels that differ by these alone look the same, and are one.

    Raises:
        RejectedItemError: If it is empty, over 1,000 characters, or not printable.
    """
    label = (text or "").strip()
    if not label:
        raise RejectedItemError("has no label", "name it", code="no-label")
    if len(label) > LONGEST_NAME:
        reason = f"the label {shown(label)} has {len(label)} characters, over {LONGEST_NAME}"
        raise RejectedItemError(reason, "rename it", code="long-label")
    if not label.isprintable():  # as no blank is but the plain one
        label = "".join(" " if unicodedata.category(letter) == "Zs" else letter for letter in label)
    if not label.isprintable():
        reason = f"the label {shown(label)} holds control characters"
        raise RejectedItemError(reason, "rename it", code="unprintable-label")
    return label


def with_sorted_corners(entry: AnnotatedObject) -> AnnotatedObject:
    """Return an object with the corners of its box in order, and a note of it where they were swapped.

    Raises:
        RejectedItemError: If an edge is infinite or NaN, as a sum of finite numbers may be.
    """
    if entry.xyxy is None:
        return entry
    left, top, right, bottom = entry.xyxy
    if -_LARGEST <= left <= right <= _LARGEST and -_LARGEST <= top <= bottom <= _LARGEST:
        return entry
    for edge in entry.xyxy:
        finite(edge, "an edge")
    (left, right), (top, bottom) = sorted(entry.xyxy[::2]), sorted(entry.xyxy[1::2])
    return entry._replace(xyxy=(left, top, right, bottom), note=entry.note or SWAPPED)


def fit_box(xyxy: Iterable[float], size_wh: tuple[int, int]) -> tuple[Box, bool]:
    """Round a box (left, top, right, bottom in pixels, finite) to whole pixels and fit it into its picture.

    Returns:
        The box, and whether it passed an edge of the picture and was cut there.

    Raises:
        RejectedItemError: If the box has no area, its corners are swapped (see `with_sorted_corners`), or it leaves
            the picture by more than a pixel with more than half of its area.

    Examples:
        >>> fit_box((-4, 2.5, 10, 20), (10, 20))
        (Box(x_min=0, y_min=3, x_max=10, y_max=20), True)
    """
    width, height = size_wh
    stated = [finite(value, "an edge") for value in xyxy]
    edges = [math.floor(value) + (value - math.floor(value) >= 0.5) for value in stated]
    corners = ", ".join(map(shown, edges))
    if edges[0] >= edges[2] or edges[1] >= edges[3]:
        reason = f"the box ({corners}) {_too_small(stated, edges)}"
        raise RejectedItemError(reason, "draw it again or remove it", code="zero-area")
    limits = (width, height, width, height)
    clamped = [min(max(edge, 0), limit) for edge, limit in zip(edges, limits, strict=True)]
    moved = max(abs(edge - inside) for edge, inside in zip(edges, clamped, strict=True))
    seen = _area(clamped)
    if not seen or (moved > _CLAMP_LIMIT and 2 * seen < _area(edges)):
        reason = f"the box ({corners}) leaves the picture of {width} x {height} by {shown(moved)} pixels"
        reason += ", with more than half of its area" if seen else ", with all of its area"
        raise RejectedItemError(reason, "draw it again inside the picture, or remove it", code="out-of-bounds")
    return Box(*clamped), moved > 0


def _too_small(stated: Sequence[float], edges: Sequence[int]) -> str:
    """Say what a box has too little of, given its edges as they are stated and in whole pixels."""
    if stated[0] >= stated[2] or stated[1] >= stated[3]:
        return "has no area"
    return "is less than a pixel " + " and ".join(["wide"] * (edges[0] == edges[2]) + ["high"] * (edges[1] == edges[3]))


def fit_object(entry: AnnotatedObject, size_wh: tuple[int, int]) -> tuple[Box, tuple[str, ...]]:
    """Fit the box of an object into its picture, as `fit_box` does.

    Returns:
        The box, and in words what else is to be known of it: how it came about, and whether anything can be seen in it.

    Raises:
        RejectedItemError: As `fit_box`.
    """
    box, clamped = fit_box(entry.xyxy or (0, 0, *size_wh), size_wh)
    tiny = min(box.size_wh) < _SMALLEST
    return box, tuple(note for note in (entry.note, CLAMPED if clamped else "", TINY if tiny else "") if note)


def note_findings(item: str, notes: Iterable[tuple[str, str]]) -> list[Finding]:
    """Count the objects of each note: a finding for each, of `item`; nothing is left out because of them.

    Args:
        item: What the objects belong to, such as a source.
        notes: Pairs of a note and the object that it is about.
    """
    return [
        Finding(
            item,
            f"{note} ({counted(len(objects), 'object')}, such as {objects[0][1]})",
            code="tiny" if note == TINY else RECOVERED,
        )
        for note, objects in grouped(notes, lambda pair: pair[0]).items()
    ]


def _area(edges: Sequence[int]) -> int:
    return (edges[2] - edges[0]) * (edges[3] - edges[1])
