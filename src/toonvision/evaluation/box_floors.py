"""The floor of a detector: the mean box of each class at its usual place, the same in every screenshot."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from toonvision.core.seeds import generator
from toonvision.data.groups import group_keys
from toonvision.data.records import Frame
from toonvision.data.subsets import Subset
from toonvision.metrics.bootstrap import Estimate, group_weights
from toonvision.metrics.classification import Indices
from toonvision.metrics.detection import HALF, Matches, match
from toonvision.metrics.predictions import Predictions
from toonvision.tasks.base import Dataset
from toonvision.tasks.box_scores import BoxScores
from toonvision.tasks.detect import score
from toonvision.tasks.detect_targets import IGNORED, LABEL

_DRAWS = 500
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
    groups = _groups([data.frames[at] for at in data.indices[subset]])
    drawn = group_weights(groups, draws=_DRAWS, rng=generator(0, "box floors"))
    once = np.ones(len(groups), np.int64)
    both = [_matches(one) for one in (best, floor)]
    own, its = (_ap50(found, once) for found in both)
    own_drawn, its_drawn = (np.array([_ap50(found, times) for times in drawn]) for found in both)
    return BoxFloors(network, (BoxFloor(its, _estimate(own, own_drawn), _estimate(own - its, own_drawn - its_drawn)),))


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


def _groups(frames: Sequence[Frame]) -> list[int]:
    """Return a number for each screenshot, the same for those that belong together; one without objects is alone."""
    crops = [crop for frame in frames for crop in frame.crops]
    key_of = {crop.screenshot_id: key for crop, key in zip(crops, group_keys(crops), strict=True)}
    return [key_of.get(frame.screenshot_id, -1 - at) for at, frame in enumerate(frames)]


def _matches(scores: BoxScores) -> list[Matches]:
    return [
        match(scores.truth, scores.predictions, label=label, thresholds=HALF) for label in range(len(scores.classes))
    ]


def _ap50(matches: Sequence[Matches], times: Indices) -> float:
    """Return the mean over the classes that occur, where each image is there so many times."""
    found = [float(one.averages(times)[0]) for one in matches]
    known = [one for one in found if not np.isnan(one)]
    return sum(known) / max(1, len(known))


def _estimate(value: float, drawn: npt.NDArray[np.float64]) -> Estimate:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Estimate(float(value), float(low), float(high))
