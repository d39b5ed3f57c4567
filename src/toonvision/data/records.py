"""What the catalogue stores: screenshots and crops."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol

from toonvision.core.grouping import grouped
from toonvision.data.attributes import Attributes
from toonvision.data.boxes import Box

MOST_NUMBERS = 999_999_999
"""Above any number that a crop has ever had."""


@dataclass(frozen=True)
class StoredScreenshot:
    """A screenshot as the catalogue knows it, with or without objects.

    Attributes:
        id: Its row; 0 where it is yet to be stored.
        source: Its source.
        name: Its path below the source.
        context: Where it was taken.
        size_wh: Width and height in pixels.
        picture_hash: SHA-256 of the file.
        fingerprint: What near-duplicates are recognised by.
        recording: What the settings' pattern for groups finds in its name; empty where it finds nothing.
    """

    id: int
    source: str
    name: str
    context: str
    size_wh: tuple[int, int]
    picture_hash: str
    fingerprint: str
    recording: str = ""

    @property
    def screenshot(self) -> str:
        """Its path below the source, as a crop calls it."""
        return self.name


@dataclass(frozen=True)
class Crop:
    """An object of a screenshot and its crop, as the catalogue knows them.

    Attributes:
        id: Its row; 0 where it is yet to be stored.
        label: What it shows.
        number: Its number within the label, from 0; never used again.
        file: Its file name below `crops/`; empty where nobody need find it, so that none was cut.
        hash: SHA-256 of its file.
        box: Its bounding box in the screenshot.
        screenshot_id: The row of the screenshot.
        source: The screenshot's source.
        screenshot: The screenshot's path below the source.
        context: Where the screenshot was taken.
        fingerprint: The screenshot's fingerprint.
        origin: The object in its annotation, for example ``shot.xml, object 3``; empty where an earlier version stored
            the crop.
        attributes: What else is known of the object; empty where nothing is.
        recording: That of its screenshot.
    """

    id: int
    label: str
    number: int
    file: str
    hash: str
    box: Box
    screenshot_id: int
    source: str
    screenshot: str
    context: str
    fingerprint: str
    origin: str
    attributes: Attributes = field(default_factory=dict, hash=False)
    recording: str = ""

    @property
    def columns(self) -> Mapping[str, str]:
        """How a table names it: column to value."""
        return {"crop": self.file, "screenshot": self.screenshot, "context": self.context, "label": self.label}

    @property
    def where(self) -> str:
        """Where a person finds the object."""
        return self.origin or f"{self.screenshot}, {', '.join(map(str, self.box.xyxy))}"


class Shot(Protocol):
    """A screenshot, or a crop that stands for its screenshot."""

    @property
    def source(self) -> str:
        """Its source."""

    @property
    def screenshot(self) -> str:
        """Its path below the source."""

    @property
    def fingerprint(self) -> str:
        """What near-duplicates are recognised by."""

    @property
    def recording(self) -> str:
        """What the settings' pattern finds in its path."""


class Item(Shot, Protocol):
    """What an image of a dataset shows: an object of a screenshot, or a whole screenshot."""

    @property
    def screenshot_id(self) -> int:
        """The row of the screenshot."""

    @property
    def context(self) -> str:
        """Where the screenshot was taken."""

    @property
    def hash(self) -> str:
        """A hash of all that is learned from it."""

    @property
    def columns(self) -> Mapping[str, str]:
        """How a table names it: column to value."""


@dataclass(frozen=True)
class StoredMask:
    """The mask of a screenshot: the class of each pixel, as a file.

    Attributes:
        path: The file.
        size_wh: Width and height of the screenshot in pixels, and so of the mask.
        hash: SHA-256 of the file.
    """

    path: Path
    size_wh: tuple[int, int]
    hash: str


@dataclass(frozen=True)
class Frame:
    """A screenshot with its objects.

    Attributes:
        shot: The screenshot.
        crops: Its objects, in the order of the catalogue, then those that nobody need find; none where it shows none.
        mask: Its mask, where that is what is learned of it; else None.
    """

    shot: StoredScreenshot
    crops: tuple[Crop, ...]
    mask: StoredMask | None = None

    @property
    def cut(self) -> tuple[Crop, ...]:
        """Those of its objects that were cut out, not those that nobody need find."""
        return tuple(crop for crop in self.crops if crop.file)

    @property
    def screenshot_id(self) -> int:
        """The row of the screenshot."""
        return self.shot.id

    @property
    def source(self) -> str:
        """The screenshot's source."""
        return self.shot.source

    @property
    def screenshot(self) -> str:
        """The screenshot's path below the source."""
        return self.shot.name

    @property
    def context(self) -> str:
        """Where the screenshot was taken."""
        return self.shot.context

    @property
    def fingerprint(self) -> str:
        """The screenshot's fingerprint."""
        return self.shot.fingerprint

    @property
    def recording(self) -> str:
        """What the settings' pattern for groups finds in the screenshot's name."""
        return self.shot.recording

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the picture's hash, and of the labels, boxes and attributes of its objects, or of its mask's."""
        if self.mask is not None:
            return hashlib.sha256(json.dumps([self.shot.picture_hash, self.mask.hash]).encode()).hexdigest()
        known = [[crop.label, crop.box.xyxy, dict(sorted(crop.attributes.items()))] for crop in self.crops]
        return hashlib.sha256(json.dumps([self.shot.picture_hash, known]).encode()).hexdigest()

    @property
    def columns(self) -> Mapping[str, str]:
        """How a table names it: column to value."""
        return {"screenshot": self.screenshot, "context": self.context}


def frames_of(screenshots: Iterable[StoredScreenshot], crops: Iterable[Crop]) -> tuple[Frame, ...]:
    """Return screenshots, in their order, each with its crops."""
    of_screenshot = grouped(crops, lambda crop: crop.screenshot_id)
    return tuple(Frame(shot, tuple(of_screenshot.get(shot.id, ()))) for shot in screenshots)


@dataclass(frozen=True)
class Known:
    """All that a catalogue says.

    Attributes:
        screenshots: The screenshots.
        crops: Their objects.
        numbers: The last number that each label has used.
        regions: Where nobody need find an object of a label, such as crowds, or any object, where the settings leave
            the label out: no crop is cut there.
    """

    screenshots: Sequence[StoredScreenshot] = ()
    crops: Sequence[Crop] = ()
    numbers: Mapping[str, int] = field(default_factory=dict)
    regions: Sequence[Crop] = ()

    @cached_property
    def crops_of(self) -> Mapping[tuple[str, str], Sequence[Crop]]:
        """The crops of each screenshot that has some, by its source and name."""
        return grouped(self.crops, lambda crop: (crop.source, crop.screenshot))

    @cached_property
    def regions_of(self) -> Mapping[tuple[str, str], Sequence[Crop]]:
        """The regions of each screenshot that has some, by its source and name."""
        return grouped(self.regions, lambda region: (region.source, region.screenshot))
