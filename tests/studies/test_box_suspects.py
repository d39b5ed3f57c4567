"""Searches for suspect boxes: folds of screenshots, models that never saw them, and what is saved."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from builders import finding_things
from studies.made import answered
from toonvision.api.study_steps import StudySteps
from toonvision.api.workspace import open_workspace
from toonvision.core.errors import InputRejectedError
from toonvision.data.boxes import Box
from toonvision.data.records import Known
from toonvision.studies.box_suspects import (
    BoxSuspectStudy,
    box_suspects_panel,
    box_suspects_rows,
    compare_annotations,
)
from toonvision.studies.fold_assignment import fold_jobs
from toonvision.studies.folds import task_dataset
from toonvision.tasks.detect_targets import LABEL
from toonvision.training.recipes import settings_for

pytestmark = pytest.mark.usefixtures("eager")


@pytest.fixture(scope="module")
def workspace(small_workspace, tmp_path_factory):
    return finding_things(small_workspace, tmp_path_factory.mktemp("boxes") / "workspace", level="kind")


@pytest.fixture(scope="module")
def dataset(workspace):
    return task_dataset(workspace, workspace.taxonomy.task("things"), (64, 64))


@pytest.fixture(scope="module")
def jobs(dataset):
    return fold_jobs(dataset, folds=3, settings=settings_for("detector"), repeats=1, seed=0)


def searched(dataset, jobs, results):
    return compare_annotations(dataset, jobs, results, network="detector", folds=3, repeats=1)


def test_every_screenshot_is_searched_once_by_models_that_did_not_learn_from_it(dataset, jobs):
    tested = np.concatenate([job.fold.test for job in jobs])
    assert sorted(tested) == list(range(len(dataset.items)))
    for job in jobs:
        assert not set(job.fold.test) & {*job.fold.train, *job.fold.val}


def test_what_was_changed_in_the_annotations_is_suspect_and_nothing_else(dataset, jobs):
    results = [answered(dataset, job) for job in jobs]
    clean = searched(dataset, jobs, results)
    assert (clean.suspects, clean.ap50, clean.objects) == ((), pytest.approx(1), 24)
    assert clean.sentence() == "No annotation of 24 objects is suspect."
    targets = dataset.targets.copy()
    targets[3, 0, [0, 2]] += 8  # moved
    targets[5, 1, LABEL] = 1 - targets[5, 1, LABEL]  # another class
    study = searched(replace(dataset, targets=targets), jobs, results)
    found = {(one.reason, one.object): one for one in study.suspects}
    crops = [dataset.frames[3].crops[0], dataset.frames[5].crops[1]]
    assert set(found) == {("badly placed", crops[0].where), ("wrong class", crops[1].where)}
    moved = found["badly placed", crops[0].where]
    assert moved.likely_box == crops[0].box.xyxy
    assert moved.box == tuple(targets[3, 0, :4])
    assert study.sentence().startswith("2 of 24 annotated objects are suspect: 1 badly placed and 1 wrong class.")


def test_a_box_without_an_object_is_missing_and_written_with_its_edges(dataset, jobs, tmp_path):
    frames = list(dataset.frames)
    gone = frames[4].crops[0]
    frames[4] = replace(frames[4], crops=frames[4].crops[1:])
    targets = dataset.targets.copy()
    targets[4, 0] = targets[4, 1]
    targets[4, 1, LABEL] = -1
    spoiled = replace(dataset, targets=targets, items=tuple(frames))
    study = replace(searched(spoiled, jobs, [answered(dataset, job) for job in jobs]), folder=tmp_path)
    (one,) = study.suspects
    assert study.sentence().startswith("1 object may be missing beside the 23 annotated objects.")
    assert (one.reason, one.object, one.box, one.likely_box) == ("missing", "", None, gone.box.xyxy)
    head, row = box_suspects_rows(study.suspects)
    assert dict(zip(head, row, strict=True))["likely_x_max"] == gone.box.x_max
    assert BoxSuspectStudy.load(study.save().folder) == study


def known_with(dataset, crops, regions=()):
    return Known([frame.shot for frame in dataset.frames], crops, {}, regions)


def test_what_was_corrected_since_is_suspect_no_more(dataset, jobs, workspace):
    crops = [crop for frame in dataset.frames for crop in frame.crops]
    targets = dataset.targets.copy()
    targets[3, 0, [0, 2]] += 8  # moved
    targets[5, 1, LABEL] = 1 - targets[5, 1, LABEL]  # another class
    frames = list(dataset.frames)
    gone = frames[4].crops[0]
    frames[4] = replace(frames[4], crops=frames[4].crops[1:])
    targets[4, 0], targets[4, 1, LABEL] = targets[4, 1], -1
    spoiled = replace(dataset, targets=targets, items=tuple(frames))
    study = searched(spoiled, jobs, [answered(dataset, job) for job in jobs])
    assert {one.reason for one in study.suspects} == {"missing", "badly placed", "wrong class"}
    moved, named = dataset.frames[3].crops[0], dataset.frames[5].crops[1]
    left, top, right, bottom = moved.box.xyxy
    wrong = {
        moved.id: replace(moved, box=Box(left + 8, top, right + 8, bottom)),
        named.id: replace(named, label=next(
            crop.label for crop in crops
            if {workspace.taxonomy.class_of(one.label, "kind") for one in (crop, named)} == {*dataset.classes}
        )),
    }  # fmt: skip
    as_searched = [wrong.get(crop.id, crop) for crop in crops if crop != gone]

    def reasons(crops, regions=()):
        return {one.reason for one in study.current(known_with(dataset, crops, regions), workspace.taxonomy).suspects}

    assert reasons(as_searched) == {"missing", "badly placed", "wrong class"}
    assert reasons(crops) == set()
    assert reasons([*as_searched, gone]) == {"badly placed", "wrong class"}
    assert reasons(as_searched, regions=[gone]) == {"badly placed", "wrong class"}, "nobody need find it"
    assert reasons([moved if crop.id == moved.id else crop for crop in as_searched]) == {"missing", "wrong class"}
    assert study.current(Known(), workspace.taxonomy).suspects == (), "the screenshots are gone"


def test_a_training_that_diverged_leaves_its_screenshots_unsearched(dataset, jobs):
    results = [answered(dataset, job, diverged=at == 0) for at, job in enumerate(jobs)]
    study = searched(dataset, jobs, results)
    assert study.unsearched == len(jobs[0].fold.test)
    assert study.screenshots + study.unsearched == len(dataset.items)
    assert f"1 of 3 in all; {study.unsearched} screenshots could not be searched" in study.sentence()
    with pytest.raises(InputRejectedError, match="every training diverged, so no box was checked"):
        searched(dataset, jobs, [answered(dataset, job, diverged=True) for job in jobs])


def test_models_that_find_next_to_nothing_doubt_nothing(dataset, jobs):
    every = set(range(len(dataset.items)))
    study = searched(dataset, jobs, [answered(dataset, job, leave_out=every) for job in jobs])
    assert (study.learned, study.suspects) == (False, ())
    assert "The models have learned too little to doubt an annotation (AP50 0.00)." in study.sentence()


def test_suspects_are_shown_in_groups_with_a_row_for_each(dataset, jobs, workspace):
    targets = dataset.targets.copy()
    targets[:, 0, LABEL] = 1 - targets[:, 0, LABEL]
    study = searched(replace(dataset, targets=targets), jobs, [answered(dataset, job) for job in jobs])
    panel = box_suspects_panel(workspace, study)
    assert [group.title for group in panel.value.groups] == [f"Wrong class: {len(study.suspects)}"]
    assert len(panel.rows) == len(study.suspects) + 1
    view = panel.value.groups[0].views[0]
    assert [box.predicted for box in view.boxes] == [False, True]
    given, likely = study.suspects[0].given, study.suspects[0].likely
    assert view.title == f"{likely.capitalize()}, not {given.capitalize()}"
    assert box_suspects_panel(workspace, replace(study, suspects=())) is None


def test_what_the_terminal_does_not_list_is_in_the_table_that_it_names(dataset, jobs, workspace, monkeypatch, tmp_path):
    targets = dataset.targets.copy()
    targets[:, 0, LABEL] = 1 - targets[:, 0, LABEL]
    study = searched(replace(dataset, targets=targets), jobs, [answered(dataset, job) for job in jobs])
    many = replace(study, suspects=study.suspects * 2, folder=tmp_path)
    monkeypatch.setattr(StudySteps, "_studied", lambda *_: many)
    result = open_workspace(workspace.root).suspects("things")
    rest = len(many.suspects) - 15
    assert f"... and {rest} more; all are in {tmp_path / 'suspects.csv'}." in result.blocks
    with (tmp_path / "suspects.csv").open(newline="") as file:
        assert len(list(csv.reader(file))) == len(many.suspects) + 1
