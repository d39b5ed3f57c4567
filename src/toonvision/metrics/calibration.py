"""Calibration: whether predictions with a confidence of 90 % are right in 90 % of the cases, and how to correct it."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from toonvision.core.errors import UsageError
from toonvision.core.options import require_whole
from toonvision.core.seeds import generator
from toonvision.metrics.classification import Indices
from toonvision.metrics.intervals import Proportion
from toonvision.metrics.predictions import Probabilities

Floats = npt.NDArray[np.float64]

COLDEST, HOTTEST = 0.05, 20.0
SPREAD = 0.5
"""Standard deviation of the prior of a temperature's logarithm."""
_BINS, _FEWEST = 10, 10
_RESAMPLES, _BLOCK = 2000, 200
LOWEST = 2.0**-24
"""The resolution of float32 just below 1; smaller probabilities are rounding errors."""


@dataclass(frozen=True)
class Bin:
    """Predictions of similar confidence.

    Attributes:
        confidence: Their mean confidence, 0 to 1.
        right: Number of right predictions.
        bounds: Lowest and highest confidence.
    """

    confidence: float
    right: Proportion
    bounds: tuple[float, float]


@dataclass(frozen=True)
class Reliability:
    """Confidence compared with accuracy.

    Attributes:
        bins: Predictions by ascending confidence, about as many in each.
        error: Expected calibration error: mean difference of confidence and accuracy over the bins, 0 to 1.
        interval: Its 95 % interval, by bootstrap.
        noise: 95th percentile of the error of perfectly calibrated models with these confidences: with few samples the
            error is above 0 even for them.
        likelihood: Mean negative log-likelihood of the true classes, in nats.
    """

    bins: tuple[Bin, ...]
    error: float
    interval: tuple[float, float]
    noise: float
    likelihood: float

    @property
    def overconfident(self) -> float:
        """Mean confidence minus accuracy; positive if the model is too confident."""
        total = sum(one.right.total for one in self.bins)
        return sum(one.confidence * one.right.total - one.right.count for one in self.bins) / max(1, total)


@dataclass(frozen=True)
class Calibration:
    """A model's calibration on one subset, without and with a temperature fitted on the validation subset.

    Attributes:
        before: Without the temperature.
        after: With the temperature.
        temperature: Divisor of the logits; above 1 if the model is too confident.
        fitted_on: Number of validation samples that it was fitted on.
        fitted_here: Whether it was fitted on the evaluated samples themselves.
    """

    before: Reliability
    after: Reliability
    temperature: float
    fitted_on: int
    fitted_here: bool = False

    def plain(self) -> dict[str, Any]:
        """Return all of it but the bins as plain data, for JSON."""
        return {
            "temperature": self.temperature,
            "fitted_on_validation_samples": self.fitted_on,
            "fitted_on_the_evaluated_samples": self.fitted_here,
            **{
                name: {
                    "expected_calibration_error": reliability.error,
                    "interval_95": list(reliability.interval),
                    "error_of_a_calibrated_model_95": reliability.noise,
                    "negative_log_likelihood": reliability.likelihood,
                    "confidence_minus_accuracy": reliability.overconfident,
                }
                for name, reliability in (("as_trained", self.before), ("with_temperature", self.after))
            },
        }

    @property
    def caveat(self) -> str:
        """A warning if `after` was evaluated on the samples that the temperature was fitted on; else empty."""
        if not self.fitted_here:
            return ""
        return (
            "The temperature was fitted on these same samples, so that the calibration looks better than it is: "
            "evaluate the test subset instead."
        )


def calibrate(
    y_true: Indices,
    probabilities: Probabilities,
    *,
    fit_y_true: Indices,
    fit_probabilities: Probabilities,
    fitted_here: bool = False,
) -> Calibration:
    """Fit a temperature on one subset, and return the calibration of another without and with it.

    Each subset has true classes, shape ``(samples,)``, and one model's probabilities, shape ``(samples, classes)``;
    `fitted_here` says that both are the same subset.
    """
    temperature = fit_temperature(fit_y_true, fit_probabilities)
    before, after = (
        reliability(y_true, rows) for rows in (probabilities, with_temperature(probabilities, temperature))
    )
    return Calibration(before, after, temperature, len(fit_y_true), fitted_here)


