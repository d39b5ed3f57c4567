"""The cells of a detector's maps: where they lie in the image, and the boxes that they answer with. Without Keras."""

from collections.abc import Callable, Iterator
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from toonvision.models.grid import STRIDE

_UNIT, _FARTHEST = 32.0, 5.0
"""Distances are exp(output) times so many pixels, with outputs from minus to plus the second number."""
LEAST_WEIGHT = 1e-9
"""Of a cell's box in a mean of boxes, so that no weight is 0."""
_OUTWARDS = np.array([-1, -1, 1, 1], np.float32)
_COLUMN = np.array([STRIDE, 0, STRIDE, 0], np.float32)
"""How far the edges of a box lie to the right of those of the same box in the column before."""


def corners(
    sides: Any, *, across: Any = None, exp: Callable[..., Any] = np.exp, clip: Callable[..., Any] = np.clip
) -> Any:
    """Return the corners of the boxes of all cells in pixels, from the logarithms of the distances to their sides.

    Args:
        sides: In units of 32 pixels, to the left, upper, right and lower side, shape ``(batch, rows, columns, 4)``.
        across: Number of each cell's column, from 1, of the shape of `sides`; by default counted here.
        exp: Exponential of an array, or of a tensor.
        clip: Clips such.

    Returns:
        The left, upper, right and lower edges, of the same shape.
    """
    distances = exp(clip(sides, -_FARTHEST, _FARTHEST)) * (_OUTWARDS * _UNIT)
    if across is None:
        return distances + middles(sides.shape[1:3])
    return distances + (middles((sides.shape[1], 1)) - _COLUMN) + across * _COLUMN


def middles(rows_columns: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Return the x and y of the middle of each cell, twice, in pixels, shape ``(1, rows, columns, 4)``."""
    rows, columns = (STRIDE * (np.arange(count, dtype=np.float32) + 0.5) for count in rows_columns)
    across, down = np.meshgrid(columns, rows)
    return np.stack([across, down, across, down], axis=-1)[None]


def peaks(scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return scores, 0 in each cell in which one of the eight around it has a higher one.

    Args:
        scores: Shape ``(images, rows, columns, classes)``, 0 to 1.
    """
    highest = reduce(np.maximum, _neighbours(scores))
    return np.where(scores == highest, scores, np.float32(0))


def settled(boxes: npt.NDArray[np.float32], scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return for each cell the mean of the boxes of itself and the eight around it: several answers err less than one.

    Args:
        boxes: Corners in pixels, shape ``(images, rows, columns, 4)``.
        scores: Shape ``(images, rows, columns, classes)``, 0 to 1; a box counts as the square of their mean.

    Returns:
        Shape ``(images, rows, columns, 4)``.
    """
    weights = LEAST_WEIGHT + np.square(scores.mean(axis=-1, keepdims=True))
    return np.asarray(sum(_neighbours(weights * boxes)) / sum(_neighbours(weights)), np.float32)


def _neighbours(maps: npt.NDArray[np.float32]) -> Iterator[npt.NDArray[np.float32]]:
    """Yield maps, and those moved by one cell into each direction, with 0 where nothing is."""
    rows, columns = maps.shape[1:3]
    around = np.pad(maps, ((0, 0), (1, 1), (1, 1), (0, 0)))
    for down in range(3):
        for across in range(3):
            yield around[:, down : down + rows, across : across + columns]
