"""Novelty: whether an image is unlike anything that a network learned from (out-of-distribution detection).

A logistic regression separates training images from what the workspace shows beside them:
background, whole screenshots, objects of other kinds. It sees nothing but features of the network, so that a score
costs one dot product. Its threshold is fitted on validation images, which neither the network nor it learned from.

Source:
    Hendrycks, Mazeika and Dietterich, "Deep Anomaly Detection with Outlier Exposure", ICLR 2019, arXiv:1812.04606: what
    is learned from some outliers holds for others. docs/novelty.md compares it with distances and probabilities.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from toonvision.metrics.intervals import Proportion

Floats = npt.NDArray[np.float64]
Features = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float32]

REJECTED = 0.01
"""Share of a normal distribution with the mean and the deviation of the validation scores that is above the threshold.
The quantile of the scores themselves rests on two of 157 images: it rejects 2.1 % of others instead of 1.5 %."""
FEWEST = 20
"""Outliers, and validation images, below which nothing is fitted."""
_PENALTY = 0.003
"""Of the squared weights of features with variance 1; chosen by cross-validation (docs/novelty.md)."""
_SMALLEST_SPREAD = 0.01


@dataclass(frozen=True)
class NoveltyScore:
    """A linear score of features: the log-odds of an outlier, less the threshold.

    Attributes:
        weights: Shape ``(features,)``.
        bias: Added to the sum.
        learned: Number of images that the network learned from, on which it was fitted.
        outliers: Number of outliers that it was fitted on.
        validation: Number of validation images that the threshold was fitted on.
        features: The version of the features that it is of (`models.features.band_features`): 1 for those of the last
            map, which scores had first.
    """

    weights: tuple[float, ...]
    bias: float
    learned: int
    outliers: int
    validation: int
    features: Literal[1, 2] = 2

    def of(self, features: Features) -> Scores:
        """Return the scores of images: above 0 for one unlike anything learned.

        Args:
            features: Shape ``(images, features)``.

        Returns:
            Shape ``(images,)``, float32, unbounded.
        """
        scores: Scores = (features @ np.array(self.weights) + self.bias).astype(np.float32)
        return scores


@dataclass(frozen=True, eq=False)
class NoveltyTest:
    """Novelty scores of the images of one subset, and of what their screenshots show beside them.

    Attributes:
        scores: Of the images, shape ``(images,)``, float32; above 0 for one unlike anything learned.
        outliers: The same for each group of outliers by its name; none where the screenshots have nothing else.
        fitted: The score.
    """

    scores: Scores
    outliers: Mapping[str, Scores]
    fitted: NoveltyScore

    @property
    def rejected(self) -> npt.NDArray[np.bool_]:
        """Whether an image is unlike anything learned, shape ``(images,)``."""
        rejected: npt.NDArray[np.bool_] = self.scores > 0
        return rejected

    def share(self, scores: Scores) -> Proportion:
        """Return how many of some scores are above the threshold."""
        return Proportion(int((scores > 0).sum()), len(scores))

    @property
    def shares(self) -> dict[str, Proportion]:
        """How many of each group of outliers are rejected."""
        return {name: self.share(scores) for name, scores in self.outliers.items()}

    def plain(self) -> dict[str, Any]:
        """Return what was rejected as plain data, for JSON."""
        return {
            "rejected": self.share(self.scores).plain(),
            "outliers_rejected": {name: share.plain() for name, share in self.shares.items()},
            "fitted_on": {
                "learned": self.fitted.learned,
                "outliers": self.fitted.outliers,
                "validation": self.fitted.validation,
            },
        }


def fit_novelty(learned: Features, outliers: Sequence[Features], validation: Features) -> NoveltyScore | None:
    """Fit a score and its threshold.

    All images that were learned from weigh as much as all outliers, and each group of outliers as much as each other.

    Args:
        learned: Features of the images that the network learned from, shape ``(images, features)``.
        outliers: Groups of the same for outliers; empty ones are left out.
        validation: The same for images that it did not learn from.

    Returns:
        The score; None if there are fewer than `FEWEST` outliers or validation images.
    """
    from sklearn.linear_model import LogisticRegression

    groups = [group for group in outliers if len(group)]
    count = sum(map(len, groups))
    if count < FEWEST or len(validation) < FEWEST:
        return None
    rows = np.concatenate([learned, *groups]).astype(np.float64)
    mean, spread = rows.mean(axis=0), rows.std(axis=0) + _SMALLEST_SPREAD
    share = np.concatenate([_even(learned, 1), *(_even(group, len(groups)) for group in groups)])
    is_outlier = np.arange(len(rows)) >= len(learned)
    fitted = LogisticRegression(C=1 / _PENALTY, solver="newton-cholesky")
    fitted.fit((rows - mean) / spread, is_outlier, sample_weight=share / 2)
    weights = fitted.coef_[0] / spread
    bias = float(fitted.intercept_[0]) - float(mean @ weights)
    scores = validation @ weights + bias
    threshold = scores.mean() + NormalDist().inv_cdf(1 - REJECTED) * scores.std()
    return NoveltyScore(tuple(weights.tolist()), bias - float(threshold), len(learned), count, len(validation))


def _even(group: Features, groups: int) -> Floats:
    """Return the same weight for each image of a group; those of all groups sum to 1."""
    return np.full(len(group), 1 / (len(group) * groups))
