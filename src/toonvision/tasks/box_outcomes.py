"""Why objects are missed and alarms are false, and what disturbs the view of an object."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median_low
from typing import Any

import numpy as np

from toonvision.data.records import Frame
from toonvision.metrics.boxes import Boxes, inside, overlaps
from toonvision.metrics.detection import Objects
from toonvision.metrics.predictions import Predictions
from toonvision.tasks.base import Evaluated
from toonvision.tasks.box_scores import BoxScores, Outcome, Shown
from toonvision.tasks.detect_targets import factors_of

IN_VIEW, BESIDE, AT_EDGE = "in full view", "overlaps another object", "at the screenshot's edge"
CAUSES: dict[Outcome, tuple[str, ...]] = {
    "missed": ("taken for another class", "badly placed box", "not sure enough", "not seen"),
    "false alarm": ("object of another class", "second box of an object", "badly placed box", "nothing there"),
}
"""Why, for each outcome that is wrong; the first that holds."""
_COVERED = 0.25
"""Share of a box that lies in another one from which on that disturbs."""
_MATCHES, _TOUCHES = 0.5, 0.1
_HEIGHTS = (25, 60, 120)
"""Edges of bands of heights in pixels of the input, where small figures become hard to find."""


@dataclass(frozen=True)
class HeightBand:
    """A range of heights of objects.

    Attributes:
        low: In pixels of the screenshot.
        high: Below which a height is.
        title: The range, in pixels of the screenshot.
        at_input: The same in pixels of the network's input; those of the screenshot where these are shrunk by different
            numbers.
    """

    low: float
    high: float
    title: str
    at_input: str

    def holds(self, height: float) -> bool:
        """Whether a height in pixels of the screenshot lies in it."""
        return self.low <= height < self.high


def height_bands(evaluation: Evaluated[Any]) -> tuple[HeightBand, ...]:
    """Return bands of heights: below 25, 60 and 120 pixels of the usual screenshot's input, and above."""
    factors = factors_of(evaluation.frames, evaluation.images.shape[1:3]).tolist() or [1.0]
    factor, alike = median_low(factors), len(set(factors)) == 1
    return tuple(
        HeightBand(factor * low, factor * high, whole := _range(factor * low, factor * high),
                   _range(low, high) if alike else whole)
        for low, high in pairwise([0.0, *_HEIGHTS, math.inf])
    )  # fmt: skip


def disturbances(truth: Objects, frames: Sequence[Frame]) -> tuple[str, ...]:
    """Return what disturbs the view of each object, as far as boxes show; regions that nobody need find do not.

    Args:
        truth: The objects, in pixels of their screenshots.
        frames: Their screenshots, with the same objects in the same order.
    """
    found = [IN_VIEW] * len(truth.image)
    for image, frame in enumerate(frames):
        width, height = frame.shot.size_wh
        own = np.flatnonzero(truth.image == image)
        boxes = truth.boxes[own]
        covered = inside(boxes, boxes)
        np.fill_diagonal(covered, 0)
        covered = covered[:, [bool(crop.file) for crop in frame.crops]]
        for at, box, share in zip(own.tolist(), boxes.tolist(), covered.max(axis=1, initial=0), strict=True):
            cut = min(box[:2]) < 1 or box[2] > width - 1 or box[3] > height - 1
            found[at] = BESIDE if share >= _COVERED else AT_EDGE if cut else IN_VIEW
    return tuple(found)


def cause(scores: BoxScores, one: Shown) -> str:
    """Return why an object was missed, or an alarm is false: one of `CAUSES`."""
    if one.prediction is None:
        at = one.truth or 0
        box, label = scores.truth.boxes[at], int(scores.truth.labels[at])
        other, same = _nearest(box, label, scores.taken, one.image)
        _, unsure = _nearest(box, label, scores.predictions, one.image)
        holds = (other >= _MATCHES, same >= _TOUCHES, unsure >= _MATCHES, True)
    else:
        box, label = box_of(scores, one), int(scores.taken.labels[one.prediction])
        other, same = _nearest(box, label, scores.truth, one.image)
        holds = (other >= _MATCHES > same, same >= _MATCHES, same >= _TOUCHES, True)
    return CAUSES[one.outcome][holds.index(True)]


def box_of(scores: BoxScores, one: Shown) -> Boxes:
    """Return the box that an outcome is about, in pixels of its screenshot, shape ``(4,)``."""
    if one.prediction is None or scores.taken.boxes is None:
        box: Boxes = scores.truth.boxes[one.truth or 0]
    else:
        box = scores.taken.boxes[one.prediction]
    return box


def height_of(scores: BoxScores, one: Shown) -> float:
    """Return the height in pixels of the screenshot of the box that an outcome is about."""
    box = box_of(scores, one)
    return float(box[3] - box[1])


def _nearest(box: Boxes, label: int, others: Objects | Predictions, image: int) -> tuple[float, float]:
    """Return how far a box overlaps that of another class and that of its own class most."""
    own = others.image == image
    if others.boxes is None:
        return 0.0, 0.0
    shares, same = overlaps(box[None], others.boxes[own])[0], others.labels[own] == label
    return float(shares[~same].max(initial=0)), float(shares[same].max(initial=0))


def _range(low: float, high: float) -> str:
    return f"{low:.0f} px and more" if math.isinf(high) else f"{low:.0f} to {high:.0f} px"
