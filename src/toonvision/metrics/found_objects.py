"""The objects that a detector finds in picture files, whatever computes it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import compress
from pathlib import Path

import numpy as np
import numpy.typing as npt

from toonvision.data.fitting import shrink_factor
from toonvision.metrics.boxes import distinct
from toonvision.metrics.predictions import Predictions

_ONE_OBJECT = 0.6
"""Intersection over union from which on boxes are of one object, even of two classes; the surer one stands for it."""


@dataclass(frozen=True)
class FoundObject:
    """An object in a picture.

    Attributes:
        label: Its class.
        score: How confident the detector is, 0 to 1.
        box: Its left, upper, right and lower edge in pixels of the picture.
    """

    label: str
    score: float
    box: tuple[float, float, float, float]

    @property
    def confidence(self) -> float:
        """How sure its class is, 0 to 1."""
        return self.score


@dataclass(frozen=True)
class FoundObjects:
    """The objects in a picture file, the most confident first.

    Attributes:
        path: The file.
        size_wh: Width and height of the picture in pixels.
        objects: What was found in it.
        pixels: The class of each pixel of the network's input, as in `toonvision.metrics.named_pixels.NamedPixels`;
            None where pixels are not named.
    """

    path: Path
    size_wh: tuple[int, int]
    objects: tuple[FoundObject, ...]
    pixels: npt.NDArray[np.uint8] | None = None


def distinct_objects(objects: Sequence[FoundObject]) -> list[FoundObject]:
    """Return objects, the surest first, without those that a surer box of any class stands for."""
    boxes = np.array([one.box for one in objects], np.float32).reshape(-1, 4)
    return list(compress(objects, distinct(boxes, overlap=_ONE_OBJECT)))


def objects_of(
    predictions: Predictions,
    sizes_wh: Sequence[tuple[int, int]],
    *,
    classes: tuple[str, ...],
    thresholds: Sequence[float],
    size_hw: tuple[int, int],
) -> list[tuple[FoundObject, ...]]:
    """Return the objects of each picture, in pixels of the picture.

    Args:
        predictions: With boxes in pixels of pictures that were shrunk to the input size.
        sizes_wh: Width and height of each picture in pixels.
        classes: Names of the classes.
        thresholds: The confidence from which on a prediction of each class counts.
        size_hw: Height and width of the input in pixels.
    """
    predictions = in_pictures(predictions, sizes_wh, size_hw)
    found: list[list[FoundObject]] = [[] for _ in sizes_wh]
    for at in np.argsort(-predictions.scores, kind="stable"):
        label, score = int(predictions.labels[at]), float(predictions.scores[at])
        if score >= thresholds[label]:
            left, top, right, bottom = (round(float(edge), 1) for edge in predictions.known_boxes[at])
            found[predictions.image[at]].append(FoundObject(classes[label], score, (left, top, right, bottom)))
    return [tuple(one) for one in found]


def in_pictures(predictions: Predictions, sizes_wh: Sequence[tuple[int, int]], size_hw: tuple[int, int]) -> Predictions:
    """Return predicted boxes in pixels of the pictures, cut to these; those of less than a pixel are left out."""
    factors = np.array([shrink_factor(size, size_hw) for size in sizes_wh], np.float32)
    most = np.tile(np.array(sizes_wh, np.float32).reshape(-1, 2), 2)
    boxes = np.clip(predictions.known_boxes * factors[predictions.image, None], 0, most[predictions.image])
    seen = ((boxes[:, 2:] - boxes[:, :2]) >= 1).all(axis=1)
    image, labels, scores = (one[seen] for one in (predictions.image, predictions.labels, predictions.scores))
    return replace(predictions, image=image, labels=labels, scores=scores, boxes=boxes[seen])


def found_rows(
    files: Sequence[Path],
    sizes_wh: Sequence[tuple[int, int]],
    predictions: Predictions,
    *,
    classes: tuple[str, ...],
    thresholds: Sequence[float],
    size_hw: tuple[int, int],
) -> list[FoundObjects]:
    """Return the objects of picture files; see `objects_of`."""
    listed = objects_of(predictions, sizes_wh, classes=classes, thresholds=thresholds, size_hw=size_hw)
    pixels = [None] * len(files) if predictions.pixels is None else predictions.pixels
    return [FoundObjects(*one) for one in zip(files, sizes_wh, listed, pixels, strict=True)]
