import json
from dataclasses import replace

import pytest

from builders import copied
from toonvision.models.layout import Layout
from toonvision.training.recipes import settings_for
from toonvision.training.record import read_record
from toonvision.tuning.result import RESULT, read_result
from toonvision.tuning.space import published_space
from toonvision.tuning.space_file import read_space, space_text

pytestmark = pytest.mark.usefixtures("eager")

SMALL = ("--epochs", 1, "--batch-size", 8, "--size", "48x48")


@pytest.fixture(scope="module")
def workspace(small_workspace, tmp_path_factory):
    return copied(small_workspace, tmp_path_factory.mktemp("searched") / "workspace")


@pytest.fixture(scope="module")
def ended():
    """What the search said, as soon as it has ended."""
    return []


@pytest.fixture
def searched(run, workspace, ended):
    """A workspace with a finished study, made by the command itself, once for all tests here; and what it said."""
    if not ended:
        asked = ("--name", "first", "--trials", 3, "--race", 6, "--workers", 1, "--max-params", 2000)
        outcome = run("tune", "label", "-w", workspace.root, *asked, *SMALL)
        assert outcome.code == 0, outcome.err
        ended.append(outcome)
    return workspace, ended[0]


def test_a_search_shows_its_progress_its_race_and_what_to_do_next(searched):
    workspace, ended = searched
    assert "the test subset is not used" in ended.err
    assert "trial 0: done" in ended.err
    assert "race:" in ended.err
    assert "The winner is trial" in ended.out
    assert "median" in ended.out
    assert "worst" in ended.out
    result = read_result(workspace.studies / "label" / "first")
    assert result.guessed_wrong == 4
    good, poor = "train label --from-study label/first", "tune label --name first --resume --trials 6"
    assert f"Next: toonvision {poor if result.only_guesses else good}" in ended.err
    assert "Traceback" not in ended.err


def test_a_search_leaves_a_result_and_a_report(searched):
    workspace, _ = searched
    folder = workspace.studies / "label" / "first"
    result = read_result(folder)
    assert result.finished
    assert len(result.trials) == 3
    assert all(trial.parameters <= 2000 for trial in result.trials)
    assert "<html" in (folder / "report.html").read_text(encoding="utf-8")
    assert list((folder / "tensorboard").glob("trial-000/events.*"))


def test_studies_are_listed_with_the_winners_median_and_worst(searched, run):
    workspace, _ = searched
    told = run("studies", "-w", workspace.root)
    assert "label/first" in told.out
    listed = run("studies", "-w", workspace.root, "--json").json["studies"]
    assert [study["study"] for study in listed] == ["label/first"]
    assert len(listed[0]["trials"]) == 3


def test_going_on_with_a_finished_study_trains_nothing(searched, run):
    workspace, _ = searched
    before = read_result(workspace.studies / "label" / "first")
    ended = run("tune", "label", "-w", workspace.root, "--resume", "--workers", 1, "--json")
    assert ended.code == 0
    after = read_result(workspace.studies / "label" / "first")
    assert (after.trials, after.scores) == (before.trials, before.scores)


def test_a_study_goes_on_only_with_its_first_settings(searched, run):
    workspace, _ = searched
    refused = run("tune", "label", "-w", workspace.root, "--resume", "--epochs", 9)
    assert refused.code == 2
    assert "--epochs cannot be given with --resume" in refused.err


def test_a_study_is_not_overwritten(searched, run):
    workspace, _ = searched
    refused = run("tune", "label", "-w", workspace.root, "--name", "first", *SMALL)
    assert refused.code == 2
    assert "--resume" in refused.err


def test_the_winner_of_a_study_can_be_trained(searched, run):
    workspace, _ = searched
    result = read_result(workspace.studies / "label" / "first")
    ended = run("train", "label", "-w", workspace.root, "--from-study", "label/first", "--repeat", 2, "--json")
    assert ended.code == 0, ended.err
    record = read_record(workspace.runs / "label" / f"first-trial-{result.winner.number}")
    assert record.settings == result.settings.training_of(result.winner.draw)
    assert record.size_hw == (48, 48)
    assert len(record.repeats) == 2


def test_any_trial_of_a_study_can_be_trained_with_the_validation_part_for_as_long_as_it_took(searched, run):
    workspace, _ = searched
    words = ("--from-study", "label/first", "--trial", 1, "--with-validation", "--name", "final", "--json")
    assert run("train", "label", "-w", workspace.root, *words).code == 0
    settings = read_record(workspace.runs / "label" / "final").settings
    assert settings.with_validation
    assert settings.epochs == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from-study", "label/none"), "no study is called 'label/none'. There are: label/first."),
        (("--from-study", "label/first", "--trial", 77), "has no trial 77 with a network"),
        (("--from-study", "label/first", "--epochs", 3), "--epochs cannot be given beside it"),
        (("--trial", 1), "Add --from-study too"),
    ],
)
def test_training_from_a_study_refuses_in_one_line(searched, run, words, said):
    workspace, _ = searched
    refused = run("train", "label", "-w", workspace.root, *words)
    assert refused.code == 2
    assert said in refused.err


