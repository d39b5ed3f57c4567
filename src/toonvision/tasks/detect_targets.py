"""What a detector learns: from the bounding boxes of objects to maps of their middles and of the boxes around them.

The objects of an image are rows of `TARGET`: the edges of the box in pixels of the image, the class, and whether the
box is to be ignored, in predictions of its class or, where that is `EVERY_CLASS`, of all; rows of the class -1 are
filled up, so that all images have as many.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from toonvision.data.fitting import shrink_factor
from toonvision.data.images import Pictures
from toonvision.data.records import Crop, Frame
from toonvision.metrics.detection import EVERY_CLASS, Objects

TARGET = 6
"""Numbers of an object: x_min, y_min, x_max, y_max, class, ignored."""
LABEL, IGNORED = 4, 5
Targets = npt.NDArray[np.float32]
"""Shape ``(images, objects, 6)``."""

_REACH = 0.54
"""Share of the box that the Gaussian around its middle covers (TTFNet's alpha)."""
_NOT_COUNTED = ("difficult", "crowd", "iscrowd", "ignore")
"""Attributes of objects that nobody need find."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Some screenshots, and what is learned of them.

    Attributes:
        images: Shape ``(images, height, width, 3)``.
        targets: Their objects; without room for any where only pixels are learned.
        masks: The class of each pixel, 255 where it does not count, shape ``(images, height, width)``; None where
            pixels are not learned.
        instances: See `toonvision.tasks.base.Dataset`; None where no masks of objects are known.
    """

    images: Pictures
    targets: Targets
    masks: Pictures | None = None
    instances: Pictures | None = None


def is_ignored(crop: Crop) -> bool:
    """Return whether an annotation says of an object that it is difficult, a crowd, or to be ignored."""
    return any(crop.attributes.get(name) not in (None, False, 0) for name in _NOT_COUNTED)


def targets_of(frames: Sequence[Frame], class_of: Mapping[str, int], size_hw: tuple[int, int]) -> Targets:
    """Return the objects of screenshots that are shrunk to an input size.

    Args:
        frames: The screenshots.
        class_of: The class of each label that has one; what has another label is to be ignored by all classes.
        size_hw: Height and width of the input in pixels.
    """
    return padded_rows(
        [
            [_row(crop, class_of.get(crop.label, EVERY_CLASS), frame, size_hw) for crop in frame.crops]
            for frame in frames
        ]
    )


def padded_rows(rows: Sequence[Sequence[Sequence[float]]]) -> Targets:
    """Return the objects of images, a list of rows each, as one array."""
    found = np.zeros((len(rows), max(map(len, rows), default=0), TARGET), np.float32)
    found[..., LABEL] = -1
    for own, listed in zip(found, rows, strict=True):
        if listed:
            own[: len(listed)] = listed
    return found


def objects_in(targets: Targets, factors: npt.NDArray[np.float32]) -> Objects:
    """Return the objects of images in pixels of their screenshots.

    Args:
        targets: Their rows, shape ``(images, most objects, 6)``.
        factors: By how much each screenshot was shrunk, shape ``(images,)``.
    """
    image, row = np.nonzero(targets[..., LABEL] >= 0)
    found = targets[image, row]
    return Objects(
        len(targets),
        image,
        found[:, LABEL].astype(np.int64),
        found[:, :4] * factors[image, None],
        found[:, IGNORED] > 0,
    )


def factors_of(frames: Sequence[Frame], size_hw: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Return by how much each screenshot was shrunk to an input size, shape ``(screenshots,)``."""
    return np.array([shrink_factor(frame.shot.size_wh, size_hw) for frame in frames], np.float32)


def maps_of(
    targets: Targets, *, classes: int, size_hw: tuple[int, int], stride: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Draw what the network should answer for a batch of images.

    Args:
        targets: The objects, shape ``(images, most objects, 6)``.
        classes: Number of classes.
        size_hw: Height and width of the images in pixels.
        stride: Pixels from one cell of the maps to the next.

    Returns:
        For `toonvision.models.detector.center_loss` and `side_loss`: middles ``(images, rows, columns, classes)``, and
        corners with a weight ``(images, rows, columns, 5)``. Where objects overlap, the smaller one's box is taken.
    """
    rows, columns = size_hw[0] // stride, size_hw[1] // stride
    middles = np.zeros((len(targets), rows, columns, classes), np.float32)
    boxes = np.zeros((len(targets), rows, columns, 5), np.float32)
    for own, heat, sides in zip(targets, middles, boxes, strict=True):
        objects = own[own[:, LABEL] >= 0]
        for box in objects[objects[:, IGNORED] > 0]:
            left, top, right, bottom = np.rint(box[:4] / stride).astype(int)
            heat[top:bottom, left:right, slice(None) if box[LABEL] == EVERY_CLASS else int(box[LABEL])] = -1
        objects = objects[objects[:, IGNORED] == 0]
        areas = (objects[:, 2] - objects[:, 0]) * (objects[:, 3] - objects[:, 1])
        for box in objects[np.argsort(-areas, kind="stable")]:
            _draw(box, heat[..., int(box[LABEL])], sides, stride)
    return middles, boxes


def _draw(
    box: npt.NDArray[np.float32], heat: npt.NDArray[np.float32], sides: npt.NDArray[np.float32], stride: int
) -> None:
    """Draw one object into the map of its class's middles, and into that of the boxes."""
    at, spans, bells = [], [], []
    for low, high, count in ((box[1], box[3], heat.shape[0]), (box[0], box[2], heat.shape[1])):
        middle = min(int((low + high) / 2 / stride), count - 1)
        radius = int((high - low) / 2 * _REACH / stride)
        reach = np.arange(max(0, middle - radius), min(count, middle + radius + 1))
        at.append(middle)
        spans.append(slice(reach[0], reach[-1] + 1))
        bells.append(np.exp(-((reach - middle) ** 2) / (2 * ((2 * radius + 1) / 6) ** 2)))
    bell = np.outer(*bells)
    region = (spans[0], spans[1])
    heat[region] = np.maximum(heat[region], bell)
    heat[at[0], at[1]] = 1
    sides[region][..., :4] = box[:4]
    sides[region][..., 4] = bell / bell.sum()


def _row(crop: Crop, label: int, frame: Frame, size_hw: tuple[int, int]) -> tuple[float, ...]:
    factor = shrink_factor(frame.shot.size_wh, size_hw)
    return (*(edge / factor for edge in crop.box.xyxy), label, is_ignored(crop))
