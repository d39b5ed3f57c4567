"""A power law of the error over the number of training samples, its fit, and what it predicts for more of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from toonvision.core.errors import InputRejectedError
from toonvision.metrics.bootstrap import estimate

_STEEPEST, _FLATTEST = 2.0, 0.05
_EXPONENTS = np.geomspace(_FLATTEST, _STEEPEST, 80)
_LINE = 60
"""At how many numbers of samples a fitted curve is drawn."""


@dataclass(frozen=True)
class PowerLaw:
    """An error that decreases with the number of samples n: ``scale * n ** -exponent + floor``.

    Attributes:
        scale: At least 0.
        exponent: How steeply it decreases, above 0.
        floor: The error with any number of samples, at least 0.
    """

    scale: float
    exponent: float
    floor: float

    def at(self, pictures: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return the error at numbers of samples, 0 to 1."""
        values: npt.NDArray[np.float64] = self.scale * np.asarray(pictures, float) ** -self.exponent + self.floor
        return values


@dataclass(frozen=True)
class Forecast:
    """A power law that fits measured errors, and what it predicts for more training samples.

    Attributes:
        law: The fit.
        line: Numbers of samples at which the curve is drawn.
        low: Lower bound of the fitted error there, 0 to 1 (95 %).
        high: Upper bound.
        more: How many more samples were asked about.
        gain: By how much they would probably lower the error, 0 to 1.
        gain_low: Lower bound (95 %).
        gain_high: Upper bound.
    """

    law: PowerLaw
    line: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    more: int
    gain: float
    gain_low: float
    gain_high: float

    @property
    def falls(self) -> bool:
        """Whether the fitted error falls with more samples, or is 0 already; if not, it says nothing of more."""
        return self.law.scale > 0 or self.law.floor == 0


def forecast(
    pictures: Sequence[float],
    errors: Sequence[float],
    drawn: npt.NDArray[np.float64],
    *,
    tested: int,
    more: int,
) -> Forecast:
    """Fit measured errors, and each draw of a bootstrap for the intervals.

    Args:
        pictures: Numbers of training samples, from few to many, shape ``(sizes,)``.
        errors: The error measured with so many, 0 to 1.
        drawn: The same where trainings and test screenshots are drawn with replacement, shape ``(draws, sizes)``.
        tested: Number of samples that the errors are of.
        more: How many more training samples to ask about.
    """
    most = pictures[-1]
    line = np.geomspace(pictures[0], max(2 * most, most + 2 * more), _LINE)
    law = fit_power_law(pictures, errors, tested=tested)
    laws = [fit_power_law(pictures, row, tested=tested) for row in drawn]
    drawn_at = np.array([one.at(line) for one in laws]).reshape(-1, len(line)).T
    fitted = [estimate(value, values) for value, values in zip(law.at(line), drawn_at, strict=True)]
    gains = np.array([_gain(one, most, more) for one in laws])
    gain = estimate(_gain(law, most, more), gains, widest=(0.0, float(law.at(most))))
    return Forecast(
        law=law,
        line=tuple(line.tolist()),
        low=tuple(one.low for one in fitted),
        high=tuple(one.high for one in fitted),
        more=more,
        gain=gain.value,
        gain_low=gain.low,
        gain_high=gain.high,
    )


def _gain(law: PowerLaw, pictures: float, more: int) -> float:
    now, then = law.at([pictures, pictures + more])
    return float(now - then)


def fit_power_law(pictures: npt.ArrayLike, errors: npt.ArrayLike, *, tested: int) -> PowerLaw:
    """Fit ``error = scale * n ** -exponent + floor`` by weighted least squares, scale and floor at least 0.

    For a given exponent the rest is linear and solved exactly; exponents from 0.05 to 2 are tried one by one, so that
    there is no starting point. The weight of a point is the inverse of its binomial variance.

    Args:
        pictures: Numbers of training samples, shape ``(points,)``, at least three different ones.
        errors: Error rates, shape ``(points,)``, 0 to 1.
        tested: Numbers of samples that the error rates are of.

    Raises:
        InputRejectedError: If a value is NaN.

    Source:
        The form: Hestness et al., "Deep learning scaling is predictable, empirically", arXiv:1712.00409.
    """
    n, error = np.asarray(pictures, float), np.asarray(errors, float)
    if not (np.isfinite(n).all() and np.isfinite(error).all() and (n > 0).all()):
        raise InputRejectedError("a learning curve needs numbers; got some that are none. Train it again.")
    smoothed = (error * tested + 1) / (tested + 2)  # an error of 0 has a variance too
    weight = tested / (smoothed * (1 - smoothed))
    basis = (n / n.max())[None, :] ** -_EXPONENTS[:, None]
    scale, floor = _nonnegative(basis, error, weight)
    loss = (weight * (scale[:, None] * basis + floor[:, None] - error) ** 2).sum(axis=1)
    # Of fits that are equal to six digits, the flattest one promises least.
    best = int(np.flatnonzero(loss <= loss.min() * (1 + 1e-6) + 1e-12)[0])
    exponent = float(_EXPONENTS[best])
    return PowerLaw(float(scale[best]) * float(n.max()) ** exponent, exponent, float(floor[best]))


def _nonnegative(
    basis: npt.NDArray[np.float64], error: npt.NDArray[np.float64], weight: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return scale and floor, at least 0, of ``scale * basis + floor = error`` for each row (least squares)."""
    total, sum_b, sum_e = weight.sum(), basis @ weight, float(weight @ error)
    sum_bb, sum_be = basis**2 @ weight, basis @ (weight * error)
    determinant = total * sum_bb - sum_b**2
    scale = (total * sum_be - sum_b * sum_e) / np.maximum(determinant, 1e-12)
    floor = (sum_e - scale * sum_b) / total
    no_floor, no_scale = floor < 0, scale < 0
    scale = np.where(no_floor, sum_be / sum_bb, np.maximum(scale, 0))
    floor = np.where(no_scale, sum_e / total, np.where(no_floor, 0.0, floor))
    return scale, floor
