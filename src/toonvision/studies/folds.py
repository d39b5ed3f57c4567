"""The trainings of a study: each has its own fold of the samples, and leaves its predictions in the study's folder.

The predictions of each are saved as it ends, so that a study that was killed resumes; the models are not saved.
"""

import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from toonvision.core.errors import InputRejectedError
from toonvision.core.files import write_bytes
from toonvision.core.progress import unwatched
from toonvision.data.fitting import Resize
from toonvision.data.splits import read_split
from toonvision.data.subsets import SUBSETS
from toonvision.data.trainable import another_class, instead_of_naming
from toonvision.data.workspace import Workspace
from toonvision.metrics.classification import Indices
from toonvision.metrics.predictions import Predictions
from toonvision.models.backend import installed_versions
from toonvision.tasks.base import Dataset
from toonvision.tasks.classify import require_learnable
from toonvision.tasks.networks import predict
from toonvision.tasks.registry import kind_of, load_dataset
from toonvision.tasks.settings import TrainingSettings
from toonvision.taxonomy.labels import CLASSIFY, Task
from toonvision.training.fit import fit
from toonvision.training.history import EpochWatcher
from toonvision.training.parallel import train_all, trainings_at_once

TRAININGS = "trainings"
_NUMBERS = ("epochs", "best_epoch", "seconds", "diverged")


@dataclass(frozen=True)
class Fold:
    """Indices of the samples that are learned from, that decide when to stop, and that are evaluated.

    Its name is part of a file's name.
    """

    name: str
    train: Indices
    val: Indices
    test: Indices

    def learned(self, *, with_validation: bool) -> Indices:
        """Return the samples that are learned from: `train`, and with the validation subset those of `val` too."""
        return np.concatenate([self.train, self.val]) if with_validation else self.train


@dataclass(frozen=True, eq=False)
class Job:
    """One training of a study."""

    fold: Fold
    settings: TrainingSettings
    seed: int

    @property
    def learned(self) -> Indices:
        """The samples that it learns from."""
        return self.fold.learned(with_validation=self.settings.with_validation)


@dataclass(frozen=True)
class FoldResult:
    """The result of one training.

    Attributes:
        predictions: Of the fold's test samples, in their order.
        epochs: How many epochs were run.
        best_epoch: The epoch, from 1, whose weights were used; 0 for the initial weights.
        seconds: How long it took.
        diverged: Whether the loss became NaN.
    """

    predictions: Predictions
    epochs: int
    best_epoch: int
    seconds: float
    diverged: bool


class StudyWatcher(Protocol):
    """Follows a study. The methods do nothing; override those that you want to see."""

    def noted(self, text: str) -> None:
        """Something that a person should know, as a sentence."""

    def started(self, network: str, missing: int, total: int) -> None:
        """Of `total` trainings `missing` are still to be done."""

    def epoch_ended(self, job: Job, epoch: int, logs: Mapping[str, float]) -> None:
        """An epoch, from 1, of a training ended with these metrics."""

    def ended(self, job: Job, result: FoldResult, number: int, total: int, *, known: bool) -> None:
        """A training ended, or its result was there from before (`known`)."""


def task_dataset(
    workspace: Workspace,
    task: Task,
    size_hw: tuple[int, int],
    *,
    resize: Resize | None = None,
    network: str | None = None,
) -> Dataset:
    """Load all samples of a task, whatever split they are in; `resize` takes the place of the workspace's.

    See `toonvision.tasks.registry.load_dataset` for the network.

    Raises:
        InputRejectedError: If too few classes have samples: fewer than two, or none to be found; with the counts.
    """
    known = [workspace.taxonomy.class_of(crop.label, task.level) for crop in workspace.known_crops()]
    counts = Counter(name for name in known if name is not None)
    needed = "at least two classes" if task.kind == CLASSIFY else "a class"
    if len(counts) < (2 if task.kind == CLASSIFY else 1):
        listed = ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"
        remedy, instead = "annotate more screenshots", ""
        if counts:
            remedy, instead = another_class(task.level), instead_of_naming(workspace.taxonomy.finding)
        raise InputRejectedError(
            f"training needs {needed} with samples; got {len(counts)}. Samples: {listed}. "
            f"{remedy[0].upper()}{remedy[1:]}, then run toonvision extract.{instead}"
        )
    return load_dataset(workspace, task, size_hw=size_hw, split=None, resize=resize, network=network)


def split_fold(workspace: Workspace, dataset: Dataset, split_name: str) -> Fold:
    """Return the fold that a saved split makes of a dataset.

    Raises:
        UsageError: If there is no such split.
        InputRejectedError: If a class could not be learned or evaluated.
    """
    split, level = read_split(workspace.splits, split_name), workspace.taxonomy.level(dataset.task.level)
    require_learnable(workspace, level, split, dataset.crops)
    return fold_of_subsets(f"split {split.name}", [split.subset_of(crop) for crop in dataset.crops])


def fold_of_subsets(name: str, subset_of: Sequence[str | None]) -> Fold:
    """Return the fold of samples of each of which the subset is given: train, val or test, or else none of them."""
    subsets = np.array([subset or "" for subset in subset_of])
    return Fold(name, *(np.flatnonzero(subsets == subset) for subset in SUBSETS))


