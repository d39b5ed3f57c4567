import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from builders import files_property
from toonvision.tuning.race import FIRST_TEST, LEAST_ROUNDS, Score, paired_interval, race

SEEDS = range(100, 110)
WORST = 2 * math.log(4)

losses = st.one_of(st.none(), st.floats(1e-9, 20.0))
tables = st.lists(st.lists(losses, min_size=len(SEEDS), max_size=len(SEEDS)), min_size=1, max_size=6)
budgets = st.integers(0, 70)


def scored(table):
    return {one: dict(zip(SEEDS, map(score, row), strict=True)) for one, row in enumerate(table)}


def score(loss):
    return Score(loss, 3, 1, 0.5)


def known(scores, jobs):
    return {one: {seed: scores[one][seed] for who, seed in jobs if who == one} for one in scores}


def run(table, *, trainings, leave=True, rounds=10, at_once=10):
    """Train what the race asks for, some jobs at once; return what was trained and how it stands at every step."""
    scores, candidates = scored(table), list(range(len(table)))
    trained, standings = [], []
    while True:
        options = {"seeds": SEEDS[:rounds], "trainings": trainings, "worst_loss": WORST, "leave": leave}
        standings.append(race(candidates, known(scores, trained), **options))
        if not standings[-1].jobs:
            return trained, standings
        trained.extend(standings[-1].jobs[:at_once])


@files_property
@given(table=tables, trainings=budgets, leave=st.booleans(), at_once=st.integers(1, 3))
def test_a_race_never_trains_more_than_its_budget_and_nothing_twice(table, trainings, leave, at_once):
    trained, standings = run(table, trainings=trainings, leave=leave, at_once=at_once)
    assert len(trained) == len(set(trained)) <= trainings
    assert standings[-1].rounds <= len(SEEDS)


@given(table=tables, trainings=budgets)
def test_the_same_scores_give_the_same_standing_whatever_order_they_came_in(table, trainings):
    trained, standings = run(table, trainings=trainings)
    options = {"seeds": SEEDS, "trainings": trainings, "worst_loss": WORST}
    scores = scored(table)
    shuffled = {one: dict(reversed(rows.items())) for one, rows in reversed(known(scores, trained).items())}
    assert race(range(len(table)), shuffled, **options) == standings[-1]
    assert race(range(len(table)), scores, **options) == standings[-1]  # what was not asked for changes nothing


@given(table=tables, trainings=budgets)
def test_nobody_leaves_before_the_third_round_and_who_left_trains_no_more(table, trainings):
    trained, standings = run(table, trainings=trainings)
    last = standings[-1]
    assert all(round_ >= FIRST_TEST for round_ in last.left.values())
    for one, round_ in last.left.items():
        assert [seed for who, seed in trained if who == one] == list(SEEDS[:round_])
    assert sorted([*last.racing, *last.left]) == list(range(len(table)))
    assert last.racing


@given(table=tables)
def test_the_leader_has_the_lowest_mean_log_loss_of_those_that_race(table):
    _, standings = run(table, trainings=1000)
    last = standings[-1]
    if not last.rounds:
        return
    means = {one: sum(math.log(_counted(loss)) for loss in table[one][: last.rounds]) for one in last.racing}
    assert means[last.racing[0]] == pytest.approx(min(means.values()))
    assert last.racing[0] not in last.behind


