"""How good predicted bounding boxes are: matching them with the true ones, average precision, recall, false alarms.

A prediction matches the true box of its class that it overlaps most, if by no less than a threshold of intersection
over union; the most confident prediction chooses first, and a box is matched once. Boxes that are to be ignored
(difficult ones, crowds) neither reward nor punish: they need not be found, and predictions that lie in them count
neither as right nor as wrong.

Source:
    Lin et al., "Microsoft COCO: common objects in context", ECCV 2014, and its evaluation; equal to that of
    faster-coco-eval to 1e-6, ignored boxes being COCO's crowds.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from toonvision.metrics.boxes import MOST, Boxes, Indices, inside, overlaps
from toonvision.metrics.intervals import Proportion
from toonvision.metrics.predictions import Predictions

OVERLAPS = np.linspace(0.5, 0.95, 10)
"""COCO's thresholds of intersection over union; the first is that of AP50, the sixth that of AP75."""
HALF = OVERLAPS[:1]
_AT_75 = 5
_RECALLS = np.linspace(0, 1, 101)
_MOST_AT_ONCE = 4_000_000
"""Predictions of so many draws together are summed up at once."""
_SOLID = 2.0  # above any overlap: a box that counts is preferred to one that is ignored
EVERY_HEIGHT = (0.0, math.inf)
EVERY_CLASS = 1_000_000
"""Label of a box in which predictions of every class are to be ignored."""