def classes_without_samples(dataset: Dataset, *indices: Indices) -> list[str]:
    """Return the classes of which at least one of the sets of samples has none."""
    each = kind_of(dataset.task).occurrences(dataset)
    counts = [each[some].sum(axis=0) for some in indices]
    return [name for name, fewest in zip(dataset.classes, np.min(counts, axis=0), strict=True) if not fewest]


def train_jobs(
    dataset: Dataset, jobs: Sequence[Job], *, folder: Path | None = None, watcher: StudyWatcher = unwatched
) -> list[FoldResult]:
    """Train and predict, several jobs at once where that is faster; return the results in the order of the jobs.

    Each result is saved in the study's folder as it comes, and used again; without a folder nothing is saved.

    Raises:
        UsageError: If the input is too small for the network.
    """
    paths = [folder / TRAININGS / _result_name(dataset, job) if folder else None for job in jobs]
    results = [_read(path, len(job.fold.test)) if path else None for job, path in zip(jobs, paths, strict=True)]
    for index, known in enumerate(results):
        if known:
            watcher.ended(jobs[index], known, index + 1, len(jobs), known=True)
    missing = [index for index, known in enumerate(results) if not known]

    def ended(index: int, result: FoldResult) -> None:
        if path := paths[index]:
            _write(path, result)
        results[index] = result
        watcher.ended(jobs[index], result, index + 1, len(jobs), known=False)

    if missing:
        watcher.started(jobs[missing[0]].settings.network, len(missing), len(jobs))
        train_all(
            partial(_train, dataset),
            [jobs[index] for index in missing],
            at_once=min(_at_once(dataset, jobs[index], len(missing)) for index in missing),
            epoch_ended=lambda number, epoch, logs: watcher.epoch_ended(jobs[missing[number]], epoch, logs),
            ended=lambda number, result: ended(missing[number], result),
        )
    return [result for result in results if result]


def wrong_predictions(dataset: Dataset, job: Job, result: FoldResult) -> npt.NDArray[np.bool_]:
    """Return whether a training is wrong about each of its fold's test samples, shape ``(samples,)``."""
    fold = replace(dataset, indices={"test": job.fold.test})
    return kind_of(dataset.task).score(result.predictions, fold, "test").wrong


def diverged_sentence(groups: Iterable[tuple[str, int, int]]) -> str:
    """Return a sentence, with a blank before it, on the trainings that diverged; empty where none did.

    Args:
        groups: What was trained, how many of its trainings diverged, and how many there were.

    Examples:
        >>> diverged_sentence([("at size 0.25", 1, 3), ("at size 0.5", 0, 3)])
        ' Trainings that diverged are left out: 1 of 3 at size 0.25.'
    """
    listed = [f"{diverged} of {total} {what}" for what, diverged, total in groups if diverged]
    return f" Trainings that diverged are left out: {'; '.join(listed)}." if listed else ""


def _at_once(dataset: Dataset, job: Job, trainings: int) -> int:
    return trainings_at_once(job.settings, size_hw=dataset.size_hw, images=len(job.fold.train), trainings=trainings)


def _train(dataset: Dataset, job: Job, watcher: EpochWatcher) -> FoldResult:
    fold = job.fold
    model, history = fit(dataset, train=fold.train, val=fold.val, settings=job.settings, seed=job.seed, watcher=watcher)
    predictions = predict(kind_of(dataset.task), model, dataset.images[fold.test])
    return FoldResult(predictions, len(history.epochs), history.best_epoch, history.seconds, history.diverged)


def _result_name(dataset: Dataset, job: Job) -> str:
    """Name a result by everything that it depends on, so that a stale one is never used."""
    fold = job.fold
    learned = np.concatenate([fold.train, fold.val])
    content = [
        [[dataset.items[index].hash for index in indices] for indices in (learned, fold.test)],
        len(fold.train),
        dataset.truth_digest(learned),
        dataset.images.shape[1:],
        hashlib.sha256(dataset.images[fold.test[:8]].tobytes()).hexdigest(),  # how they were resized
        asdict(job.settings),
        installed_versions(),
    ]
    digest = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in fold.name)
    return f"{plain[:60]}-seed-{job.seed}-{digest}.npz"


def _write(path: Path, result: FoldResult) -> None:
    arrays = {name: value for name, value in vars(result.predictions).items() if value is not None}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays, **{name: getattr(result, name) for name in _NUMBERS})
    write_bytes(path, buffer.getvalue())


def _read(path: Path, images: int) -> FoldResult | None:
    """Return a saved result; None if it is missing, damaged, or of another number of images."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            values = {name: archive[name] for name in archive.files}
        numbers = [values.pop(name).item() for name in _NUMBERS]
        predictions = Predictions(**{**values, "images": int(values["images"])})
    except MemoryError:
        raise
    except Exception:  # a damaged archive raises errors of many kinds
        return None
    sound = predictions.images == images and np.isfinite(predictions.scores).all()
    return FoldResult(predictions, *numbers) if sound else None
