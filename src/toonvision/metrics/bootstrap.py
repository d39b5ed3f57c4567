"""Bootstrap intervals over screenshots and trainings at once.

Source:
    Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1 (2007).
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from toonvision.metrics.intervals import group_weights

_PAIRED_DRAWS, _ERROR_DRAWS = 2000, 1000


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float


def paired_difference(
    pairs: Sequence[tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]],
    groups: Sequence[Hashable],
    *,
    rng: np.random.Generator,
) -> Estimate:
    """Compare the accuracies of two sets of trainings on the same crops.

    Screenshots are drawn with replacement, and so are the trainings: those of the first set anew for each pair, those
    of the second set once for all pairs.

    Args:
        pairs: For each set of crops, whether each training of either set was right: two arrays of shape
            ``(trainings, crops)``; the second set's trainings are the same in all pairs.
        groups: Screenshot group of each crop, in the order of the pairs; at least one.
        rng: Where chance comes from.

    Returns:
        Accuracy of the first set minus that of the second, -1 to 1.
    """
    drawn = group_weights(groups, draws=_PAIRED_DRAWS, rng=rng)
    first = np.concatenate([_redrawn(right, rng) for right, _ in pairs], axis=1)
    second = _redrawn(np.concatenate([right for _, right in pairs], axis=1), rng)
    values = (drawn * (first - second)).sum(axis=1) / np.maximum(1, drawn.sum(axis=1))
    mean = np.concatenate([right.mean(axis=0) - other.mean(axis=0) for right, other in pairs]).mean()
    low, high = np.quantile(values, [0.025, 0.975])
    return Estimate(float(mean), float(low), float(high))


def error_draws(
    wrong: npt.NDArray[np.bool_],
    valid: npt.NDArray[np.bool_],
    groups: Sequence[Hashable],
    *,
    rng: np.random.Generator,
) -> npt.NDArray[np.float64]:
    """Draw trainings and test screenshots with replacement, and compute the error of each set of trainings.

    Args:
        wrong: Whether each training was wrong about each crop, shape ``(sets, trainings, crops)``.
        valid: Which trainings count, shape ``(sets, trainings)``, at least one a set. Where a draw holds none of a
            set's valid trainings, all of them are taken.
        groups: Screenshot group of each crop.
        rng: Where chance comes from.

    Returns:
        Errors from 0 to 1, shape ``(draws, sets)``.
    """
    trainings = valid.shape[1]
    crops = group_weights(groups, draws=_ERROR_DRAWS, rng=rng).astype(float)
    chosen = rng.multinomial(trainings, np.full(trainings, 1 / trainings), size=_ERROR_DRAWS)[:, None, :] * valid
    chosen = np.where(chosen.any(axis=2, keepdims=True), chosen, valid)
    shares = chosen / chosen.sum(axis=2, keepdims=True)
    counts = np.einsum("dsr,src,dc->ds", shares, wrong.astype(float), crops, optimize=True)
    errors: npt.NDArray[np.float64] = counts / np.maximum(1, crops.sum(axis=1))[:, None]
    return errors


def _redrawn(right: npt.NDArray[np.bool_], rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Average trainings that were drawn with replacement: from ``(trainings, crops)`` to ``(draws, crops)``."""
    trainings = len(right)
    weights = rng.multinomial(trainings, np.full(trainings, 1 / trainings), size=_PAIRED_DRAWS) / trainings
    averaged: npt.NDArray[np.float64] = weights @ right
    return averaged
