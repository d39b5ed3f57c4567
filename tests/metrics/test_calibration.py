import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toonvision.core.errors import UsageError
from toonvision.metrics.calibration import (
    HOTTEST,
    SPREAD,
    calibrate,
    fit_temperature,
    negative_log_likelihood,
    reliability,
    with_temperature,
)


def softmax(logits):
    shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return (shares / shares.sum(axis=-1, keepdims=True)).astype(np.float32)


def calibrated(samples, *, sharpened=1.0, seed=0, classes=3):
    """Draw true classes from the probabilities themselves, then make the model surer by a factor on its logits."""
    rng = np.random.default_rng(seed)
    logits = 1.5 * rng.normal(size=(samples, classes))
    shares = softmax(logits)
    y_true = (rng.random((samples, 1)) > shares.cumsum(axis=1)).sum(axis=1).clip(0, classes - 1)
    return y_true, softmax(sharpened * logits)


@pytest.mark.parametrize("sharpened", [0.4, 1.0, 3.0])
def test_the_temperature_that_made_a_model_too_sure_is_found_again(sharpened):
    y_true, probabilities = calibrated(4000, sharpened=sharpened)
    assert fit_temperature(y_true, probabilities) == pytest.approx(sharpened, rel=0.08)


@pytest.mark.parametrize("sharpened", [0.5, 1.0, 4.0])
def test_no_other_temperature_is_likelier(sharpened):
    y_true, probabilities = calibrated(60, sharpened=sharpened)
    best = fit_temperature(y_true, probabilities)
    reached = doubted(best, y_true, probabilities)
    for other in np.geomspace(0.1, 10, 60):
        assert reached <= doubted(other, y_true, probabilities) + 1e-6


def doubted(temperature, y_true, probabilities):
    """Return the negative log likelihood of a temperature, with the doubt of far ones."""
    doubt = (np.log(temperature) / SPREAD) ** 2 / 2
    return negative_log_likelihood(y_true, with_temperature(probabilities, temperature)) + doubt / len(y_true)


def test_scipy_finds_the_same_temperature():
    optimize = pytest.importorskip("scipy.optimize")
    y_true, probabilities = calibrated(200, sharpened=2.0)
    found = optimize.minimize_scalar(
        lambda log: doubted(np.exp(log), y_true, probabilities),
        bounds=(-3, 3), method="bounded", options={"xatol": 1e-6},
    )  # fmt: skip
    assert fit_temperature(y_true, probabilities) == pytest.approx(np.exp(found.x), rel=1e-3)


def test_a_model_that_is_always_right_becomes_surer_but_not_quite_certain():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(4000, 4))
    logits[:, 0] += rng.uniform(4, 11, 4000)
    probabilities = softmax(logits)
    y_true = (rng.random((4000, 1)) > probabilities.cumsum(axis=1)).sum(axis=1).clip(0, 3)
    right = y_true == probabilities.argmax(axis=1)
    assert 0.97 < right.mean() < 0.99
    temperature = fit_temperature(y_true[right][:174], probabilities[right][:174])
    assert 0.5 < temperature < 1
    after = negative_log_likelihood(y_true, with_temperature(probabilities, temperature))
    assert after < 1.35 * negative_log_likelihood(y_true, probabilities)


def test_more_images_outweigh_the_doubt_up_to_the_bounds():
    probabilities = np.array([[0.7, 0.2, 0.1]], dtype=np.float32)
    few, many = (np.tile(probabilities, (count, 1)) for count in (9, 9000))
    assert 1 > fit_temperature(np.zeros(9, dtype=np.int64), few) > fit_temperature(np.zeros(9000, dtype=np.int64), many)
    assert 1 < fit_temperature(np.full(9, 2), few) < fit_temperature(np.full(9000, 2), many) <= HOTTEST


