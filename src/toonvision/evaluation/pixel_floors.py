"""The floor of a segmenter: at each place of the picture the most frequent class there, in every screenshot."""

from collections.abc import Sequence

import numpy as np

from toonvision.data.subsets import Subset
from toonvision.evaluation.score_floors import ScoreFloor, ScoreFloors
from toonvision.metrics.classification import Indices
from toonvision.metrics.segmentation import Maps
from toonvision.tasks.base import Dataset
from toonvision.tasks.pixel_scores import PixelScores

MAJORITY = "majority-of-the-place"
TITLE = "the most frequent class at each place of the picture"


def measure_pixel_floors(
    network: str, data: Dataset, subset: Subset, best: PixelScores, *, learned: Sequence[Subset]
) -> ScoreFloors:
    """Measure the floor of a segmenter on a subset; there is none where that was learned from, or no pixel counts.

    The arguments are those of `toonvision.evaluation.box_floors.measure_box_floors`.
    """
    if subset in learned or np.isnan(best.quality.right):
        return ScoreFloors(network)
    usual = usual_map(data.targets, np.concatenate([data.indices[one] for one in learned]), len(data.classes))
    floor = PixelScores(best.truth, np.broadcast_to(usual, best.truth.shape), best.classes, best.groups)
    values = (float(best.quality.mean_iou), float(floor.quality.mean_iou))
    drawn = (best.drawn_mean_iou, floor.drawn_mean_iou)
    return ScoreFloors(network, (ScoreFloor.of(MAJORITY, TITLE, "miou", values=values, drawn=drawn),))


def usual_map(masks: Maps, learned: Indices, classes: int) -> Maps:
    """Return the class that most of some masks have at each place, the first of equally frequent ones.

    Args:
        masks: Shape ``(images, height, width)``; where one is no class, such as 255, it does not count.
        learned: Indices of the masks.
        classes: Number of classes.

    Returns:
        Shape ``(height, width)``.
    """
    counts = np.zeros((classes, *masks.shape[1:]), np.int32)
    for at in learned.tolist():
        for label in range(classes):
            counts[label] += masks[at] == label
    usual: Maps = counts.argmax(axis=0).astype(np.uint8)
    return usual
