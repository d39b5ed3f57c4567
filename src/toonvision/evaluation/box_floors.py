"""The floor of a detector: the mean box of each class at its usual place, the same in every screenshot."""

from collections.abc import Sequence

import numpy as np

from toonvision.data.subsets import Subset
from toonvision.evaluation.score_floors import ScoreFloor, ScoreFloors
from toonvision.metrics.classification import Indices
from toonvision.metrics.predictions import Predictions
from toonvision.tasks.base import Dataset
from toonvision.tasks.box_scores import BoxScores
from toonvision.tasks.detect import score
from toonvision.tasks.detect_targets import IGNORED, LABEL

MEAN_BOX = "mean-box"
TITLE = "the mean box of each class at its usual place"


def measure_box_floors(
    network: str, data: Dataset, subset: Subset, best: BoxScores, *, learned: Sequence[Subset]
) -> ScoreFloors:
    """Measure the floor of a detector on a subset; there is none where that was learned from, or shows no object.

    Args:
        network: What is compared with it.
        data: What it was trained with.
        subset: Which subset was evaluated.
        best: The scores there of the run's own model.
        learned: What the model, and so the floor, learned from.
    """
    if subset in learned or best.truth.ignored.all():
        return ScoreFloors(network)
    indices = np.concatenate([data.indices[one] for one in learned])
    floor = score(mean_boxes(data, indices, images=len(data.indices[subset])), data, subset)
    return compared_with_mean_boxes(network, [best], floor)


def compared_with_mean_boxes(network: str, each: Sequence[BoxScores], floor: BoxScores) -> ScoreFloors:
    """Compare the mean of models with mean boxes in the same screenshots."""
    values = (float(np.mean([one.precision.ap50 for one in each])), floor.precision.ap50)
    drawn = (np.mean([one.drawn.mean[:, 0] for one in each], axis=0), floor.drawn.mean[:, 0])
    return ScoreFloors(network, (ScoreFloor.of(MEAN_BOX, TITLE, "ap50", values=values, drawn=drawn),))


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
