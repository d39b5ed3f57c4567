"""Searches in this process, as each of a search's processes does them: real trainings, real databases."""

import dataclasses
import itertools
import threading
import time

import keras
import numpy as np
import pytest
from optuna.trial import TrialState

from toonvision.core.errors import UsageError
from toonvision.tasks.settings import TrainingSettings
from toonvision.tuning import search as tuning_search
from toonvision.tuning.sampling import BoundedSampler
from toonvision.tuning.settings import MOST_RETRIES, Bounds, RaceSettings
from toonvision.tuning.storage import open_study
from toonvision.tuning.stored_trials import CANDIDATE, SEED, counted, hand_back
from tuning.made import drawn
from tuning.studies import begin, found, search, tiny, tiny_space

pytestmark = pytest.mark.usefixtures("eager")

HOPELESS = 1e30


@pytest.fixture(scope="module", autouse=True)
def without_tracing():
    """Run networks step by step: for trainings of a few batches, compiling them takes far longer than they do."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture(scope="module")
def searched(task_data, tmp_path_factory):
    """A search that ended, in whose space some learning rates lead nowhere, and the best of which raced."""
    folder = tmp_path_factory.mktemp("searched")
    settings = tiny(task_data, trials=4, space=tiny_space((1e-2, HOPELESS)), race=RaceSettings(2, 4, 2))
    address, _ = begin(folder, settings)
    assert search(address, task_data, folder)
    return folder, address


def stand(address, data):
    return found(open_study(address), data)


def test_all_trials_that_were_asked_for_are_done_once(searched, task_data):
    result = stand(searched[1], task_data)
    assert [trial.number for trial in result.trials] == list(range(4))
    assert {trial.state for trial in result.trials} == {"done", "diverged"}
    assert all(trial.attempt == 1 for trial in result.trials)
    assert result.finished


def test_a_trial_whose_loss_becomes_nan_failed_and_the_search_went_on(searched, task_data):
    result = stand(searched[1], task_data)
    for trial in result.trials:
        hopeless = trial.draw["learning_rate"] == HOPELESS
        assert trial.state == ("diverged" if hopeless else "done")
        assert (trial.loss is None) == hopeless
        assert trial.scores[0].loss == trial.loss
    assert {trial.state for trial in result.trials[:-1]} >= {"diverged"}
    assert not any(trial.draw["learning_rate"] == HOPELESS for trial in result.tried)


def test_each_trial_is_stored_with_its_network_and_its_size(searched, task_data):
    result = stand(searched[1], task_data)
    for trial in result.trials:
        layout = result.settings.space.layout(trial.draw)
        assert (trial.layout, trial.parameters) == (layout.name, layout.parameters((32, 32), 3))
        assert trial.seconds > 0
        assert all(0 <= wrong <= result.evaluated for wrong in trial.wrong)


def test_the_best_raced_with_seeds_that_no_trial_was_trained_with(searched, task_data):
    result = stand(searched[1], task_data)
    assert set(result.scores) == set(result.candidates)
    assert len(result.candidates) == 2
    for scores in result.scores.values():
        assert set(scores) == {1, 2}
    assert result.standing.rounds == 2
    assert result.racers[0].trial == result.winner


def test_every_trial_that_ended_is_shown_by_tensorboard(searched, task_data):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.util.tensor_util import make_ndarray

    result = stand(searched[1], task_data)
    for trial in result.trials:
        events = EventAccumulator(str(searched[0] / "logs" / f"trial-{trial.number:03d}")).Reload()
        held = {tag: make_ndarray(events.Tensors(tag)[0].tensor_proto) for tag in events.Tags()["tensors"]}
        assert held["parameters"] == trial.parameters
        assert held["wrong"] == trial.wrong[0]
        assert held.get("loss") == (None if trial.loss is None else pytest.approx(trial.loss, rel=1e-6))
        assert "_hparams_/session_start_info" in events.summary_metadata


def test_a_search_that_ended_does_nothing_more_and_goes_on_when_it_is_made_longer(searched, task_data, tmp_path):
    _, address = searched
    before = stand(address, task_data)
    assert search(address, task_data, tmp_path)
    assert stand(address, task_data) == before
    longer = dataclasses.replace(before.settings, trials=5, race=dataclasses.replace(before.settings.race, trainings=0))
    open_study(address, longer)
    assert search(address, task_data, tmp_path)
    after = stand(address, task_data)
    assert (len(after.trials), after.finished) == (5, True)
    assert after.trials[:4] == before.trials
    open_study(address, before.settings)  # as it was, for the other tests


def test_hyperband_stops_some_trials_early_and_they_count(task_data, tmp_path):
    settings = tiny(task_data, strategy="hyperband", trials=6, epochs=3)
    address, _ = begin(tmp_path, settings)
    assert search(address, task_data, tmp_path)
    result = stand(address, task_data)
    states = [trial.state for trial in result.trials]
    assert set(states) == {"done", "cut short"}
    assert len(states) == 6
    for trial in result.trials:
        assert (trial.epochs == 3) == (trial.state == "done")  # nothing is gained by cutting the last epoch off
        assert trial.loss is not None
    assert result.finished
    assert all(trial.state == "done" for trial in result.tried)


def test_a_front_has_two_objectives_and_every_point_of_it_is_trained_again(task_data, tmp_path):
    settings = tiny(task_data, strategy="front", trials=2, race=RaceSettings(2, 2, 1))
    address, study = begin(tmp_path, settings)
    assert search(address, task_data, tmp_path)
    result = stand(address, task_data)
    assert len(study.trials.directions) == 2
    for trial, stored in zip(result.trials, study.trials.get_trials(), strict=True):
        assert stored.values == [trial.loss, trial.parameters]
    assert set(result.candidates) == set(result.scores)
    assert not result.standing.left
    assert result.finished


def test_a_bayesian_search_runs_with_several_trainings_a_trial(task_data, tmp_path):
    address, _ = begin(tmp_path, tiny(task_data, strategy="bayesian", trials=1, repeats=2))
    assert search(address, task_data, tmp_path)
    (trial,) = stand(address, task_data).trials
    assert len(trial.scores) == 2
    assert trial.loss == pytest.approx(np.mean([score.loss for score in trial.scores]))


def test_a_bound_that_nothing_keeps_ends_the_search_with_one_line(task_data, tmp_path):
    address, _ = begin(tmp_path, tiny(task_data, bounds=Bounds(5)))
    with pytest.raises(UsageError, match=r"^none of 2,000 networks drawn is within 5 parameters[^\n]+$"):
        search(address, task_data, tmp_path)


def test_a_process_that_died_before_its_first_heartbeat_is_replaced_after_the_grace_period(task_data, tmp_path):
    settings = tiny(task_data, trials=1, race=RaceSettings(1, 1, 1))
    address, study = begin(tmp_path, settings, heartbeat_s=1, grace_s=1)
    study.trials.ask().set_user_attr("parameters", 7)
    hand_back(study.trials, study.trials.get_trials()[0])
    study.trials.ask()  # takes the retry, which inherits what the first put down, and dies
    started = time.monotonic()
    assert not search(address, task_data, tmp_path, most=1)
    assert time.monotonic() - started > 1
    result = stand(address, task_data)
    assert [(trial.state, trial.attempt) for trial in result.trials] == [("lost", 1), ("lost", 2), ("done", 3)]
    study.race.enqueue_trial({}, user_attrs={CANDIDATE: 2, SEED: settings.fresh_seeds()[0]})
    study.race.ask()  # dies too
    assert search(address, task_data, tmp_path)
    assert [trial.state for trial in study.race.get_trials()] == [TrialState.FAIL, TrialState.COMPLETE]
    assert list(stand(address, task_data).scores) == [2]
    assert stand(address, task_data).finished


def test_a_training_of_the_race_that_kills_its_process_again_and_again_counts_as_all_wrong(task_data, tmp_path):
    settings = tiny(task_data, trials=2, race=RaceSettings(2, 2, 1))
    address, study = begin(tmp_path, settings)
    assert not search(address, task_data, tmp_path, most=2)
    one, seed = stand(address, task_data).candidates[0], settings.fresh_seeds()[0]
    study.race.enqueue_trial({}, user_attrs={CANDIDATE: one, SEED: seed})
    for attempt in range(MOST_RETRIES + 1):
        study.race.ask()
        hand_back(study.race, study.race.get_trials()[attempt])
    assert search(address, task_data, tmp_path)
    result = stand(address, task_data)
    assert result.scores[one][seed].wrong == result.evaluated
    assert result.scores[one][seed].loss is None
    assert sum(len(scores) for scores in result.scores.values()) == 2
    assert len(study.race.get_trials()) == MOST_RETRIES + 1 + 1
    assert result.finished


def fail(trials, trial):
    """Begin to give a trial away, and die before its retry is stored."""
    trials._storage.set_trial_state_values(trial._trial_id, state=TrialState.FAIL)


@pytest.mark.parametrize("end", [hand_back, fail])
def test_a_process_that_was_silent_too_long_loses_its_trial_and_goes_on(task_data, tmp_path, end):
    address, study = begin(tmp_path, tiny(task_data, trials=1, epochs=20))
    given_away = threading.Thread(target=give_away, args=(study.trials, end))
    given_away.start()
    assert search(address, task_data, tmp_path)
    given_away.join()
    result = stand(address, task_data)
    assert [(trial.state, trial.attempt) for trial in result.trials] == [("lost", 1), ("done", 2)]
    assert result.trials[0].draw == result.trials[1].draw
    assert counted(study.trials) == {0: 1}


def give_away(trials, end):
    """Do what another process does that has not heard of the first trial for too long, once it is being trained."""
    while not any(trial.intermediate_values for trial in trials.get_trials()):
        time.sleep(0.01)
    end(trials, trials.get_trials()[0])


def test_a_training_of_the_race_that_another_process_took_in_between_is_no_fault(task_data, tmp_path, monkeypatch):
    real, seen = tuning_search._has, []

    def waiting(study, *states):
        if study.study_name.endswith("race") and not seen:
            seen.append(study)
            return True  # and by the time that it is asked for it is gone
        return real(study, *states)

    monkeypatch.setattr(tuning_search, "_has", waiting)
    address, _ = begin(tmp_path, tiny(task_data, trials=1, race=RaceSettings(1, 1, 1)))
    assert search(address, task_data, tmp_path)
    assert seen
    assert stand(address, task_data).finished


def test_an_error_of_the_training_itself_is_not_mistaken_for_a_lost_trial(task_data, tmp_path):
    address, _ = begin(tmp_path, tiny(task_data, trials=1))
    broken = dataclasses.replace(task_data, images=np.concatenate([task_data.images] * 2, axis=3))
    with pytest.raises(ValueError, match="shape"):
        search(address, broken, tmp_path)


def test_a_training_that_diverges_under_a_cosine_schedule_has_no_result(task_data, monkeypatch):
    from toonvision.tuning.search import train_once

    real_step, steps = keras.Model.train_on_batch, itertools.count(1)

    def step(model, *given, **options):
        if next(steps) == 4:  # two an epoch
            model.set_weights([np.full_like(weights, np.nan) for weights in model.get_weights()])
        return real_step(model, *given, **options)

    monkeypatch.setattr(keras.Model, "train_on_batch", step)
    cosine = TrainingSettings(network="2c1-p4", epochs=4, batch_size=16, schedule="cosine")
    assert train_once(task_data, cosine, 0).loss is None


def test_a_bound_on_time_keeps_slow_networks_out(task_data):
    settings = tiny(task_data)
    (draw,) = drawn(settings.space, 1)
    for milliseconds, within in ((1e6, True), (1e-6, False)):
        bounded = dataclasses.replace(settings, bounds=Bounds(milliseconds=milliseconds))
        assert BoundedSampler(bounded, classes=3).accepts(draw) is within
