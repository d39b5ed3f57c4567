import csv
import json
import re
from dataclasses import replace

import pytest

from builders import copied, finding_things, make_workspace, mark_diverged, small_shots
from toonvision.studies.suspects import SEARCH_SETTINGS, SEARCH_SIZE_HW
from toonvision.training.recipes import settings_for

pytestmark = pytest.mark.usefixtures("eager")

TINY = ("--model", "baseline", "--epochs", "1", "--size", "16x16", "--json")


@pytest.fixture(scope="module")
def workspace(small_workspace, tmp_path_factory):
    return copied(small_workspace, tmp_path_factory.mktemp("studies") / "workspace")


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_contexts_trains_an_ordinary_model_where_there_is_no_run_and_goes_on_when_called_again(run, workspace):
    asked = ("contexts", "kind", "-w", workspace.root, "--repeat", "1", *TINY)
    first = run(*asked)
    assert first.code == 0, first.err
    assert "since there is no run" in first.err
    assert [score["context"] for score in first.json["contexts"]] == ["garden", "house"]
    assert first.json["meaning"].startswith("On a context that it has not seen, the model is")
    folder = workspace.studies / "kind" / "contexts"
    assert {path.name for path in folder.glob("contexts.*")} == {"contexts.json", "contexts.csv", "contexts.png"}
    assert len(rows_of(folder / "contexts.csv")) == 2
    again = run(*asked)
    assert again.json == first.json
    assert "3 trainings were saved before" in again.err
    mark_diverged(folder, "without-house-*")
    told = run(*asked).json
    assert ([score["context"] for score in told["contexts"]], told["lost"]) == (["garden"], ["house"])
    assert "1 of 1 without house, which has no result." in told["meaning"]
    assert not list(workspace.runs.glob("*/*/run.json"))


def test_contexts_compares_with_the_newest_run_and_takes_its_recipe(run, workspace, tmp_path):
    own = copied(workspace, tmp_path / "workspace")
    recipe = ("--averaging", "0", "--epochs", "8", "--size", "16x16", "--batch-size", "4")
    trained = run("train", "kind", "-w", own.root, *recipe, "--name", "mine")
    assert "FAILED" not in trained.err
    outcome = run("contexts", "kind", "-w", own.root, "--repeat", "1")
    assert outcome.code == 0, outcome.err
    assert "Comparing with kind/mine." in outcome.err
    assert "Ordinary test: kind/mine" in outcome.out
    assert "Cramer's V" in outcome.out
    recipes = [json.loads(path.read_text()) for path in own.root.glob("studies/kind/contexts*/recipe.json")]
    assert {(recipe["settings"]["batch_size"], tuple(recipe["size_hw"])) for recipe in recipes} >= {(4, (16, 16))}
    refused = run("contexts", "kind", "-w", own.root, "--against", "kind/mine", "--model", "tuned")
    assert (refused.code, "is a run of compact" in refused.err) == (2, True)
    refused = run("contexts", "label", "-w", own.root, "--against", "kind/mine")
    assert (refused.code, "predicts kind, not label" in refused.err) == (2, True)


def test_suspects_lists_them_with_pictures_and_a_csv(run, workspace):
    outcome = run("suspects", "kind", "-w", workspace.root, "--folds", "3", "--repeat", "1", *TINY)
    assert outcome.code == 0, outcome.err
    folder = workspace.studies / "kind" / "suspects"
    assert (folder / "suspects.png").is_file()
    assert len(rows_of(folder / "suspects.csv")) == len(outcome.json["suspects"])
    assert outcome.json["samples"] == 24
    mark_diverged(folder, "fold-0-*")
    text = run("suspects", "kind", "-w", workspace.root, "--folds", "3", "--repeat", "1", *TINY[:-1])
    assert "The models agree with" in text.out
    assert "Trainings that diverged are left out: 1 of 3 in all; " in text.out


def test_suspects_searches_with_the_settings_that_were_measured_best_unless_others_are_given(run):
    text = " ".join(run("suspects", "--help").out.split())
    height, width = SEARCH_SIZE_HW
    assert f"in this search. [default: ({SEARCH_SETTINGS.network}, or detector)]" in text
    assert f"Input height x width. [default: ({height}x{width}, or what a detector wants)]" in text
    assert f"Most passes over the training subset. [default: {SEARCH_SETTINGS.epochs};" in text


