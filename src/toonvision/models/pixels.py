"""From a segmenter's map, which has a cell for each 4 x 4 pixels, to a class for each pixel. Without Keras."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from toonvision.metrics.predictions import Predictions
from toonvision.models.grid import PIXEL_STRIDE

Shares = npt.NDArray[np.float32]


def softmax(logits: Shares) -> Shares:
    """Return the probabilities of logits along the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    found: Shares = powers / powers.sum(axis=-1, keepdims=True)
    return found


def predictions_of(maps: Shares, probabilities: Callable[[Shares], Shares] = np.asarray) -> Predictions:
    """Return the class of each pixel of images; one image after the other, since that takes much memory.

    Args:
        maps: Shape ``(images, rows, columns, classes)``.
        probabilities: Returns the probabilities that the map of one image stands for; by default it holds them.
    """
    count, rows, columns, classes = maps.shape
    pixels = np.empty((count, PIXEL_STRIDE * rows, PIXEL_STRIDE * columns), np.uint8)
    labels, scores = np.empty(count, np.int64), np.empty(count, np.float32)
    for at, one in enumerate(maps):
        pixels[at], scores[at] = class_map(probabilities(one))
        labels[at] = np.bincount(pixels[at].ravel(), minlength=classes).argmax()
    return Predictions(count, np.arange(count), labels, scores, pixels=pixels)


def class_map(probabilities: Shares) -> tuple[npt.NDArray[np.uint8], float]:
    """Return the most probable class of each pixel of an image, and how sure that is.

    Probabilities between the middles of four cells are interpolated.

    Args:
        probabilities: Of each class in each cell, shape ``(rows, columns, classes)``, 0 to 1.

    Returns:
        Shape ``(4 * rows, 4 * columns)``, and the mean probability of the pixels' classes.
    """
    planes = np.ascontiguousarray(probabilities.transpose(2, 0, 1))
    wide = _enlarged(_enlarged(planes).transpose(0, 2, 1)).transpose(0, 2, 1)
    highest, classes = wide[0].copy(), np.zeros(wide.shape[1:], np.uint8)
    for label in range(1, len(wide)):
        more = wide[label] > highest
        classes[more] = label
        np.maximum(highest, wide[label], out=highest)
    return classes, float(highest.mean())


def _enlarged(planes: Shares) -> Shares:
    """Return maps with four times as many rows, linear between the middles of rows, shape ``(maps, rows, columns)``."""
    count, rows, columns = planes.shape
    around = np.concatenate([planes[:, :1], planes, planes[:, -1:]], axis=1)
    found = np.empty((count, rows, PIXEL_STRIDE, columns), np.float32)
    for at in range(PIXEL_STRIDE):
        offset = (at + 0.5) / PIXEL_STRIDE + 0.5  # from the middle of the row above
        low, share = int(offset), np.float32(offset % 1)
        found[:, :, at] = (1 - share) * around[:, low : low + rows] + share * around[:, low + 1 : low + 1 + rows]
    return found.reshape(count, PIXEL_STRIDE * rows, columns)
