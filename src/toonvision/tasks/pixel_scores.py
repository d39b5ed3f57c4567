"""How good predicted maps of classes are, over all pixels of all screenshots."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from toonvision.metrics.bootstrap import Estimate, estimate, mean_of_classes
from toonvision.metrics.segmentation import Counts, Maps, Quality
from toonvision.tasks.base import Evaluated

RIGHT = 0.9
"""Share of the pixels that must be right, of a screenshot, or of what lies in an object's box, for that to be right."""


@dataclass(frozen=True)
class ClassPixels:
    """How good the pixels of one class are; each value with its 95 % interval over screenshots, NaN if it is unknown.

    Attributes:
        name: The class.
        share: The share of the pixels that count that have it.
        iou: Intersection over union.
        boundary_f1: F1 of its boundaries.
    """

    name: str
    share: float
    iou: Estimate
    boundary_f1: Estimate


@dataclass(frozen=True)
class PixelScores:
    """How good one model's maps of classes are.

    Attributes:
        truth: The true class of each pixel, 255 where a pixel does not count.
        predicted: The predicted ones, of the same shape.
        classes: Names of the classes.
        groups: A number for each screenshot, the same for those that belong together.
        masked: The indices of these among the evaluated screenshots, not all of which need have a mask.
    """

    truth: Maps
    predicted: Maps
    classes: tuple[str, ...]
    groups: tuple[int, ...]
    masked: tuple[int, ...] = ()

    @cached_property
    def counts(self) -> Counts:
        """What is counted of each screenshot."""
        return Counts.of(self.truth, self.predicted, classes=len(self.classes))

    @cached_property
    def quality(self) -> Quality:
        """How good the maps are over all screenshots."""
        return self.counts.quality()

    @cached_property
    def drawn(self) -> Quality:
        """The same for sets of screenshots drawn with replacement."""
        return self.counts.drawn(self.groups)

    @cached_property
    def each(self) -> Quality:
        """The same for each screenshot."""
        return self.counts.quality(np.eye(len(self.truth), dtype=np.int64))

    @property
    def mean_iou(self) -> Estimate:
        """The mean intersection over union of the classes that the masks show."""
        return estimate(float(self.quality.mean_iou), self.drawn_mean_iou)

    @property
    def drawn_mean_iou(self) -> npt.NDArray[np.float64]:
        """The same of each set of drawn screenshots, shape ``(draws,)``."""
        return mean_of_classes(self.drawn.iou.T, self.quality.iou)

    @property
    def mean_boundary_f1(self) -> Estimate:
        """The mean F1 of the boundaries of the classes that the masks show."""
        drawn = mean_of_classes(self.drawn.boundary_f1.T, self.quality.boundary_f1)
        return estimate(float(self.quality.mean_boundary_f1), drawn)

    @property
    def right(self) -> Estimate:
        """Share of the pixels whose class is right."""
        return estimate(float(self.quality.right), self.drawn.right)

    @cached_property
    def by_class(self) -> tuple[ClassPixels, ...]:
        """The scores of each class."""
        quality, drawn = self.quality, self.drawn
        pixels = self.confusion.sum(axis=1)
        return tuple(
            ClassPixels(
                name,
                float(pixels[at] / max(1, pixels.sum())),
                estimate(float(quality.iou[at]), drawn.iou[:, at]),
                estimate(float(quality.boundary_f1[at]), drawn.boundary_f1[:, at]),
            )
            for at, name in enumerate(self.classes)
        )

    @property
    def confusion(self) -> npt.NDArray[np.int64]:
        """Pixels of each true (rows) and predicted class."""
        confusion: npt.NDArray[np.int64] = self.counts.confusion.sum(axis=0)
        return confusion

    @property
    def error(self) -> float:
        """What the mean intersection over union lacks of 1; 0 if no pixel counts."""
        return 1 - float(np.nan_to_num(self.quality.mean_iou, nan=1.0))

    @cached_property
    def agreement(self) -> npt.NDArray[np.float32]:
        """Share of a screenshot's pixels that are right; 1 where none counts."""
        return np.nan_to_num(self.each.right, nan=1.0).astype(np.float32)

    @property
    def wrong(self) -> npt.NDArray[np.bool_]:
        """Whether less than nine in ten of a screenshot's pixels are right."""
        wrong: npt.NDArray[np.bool_] = self.agreement < RIGHT
        return wrong

    def summary(self) -> dict[str, float]:
        """Return the mean intersection over union, and the share of the pixels that are right."""
        return {"miou": float(self.quality.mean_iou), "pixels_right": float(self.quality.right)}

    def details(self) -> dict[str, Any]:
        """Return all scores as plain data, for JSON."""
        return {
            "model": {
                "miou": _plain(self.mean_iou),
                "boundary_f1": _plain(self.mean_boundary_f1),
                "pixels_right": _plain(self.right),
                "classes": [
                    {"name": one.name, "share": one.share, "iou": _plain(one.iou),
                     "boundary_f1": _plain(one.boundary_f1)}
                    for one in self.by_class
                ],
            },
            "confusion": {
                "classes": [*self.classes], "unit": "pixels", "rows_true_columns_predicted": self.confusion.tolist()
            },
        }  # fmt: skip

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        """Return columns and rows of `predictions.csv`; each row begins with the index of its image."""
        each = self.each
        columns = ["pixels_right", "miou", *(f"iou_{name}" for name in self.classes)]
        values = np.column_stack([each.right, each.mean_iou, each.iou])
        return columns, [
            [index, *("" if np.isnan(value) else f"{value:.6f}" for value in row)] for index, row in enumerate(values)
        ]


PixelEvaluated = Evaluated[PixelScores]
"""All models of a run of the kind ``segment``."""


def _plain(one: Estimate) -> dict[str, Any]:
    """Return an estimate as plain data; None where it is unknown."""
    value, low, high = (None if np.isnan(number) else number for number in (one.value, one.low, one.high))
    return {"value": value, "interval_95": [low, high]}
