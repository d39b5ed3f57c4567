import dataclasses
import json

import numpy as np
import pytest

from builders import copied
from figures import examples
from toonvision.api.workspace import open_workspace
from toonvision.core.errors import InputRejectedError, UsageError
from toonvision.data.groups import group_keys
from toonvision.metrics.predictions import Predictions
from toonvision.studies.cross_validation import CrossValidation, folds_panel, folds_table, scored, spread_of
from toonvision.studies.fold_assignment import fold_jobs
from toonvision.studies.folds import FoldResult, task_dataset
from toonvision.tasks.settings import TrainingSettings

SETTINGS = TrainingSettings(network="trees", epochs=1)


@pytest.fixture(scope="module")
def workspace(small_workspace, tmp_path_factory):
    return open_workspace(copied(small_workspace, tmp_path_factory.mktemp("folds") / "workspace").root)


@pytest.fixture(scope="module")
def dataset(workspace):
    return task_dataset(workspace.files, workspace.files.taxonomy.task("label"), (32, 32))


@pytest.fixture(scope="module")
def jobs(dataset):
    return fold_jobs(dataset, folds=3, settings=SETTINGS, repeats=2, seed=4, rotate=False)


def result_of(dataset, job, *, wrong=0, diverged=False):
    """Return predictions that are right but for the first so many."""
    labels = dataset.targets[job.fold.test].copy()
    labels[:wrong] = (labels[:wrong] + 1) % 3
    rows = np.eye(3, dtype=np.float32)[labels] * 0.7 + 0.1
    predictions = Predictions(len(labels), np.arange(len(labels)), labels, rows.max(axis=1), rows)
    return FoldResult(predictions, 1, 1, 0.1, diverged)


def test_every_sample_is_predicted_once_by_a_seed_and_its_group_is_not_learned_from(dataset, jobs):
    keys = np.array(group_keys(dataset.items))
    for seed in (4, 5):
        own = [job.fold for job in jobs if job.seed == seed]
        assert sorted(np.concatenate([fold.test for fold in own])) == list(range(len(dataset.items)))
        for fold in own:
            assert not set(keys[fold.test]) & set(keys[np.concatenate([fold.train, fold.val])])


def test_seeds_differ_by_nothing_but_the_seed(jobs):
    for first, second in zip(jobs[::2], jobs[1::2], strict=True):
        assert (first.fold.name, first.seed, second.seed) == (second.fold.name, 4, 5)
        np.testing.assert_array_equal(first.fold.train, second.fold.train)


def test_wrong_predictions_are_counted_by_fold_and_seed(dataset, jobs):
    counts = (0, 1, 2, 1, 3, 3)
    study = scored(
        dataset, jobs, [result_of(dataset, job, wrong=count) for job, count in zip(jobs, counts, strict=True)]
    )
    assert [fold.wrong for fold in study.folds] == [(0, 1), (2, 1), (3, 3)]
    assert (study.wrong, study.samples, study.seeds) == ((5, 5), 24, (4, 5))
    assert study.error.value == pytest.approx(5 / 24)
    assert study.error.low < study.error.value < study.error.high
    errors = np.array([[count / fold.samples for count in fold.wrong] for fold in study.folds])
    assert (study.seed_std, study.fold_std) == spread_of(errors)
    assert {floor.name for floor in study.floors.listed} == {"majority", "neighbour"}
    assert all(floor.right.total == 24 for floor in study.floors.listed)


def test_a_seed_with_a_diverged_training_does_not_count_and_is_told(dataset, jobs):
    results = [result_of(dataset, job, wrong=1, diverged=(number == 3)) for number, job in enumerate(jobs)]
    study = scored(dataset, jobs, results)
    assert (study.seeds, study.seed_std, study.diverged) == ((4,), None, 1)
    assert "with one seed only: what the seed adds is unknown" in study.sentence()
    assert study.sentence().endswith("1 of 6 in all, with the other folds of their seeds.")
    with pytest.raises(InputRejectedError, match="every seed has a training that diverged"):
        scored(dataset, jobs, [result_of(dataset, job, diverged=True) for job in jobs])


def test_spreads_of_simulated_trainings_are_found_again():
    rng = np.random.default_rng(0)
    folds, seeds = rng.normal(0, 0.03, (400, 1)), rng.normal(0, 0.01, (400, 10))
    seed_std, fold_std = spread_of(0.2 + folds + seeds)
    assert seed_std == pytest.approx(0.01, rel=0.05)
    assert fold_std == pytest.approx(0.03, rel=0.1)
    seed_std, fold_std = spread_of(0.2 + rng.normal(0, 0.01, (400, 10)))
    assert fold_std < 0.003


def test_a_floor_that_is_not_beaten_comes_first():
    study = examples.cross_validation()
    assert study.sentence().startswith("Each of 100 crops was predicted by models that learned without its screenshot")
    weak = dataclasses.replace(study, floors=dataclasses.replace(study.floors, listed=(examples.unbeaten_floor(),)))
    assert weak.sentence().startswith("The model compact does not clearly beat its floor, colour histograms")


def test_the_figure_has_a_row_for_each_training_and_the_table_one_for_each_fold_and_all():
    study = examples.cross_validation()
    panel, table = folds_panel(study), folds_table(study)
    assert len(panel.rows) == 1 + len(study.folds) * len(study.seeds)
    assert len(table.rows) == len(study.folds) + 1
    assert table.rows[-1][0] == "All"
    assert panel.caption == study.sentence()


@pytest.mark.usefixtures("eager")
def test_trees_and_networks_are_cross_validated_saved_resumed_and_shown_in_the_report(workspace, tmp_path):
    from toonvision.report.results import gather_results

    root = copied(workspace.files, tmp_path / "own").root
    opened = open_workspace(root)
    found = opened.cross_validate("label", folds=3, repeat=2, model="trees")
    assert CrossValidation.load(found.value.folder) == found.value
    assert (found.value.folder / "folds.png").is_file()
    run = opened.train("label", model="trees", repeat=2)
    again = run.cross_validate(3)
    assert again.value == found.value
    assert again.value.folder == found.value.folder
    other = opened.cross_validate("label", folds=3, model="4c3-p4-8c3-p2", epochs=1, size=(32, 32))
    opened.cross_validate("label", folds=3, model="trees", class_weights=True)
    assert gather_results(opened.files, run.folder, run.evaluation()).folds == found.value
    assert other.value.folder != found.value.folder
    assert {floor.name for floor in other.value.floors.listed} == {"majority", "neighbour", "trees"}
    with pytest.raises(UsageError, match="at least 3 folds"):
        opened.cross_validate("label", folds=2, model="trees")


def test_a_cross_validation_of_an_earlier_version_whose_floors_had_a_median_says_the_mean(tmp_path):
    study = dataclasses.replace(examples.cross_validation(), folder=tmp_path).save()
    values = json.loads((tmp_path / study.FILE).read_text())
    values["floors"]["wrong"] = 99.0
    (tmp_path / study.FILE).write_text(json.dumps(values))
    assert "compact 14.4 on average; difference +15.6 points" in CrossValidation.load(tmp_path).sentence()
