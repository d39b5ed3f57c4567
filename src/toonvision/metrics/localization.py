"""How well boxes are placed that match an object: their overlap, and by how many pixels each edge is off."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from toonvision.metrics.boxes import Boxes, overlaps

EDGES = ("left", "upper", "right", "lower")


@dataclass(frozen=True, eq=False)
class Placement:
    """Predicted boxes beside the true ones that they match.

    Attributes:
        predicted: The predicted boxes.
        true: The true ones, in the same order.
    """

    predicted: Boxes
    true: Boxes

    @property
    def overlaps(self) -> npt.NDArray[np.float64]:
        """The intersection over union of each pair, 0 to 1, shape ``(pairs,)``."""
        pairs = zip(self.predicted, self.true, strict=True)
        return np.array([overlaps(own[None], other[None])[0, 0] for own, other in pairs], np.float64)

    @property
    def shifts(self) -> npt.NDArray[np.float64]:
        """By how many pixels the edges, then the height, are larger than the true ones, shape ``(pairs, 5)``."""
        predicted, true = self.predicted.astype(np.float64), self.true.astype(np.float64)
        heights = (predicted[:, 3] - predicted[:, 1]) - (true[:, 3] - true[:, 1])
        return np.column_stack([predicted - true, heights])

    def within(self, low: float, high: float) -> "Placement":
        """Return the pairs whose true box has a height from `low` to below `high` pixels."""
        heights = self.true[:, 3] - self.true[:, 1]
        which = (heights >= low) & (heights < high)
        return Placement(self.predicted[which], self.true[which])

    def summary(self) -> "PlacementSummary | None":
        """Return medians and what 95 % of the boxes keep to; None without a pair."""
        if not len(self.true):
            return None
        found, shifts = self.overlaps, self.shifts
        return PlacementSummary(
            len(found),
            float(np.median(found)),
            float(np.quantile(found, 0.05)),
            tuple(np.median(shifts, axis=0).tolist()),
            tuple(np.quantile(np.abs(shifts), 0.95, axis=0).tolist()),
        )


@dataclass(frozen=True)
class PlacementSummary:
    """How well some boxes are placed.

    Attributes:
        boxes: How many there are.
        overlap: The median of their intersection over union.
        overlap_95: What 95 % of them reach.
        shift: The median shift in pixels of the left, upper, right and lower edge, and of the height.
        shift_95: Pixels that 95 % of these are not off by more than, whichever way.
    """

    boxes: int
    overlap: float
    overlap_95: float
    shift: tuple[float, ...]
    shift_95: tuple[float, ...]

    def plain(self) -> dict[str, Any]:
        """Return all of it as plain data, for JSON."""
        named = zip((*EDGES, "height"), self.shift, self.shift_95, strict=True)
        return {
            "boxes": self.boxes, "overlap_median": self.overlap, "overlap_95_reach": self.overlap_95,
            "pixels": {name: {"median": middle, "95_within": most} for name, middle, most in named},
        }  # fmt: skip
