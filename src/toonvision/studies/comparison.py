"""Models that have not seen a context, compared with those of an ordinary run on the same crops."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from toonvision.core.errors import InputRejectedError, ModelRefusedError, UsageError
from toonvision.data.catalog import Crop
from toonvision.data.workspace import Workspace
from toonvision.evaluation.evaluate import Evaluation, evaluate_run
from toonvision.metrics.classification import Indices
from toonvision.metrics.intervals import Proportion
from toonvision.models.registry import find_network, input_size
from toonvision.studies.folds import FoldResult, Job, StudyWatcher
from toonvision.studies.store import StudyOptions
from toonvision.tasks.base import Dataset
from toonvision.tasks.settings import TrainingSettings
from toonvision.taxonomy.labels import Category, Task
from toonvision.training.recipes import recipe_in, settings_for
from toonvision.training.record import RunRecord, find_run, read_record, readable_records

T = TypeVar("T")


@dataclass(frozen=True)
class ContextScore:
    """How models do on a context that they have not seen.

    Attributes:
        context: Its name.
        title: Its name for people.
        color: ``#rrggbb``.
        samples: How many crops were evaluated: all that the context has.
        trained_on: How many crops each model learned from.
        right: Right answers of each training that did not diverge.
        macro_f1: Of each of those, over the classes that have samples in the context.
        shared: How many of the crops are in the ordinary test, too.
        shared_right: Right answers about those, by the models that have not seen the context.
        ordinary_right: Right answers about those by each training of the ordinary run.
        diverged: Seeds of the trainings that are left out because their loss became NaN.
    """

    context: str
    title: str
    color: str
    samples: int
    trained_on: int
    right: tuple[int, ...]
    macro_f1: tuple[float, ...]
    shared: int
    shared_right: tuple[int, ...]
    ordinary_right: tuple[int, ...]
    diverged: tuple[int, ...] = ()

    @property
    def accuracy(self) -> Proportion:
        """The mean count of right answers, rounded, out of all crops."""
        return Proportion(round(statistics.mean(self.right)), self.samples)

    @property
    def ordinary(self) -> Proportion:
        """The same of the ordinary run, over the shared crops."""
        return Proportion(round(statistics.mean(self.ordinary_right)), self.shared)

    @property
    def accuracy_range(self) -> tuple[float, float]:
        """Accuracy of the worst and of the best training, 0 to 1."""
        return min(self.right) / self.samples, max(self.right) / self.samples


@dataclass(frozen=True)
class OrdinaryTest:
    """How models that have seen every context do on the test subset of an ordinary split.

    Attributes:
        title: The run's name, or what was trained instead of one.
        crops: Ids of the crops.
        right: Whether each training that did not diverge was right about each crop, shape ``(trainings, crops)``, bool.
        macro_f1: Of each of those.
        trained_on: How many samples it learned from.
        diverged: How many trainings are left out.
        started: When the run was started; empty where there is none.
    """

    title: str
    crops: tuple[int, ...]
    right: npt.NDArray[np.bool_]
    macro_f1: tuple[float, ...]
    trained_on: int
    diverged: int
    started: str = ""


def choose_comparison(
    workspace: Workspace, task: Task, asked: StudyOptions, *, against: str | None, watcher: StudyWatcher
) -> tuple[TrainingSettings, tuple[int, int], OrdinaryTest | None]:
    """Decide how to train without a context, and find a run that was trained in the same way on all of them.

    That is the run asked for, or the newest of the network that still fits the data; `watcher` is called with the runs
    cannot be compared with.

    Returns:
        Settings, height and width of the input, and the run's test; None if no run was trained in the same way.

    Raises:
        UsageError: If there is no such run or network, or the run asked for predicts another level or was trained
            otherwise than asked for.
        InputRejectedError: If the run asked for does not fit the data any more.
        ModelRefusedError: If it cannot be used.
    """
    network = find_network(asked.network).name if asked.network else None
    wanted = network or settings_for().network
    found = find_comparison(workspace, task, asked, against=against, network=wanted, watcher=watcher, read=_test_of)
    if not found:
        settings = recipe_in(workspace, task, wanted, split=None)
        settings = replace(settings, epochs=asked.epochs or settings.epochs)
        return settings, asked.size_hw or input_size(settings.network, workspace.size_hw), None
    test, record = found
    settings = replace(record.settings, epochs=asked.epochs or record.settings.epochs)
    size = asked.size_hw or record.size_hw
    if (settings, size, workspace.resize) == (record.settings, record.size_hw, record.resize):
        return settings, size, test
    if against:
        raise UsageError(
            f"--against {record.title} was trained with other epochs, another size or another resize, so the context "
            "would not be the only difference. Leave out --against, or --epochs and --size."
        )
    return settings, size, None


def ordinary_test(
    title: str,
    crops: Sequence[Crop],
    y_true: Indices,
    y_pred: npt.NDArray[np.int64],
    *,
    diverged: Sequence[bool],
    trained_on: int,
    started: str = "",
) -> OrdinaryTest:
    """Score the predictions of an ordinary run, shape ``(trainings, samples)``, without those that diverged.

    Raises:
        InputRejectedError: If all diverged.
    """
    if all(diverged):
        raise InputRejectedError(
            f"{title}: every training diverged, so there is nothing to compare with. Train another network or size."
        )
    predicted = y_pred[~np.array(diverged)]
    return OrdinaryTest(
        title=title,
        crops=tuple(crop.id for crop in crops),
        right=predicted == y_true,
        macro_f1=tuple(macro_f1(y_true, row) for row in predicted),
        trained_on=trained_on,
        diverged=sum(diverged),
        started=started,
    )


def trained_test(dataset: Dataset, job: Job, results: Sequence[FoldResult]) -> OrdinaryTest:
    """Score what was trained on all contexts because there is no run like it; raises as `ordinary_test` does.

    The job is that of any seed.
    """
    fold = job.fold
    return ordinary_test(
        fold.name,
        [dataset.crops[index] for index in fold.test],
        dataset.targets[fold.test],
        np.stack([result.predictions.labels for result in results]),
        diverged=[result.diverged for result in results],
        trained_on=len(job.learned),
    )


def compare_context(
    dataset: Dataset, context: Category, job: Job, results: Mapping[int, FoldResult], test: OrdinaryTest
) -> tuple[ContextScore, Indices, tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]] | None:
    """Count right answers of trainings by seed on a context, and on those of its crops that the ordinary test has, too.

    The job is that of any seed.

    Returns:
        The score, the indices of the shared crops, and whether the models without the context and the ordinary ones
        were right about those, each of shape ``(trainings, shared)``; None if every training diverged.
    """
    fold = job.fold
    kept = [result.predictions.labels for result in results.values() if not result.diverged]
    if not kept:
        return None
    y_true, predicted = dataset.targets[fold.test], np.stack(kept)
    index_of = {crop: index for index, crop in enumerate(test.crops)}
    rows = [index_of.get(dataset.crops[index].id, -1) for index in fold.test]
    both = np.flatnonzero(np.array(rows) >= 0)
    right, ordinary = predicted == y_true, test.right[:, [rows[at] for at in both]]
    score = ContextScore(
        context=context.name,
        title=context.title,
        color=context.color,
        samples=len(y_true),
        trained_on=len(job.learned),
        right=tuple(right.sum(axis=1).tolist()),
        macro_f1=tuple(macro_f1(y_true, row) for row in predicted),
        shared=len(both),
        shared_right=tuple(right[:, both].sum(axis=1).tolist()),
        ordinary_right=tuple(ordinary.sum(axis=1).tolist()),
        diverged=tuple(seed for seed, one in results.items() if one.diverged),
    )
    return score, fold.test[both], (right[:, both], ordinary)


def macro_f1(y_true: Indices, y_pred: Indices) -> float:
    """Return the mean F1 over the classes that have samples: a class that a context lacks cannot be found in it."""
    from sklearn.metrics import f1_score

    return float(f1_score(y_true, y_pred, labels=np.unique(y_true), average="macro", zero_division=0.0))


def find_comparison(
    workspace: Workspace,
    task: Task,
    asked: StudyOptions,
    *,
    against: str | None,
    network: str,
    watcher: StudyWatcher,
    read: Callable[[Evaluation[Any]], T],
) -> tuple[T, RunRecord] | None:
    """Evaluate the run asked for, or the newest of the network, and of the size asked for, that still fits the data.

    Args:
        workspace: Where the runs are.
        task: What they predict.
        asked: What the study is asked for.
        against: The run to compare with; None for the newest.
        network: The network of the newest.
        watcher: Called with which runs cannot be compared with, and why.
        read: Returns what is to be known of an evaluation.

    Returns:
        What was read, and the run; None if there is no run to compare with.

    Raises:
        UsageError: If there is no such run, or it predicts something else than the task, or with another network than
            asked for.
        InputRejectedError: If it does not fit the data any more.
        ModelRefusedError: If it cannot be used.
    """
    folders = [find_run(workspace.runs, against)] if against else done_runs(workspace, task, network, asked.size_hw)
    for folder in folders:
        try:
            record = read_record(folder)
            require_alike(record, task, asked)
            return read(evaluate_run(workspace, folder, novelty=False)), record
        except (InputRejectedError, ModelRefusedError, UsageError) as error:
            if against:
                raise
            watcher.noted(f"not compared with {folder.name}: {error}")
    return None


def require_alike(record: RunRecord, task: Task, asked: StudyOptions) -> None:
    """Refuse to compare with a run that predicts something else than a task, or with another network than asked for.

    Raises:
        UsageError: Saying what differs.
    """
    if record.kind != task.kind:
        raise UsageError(f"{record.title} is of the kind {record.kind}, not {task.kind}. Choose another --against.")
    if record.level != task.level:
        raise UsageError(f"{record.title} predicts {record.level}, not {task.level}. Choose another --against.")
    network, wanted = record.settings.network, find_network(asked.network).name if asked.network else None
    if wanted not in (None, network):
        raise UsageError(f"--against {record.title} is a run of {network}; got --model {wanted}. Leave out --model.")


def _test_of(evaluation: Evaluation[Any]) -> OrdinaryTest:
    record = evaluation.record
    return ordinary_test(
        record.title,
        evaluation.crops,
        evaluation.best.y_true,
        np.stack([scores.predicted for scores in evaluation.scores]),
        diverged=[repeat.diverged for repeat in record.repeats],
        trained_on=record.learned_from,
        started=record.started,
    )


def done_runs(workspace: Workspace, task: Task, network: str, size_hw: tuple[int, int] | None) -> list[Path]:
    """Return the folders of a task's runs of a network that are done, the newest first; with a size only those of it.

    Args:
        workspace: Where they are.
        task: What they predict.
        network: Their network.
        size_hw: Height and width of their input in pixels; None for any.
    """
    return [
        folder
        for folder, record in readable_records(workspace.runs)
        if record.task == task.name
        and record.settings.network == network
        and record.status == "done"
        and size_hw in (None, record.size_hw)
    ]