@pytest.mark.parametrize(
    ("task", "kind", "batch", "rate"), [("label", "classify", 32, "0.004"), ("things", "detect", 8, "0.008")]
)
def test_help_in_a_workspace_shows_the_defaults_of_the_network_for_that_task(
    run, small_workspace, tmp_path, task, kind, batch, rate
):
    there = ("-w", finding_things(small_workspace, tmp_path / "workspace", level="label").root)
    text = " ".join(run("train", task, *there, "--help").out.split())
    assert f"Images per training step. [default: {batch};" in text
    assert f"schedule cosine. [default: {rate};" in text
    epochs = {verb: _epochs_in(run(verb, task, *there, "--help").out) for verb in ("train", "curve", "suspects")}
    assert epochs == {"train": 400, "curve": 400, "suspects": SEARCH_SETTINGS.epochs if kind == "classify" else 400}
    assert _epochs_in(run("tune", task, *there, "--help").out) == (100 if kind == "detect" else 75)
    assert "[default: 32; x>=1]" in " ".join(run("train", "--help").out.split())


@pytest.mark.parametrize(("folds", "learned"), [((), 195), (("--folds", "3"), 173)], ids=str)
def test_help_of_suspects_shows_the_epochs_for_what_each_fold_of_screenshots_learns_from(run, tmp_path, folds, learned):
    shots = [replace(shot, stem=f"{shot.stem}_{at}") for at in range(22) for shot in small_shots()][:260]
    there = ("-w", finding_things(make_workspace(tmp_path / "one", shots), tmp_path / "two", level="label").root)
    assert run("extract", *there).code == 0
    epochs = _epochs_in(run("suspects", "things", *there, *folds, "--help").out)
    assert epochs == settings_for("detector", images=learned).epochs != settings_for("detector", images=260).epochs


@pytest.mark.parametrize("words", ["--name label -w {0} things", "-w{0} things"])
def test_help_shows_the_defaults_of_the_task_that_was_typed_however_it_stands_among_options(
    run, small_workspace, tmp_path, words
):
    root = finding_things(small_workspace, tmp_path / "workspace", level="label").root
    text = " ".join(run("train", "--help", *words.format(root).split()).out.split())
    assert "Images per training step. [default: 8;" in text


def _epochs_in(text):
    (said,) = re.findall(r"--epochs <int range> (?:\S+ )+?\[default: (\d+)", " ".join(text.split()))
    return int(said)


def test_curve_says_what_more_pictures_bring_and_which_to_take(run, workspace):
    asked = ("curve", "kind", "-w", workspace.root, "--sizes", "0.5,0.75,1", "--repeat", "1", "--more", "50")
    outcome = run(*asked, *TINY)
    assert outcome.code == 0, outcome.err
    likely = (
        "50 more training crops would probably lower the error",
        "The error does not fall with more training crops",
    )
    assert outcome.json["meaning"].startswith(likely)
    assert outcome.json["photograph_next"][0]["missing"] > 0
    folder = workspace.studies / "kind" / "curve"
    rows = rows_of(folder / "learning-curve.csv")
    assert [row["share"] for row in rows if row["what"] == "training"] == ["0.5", "0.75", "1"]
    mark_diverged(folder, "share-1-*")
    told = run(*asked, *TINY[:-1])
    assert (told.code, "three sizes at which a training did not diverge; got 2" in told.err) == (3, True)
    told = run(*asked[:-4], "--repeat", "2", *TINY[:-1]).out
    assert re.search(r"Photograph first: \w+ \((Fruit|Mineral)\) in ", " ".join(told.split())), told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("curve", "kind", "--sizes", "a,b"), "--sizes 0.125,0.25,0.5,1"),
        (("curve", "kind", "--sizes", "0.5,2"), "--sizes 0.125,0.25,0.5,1"),
        (("curve", "kind", "--split", "none"), "none"),
        (("suspects", "knd"), "Did you mean kind?"),
        (("contexts", "kind", "--against", "kind/none"), "no run is called 'kind/none'"),
        (("contexts", "kind", "--model", "basline"), "Did you mean baseline?"),
    ],
)
def test_wrong_usage_is_refused_with_a_remedy_before_anything_is_trained(run, workspace, arguments, told):
    outcome = run(*arguments, "-w", workspace.root)
    assert outcome.code == 2
    assert told in outcome.err
    assert "training 1/" not in outcome.err
