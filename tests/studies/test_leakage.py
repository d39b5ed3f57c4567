import dataclasses
import shutil

import pytest

from builders import contents, copied
from toonvision.evaluation.evaluate import evaluate_run
from toonvision.metrics.intervals import Proportion
from toonvision.studies.folds import StudyWatcher
from toonvision.studies.leakage import LeakageStudy, compare_naive
from toonvision.tasks.settings import TrainingSettings
from toonvision.training.record import find_run
from toonvision.training.repeat import train_run

pytestmark = pytest.mark.usefixtures("eager")


class Seen(StudyWatcher):
    def __init__(self):
        self.folds = []

    def ended(self, job, *_, known):
        self.folds.append((job.fold, known))


@pytest.fixture(scope="module")
def evaluated(small_workspace, tmp_path_factory):
    workspace = copied(small_workspace, tmp_path_factory.mktemp("leakage") / "workspace")
    run = train_run(workspace, workspace.taxonomy.task("label"), TrainingSettings(epochs=2, batch_size=4), seeds=[3])
    return workspace, run, evaluate_run(workspace, run)


def test_the_same_settings_are_trained_on_crops_whose_screenshots_are_divided(evaluated):
    workspace, run, evaluation = evaluated
    seen = Seen()
    study = compare_naive(workspace, run, evaluation, watcher=seen)
    ((fold, known),) = seen.folds
    shots = {number: crop.screenshot_id for number, crop in enumerate(workspace.known_crops())}
    subsets = [{shots[index] for index in indices.tolist()} for indices in (fold.train, fold.val, fold.test)]
    assert subsets[0] & subsets[2]
    assert not known
    assert (study.run, study.seed, study.grouped) == ("label/baseline-1", 3, evaluation.best.report.accuracy)
    assert (study.about, study.started) == (evaluation.record.title, evaluation.record.started)
    assert study.naive.total == len(fold.test)
    assert LeakageStudy.load(study.folder) == LeakageStudy.newest(workspace, "label") == study
    assert compare_naive(workspace, run, evaluation, watcher=seen) == study
    assert seen.folds[1][1]


def test_crops_are_resized_as_the_run_was_trained_whatever_the_workspace_says_now(evaluated, tmp_path):
    workspace, run, evaluation = evaluated
    before = compare_naive(workspace, run, evaluation)
    changed = dataclasses.replace(copied(workspace, tmp_path / "workspace"), resize="letterbox")
    shutil.rmtree(changed.studies)
    again = compare_naive(changed, find_run(changed.runs, "label/baseline-1"), evaluation)
    # A training is stored under the digest of what it learned from.
    assert sorted(contents(again.folder / "trainings")) == sorted(contents(before.folder / "trainings")) != []


def test_the_sentence_warns_only_where_the_difference_is_clear():
    study = LeakageStudy("suit/one", 0, Proportion(150, 200), Proportion(190, 200))
    assert "95.0 % (91.0–97.3), 20.0 points higher than 75.0 % " in study.sentence()
    assert study.sentence().endswith("do not trust its scores.")
    assert dataclasses.replace(study, naive=Proportion(149, 200)).sentence().endswith("; the intervals overlap.")
