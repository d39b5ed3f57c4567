import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toonvision.core.scales import log_ticks, round_ticks

sizes = st.floats(1e-6, 1e6)
most_ticks = st.integers(4, 9)


@given(sizes, st.floats(1.001, 1e6), most_ticks)
def test_round_numbers_lie_between_the_ends_rise_and_are_not_too_many(low, factor, most):
    for ticks in (round_ticks(low, low * factor, most=most), log_ticks(low, low * factor, most=most)):
        assert ticks == sorted(set(ticks))
        assert len(ticks) <= most
        assert all(low * (1 - 1e-6) <= tick <= low * factor * (1 + 1e-6) for tick in ticks)


@given(sizes, st.floats(1.01, 1e6), most_ticks)
def test_there_is_always_at_least_one_tick(low, factor, most):
    assert round_ticks(low, low * factor, most=most)
    assert log_ticks(low, low * factor, most=most)


@given(sizes, st.floats(11, 1e6))
def test_logarithmic_ticks_are_1_2_or_5_times_a_power_of_ten(low, factor):
    for tick in log_ticks(low, low * factor):
        leading = tick / 10 ** math.floor(math.log10(tick) + 1e-9)
        assert min(abs(leading - step) for step in (1, 2, 5)) < 1e-6


def test_equal_ends_give_the_one_value():
    assert round_ticks(5, 5) == [5]
    assert log_ticks(2.5, 2.5) == [2.5]


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(0.0001, 0.01, [0.0001, 0.001, 0.01]), (540, 2500, [1000, 1500, 2000, 2500]), (100, 14620, [100, 1000, 10000])],
)
def test_known_scales(low, high, ticks):
    assert log_ticks(low, high) == ticks
