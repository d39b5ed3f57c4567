"""Results read from real databases whose trials were stored by hand: every number of them is known."""

import dataclasses
import json
import math

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.trial import TrialState

from builders import files_property
from toonvision.core.errors import InputRejectedError, ModelRefusedError
from toonvision.tuning.race import Score
from toonvision.tuning.result import RESULT, StudyResult, Trial, pareto_front, read_result, write_result
from toonvision.tuning.settings import MOST_RETRIES, RaceSettings, StudySettings
from toonvision.tuning.storage import Address, open_study
from toonvision.tuning.stored_trials import CANDIDATE, DIVERGED, SCORES, SEED, SURPLUS, read_scores, read_trials
from tuning.studies import begin, tiny_space

pytestmark = pytest.mark.usefixtures("eager")

SETTINGS = StudySettings("suit", "data", "taxonomy", space=tiny_space(), trials=4, race=RaceSettings(3, 9, 3))
SEEDS = SETTINGS.fresh_seeds()
EVALUATED, CLASSES = 40, ("bb", "cb", "lb", "sb")


def draw_of(filters=2, rate=1e-3, pool=2, kernel=1, drop=0.1):
    return {
        "filters_1": filters, "kernel_1": kernel, "pool_1a": pool, "pool_1b": 1, "dropout_1": drop,
        "learning_rate": rate,
    }  # fmt: skip


def put(study, loss=None, *, draw=None, state=TrialState.COMPLETE, seen=(), wrong=3, **attributes):
    """Store a trial as a search does."""
    draw = draw_of() if draw is None else draw
    scores = [dataclasses.asdict(Score(loss, wrong, 2, 1.5))] if state is TrialState.COMPLETE else []
    distributions = study.settings.space.distributions()
    study.trials.add_trial(
        optuna.create_trial(
            state=state,
            params=draw,
            distributions={name: distributions[name] for name in draw},
            values=None if loss is None or state is not TrialState.COMPLETE else [loss],
            intermediate_values=dict(enumerate(seen, start=1)),
            user_attrs={"parameters": 100 * int(draw.get("filters_1", 0)), SCORES: scores, **attributes},
            system_attrs=attributes.pop("system", {}),
        )
    )


def put_race(study, candidate, seed, loss, *, state=TrialState.COMPLETE, retried=(), **attributes):
    score = Score(loss, 5, 3 if loss else 0, 2.0)
    study.race.add_trial(
        optuna.create_trial(
            state=state,
            value=loss if state is TrialState.COMPLETE else None,
            user_attrs={CANDIDATE: candidate, SEED: seed, SCORES: [dataclasses.asdict(score)], **attributes},
            system_attrs={"retry_history": list(retried)},
        )
    )


def result_of(study, **changes):
    made = {
        "name": "random-1", "settings": study.settings, "classes": CLASSES, "evaluated": EVALUATED,
        "trials": read_trials(study), "scores": read_scores(study, evaluated=EVALUATED), "device": "cpu",
        "versions": {"keras": "3"}, "started": "2026-01-02T03:04:05+00:00", "storage": "sqlite:///study.sqlite",
    }  # fmt: skip
    return StudyResult(**{**made, **changes})


@pytest.fixture
def study(tmp_path):
    return begin(tmp_path, SETTINGS)[1]


@pytest.fixture
def raced(study):
    """Trial 0 had the best single run; over the race trial 1 is better, and trial 2 clearly worse than both."""
    for loss, filters in ((0.10, 2), (0.12, 4), (0.15, 2)):
        put(study, loss, draw=draw_of(filters, pool=2 if loss < 0.15 else 3))
    put(study, state=TrialState.FAIL, draw=draw_of(rate=1e-2), outcome=DIVERGED)
    for seed, losses in zip(SEEDS, ((0.5, 0.2, 0.9), (0.61, 0.25, 1.1), (0.38, 0.15, 0.7)), strict=True):
        for candidate, loss in enumerate(losses):
            put_race(study, candidate, seed, loss)
    return study


def test_the_winner_is_who_leads_the_race_and_not_who_had_the_best_run(raced):
    result = result_of(raced)
    assert [trial.number for trial in result.tried] == [0, 1, 2]
    assert result.candidates == [0, 1, 2]
    assert result.winner.number == 1
    assert set(result.standing.left) == {0, 2}
    assert result.standing.decided
    assert result.racers[0].losses == (0.2, 0.25, 0.15)
    assert result.racers[0].median_wrong == 5
    assert result.finished


