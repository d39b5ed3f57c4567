"""Bounding boxes of whole screenshots: how much they share, which are of one object, and what a detector finds."""

import numpy as np
import numpy.typing as npt

from toonvision.metrics.predictions import Predictions

Indices = npt.NDArray[np.int64]
"""Indices of images, objects, predictions or classes, shape ``(of them,)``."""

Boxes = npt.NDArray[np.float32]
"""Bounding boxes as x_min, y_min, x_max, y_max in pixels, shape ``(boxes, 4)``."""

SAME_OBJECT = 0.5
"""Intersection over union from which on a box and an annotated one are of one object."""
MOST = 100
"""How many predictions of an image and a class count: the most confident ones."""
LOWEST = 0.02
"""Predictions of a lower confidence are left out."""
_SAME_PEAK = 0.7
"""Intersection over union from which on two boxes of a class are of one object; 0.5 to 0.8 were as good."""


def overlaps(boxes: Boxes, others: Boxes) -> npt.NDArray[np.float64]:
    """Return the intersection over union of each box with each other one, shape ``(boxes, others)``, 0 to 1."""
    common = _intersections(boxes, others)
    union = _areas(boxes)[:, None] + _areas(others)[None] - common
    shares: npt.NDArray[np.float64] = common / np.maximum(union, np.spacing(1.0))
    return shares


def inside(boxes: Boxes, others: Boxes) -> npt.NDArray[np.float64]:
    """Return the share of each box's own area that lies in each other one, shape ``(boxes, others)``, 0 to 1."""
    shares: npt.NDArray[np.float64] = _intersections(boxes, others) / np.maximum(
        _areas(boxes)[:, None], np.spacing(1.0)
    )
    return shares


def distinct(boxes: Boxes, *, overlap: float, labels: Indices | None = None) -> npt.NDArray[np.bool_]:
    """Return which boxes are of an object that no surer box is of: greedy non-maximum suppression.

    Args:
        boxes: The surest first.
        overlap: Intersection over union from which on two boxes are of one object, 0 to 1.
        labels: Their classes, where boxes of two classes are of two objects.

    Returns:
        Shape ``(boxes,)``, bool.
    """
    same = overlaps(boxes, boxes) >= overlap
    if labels is not None:
        same &= labels[:, None] == labels
    kept = np.ones(len(boxes), np.bool_)
    for at in range(len(boxes)):
        if kept[at]:
            kept[at + 1 :] &= ~same[at, at + 1 :]
    return kept


def boxes_in(
    scores: npt.NDArray[np.float32], corners: npt.NDArray[np.float32], *, lowest: float = LOWEST
) -> Predictions:
    """Return the boxes that a detector finds in some images, at most 100 an image.

    Of boxes of one class that overlap by 70 % or more only the most confident one is kept: an object that has two
    peaks is found once (non-maximum suppression).

    Args:
        scores: Of each cell and class, 0 where a cell is no peak, shape ``(images, cells, classes)``.
        corners: The box of each cell, shape ``(images, cells, 4)``, in pixels.
        lowest: Scores from which on a box is kept, above 0.
    """
    image, cells, labels = [], [], []
    for at, own in enumerate(scores):
        cell, label = np.nonzero(own >= lowest)
        order = np.argsort(-own[cell, label], kind="stable")[:MOST]
        order = order[distinct(corners[at, cell[order]], overlap=_SAME_PEAK, labels=label[order])]
        image.append(np.full(len(order), at))
        cells.append(cell[order])
        labels.append(label[order])
    images, cell, label = (
        np.concatenate([np.zeros(0, np.int64), *one]).astype(np.int64) for one in (image, cells, labels)
    )
    return Predictions(len(scores), images, label, scores[images, cell, label], boxes=corners[images, cell])


def _intersections(boxes: Boxes, others: Boxes) -> npt.NDArray[np.float64]:
    low = np.maximum(boxes[:, None, :2].astype(np.float64), others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:].astype(np.float64), others[None, :, 2:])
    common: npt.NDArray[np.float64] = np.maximum(0, high - low).prod(axis=2)
    return common


def _areas(boxes: Boxes) -> npt.NDArray[np.float64]:
    areas: npt.NDArray[np.float64] = (boxes[:, 2:].astype(np.float64) - boxes[:, :2]).prod(axis=1)
    return areas