def reliability(y_true: Indices, probabilities: Probabilities, *, bins: int = _BINS, seed: int = 0) -> Reliability:
    """Return confidence and accuracy in bins of equal counts.

    Args:
        y_true: True classes, shape ``(samples,)``, at least one.
        probabilities: Shape ``(samples, classes)``.
        bins: Largest number of bins; there are fewer if a bin would have fewer than 10 samples.
        seed: Seed of the bootstrap.

    Raises:
        UsageError: If there is no label, not one of the classes for each row, a probability that is not finite, or no
            bin.

    Source:
        Guo et al., "On calibration of modern neural networks", ICML 2017, eq. 3, with bins of equal counts as in
        Nguyen and O'Connor, EMNLP 2015. The interval is the basic bootstrap's, which corrects the bias of the
        absolute value for small samples (Davison and Hinkley 1997, eq. 5.6); the noise is consistency resampling
        (Broecker and Smith, Weather and Forecasting 22, 2007).
    """
    _require_fitting(y_true, probabilities)
    if not len(y_true):
        raise UsageError("a calibration is measured on at least one sample; got none.")
    require_whole("bins", bins, least=1)
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == y_true
    count = max(1, min(bins, len(y_true) // _FEWEST))
    order = np.argsort(confidence, kind="stable")
    error = float(_errors(confidence[None], right[None].astype(np.float64), count)[0])
    resampled, chance = _resampled_errors(confidence, right, count, seed)
    low, high = np.quantile(resampled, (0.025, 0.975))
    return Reliability(
        bins=tuple(
            Bin(float(confidence[group].mean()), Proportion(int(right[group].sum()), len(group)),
                (float(confidence[group[0]]), float(confidence[group[-1]])))
            for group in np.array_split(order, count)
        ),
        error=error,
        interval=(max(0.0, 2 * error - float(high)), min(1.0, max(0.0, 2 * error - float(low)))),
        noise=float(np.quantile(chance, 0.95)),
        likelihood=negative_log_likelihood(y_true, probabilities),
    )  # fmt: skip


def fit_temperature(y_true: Indices, probabilities: Probabilities) -> float:
    """Return the temperature with the highest likelihood of the true classes, with a prior around 1.

    Without a prior, a model that is right about each of a few samples would become completely certain. So the logarithm
    of the temperature has a normal prior with mean 0 and standard deviation `SPREAD`, which weighs as much as about 12
    samples, or some dozens if the model is very confident. For simulated models that are calibrated already, a fit on
    174 samples made the log-likelihood of new samples at worst 3.8 times as bad without the prior, and 1.3 times with
    it. Models that are twice as confident as they should be gain the same with it.

    Args:
        y_true: True classes of samples that were not trained on, shape ``(samples,)``.
        probabilities: Shape ``(samples, classes)``.

    Returns:
        From 0.05 to 20; 1 if there are no samples.

    Raises:
        UsageError: If there is not a label of one of the classes for each row, or a probability is not finite.

    Source:
        Guo et al., "On calibration of modern neural networks", ICML 2017, section 4.2.
    """
    from scipy.optimize import minimize_scalar

    _require_fitting(y_true, probabilities)
    if not len(y_true):
        return 1.0

    def loss(log_temperature: float) -> float:
        doubt = (log_temperature / SPREAD) ** 2 / 2
        likelihood = negative_log_likelihood(y_true, probabilities, temperature=math.exp(log_temperature))
        return likelihood + doubt / len(y_true)

    bounds = (math.log(COLDEST), math.log(HOTTEST))
    return math.exp(minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-5}).x)