@given(table=tables, trainings=budgets)
def test_a_race_of_which_all_are_wanted_loses_nobody(table, trainings):
    trained, standings = run(table, trainings=trainings, leave=False)
    assert sorted(standings[-1].racing) == list(range(len(table)))
    assert not standings[-1].left
    if len(table) > 1:
        assert len(trained) == min(trainings // len(table), len(SEEDS)) * len(table)


@given(row=st.lists(st.floats(0.1, 2.0), min_size=10, max_size=10), count=st.integers(2, 5))
def test_equal_candidates_stay_to_the_end_in_the_order_of_the_trials(row, count):
    _, standings = run([row] * count, trainings=1000)
    last = standings[-1]
    assert last.racing == tuple(range(count))
    assert not last.decided


@given(row=st.lists(st.floats(0.1, 2.0), min_size=10, max_size=10), noise=st.lists(st.floats(-0.1, 0.1), min_size=10))
def test_a_clear_loser_leaves_at_the_first_test(row, noise):
    loser = [loss * math.exp(0.5 + shift) for loss, shift in zip(row, noise, strict=False)]
    _, standings = run([loser, row], trainings=1000)
    assert standings[-1].left == {0: FIRST_TEST}
    assert standings[-1].racing == (1,)
    assert standings[-1].decided


def test_who_is_left_alone_still_gets_five_trainings_to_show_its_spread():
    trained, standings = run([[0.1] * 10, [0.5] * 10], trainings=1000)
    assert standings[-1].rounds == LEAST_ROUNDS
    assert [one for one, _ in trained].count(0) == LEAST_ROUNDS
    assert [one for one, _ in trained].count(1) == FIRST_TEST
    assert standings[-1].decided


def test_a_race_without_trainings_or_rounds_leaves_the_order_of_the_trials():
    for trainings, rounds in ((0, 10), (100, 0)):
        trained, standings = run([[0.5] * 10, [0.1] * 10], trainings=trainings, rounds=rounds)
        assert (trained, standings[-1].racing, standings[-1].rounds) == ([], (0, 1), 0)


def test_nobody_races_where_nobody_is():
    standing = race([], {}, seeds=SEEDS, trainings=30, worst_loss=WORST)
    assert (standing.racing, standing.jobs, standing.decided) == ((), (), False)


@given(first=st.lists(st.floats(-5, 5), min_size=2, max_size=12), second=st.lists(st.floats(-5, 5), min_size=12))
def test_the_interval_is_that_of_a_paired_t_test(first, second):
    second = second[: len(first)]
    found = paired_interval(first, second)
    differences = [a - b for a, b in zip(first, second, strict=True)]
    if max(differences) - min(differences) < 1e-3:
        return  # without spread scipy's interval is not defined
    known_ = stats.ttest_rel(first, second).confidence_interval(0.95)
    assert found.low == pytest.approx(known_.low, abs=1e-9)
    assert found.high == pytest.approx(known_.high, abs=1e-9)
    assert found.mean == pytest.approx(sum(differences) / len(differences), abs=1e-12)


def test_how_far_a_racer_is_behind_is_a_paired_t_test_of_log_losses_against_the_leader():
    table = [[0.30, 0.25, 0.40, 0.35], [0.33, 0.31, 0.38, 0.41]]
    standing = race([0, 1], scored([row + [1.0] * 6 for row in table]), seeds=SEEDS[:4], trainings=30, worst_loss=WORST)
    logs = [[math.log(loss) for loss in row] for row in table]
    interval = stats.ttest_rel(logs[1], logs[0]).confidence_interval(0.95)
    assert (standing.behind[1].low, standing.behind[1].high) == pytest.approx((interval.low, interval.high))


def test_one_wild_training_counts_as_twice_the_loss_of_guessing_and_drives_nobody_out():
    wild = [0.1, None, 0.1, 0.1, 9e9, 0.1, 0.1, 0.1, 0.1, 0.1]
    standing = race([0, 1], scored([wild, [0.12] * 10]), seeds=SEEDS, trainings=30, worst_loss=WORST)
    assert set(standing.racing) == {0, 1}


def test_a_leader_that_is_overtaken_is_behind_and_its_successor_no_longer():
    first, second = [0.2, 0.2, 0.2] + [0.9] * 7, [0.21, 0.3, 0.19] + [0.1] * 7
    early = race([0, 1], scored([first, second]), seeds=SEEDS[:3], trainings=30, worst_loss=WORST)
    late = race([0, 1], scored([first, second]), seeds=SEEDS[:5], trainings=30, worst_loss=WORST)
    assert (early.racing, set(early.behind)) == ((0, 1), {1})
    assert (late.racing, set(late.behind)) == ((1, 0), {0})


def _counted(loss):
    return max(1e-6, WORST if loss is None else min(loss, WORST))
