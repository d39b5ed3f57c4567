import dataclasses
import math
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toonvision.metrics.intervals import wilson_interval
from toonvision.tuning.insight import size_error_points
from toonvision.tuning.race import Score
from toonvision.tuning.settings import RaceSettings
from toonvision.tuning.space import published_space
from tuning.made import EVALUATED, drawn, plausible, study, trial

SPACE = published_space()
DRAWS = drawn(SPACE, 9)


def trials(*losses, **changes):
    return [
        trial(n, draw, SPACE, loss=loss, **changes) for n, (draw, loss) in enumerate(zip(DRAWS, losses, strict=False))
    ]


def raced(*wrong, loss=0.5):
    return {seed: Score(loss, count, 4, 9.0) for seed, count in enumerate(wrong, start=1)}


def test_racers_come_with_their_seeds_their_lag_and_when_they_left():
    scores = {0: raced(5, 6, 7, loss=0.2), 1: raced(9, 9, 9, loss=0.9)}
    scores[1][2] = Score(1.0, 10, 4, 9.0)
    first, second = study(trials(0.5, 0.6), scores).racers
    assert (first.trial.number, first.left_after, first.behind) == (0, None, None)
    assert (second.trial.number, second.left_after, tuple(second.scores)) == (1, 3, (1, 2, 3))
    assert second.behind.mean == pytest.approx(statistics.fmean(map(math.log, (4.5, 5.0, 4.5))))
    assert second.wrong == (9, 10, 9)
    assert study(trials(0.5, 0.6)).racers == ()


def test_a_training_of_the_race_that_diverged_is_counted():
    scores = {0: {1: Score(0.2, 5, 4, 9.0), 2: Score(None, EVALUATED, 0, 9.0)}}
    (racer,) = study(trials(0.5), scores).racers
    assert racer.diverged == 1
    assert racer.wrong == (5, EVALUATED)


def test_wrong_is_that_of_the_race_where_there_was_one_and_the_loss_that_of_all_trainings():
    scores = {1: raced(20, 30, 40, loss=0.9)}
    result = study(trials(0.5, 0.6, wrong=8), scores)
    found = {one.trial.number: one for one in size_error_points(result)}
    assert (found[0].wrong, found[0].raced, found[0].losses) == ((8,), False, (0.5,))
    assert (found[1].wrong, found[1].raced, found[1].median_wrong) == ((20, 30, 40), True, 30)
    assert found[1].loss == result.error(result.by_number[1]) == pytest.approx((0.6 + 3 * 0.9) / 4)
    low, high = wilson_interval(30, EVALUATED)
    assert found[1].interval == pytest.approx((low * EVALUATED, high * EVALUATED))


@given(st.builds(plausible, st.integers(1, 30), seed=st.integers(0, 99), diverged=st.sampled_from((0.0, 0.5, 1.0))))
@settings(max_examples=40)
def test_sizes_rise_and_the_marked_are_the_front_and_the_winner(result):
    found = size_error_points(result)
    assert [one.trial.parameters for one in found] == sorted(one.trial.parameters for one in found)
    assert [one.trial.number for one in found if one.on_front] == [one.number for one in result.front]
    assert [one.trial for one in found if one.winner] == ([result.winner] if result.winner else [])


def test_the_leading_networks_are_ranked_by_the_race_then_by_loss_each_layout_once():
    made = trials(0.5, 0.6, 0.7, 0.8)
    made.append(dataclasses.replace(made[1], number=4, loss=0.65))
    scores = {0: raced(9, 9, 9, loss=0.9), 1: raced(5, 6, 7, loss=0.2)}
    result = study(made, scores, race=RaceSettings(candidates=2, trainings=6, rounds=3))
    assert [one.number for one in result.leading(3)] == [1, 0, 2]
    assert study([]).leading(3) == []


def test_a_loss_of_zero_has_a_place_on_a_logarithmic_scale():
    assert min(one.loss for one in size_error_points(study(trials(0.0, 0.5), {0: raced(0, 0, 0, loss=0.0)}))) > 0
