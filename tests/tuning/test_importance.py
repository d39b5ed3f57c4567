import dataclasses
import math

import numpy as np
import optuna
import pytest

from toonvision.tuning import importance
from toonvision.tuning.importance import LEAST_TRIALS, importance_of
from toonvision.tuning.space import published_space
from tuning.made import drawn, one_block, plausible, study, trial

SPACE = published_space()


def driven_by(name, count, *, noise=0.05, seed=0):
    """Return a study whose loss follows from one hyperparameter, and a little noise."""
    rng = np.random.default_rng(seed)
    draws = drawn(SPACE, count, seed=seed)
    highest = max(draw[name] for draw in draws)
    return study(
        [
            trial(n, draw, SPACE, loss=math.exp(draw[name] / highest + rng.normal(0, noise)))
            for n, draw in enumerate(draws)
        ]
    )


@pytest.fixture(scope="module")
def found():
    return importance_of(driven_by("dropout_2", 16))


def test_what_decides_the_loss_is_found_above_chance_and_the_rest_is_not(found):
    assert found.above_chance == ["dropout_2"]
    assert found.shares["dropout_2"] > 0.7
    assert found.trials == 16
    assert found.reason == ""


def test_all_that_varied_have_shares_largest_first_that_sum_to_one_at_most(found):
    shares = list(found.shares.values())
    assert set(found.shares) == set(SPACE.dimensions)
    assert shares == sorted(shares, reverse=True)
    assert 0 < sum(shares) <= 1
    assert 0 < found.chance < 1


def test_where_nothing_matters_chance_explains_most_of_it():
    rng = np.random.default_rng(5)
    made = study(
        [trial(n, draw, SPACE, loss=float(rng.uniform(0.3, 2))) for n, draw in enumerate(drawn(SPACE, 15, seed=5))]
    )
    found = importance_of(made)
    assert found.above_chance == []
    assert found.chance > 0.1


@pytest.fixture
def few_fits(monkeypatch):
    """Fit the forest three times, not 19 times."""
    monkeypatch.setattr(importance, "_COPIES", 3)


@pytest.mark.usefixtures("few_fits")
def test_the_same_trials_have_the_same_importance():
    result = plausible(10, space=one_block(), raced=False)
    assert importance_of(result) == importance_of(result)


def test_too_few_finished_trials_have_no_importance_and_say_why():
    found = importance_of(plausible(LEAST_TRIALS - 1))
    assert found.shares == {}
    assert found.above_chance == []
    assert found.reason == "Too few finished trials to say which hyperparameters matter: 9, at least 10."


@pytest.mark.usefixtures("few_fits")
def test_trials_that_were_cut_short_do_not_count_and_those_that_diverged_do():
    made = plausible(14, raced=False)
    cut = [dataclasses.replace(one, state="cut short") if one.number < 5 else one for one in made.trials]
    assert "9, at least 10" in importance_of(dataclasses.replace(made, trials=tuple(cut))).reason
    draws, noise = drawn(SPACE, 15), np.random.default_rng(0)
    high = [
        trial(n, draw, SPACE, loss=None if draw["learning_rate"] == 0.01 else float(noise.uniform(0.3, 0.5)))
        for n, draw in enumerate(draws)
    ]
    found = importance_of(study(high))
    assert found.trials == 15
    assert next(iter(found.shares)) == "learning_rate"


def test_without_differences_nothing_can_be_said():
    made = [trial(n, draw, SPACE, loss=0.5) for n, draw in enumerate(drawn(SPACE, 12))]
    assert importance_of(study(made)).reason == "All trials have the same loss, so no hyperparameter mattered."


def test_a_space_in_which_nothing_varies_has_no_importance_and_says_why():
    draw = drawn(SPACE, 1)[0]
    made = study([trial(n, draw, SPACE, loss=0.5 + n / 10) for n in range(12)])
    assert importance_of(made).reason == "No hyperparameter was varied, so none can matter."


@pytest.mark.usefixtures("few_fits")
def test_the_logging_of_optuna_stays_as_it_was(capfd):
    optuna.logging.set_verbosity(optuna.logging.INFO)
    try:
        found = importance_of(plausible(10, space=one_block(), raced=False))
        assert optuna.logging.get_verbosity() == optuna.logging.INFO
    finally:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
    assert capfd.readouterr().err == ""
    assert set(found.shares) == {"filters_1", "pool_1a", "pool_1b", "dropout_1", "learning_rate"}
