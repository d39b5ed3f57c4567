import dataclasses
import json
import shutil

import numpy as np
import pytest

import builders
from toonvision.core.errors import InputRejectedError, UsageError
from toonvision.core.seeds import generator
from toonvision.data.arrays import Samples
from toonvision.studies.folds import Unwatched, grouped_folds, newest_study, recipe_of, study_folder, train_jobs
from toonvision.studies.suspects import (
    RESULT,
    SEARCH_SETTINGS,
    find_suspects,
    fold_jobs,
    newest_suspects,
    out_of_fold,
    read_suspects,
    suspects_rows,
)
from toonvision.tasks.settings import Augmentation, TrainingSettings

COLORS = np.array([[220, 30, 30], [30, 220, 30], [30, 30, 220]])


class Counted(Unwatched):
    def __init__(self):
        self.known, self.trained = 0, 0

    def ended(self, *_, known):
        self.known += known
        self.trained += not known


def colored(count=60, *, flips=(), classes=3, shots=None):
    """Give samples whose colour is their class, but for those whose label was flipped."""
    rng = generator(0, "colored")
    truth = np.arange(count) % classes
    pictures = (COLORS[truth][:, None, None] + rng.integers(-25, 25, (count, 16, 16, 3))).clip(0, 255).astype(np.uint8)
    targets = truth.copy()
    targets[list(flips)] = (targets[list(flips)] + 1) % classes
    names = ("apple", "pear", "stone")[:classes]
    crops = tuple(builders.crop(n, names[target], shot=shots[n] if shots else None) for n, target in enumerate(targets))
    return Samples(pictures, targets, crops, names)


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


