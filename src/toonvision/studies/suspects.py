"""Suspect labels: pictures that models which never saw them keep taking for another class, and surely so.

Every picture is judged by models that learned from other screenshots, so that none could learn a wrong label by heart;
what follows from their probabilities is `confident_learning`'s.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from toonvision.core.errors import InputRejectedError
from toonvision.core.settings import read_json
from toonvision.data.arrays import Samples
from toonvision.data.splits import group_keys
from toonvision.metrics.confident_learning import (
    class_thresholds,
    confident_indices,
    confident_joint,
    estimated_wrong,
    normalized_margin,
    suspect_indices,
)
from toonvision.metrics.predictions import Probabilities
from toonvision.studies.folds import (
    Fold,
    FoldResult,
    Job,
    StudyWatcher,
    grouped_folds,
    newest_study,
    told_diverged,
    train_jobs,
)
from toonvision.tasks.settings import Augmentation, TrainingSettings

SUSPECTS, RESULT = "suspects", "suspects.json"

SEARCH_SETTINGS = TrainingSettings(
    network="binary", epochs=150, batch_size=32, patience=15, augmentation=Augmentation(flip=True)
)
"""How to train for out-of-fold probabilities, which must be right far more often than labels are wrong.

Measured on one fold of the sample world's suits at 150 x 50 with 5 % of the labels flipped, right answers against the
true labels: `baseline` 87 %, with mirrored pictures 90 %, `tuned` 87 %, `binary` (three blocks; it takes any number
of classes) with mirrored pictures 94 %, at about the same cost. Wrong labels make the validation loss jump, hence the
patience. What is left of a training's own luck is averaged away over repeats.
"""
SEARCH_SIZE_HW = (150, 50)
"""A seventh of the cost of 600 x 200, so that fifteen trainings cost what two do."""


@dataclass(frozen=True)
class Suspect:
    """A crop whose label is probably wrong.

    Attributes:
        place: Its place among the samples.
        file: Its file below `crops/`.
        screenshot: The screenshot that it was cut from.
        context: Where that was taken.
        box: Where it was cut from: x_min, y_min, x_max, y_max in pixels.
        label: What the annotation calls it.
        given: The class that follows from that.
        likely: The class that the models take it for.
        self_confidence: Probability of the given class, 0 to 1.
        likely_confidence: Probability of the likely class, 0 to 1.
        margin: The first less the highest of the others, -1 to 1; the lower, the more suspect.
        sure: Whether the likely class reaches its threshold: off the diagonal of the confident joint.
    """

    place: int
    file: str
    screenshot: str
    context: str
    box: tuple[int, int, int, int]
    label: str
    given: str
    likely: str
    self_confidence: float
    likely_confidence: float
    margin: float
    sure: bool


@dataclass(frozen=True)
class SuspectStudy:
    """What out-of-fold predictions say of the labels.

    Attributes:
        task: What is predicted.
        network: Which network was trained.
        folds: How many folds there were.
        repeats: Trainings a fold, averaged.
        samples: Crops judged: all of the task but the unjudged.
        agreeing: Crops whose label is the models' first choice.
        classes: Names of the classes.
        thresholds: Mean self-confidence of each class.
        joint: Confident joint: rows given, columns likely.
        estimated_wrong: Wrong labels that the calibrated joint expects, in crops.
        suspects: The most suspect first.
        diverged: How many trainings are left out, since their loss became no number.
        unevaluated: Crops that no other training judged.
    """

    task: str
    network: str
    folds: int
    repeats: int
    samples: int
    agreeing: int
    classes: tuple[str, ...]
    thresholds: tuple[float, ...]
    joint: tuple[tuple[int, ...], ...]
    estimated_wrong: float
    suspects: tuple[Suspect, ...]
    diverged: int = 0
    unevaluated: int = 0

    def sentence(self) -> str:
        """Say in plain words what was found."""
        what = f"in all, so that nothing is said of {self.unevaluated} crops" if self.unevaluated else "in all"
        return self._found() + told_diverged([(what, self.diverged, self.folds * self.repeats)])

    def _found(self) -> str:
        if not self.suspects:
            return f"No label of {self.samples} is suspect."
        count = len(self.suspects)
        return (
            f"{count} of {self.samples} labels {'is' if count == 1 else 'are'} suspect: models that never saw these "
            "pictures take them for another class. Look at them: hard pictures can be among them."
        )


def suspects_folder(root: Path, task: str) -> Path:
    """Give the folder of a task's searches for suspect labels in a workspace."""
    return root / SUSPECTS / task


def read_suspects(folder: Path) -> SuspectStudy:
    """Read a study that was written to its folder.

    Raises:
        InputRejectedError: If there is none.
        ModelRefusedError: If it cannot be understood.
    """
    missing = f"{folder}: holds no search for suspect labels. Run: toonvision suspects TASK"
    return read_json(folder / RESULT, SuspectStudy, what="a search for suspect labels", missing=missing)


def newest_suspects(root: Path, task: str, *, network: str | None = None) -> SuspectStudy | None:
    """Give a task's study that was written last, if there is one."""
    folder = newest_study(suspects_folder(root, task), RESULT, network=network)
    return read_suspects(folder) if folder else None


