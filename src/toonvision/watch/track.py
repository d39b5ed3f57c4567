"""What is known of one figure that is followed."""

from collections.abc import Mapping
from dataclasses import dataclass

from toonvision.metrics.found_objects import FoundObject
from toonvision.taxonomy.labels import Category
from toonvision.watch.evidence import Evidence

Categories = Mapping[str, Mapping[str, Category]]
"""Level to class to its title and colour."""


@dataclass(frozen=True)
class Track:
    """One figure, as far as it is known now.

    Attributes:
        number: Its number, from 1; no other track of this tracker has it. 0 before it counts.
        box: Left, upper, right and lower edge in pixels: where it is, by all of its frames, also while it is not found.
        velocity: Of its centre to the right and down, and of its width and height, in pixels per second.
        first_seen: When it was first found, in seconds.
        last_seen: When it was last found, in seconds.
        hits: In how many frames it was found.
        missing: Seconds since it was last found; 0 in a frame in which it is.
        best_score: The highest score of its boxes, 0 to 1.
        found: What was found of it in this frame, or None.
        evidence: What it is, by all of its frames.
    """

    number: int
    box: tuple[float, float, float, float]
    velocity: tuple[float, float, float, float]
    first_seen: float
    last_seen: float
    hits: int
    missing: float
    best_score: float
    found: FoundObject | None
    evidence: Evidence

    @property
    def found_box(self) -> tuple[float, float, float, float]:
        """Where it was found in this frame, in this frame alone; where it is expected if it was not found."""
        return (self.found or self).box


def finest_class(track: Track, categories: Categories) -> Category:
    """Return the class of a track at the finest level that is known."""
    level, name = list(track.evidence.path.items())[-1]
    return categories[level][name]
