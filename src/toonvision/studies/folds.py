"""Trainings on divisions of the samples that no split stores: grouped folds, and predictions kept one by one.

A study (leave-one-context-out, suspect labels, the learning curve) is a list of trainings that differ in who learns
and who is judged. Each one's predictions are kept in the study's folder as it ends, so that a killed study goes on
where it was; the models themselves are not kept.
"""

import hashlib
import io
import json
import warnings
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from toonvision.core.errors import InputRejectedError, UsageError
from toonvision.core.files import write_bytes, write_text
from toonvision.core.names import numbered_names, plain_name
from toonvision.core.runner import Tell, work_through
from toonvision.core.seeds import SEED_LIMIT, generator
from toonvision.data.arrays import Samples
from toonvision.metrics.classification import Indices
from toonvision.metrics.predictions import Probabilities
from toonvision.models.backend import backend_faults, installed_versions, start_keras
from toonvision.tasks.classify import dataset_of, predict_probabilities
from toonvision.tasks.settings import TrainingSettings
from toonvision.taxonomy.labels import Task
from toonvision.training.parallel import threads_for, trainings_at_once

RECIPE, TRAININGS = "recipe.json", "trainings"


@dataclass(frozen=True)
class Fold:
    """Who learns, who decides when to stop, and who is judged.

    Attributes:
        name: What to call it; part of a file's name.
        train: Places of the samples to learn from.
        val: Places of the samples that decide when to stop.
        test: Places of the samples to predict.
    """

    name: str
    train: Indices
    val: Indices
    test: Indices


@dataclass(frozen=True)
class Job:
    """One training of a study."""

    division: Fold
    settings: TrainingSettings
    seed: int


@dataclass(frozen=True)
class FoldResult:
    """What a training left.

    Attributes:
        probabilities: Of the judged samples, in their order, shape ``(samples, classes)``.
        epochs: Epochs that were run.
        best_epoch: The epoch, from 1, whose weights were used; 0 for the weights that it began with.
        seconds: How long it took.
        diverged: Whether the loss stopped being a number.
    """

    probabilities: Probabilities
    epochs: int
    best_epoch: int
    seconds: float
    diverged: bool


class StudyWatcher(Protocol):
    """Whoever wants to see a study grow."""

    def started(self, missing: int, total: int) -> None:
        """Of so many trainings some are still to be done."""

    def epoch_ended(self, job: Job, epoch: int, logs: Mapping[str, float]) -> None:
        """An epoch, from 1, of a training ended with these measures."""

    def ended(self, job: Job, fold_result: FoldResult, number: int, total: int, *, known: bool) -> None:
        """A training ended, or was known from before."""


class Unwatched:
    """Watches nothing."""

    def started(self, missing: int, total: int) -> None:
        """Do nothing."""

    def epoch_ended(self, job: Job, epoch: int, logs: Mapping[str, float]) -> None:
        """Do nothing."""

    def ended(self, job: Job, fold_result: FoldResult, number: int, total: int, *, known: bool) -> None:
        """Do nothing."""