def test_a_report_is_written_for_a_study_as_for_a_run(searched, run):
    workspace, _ = searched
    (workspace.studies / "label" / "first" / "report.html").unlink()
    assert run("report", "label/first", "-w", workspace.root).code == 0
    assert (workspace.studies / "label" / "first" / "report.html").exists()


def test_a_damaged_study_is_named_and_the_others_are_listed(searched, run, tmp_path):
    workspace = copied(searched[0], tmp_path / "workspace")
    damaged = workspace.studies / "label" / "broken" / RESULT
    damaged.parent.mkdir()
    damaged.write_text("{", encoding="utf-8")
    told = run("studies", "-w", workspace.root)
    assert "label/first" in told.out
    assert told.err.startswith(f"note: {damaged}: ")
    assert told.err.count(str(damaged)) == 1


def test_a_space_can_be_given(small_workspace, run, tmp_path):
    file = tmp_path / "space.toml"
    file.write_text("filters_1 = [99999]\n", encoding="utf-8")
    refused = run("tune", "label", "-w", small_workspace.root, "--space", file)
    assert refused.code == 3
    assert "filters_1 lies from 1 to" in refused.err
    file.write_text(space_text(published_space()), encoding="utf-8")
    assert read_space(file, usual=published_space()) == published_space()


def test_bounds_that_no_network_keeps_are_refused_in_one_line(own_workspace, run):
    refused = run("tune", "label", "-w", own_workspace.root, "--max-params", 3, "--workers", 1, *SMALL)
    assert refused.code == 2
    assert "is within 3 parameters" in refused.err
    assert "Traceback" not in refused.err


def test_a_narrower_search_is_of_the_same_task_and_trains_as_the_earlier_one_did(searched, run):
    root = searched[0].root
    refused = run("tune", "kind", "-w", root, "--tighten", "label/first")
    assert (refused.code, "is a study of label, not of kind" in refused.err) == (2, True)
    refused = run("tune", "label", "-w", root, "--tighten", "label/first", "--size", "32x32", "--flip")
    assert (refused.code, "--flip, --size cannot be given with --tighten" in refused.err) == (2, True)


def test_a_narrower_search_is_refused_where_labels_mean_something_else_by_now(searched, run, tmp_path):
    workspace = copied(searched[0], tmp_path / "workspace")
    settings = workspace.root / "toonvision.toml"
    changed = settings.read_text(encoding="utf-8").replace('kind = "mineral"', 'kind = "fruit"')
    settings.write_text(changed, encoding="utf-8")
    for words in (("--tighten", "label/first"), ("--resume",)):
        refused = run("tune", "label", "-w", workspace.root, *words)
        assert (refused.code, "the taxonomy were changed since that study began" in refused.err) == (2, True)


@pytest.mark.slow
def test_a_search_by_the_recipe_of_compact_draws_normalised_networks_and_trains_them_to_the_end(
    small_workspace, run, tmp_path
):
    workspace = copied(small_workspace, tmp_path / "workspace")
    words = ("--recipe", "compact", "--trials", 1, "--race", 0, "--epochs", 1, "--workers", 1, "--name", "own")
    ended = run("tune", "label", "-w", workspace.root, *words, "--max-params", 6032)
    assert ended.code == 0, ended.err
    result = read_result(workspace.studies / "label" / "own")
    assert result.settings.training == replace(settings_for("compact"), epochs=1)
    assert all(block.normalized for trial in result.tried for block in Layout.parse(trial.layout).blocks)
    assert all(trial.parameters <= 6032 for trial in result.tried)


def test_a_narrower_space_counts_the_trials_that_lie_in_it(searched, run, tmp_path):
    workspace = copied(searched[0], tmp_path / "workspace")
    words = ("--tighten", "label/first", "--name", "second", "--trials", 3, "--race", 0, "--workers", 1, "--json")
    ended = run("tune", "label", "-w", workspace.root, *words)
    assert ended.code == 0, ended.err
    earlier = read_result(workspace.studies / "label" / "first")
    result = read_result(workspace.studies / "label" / "second")
    carried = {json.dumps(trial.draw, sort_keys=True) for trial in result.trials}
    assert len(result.trials) == 3
    assert result.settings.bounds.parameters == 2000
    assert replace(result.settings, space=earlier.settings.space) == replace(
        earlier.settings, trials=3, race=result.settings.race
    )
    assert {json.dumps(trial.draw, sort_keys=True) for trial in earlier.tried} <= carried