def test_without_images_to_fit_on_nothing_is_changed():
    assert fit_temperature(np.zeros(0, dtype=np.int64), np.zeros((0, 3), dtype=np.float32)) == 1.0


@given(st.integers(0, 10_000), st.floats(0.05, 20))
def test_a_temperature_changes_no_prediction_and_keeps_sums_of_one(seed, temperature):
    logits = np.random.default_rng(seed).normal(size=(5, 4)) * 2
    before, after = softmax(logits), with_temperature(softmax(logits), temperature)
    np.testing.assert_array_equal(before.argmax(axis=1), after.argmax(axis=1))
    np.testing.assert_allclose(after.sum(axis=1), 1, atol=1e-5)
    if temperature >= 1:
        assert (after.max(axis=1) <= before.max(axis=1) + 1e-6).all()


def test_dividing_probabilities_equals_dividing_logits():
    logits = np.random.default_rng(0).normal(size=(50, 4)) * 3
    np.testing.assert_allclose(with_temperature(softmax(logits), 2.5), softmax(logits / 2.5), atol=1e-5)
    sigmoid = (1 / (1 + np.exp(-logits[:, :1]))).astype(np.float32)
    cooled = 1 / (1 + np.exp(-logits[:, 0] / 2.5))
    np.testing.assert_allclose(with_temperature(np.hstack([1 - sigmoid, sigmoid]), 2.5)[:, 1], cooled, atol=1e-5)


def test_probabilities_of_zero_stay_numbers():
    hard = np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32)
    assert np.isfinite(with_temperature(hard, 0.05)).all()
    assert np.isfinite(negative_log_likelihood(np.array([1, 0]), hard))


def test_bins_hold_equal_counts_and_the_error_is_their_mean_distance():
    confidence = np.repeat([0.6, 0.9], 20)
    right = np.array([1] * 10 + [0] * 10 + [1] * 20, dtype=bool)
    probabilities = np.stack([confidence, 1 - confidence], axis=1).astype(np.float32)
    found = reliability(np.where(right, 0, 1), probabilities, bins=2)
    assert [one.right.total for one in found.bins] == [20, 20]
    assert found.error == pytest.approx((abs(0.6 - 0.5) + abs(0.9 - 1.0)) / 2, abs=1e-6)
    assert found.overconfident == pytest.approx(0.75 - 0.75, abs=1e-6)


def test_few_images_make_few_bins():
    y_true, probabilities = calibrated(25)
    assert len(reliability(y_true, probabilities).bins) == 2
    assert len(reliability(y_true[:3], probabilities[:3]).bins) == 1


def test_a_calibrated_model_stays_below_the_noise_and_a_boasting_one_does_not():
    y_true, honest = calibrated(400, seed=1)
    _, boasting = calibrated(400, seed=1, sharpened=4.0)
    assert reliability(y_true, honest).error < reliability(y_true, honest).noise
    found = reliability(y_true, boasting)
    assert found.interval[0] > found.noise
    assert found.interval[0] < found.error < found.interval[1] or found.error == pytest.approx(found.interval[1])
    assert found.overconfident > 0.05


def test_the_same_seed_gives_the_same_interval():
    y_true, probabilities = calibrated(60)
    assert reliability(y_true, probabilities, seed=3) == reliability(y_true, probabilities, seed=3)


def test_a_fitted_temperature_repairs_a_model_that_is_too_sure():
    y_true, probabilities = calibrated(600, sharpened=3.0, seed=2)
    made = calibrate(
        y_true[:300], probabilities[:300], fit_y_true=y_true[300:], fit_probabilities=probabilities[300:]
    )  # fmt: skip
    assert made.temperature > 2
    assert made.fitted_on == 300
    assert made.after.error < made.before.error / 2
    assert made.after.likelihood < made.before.likelihood


def test_probabilities_without_rows_are_refused():
    with pytest.raises(UsageError, match=r"have a row for each sample; got the shape \(0,\)"):
        fit_temperature(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32))
