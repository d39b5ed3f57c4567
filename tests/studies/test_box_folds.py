"""Cross-validation of a detector: every screenshot is searched once by models that learned from others."""

from dataclasses import replace

import numpy as np
import pytest

from builders import finding_things
from studies.made import answered
from toonvision.core.errors import InputRejectedError
from toonvision.evaluation.box_floors import MEAN_BOX
from toonvision.figures.detection import draw_box_folds
from toonvision.studies.box_folds import (
    BoxFolds,
    box_folds_panel,
    box_folds_table,
    cross_validate_boxes,
    scored_folds,
)
from toonvision.studies.cross_validation import spread_of
from toonvision.studies.fold_assignment import fold_jobs
from toonvision.studies.folds import task_dataset
from toonvision.tasks.detect_targets import LABEL
from toonvision.training.recipes import settings_for


@pytest.fixture(scope="module")
def workspace(small_workspace, tmp_path_factory):
    return finding_things(small_workspace, tmp_path_factory.mktemp("box-folds") / "workspace", level="kind")


@pytest.fixture(scope="module")
def dataset(workspace):
    return task_dataset(workspace, workspace.taxonomy.task("things"), (64, 64))


@pytest.fixture(scope="module")
def jobs(dataset):
    return fold_jobs(dataset, folds=3, settings=settings_for("detector"), repeats=2, seed=4, rotate=False)


def results_of(dataset, jobs, *, blind=()):
    """Return results that find every object, but for the jobs of some numbers, which find those of one image less."""
    return [
        answered(dataset, job, leave_out=job.fold.test[:1] if number in blind else ())
        for number, job in enumerate(jobs)
    ]


def test_each_fold_and_all_screenshots_have_a_score_and_the_spread_of_folds_and_seeds_is_told(dataset, jobs, tmp_path):
    study = scored_folds(dataset, jobs, results_of(dataset, jobs, blind={1, 4, 5}))
    first, second, third = study.folds
    assert (study.seeds, [len(fold.each) for fold in study.folds]) == ((4, 5), [2, 2, 2])
    assert first.each[0] == pytest.approx(1)
    assert first.each[1] < 0.999
    assert second.each == (pytest.approx(1), pytest.approx(1))
    assert third.each[0] == third.each[1] < 0.999
    assert first.ap50.value == pytest.approx(np.mean(first.each))
    assert sum(fold.screenshots for fold in study.folds) == len(dataset.items)
    assert sum(fold.objects for fold in study.folds) == 24
    assert (study.seed_std, study.fold_std) == spread_of(np.array([fold.each for fold in study.folds]))
    assert study.ap50.low <= study.ap50.value <= study.ap50.high < 1.001
    assert "was searched by models that learned without it, in 3 folds: AP50 is 0." in study.sentence()
    assert "with the seed, and by" in study.sentence()
    assert [row[0] for row in box_folds_table(study).rows] == ["0", "1", "2", "All"]
    assert len(box_folds_panel(study).rows) == 1 + 6
    saved = replace(study, folder=tmp_path).save()
    assert BoxFolds.load(saved.folder) == study


def test_its_floor_is_the_mean_box_of_what_each_fold_was_learned_without(dataset, jobs):
    study = scored_folds(dataset, jobs, results_of(dataset, jobs))
    (floor,) = study.floors.listed
    assert (floor.name, floor.own.value) == (MEAN_BOX, pytest.approx(1))
    assert floor.value < 1
    assert study.sentence().endswith(study.floors.sentence())
    nothing = scored_folds(dataset, jobs, [answered(dataset, job, leave_out=job.fold.test) for job in jobs])
    assert nothing.floors.unbeaten
    assert nothing.sentence().startswith("The model detector ")


def test_a_seed_with_a_diverged_training_does_not_count_and_is_told(dataset, jobs):
    results = results_of(dataset, jobs)
    one = [replace(result, diverged=number == 3) for number, result in enumerate(results)]
    study = scored_folds(dataset, jobs, one)
    assert (study.seeds, study.seed_std, study.diverged) == ((4,), None, 1)
    assert study.sentence().endswith("1 of 6 in all, with the other folds of their seeds.")
    with pytest.raises(InputRejectedError, match="every seed has a training that diverged"):
        scored_folds(dataset, jobs, [replace(result, diverged=True) for result in results])


def test_a_fold_that_shows_no_object_is_refused_before_anything_is_trained(dataset, workspace, monkeypatch):
    jobs = fold_jobs(dataset, folds=3, settings=settings_for("detector"), repeats=1, seed=0)
    empty = replace(dataset, targets=dataset.targets.copy())
    empty.targets[jobs[1].fold.test, :, LABEL] = -1
    monkeypatch.setattr("toonvision.studies.box_folds.plan_folds", lambda *_, **__: (empty, jobs, None))
    with pytest.raises(InputRejectedError, match="a fold shows no object. Annotate more screenshots, or ask for fewer"):
        cross_validate_boxes(workspace, dataset.task, jobs[0].settings, folds=3, seeds=[0])


def test_its_figure_has_a_row_for_each_fold_and_one_for_all_a_stroke_for_each_seed_and_the_floor(dataset, jobs):
    study = scored_folds(dataset, jobs, results_of(dataset, jobs, blind={1}))
    (ax,) = draw_box_folds(study).axes
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == [*(f"Fold {at}  ({fold.screenshots})" for at, fold in enumerate(study.folds)), "All"]
    strokes = [line for line in ax.lines if line.get_marker() == "|"]
    assert [len(line.get_xdata()) for line in strokes] == [2, 2, 2]
    assert ax.get_title(loc="right").startswith("95 % intervals; strokes: 2 seeds; dashed: mean boxes, 0.")
