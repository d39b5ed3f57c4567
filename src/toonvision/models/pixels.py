"""From a segmenter's map, which has a cell for each 4 x 4 pixels, to a class for each pixel. Without Keras."""

from itertools import product

import numpy as np
import numpy.typing as npt

from toonvision.metrics.predictions import Predictions
from toonvision.models.grid import PIXEL_STRIDE

Logits = npt.NDArray[np.float32]
_AROUND = tuple(product(range(3), range(3)))
_OFFSETS = (np.arange(PIXEL_STRIDE) + 0.5) / PIXEL_STRIDE - 0.5
_ALONG = np.stack([np.maximum(-_OFFSETS, 0), 1 - np.abs(_OFFSETS), np.maximum(_OFFSETS, 0)], axis=1)
_WEIGHTS = np.kron(_ALONG, _ALONG).astype(np.float32)
"""How much each of 3 x 3 cells counts for each of the 4 x 4 pixels of the middle one."""


def softmax(logits: Logits) -> npt.NDArray[np.float32]:
    """Return the probabilities of logits along the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    found: npt.NDArray[np.float32] = powers / powers.sum(axis=-1, keepdims=True)
    return found


def predictions_of(logits: Logits) -> Predictions:
    """Return the class of each pixel of images, from maps of shape ``(images, rows, columns, classes)``."""
    count, _, _, classes = logits.shape
    pixels = class_maps(logits)
    labels, scores = np.empty(count, np.int64), np.empty(count, np.float32)
    for at, one in enumerate(logits):
        labels[at] = np.bincount(pixels[at].ravel(), minlength=classes).argmax()
        scores[at] = softmax(one).max(axis=-1).mean()
    return Predictions(count, np.arange(count), labels, scores, pixels=pixels)


def widened(logits: Logits, columns: int) -> Logits:
    """Return maps ``(images, rows, columns, classes)`` with so many columns: their last one repeated at the right."""
    missing = columns - logits.shape[2]
    return np.pad(logits, ((0, 0), (0, 0), (0, missing), (0, 0)), mode="edge") if missing else logits


def class_maps(logits: Logits) -> npt.NDArray[np.uint8]:
    """Return the most probable class of each pixel of images, from maps ``(images, rows, columns, classes)``."""
    count, rows, columns, _ = logits.shape
    pixels = np.empty((count, PIXEL_STRIDE * rows, PIXEL_STRIDE * columns), np.uint8)
    for at, one in enumerate(logits):
        pixels[at] = class_map(one)
    return pixels


def class_map(logits: Logits) -> npt.NDArray[np.uint8]:
    """Return the most probable class of each pixel of an image.

    Between the middles of cells logits are interpolated. Where the same class is first in four cells, it is so between
    them too; so only the rest is computed.

    Args:
        logits: Of each class in each cell, shape ``(rows, columns, classes)``.

    Returns:
        Shape ``(4 * rows, 4 * columns)``.
    """
    rows, columns, _ = logits.shape
    first = logits.argmax(axis=-1).astype(np.uint8)
    beside = np.pad(first, 1, mode="edge")
    mixed = np.zeros(first.shape, np.bool_)
    for down, across in _AROUND:
        mixed |= beside[down : down + rows, across : across + columns] != first
    row, column = np.nonzero(mixed)
    padded = np.pad(logits, ((1, 1), (1, 1), (0, 0)), mode="edge")
    near = np.stack([padded[row + down, column + across] for down, across in _AROUND], axis=1)
    cells = first[:, None, :, None].repeat(PIXEL_STRIDE, axis=1).repeat(PIXEL_STRIDE, axis=3)
    cells[row, :, column] = (_WEIGHTS @ near).argmax(axis=-1).reshape(-1, PIXEL_STRIDE, PIXEL_STRIDE)
    pixels: npt.NDArray[np.uint8] = cells.reshape(PIXEL_STRIDE * rows, PIXEL_STRIDE * columns)
    return pixels