def test_no_sample_is_judged_by_a_model_that_learned_from_its_screenshot():
    samples = colored(60, shots=[n // 4 for n in range(60)])
    jobs = fold_jobs(samples, folds=5, settings=TrainingSettings(), repeats=2, seed=7)
    judged = np.concatenate([job.division.test for job in jobs])
    assert np.bincount(judged).tolist() == [2] * 60
    shots = np.array([crop.screenshot_id for crop in samples.crops])
    for job in jobs:
        parts = [set(shots[places]) for places in (job.division.train, job.division.val, job.division.test)]
        assert sum(map(len, parts)) == len(set.union(*parts))
    assert {job.seed for job in jobs} == {7, 8}
    assert jobs[0].division.val.tolist() != jobs[1].division.val.tolist()


def test_a_class_of_one_screenshot_cannot_be_searched():
    samples = colored(30)
    crops = tuple(
        dataclasses.replace(crop, screenshot_id=99, fingerprint=builders.mark_of(99)) if crop.label == "stone" else crop
        for crop in samples.crops
    )
    with pytest.raises(InputRejectedError, match="stone: too few screenshots"):
        fold_jobs(dataclasses.replace(samples, crops=crops), folds=4, settings=SEARCH_SETTINGS, repeats=1, seed=0)


def test_flipped_labels_of_real_pictures_are_found_by_real_trainings_and_a_second_search_trains_nothing(tmp_path):
    flips = (4, 19, 35)
    samples = colored(60, flips=flips)
    settings = TrainingSettings(epochs=30, batch_size=8, learning_rate=0.02, patience=30)
    jobs = fold_jobs(samples, folds=3, settings=settings, repeats=1, seed=0)
    watcher = Counted()
    probabilities = out_of_fold(samples, jobs, folder=tmp_path, watcher=watcher)
    study = find_suspects(samples, probabilities, task="label", network="baseline", folds=3, repeats=1)
    assert {one.place for one in study.suspects} == set(flips)
    assert [one.likely for one in study.suspects] == [samples.classes[one.place % 3] for one in study.suspects]
    assert study.agreeing == 57
    assert out_of_fold(samples, jobs, folder=tmp_path, watcher=watcher).tolist() == probabilities.tolist()
    assert (watcher.trained, watcher.known) == (3, 3)


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """A search of three folds and two repeats: its folder, samples, jobs and outcomes."""
    folder = tmp_path_factory.mktemp("suspects") / "search"
    samples, settings = colored(30), TrainingSettings(epochs=1, batch_size=8)
    jobs = fold_jobs(samples, folds=3, settings=settings, repeats=2, seed=0)
    return folder, samples, jobs, train_jobs(samples, jobs, folder=folder)


def test_a_training_that_diverged_is_in_no_average(searched, tmp_path):
    folder, samples, jobs, fold_results = searched
    broken = builders.mark_diverged(shutil.copytree(folder, tmp_path / "search"), "fold-1-*-seed-0-*")
    averaged = out_of_fold(samples, jobs, folder=broken)
    kept = next(one for one, job in zip(fold_results, jobs, strict=True) if "fold-1" in job.division.name and job.seed)
    np.testing.assert_array_equal(averaged[jobs[2].division.test], kept.probabilities)
    assert np.isfinite(averaged).all()


def test_crops_that_no_training_judged_are_counted_and_never_suspect(searched, tmp_path):
    folder, samples, jobs, _ = searched
    broken = builders.mark_diverged(shutil.copytree(folder, tmp_path / "search"), "fold-1-*")
    averaged = out_of_fold(samples, jobs, folder=broken)
    unevaluated = set(jobs[2].division.test.tolist())
    assert set(np.flatnonzero(np.isnan(averaged).any(axis=1)).tolist()) == unevaluated
    flipped = dataclasses.replace(samples, targets=(samples.targets + 1) % 3)
    truth = np.where(np.isnan(averaged), np.nan, np.eye(3)[samples.targets] * 0.9 + 0.05).astype(np.float32)
    found = find_suspects(flipped, truth, task="label", network="baseline", folds=3, repeats=2, diverged=2)
    assert found.samples == 30 - len(unevaluated)
    assert (found.unevaluated, found.agreeing) == (len(unevaluated), 0)
    assert found.suspects
    assert all(one.place not in unevaluated and one.file == samples.crops[one.place].file for one in found.suspects)
    assert found.sentence().endswith(
        f" Trainings that diverged are in no mean: 2 of 6 in all, so that nothing is said of {len(unevaluated)} crops."
    )
    with pytest.raises(InputRejectedError, match="no label was judged"):
        find_suspects(samples, np.full_like(truth, np.nan), task="label", network="binary", folds=3, repeats=2)


def test_the_list_says_where_each_suspect_is_and_is_read_back(tmp_path):
    samples = colored(30, flips=(4,))
    probabilities = np.full((30, 3), 0.02, dtype=np.float32)
    probabilities[np.arange(30), np.arange(30) % 3] = 0.96
    study = find_suspects(samples, probabilities, task="label", network="baseline", folds=3, repeats=1)
    head, row = suspects_rows(study)
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
    folder = tmp_path / "suspects" / "label" / "binary"
    folder.mkdir(parents=True)
    (folder / RESULT).write_text(json.dumps(dataclasses.asdict(study)))
    assert read_suspects(folder) == newest_suspects(tmp_path, "label") == study
    clean = find_suspects(colored(30), probabilities, task="label", network="baseline", folds=3, repeats=1)
    assert clean.sentence() == "No label of 30 is suspect."


def test_a_study_of_the_same_recipe_is_gone_on_with_and_one_of_another_is_never_overwritten(tmp_path):
    samples = colored(30)
    first = recipe_of(samples, TrainingSettings(), kind="x")
    other = recipe_of(samples, TrainingSettings(augmentation=Augmentation(flip=True)), kind="x")
    assert study_folder(tmp_path, first, default="baseline").name == "baseline"
    assert study_folder(tmp_path, other, default="baseline").name == "baseline-2"
    assert study_folder(tmp_path, first, default="baseline").name == "baseline"
    assert study_folder(tmp_path, first, default="baseline", name="mine").name == "mine"
    with pytest.raises(UsageError, match="other settings, other pictures or other versions"):
        study_folder(tmp_path, other, default="baseline", name="mine")
    assert study_folder(tmp_path, other, default="baseline", name="mine", force=True).name == "mine"
    with pytest.raises(UsageError, match="letters, digits"):
        study_folder(tmp_path, first, default="baseline", name="../mine")
    assert newest_study(tmp_path, RESULT) is None


def test_force_without_a_name_takes_the_study_of_the_same_recipe_and_only_without_one_the_first(tmp_path):
    first, second, third = ({"kind": kind} for kind in "abc")
    for recipe in (first, second):
        study_folder(tmp_path, recipe, default="baseline")
    assert study_folder(tmp_path, second, default="baseline", force=True).name == "baseline-2"
    assert json.loads((tmp_path / "baseline" / "recipe.json").read_text()) == first
    assert study_folder(tmp_path, third, default="baseline", force=True).name == "baseline"
    assert json.loads((tmp_path / "baseline" / "recipe.json").read_text()) == third


def test_a_study_is_gone_on_with_although_one_of_a_lower_number_is_gone(tmp_path):
    folders = [study_folder(tmp_path, {"kind": kind}, default="baseline") for kind in "abc"]
    shutil.rmtree(folders[1])
    assert study_folder(tmp_path, {"kind": "c"}, default="baseline") == folders[2]
    assert study_folder(tmp_path, {"kind": "d"}, default="baseline") == folders[1]
