import math

import numpy as np
import pytest

from toonvision.metrics.bootstrap import (
    DIFFERENCE,
    Estimate,
    dependence,
    error_draws,
    estimate,
    group_weights,
    mean_of_classes,
    paired_difference,
)


def cramers_v(table):
    rows, columns = np.indices(table.shape).reshape(2, -1).repeat(table.ravel(), axis=1).astype(str).tolist()
    return dependence(rows, columns, range(len(rows)), rng=np.random.default_rng(0), draws=2).value


def test_cramers_v_is_none_of_independence_one_of_a_function_and_follows_the_formula():
    assert cramers_v(np.full((3, 4), 25)) == 0.0
    assert cramers_v(np.diag([50, 50, 50])) == pytest.approx(1.0, abs=0.01)
    assert cramers_v(np.array([[5, 7]])) == 0.0
    # Bergsma (2013) by hand, for [[30, 10], [10, 30]]: phi squared 0.25, less 1 / 79; both sizes 2 - 1 / 79.
    assert cramers_v(np.array([[30, 10], [10, 30]])) == pytest.approx(np.sqrt((0.25 - 1 / 79) / (1 - 1 / 79)))


def test_independent_labels_get_an_interval_from_zero_and_dependent_ones_one_above_it():
    rng = np.random.default_rng(0)
    from_zero = 0
    for _ in range(20):
        classes, where = rng.integers(0, 4, 300).astype(str), rng.integers(0, 6, 300).astype(str)
        estimate = dependence(classes.tolist(), where.tolist(), range(300), rng=np.random.default_rng(0), draws=200)
        from_zero += estimate.low == 0
        assert estimate.low <= estimate.value <= estimate.high <= 1
    assert from_zero >= 17
    classes = np.where(rng.random(300) < 0.6, where, classes)
    assert dependence(classes.tolist(), where.tolist(), range(300), rng=np.random.default_rng(0), draws=200).low > 0.3


def test_draws_that_are_no_number_do_not_count_in_an_interval():
    drawn = np.append(np.linspace(0, 1, 41), math.nan)
    assert estimate(0.4, drawn) == Estimate(0.4, pytest.approx(0.025), pytest.approx(0.975))
    nothing = estimate(0.4, np.full(3, math.nan))
    assert (nothing.value, math.isnan(nothing.low), math.isnan(nothing.high)) == (0.4, True, True)


def test_one_group_of_screenshots_has_the_interval_that_holds_everything():
    rng = np.random.default_rng(0)
    right, wrong = np.ones((3, 20), bool), np.zeros((1, 20), bool)
    difference = paired_difference([(right, wrong)], [7] * 20, rng=rng)
    assert difference == Estimate(1.0, -1.0, 1.0)
    assert difference.unknown
    assert not paired_difference([(right, wrong)], [7] * 10 + [8] * 10, rng=rng).unknown
    drawn = error_draws(wrong[None], np.ones((1, 1), bool), [7] * 20, rng=rng)
    assert estimate(0.2, drawn[:, 0]) == Estimate(0.2, 0.0, 1.0)
    assert estimate(0.2, drawn[:, 0], widest=DIFFERENCE) == Estimate(0.2, -1.0, 1.0)
    assert math.isnan(estimate(math.nan, drawn[:, 0]).low)
    kinds = ["apple", "pear"] * 10
    assert dependence(kinds, kinds, [7] * 20, rng=rng) == Estimate(pytest.approx(1, abs=0.1), 0.0, 1.0)


def test_all_draws_count_in_the_mean_of_classes_although_hardly_one_has_every_rare_class():
    rng = np.random.default_rng(0)
    drawn = group_weights(range(30), draws=500, rng=rng)
    common = drawn @ rng.random(30) / drawn.sum(axis=1)
    rare = np.where(drawn[:, :12] > 0, 0.25, math.nan).T
    values = np.array([0.5, *np.full(12, 0.25), math.nan])
    mean = mean_of_classes(np.stack([common, *rare, np.full(500, math.nan)]), values)
    assert np.isnan(rare).any(axis=0).mean() > 0.95
    np.testing.assert_allclose(mean, (common + 12 * 0.25) / 13)


def test_the_mean_of_classes_is_unknown_where_no_class_has_a_sample():
    assert np.isnan(mean_of_classes(np.full((2, 5), math.nan), np.full(2, math.nan))).all()
