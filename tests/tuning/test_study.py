"""Studies as a whole, where nothing is left to train: no process is started."""

import dataclasses
import multiprocessing

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import files_property
from toonvision.core.errors import EnvironmentFaultError, UsageError
from toonvision.core.runner import available_cores
from toonvision.tuning.folders import STORE, find_study, is_study, new_study_folder, study_results
from toonvision.tuning.recipes import narrower_space
from toonvision.tuning.result import RESULT, StudyResult, Trial, read_result, write_result
from toonvision.tuning.settings import Bounds, StudySettings
from toonvision.tuning.space import Choices, Range, Space
from toonvision.tuning.storage import Address, file_url, open_study
from toonvision.tuning.stored_trials import SCORES, counted, read_trials
from toonvision.tuning.study import run_study
from toonvision.tuning.workers import default_workers
from tuning.made import drawn
from tuning.spaces import spaces
from tuning.studies import NO_RACE, tiny, tiny_space

pytestmark = pytest.mark.usefixtures("eager")


def earlier(space, draws, *, strategy="random"):
    """Return a study of some draws; the first is the best."""
    settings = StudySettings("label", "data", "taxonomy", space=space, strategy=strategy, race=NO_RACE)
    trials = tuple(
        Trial(n, "done", draw, space.layout(draw).name, 100 + n, 0.1 + n, (), 1, 0, 1) for n, draw in enumerate(draws)
    )
    return StudyResult(
        name="earlier", settings=settings, classes=("a", "b", "c"), evaluated=4, trials=trials, scores={}, device="cpu",
        versions={}, started="2026-01-02T03:04:05+00:00", storage="file",
    )  # fmt: skip


@files_property
@given(space=spaces(most_blocks=1), seed=st.integers(0, 99), count=st.integers(3, 12))
def test_the_narrower_space_holds_the_best_tenth_and_optuna_takes_over_what_lies_in_it(space, seed, count):
    result = earlier(space, drawn(space, count, seed=seed))
    narrow = narrower_space(result)
    assert all(narrow.holds(trial.draw) for trial in result.tried[:3])
    study = optuna.create_study()
    for trial in result.tried:
        if narrow.holds(trial.draw):
            given_ = {"params": dict(narrow.nearest(trial.draw)), "distributions": narrow.distributions()}
            study.add_trial(optuna.create_trial(**given_, value=trial.loss))
    assert len(study.trials) >= 3


def test_a_narrower_space_needs_three_finished_trials():
    with pytest.raises(UsageError, match="label/earlier has 2 finished trials; a narrower space needs 3"):
        narrower_space(earlier(tiny_space(), drawn(tiny_space(), 2)))


@pytest.mark.parametrize("strategy", ["random", "front"])
def test_trials_of_an_earlier_study_count_as_tried_where_they_lie_in_the_space(
    own_workspace, task_data, tmp_path, strategy
):
    inside = drawn(tiny_space(), 3)
    outside = {**inside[0], "dropout_1": 0.25}  # between two steps
    settings = tiny(task_data, strategy=strategy)
    options = {"carry": earlier(tiny_space(), [*inside, outside])}
    result = run_study(own_workspace, tmp_path / "study", settings, task_data, **options)
    assert [trial.draw for trial in result.tried] == [pytest.approx(draw) for draw in inside]
    assert [trial.loss for trial in result.tried] == [0.1, 1.1, 2.1]
    assert result.finished
    again = run_study(own_workspace, tmp_path / "study", settings, task_data, **options)
    assert again.trials == result.trials


def test_no_trial_that_is_larger_than_a_narrower_search_allows_is_taken_over(own_workspace, task_data, tmp_path):
    draws = drawn(tiny_space(), 4)
    carry = earlier(tiny_space(), draws)
    sizes = sorted(trial.parameters for trial in carry.tried)
    settings = tiny(task_data, bounds=Bounds(sizes[-2]), trials=sum(size <= sizes[-2] for size in sizes))
    result = run_study(own_workspace, tmp_path / "study", settings, task_data, carry=carry)
    assert max(trial.parameters for trial in result.tried) <= sizes[-2]
    assert len(result.tried) == settings.trials


