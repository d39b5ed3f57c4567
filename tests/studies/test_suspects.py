import dataclasses
import shutil

import numpy as np
import pytest

import builders
from studies.made import Counted
from toonvision.core.errors import InputRejectedError, UsageError
from toonvision.core.seeds import generator
from toonvision.studies.fold_assignment import fold_jobs, grouped_folds
from toonvision.studies.folds import train_jobs
from toonvision.studies.suspects import (
    SEARCH_SETTINGS,
    SuspectStudy,
    average_results,
    compare_labels,
    suspects_rows,
    suspects_title,
)
from toonvision.tasks.base import Dataset
from toonvision.tasks.settings import TrainingSettings
from toonvision.taxonomy.labels import Task

COLORS = np.array([[220, 30, 30], [30, 220, 30], [30, 30, 220]])

TASK = Task("label", "label")


def out_of_fold(samples, jobs, **where):
    return average_results(samples, jobs, train_jobs(samples, jobs, **where))


def colored(count=60, *, flips=(), classes=3, shots=None):
    """Return samples whose colour is their class, but for those whose label was flipped."""
    rng = generator(0, "colored")
    truth = np.arange(count) % classes
    pictures = (COLORS[truth][:, None, None] + rng.integers(-25, 25, (count, 16, 16, 3))).clip(0, 255).astype(np.uint8)
    targets = truth.copy()
    targets[list(flips)] = (targets[list(flips)] + 1) % classes
    names = ("apple", "pear", "stone")[:classes]
    crops = tuple(builders.crop(n, names[target], shot=shots[n] if shots else None) for n, target in enumerate(targets))
    return Dataset(TASK, pictures, targets, crops, names)


