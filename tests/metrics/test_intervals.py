import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from toonvision.metrics.intervals import Proportion, wilson_interval

counts = st.integers(0, 5000).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total)))


@given(pair=counts.filter(lambda pair: pair[1] > 0))
def test_the_interval_is_scipys_wilson_interval(pair):
    count, total = pair
    theirs = binomtest(count, total).proportion_ci(0.95, method="wilson")
    assert wilson_interval(count, total) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


@given(pair=counts)
def test_the_interval_holds_the_share_and_stays_within_0_and_1(pair):
    count, total = pair
    low, high = wilson_interval(count, total)
    assert 0 <= low < high <= 1
    if total:
        assert low - 1e-12 <= count / total <= high + 1e-12


@given(pair=counts)
def test_successes_and_failures_have_mirrored_intervals(pair):
    count, total = pair
    low, high = wilson_interval(count, total)
    assert wilson_interval(total - count, total) == pytest.approx((1 - high, 1 - low), abs=1e-12)


@given(pair=counts.filter(lambda pair: pair[1] > 0))
def test_more_of_the_same_narrows_the_interval(pair):
    count, total = pair
    low, high = wilson_interval(count, total)
    low_4, high_4 = wilson_interval(4 * count, 4 * total)
    assert high_4 - low_4 < high - low


def test_closed_forms_at_the_ends():
    z_squared = 1.959963984540054**2
    assert wilson_interval(0, 10) == (0.0, pytest.approx(z_squared / (10 + z_squared)))
    assert wilson_interval(10, 10) == (pytest.approx(10 / (10 + z_squared)), pytest.approx(1.0))
    assert wilson_interval(0, 0) == (0.0, 1.0)


def test_a_proportion_is_written_with_its_interval():
    assert str(Proportion(177, 197)) == "89.8 % (84.8–93.3)"
    assert str(Proportion(0, 0)) == "no samples"
    assert math.isnan(Proportion(0, 0).share)
    assert Proportion(3, 4).share == 0.75
