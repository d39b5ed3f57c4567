"""Cross-validation: every sample is predicted once by a model that learned from other screenshots.

One split says how good a model is on a fifth of the samples; which fifth is chance. Here all samples are in the test
subset of one fold, and the same folds are trained with several seeds, so that what varies with the samples and what
varies with the seed are separated.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from toonvision.core.errors import InputRejectedError
from toonvision.core.panels import FigurePanel, Table, table
from toonvision.core.progress import unwatched
from toonvision.core.seeds import generator
from toonvision.core.wording import between, counted, interval, percent
from toonvision.data.fitting import Resize
from toonvision.data.groups import group_keys
from toonvision.data.workspace import Workspace
from toonvision.evaluation.floors import Floors, Rights, compared, floor_rights
from toonvision.metrics.bootstrap import Estimate, error_draws, estimate
from toonvision.metrics.intervals import Proportion
from toonvision.studies.fold_assignment import fold_jobs
from toonvision.studies.folds import (
    FoldResult,
    Job,
    StudyWatcher,
    diverged_sentence,
    task_dataset,
    train_jobs,
    wrong_predictions,
)
from toonvision.studies.store import Study, recipe_of, study_folder
from toonvision.tasks.base import Dataset
from toonvision.tasks.registry import kind_of
from toonvision.tasks.settings import TrainingSettings
from toonvision.taxonomy.labels import Task


@dataclass(frozen=True)
class FoldScore:
    """How the trainings did that learned without one fold.

    Attributes:
        samples: How many crops the fold has.
        trained_on: How many crops each training learned from.
        wrong: Wrong predictions of each training that counts, in the order of the seeds.
    """

    samples: int
    trained_on: int
    wrong: tuple[int, ...]

    @property
    def error(self) -> Proportion:
        """The mean count of wrong predictions, rounded, out of all crops."""
        return Proportion(round(sum(self.wrong) / len(self.wrong)), self.samples)


@dataclass(frozen=True)
class FoldStudy(Study):
    """The result of trainings without each fold.

    Attributes:
        task: What is predicted, or found.
        network: Which network was trained, or the trees.
        settings: How it was trained.
        size_hw: Height and width of the input in pixels.
        seeds: The seeds whose trainings count: those of which no training diverged.
        seed_std: Standard deviation over seeds of a fold's error, or AP50, 0 to 1; None with one seed.
        fold_std: Standard deviation over folds, without what seeds add to it, 0 to 1.
        diverged: How many trainings diverged.
        trained: How many were trained.
    """

    COMMAND = "train TASK --folds 5"

    task: str
    network: str
    settings: TrainingSettings
    size_hw: tuple[int, int]
    seeds: tuple[int, ...]
    seed_std: float | None
    fold_std: float
    diverged: int = field(default=0, kw_only=True)
    trained: int = field(default=0, kw_only=True)

    @classmethod
    def of(cls, workspace: Workspace, task: str, settings: TrainingSettings, size_hw: tuple[int, int]) -> Self | None:
        """Load the cross-validation of some settings that was saved last; None if there is none.

        Raises:
            ModelRefusedError: If it, or one that was saved later, cannot be understood.
        """
        return cls.newest(workspace, task, wanted=lambda one: (one.settings, one.size_hw) == (settings, size_hw))


@dataclass(frozen=True)
class CrossValidation(FoldStudy):
    """What trainings without each fold predict of it.

    Attributes:
        folds: The folds.
        error: Share of wrong predictions, the mean over seeds, with its 95 % interval over screenshots and seeds.
        floors: What a network should beat, on the same folds.
    """

    FILE, WHAT = "folds.json", "cross-validation"

    folds: tuple[FoldScore, ...]
    error: Estimate
    floors: Floors

    @property
    def samples(self) -> int:
        """How many crops were predicted by each seed."""
        return sum(fold.samples for fold in self.folds)

    @property
    def wrong(self) -> tuple[int, ...]:
        """Wrong predictions of all samples, of each seed."""
        return tuple(sum(wrong) for wrong in zip(*(fold.wrong for fold in self.folds), strict=True))

    def sentence(self) -> str:
        """Return the result in plain words; a floor that is not beaten comes first."""
        floors = self.floors.sentence()
        first, last = (f"{floors} ", "") if self.floors.unbeaten else ("", f" {floors}" if floors else "")
        within = between(100 * self.error.low, 100 * self.error.high, ".1f")
        found = (
            f"Each of {counted(self.samples, 'crop')} was predicted by models that learned without its screenshot, in "
            f"{len(self.folds)} folds: {percent(self.error.value)} are wrong (95 % interval {within} %)."
        )
        left_out = diverged_sentence([("in all, with the other folds of their seeds", self.diverged, self.trained)])
        return f"{first}{found} {self._spread()}{last}{left_out}"

    def _spread(self) -> str:
        fold = f"{100 * self.fold_std:.1f} points"
        if self.seed_std is None:
            return f"The error of a fold varies by {fold}, with one seed only: what the seed adds is unknown."
        shares = [100 * wrong / self.samples for wrong in self.wrong]
        return (
            f"{len(self.seeds)} seeds have {min(shares):.1f} to {max(shares):.1f} % wrong. The error of a fold varies "
            f"by {100 * self.seed_std:.1f} points with the seed, and by {fold} with the fold (standard deviations)."
        )


def cross_validate(
    workspace: Workspace,
    task: Task,
    settings: TrainingSettings,
    *,
    folds: int,
    seeds: Sequence[int],
    watcher: StudyWatcher = unwatched,
    **asked: Any,
) -> CrossValidation:
    """Train without each fold, with each seed, and save how good the predictions of the folds are.

    Args:
        workspace: Where the data is and the study goes.
        task: What to predict.
        settings: How to train.
        folds: How many folds, 3 or more; screenshots that belong together are in one.
        seeds: Seeds that follow each other; the first one also decides the folds.
        watcher: Follows the study.
        **asked: See `plan_folds`.

    Raises:
        UsageError: If there are too few folds, or the name is taken.
        InputRejectedError: If a class cannot be learned without one of the folds, or every seed diverged.
    """
    dataset, jobs, folder = plan_folds(workspace, task, settings, folds=folds, seeds=seeds, **asked)
    return scored(dataset, jobs, train_jobs(dataset, jobs, folder=folder, watcher=watcher), folder=folder).save()


def plan_folds(
    workspace: Workspace,
    task: Task,
    settings: TrainingSettings,
    *,
    folds: int,
    seeds: Sequence[int],
    size_hw: tuple[int, int] | None = None,
    resize: Resize | None = None,
    name: str | None = None,
    force: bool = False,
) -> tuple[Dataset, list[Job], Path]:
    """Plan the trainings without each fold; return what they learn from, them, and the study's folder.

    Args:
        workspace: Where the data is and the study goes.
        task: What to predict, or to find.
        settings: How to train.
        folds: How many folds, 3 or more; screenshots that belong together are in one.
        seeds: Seeds that follow each other; the first one also decides the folds.
        size_hw: Height and width of the input in pixels; by default what the network wants.
        resize: How pictures are resized to that size; by default as the workspace says.
        name: What to call the study.
        force: Replace a study of that name with other settings.

    Raises:
        UsageError: If there are too few folds, or the name is taken.
        InputRejectedError: If a class cannot be learned without one of the folds.
    """
    size = size_hw or kind_of(task).input_size(workspace, settings.network)
    dataset = task_dataset(workspace, task, size, resize=resize, network=settings.network)
    jobs = fold_jobs(dataset, folds=folds, settings=settings, repeats=len(seeds), seed=seeds[0], rotate=False)
    recipe = recipe_of(dataset, settings, kind="folds", seeds=list(seeds), folds=folds)
    return dataset, jobs, study_folder(workspace, task.name, recipe, name=name, force=force)


def sound_seeds(jobs: Sequence[Job], results: Sequence[FoldResult]) -> tuple[int, ...]:
    """Return the seeds of which no training diverged, in the order of the jobs.

    Raises:
        InputRejectedError: If every seed has a training that diverged.
    """
    lost = {job.seed for job, result in zip(jobs, results, strict=True) if result.diverged}
    seeds = tuple(seed for seed in dict.fromkeys(job.seed for job in jobs) if seed not in lost)
    if not seeds:
        raise InputRejectedError(
            "every seed has a training that diverged, so that no result is known. Lower --learning-rate and train "
            "again."
        )
    return seeds


def scored(
    dataset: Dataset, jobs: Sequence[Job], results: Sequence[FoldResult], *, folder: Path | None = None
) -> CrossValidation:
    """Count wrong predictions by fold and seed, and compare them with the floors on the same folds.

    Raises:
        InputRejectedError: If every seed has a training that diverged.
    """
    seeds = sound_seeds(jobs, results)
    wrong = np.zeros((len(seeds), len(dataset.crops)), dtype=bool)
    for job, result in zip(jobs, results, strict=True):
        if job.seed in seeds:
            wrong[seeds.index(job.seed), job.fold.test] = wrong_predictions(dataset, job, result)
    settings, first = jobs[0].settings, [job for job in jobs if job.seed == seeds[0]]
    scores = tuple(
        FoldScore(len(job.fold.test), len(job.learned), tuple(wrong[:, job.fold.test].sum(axis=1).tolist()))
        for job in first
    )
    errors = np.array([[count / fold.samples for count in fold.wrong] for fold in scores])
    groups = group_keys(dataset.crops)
    floors, rights = Floors(dataset.task.name, settings.network), _floor_rights(dataset, first)
    return CrossValidation(
        folds=scores,
        error=_estimate(wrong, groups),
        floors=compared(floors, ~wrong, rights, groups),
        **trained_alike(dataset, jobs, results, seeds=seeds, scores=errors),
        folder=folder or Path(),
    )


def trained_alike(
    dataset: Dataset,
    jobs: Sequence[Job],
    results: Sequence[FoldResult],
    *,
    seeds: tuple[int, ...],
    scores: npt.NDArray[np.float64],
) -> dict[str, Any]:
    """Return the fields of a `FoldStudy`, from the scores of its trainings, shape ``(folds, seeds)``."""
    seed_std, fold_std = spread_of(scores)
    return {
        "task": dataset.task.name,
        "network": jobs[0].settings.network,
        "settings": jobs[0].settings,
        "size_hw": dataset.size_hw,
        "seeds": seeds,
        "seed_std": seed_std,
        "fold_std": fold_std,
        "diverged": sum(result.diverged for result in results),
        "trained": len(results),
    }


def _floor_rights(dataset: Dataset, jobs: Sequence[Job]) -> dict[str, Rights]:
    """Return which crops each floor is right about, shape ``(crops,)``, by the floor's name.

    Args:
        dataset: The crops.
        jobs: One training for each fold; each crop is tested in one of them.
    """
    rights: dict[str, Rights] = {}
    for job in jobs:
        found = floor_rights(dataset, job.learned, job.fold.test, without=job.settings.network)
        for name, right in found.items():
            rights.setdefault(name, np.zeros(len(dataset.crops), dtype=bool))[job.fold.test] = right
    return rights


def spread_of(errors: npt.NDArray[np.float64]) -> tuple[float | None, float]:
    """Separate the spread over seeds from that over folds, by the analysis of variance of one random effect.

    Args:
        errors: Of each training, shape ``(folds, seeds)``.

    Returns:
        Standard deviation over the seeds of a fold, None with one seed; and over folds, without what the seeds add to
        the folds' means.

    Examples:
        >>> seeds, folds = spread_of(np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]))
        >>> round(seeds, 3), round(folds, 3)
        (0.071, 0.194)
    """
    between = float(errors.mean(axis=1).var(ddof=1))
    if errors.shape[1] < 2:
        return None, math.sqrt(between)
    within = float(errors.var(axis=1, ddof=1).mean())
    return math.sqrt(within), math.sqrt(max(0.0, between - within / errors.shape[1]))


def folds_panel(study: CrossValidation) -> FigurePanel:
    """Return the figure of the error on each fold, with a row for each training."""
    head = ("fold", "seed", "samples", "trained_on", "wrong", "error", "error_low", "error_high")
    rows = []
    for number, fold in enumerate(study.folds):
        for seed, wrong in zip(study.seeds, fold.wrong, strict=True):
            share = Proportion(wrong, fold.samples)
            rows.append((number, seed, fold.samples, fold.trained_on, wrong, share.share, *share.interval))
    return FigurePanel(
        name="folds",
        title="Cross-validation",
        alternative=f"Error of {study.network} on each of {len(study.folds)} folds; in all "
        f"{percent(study.error.value)}.",
        caption=study.sentence(),
        value=study,
        rows=(head, *rows),
    )


def folds_table(study: CrossValidation, *, note: str = "") -> Table:
    """Return the error on each fold, and on all samples, as a table, with a note."""
    columns = ("Fold", "Crops", "Trained on", "Wrong: mean", "best", "worst", "Error", "95 % interval")
    rows = [
        (str(number), f"{fold.samples:,}", f"{fold.trained_on:,}", f"{sum(fold.wrong) / len(fold.wrong):.1f}",
         f"{min(fold.wrong):,}", f"{max(fold.wrong):,}", percent(fold.error.share), interval(fold.error))
        for number, fold in enumerate(study.folds)
    ]  # fmt: skip
    all_wrong, error = study.wrong, study.error
    rows.append(
        ("All", f"{study.samples:,}", "", f"{sum(all_wrong) / len(all_wrong):.1f}", f"{min(all_wrong):,}",
         f"{max(all_wrong):,}", percent(error.value), f"{between(100 * error.low, 100 * error.high, '.1f')} %")
    )  # fmt: skip
    title = f"Cross-validation of {study.network}, {counted(len(study.seeds), 'seed')}"
    return table(title, columns, rows, totals=1, note=note)


def _estimate(wrong: npt.NDArray[np.bool_], groups: Sequence[int]) -> Estimate:
    valid = np.ones((1, len(wrong)), dtype=bool)
    return estimate(float(wrong.mean()), error_draws(wrong[None], valid, groups, rng=generator(0, "folds"))[:, 0])
