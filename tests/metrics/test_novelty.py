import numpy as np
import pytest

from toonvision.metrics.novelty import FEWEST, NoveltyScore, NoveltyTest, fit_novelty


def cloud(count, at, seed, features=4):
    return np.random.default_rng(seed).normal(at, 1, (count, features)).astype(np.float32)


def test_about_one_percent_of_the_images_and_nearly_all_outliers_are_above_the_threshold():
    score = fit_novelty(cloud(300, 0, 0), [cloud(300, 4, 2)], cloud(200, 0, 1))
    assert 0.003 < (score.of(cloud(5000, 0, 4)) > 0).mean() < 0.03
    assert (score.of(cloud(300, 4, 3)) > 0).mean() > 0.99
    assert (score.learned, score.outliers, score.validation) == (300, 300, 200)


def test_a_small_group_of_outliers_counts_as_much_as_a_large_one():
    one, other = cloud(1000, [4, 0, 0, 0], 1), cloud(30, [0, 1.5, 0, 0], 2)
    learned, validation = cloud(300, 0, 0), cloud(200, 0, 3)
    apart = fit_novelty(learned, [one, other], validation)
    together = fit_novelty(learned, [np.concatenate([one, other])], validation)
    assert apart.weights[1] > 2 * together.weights[1]


@pytest.mark.parametrize("case", ["no outliers", "few outliers", "few validation images"])
def test_nothing_is_fitted_on_too_few(case):
    few = [cloud(FEWEST - 1, 4, 1), cloud(0, 4, 2)]
    outliers = {"no outliers": [], "few outliers": few}.get(case, [cloud(30, 4, 1)])
    validation = cloud(FEWEST - 1 if case == "few validation images" else FEWEST, 0, 2)
    assert fit_novelty(cloud(50, 0, 0), outliers, validation) is None


def test_a_feature_that_never_changes_and_separable_images_give_finite_weights():
    learned, outliers = cloud(50, 0, 0), cloud(50, 90, 1)
    learned[:, 2] = outliers[:, 2] = 7
    score = fit_novelty(learned, [outliers], cloud(FEWEST, 0, 2))
    assert np.isfinite((*score.weights, score.bias)).all()
    assert (score.of(outliers) > 0).all()


def test_a_test_counts_what_is_rejected():
    scores = np.array([-2, -1, 0, 0.5], np.float32)
    found = NoveltyTest(scores, {"background": np.array([1, -1], np.float32)}, NoveltyScore((1.0,), 0.0, 9, 8, 7))
    assert found.rejected.tolist() == [False, False, False, True]
    plain = found.plain()
    assert (plain["rejected"]["count"], plain["rejected"]["total"]) == (1, 4)
    assert plain["outliers_rejected"]["background"]["share"] == 0.5
    assert plain["fitted_on"] == {"learned": 9, "outliers": 8, "validation": 7}