def grouped_folds(
    targets: Sequence[str] | npt.NDArray[Any], groups: Sequence[Hashable], *, folds: int, seed: int
) -> Indices:
    """Deal samples into folds: a group stays together, and each class is spread as evenly as its groups allow.

    Args:
        targets: Each sample's class.
        groups: Each sample's group, such as `splits.group_keys`.
        folds: How many folds, 3 or more.
        seed: Same seed, same folds.

    Returns:
        Each sample's fold from 0, shape ``(samples,)``.

    Raises:
        UsageError: If there are fewer than three folds: one is judged, one decides when to stop, the others teach.
        InputRejectedError: If there are fewer groups than folds.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    known = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    if folds < 3:
        raise UsageError(
            f"at least 3 folds are needed: to learn, to stop, to judge; got {folds}. Write e.g. --folds 5."
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
    dealer = StratifiedGroupKFold(folds, shuffle=True, random_state=int(generator(seed, "folds").integers(SEED_LIMIT)))
    fold_of = np.zeros(len(classes), dtype=np.int64)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class")  # a fold without a rare class is no fault
        dealt = list(dealer.split(np.zeros(len(classes)), classes, [known[group] for group in groups]))
    for fold, (_, held) in enumerate(dealt):
        fold_of[held] = fold
    return fold_of


def train_jobs(
    samples: Samples, jobs: Sequence[Job], *, folder: Path | None = None, watcher: StudyWatcher | None = None
) -> list[FoldResult]:
    """Train and predict, several jobs at once where that is quicker; what the folder holds from before is used again.

    Args:
        samples: All samples of the task.
        jobs: The trainings.
        folder: The study's folder, where each outcome is kept as it comes; nothing is kept without it.
        watcher: Told how it goes.

    Returns:
        The outcomes in the order of the jobs.

    Raises:
        UsageError: If the pictures are too small for the network.
    """
    watch = watcher or Unwatched()
    paths = [None if folder is None else folder / TRAININGS / _outcome_name(samples, job) for job in jobs]
    fold_results: dict[int, FoldResult] = {}
    for place, (job, path) in enumerate(zip(jobs, paths, strict=True)):
        known = _read(path, (len(job.division.test), len(samples.classes))) if path else None
        if known is not None:
            fold_results[place] = known
            watch.ended(job, known, place + 1, len(jobs), known=True)
    missing = [place for place in range(len(jobs)) if place not in fold_results]

    def ended(place: int, fold_result: FoldResult) -> None:
        path = paths[place]
        if path:
            _write(path, fold_result)
        fold_results[place] = fold_result
        watch.ended(jobs[place], fold_result, place + 1, len(jobs), known=False)

    if missing:
        watch.started(len(missing), len(jobs))
    at_once = min((_at_once(samples, jobs[place], len(missing)) for place in missing), default=1)
    if at_once == 1:
        for place in missing:
            ended(place, _train(samples, jobs[place], partial(watch.epoch_ended, jobs[place])))
    else:
        orders = [(samples, jobs[place]) for place in missing]
        for told in work_through(_train_in_process, orders, processes=at_once):
            place = missing[told.job]
            if told.done:
                ended(place, told.what)
            else:
                watch.epoch_ended(jobs[place], *told.what)
    return [fold_results[place] for place in range(len(jobs))]


def study_folder(
    parent: Path, recipe: Mapping[str, Any], *, default: str, name: str | None = None, force: bool = False
) -> Path:
    """Choose a study's folder: one with this recipe is gone on with, one with another is never overwritten.

    Args:
        parent: The folder of all such studies of a task.
        recipe: All that decides the results, as plain data.
        default: The name where none is asked for, with a number behind it where it is taken.
        name: The name asked for.
        force: Take the name even where it holds a study of another recipe, if none holds this one.

    Raises:
        UsageError: If the name cannot be a folder's, or holds another recipe and `force` is not set.
    """
    text = json.dumps(recipe, indent=2, sort_keys=True) + "\n"
    names = [plain_name(name, "a study")] if name else list(islice(numbered_names(default), 10_000))
    same = {path.parent.name for path in parent.glob(f"*/{RECIPE}") if _holds(path, text)}
    for candidate in names:
        if candidate in same:
            return parent / candidate
    for candidate in names:
        if force or not (parent / candidate).exists():
            write_text(parent / candidate / RECIPE, text)
            return parent / candidate
    raise UsageError(
        f"{parent / names[0]} holds results of other settings, other pictures or other versions. Choose another "
        "--name, or give --force."
    )


def recipe_of(samples: Samples, settings: TrainingSettings, **others: Any) -> dict[str, Any]:
    """Write down what decides a study's results: the data by its hash, the settings, and the study's own choices."""
    listed = [[crop.hash, crop.context, crop.screenshot_id] for crop in samples.crops]
    content = json.dumps([listed, samples.targets.tolist(), samples.classes])
    return {
        "data": hashlib.sha256(content.encode()).hexdigest()[:16],
        "size_hw": list(samples.pictures.shape[1:3]),
        "settings": asdict(settings),
        "versions": installed_versions(),
        **others,
    }


def newest_study(parent: Path, result: str, *, network: str | None = None) -> Path | None:
    """Find the study of a task that was written last and has its result.

    Args:
        parent: The folder of all such studies of a task.
        result: The name of the result's file.
        network: Only studies of this network.
    """
    found = [path for path in parent.glob(f"*/{result}") if network is None or _network(path) == network]
    return max(found, key=lambda path: path.stat().st_mtime).parent if found else None


def told_diverged(groups: Iterable[tuple[str, int, int]]) -> str:
    """Say which trainings diverged, as a sentence with a blank before it; empty where none did.

    Args:
        groups: What was trained, how many of its trainings diverged, and how many there were.

    Examples:
        >>> told_diverged([("of size 0.25", 1, 3), ("of size 0.5", 0, 3), ("of size 1, which has no point", 3, 3)])
        ' Trainings that diverged are in no mean: 1 of 3 of size 0.25; 3 of 3 of size 1, which has no point.'
    """
    listed = [f"{diverged} of {total} {what}" for what, diverged, total in groups if diverged]
    return f" Trainings that diverged are in no mean: {'; '.join(listed)}." if listed else ""


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8", errors="replace") == text


def _at_once(samples: Samples, job: Job, trainings: int) -> int:
    height, width = samples.pictures.shape[1:3]
    return trainings_at_once(
        job.settings, size_hw=(height, width), pictures=len(job.division.train), trainings=trainings
    )


def _train_in_process(order: tuple[Samples, Job], tell: Tell) -> FoldResult:
    return _train(*order, lambda epoch, logs: tell((epoch, dict(logs))))


def _train(samples: Samples, job: Job, watcher: Callable[[int, Mapping[str, float]], None]) -> FoldResult:
    height, width = samples.pictures.shape[1:3]
    start_keras(threads=threads_for((height, width)))
    from toonvision.training.loop import train_fresh

    division = job.division
    with backend_faults():
        model, history = train_fresh(
            dataset_of(samples, Task("", "")),
            train=division.train,
            val=division.val,
            settings=job.settings,
            seed=job.seed,
            watcher=watcher,
        )
    probabilities = predict_probabilities(model, samples.pictures[division.test])
    return FoldResult(probabilities, len(history.epochs), history.best_epoch, history.seconds, history.diverged)


def _outcome_name(samples: Samples, job: Job) -> str:
    """Name an outcome by everything that it depends on, so that a stale one is never used."""
    division = job.division
    learned = np.concatenate([division.train, division.val])
    content = [
        [[samples.crops[place].hash for place in places] for places in (learned, division.test)],
        len(division.train),
        samples.targets[learned].tolist(),
        samples.classes,
        samples.pictures.shape[1:],
        hashlib.sha256(samples.pictures[division.test[:8]].tobytes()).hexdigest(),  # how they were resized
        asdict(job.settings),
        installed_versions(),
    ]
    digest = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in division.name)
    return f"{plain[:60]}-seed-{job.seed}-{digest}.npz"


def _write(path: Path, fold_result: FoldResult) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, **asdict(fold_result))
    write_bytes(path, buffer.getvalue())


def _read(path: Path, shape: tuple[int, int]) -> FoldResult | None:
    """Read an outcome; one that is missing or damaged is none."""
    try:
        with np.load(path, allow_pickle=False) as held:
            probabilities = held["probabilities"]
            numbers = [held[name].item() for name in ("epochs", "best_epoch", "seconds", "diverged")]
    except MemoryError:
        raise
    except Exception:  # a damaged archive raises errors of many kinds
        return None
    sound = probabilities.shape == shape and np.isfinite(probabilities).all()
    return FoldResult(probabilities.astype(np.float32), *numbers) if sound else None


def _network(result: Path) -> str | None:
    try:
        network = json.loads(result.read_text(encoding="utf-8"))["network"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return str(network)