def test_a_study_that_ended_starts_no_process_and_is_the_same_when_it_goes_on(own_workspace, task_data, tmp_path):
    settings = tiny(task_data)
    carry = earlier(tiny_space(), drawn(tiny_space(), 3))
    before = run_study(own_workspace, tmp_path / "study", settings, task_data, carry=carry)
    seen = []
    after = run_study(own_workspace, tmp_path / "study", settings, task_data, watch=seen.append)
    assert after == before == read_result(tmp_path / "study")
    assert not seen
    assert not multiprocessing.active_children()


def test_a_result_that_is_there_stays_until_there_is_a_better_one(own_workspace, task_data, tmp_path):
    folder = tmp_path / "study"
    settings = tiny(task_data)
    run_study(own_workspace, folder, settings, task_data, carry=earlier(tiny_space(), drawn(tiny_space(), 3)))
    before = (folder / RESULT).read_bytes()
    with pytest.raises(UsageError, match="begun with other settings"):
        run_study(own_workspace, folder, dataclasses.replace(settings, seed=1), task_data)
    (folder / STORE).write_bytes(b"damaged" * 1000)
    with pytest.raises(EnvironmentFaultError, match=r"^[^\n]+cannot be used[^\n]+$"):
        run_study(own_workspace, folder, settings, task_data)
    assert (folder / RESULT).read_bytes() == before


def test_a_study_is_found_from_its_first_moment_on_so_that_it_can_go_on(own_workspace, task_data, tmp_path):
    folder = tmp_path / "label" / "study"
    (folder / STORE).mkdir(parents=True)  # so that it comes no further
    with pytest.raises(EnvironmentFaultError):
        run_study(own_workspace, folder, tiny(task_data), task_data)
    assert read_result(find_study(tmp_path, "label/study")).settings == tiny(task_data)


def test_a_running_search_can_be_listed_and_a_watcher_that_fails_is_not_taken_for_a_broken_storage(
    own_workspace, task_data, tmp_path
):
    listed = []

    def fails(result):
        if result.ended:
            listed.append((read_result(tmp_path / "study").ended, result.ended))
            raise ValueError("no such colour")

    with pytest.raises(ValueError, match="no such colour"):
        run_study(own_workspace, tmp_path / "study", tiny(task_data), task_data, watch=fails)
    assert not multiprocessing.active_children()
    assert [known == seen for known, seen in listed] == [True]
    assert read_result(tmp_path / "study").settings.trials == 3


def test_small_inputs_are_searched_by_a_process_a_core_and_large_ones_by_two():
    assert default_workers((150, 50)) == available_cores()
    assert default_workers((600, 200)) == min(2, available_cores())


def test_processes_that_die_again_and_again_end_the_search_in_one_line(own_workspace, task_data, tmp_path):
    def kill_all(_result):
        for process in multiprocessing.active_children():
            process.kill()

    with pytest.raises(EnvironmentFaultError, match=r"^processes of the search died 6 times and no [^\n]+ -9[^\n]+$"):
        run_study(own_workspace, tmp_path / "study", tiny(task_data), task_data, watch=kill_all)


def test_an_error_that_stops_a_process_ends_the_search_with_its_message(own_workspace, task_data, tmp_path):
    changed = dataclasses.replace(tiny(task_data), data="what it was before")
    with pytest.raises(
        UsageError, match=r"^the split 'default', the crops or the taxonomy were changed since that study began[^\n]+$"
    ):
        run_study(own_workspace, tmp_path / "study", changed, task_data, workers=2)
    assert not multiprocessing.active_children()


def test_studies_are_found_by_name_and_by_path(tmp_path):
    result = earlier(tiny_space(), drawn(tiny_space(), 3))
    write_result(tmp_path / "label" / "earlier", result)
    assert find_study(tmp_path, "label/earlier") == tmp_path / "label" / "earlier"
    assert find_study(tmp_path, str(tmp_path / "label" / "earlier")) == tmp_path / "label" / "earlier"
    assert (is_study(tmp_path, "label/earlier"), is_study(tmp_path, "label/none")) == (True, False)
    assert study_results(tmp_path) == [tmp_path / "label" / "earlier" / RESULT]
    with pytest.raises(UsageError, match=r"no study is called 'none'\. There are: label/earlier\."):
        find_study(tmp_path, "none")
    with pytest.raises(UsageError, match="There is none yet"):
        find_study(tmp_path / "empty", "none")


