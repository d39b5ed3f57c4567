"""Bootstrap intervals: screenshots are drawn with replacement, and with them all of their crops.

Source:
    Over screenshots and trainings at once: Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1 (2007).
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from toonvision.core.wording import between

SHARE, DIFFERENCE = (0.0, 1.0), (-1.0, 1.0)
"""What every share, and every difference of two, lies between: their interval where nothing can be drawn."""
_DRAWS, _ERROR_DRAWS = 2000, 1000


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def unknown(self) -> bool:
        """Whether the interval holds everything that can be."""
        return (self.low, self.high) in (SHARE, DIFFERENCE)

    def within(self, form: str = ".3f", *, times: float = 1) -> str:
        """Return its interval, multiplied, in words.

        Examples:
            >>> Estimate(0.5, 0.412, 0.6).within(".1f", times=100), Estimate(0.5, 0.0, 1.0).within()
            ('95 % interval 41.2–60.0', 'too few groups of screenshots for an interval')
        """
        if self.unknown:
            return "too few groups of screenshots for an interval"
        return f"95 % interval {between(times * self.low, times * self.high, form)}"


def group_weights(groups: Sequence[Hashable], *, draws: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return how often each sample is drawn where whole groups are, shape ``(draws, samples)``.

    Samples of one group are not independent: crops of one screenshot share its light and its context. So a single group
    says nothing of other ones, and there is no draw of it.
    """
    known = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    possible = draws if len(known) > 1 else 0
    weights: npt.NDArray[np.int64] = _draw(len(known), possible, rng)[:, [known[group] for group in groups]]
    return weights


def estimate(value: float, drawn: npt.NDArray[np.float64], *, widest: tuple[float, float] = SHARE) -> Estimate:
    """Return a value with the interval that holds 95 % of its draws, shape ``(draws,)``, but for NaN among them.

    Where nothing was drawn, the interval is the widest that there is; where the value is NaN, so is the interval.
    """
    if not len(drawn) and not math.isnan(value):
        return Estimate(float(value), *widest)
    known = drawn[~np.isnan(drawn)]
    if not len(known):
        return Estimate(float(value), math.nan, math.nan)
    low, high = np.quantile(known, [0.025, 0.975])
    return Estimate(float(value), float(low), float(high))


