"""Contexts of a detector: who learns, who is searched, and what is compared."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from builders import finding_things
from studies.made import answered
from toonvision.core.errors import InputRejectedError, UsageError
from toonvision.studies.box_contexts import (
    BoxContextOptions,
    BoxContextStudy,
    box_contexts_panel,
    box_contexts_table,
    compare_contexts,
)
from toonvision.studies.comparison import require_alike
from toonvision.studies.fold_assignment import _subset, plan_contexts
from toonvision.studies.folds import Job, task_dataset
from toonvision.tasks.detect import score
from toonvision.taxonomy.labels import Task
from toonvision.training.recipes import settings_for

SETTINGS = settings_for("detector")


@pytest.fixture(scope="module")
def workspace(small_workspace, tmp_path_factory):
    return finding_things(small_workspace, tmp_path_factory.mktemp("contexts") / "workspace", level="kind")


@pytest.fixture(scope="module")
def dataset(workspace):
    return task_dataset(workspace, workspace.taxonomy.task("things"), (64, 64))


@pytest.fixture(scope="module")
def folds(dataset, workspace):
    return plan_contexts(dataset, workspace.taxonomy, seed=0, learn_val=True)[0]


def named(folds):
    return [(context.name, fold) for context, fold in folds]


def results_of(dataset, folds, **options):
    return [answered(dataset, Job(fold, settings_for("detector"), 0), **options) for _, fold in folds]


def test_a_context_is_searched_by_those_that_learned_from_the_others(dataset, folds):
    assert [context.name for context, _ in folds] == ["garden", "house"]
    for context, fold in folds:
        name = context.name
        assert {dataset.frames[at].context for at in fold.test} == {name}
        assert name not in {dataset.frames[at].context for at in [*fold.train, *fold.val]}
        assert len(fold.test) + len(fold.train) + len(fold.val) == len(dataset.frames)


def test_a_screenshot_without_objects_is_learned_from_or_searched(dataset, workspace):
    frames = (replace(dataset.frames[0], crops=()), *dataset.frames[1:])
    planned, _ = plan_contexts(replace(dataset, items=frames), workspace.taxonomy, seed=0, learn_val=True)
    folds = dict(named(planned))
    own, other = ("garden", "house") if frames[0].context == "garden" else ("house", "garden")
    assert 0 in folds[own].test
    assert 0 in folds[other].train


def test_what_nobody_need_find_decides_nothing_though_its_id_is_that_of_a_crop(dataset, workspace):
    first = dataset.frames[0]
    other = next(crop for frame in dataset.frames for crop in frame.cut if crop.context != first.context)
    region = replace(first.cut[0], id=other.id, file="", hash="", number=0)
    frames = (replace(first, crops=(region,)), *dataset.frames[1:])
    planned, _ = plan_contexts(replace(dataset, items=frames), workspace.taxonomy, seed=0, learn_val=True)
    assert [name for name, fold in named(planned) if 0 in fold.test] == [first.context]
    near_duplicate = replace(first, crops=(*first.cut, region))
    assert not _subset(near_duplicate, "elsewhere", {other.id: "train"}), "it is in no subset"


def test_each_context_has_its_score_beside_that_of_the_ordinary_run(dataset, folds, tmp_path):
    gone = set(dict(named(folds))["house"].test.tolist())
    results = [answered(dataset, Job(fold, settings_for("detector"), 0), leave_out=gone) for _, fold in folds]
    every = np.arange(len(dataset.items))
    whole = answered(
        dataset, SimpleNamespace(fold=SimpleNamespace(test=every)), leave_out=set(dict(named(folds))["garden"].test)
    )
    best = score(whole.predictions, replace(dataset, indices={"test": every}), "test")
    against = SimpleNamespace(best=best, record=SimpleNamespace(title="things/one", started="2026-11-01"))
    study = compare_contexts(dataset, folds, results, SETTINGS, seeds=[0], against=against)
    assert (study.about, study.started) == ("things/one", "2026-11-01")
    garden, house = study.contexts
    assert (garden.ap50.value, house.ap50.value) == (pytest.approx(1), 0)
    assert (garden.ordinary, house.ordinary) == (0, pytest.approx(1))
    assert garden.objects + house.objects == 24
    assert 0 < study.together.value < 1
    assert study.together.low <= study.together.value <= study.together.high
    assert "worst in House (0.000). In the ordinary test things/one has" in study.sentence()
    assert [row[0] for row in box_contexts_table(study).rows] == ["Garden", "House", "All together"]
    assert len(box_contexts_panel(study).rows) == 3
    assert BoxContextStudy.load(replace(study, folder=tmp_path).save().folder) == study


@pytest.mark.parametrize("with_validation", [False, True])
def test_the_screenshots_learned_from_are_those_of_val_too_only_where_val_is_learned_from(
    dataset, folds, with_validation
):
    settings = replace(SETTINGS, with_validation=with_validation)
    study = compare_contexts(dataset, folds, results_of(dataset, folds), settings, seeds=[0])
    learned = [len(fold.train) + with_validation * len(fold.val) for _, fold in folds]
    assert all(len(fold.val) for _, fold in folds)
    assert [one.trained_on for one in study.contexts] == learned
    assert study.network == "detector"


def test_trainings_that_diverged_are_left_out_and_told(dataset, folds):
    results = results_of(dataset, folds)
    study = compare_contexts(dataset, folds, [results[0], replace(results[1], diverged=True)], SETTINGS, seeds=[0])
    assert [one.context for one in study.contexts] == ["garden"]
    with pytest.raises(InputRejectedError, match="every training without a context diverged"):
        compare_contexts(dataset, folds, results_of(dataset, folds, diverged=True), SETTINGS, seeds=[0])


def test_a_single_context_cannot_be_left_out(dataset, workspace):
    alone = [at for at, frame in enumerate(dataset.frames) if frame.context == "garden"]
    one = replace(dataset, items=tuple(dataset.items[at] for at in alone), targets=dataset.targets[alone])
    with pytest.raises(InputRejectedError, match="no context can be left out, nothing was trained"):
        plan_contexts(one, workspace.taxonomy, seed=0)


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"kind": "classify"}, "things/one is of the kind classify, not detect. Choose another --against."),
        ({"level": "label"}, "things/one predicts label, not kind. Choose another --against."),
        ({"network": "segmenter"}, "things/one is a run of segmenter; got --model detector. Leave out --model."),
    ],
)
def test_a_run_that_predicts_something_else_is_not_compared_with(other, reason):
    known = {"title": "things/one", "kind": "detect", "level": "kind", "network": "detector", **other}
    record = SimpleNamespace(**known, settings=SimpleNamespace(network=known["network"]))
    task, asked = Task("things", "kind", "detect"), BoxContextOptions(network="detector")
    with pytest.raises(UsageError, match=reason):
        require_alike(record, task, asked)
