"""The classes of the pixels of picture files, whatever computes them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from toonvision.core.errors import Finding
from toonvision.core.progress import Progress, silent
from toonvision.data.images import Pictures, read_shrunk, shrink_factor
from toonvision.metrics.predictions import Predictions, read_groups

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


def name_in_files(
    answer: Callable[[Pictures], Predictions],
    paths: Sequence[Path],
    *,
    classes: tuple[str, ...],
    size_hw: tuple[int, int],
    threads: int | None = None,
    progress: Progress = silent,
) -> tuple[list[NamedPixels], list[Finding]]:
    """Name the pixels of picture files, and of all pictures in folders, with any segmenter.

    Arguments and errors are those of `toonvision.metrics.found_objects.find_in_files`; `answer` names the pixels of
    images of the input size.
    """
    found: list[NamedPixels] = []
    findings: list[Finding] = []
    shrunk = partial(read_shrunk, size_hw=size_hw)
    for files, read in read_groups(paths, shrunk, findings, threads=threads, progress=progress):
        predictions = answer(np.stack([image for image, _ in read]))
        assert predictions.pixels is not None
        for file, (_, size_wh), pixels, score in zip(files, read, predictions.pixels, predictions.scores, strict=True):
            found.append(NamedPixels(file, size_wh, pixels, classes, float(score)))
    return found, findings