def with_temperature(probabilities: Probabilities, temperature: float) -> Probabilities:
    """Return probabilities whose logits are divided by a temperature; above 1 they are less confident.

    The predicted classes do not change. Logits are not needed: log probabilities differ from them by a constant, which
    the softmax removes. One sigmoid output, as two probabilities, is the softmax of two logits.

    Args:
        probabilities: Shape ``(samples, classes)``, each row summing to 1.
        temperature: The divisor, above 0.

    Returns:
        The same shape, each row summing to 1.

    Raises:
        UsageError: If the temperature is not above 0, or a probability is not finite.

    Examples:
        >>> with_temperature(np.array([[0.2, 0.8]], dtype=np.float32), 2.0).round(3).tolist()
        [[0.3330000042915344, 0.6669999957084656]]
    """
    if not 0 < temperature < math.inf:
        raise UsageError(f"a temperature is a number above 0; got {temperature}.")
    _require_finite(probabilities)
    logs = _logs(probabilities) / temperature
    shares = np.exp(logs - logs.max(axis=1, keepdims=True, initial=-math.inf))
    scaled: Probabilities = (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
    return scaled


def negative_log_likelihood(y_true: Indices, probabilities: Probabilities, *, temperature: float = 1.0) -> float:
    """Return the mean negative logarithm of the true classes' probabilities with a temperature, in nats."""
    logs = _logs(probabilities) / temperature
    highest = logs.max(axis=1)
    totals = highest + np.log(np.exp(logs - highest[:, None]).sum(axis=1))
    return float((totals - logs[np.arange(len(y_true)), y_true]).mean())


def _require_fitting(y_true: Indices, probabilities: Probabilities) -> None:
    """Refuse labels that do not fit the probabilities, and probabilities that are not finite."""
    if probabilities.ndim != 2:
        raise UsageError(f"probabilities have a row for each sample; got the shape {probabilities.shape}.")
    if len(y_true) != len(probabilities):
        raise UsageError(f"each row has a label; got {len(probabilities)} rows and {len(y_true)} labels.")
    _require_finite(probabilities)
    classes = probabilities.shape[1]
    if len(outside := y_true[(y_true < 0) | (y_true >= classes)]):
        raise UsageError(f"a label is the index of one of {classes} classes, 0 to {classes - 1}; got {outside[0]}.")


def _require_finite(probabilities: Probabilities) -> None:
    if not np.isfinite(probabilities).all():
        raise UsageError("probabilities are finite numbers; got NaN or infinity. Leave such rows out.")


def _logs(probabilities: Probabilities) -> Floats:
    logs: Floats = np.log(np.maximum(probabilities.astype(np.float64), LOWEST))
    return logs


def _errors(confidence: Floats, right: Floats, count: int) -> Floats:
    """Return the expected calibration error of each row of samples, shape ``(rows,)``."""
    order = np.argsort(confidence, axis=1, kind="stable")
    bins = np.array_split(np.take_along_axis(confidence - right, order, axis=1), count, axis=1)
    errors: Floats = np.sum([np.abs(gaps.sum(axis=1)) for gaps in bins], axis=0) / confidence.shape[1]
    return errors


def _resampled_errors(confidence: Floats, right: npt.NDArray[np.bool_], count: int, seed: int) -> tuple[Floats, Floats]:
    """Return errors of resampled samples, and of perfectly calibrated models with the same confidences."""
    rng, size = generator(seed, "calibration"), len(confidence)
    drawn, chance = [], []
    for _ in range(_RESAMPLES // _BLOCK):
        indices = rng.integers(size, size=(_BLOCK, size))
        drawn.append(_errors(confidence[indices], right[indices].astype(np.float64), count))
        lucky = rng.random((_BLOCK, size)) < confidence
        chance.append(_errors(np.broadcast_to(confidence, lucky.shape), lucky.astype(np.float64), count))
    return np.concatenate(drawn), np.concatenate(chance)
