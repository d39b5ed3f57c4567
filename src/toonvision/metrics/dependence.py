"""How much two properties of the samples depend on each other, with a bootstrap interval over screenshots."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from toonvision.core.seeds import generator
from toonvision.metrics.bootstrap import Estimate
from toonvision.metrics.intervals import group_weights

_DRAWS = 2000


def cramers_v(table: npt.NDArray[np.float64] | npt.NDArray[np.int64]) -> float:
    """Return Cramer's V of the rows and columns of a table, corrected for chance.

    Args:
        table: Counts, shape ``(rows, columns)``.

    Returns:
        Bias-corrected V, from 0 (independent) to 1; 0 for a table of one row or column.

    Source:
        Bergsma, "A bias-correction for Cramer's V and Tschuprow's T", J. Korean Stat. Soc. 42 (2013).
    """
    _, corrected, scale = _phi_squared(np.asarray(table, dtype=float))
    return math.sqrt(max(0.0, corrected) / scale) if scale > 0 else 0.0


def dependence(
    classes: Sequence[str], contexts: Sequence[str], groups: Sequence[int], *, seed: int, draws: int = _DRAWS
) -> Estimate:
    """Return Cramer's V of classes and contexts with a 95 % bootstrap interval over screenshots.

    A resampled table has the chance association of the sample, and adds more. So the draws are compared with the
    sample's uncorrected association, and their deviations are added to the corrected one. Otherwise the interval of
    independent properties would lie above zero.

    Args:
        classes: Each sample's class.
        contexts: Each sample's context.
        groups: Each sample's group; whole groups are drawn.
        seed: Seed of the bootstrap.
        draws: Number of draws.
    """
    rows, row_of = np.unique(np.asarray(classes), return_inverse=True)
    columns, column_of = np.unique(np.asarray(contexts), return_inverse=True)
    shape = (len(rows), len(columns))
    cell = row_of * shape[1] + column_of
    raw, corrected, scale = _phi_squared(np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape).astype(float))
    if scale <= 0:
        return Estimate(0.0, 0.0, 0.0)
    weights = group_weights(groups, draws=draws, rng=generator(seed, "dependence"))
    tables = (np.bincount(cell, row, minlength=shape[0] * shape[1]).reshape(shape).astype(float) for row in weights)
    scatter = [_phi_squared(table)[1] - raw for table in tables]
    low, high = np.quantile(scatter, [0.025, 0.975])
    bounds = [math.sqrt(min(1.0, max(0.0, corrected + shift) / scale)) for shift in (0.0, low, high)]
    return Estimate(bounds[0], min(bounds), max(bounds))


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
