import numpy as np
import pytest

from toonvision.core.errors import InputRejectedError
from toonvision.metrics.power_law import PowerLaw, fit_power_law, forecast


@pytest.mark.parametrize("law", [PowerLaw(2.0, 0.5, 0.0), PowerLaw(5.0, 0.9, 0.06), PowerLaw(0.8, 0.25, 0.0)])
def test_an_exact_power_law_is_found_again(law):
    pictures = np.array([60, 120, 250, 500, 1000])
    fitted = fit_power_law(pictures, law.at(pictures), tested=200)
    np.testing.assert_allclose(fitted.at([60, 500, 2000]), law.at([60, 500, 2000]), atol=0.004)
    assert fitted.exponent == pytest.approx(law.exponent, rel=0.1)


@pytest.mark.parametrize("errors", [[0.1, 0.1, 0.1, 0.1], [0.05, 0.1, 0.15, 0.2], [0.0, 0.0, 0.0, 0.0], [1, 1, 1, 1]])
def test_an_error_that_does_not_fall_is_fitted_flat_and_promises_nothing(errors):
    law = fit_power_law([60, 120, 250, 500], errors, tested=100)
    assert law.at(600) == pytest.approx(law.at(500), abs=1e-6)
    assert 0 <= law.floor <= 1
    assert law.scale >= 0


def test_a_noisy_curve_has_parameters_within_their_bounds():
    rng = np.random.default_rng(0)
    for _ in range(50):
        law = fit_power_law([64, 129, 258, 516], rng.random(4), tested=50)
        assert law.scale >= 0
        assert law.floor >= 0
        assert 0.05 <= law.exponent <= 2.0001


def test_without_draws_a_forecast_holds_everything_from_no_gain_to_no_error():
    law = PowerLaw(2.0, 0.5, 0.0)
    sizes = [60, 120, 240]
    found = forecast(sizes, law.at(sizes).tolist(), np.zeros((0, 3)), tested=40, more=100)
    assert (set(found.low), set(found.high)) == ({0}, {1})
    assert (found.gain_low, found.gain_high) == (0, pytest.approx(law.at(240), abs=0.005))
    assert found.gain > 0


def test_a_curve_of_no_numbers_is_refused():
    with pytest.raises(InputRejectedError, match="needs numbers"):
        fit_power_law([10, 20, 40], [0.1, np.nan, 0.1], tested=10)
