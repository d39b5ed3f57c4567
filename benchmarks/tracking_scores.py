"""How good tracks are: whether every object is found, and whether it keeps one number.

A true box and a tracked one can be the same where they overlap by half or more. MOTA goes frame by frame: a pair that
can still be the same stays one, the others are paired so that there are most pairs and these overlap most, and an
object that is paired with another number than the last time is a switch. IDF1 looks at whole videos: each object is
paired with one number for good, so that most of their boxes agree.

Source:
    Bernardin and Stiefelhagen, "Evaluating multiple object tracking performance: the CLEAR MOT metrics", 2008.
    Ristani et al., "Performance measures and a data set for multi-target, multi-camera tracking", 2016.
    Equal to py-motmetrics to 1e-6.
"""

import math
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from toonvision.metrics.boxes import Boxes, Indices, overlaps

LEAST_OVERLAP = 0.5
_NEVER = 1e6
"""Cost of a pair that cannot be: more than all that can be of a frame together."""


@dataclass(frozen=True)
class NumberedBoxes:
    """The boxes of a video.

    Attributes:
        frame: The frame of each, from 0, ascending, shape ``(boxes,)``, int64.
        number: Which object it is of, or which track; at most once a frame, of the same shape.
        boxes: Left, upper, right and lower edges in pixels.
    """

    frame: Indices
    number: Indices
    boxes: Boxes


@dataclass(frozen=True)
class TrackingScores:
    """Counts of one video, or the sums of several.

    Attributes:
        objects: How many boxes there are to find.
        misses: How many of them no track has.
        false_alarms: How many boxes of tracks are of no object.
        switches: How often an object's number changes.
        tracked: How many boxes of tracks there are.
        agreeing: How many of them have the number that their object has over the whole video.
    """

    objects: int
    misses: int
    false_alarms: int
    switches: int
    tracked: int
    agreeing: int

    @property
    def mota(self) -> float:
        """1 without any error, below 0 with more errors than objects; NaN without an object."""
        errors = self.misses + self.false_alarms + self.switches
        return 1 - errors / self.objects if self.objects else math.nan

    @property
    def idf1(self) -> float:
        """The share of boxes with the right identity, 0 to 1: twice the agreeing ones among all; NaN without boxes."""
        both = self.objects + self.tracked
        return 2 * self.agreeing / both if both else math.nan

    def __add__(self, other: "TrackingScores") -> "TrackingScores":
        """Return the counts of both together."""
        return TrackingScores(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))


def without_ignored(
    truth: NumberedBoxes, ignored: npt.NDArray[np.bool_], tracks: NumberedBoxes
) -> tuple[NumberedBoxes, NumberedBoxes]:
    """Leave out objects that need not be found, and the boxes of tracks that are of such an object.

    In each frame objects and tracks are paired so that they overlap most, as MOTChallenge does before it counts.

    Args:
        truth: All objects.
        ignored: Which of their boxes are to be ignored, for example because the object is hardly to be seen, of shape
            ``(boxes,)``.
        tracks: All tracks.

    Source:
        Milan et al., "MOT16: a benchmark for multi-object tracking", 2016, section 4.1.
    """
    dropped = np.zeros(len(tracks.frame), np.bool_)
    for frame in np.unique(truth.frame[ignored]):
        here, there = _rows(truth, frame), _rows(tracks, frame)
        for row, column in _best_pairs(_cost(truth.boxes[here], tracks.boxes[there])):
            dropped[there.start + column] = ignored[here.start + row]
    return _only(truth, ~ignored), _only(tracks, ~dropped)


def tracking_scores(truth: NumberedBoxes, tracks: NumberedBoxes) -> TrackingScores:
    """Compare the tracks of a video with its true objects."""
    together = np.zeros((_count(truth.number), _count(tracks.number)), np.int64)
    own, others = (np.unique(one.number, return_inverse=True)[1] for one in (truth, tracks))
    last: dict[int, int] = {}
    misses = false_alarms = switches = 0
    for frame in np.union1d(truth.frame, tracks.frame):
        here, there = _rows(truth, frame), _rows(tracks, frame)
        cost = _cost(truth.boxes[here], tracks.boxes[there])
        objects, numbers = own[here], others[there]
        np.add.at(together, (objects[:, None], numbers[None]), cost < _NEVER)
        pairs = _paired(cost, objects, numbers, last)
        switches += sum(last.get(one, number) != number for one, number in pairs.items())
        last |= pairs
        misses += len(objects) - len(pairs)
        false_alarms += len(numbers) - len(pairs)
    return TrackingScores(len(own), misses, false_alarms, switches, len(others), _agreeing(together))


def _count(numbers: Indices) -> int:
    return len(np.unique(numbers))


def _rows(of: NumberedBoxes, frame: int) -> slice:
    return slice(int(np.searchsorted(of.frame, frame)), int(np.searchsorted(of.frame, frame, side="right")))


def _only(of: NumberedBoxes, kept: npt.NDArray[np.bool_]) -> NumberedBoxes:
    return NumberedBoxes(of.frame[kept], of.number[kept], of.boxes[kept])


def _cost(boxes: Boxes, others: Boxes) -> npt.NDArray[np.float64]:
    """Return how little each box overlaps each other one; `_NEVER` for less than half."""
    shared = overlaps(boxes, others)
    return np.where(shared >= LEAST_OVERLAP, 1 - shared, _NEVER)


def _best_pairs(cost: npt.NDArray[np.float64]) -> list[tuple[int, int]]:
    """Return pairs of rows and columns: as many as can be, of the lowest cost."""
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(cost)
    found = zip(rows.tolist(), columns.tolist(), strict=True)
    return [(row, column) for row, column in found if cost[row, column] < _NEVER]


def _paired(cost: npt.NDArray[np.float64], objects: Indices, numbers: Indices, last: dict[int, int]) -> dict[int, int]:
    """Return which object of a frame has which number: as in the frames before where that can be, else the best."""
    at = {int(number): column for column, number in enumerate(numbers)}
    pairs = {}
    for row, one in enumerate(objects.tolist()):
        column = at.get(last.get(one, -1))
        if column is not None and cost[row, column] < _NEVER:
            pairs[one] = int(numbers[column])
            cost[row], cost[:, column] = _NEVER, _NEVER
    return pairs | {int(objects[row]): int(numbers[column]) for row, column in _best_pairs(cost)}


def _agreeing(together: npt.NDArray[np.int64]) -> int:
    """Return how many boxes agree if each object has the one number that makes them the most."""
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(together, maximize=True)
    return int(together[rows, columns].sum())
