"""What the catalogue stores: screenshots and crops."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

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
        file: Its file name below `crops/`.
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
    def where(self) -> str:
        """Where a person finds the object."""
        return self.origin or f"{self.screenshot}, {', '.join(map(str, self.box.xyxy))}"


@dataclass(frozen=True)
class Known:
    """All that a catalogue says; `numbers` has the last that each label has used."""

    screenshots: Sequence[StoredScreenshot] = ()
    crops: Sequence[Crop] = ()
    numbers: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def crops_of(self) -> Mapping[tuple[str, str], Sequence[Crop]]:
        """The crops of each screenshot that has some, by its source and name."""
        found: dict[tuple[str, str], list[Crop]] = {}
        for crop in self.crops:
            found.setdefault((crop.source, crop.screenshot), []).append(crop)
        return found
