"""How good maps of classes are: intersection over union, and where their boundaries lie.

Source:
    Everingham et al., "The Pascal visual object classes challenge", IJCV 88 (2010), section 4.3 (intersection over
    union over all pixels of all images); Csurka, Larlus and Perronnin, "What is a good evaluation measure for semantic
    segmentation?", BMVC 2013 (boundary F1).
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from toonvision.core.seeds import generator
from toonvision.metrics.bootstrap import group_weights
from toonvision.metrics.classification import Indices

Map = npt.NDArray[np.uint8]
"""The class of each pixel of an image, shape ``(height, width)``."""
Maps = npt.NDArray[np.uint8]
"""The class of each pixel of images, shape ``(images, height, width)``."""
Values = npt.NDArray[np.float64]

TOLERANCE = 3
"""Pixels of the input by which a boundary may lie beside the true one."""
_DRAWS, _BITS = 1000, 64


@dataclass(frozen=True)
class Counts:
    """What is counted of each image, so that any set of images can be summed up.

    Attributes:
        confusion: Pixels of each true (rows) and predicted class, int64, shape ``(images, classes, classes)``.
        boundary: Of each class the pixels of predicted boundaries, those of them near a true one, the pixels of true
            boundaries, and those of them near a predicted one; int64, shape ``(images, classes, 4)``.
    """

    confusion: Indices
    boundary: Indices

    @classmethod
    def of(cls, truth: Maps, predicted: Maps, *, classes: int) -> "Counts":
        """Count in maps of the same shape; where the truth is no class, such as 255, nothing counts."""
        pairs = list(zip(truth, predicted, strict=True))
        confusion = [_confusion(*pair, classes) for pair in pairs]
        boundary = [_boundary(*pair, classes) for pair in pairs]
        return cls(
            np.array(confusion, np.int64).reshape(-1, classes, classes),
            np.array(boundary, np.int64).reshape(-1, classes, 4),
        )

    def quality(self, times: Indices | None = None) -> "Quality":
        """Sum up images, each as often as `times` says, shape ``(..., images)``, or once."""
        times = np.ones(len(self.confusion), np.int64) if times is None else times
        both = [np.tensordot(times, one, axes=1) for one in (self.confusion, self.boundary)]
        return Quality.of(*both)

    def drawn(self, groups: Sequence[Hashable]) -> "Quality":
        """Sum up 1,000 sets of images that are drawn with replacement, whole groups at once."""
        return self.quality(group_weights(groups, draws=_DRAWS, rng=generator(0, "pixels")))


@dataclass(frozen=True)
class Quality:
    """How good maps are, over all pixels of some images, or of several sets of images.

    Attributes:
        iou: Of each class the pixels that truth and prediction share, of those that either has, 0 to 1, shape ``(...,
            classes)``; NaN for a class that the truth does not have.
        boundary_f1: Of each class the harmonic mean of the shares of predicted and of true boundaries that the other
            one's are near; NaN for a class without true ones.
        right: Share of the pixels whose class is right, shape ``(...)``; NaN if none counts.
    """

    iou: Values
    boundary_f1: Values
    right: Values

    @classmethod
    def of(cls, confusion: Indices, boundary: Indices) -> "Quality":
        """Compute it from sums of counts; see `Counts`."""
        common = np.diagonal(confusion, axis1=-2, axis2=-1)
        either = confusion.sum(axis=-1) + confusion.sum(axis=-2) - common
        precision = _share(boundary[..., 1], boundary[..., 0], empty=0)
        recall = _share(boundary[..., 3], boundary[..., 2])
        return cls(
            _share(common, np.where(confusion.sum(axis=-1), either, 0)),
            _share(2 * precision * recall, precision + recall, empty=np.where(np.isnan(recall), np.nan, 0)),
            _share(common.sum(axis=-1), confusion.sum(axis=(-2, -1))),
        )

    @property
    def mean_iou(self) -> Values:
        """The mean over the classes that the truth has, shape ``(...)``; NaN if none does."""
        return _mean(self.iou)

    @property
    def mean_boundary_f1(self) -> Values:
        """The same of the boundaries."""
        return _mean(self.boundary_f1)


def _confusion(truth: Map, predicted: Map, classes: int) -> Indices:
    counted = truth < classes
    cells = truth[counted].astype(np.int64) * classes + predicted[counted]
    return np.bincount(cells, minlength=classes**2).reshape(classes, classes)


def _boundary(truth: Map, predicted: Map, classes: int) -> Indices:
    """Return the counts of one image; see `Counts`. Up to 64 classes are looked at together, each as a bit."""
    edges = [_edge(one, truth < classes) for one in (predicted, truth)]
    counts = np.zeros((classes, 4), np.int64)
    for start in range(0, classes, _BITS):
        own = range(start, min(start + _BITS, classes))
        bit_of = np.zeros(256, np.min_scalar_type(1 << (len(own) - 1)))
        bit_of[own.start : own.stop] = [1 << at for at in range(len(own))]
        bits = [bit_of[one] * edge for one, edge in zip((predicted, truth), edges, strict=True)]
        for at, (one, other, labels) in enumerate(((*bits, predicted), (*bits[::-1], truth))):
            for column, shown in ((2 * at, one), (2 * at + 1, one & _widened(other))):
                counts[:, column] += np.bincount(labels[shown > 0], minlength=classes)
    return counts


def _edge(labels: Map, counted: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return the pixels that count and beside which lies one of another class that counts."""
    edge = np.zeros(labels.shape, np.bool_)
    for one, other in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
        differ = (labels[one] != labels[other]) & counted[one] & counted[other]
        edge[one] |= differ
        edge[other] |= differ
    return edge


def _widened(bits: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the bits that any pixel in a square of `TOLERANCE` pixels around each pixel has."""
    for _ in range(2):  # down, then across
        wide = bits.copy()
        for by in range(1, TOLERANCE + 1):
            wide[by:] |= bits[:-by]
            wide[:-by] |= bits[by:]
        bits = wide.T
    return bits


def _share(part: Values | Indices, whole: Values | Indices, *, empty: Values | float = np.nan) -> Values:
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1), empty)


def _mean(values: Values) -> Values:
    known = ~np.isnan(values)
    return _share(np.where(known, values, 0).sum(axis=-1), known.sum(axis=-1))