def mean_of_classes(drawn: npt.NDArray[np.float64], values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Average the scores of classes in each draw; a class that a draw lacks has there its score over all samples.

    The mean over the other classes alone would be another score: without the class that is hard, it is far higher. And
    if only draws with all classes counted, hardly any would where many classes are rare.

    Args:
        drawn: Shape ``(classes, draws, ...)``; NaN where a draw does not have the class.
        values: The same over all samples, shape ``(classes, ...)``; NaN for classes without a sample, which are left
            out.

    Returns:
        Shape ``(draws, ...)``; NaN if no class has a sample.
    """
    known = ~np.isnan(values).reshape(len(values), -1).any(axis=1)
    if not known.any():
        return np.full(drawn.shape[1:], np.nan)
    mean: npt.NDArray[np.float64] = np.where(np.isnan(drawn), values[:, None], drawn)[known].mean(axis=0)
    return mean


def paired_difference(
    pairs: Sequence[tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]],
    groups: Sequence[Hashable],
    *,
    rng: np.random.Generator,
) -> Estimate:
    """Compare the accuracies of two sets of trainings on the same crops.

    Trainings are drawn with replacement, too: those of the first set anew for each pair, those of the second set once
    for all pairs.

    Args:
        pairs: For each set of crops, whether each training of either set was right: two arrays of shape
            ``(trainings, crops)``; the second set's trainings are the same in all pairs.
        groups: Screenshot group of each crop, in the order of the pairs; at least one.
        rng: The random generator.

    Returns:
        Accuracy of the first set minus that of the second, -1 to 1.
    """
    drawn = group_weights(groups, draws=_DRAWS, rng=rng)
    first = np.concatenate([_redrawn(right, len(drawn), rng) for right, _ in pairs], axis=1)
    second = _redrawn(np.concatenate([right for _, right in pairs], axis=1), len(drawn), rng)
    values = (drawn * (first - second)).sum(axis=1) / np.maximum(1, drawn.sum(axis=1))
    mean = np.concatenate([right.mean(axis=0) - other.mean(axis=0) for right, other in pairs]).mean()
    return estimate(float(mean), values, widest=DIFFERENCE)


def error_draws(
    wrong: npt.NDArray[np.bool_], valid: npt.NDArray[np.bool_], groups: Sequence[Hashable], *, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Draw trainings and test screenshots with replacement, and compute the error of each set of trainings.

    Args:
        wrong: Whether each training was wrong about each crop, shape ``(sets, trainings, crops)``.
        valid: Which trainings count, as in `training_shares`.
        groups: Screenshot group of each crop.
        rng: The random generator.

    Returns:
        Errors from 0 to 1, shape ``(draws, sets)``.
    """
    crops = group_weights(groups, draws=_ERROR_DRAWS, rng=rng).astype(float)
    shares = training_shares(valid, draws=len(crops), rng=rng)
    counts = np.einsum("dsr,src,dc->ds", shares, wrong.astype(float), crops, optimize=True)
    errors: npt.NDArray[np.float64] = counts / np.maximum(1, crops.sum(axis=1))[:, None]
    return errors


def training_shares(valid: npt.NDArray[np.bool_], *, draws: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Draw trainings with replacement, the same for all sets: how much each counts in the mean of its set.

    Args:
        valid: Which trainings count, shape ``(sets, trainings)``, at least one a set. Where a draw holds none of a
            set's valid trainings, all of them are taken.
        draws: Number of draws.
        rng: The random generator.

    Returns:
        Shape ``(draws, sets, trainings)``; the sum over trainings is 1.
    """
    chosen = _draw(valid.shape[1], draws, rng)[:, None, :] * valid
    chosen = np.where(chosen.any(axis=2, keepdims=True), chosen, valid)
    shares: npt.NDArray[np.float64] = chosen / chosen.sum(axis=2, keepdims=True)
    return shares


def dependence(
    classes: Sequence[str],
    contexts: Sequence[str],
    groups: Sequence[Hashable],
    *,
    rng: np.random.Generator,
    draws: int = _DRAWS,
) -> Estimate:
    """Return Cramer's V of classes and contexts, corrected for chance: 0 (independent) to 1.

    A resampled table has the chance association of the sample, and adds more. So the draws are compared with the
    sample's uncorrected association, and their deviations are added to the corrected one. Otherwise the interval of
    independent properties would lie above zero.

    Args:
        classes: Each sample's class.
        contexts: Each sample's context; with only one context or class V is 0.
        groups: Screenshot group of each sample.
        rng: The random generator.
        draws: Number of draws.

    Source:
        Bergsma, "A bias-correction for Cramer's V and Tschuprow's T", J. Korean Stat. Soc. 42 (2013).
    """
    row_of, column_of = (np.unique(np.asarray(values), return_inverse=True)[1] for values in (classes, contexts))
    shape = (row_of.max() + 1, column_of.max() + 1)
    cells = np.ravel_multi_index((row_of, column_of), shape)
    weights = group_weights(groups, draws=draws, rng=rng)
    tables = (np.bincount(cells, row, math.prod(shape)).reshape(shape) for row in (np.ones(len(cells)), *weights))
    raw, corrected, scale = _phi_squared(next(tables))
    if scale <= 0:
        return Estimate(0.0, 0.0, 0.0)
    if not len(weights):
        return Estimate(math.sqrt(min(1.0, max(0.0, corrected) / scale)), *SHARE)
    low, high = np.quantile([_phi_squared(table)[1] - raw for table in tables], [0.025, 0.975])
    bounds = [math.sqrt(min(1.0, max(0.0, corrected + shift) / scale)) for shift in (0.0, low, high)]
    return Estimate(bounds[0], min(bounds), max(bounds))


def _draw(count: int, draws: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return how often each of some things is drawn with replacement, shape ``(draws, count)``."""
    return rng.multinomial(count, np.full(count, 1 / count), size=draws)


def _redrawn(right: npt.NDArray[np.bool_], draws: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Average trainings that were drawn with replacement: from ``(trainings, crops)`` to ``(draws, crops)``."""
    averaged: npt.NDArray[np.float64] = _draw(len(right), draws, rng) / len(right) @ right
    return averaged


def _phi_squared(table: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    """Return phi squared of a table, its value corrected for chance, and the corrected value at V = 1."""
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    total, (rows, columns) = table.sum(), table.shape
    if min(rows, columns) < 2 or total < 2:
        return 0.0, 0.0, 0.0
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / total
    raw = float(((table - expected) ** 2 / expected).sum() / total)
    bias = (rows - 1) * (columns - 1) / (total - 1)
    scale = min(size - (size - 1) ** 2 / (total - 1) for size in (rows, columns)) - 1
    return raw, raw - bias, float(scale)