def fold_jobs(samples: Samples, *, folds: int, settings: TrainingSettings, repeats: int, seed: int) -> list[Job]:
    """Plan the trainings of a search for suspect labels: fold by fold, each with its repeats.

    In each repeat another fold decides when to stop, so that the averaged models learned from different pictures.

    Args:
        samples: All samples of the task.
        folds: How many folds.
        settings: How to train.
        repeats: Trainings a fold.
        seed: Decides the folds; the repeats have the seeds from it on.

    Raises:
        InputRejectedError: If a class could not be learned without one of the folds.
    """
    names = [samples.classes[target] for target in samples.targets]
    fold_of = grouped_folds(names, group_keys(samples.crops), folds=folds, seed=seed)
    jobs = []
    for fold in range(folds):
        for repeat in range(repeats):
            stop = (fold + 1 + repeat % (folds - 1)) % folds
            train = np.flatnonzero((fold_of != fold) & (fold_of != stop))
            counts = np.bincount(samples.targets[train], minlength=len(samples.classes))
            if counts.min() == 0:
                short = [name for name, count in zip(samples.classes, counts, strict=True) if not count]
                raise InputRejectedError(
                    f"{', '.join(short)}: too few screenshots to be learned without a part of them. Annotate more."
                )
            val, test = np.flatnonzero(fold_of == stop), np.flatnonzero(fold_of == fold)
            jobs.append(Job(Fold(f"fold-{fold}-stop-{stop}", train, val, test), settings, seed + repeat))
    return jobs


def out_of_fold(
    samples: Samples, jobs: Sequence[Job], *, folder: Path | None = None, watcher: StudyWatcher | None = None
) -> Probabilities:
    """Train all jobs of `fold_jobs` and average what they say of each sample.

    Args:
        samples: All samples of the task.
        jobs: Whose judged samples make up all samples, each equally often.
        folder: The study's folder, where finished trainings are kept and used again.
        watcher: Told how it goes.

    Returns:
        As `average_results` gives them.
    """
    return average_results(samples, jobs, train_jobs(samples, jobs, folder=folder, watcher=watcher))


def average_results(samples: Samples, jobs: Sequence[Job], results: Sequence[FoldResult]) -> Probabilities:
    """Average what the trainings that did not diverge say of each sample.

    Args:
        samples: All samples of the task.
        jobs: The trainings.
        results: Of each job.

    Returns:
        Shape ``(samples, classes)``, in the order of the samples; no numbers where none of them judged a sample.
    """
    sums = np.zeros((len(samples.crops), len(samples.classes)), dtype=np.float64)
    counts = np.zeros((len(samples.crops), 1), dtype=np.int64)
    for job, result in zip(jobs, results, strict=True):
        if not result.diverged:
            sums[job.division.test] += result.probabilities
            counts[job.division.test] += 1
    averaged: Probabilities = np.where(counts > 0, sums / np.maximum(1, counts), np.nan).astype(np.float32)
    return averaged


def find_suspects(
    samples: Samples,
    probabilities: Probabilities,
    *,
    task: str,
    network: str,
    folds: int,
    repeats: int,
    diverged: int = 0,
) -> SuspectStudy:
    """Compare labels with out-of-fold probabilities.

    Args:
        samples: All samples of the task.
        probabilities: Out of fold, shape ``(samples, classes)``; no numbers where nobody judged a sample.
        task: What is predicted.
        network: Which network was trained.
        folds: How many folds there were.
        repeats: Trainings a fold.
        diverged: How many of all trainings diverged.

    Raises:
        InputRejectedError: If no sample was judged.
    """
    judged = np.flatnonzero(np.isfinite(probabilities).all(axis=1))
    if not len(judged):
        raise InputRejectedError("every training diverged, so no label was judged. Train another network or size.")
    given, probabilities = samples.targets[judged], probabilities[judged]
    joint = confident_joint(given, probabilities)
    likely, margin = probabilities.argmax(axis=1), normalized_margin(given, probabilities)
    sure = set(confident_indices(given, probabilities).tolist())
    found = []
    for place in suspect_indices(given, probabilities).tolist():
        crop, other = samples.crops[judged[place]], int(likely[place])
        found.append(
            Suspect(
                place=int(judged[place]),
                file=crop.file,
                screenshot=crop.screenshot,
                context=crop.context,
                box=crop.box.xyxy,
                label=crop.label,
                given=samples.classes[given[place]],
                likely=samples.classes[other],
                self_confidence=float(probabilities[place, given[place]]),
                likely_confidence=float(probabilities[place, other]),
                margin=float(margin[place]),
                sure=place in sure,
            )
        )
    thresholds = class_thresholds(given, probabilities).tolist()
    return SuspectStudy(
        task=task,
        network=network,
        folds=folds,
        repeats=repeats,
        samples=len(given),
        agreeing=int((probabilities.argmax(axis=1) == given).sum()),
        classes=samples.classes,
        thresholds=tuple(value if math.isfinite(value) else 1.0 for value in thresholds),
        joint=tuple(tuple(row) for row in joint.tolist()),
        estimated_wrong=estimated_wrong(given, joint),
        suspects=tuple(found),
        diverged=diverged,
        unevaluated=len(samples.crops) - len(judged),
    )


def suspects_rows(study: SuspectStudy) -> list[list[Any]]:
    """Give one row a suspect label, the head first, for CSV: where it is, what it is called, what it may be."""
    rows: list[list[Any]] = [
        ["rank", "crop", "screenshot", "context", "x_min", "y_min", "x_max", "y_max", "label", "given", "likely",
         "self_confidence", "likely_confidence", "margin", "sure"]
    ]  # fmt: skip
    for rank, one in enumerate(study.suspects, start=1):
        rows.append(
            [rank, one.file, one.screenshot, one.context, *one.box, one.label, one.given,
             one.likely, f"{one.self_confidence:.6f}", f"{one.likely_confidence:.6f}", f"{one.margin:.6f}",
             "yes" if one.sure else "no"]
        )  # fmt: skip
    return rows
