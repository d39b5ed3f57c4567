"""The floor of a detector: the mean box of each class at its usual place, the same in every screenshot."""

from collections.abc import Sequence

import numpy as np

from toonvision.core.seeds import generator
from toonvision.data.groups import frame_keys
from toonvision.data.subsets import Subset
from toonvision.evaluation.score_floors import ScoreFloor, ScoreFloors
from toonvision.metrics.bootstrap import group_weights
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
    groups = frame_keys([data.frames[at] for at in data.indices[subset]])
    drawn = group_weights(groups, draws=_DRAWS, rng=generator(0, "box floors"))
    once = np.ones(len(groups), np.int64)
    both = [_matches(one) for one in (best, floor)]
    own, its = (_ap50(found, once) for found in both)
    own_drawn, its_drawn = (np.array([_ap50(found, times) for times in drawn]) for found in both)
    compared = ScoreFloor.of(MEAN_BOX, TITLE, "AP50", values=(own, its), drawn=(own_drawn, its_drawn))
    return ScoreFloors(network, (compared,))


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


def _matches(scores: BoxScores) -> list[Matches]:
    return [
        match(scores.truth, scores.predictions, label=label, thresholds=HALF) for label in range(len(scores.classes))
    ]


def _ap50(matches: Sequence[Matches], times: Indices) -> float:
    """Return the mean over the classes that occur, where each image is there so many times."""
    found = [float(one.averages(times)[0]) for one in matches]
    known = [one for one in found if not np.isnan(one)]
    return sum(known) / max(1, len(known))
