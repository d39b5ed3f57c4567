"""The trainings of a study: each has its own fold of the samples, and leaves its predictions in the study's folder.

A study (contexts, suspects, curve) is a list of trainings that differ in who learns and who is evaluated. The
predictions of each are saved as it ends, so that a study that was killed resumes; the models are not saved.
"""

import hashlib
import io
import json
import warnings
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from toonvision.core.errors import Finding, InputRejectedError, UsageError
from toonvision.core.files import write_bytes
from toonvision.core.runner import Report, work_through
from toonvision.core.seeds import SEED_LIMIT, generator
from toonvision.data.arrays import Samples, load_samples
from toonvision.data.split_summary import require_trainable, subset_table
from toonvision.data.splits import SUBSETS, read_split
from toonvision.data.workspace import Workspace
from toonvision.metrics.classification import Indices
from toonvision.metrics.predictions import Probabilities
from toonvision.models.backend import backend_faults, installed_versions, start_keras
from toonvision.tasks.classify import dataset_of, predict_probabilities
from toonvision.tasks.settings import TrainingSettings
from toonvision.taxonomy.labels import Task
from toonvision.training.parallel import threads_for, trainings_at_once

TRAININGS = "trainings"


@dataclass(frozen=True)
class Fold:
    """Which samples are learned from, decide when to stop, and are evaluated.

    Attributes:
        name: What to call it; part of a file's name.
        train: Indices of the samples to learn from.
        val: Indices of the samples that decide when to stop.
        test: Indices of the samples to predict.
    """

    name: str
    train: Indices
    val: Indices
    test: Indices


@dataclass(frozen=True)
class Job:
    """One training of a study."""

    fold: Fold
    settings: TrainingSettings
    seed: int


@dataclass(frozen=True)
class FoldResult:
    """The result of one training.

    Attributes:
        probabilities: Of the fold's test samples, in their order, shape ``(samples, classes)``, float32, 0 to 1.
        epochs: How many epochs were run.
        best_epoch: The epoch, from 1, whose weights were used; 0 for the initial weights.
        seconds: How long it took.
        diverged: Whether the loss became NaN.
    """

    probabilities: Probabilities
    epochs: int
    best_epoch: int
    seconds: float
    diverged: bool


class StudyWatcher(Protocol):
    """Whoever wants to follow a study."""

    def planned(self, folder: Path, findings: Sequence[Finding]) -> None:
        """The study will be saved in `folder`; `findings` say what it has to leave out."""

    def noted(self, text: str) -> None:
        """Something that a person should know, as a sentence."""

    def started(self, network: str, missing: int, total: int) -> None:
        """Of `total` trainings `missing` are still to be done."""

    def epoch_ended(self, job: Job, epoch: int, logs: Mapping[str, float]) -> None:
        """An epoch, from 1, of a training ended with these metrics."""

    def ended(self, job: Job, result: FoldResult, number: int, total: int, *, known: bool) -> None:
        """A training ended, or its result was there from before (`known`)."""


class Unwatched:
    """Ignores everything; override what you want to see."""

    def planned(self, *_: Any, **__: Any) -> None:
        """Do nothing."""

    noted = started = epoch_ended = ended = planned


def task_samples(workspace: Workspace, level: str, size_hw: tuple[int, int]) -> Samples:
    """Load all samples of a level, whatever split they are in.

    Args:
        workspace: Where the crops are.
        level: The level whose classes are predicted.
        size_hw: Height and width of the input in pixels.

    Raises:
        InputRejectedError: If fewer than two classes have samples, with the counts.
    """
    with workspace.reading() as catalog:
        crops = catalog.crops()
    known = (workspace.taxonomy.class_of(crop.label, level) for crop in crops)
    counts = Counter(name for name in known if name is not None)
    if len(counts) < 2:
        listed = ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"
        raise InputRejectedError(
            f"training needs at least two classes with samples; got {len(counts)}. Samples: {listed}. Annotate more "
            "screenshots, then run toonvision extract."
        )
    return load_samples(workspace, crops, level=level, size_hw=size_hw, resize=workspace.resize)


