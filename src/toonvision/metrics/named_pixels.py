"""The classes of the pixels of picture files, whatever computes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from toonvision.data.fitting import shrink_factor
from toonvision.metrics.predictions import Predictions

Pixels = npt.NDArray[np.uint8]
"""The class of each pixel, shape ``(height, width)``."""


@dataclass(frozen=True, eq=False)
class NamedPixels:
    """The classes of the pixels of a picture file.

    Attributes:
        path: The file.
        size_wh: Width and height of the picture in pixels.
        pixels: The class of each pixel of the network's input, in whose upper left corner the picture lies, shrunk.
        classes: Names of the classes.
        score: The mean confidence, 0 to 1.
    """

    path: Path
    size_wh: tuple[int, int]
    pixels: Pixels
    classes: tuple[str, ...]
    score: float

    @property
    def whole(self) -> Pixels:
        """The class of each pixel of the picture in its own size."""
        return whole_pixels(self.pixels, self.size_wh)

    @property
    def shares(self) -> Mapping[str, float]:
        """Which share of the picture each class has, 0 to 1."""
        counts = np.bincount(shown_part(self.pixels, self.size_wh).ravel(), minlength=len(self.classes))
        return dict(zip(self.classes, (counts / counts.sum()).tolist(), strict=True))


def whole_pixels(pixels: Pixels, size_wh: tuple[int, int]) -> Pixels:
    """Return the classes of the pixels of a picture in its own size, by repeating those of an input that shows it."""
    factor = _factor(pixels, size_wh)
    part = shown_part(pixels, size_wh)
    return part.repeat(factor, axis=0).repeat(factor, axis=1)[: size_wh[1], : size_wh[0]]


def shown_part(pixels: Pixels, size_wh: tuple[int, int]) -> Pixels:
    """Return the part of an input, ``(height, width, ...)``, that a shrunk picture covers; the rest is black."""
    factor = _factor(pixels, size_wh)
    return pixels[: -(-size_wh[1] // factor), : -(-size_wh[0] // factor)]


def _factor(pixels: Pixels, size_wh: tuple[int, int]) -> int:
    height, width = pixels.shape[:2]
    return shrink_factor(size_wh, (height, width))


def named_rows(
    files: Sequence[Path],
    sizes_wh: Sequence[tuple[int, int]],
    predictions: Predictions,
    *,
    classes: tuple[str, ...],
) -> list[NamedPixels]:
    """Return the classes of the pixels of picture files, from predictions for them shrunk to the input size."""
    assert predictions.pixels is not None
    listed = zip(files, sizes_wh, predictions.pixels, predictions.scores.tolist(), strict=True)
    return [NamedPixels(file, size_wh, pixels, classes, score) for file, size_wh, pixels, score in listed]
