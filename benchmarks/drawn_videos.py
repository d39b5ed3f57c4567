"""Drawn videos with the ground truth of every frame, and boxes as a detector with known faults would find them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tracking_scores import NumberedBoxes

from toonvision.cli.sample_world import SampleOrder, draw_into
from toonvision.data.attributes import Attributes, attributes_path, read_attributes
from toonvision.data.formats import pascal_voc
from toonvision.data.source_tree import SourceTree
from toonvision.data.workspace import SCREENSHOTS
from toonvision.metrics.boxes import overlaps
from toonvision.metrics.found_objects import FoundObject

RATE = 10.0
"""Frames a second of a drawn video."""
_SAME = 0.7
"""Of boxes of a class that overlap by more, a detector keeps one."""
_MISSED, _MISSED_HIDDEN = 0.05, 0.6
"""The share of figures in view that is not found, and how much of it is added where all of a figure is hidden."""
_GAP = 3.0
"""How many frames a figure is missed one after another, where misses come in gaps."""


@dataclass(frozen=True)
class TrueFigure:
    """A figure in a frame: its label, its box in pixels, and what the drawing knows of it."""

    label: str
    box: tuple[float, float, float, float]
    attributes: Attributes

    @property
    def kind(self) -> str:
        """``cog`` or ``toon``."""
        return self.label.split("_")[0]

    @property
    def hidden(self) -> float:
        """The share of it that is hidden or outside the frame, 0 to 1."""
        return float(self.attributes["occluded"])


@dataclass(frozen=True)
class DrawnVideo:
    """The folder of a video's frames, and the figures of each frame."""

    folder: Path
    frames: tuple[tuple[TrueFigure, ...], ...]

    @property
    def truth(self) -> NumberedBoxes:
        """The boxes of all figures, numbered."""
        return numbered(
            [(at, int(one.attributes["track"]), one.box) for at, figures in enumerate(self.frames) for one in figures]
        )


def numbered(rows: list[tuple[int, int, tuple[float, float, float, float]]]) -> NumberedBoxes:
    """Return boxes given as frame, number and edges."""
    frame, number = (np.array([row[at] for row in rows], np.int64) for at in (0, 1))
    return NumberedBoxes(frame, number, np.array([row[2] for row in rows], np.float32).reshape(-1, 4))


def drawn_video(root: Path, seed: int, frames: int) -> DrawnVideo:
    """Return the video of a seed; it is drawn into a folder below `root` if it is not there."""
    workspace = root / f"v{seed}"
    draw_into(workspace, SampleOrder(seed=seed, video=frames))
    (street,) = (path for path in (workspace / SCREENSHOTS).iterdir() if path.is_dir())
    pictures = pascal_voc.read(SourceTree.of(workspace / SCREENSHOTS)).pictures
    found = []
    for picture in pictures:
        attributes = read_attributes(attributes_path(picture.path))
        boxes = [(one, one.xyxy) for one in picture.objects if one.xyxy is not None]
        found.append(tuple(TrueFigure(one.label, box, attributes[one.number]) for one, box in boxes))
    return DrawnVideo(street, tuple(found))


def missed_at_once(figures: tuple[TrueFigure, ...], rng: np.random.Generator) -> set[int]:
    """Return the numbers of figures that are not found in a frame: 5 %, in each frame anew."""
    return {int(one.attributes["track"]) for one in figures if rng.random() < _MISSED}


def missed_in_gaps(figures: tuple[TrueFigure, ...], rng: np.random.Generator, before: set[int]) -> set[int]:
    """Return the numbers of figures that are not found in a frame, after those that were not in the one before.

    5 % of those in view are not, 65 % of those that are hidden as a whole, for three frames one after another in the
    mean: so does the packaged detector miss figures in view.
    """
    found = set()
    for one in figures:
        number, share = int(one.attributes["track"]), _MISSED + _MISSED_HIDDEN * one.hidden
        again = 1 - 1 / _GAP if number in before else share / (1 - share) / _GAP
        if rng.random() < again:
            found.add(number)
    return found


def as_if_found(figures: tuple[TrueFigure, ...], rng: np.random.Generator, missed: set[int]) -> list[FoundObject]:
    """Return true boxes as a detector might find them.

    Some are not found, and a figure that is half hidden has a lower score; edges are off by 4 % of the box; 4 % are
    called the other kind; of two of a kind that overlap by more than 70 % one is left out; 0.2 false alarms a frame.
    """
    found = []
    for one in figures:
        width, height = one.box[2] - one.box[0], one.box[3] - one.box[1]
        score = float(np.clip(0.8 - 0.6 * one.hidden + rng.normal(0, 0.12), 0, 1))
        edges = np.array(one.box) + rng.normal(0, 0.04, 4) * [width, height, width, height]
        other = {"cog": "toon", "toon": "cog"}[one.kind]
        if int(one.attributes["track"]) not in missed:
            found.append(_found(one.kind if rng.random() >= 0.04 else other, score, edges))
    for _ in range(int(rng.poisson(0.2))):
        left, top, height = rng.uniform(0, 1600), rng.uniform(200, 500), rng.uniform(40, 150)
        edges = np.array([left, top, left + height / 2, top + height])
        found.append(_found("cog", float(rng.uniform(0.1, 0.7)), edges))
    return _once(found)


def _found(label: str, score: float, edges: np.ndarray) -> FoundObject:
    left, top, right, bottom = (float(edge) for edge in edges)
    return FoundObject(label, score, (left, top, right, bottom))


def _once(found: list[FoundObject]) -> list[FoundObject]:
    kept: list[FoundObject] = []
    for one in sorted(found, key=lambda one: -one.score):
        others = np.array([other.box for other in kept if other.label == one.label], np.float32).reshape(-1, 4)
        if not (overlaps(np.array([one.box], np.float32), others) > _SAME).any():
            kept.append(one)
    return kept