def test_the_winner_is_the_best_trial_where_there_was_no_race_and_nobody_before_one_is_done(study):
    assert result_of(study).winner is None
    put(study, 0.3)
    put(study, 0.2, draw=draw_of(4))
    settings = dataclasses.replace(SETTINGS, race=RaceSettings(trainings=0))
    assert result_of(study, settings=settings).winner.number == 1


def test_a_study_that_is_written_and_read_again_is_the_same(raced, tmp_path):
    result = result_of(raced)
    write_result(tmp_path, result)
    assert read_result(tmp_path) == result
    assert json.loads((tmp_path / RESULT).read_text())["settings"]["task"] == "suit"


def test_a_stored_study_read_by_another_process_is_the_same(raced, tmp_path):
    again = open_study(Address(f"sqlite:///{tmp_path / 'study.sqlite'}", "study"))
    assert result_of(again) == result_of(raced)


losses = st.floats(1e-6, 50)
scores_ = st.builds(
    Score, loss=st.none() | losses, wrong=st.integers(0, 40), best_epoch=st.integers(0, 75), seconds=st.floats(0, 1e5)
)
trials_ = st.lists(
    st.builds(
        Trial,
        number=st.integers(0, 99),
        state=st.sampled_from(["waiting", "running", "done", "cut short", "diverged", "lost"]),
        draw=st.sampled_from([{}, draw_of(), draw_of(4, 1e-2)]),
        layout=st.sampled_from(["", "2c1-p2-d0.1"]),
        parameters=st.integers(0, 10**7),
        loss=st.none() | losses,
        scores=st.lists(scores_, max_size=3).map(tuple),
        epochs=st.integers(0, 75),
        replaced=st.integers(0, 1999),
        attempt=st.integers(1, 4),
    ),
    max_size=4,
    unique_by=lambda trial: trial.number,
).map(lambda made: tuple(sorted(made, key=lambda trial: trial.number)))


@files_property
@given(trials=trials_, race=st.dictionaries(st.integers(0, 9), st.dictionaries(st.integers(0, 2**32 - 1), scores_)))
def test_any_result_is_read_back_as_it_was_written(tmp_path, trials, race):
    blank = {"name": "a", "classes": CLASSES, "evaluated": EVALUATED, "device": "cpu", "versions": {}, "started": "now"}
    drawn = tuple(trial if trial.draw else dataclasses.replace(trial, loss=None) for trial in trials)
    raced = {trial.number: race[trial.number] for trial in trials if trial.number in race}
    result = StudyResult(**blank, settings=SETTINGS, trials=drawn, scores=raced, storage="file")
    write_result(tmp_path, result)
    assert read_result(tmp_path) == result


@pytest.mark.parametrize(
    "change",
    [
        {"scores": {"99": {}}},
        {"classes": ["apple"]},
        {"trials": lambda found: [{**found[0], "draw": {}}, *found[1:]]},
        {"trials": lambda found: [found[0], *found]},
    ],
    ids=["unknown racer", "one class", "no draw", "twice"],
)
def test_a_result_that_contradicts_itself_is_refused(raced, tmp_path, change):
    write_result(tmp_path, result_of(raced))
    held = json.loads((tmp_path / RESULT).read_text())
    for name, value in change.items():
        held[name] = value(held[name]) if callable(value) else value
    (tmp_path / RESULT).write_text(json.dumps(held))
    with pytest.raises(ModelRefusedError, match="contradicts itself. Search again."):
        read_result(tmp_path)


def test_a_race_of_few_trainings_has_as_many_candidates_as_it_can_compare(raced):
    for trainings, most in ((1, 1), (5, 1), (6, 2), (30, 6)):
        settings = dataclasses.replace(SETTINGS, race=RaceSettings(6, trainings, 10))
        result = result_of(raced, settings=settings)
        assert len(result.candidates) == min(most, len(result.tried))


