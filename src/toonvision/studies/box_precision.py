"""How good the detectors of a study are: AP and AP50 over trainings, with intervals over screenshots."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from toonvision.core.wording import between
from toonvision.metrics.bootstrap import Estimate, estimate
from toonvision.metrics.classification import Indices
from toonvision.metrics.predictions import Predictions, concatenated
from toonvision.tasks.base import Dataset
from toonvision.tasks.box_scores import BoxScores
from toonvision.tasks.detect import score


def scored_boxes(dataset: Dataset, test: Indices, found: Sequence[Predictions]) -> BoxScores:
    """Score what models found in screenshots, each in some of them, in this order."""
    return score(concatenated(found), replace(dataset, indices={"test": test}), "test")


def mean_precision(each: Sequence[BoxScores], threshold: int | None) -> Estimate:
    """Return AP at a threshold of overlap, or over all, as the mean over models, with its interval."""
    values = [one.precision.ap if threshold is None else one.precision.ap50 for one in each]
    drawn = np.mean([one.drawn.mean for one in each], axis=0)
    return estimate(float(np.mean(values)), drawn.mean(axis=1) if threshold is None else drawn[:, threshold])


def cells(one: Estimate) -> tuple[str, str]:
    """Return a value and its interval for a table."""
    return f"{one.value:.3f}", between(one.low, one.high)
