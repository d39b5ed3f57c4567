"""The floor of a detector: the mean box of each class at its usual place, the same in every screenshot."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from toonvision.data.subsets import Subset
from toonvision.metrics.bootstrap import Estimate, estimate
from toonvision.metrics.classification import Indices
from toonvision.metrics.predictions import Predictions
from toonvision.tasks.base import Dataset
from toonvision.tasks.box_scores import BoxScores
from toonvision.tasks.detect import score
from toonvision.tasks.detect_targets import IGNORED, LABEL

MEAN_BOX = "mean-box"
TITLE = "the mean box of each class at its usual place"


@dataclass(frozen=True)
class BoxFloor:
    """What is beaten, or not.

    Attributes:
        ap50: Its AP50, 0 to 1.
        own: The model's AP50, with its 95 % interval over screenshots.
        difference: The model's AP50 minus its own, -1 to 1, with the paired 95 % interval over screenshots.
    """

    ap50: float
    own: Estimate
    difference: Estimate

    @property
    def beaten(self) -> bool:
        """Whether the model is clearly better."""
        return self.difference.low > 0

    def plain(self) -> dict[str, Any]:
        """Return all of it as plain data, for JSON."""
        return {
            "name": MEAN_BOX, "ap50": self.ap50, "beaten": self.beaten, "model_ap50": self.own.value,
            "model_ap50_95": [self.own.low, self.own.high], "difference": self.difference.value,
            "difference_95": [self.difference.low, self.difference.high],
        }  # fmt: skip


@dataclass(frozen=True)
class BoxFloors:
    """The floor of one evaluation.

    Attributes:
        network: What is compared with it.
        listed: The floor; none where the evaluated screenshots were learned from.
    """

    network: str
    listed: tuple[BoxFloor, ...] = ()

    @property
    def unbeaten(self) -> BoxFloor | None:
        """The floor, if it is not clearly beaten."""
        return next((floor for floor in self.listed if not floor.beaten), None)

    def sentence(self) -> str:
        """Return whether the model beats the floor; empty if there is none."""
        for floor in self.listed:
            one = floor.difference
            counts = (
                f"AP50 {floor.ap50:.3f}, {self.network} {floor.own.value:.3f}, 95 % interval {floor.own.low:.3f} to "
                f"{floor.own.high:.3f}; difference {one.value:+.3f}, {one.low:+.3f} to {one.high:+.3f}"
            )
            if floor.beaten:
                return f"The model {self.network} clearly beats its floor, {TITLE} ({counts})."
            return f"The model {self.network} does not clearly beat its floor, {TITLE} ({counts})."
        return ""


def measure_box_floors(
    network: str, data: Dataset, subset: Subset, best: BoxScores, *, learned: Sequence[Subset]
) -> BoxFloors:
    """Measure the floor of a detector on a subset; there is none where that was learned from, or shows no object.

    Args:
        network: What is compared with it.
        data: What it was trained with.
        subset: Which subset was evaluated.
        best: The scores there of the run's own model.
        learned: What the model, and so the floor, learned from.
    """
    if subset in learned or best.truth.ignored.all():
        return BoxFloors(network)
    indices = np.concatenate([data.indices[one] for one in learned])
    floor = score(mean_boxes(data, indices, images=len(data.indices[subset])), data, subset)
    (own, drawn), (its, its_drawn) = ((one.precision.ap50, one.drawn.mean[:, 0]) for one in (best, floor))
    difference = estimate(own - its, drawn - its_drawn)
    return BoxFloors(network, (BoxFloor(its, estimate(own, drawn), difference),))


def mean_boxes(data: Dataset, learned: Indices, *, images: int) -> Predictions:
    """Predict in each of some images one box of every class: the mean of those learned from.

    Its confidence is the share of the images that show the class.
    """
    rows = data.targets[learned]
    counted = (rows[..., LABEL] >= 0) & (rows[..., IGNORED] == 0)
    boxes, shares, labels = [], [], []
    for label in range(len(data.classes)):
        own = counted & (rows[..., LABEL] == label)
        if own.any():
            boxes.append(rows[own][:, :4].mean(axis=0))
            shares.append(own.any(axis=1).mean())
            labels.append(label)
    return Predictions(
        images=images,
        image=np.repeat(np.arange(images), len(labels)),
        labels=np.tile(np.array(labels, np.int64), images),
        scores=np.tile(np.array(shares, np.float32), images),
        boxes=np.tile(np.array(boxes, np.float32).reshape(-1, 4), (images, 1)),
    )
