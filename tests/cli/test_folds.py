import shutil

import pytest

from builders import copied

pytestmark = pytest.mark.usefixtures("eager")


@pytest.fixture(scope="module")
def workspace(small_workspace, tmp_path_factory):
    return copied(small_workspace, tmp_path_factory.mktemp("folds") / "workspace")


def test_train_in_folds_trains_no_run_and_evaluate_in_folds_uses_its_trainings_again(run, workspace, tmp_path):
    own = copied(workspace, tmp_path / "workspace")
    first = run("train", "label", "-w", own.root, "--model", "trees", "--folds", "3", "--repeat", "2", "--json")
    assert first.code == 0, first.err
    assert first.json["meaning"].startswith(("Each of 24 crops was predicted", "The model trees does not clearly beat"))
    assert [len(fold["wrong"]) for fold in first.json["folds"]] == [2, 2, 2]
    assert sum(fold["samples"] for fold in first.json["folds"]) == 24
    assert not list(own.runs.glob("*/*/run.json"))
    assert run("train", "label", "-w", own.root, "--model", "trees", "--repeat", "2").code == 0
    again = run("evaluate", "label/trees-1", "-w", own.root, "--folds", "3", "--json")
    assert {**again.json["folds"], "findings": []} == first.json
    assert "6 trainings were saved before" in again.err
    plain = run("evaluate", "label/trees-1", "-w", own.root, "--folds", "3")
    assert "Cross-validation of trees, 2 seeds" in plain.out


def test_folds_need_no_split(run, workspace, tmp_path):
    own = copied(workspace, tmp_path / "workspace")
    shutil.rmtree(own.splits)
    outcome = run("train", "label", "-w", own.root, "--model", "trees", "--folds", "3", "--json")
    assert outcome.code == 0, outcome.err
    assert sum(fold["samples"] for fold in outcome.json["folds"]) == 24


@pytest.mark.parametrize("option", [("--split", "other"), ("--from-study", "label/search-1")])
def test_folds_and_a_split_contradict_each_other(run, workspace, option):
    outcome = run("train", "label", "-w", workspace.root, "--folds", "3", *option)
    assert outcome.code == 2
    assert f"--folds divides all screenshots anew, and trains no run; leave out {option[0]}." in outcome.err


def test_what_trees_do_not_have_is_said_in_one_line(run, workspace, tmp_path):
    outcome = run("train", "label", "-w", workspace.root, "--model", "trees", "--epochs", "4", "--flip")
    assert outcome.code == 2
    (line,) = outcome.err.strip().splitlines()
    assert "--epochs, --flip would change nothing" in line