def test_folds_keep_screenshots_together_and_spread_the_classes():
    groups = [n // 3 for n in range(120)]
    labels = [("apple", "pear", "pear")[n // 3 % 3] for n in range(120)]
    fold_of = grouped_folds(labels, groups, folds=5, seed=0)
    for group in set(groups):
        assert len({fold for fold, own in zip(fold_of, groups, strict=True) if own == group}) == 1
    apples = np.bincount(fold_of[np.array(labels) == "apple"], minlength=5)
    assert apples.max() - apples.min() <= 3
    assert (fold_of == grouped_folds(labels, groups, folds=5, seed=0)).all()
    assert (fold_of != grouped_folds(labels, groups, folds=5, seed=1)).any()


def test_folds_that_cannot_be_made_are_refused_with_a_remedy():
    with pytest.raises(UsageError, match="--folds 5"):
        grouped_folds(["a"] * 9, range(9), folds=2, seed=0)
    with pytest.raises(InputRejectedError, match="5 folds need at least 5 screenshots; got 3"):
        grouped_folds(["a"] * 9, [n // 3 for n in range(9)], folds=5, seed=0)
    with pytest.raises(InputRejectedError, match="the largest has 1"):
        grouped_folds(list("abcdef"), range(6), folds=5, seed=0)


def test_no_sample_is_predicted_by_a_model_that_learned_from_its_screenshot():
    samples = colored(60, shots=[n // 4 for n in range(60)])
    jobs = fold_jobs(samples, folds=5, settings=TrainingSettings(), repeats=2, seed=7)
    evaluated = np.concatenate([job.fold.test for job in jobs])
    assert np.bincount(evaluated).tolist() == [2] * 60
    shots = np.array([crop.screenshot_id for crop in samples.items])
    for job in jobs:
        parts = [set(shots[places]) for places in (job.fold.train, job.fold.val, job.fold.test)]
        assert sum(map(len, parts)) == len(set.union(*parts))
    assert {job.seed for job in jobs} == {7, 8}
    assert jobs[0].fold.val.tolist() != jobs[1].fold.val.tolist()


def test_a_class_of_one_screenshot_cannot_be_searched():
    samples = colored(30)
    crops = tuple(
        dataclasses.replace(crop, screenshot_id=99, fingerprint=builders.mark_of(99)) if crop.label == "stone" else crop
        for crop in samples.items
    )
    with pytest.raises(InputRejectedError, match="stone: too few screenshots"):
        fold_jobs(dataclasses.replace(samples, items=crops), folds=4, settings=SEARCH_SETTINGS, repeats=1, seed=0)


@pytest.mark.slow
def test_flipped_labels_of_real_crops_are_found_by_real_trainings_and_a_second_search_trains_nothing(tmp_path):
    flips = (4, 19, 35)
    samples = colored(60, flips=flips)
    settings = TrainingSettings(epochs=30, batch_size=8, learning_rate=0.02, patience=30)
    jobs = fold_jobs(samples, folds=3, settings=settings, repeats=1, seed=0)
    watcher = Counted()
    probabilities = out_of_fold(samples, jobs, folder=tmp_path, watcher=watcher)
    study = compare_labels(samples, probabilities, network="baseline", folds=3, repeats=1)
    index_of = {crop.file: index for index, crop in enumerate(samples.items)}
    found = [index_of[one.file] for one in study.suspects]
    assert set(found) == set(flips)
    assert [one.likely for one in study.suspects] == [samples.classes[index % 3] for index in found]
    assert study.agreeing == 57
    assert out_of_fold(samples, jobs, folder=tmp_path, watcher=watcher).tolist() == probabilities.tolist()
    assert (watcher.trained, watcher.known) == (3, 3)


@pytest.fixture(scope="module")
def searched(eager, tmp_path_factory):
    """A search of three folds and two repeats: its folder, samples, jobs and outcomes."""
    folder = tmp_path_factory.mktemp("suspects") / "search"
    samples, settings = colored(30), TrainingSettings(network="4c3-p4-8c3-p4", epochs=1, batch_size=8)
    jobs = fold_jobs(samples, folds=3, settings=settings, repeats=2, seed=0)
    return folder, samples, jobs, train_jobs(samples, jobs, folder=folder)


def test_a_training_that_diverged_is_in_no_average(searched, tmp_path):
    folder, samples, jobs, fold_results = searched
    broken = builders.mark_diverged(shutil.copytree(folder, tmp_path / "search"), "fold-1-*-seed-0-*")
    averaged = out_of_fold(samples, jobs, folder=broken)
    kept = next(one for one, job in zip(fold_results, jobs, strict=True) if "fold-1" in job.fold.name and job.seed)
    np.testing.assert_array_equal(averaged[jobs[2].fold.test], kept.predictions.probabilities)
    assert np.isfinite(averaged).all()


def test_crops_that_no_training_evaluated_are_counted_and_never_suspect(searched, tmp_path):
    folder, samples, jobs, _ = searched
    broken = builders.mark_diverged(shutil.copytree(folder, tmp_path / "search"), "fold-1-*")
    averaged = out_of_fold(samples, jobs, folder=broken)
    unevaluated = set(jobs[2].fold.test.tolist())
    assert set(np.flatnonzero(np.isnan(averaged).any(axis=1)).tolist()) == unevaluated
    wrong = (samples.targets + (np.arange(30) % 4 == 0)) % 3
    flipped = dataclasses.replace(samples, targets=wrong)
    truth = np.where(np.isnan(averaged), np.nan, np.eye(3)[samples.targets] * 0.9 + 0.05).astype(np.float32)
    found = compare_labels(flipped, truth, network="baseline", folds=3, repeats=2, diverged=2)
    assert found.samples == 30 - len(unevaluated)
    kept = [index for index in range(30) if index not in unevaluated]
    assert (found.unevaluated, found.agreeing) == (len(unevaluated), sum(index % 4 != 0 for index in kept))
    assert len(found.suspects) == sum(index % 4 == 0 for index in kept)
    assert not {one.file for one in found.suspects} & {samples.items[index].file for index in unevaluated}
    assert found.sentence().endswith(
        f" Trainings that diverged are left out: 2 of 6 in all; {len(unevaluated)} crops could not be checked."
    )
    with pytest.raises(InputRejectedError, match="no label was checked"):
        compare_labels(samples, np.full_like(truth, np.nan), network="binary", folds=3, repeats=2)


@pytest.mark.parametrize("likely", [[0] * 30, [at // 3 % 3 for at in range(30)]], ids=["always the same", "at random"])
def test_models_that_have_learned_nothing_make_no_label_suspect(likely):
    probabilities = np.full((30, 3), 0.02, dtype=np.float32)
    probabilities[np.arange(30), likely] = 0.96
    study = compare_labels(colored(30), probabilities, network="baseline", folds=3, repeats=1)
    assert not study.learned
    assert study.suspects == ()
    assert study.sentence().startswith(
        f"The models predict {study.agreeing} of 30 labels, no better than guessing: they"
    )


def test_the_list_says_where_each_suspect_is_and_is_loaded_as_it_was_saved(small_workspace, tmp_path):
    samples = colored(30, flips=(4,))
    probabilities = np.full((30, 3), 0.02, dtype=np.float32)
    probabilities[np.arange(30), np.arange(30) % 3] = 0.96
    study = compare_labels(samples, probabilities, network="baseline", folds=3, repeats=1)
    head, row = suspects_rows(study.suspects)
    told = dict(zip(head, row, strict=True))
    assert (told["crop"], told["screenshot"], told["given"], told["likely"]) == (
        "stone_0004.png",
        "4.png",
        "stone",
        "pear",
    )
    assert [told[edge] for edge in ("x_min", "y_min", "x_max", "y_max")] == [0, 0, 4, 4]
    assert float(told["margin"]) == pytest.approx(0.02 - 0.96)
    assert "1 of 30 labels is suspect" in study.sentence()
    workspace = dataclasses.replace(small_workspace, root=tmp_path)
    folder = workspace.studies / "label" / "suspects"
    dataclasses.replace(study, folder=folder).save()
    assert SuspectStudy.load(folder) == SuspectStudy.newest(workspace, "label") == study
    clean = compare_labels(colored(30), probabilities, network="baseline", folds=3, repeats=1)
    assert clean.sentence() == "No label of 30 is suspect."


def test_a_table_of_some_suspects_says_of_how_many():
    assert suspects_title("labels", 15, 19) == "The 15 most suspect labels of 19"
    assert suspects_title("labels", 2, 2) == suspects_title("labels", 2, 0) == "Suspect labels: 2"