def split_fold(workspace: Workspace, samples: Samples, level: str, split_name: str) -> Fold:
    """Return the fold that a saved split makes of samples.

    Raises:
        UsageError: If there is no such split.
        InputRejectedError: If a class could not be learned or evaluated.
    """
    split = read_split(workspace.splits, split_name)
    require_trainable(subset_table(workspace.taxonomy.level(level), split, samples.crops, workspace.taxonomy))
    subsets = {crop.id: subset for crop in samples.crops if (subset := split.subset_of(crop))}
    return fold_of_subsets(f"split {split.name}", samples, subsets)


def fold_of_subsets(name: str, samples: Samples, subset_of: Mapping[int, str]) -> Fold:
    """Return the fold of samples whose crops are assigned to subsets.

    Args:
        name: What to call it.
        samples: All samples of the task.
        subset_of: Crop id to train, val or test; other crops are in no subset.
    """
    subsets = np.array([subset_of.get(crop.id, "") for crop in samples.crops])
    return Fold(name, *(np.flatnonzero(subsets == subset) for subset in SUBSETS))


def classes_without_samples(samples: Samples, *indices: Indices) -> list[str]:
    """Return the classes of which at least one of the sets of samples has none."""
    counts = [np.bincount(samples.targets[some], minlength=len(samples.classes)) for some in indices]
    return [name for name, fewest in zip(samples.classes, np.min(counts, axis=0), strict=True) if not fewest]