@dataclass(frozen=True)
class Objects:
    """The true objects of some images.

    Attributes:
        images: Number of images.
        image: The index of the image of each object, shape ``(objects,)``, int64, ascending.
        labels: The classes, shape ``(objects,)``, int64; `EVERY_CLASS` for boxes that are to be ignored by all.
        boxes: Their bounding boxes.
        ignored: Whether a box is to be ignored, shape ``(objects,)``, bool.
    """

    images: int
    image: Indices
    labels: Indices
    boxes: Boxes
    ignored: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Matches:
    """Predictions of one class or of all, the most confident first, and the true boxes that they match.

    Attributes:
        prediction: The index of each prediction, shape ``(predictions,)``.
        image: The index of its image, shape ``(predictions,)``.
        scores: Their confidence, shape ``(predictions,)``.
        objects: The index of the matched object at each threshold of overlap, -1 for none, shape ``(predictions,
            thresholds)``.
        neutral: Whether a prediction counts neither as right nor as wrong, of the same shape.
        totals: How many objects there are to find in each image, shape ``(images,)``.
    """

    prediction: Indices
    image: Indices
    scores: npt.NDArray[np.float32]
    objects: npt.NDArray[np.int64]
    neutral: npt.NDArray[np.bool_]
    totals: npt.NDArray[np.int64]

    @property
    def total(self) -> int:
        """How many objects there are to find."""
        return int(self.totals.sum())

    @cached_property
    def average_precisions(self) -> npt.NDArray[np.float64]:
        """Area under the curve of precision over recall at each threshold of overlap, 0 to 1; NaN without an object.

        Precision is made to fall with recall and taken at 101 values of recall, as COCO does.
        """
        averages: npt.NDArray[np.float64] = self.drawn(np.ones((1, len(self.totals)), np.int64))[0]
        return averages

    def drawn(self, times: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Compute the same where images are there more than once or not at all: for a bootstrap.

        Args:
            times: How often each image is there in each draw, shape ``(draws, images)``.

        Returns:
            Shape ``(draws, thresholds)``; NaN where a draw has no object.
        """
        right, counted = ~self.neutral & (self.objects >= 0), ~self.neutral
        at = np.flatnonzero(right.any(axis=1))
        totals = times @ self.totals
        found = np.zeros((len(times), self.objects.shape[1]))
        step = max(1, _MOST_AT_ONCE // max(1, len(self.image)))
        for start in range(0, len(times) if len(at) else 0, step):
            rows = slice(start, start + step)
            often = times[rows].astype(np.int32)[:, self.image[: at[-1] + 1]]
            sums = _sums(often, counted[: at[-1] + 1], at)
            for threshold, up_to in enumerate(sums):
                rights = np.cumsum(often[:, at] * right[at, threshold], axis=1)
                found[rows, threshold] = _interpolated(rights, up_to, totals[rows])
        found[totals == 0] = np.nan
        return found

    @cached_property
    def curve(self) -> "Curve":
        """Precision and recall at the first threshold of overlap for every threshold of confidence."""
        counted = ~self.neutral[:, 0]
        right = np.cumsum(self.objects[counted, 0] >= 0)
        return Curve(self.scores[counted], right / np.arange(1, len(right) + 1), right / max(1, self.total))

    def at(self, confidence: float) -> "Found":
        """Count at the first threshold of overlap what predictions of some confidence or more find."""
        sure = (self.scores >= confidence) & ~self.neutral[:, 0]
        right = int((self.objects[sure, 0] >= 0).sum())
        return Found(self.total, right, int(sure.sum()) - right)


@dataclass(frozen=True)
class Curve:
    """Precision over recall.

    Attributes:
        scores: Thresholds of confidence, falling, shape ``(points,)``.
        precision: Share of the predictions down to that confidence that are right, 0 to 1.
        recall: Share of the objects that these find, 0 to 1.
    """

    scores: npt.NDArray[np.float32]
    precision: npt.NDArray[np.float64]
    recall: npt.NDArray[np.float64]

    def best_threshold(self, default: float) -> float:
        """Return the confidence with the highest F1, half way to the next prediction; `default` if nothing is found."""
        f1 = 2 * self.precision * self.recall / np.maximum(self.precision + self.recall, np.spacing(1.0))
        if not len(f1) or not f1.max() > 0:
            return default
        best = int(len(f1) - 1 - f1[::-1].argmax())
        below = float(self.scores[best + 1]) if best + 1 < len(f1) else 0.0
        return (float(self.scores[best]) + below) / 2


@dataclass(frozen=True)
class Found:
    """Counts at a threshold of confidence.

    Attributes:
        total: How many objects there are to find.
        found: How many of them are found.
        false_alarms: How many predictions match none.
    """

    total: int
    found: int
    false_alarms: int

    @classmethod
    def together(cls, several: "Sequence[Found]") -> "Found":
        """Return the sums of several counts."""
        return cls(*(sum(getattr(one, name) for one in several) for name in ("total", "found", "false_alarms")))

    @property
    def predicted(self) -> int:
        """How many predictions count."""
        return self.found + self.false_alarms

    @property
    def recall(self) -> Proportion:
        """The objects that are found, of all."""
        return Proportion(self.found, self.total)

    @property
    def right(self) -> Proportion:
        """The predictions that are right, of all."""
        return Proportion(self.found, self.predicted)


@dataclass(frozen=True)
class Precision:
    """Average precision of a class or of several: the mean over ten thresholds of overlap, at 0.5, and at 0.75.

    All from 0 to 1; NaN without an object.
    """

    ap: float
    ap50: float
    ap75: float

    @classmethod
    def of(cls, averages: npt.NDArray[np.float64]) -> "Precision":
        """Return it from average precisions at each of `OVERLAPS`."""
        return cls(float(averages.mean()), float(averages[0]), float(averages[_AT_75]))

    @classmethod
    def mean(cls, classes: "list[Precision]") -> "Precision":
        """Return the mean over the classes that have an object."""
        known = [one for one in classes if not math.isnan(one.ap)]
        if not known:
            return cls(math.nan, math.nan, math.nan)
        return cls(*(sum(getattr(one, name) for one in known) / len(known) for name in ("ap", "ap50", "ap75")))


def match(
    truth: Objects,
    predictions: Predictions,
    *,
    label: int | None = None,
    thresholds: npt.NDArray[np.float64] = OVERLAPS,
    heights: tuple[float, float] = EVERY_HEIGHT,
) -> Matches:
    """Match predicted boxes with true ones.

    Args:
        truth: The true objects.
        predictions: With boxes, of the same images.
        label: The class; None matches all boxes whatever their classes.
        thresholds: Of intersection over union, above 0, rising.
        heights: Objects of a height in pixels outside of this range, both ends within it, need not be found, and
            predictions of such a height that match no object are neutral.
    """
    low, high = heights
    tall = truth.boxes[:, 3] - truth.boxes[:, 1]
    outside = (tall < low) | (tall > high)
    neutral_objects = truth.ignored | outside
    rows, hits, neutral = [], [], []
    totals = np.zeros(max(truth.images, predictions.images), np.int64)
    for image, (own, others) in enumerate(_by_image(truth, predictions, label)):
        totals[image] = (~neutral_objects[others]).sum()
        rows.append(own)
        boxes = predictions.known_boxes[own]
        matched = _matched(boxes, truth.boxes[others], neutral_objects[others], truth.ignored[others], thresholds)
        at = np.where(matched >= 0, others[matched] if len(others) else -1, -1)
        sides = boxes[:, 3] - boxes[:, 1]
        beside = ((sides < low) | (sides > high))[:, None] & (at < 0)
        hits.append(at)
        neutral.append(beside | ((at >= 0) & (neutral_objects[at] if len(neutral_objects) else False)))
    width = len(thresholds)
    found = np.concatenate([np.zeros(0, np.int64), *rows])
    order = np.argsort(-predictions.scores[found], kind="stable")
    return Matches(
        found[order],
        predictions.image[found][order],
        predictions.scores[found][order],
        np.concatenate([np.zeros((0, width), np.int64), *hits])[order],
        np.concatenate([np.zeros((0, width), np.bool_), *neutral])[order],
        totals,
    )


def _sums(often: npt.NDArray[np.int32], counted: npt.NDArray[np.bool_], at: Indices) -> Iterator[npt.NDArray[np.int64]]:
    """Yield for each threshold how many counted predictions there are up to some, shape ``(draws, len(at))``."""
    starts = np.append(0, at[:-1] + 1)
    known: dict[bytes, npt.NDArray[np.int64]] = {}
    for column in counted.T:  # mostly the same at all thresholds
        key = column.tobytes()
        if key not in known:
            known[key] = np.cumsum(np.add.reduceat(often * column, starts, axis=1), axis=1)
        yield known[key]


def _interpolated(
    right: npt.NDArray[np.int64], counted: npt.NDArray[np.int64], totals: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Return the mean precision at 101 values of recall, shape ``(draws,)``.

    Args:
        right: Right predictions up to each right one, shape ``(draws, right ones)``.
        counted: All predictions up to there.
        totals: How many objects there are to find, shape ``(draws,)``.
    """
    precision = right / np.maximum(counted, np.spacing(1.0))
    precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    recall = right / np.maximum(1, totals)[:, None]
    found = [
        np.append(own, 0.0)[np.searchsorted(up_to, _RECALLS, side="left")].sum() / len(_RECALLS)
        for own, up_to in zip(precision, recall, strict=True)
    ]
    return np.array(found)


def _by_image(truth: Objects, predictions: Predictions, label: int | None) -> Iterator[tuple[Indices, Indices]]:
    """Yield for each image the indices of a class's predictions, the most confident first, and of its objects."""
    own, others = (
        np.flatnonzero((labels == label) | (labels == EVERY_CLASS)) if label is not None else np.arange(len(labels))
        for labels in (predictions.labels, truth.labels)
    )
    edges = np.arange(max(truth.images, predictions.images) + 1)
    starts, ends = (np.searchsorted(of, edges) for of in (predictions.image[own], truth.image[others]))
    for at in range(len(edges) - 1):
        group = own[starts[at] : starts[at + 1]]
        order = np.argsort(-predictions.scores[group], kind="stable")[:MOST]
        yield group[order], others[ends[at] : ends[at + 1]]


def _matched(
    boxes: Boxes,
    true: Boxes,
    neutral: npt.NDArray[np.bool_],
    ignored: npt.NDArray[np.bool_],
    thresholds: npt.NDArray[np.float64],
) -> npt.NDArray[np.int64]:
    """Match the boxes of an image, the most confident first, with its true ones.

    Returns:
        The index of the matched true box at each threshold, -1 for none, shape ``(boxes, thresholds)``.
    """
    matched = np.full((len(boxes), len(thresholds)), -1, dtype=np.int64)
    if not len(true):
        return matched
    order = np.argsort(neutral, kind="stable")
    neutral, ignored = neutral[order], ignored[order]
    shares = np.where(ignored, inside(boxes, true[order]), overlaps(boxes, true[order]))
    taken = np.zeros((len(thresholds), len(true)), dtype=np.bool_)
    levels, last = np.arange(len(thresholds)), len(true) - 1
    for at, share in enumerate(shares):
        usable = (share >= thresholds[:, None]) & (ignored | ~taken)
        rank = np.where(usable, share + _SOLID * ~neutral, 0)
        best = last - rank[:, ::-1].argmax(axis=1)  # of equal ones the last, as COCO does
        hit = rank[levels, best] > 0
        matched[at] = np.where(hit, order[best], -1)
        taken[levels[hit], best[hit]] = True
    return matched
