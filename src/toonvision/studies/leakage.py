"""Leakage: how much better a run looks on a naive split, which does not keep the crops of a screenshot together."""

from dataclasses import dataclass
from pathlib import Path

from toonvision.core.errors import InputRejectedError
from toonvision.core.panels import Table, table
from toonvision.core.progress import unwatched
from toonvision.core.wording import interval, percent
from toonvision.data.split_plan import naive_subsets
from toonvision.data.splits import read_split
from toonvision.data.workspace import Workspace
from toonvision.evaluation.evaluate import ClassEvaluation
from toonvision.metrics.intervals import Proportion
from toonvision.studies.folds import Job, StudyWatcher, fold_of_subsets, task_dataset, train_jobs, wrong_predictions
from toonvision.studies.store import RunStudy, recipe_of, study_folder


@dataclass(frozen=True)
class LeakageStudy(RunStudy):
    """A run compared with the same training on a naive split.

    Attributes:
        run: The run.
        seed: Of the training on the naive split, and of that split: the same as of the run's model.
        grouped: Right predictions of the run's model on its test subset.
        naive: Right predictions of the same training on the test subset of the naive split.
    """

    FILE, WHAT, COMMAND = "leakage.json", "comparison with a naive split", "evaluate RUN --naive"
    AGAIN = "evaluate {run} --naive"

    run: str
    seed: int
    grouped: Proportion
    naive: Proportion

    @property
    def about(self) -> str:
        """The name of the run."""
        return self.run

    def sentence(self) -> str:
        """Return how much the naive split flatters, in plain words."""
        points = 100 * (self.naive.share - self.grouped.share)
        clear = self.naive.interval[0] > self.grouped.interval[1]
        difference = f"{abs(points):.1f} points {'higher' if points >= 0 else 'lower'}"
        return (
            "On a naive split, which puts crops of one screenshot into different subsets, the same training has an "
            f"accuracy of {self.naive}, {difference} than {self.grouped} on the grouped split"
            f"{'. Such a split hides errors: do not trust its scores.' if clear else '; the intervals overlap.'}"
        )


def compare_naive(
    workspace: Workspace, run: Path, evaluation: ClassEvaluation, *, watcher: StudyWatcher = unwatched
) -> LeakageStudy:
    """Train a run's settings once more on a naive split, and save how much better that looks.

    Raises:
        UsageError: If the run's split is gone.
        InputRejectedError: If the training diverged.
    """
    record = evaluation.record
    dataset = task_dataset(workspace, workspace.taxonomy.task(record.task), record.size_hw, resize=record.resize)
    split, seed = read_split(workspace.splits, record.split), record.best_seed
    subsets = naive_subsets(dataset.crops, split, seed=seed)
    fold = fold_of_subsets("naive", [subsets.get(crop.id) for crop in dataset.crops])
    recipe = recipe_of(dataset, record.settings, kind="leakage", run=record.title, seed=seed)
    folder = study_folder(workspace, record.task, recipe)
    job = Job(fold, record.settings, seed)
    (result,) = train_jobs(dataset, [job], folder=folder, watcher=watcher)
    if result.diverged:
        raise InputRejectedError(f"{run}: the training on a naive split diverged, so there is nothing to compare with.")
    right = int((~wrong_predictions(dataset, job, result)).sum())
    naive = Proportion(right, len(fold.test))
    grouped = evaluation.best.report.accuracy
    return LeakageStudy(record.title, seed, grouped, naive, started=record.started, folder=folder).save()


def leakage_table(study: LeakageStudy) -> Table:
    """Return both accuracies as a table."""
    columns = ("Split", "Right", "Of", "Accuracy", "95 % interval")
    rows = tuple(
        (name, f"{right.count:,}", f"{right.total:,}", percent(right.share), interval(right))
        for name, right in (("Grouped: screenshots stay together", study.grouped), ("Naive", study.naive))
    )
    return table("The same training on a naive split", columns, rows, note=study.sentence())