def test_a_folder_without_a_study_and_a_damaged_result_are_refused_in_one_line(raced, tmp_path):
    with pytest.raises(InputRejectedError, match=r"^[^\n]+ holds no study\. See: toonvision studies$"):
        read_result(tmp_path / "none")
    write_result(tmp_path, result_of(raced))
    whole = (tmp_path / RESULT).read_text()
    for damaged in (whole[: len(whole) // 2], "{}", whole.replace('"evaluated": 40', '"evaluated": "many"')):
        (tmp_path / RESULT).write_text(damaged)
        with pytest.raises(ModelRefusedError, match=r"^[^\n]+: not the result of a study \([^\n]+$"):
            read_result(tmp_path)


def test_a_result_in_the_words_of_an_earlier_version_is_read(raced, tmp_path):
    write_result(tmp_path, result_of(raced))
    now = read_result(tmp_path)
    (tmp_path / RESULT).write_text((tmp_path / RESULT).read_text().replace('"evaluated": 40', '"judged": 40'))
    assert read_result(tmp_path) == now


def test_every_state_of_a_trial_is_read(study):
    put(study, 0.5, seen=(0.7, 0.5))
    put(study, state=TrialState.PRUNED, seen=(0.9, math.inf, 0.8))
    put(study, state=TrialState.FAIL, outcome=DIVERGED)
    put(study, state=TrialState.FAIL)
    put(study, state=TrialState.FAIL, outcome=SURPLUS)
    put(study, state=TrialState.WAITING, draw={"filters_1": 2})
    study.trials.ask()
    study.trials.ask()
    trials = read_trials(study)
    assert [trial.number for trial in trials] == [0, 1, 2, 3, 5, 6]
    states = ["done", "cut short", "diverged", "lost", "running", "running"]
    assert [trial.state for trial in trials] == states
    assert [trial.loss for trial in trials] == [0.5, 0.8, None, None, None, None]
    assert [trial.epochs for trial in trials[:2]] == [2, 3]
    assert (trials[0].layout, trials[4].layout) == ("2c1-p2-d0.1", "")
    assert not result_of(study).finished


def test_a_study_is_unfinished_until_as_many_trials_as_asked_ended_or_were_given_up(study):
    settings = dataclasses.replace(SETTINGS, race=RaceSettings(trainings=0), trials=3)
    for count in range(2):
        assert not result_of(study, settings=settings).finished
        put(study, 0.5 + count)
    put(study, state=TrialState.FAIL, system={"retry_history": [2]})
    assert not result_of(study, settings=settings).finished
    put(study, state=TrialState.FAIL, system={"retry_history": [2, 3, 4][:MOST_RETRIES]})
    assert result_of(study, settings=settings).finished


def test_draws_that_were_replaced_count_once_however_often_a_trial_was_retried(study):
    put(study, state=TrialState.FAIL, replaced=7)
    put(study, 0.5, replaced=7, system={"retry_history": [0]})
    put(study, 0.6, replaced=2, draw=draw_of(4))
    assert result_of(study).replaced == 9


def test_a_training_of_the_race_that_was_done_twice_counts_as_the_first_was(raced):
    before = result_of(raced).scores
    put_race(raced, 0, SEEDS[0], 9.9)
    put_race(raced, 1, SEEDS[0], None, state=TrialState.FAIL, outcome=DIVERGED)
    assert result_of(raced).scores == before


def test_a_training_of_the_race_that_diverged_or_was_given_up_counts_and_one_that_was_lost_does_not(study):
    put_race(study, 0, SEEDS[0], None, state=TrialState.FAIL, outcome=DIVERGED)
    put_race(study, 0, SEEDS[1], None, state=TrialState.FAIL)
    put_race(study, 0, SEEDS[2], None, state=TrialState.FAIL, retried=[2, 3, 4])
    assert read_scores(study, evaluated=EVALUATED) == {
        0: {SEEDS[0]: Score(None, 5, 0, 2.0), SEEDS[2]: Score(None, EVALUATED, 0, 0.0)}
    }


def test_each_network_races_once_and_for_a_front_only_what_is_on_it(study):
    put(study, 0.2, draw=draw_of(4))
    put(study, 0.3, draw=draw_of(4, drop=0.1))  # the same network
    put(study, 0.4, draw=draw_of(2))
    put(study, 0.5, draw=draw_of(4, pool=3))
    result = result_of(study)
    assert result.candidates == [0, 2, 3]
    assert result_of(study, settings=dataclasses.replace(SETTINGS, strategy="front")).candidates == [0, 2]
    assert result_of(study, settings=dataclasses.replace(SETTINGS, race=RaceSettings(candidates=1))).candidates == [0]
    assert [trial.number for trial in result.front] == [2, 0]


numbers = st.integers(0, 9).map(float)
costs = st.dictionaries(
    st.integers(0, 99), st.tuples(numbers, st.one_of(numbers, st.sampled_from([math.nan, math.inf])))
)


def beats(one, other):
    return all(a <= b for a, b in zip(one, other, strict=True)) and one != other


@given(costs=costs)
def test_the_front_is_what_nothing_beats_each_pair_of_costs_once(costs):
    finite = {key: pair for key, pair in costs.items() if math.isfinite(pair[1])}
    unbeaten = {pair for pair in finite.values() if not any(beats(other, pair) for other in finite.values())}
    front = [costs[key] for key in pareto_front(costs)]
    assert front == sorted(unbeaten)