def grouped_folds(
    targets: Sequence[str] | npt.NDArray[Any], groups: Sequence[Hashable], *, folds: int, seed: int
) -> Indices:
    """Assign samples to folds: a group stays together, and each class is spread as evenly as its groups allow.

    Args:
        targets: Each sample's class.
        groups: Each sample's group, such as `groups.group_keys`.
        folds: How many folds, 3 or more.
        seed: Same seed, same folds.

    Returns:
        Each sample's fold from 0, shape ``(samples,)``.

    Raises:
        UsageError: If there are fewer than three folds: one is evaluated, one decides when to stop, the others teach.
        InputRejectedError: If there are fewer groups than folds.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    known = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    if folds < 3:
        raise UsageError(
            f"at least 3 folds are needed: for training, validation and test; got {folds}. Write e.g. --folds 5."
        )
    if len(known) < folds:
        raise InputRejectedError(
            f"{folds} folds need at least {folds} screenshots; got {len(known)}. Annotate more, or ask for fewer "
            "--folds."
        )
    classes, counts = np.unique(np.asarray(targets), return_inverse=True, return_counts=True)[1:]
    if counts.max() < folds:
        raise InputRejectedError(
            f"{folds} folds need a class of at least {folds} samples; the largest has {counts.max()}. Annotate more, "
            "or ask for fewer --folds."
        )
    splitter = StratifiedGroupKFold(
        folds, shuffle=True, random_state=int(generator(seed, "folds").integers(SEED_LIMIT))
    )
    fold_of = np.zeros(len(classes), dtype=np.int64)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class")  # a fold without a rare class is no fault
        splits = list(splitter.split(np.zeros(len(classes)), classes, [known[group] for group in groups]))
    for fold, (_, test) in enumerate(splits):
        fold_of[test] = fold
    return fold_of


def train_jobs(
    samples: Samples, jobs: Sequence[Job], *, folder: Path | None = None, watcher: StudyWatcher | None = None
) -> list[FoldResult]:
    """Train and predict, several jobs at once where that is faster; saved results are used again.

    Args:
        samples: All samples of the task.
        jobs: The trainings.
        folder: The study's folder, where each result is saved as it comes; nothing is saved without it.
        watcher: Told how it goes.

    Returns:
        The results in the order of the jobs.

    Raises:
        UsageError: If the input is too small for the network.
    """
    watch = watcher or Unwatched()
    paths = [None if folder is None else folder / TRAININGS / _result_name(samples, job) for job in jobs]
    results: dict[int, FoldResult] = {}
    for index, (job, path) in enumerate(zip(jobs, paths, strict=True)):
        known = _read(path, (len(job.fold.test), len(samples.classes))) if path else None
        if known is not None:
            results[index] = known
            watch.ended(job, known, index + 1, len(jobs), known=True)
    missing = [index for index in range(len(jobs)) if index not in results]
    if not missing:
        return [results[index] for index in range(len(jobs))]

    def ended(index: int, result: FoldResult) -> None:
        path = paths[index]
        if path:
            _write(path, result)
        results[index] = result
        watch.ended(jobs[index], result, index + 1, len(jobs), known=False)

    watch.started(jobs[missing[0]].settings.network, len(missing), len(jobs))
    at_once = min(_at_once(samples, jobs[index], len(missing)) for index in missing)
    if at_once == 1:
        for index in missing:
            ended(index, _train(samples, jobs[index], partial(watch.epoch_ended, jobs[index])))
    else:
        orders = [(samples, jobs[index]) for index in missing]
        for message in work_through(_train_in_process, orders, processes=at_once):
            index = missing[message.job]
            if message.done:
                ended(index, message.content)
            else:
                watch.epoch_ended(jobs[index], *message.content)
    return [results[index] for index in range(len(jobs))]


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


def _at_once(samples: Samples, job: Job, trainings: int) -> int:
    height, width = samples.pictures.shape[1:3]
    return trainings_at_once(job.settings, size_hw=(height, width), pictures=len(job.fold.train), trainings=trainings)


def _train_in_process(order: tuple[Samples, Job], report: Report) -> FoldResult:
    return _train(*order, lambda epoch, logs: report((epoch, dict(logs))))


def _train(samples: Samples, job: Job, watcher: Callable[[int, Mapping[str, float]], None]) -> FoldResult:
    height, width = samples.pictures.shape[1:3]
    start_keras(threads=threads_for((height, width)))
    from toonvision.training.loop import train_fresh

    fold = job.fold
    with backend_faults():
        model, history = train_fresh(
            dataset_of(samples, Task("", "")),
            train=fold.train,
            val=fold.val,
            settings=job.settings,
            seed=job.seed,
            watcher=watcher,
        )
    probabilities = predict_probabilities(model, samples.pictures[fold.test])
    return FoldResult(probabilities, len(history.epochs), history.best_epoch, history.seconds, history.diverged)


def _result_name(samples: Samples, job: Job) -> str:
    """Name a result by everything that it depends on, so that a stale one is never used."""
    fold = job.fold
    learned = np.concatenate([fold.train, fold.val])
    content = [
        [[samples.crops[index].hash for index in indices] for indices in (learned, fold.test)],
        len(fold.train),
        samples.targets[learned].tolist(),
        samples.classes,
        samples.pictures.shape[1:],
        hashlib.sha256(samples.pictures[fold.test[:8]].tobytes()).hexdigest(),  # how they were resized
        asdict(job.settings),
        installed_versions(),
    ]
    digest = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in fold.name)
    return f"{plain[:60]}-seed-{job.seed}-{digest}.npz"


def _write(path: Path, result: FoldResult) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, **asdict(result))
    write_bytes(path, buffer.getvalue())


def _read(path: Path, shape: tuple[int, int]) -> FoldResult | None:
    """Return a saved result; None if it is missing or damaged."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            probabilities = archive["probabilities"]
            numbers = [archive[name].item() for name in ("epochs", "best_epoch", "seconds", "diverged")]
    except MemoryError:
        raise
    except Exception:  # a damaged archive raises errors of many kinds
        return None
    sound = probabilities.shape == shape and np.isfinite(probabilities).all()
    return FoldResult(probabilities.astype(np.float32), *numbers) if sound else None