def test_an_unnamed_study_gets_the_next_free_number_and_a_name_stays_a_folder_of_its_own(tmp_path):
    for number in (1, 2):
        folder = new_study_folder(tmp_path, "label", strategy="random", name=None, shared=False)
        assert folder == tmp_path / "label" / f"random-{number}"
        folder.mkdir(parents=True)
    assert new_study_folder(tmp_path, "label", strategy="random", name="mine", shared=False).name == "mine"
    curve = tmp_path / "label" / "curve" / "recipe.json"
    curve.parent.mkdir()
    curve.touch()
    for shared in (False, True):
        with pytest.raises(UsageError, match=r"curve holds something else than a search\. Choose another --name"):
            new_study_folder(tmp_path, "label", strategy="random", name="curve", shared=shared)
    for name in ("../mine", "", "a/b", ".mine"):
        with pytest.raises(UsageError, match="the name of a study is made of"):
            new_study_folder(tmp_path, "label", strategy="random", name=name, shared=False)


def test_a_carried_trial_keeps_its_trainings(own_workspace, task_data, tmp_path):
    space = Space({**tiny_space().dimensions, "dropout_1": Range(0.0, 0.3, 0.1), "learning_rate": Choices((1e-3,))})
    carry = earlier(space, drawn(space, 3))
    run_study(own_workspace, tmp_path / "study", tiny(task_data, space=space), task_data, carry=carry)
    stored = open_study(Address(file_url(tmp_path / "study" / STORE), "label/study")).trials.get_trials()
    assert [trial.user_attrs["parameters"] for trial in stored] == [100, 101, 102]
    assert all(trial.user_attrs[SCORES] == [] for trial in stored)


def test_a_study_killed_while_it_takes_over_trials_has_all_of_them_when_it_goes_on(
    own_workspace, task_data, tmp_path, monkeypatch
):
    settings, real, made = tiny(task_data), optuna.create_trial, []

    def dies_at_the_second(**given):
        if made:
            raise KeyboardInterrupt
        made.append(given)
        return real(**given)

    monkeypatch.setattr(optuna, "create_trial", dies_at_the_second)
    given = earlier(tiny_space(), drawn(tiny_space(), 3))
    with pytest.raises(KeyboardInterrupt):
        run_study(own_workspace, tmp_path / "study", settings, task_data, carry=given)
    monkeypatch.setattr(optuna, "create_trial", real)
    result = run_study(own_workspace, tmp_path / "study", settings, task_data)
    assert [trial.loss for trial in result.trials] == [trial.loss for trial in given.trials]
    assert result.finished


def test_a_study_goes_on_where_it_is_kept_and_nowhere_else(own_workspace, task_data, tmp_path):
    settings = tiny(task_data)
    urls = [file_url(tmp_path / f"{name}.sqlite") for name in ("shared", "other")]
    carry = earlier(tiny_space(), drawn(tiny_space(), 3))

    def run(name, **options):
        return run_study(own_workspace, tmp_path / name, settings, task_data, **options)

    kept = run("elsewhere", address=Address(urls[0], "label/elsewhere"), carry=carry)
    own = run("here", carry=carry)
    with pytest.raises(UsageError, match=r"elsewhere is kept in sqlite:.*shared\.sqlite\. Add its --storage again"):
        run("elsewhere")
    with pytest.raises(UsageError, match=r"there is no study called 'label/elsewhere' in sqlite:.*other\.sqlite"):
        run("elsewhere", address=Address(urls[1], "label/elsewhere"))
    with pytest.raises(UsageError, match="here is kept in its own folder. Leave out --storage"):
        run("here", address=Address(urls[0], "label/elsewhere"))
    assert (read_result(tmp_path / "elsewhere"), read_result(tmp_path / "here")) == (kept, own)
    assert run("elsewhere", address=Address(urls[0], "label/elsewhere")) == kept
    (tmp_path / "here" / STORE).unlink()
    with pytest.raises(UsageError, match="there is no study called 'label/here'"):
        run("here")
    assert read_result(tmp_path / "here") == own


def test_trials_that_two_machines_took_over_at_once_count_once(own_workspace, task_data, tmp_path):
    settings = tiny(task_data)
    run_study(
        own_workspace, tmp_path / "study", settings, task_data, carry=earlier(tiny_space(), drawn(tiny_space(), 3))
    )
    stored = open_study(Address(file_url(tmp_path / "study" / STORE), "label/study"))
    for trial in stored.trials.get_trials():
        stored.trials.add_trial(trial)
    assert [trial.number for trial in read_trials(stored)] == [0, 1, 2]
    assert list(counted(stored.trials).values()) == [0, 1, 2]
