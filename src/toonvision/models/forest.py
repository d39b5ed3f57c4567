"""Colour histograms with extremely randomised trees: a classifier of crops without a network, as plain arrays.

How many pixels have which colour, in six bands of rows, is all that it knows of an image. That is enough to distinguish
what differs by the colours of its upper, middle and lower parts, it is learned in a second, and a network that is not
better has learned nothing more.

Source:
    Geurts, Ernst and Wehenkel, "Extremely randomized trees", Machine Learning 63 (2006).
"""

import io
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from toonvision.core.files import LARGEST_MODEL
from toonvision.data.images import Pictures
from toonvision.metrics.predictions import Probabilities

Ints = npt.NDArray[np.int32]

BANDS, SHADES = 6, 8
COLOURS = BANDS * SHADES**3
"""Bands of rows, shades of red, green and blue each, and all counts of an image.

Measured with five grouped folds on 768 crops of a real game, 300 trees, wrong of 4 and of 32 classes: 8 shades in 6
bands 1.6 % and 10.3 %, in 3 bands 2.2 % and 14.6 %; 6 shades in 6 bands 2.1 % and 13.2 %. 12 shades were not
better at 4 classes (100 trees), and took three times as long.
"""
_ARRAYS = ("roots", "features", "thresholds", "following")


@dataclass(frozen=True, eq=False)
class Forest:
    """Decision trees that vote. All arrays are int32; node n + 1 is the left child of node n.

    Attributes:
        size_hw: Height and width of the images in pixels.
        classes: How many classes there are.
        roots: The first node of each tree, shape ``(trees,)``.
        features: Which of the counts of `colour_counts` a node compares, shape ``(nodes,)``; 0 in a leaf.
        thresholds: Up to which count the left child follows, shape ``(nodes,)``; in a leaf ``-1 - k`` for the class k
            that it votes for.
        following: The node that follows a larger count: the right child, or a leaf itself, shape ``(nodes,)``.
    """

    size_hw: tuple[int, int]
    classes: int
    roots: Ints
    features: Ints
    thresholds: Ints
    following: Ints

    name = "trees"

    @property
    def outputs(self) -> tuple[Probabilities]:
        """What it answers about no image; of a network Keras says the same."""
        return (np.zeros((0, self.classes), np.float32),)

    @cached_property
    def depth(self) -> int:
        """After how many comparisons every tree has voted."""
        nodes, steps = np.unique(self.roots), 0
        while len(inner := nodes[self.thresholds[nodes] >= 0]):
            nodes, steps = np.unique(np.concatenate([inner + 1, self.following[inner]])), steps + 1
        return steps

    def count_params(self) -> int:
        """Return how many numbers it is made of."""
        return sum(getattr(self, name).size for name in _ARRAYS)

    def predict_on_batch(self, images: Pictures) -> Probabilities:
        """Return the probabilities of images of shape ``(images, height, width, 3)``, uint8.

        They are the shares of the votes, with one more vote that is spread over all classes, so that none is 0.
        """
        counts = colour_counts(images)
        nodes = np.broadcast_to(self.roots, (len(images), len(self.roots)))
        for _ in range(self.depth):
            larger = np.take_along_axis(counts, self.features[nodes], axis=1) > self.thresholds[nodes]
            nodes = np.where(larger, self.following[nodes], nodes + 1)
        votes = -1 - self.thresholds[nodes] + self.classes * np.arange(len(images))[:, None]
        voted = np.bincount(votes.ravel(), minlength=len(images) * self.classes).reshape(len(images), self.classes)
        shares: Probabilities = (voted / len(self.roots)).astype(np.float32) * self.weight + self.spread
        return shares

    @property
    def weight(self) -> np.float32:
        """What the share of the votes is multiplied by."""
        return np.float32(len(self.roots) / (len(self.roots) + 1))

    @property
    def spread(self) -> np.float32:
        """What each class has of the vote that is spread over all."""
        return np.float32(1 / self.classes / (len(self.roots) + 1))


def band_offsets(size_hw: tuple[int, int]) -> Ints:
    """Return for each row of an image the first of its band's counts, shape ``(height,)``."""
    offsets: Ints = (np.arange(size_hw[0]) * BANDS // size_hw[0] * SHADES**3).astype(np.int32)
    return offsets


def colour_counts(images: Pictures) -> Ints:
    """Count the pixels of each colour in each band of rows.

    Args:
        images: Shape ``(images, height, width, 3)``, uint8.

    Returns:
        Shape ``(images, COLOURS)``; each row sums to the number of pixels.
    """
    bands = band_offsets(images.shape[1:3])[:, None]
    counts = np.zeros((len(images), COLOURS), np.int32)
    for row, image in zip(counts, images, strict=True):
        red, green, blue = np.moveaxis(image // (256 // SHADES), -1, 0).astype(np.int32)
        row[:] = np.bincount((bands + (red * SHADES + green) * SHADES + blue).ravel(), minlength=COLOURS)
    return counts


def pixels_of_bands(size_hw: tuple[int, int]) -> Ints:
    """Return for each count how many pixels its band has, shape ``(COLOURS,)``."""
    rows = np.bincount(band_offsets(size_hw) // SHADES**3, minlength=BANDS)
    pixels: Ints = np.repeat(rows * size_hw[1], SHADES**3).astype(np.int32)
    return pixels


def root_shares(images: Pictures) -> npt.NDArray[np.float32]:
    """Return the square root of each colour's share of its band's pixels, shape ``(images, COLOURS)``, 0 to 1."""
    shares: npt.NDArray[np.float32] = np.sqrt(colour_counts(images) / pixels_of_bands(images.shape[1:3]))
    return shares.astype(np.float32)


def save_forest(forest: Forest, path: Path) -> None:
    """Write a forest's arrays as a NumPy archive; the same bytes for the same arrays."""
    np.savez_compressed(path, **{name: getattr(forest, name) for name in _ARRAYS})


def load_forest(content: bytes, *, size_hw: tuple[int, int], classes: int) -> Forest:
    """Read what `save_forest` wrote; nothing in it is unpickled.

    Raises:
        ValueError: If it is not the archive of a forest for so many classes, or would take too much memory. What is
            no archive at all can raise any exception.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > LARGEST_MODEL:
            raise ValueError(f"over {LARGEST_MODEL / 1e6:,.0f} MB")
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        found = {name: arrays[name] for name in _ARRAYS}
    forest = Forest(size_hw, classes, **found)
    if any(array.dtype != np.int32 or array.ndim != 1 or not array.size for array in found.values()):
        raise ValueError("its arrays are not rows of whole numbers")
    if not _sound(forest):
        raise ValueError("its nodes are no trees for these classes")
    return forest


def _sound(forest: Forest) -> bool:
    """Whether every path ends in a leaf: children come after their parents, and all is within bounds."""
    count = len(forest.features)
    if not len(forest.thresholds) == len(forest.following) == count:
        return False
    nodes, leaf = np.arange(count), forest.thresholds < 0
    return bool(
        ((forest.roots >= 0) & (forest.roots < count)).all()
        and ((forest.features >= 0) & (forest.features < COLOURS)).all()
        and (forest.thresholds >= -forest.classes).all()
        and np.where(leaf, forest.following == nodes, (forest.following > nodes) & (forest.following < count)).all()
        and (leaf[-1])
    )
