"""Cross-validation of a detector: every screenshot is searched once by a model that learned from others."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from toonvision.core.errors import InputRejectedError
from toonvision.core.panels import FigurePanel, Table, table
from toonvision.core.progress import unwatched
from toonvision.core.wording import between, counted
from toonvision.data.workspace import Workspace
from toonvision.evaluation.box_floors import compared_with_mean_boxes, mean_boxes
from toonvision.evaluation.score_floors import ScoreFloors
from toonvision.metrics.bootstrap import Estimate
from toonvision.metrics.classification import Indices
from toonvision.metrics.predictions import Predictions
from toonvision.studies.box_precision import cells, mean_precision, scored_boxes
from toonvision.studies.cross_validation import FoldStudy, plan_folds, sound_seeds, trained_alike
from toonvision.studies.folds import FoldResult, Job, StudyWatcher, diverged_sentence, train_jobs
from toonvision.tasks.base import Dataset
from toonvision.tasks.registry import kind_of
from toonvision.tasks.settings import TrainingSettings
from toonvision.taxonomy.labels import Task


@dataclass(frozen=True)
class BoxFold:
    """How the trainings did that learned without one fold.

    Attributes:
        screenshots: How many the fold has.
        objects: How many objects count there.
        trained_on: How many screenshots each training learned from.
        each: AP50 of each training that counts, in the order of the seeds.
        ap50: Their mean, with its 95 % interval over screenshots.
        ap: The same of AP.
    """

    screenshots: int
    objects: int
    trained_on: int
    each: tuple[float, ...]
    ap50: Estimate
    ap: Estimate


@dataclass(frozen=True)
class BoxFolds(FoldStudy):
    """What detectors that were trained without each fold find in it.

    Attributes:
        folds: The folds.
        ap50: AP50 over all screenshots, each searched by a model that did not learn from it: the mean over seeds, with
            its 95 % interval over screenshots.
        ap: The same of AP.
        floors: What a detector should beat, on the same folds.
    """

    FILE, WHAT = "box-folds.json", "cross-validation of a detector"

    folds: tuple[BoxFold, ...]
    ap50: Estimate
    ap: Estimate
    floors: ScoreFloors

    @property
    def samples(self) -> int:
        """How many screenshots were searched by each seed."""
        return sum(fold.screenshots for fold in self.folds)

    def sentence(self) -> str:
        """Return the result in plain words; a floor that is not beaten comes first."""
        ap50, ap = (f"{one.value:.3f} (95 % interval {between(one.low, one.high)})" for one in (self.ap50, self.ap))
        found = (
            f"Each of {counted(self.samples, 'screenshot')} was searched by models that learned without it, in "
            f"{len(self.folds)} folds: AP50 is {ap50}, AP {ap}."
        )
        seeds = "" if self.seed_std is None else f"by {self.seed_std:.3f} with the seed, and "
        spread = f"The AP50 of a fold varies {seeds}by {self.fold_std:.3f} with the fold (standard deviation)."
        floors = self.floors.sentence()
        first, last = (f"{floors} ", "") if self.floors.unbeaten else ("", f" {floors}")
        left_out = diverged_sentence([("in all, with the other folds of their seeds", self.diverged, self.trained)])
        return f"{first}{found} {spread}{last}{left_out}"


def cross_validate_boxes(
    workspace: Workspace,
    task: Task,
    settings: TrainingSettings,
    *,
    folds: int,
    seeds: Sequence[int],
    watcher: StudyWatcher = unwatched,
    **asked: Any,
) -> BoxFolds:
    """Train a detector without each fold, with each seed, and save how good it finds what the folds show.

    The arguments are those of `toonvision.studies.cross_validation.cross_validate`.

    Raises:
        UsageError: If there are too few folds, or the name is taken.
        InputRejectedError: If a class cannot be learned without one of the folds, or every seed diverged.
    """
    dataset, jobs, folder = plan_folds(workspace, task, settings, folds=folds, seeds=seeds, **asked)
    _require_objects(dataset, jobs)
    return scored_folds(dataset, jobs, train_jobs(dataset, jobs, folder=folder, watcher=watcher), folder=folder).save()


def _require_objects(dataset: Dataset, jobs: Sequence[Job]) -> None:
    shown = kind_of(dataset.task).occurrences(dataset)
    if not all(shown[job.fold.test].any() for job in jobs):
        raise InputRejectedError("a fold shows no object. Annotate more screenshots, or ask for fewer --folds.")


def scored_folds(
    dataset: Dataset, jobs: Sequence[Job], results: Sequence[FoldResult], *, folder: Path | None = None
) -> BoxFolds:
    """Score each fold, and all screenshots at once, with the models that did not learn from them.

    Raises:
        InputRejectedError: If every seed has a training that diverged.
    """
    seeds = sound_seeds(jobs, results)
    of_seed = {seed: [at for at, job in enumerate(jobs) if job.seed == seed] for seed in seeds}
    first = [jobs[at] for at in of_seed[seeds[0]]]
    listed = []
    for number, job in enumerate(first):
        each = [scored_boxes(dataset, job.fold.test, [results[rows[number]].predictions]) for rows in of_seed.values()]
        objects = int((~each[0].truth.ignored).sum())
        listed.append(
            BoxFold(len(job.fold.test), objects, len(job.learned), tuple(one.precision.ap50 for one in each),
                    mean_precision(each, 0), mean_precision(each, None))
        )  # fmt: skip
    tested: Indices = np.concatenate([job.fold.test for job in first])
    whole = [scored_boxes(dataset, tested, [results[at].predictions for at in rows]) for rows in of_seed.values()]
    floor = scored_boxes(dataset, tested, [_mean_boxes(dataset, job) for job in first])
    return BoxFolds(
        folds=tuple(listed),
        ap50=mean_precision(whole, 0),
        ap=mean_precision(whole, None),
        floors=compared_with_mean_boxes(jobs[0].settings.network, whole, floor),
        **trained_alike(dataset, jobs, results, seeds=seeds, scores=np.array([fold.each for fold in listed])),
        folder=folder or Path(),
    )


def _mean_boxes(dataset: Dataset, job: Job) -> Predictions:
    return mean_boxes(dataset, job.learned, images=len(job.fold.test))


def box_folds_table(study: BoxFolds, *, note: str = "") -> Table:
    """Return the scores of each fold, and of all screenshots, as a table, with a note."""
    columns = ("Fold", "Screenshots", "Objects", "Trained on", "AP50", "95 %", "AP", "95 %")
    rows: list[tuple[str, ...]] = [
        (str(number), f"{one.screenshots:,}", f"{one.objects:,}", f"{one.trained_on:,}", *cells(one.ap50),
         *cells(one.ap))
        for number, one in enumerate(study.folds)
    ]  # fmt: skip
    total = [sum(getattr(one, name) for one in study.folds) for name in ("screenshots", "objects")]
    rows.append(("All", *(f"{count:,}" for count in total), "", *cells(study.ap50), *cells(study.ap)))
    title = f"Cross-validation of {study.network}, {counted(len(study.seeds), 'seed')}"
    return table(title, columns, rows, totals=1, note=note)


def box_folds_panel(study: BoxFolds) -> FigurePanel:
    """Return the figure of AP50 on each fold, with a row for each training."""
    head = ("fold", "seed", "screenshots", "objects", "trained_on", "ap50", "mean_ap50", "mean_ap50_low",
            "mean_ap50_high", "mean_ap", "mean_ap_low", "mean_ap_high")  # fmt: skip
    rows = tuple(
        (number, seed, one.screenshots, one.objects, one.trained_on, value, one.ap50.value, one.ap50.low, one.ap50.high,
         one.ap.value, one.ap.low, one.ap.high)
        for number, one in enumerate(study.folds)
        for seed, value in zip(study.seeds, one.each, strict=True)
    )  # fmt: skip
    return FigurePanel(
        "folds", "Cross-validation",
        f"AP50 of {study.network} on each of {len(study.folds)} folds; in all {study.ap50.value:.3f}.",
        study.sentence(), study, (head, *rows),
    )  # fmt: skip
