"""Annotated boxes that models doubt which did not learn from them: missing, doubtful, badly placed, of a wrong class.

Several models' boxes in a screenshot are joined first: boxes of one class that overlap by half or more are one, with
the mean of the models' confidences, 0 for a model that finds nothing there. How suspect an annotation is, from 0 to 1,
follows from that confidence alone, so that suspects of all reasons have one order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from toonvision.metrics.boxes import LOWEST, MOST, SAME_OBJECT, Boxes, Indices, inside, overlaps
from toonvision.metrics.detection import Objects
from toonvision.metrics.predictions import Predictions

Reason = Literal["missing", "doubtful", "badly placed", "wrong class"]
"""A confident box without an object; an object that no model sees; one whose box, or class, is another one."""
REASONS: tuple[Reason, ...] = get_args(Reason)
_PLACED, _NEAR = 0.6, 0.1
"""A box that overlaps its object by less than the first and no less than the second is badly placed."""
_FREE = 0.3
"""A box that overlaps each object by less stands for another one."""
_UNSEEN, _EXPECTED = 0.1, 0.3
"""An object is doubtful if models are less sure of it than the first, where others so high have the second or more."""
_NEIGHBOURS = 40
"""Objects of about the same height that say how sure models usually are."""


@dataclass(frozen=True)
class SuspectBox:
    """An annotation that is probably wrong.

    Attributes:
        reason: Why.
        image: The index of its screenshot.
        truth: The index of the object; None where one is missing.
        found: The index among the joined boxes of the one that speaks against it; None for a doubtful object.
        suspicion: How suspect it is, 0 to 1.
    """

    reason: Reason
    image: int
    truth: int | None
    found: int | None
    suspicion: float


def joined(each: Sequence[Predictions], asked: npt.NDArray[np.int64]) -> Predictions:
    """Join what several models find in the same images.

    Args:
        each: The boxes of each model, of all images; none where a model was not asked.
        asked: How many of the models were asked about each image, shape ``(images,)``.

    Returns:
        Boxes, each with the mean of the models' confidences, ordered by image.
    """
    model = np.concatenate([np.full(len(one.scores), at) for at, one in enumerate(each)])
    image, labels = (np.concatenate([getattr(one, name) for one in each]) for name in ("image", "labels"))
    scores = np.concatenate([one.scores for one in each])
    boxes = np.concatenate([one.known_boxes for one in each])
    found: list[tuple[int, int, float, Boxes]] = []
    for at in range(len(asked)):
        own = np.flatnonzero((image == at) & (scores >= LOWEST))
        own = own[np.argsort(-scores[own], kind="stable")][: MOST * len(each)]
        for members in _clusters(boxes[own], labels[own], model[own]):
            rows = own[members]
            mean = np.average(boxes[rows], axis=0, weights=scores[rows])
            found.append((at, int(labels[rows[0]]), float(scores[rows].sum() / asked[at]), mean))
    return Predictions(
        len(asked),
        np.array([one[0] for one in found], np.int64),
        np.array([one[1] for one in found], np.int64),
        np.array([one[2] for one in found], np.float32),
        boxes=np.array([one[3] for one in found], np.float32).reshape(-1, 4),
    )


def find_suspect_boxes(truth: Objects, found: Predictions, thresholds: Sequence[float]) -> tuple[SuspectBox, ...]:
    """Return the annotations that are probably wrong, the most suspect first.

    Objects that are to be ignored are never suspect, and what is found in them is no missing object.

    Args:
        truth: The annotated objects.
        found: Of `joined`.
        thresholds: The confidence from which on a box of each class counts.
    """
    sure = found.scores >= np.array(thresholds)[found.labels]
    seen = np.zeros(len(truth.labels))
    listed: list[SuspectBox] = []
    for image in range(truth.images):
        objects, boxes = np.flatnonzero(truth.image == image), np.flatnonzero(found.image == image)
        shares = overlaps(found.known_boxes[boxes], truth.boxes[objects])
        for column, at in enumerate(objects.tolist()):
            near = boxes[shares[:, column] >= _FREE]
            seen[at] = found.scores[near].max(initial=0)
        accusing = _at_objects(truth, found, sure, objects, boxes, shares)
        used = [one.found for one in accusing if one.found is not None]
        listed += [*accusing, *_missing(truth, found, sure, objects, boxes, shares, used)]
    accused = {one.truth for one in listed}
    listed += [one for one in _doubtful(truth, seen) if one.truth not in accused]
    return tuple(sorted(listed, key=lambda one: -one.suspicion))


def _at_objects(
    truth: Objects,
    found: Predictions,
    sure: npt.NDArray[np.bool_],
    objects: Indices,
    boxes: Indices,
    shares: npt.NDArray[np.float64],
) -> list[SuspectBox]:
    """Return the objects of an image whose class or box is probably wrong, at most one reason for each."""
    listed = []
    nearest = shares.argmax(axis=1) if shares.size else np.zeros(len(boxes), np.int64)
    for column, at in enumerate(objects.tolist()):
        if truth.ignored[at]:
            continue
        share, same = shares[:, column], found.labels[boxes] == truth.labels[at]
        scores = found.scores[boxes]
        good = float(scores[same & (share >= _PLACED)].max(initial=0))
        right = float(scores[same & (share >= SAME_OBJECT)].max(initial=0))
        other = np.flatnonzero(~same & sure[boxes] & (share >= SAME_OBJECT) & (scores > right))
        moved = np.flatnonzero(
            same & sure[boxes] & (share >= _NEAR) & (share < _PLACED) & (nearest == column) & (scores > good)
        )
        candidates: list[SuspectBox] = []
        if len(other):
            best = other[scores[other].argmax()]
            # That something is there is agreed; what matters is how much surer of the other class the models are.
            margin = (float(scores[best]) - right) / (float(scores[best]) + right)
            candidates.append(SuspectBox("wrong class", int(truth.image[at]), at, int(boxes[best]), margin))
        if len(moved):
            best = moved[scores[moved].argmax()]
            suspicion = (float(scores[best]) - good) * (1 - float(share[best]))
            candidates.append(SuspectBox("badly placed", int(truth.image[at]), at, int(boxes[best]), suspicion))
        if candidates:
            listed.append(max(candidates, key=lambda one: one.suspicion))
    return listed


def _missing(
    truth: Objects,
    found: Predictions,
    sure: npt.NDArray[np.bool_],
    objects: Indices,
    boxes: Indices,
    shares: npt.NDArray[np.float64],
    used: Sequence[int],
) -> list[SuspectBox]:
    """Return the boxes of an image that models are sure of and that stand on no object, each spot once.

    Where boxes that are `used` stand, which speak against an object, nothing else is missing.
    """
    listed: list[SuspectBox] = []
    within = inside(found.known_boxes[boxes], truth.boxes[objects])
    ignored = truth.ignored[objects]
    spots = [*used]
    for row in np.argsort(-found.scores[boxes], kind="stable").tolist():
        at, share = int(boxes[row]), float(shares[row].max(initial=0))
        if not sure[at] or share >= _FREE or (within[row, ignored] >= SAME_OBJECT).any():
            continue
        taken = found.known_boxes[spots]
        if len(spots) and overlaps(found.known_boxes[[at]], taken).max() >= _FREE:
            continue
        spots.append(at)
        # What lies within an object may be a part of that.
        suspicion = float(found.scores[at]) * (1 - share) * (1 - float(within[row].max(initial=0)) / 2)
        listed.append(SuspectBox("missing", int(found.image[at]), None, at, suspicion))
    return listed


def _doubtful(truth: Objects, seen: npt.NDArray[np.float64]) -> list[SuspectBox]:
    """Return the objects that no model sees, where it sees most others that are about as high."""
    counted = np.flatnonzero(~truth.ignored)
    heights = (truth.boxes[:, 3] - truth.boxes[:, 1])[counted]
    listed = []
    for at, height in zip(counted.tolist(), heights, strict=True):
        near = counted[np.argsort(np.abs(heights - height), kind="stable")[: _NEIGHBOURS + 1]]
        others = near[near != at]
        expected = float(seen[others].mean()) if len(others) else 0.0
        if seen[at] < _UNSEEN and expected >= _EXPECTED:
            listed.append(SuspectBox("doubtful", int(truth.image[at]), at, None, expected - float(seen[at])))
    return listed


def _clusters(boxes: Boxes, labels: Indices, model: Indices) -> list[list[int]]:
    """Group boxes of one class that overlap, the most confident first, at most one of each model."""
    shares = overlaps(boxes, boxes)
    free = np.ones(len(boxes), np.bool_)
    groups = []
    for first in range(len(boxes)):
        if not free[first]:
            continue
        members = [first]
        for at in np.flatnonzero(free & (labels == labels[first]) & (shares[first] >= SAME_OBJECT)).tolist():
            if model[at] not in model[members]:
                members.append(at)
        free[members] = False
        groups.append(members)
    return groups
