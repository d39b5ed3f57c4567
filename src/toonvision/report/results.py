"""Everything that a run's report is made from, read from the workspace and the run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from toonvision.core.errors import Finding, ModelRefusedError
from toonvision.data.arrays import read_crop
from toonvision.data.balance import Balance, measure_balance
from toonvision.data.growth import Growth, measure_growth, screenshot_rows
from toonvision.data.outliers import measure_image
from toonvision.data.records import Known
from toonvision.data.split_plan import SplitSummary, summarize_split
from toonvision.data.workspace import Workspace
from toonvision.evaluation.breakdown import Breakdown, break_down
from toonvision.evaluation.evaluate import ClassEvaluation, Evaluation
from toonvision.evaluation.history import errors_so_far
from toonvision.explain.cam import ClassMaps, class_maps
from toonvision.figures.values import TrainingCurve
from toonvision.metrics.classification import Indices
from toonvision.models.backend import start_backend
from toonvision.models.registry import TREES
from toonvision.models.saving import MEANING, load_model, read_card
from toonvision.studies.box_contexts import BoxContextStudy
from toonvision.studies.box_curve import BoxCurve
from toonvision.studies.box_folds import BoxFolds
from toonvision.studies.box_suspects import BoxSuspectStudy
from toonvision.studies.contexts import ContextStudy
from toonvision.studies.cross_validation import CrossValidation
from toonvision.studies.curve import LearningCurve
from toonvision.studies.leakage import LeakageStudy
from toonvision.studies.stress import StressTest
from toonvision.studies.suspects import SuspectCrops, SuspectStudy, suspect_crops
from toonvision.tasks.registry import kind_of
from toonvision.taxonomy.labels import CLASSIFY, DETECT, Taxonomy
from toonvision.training.history import HISTORY, read_history
from toonvision.training.record import RunRecord, repeat_folder
from toonvision.training.repeat import load_run_data

T = TypeVar("T")

MOST_WRONG, MOST_UNSURE = 12, 4
"""For how many images there are class activation maps."""
MOST_SUSPECTS = 24
"""How many suspect labels are shown with their crops."""
_OF_CROPS: tuple[Any, ...] = (ContextStudy, CrossValidation, LearningCurve)
_OF_BOXES: tuple[Any, ...] = (BoxContextStudy, BoxFolds, BoxCurve)
"""The studies of tasks that name what crops show, and of those that find objects."""


@dataclass(frozen=True)
class MappedCases:
    """Class activation maps of the worst and of the least confident predictions.

    Attributes:
        wrong: Indices of wrong samples, the worst first.
        unsure: Indices of other samples, the least confident first.
        maps: Of `wrong`, then of `unsure`, for all classes.
    """

    wrong: Indices
    unsure: Indices
    maps: ClassMaps


@dataclass(frozen=True)
class CurrentSuspects:
    """A search for suspect annotations, as far as it still holds.

    Attributes:
        study: The search, without the suspects that were corrected since.
        corrected: How many those are.
        crops: The first suspects with their crops; None where they are boxes.
    """

    study: SuspectStudy | BoxSuspectStudy
    corrected: int
    crops: SuspectCrops | None = None


@dataclass(frozen=True)
class Results:
    """All that a run's report is made from.

    Attributes:
        evaluation: The run's predictions.
        taxonomy: What the labels mean.
        balance: What was collected.
        split: How the split that was trained on came out.
        screenshots: How many screenshots the task's crops come from.
        samples: How many crops of the task, or screenshots, there are now.
        curves: The history of each training.
        counts: Numbers of the last extraction.
        findings: What the last extraction found.
        newer: How many crops the split does not know.
        breakdowns: Wrong predictions by where, what and how the pictures were taken.
        contexts: The newest study of contexts that was compared with this run.
        folds: The newest cross-validation of the same task with the run's settings.
        curve: The newest learning curve of the same task.
        suspects: The newest search for suspect labels, or boxes, of the same task.
        stress: The run under changes of light, sharpness, size, compression and box.
        leakage: How the run's settings do on a naive split.
        mapped: Class activation maps of some images.
        temperature: The temperature that is stored with the model.
        growth: How the data set grew.
        unread: What should be part of the report and cannot be read, in one sentence each.
    """

    evaluation: Evaluation[Any]
    taxonomy: Taxonomy
    balance: Balance
    split: SplitSummary
    screenshots: int
    samples: int
    curves: tuple[TrainingCurve, ...]
    counts: Mapping[str, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    newer: int = 0
    breakdowns: tuple[Breakdown, ...] = ()
    contexts: ContextStudy | BoxContextStudy | None = None
    folds: CrossValidation | BoxFolds | None = None
    curve: LearningCurve | BoxCurve | None = None
    suspects: CurrentSuspects | None = None
    stress: StressTest | None = None
    leakage: LeakageStudy | None = None
    mapped: MappedCases | None = None
    temperature: float | None = None
    growth: Growth | None = None
    unread: tuple[str, ...] = ()

    @property
    def best_curve(self) -> TrainingCurve:
        """The history of the training whose model is the run's."""
        return next(curve for curve in self.curves if curve.best)


def gather_results(workspace: Workspace, run: Path, evaluation: Evaluation[Any]) -> Results:
    """Read what a report needs beside the evaluation: the catalogue, the run's histories, studies of its task."""
    record = evaluation.record
    data = load_run_data(workspace, record)
    with workspace.reading() as catalog:
        known = catalog.known()
        counts, findings = catalog.last_extraction()
    crops, unread = known.crops, list[str]()
    contexts, folds, curve = _OF_BOXES if record.kind == DETECT else _OF_CROPS
    return Results(
        evaluation=evaluation,
        taxonomy=workspace.taxonomy,
        balance=measure_balance(crops, workspace.taxonomy, rules=workspace.label_rules),
        growth=measure_growth(workspace, screenshot_rows(workspace), crops, errors_so_far(workspace.runs)),
        split=summarize_split(data.stored_split, crops, workspace.taxonomy),
        screenshots=len({crop.screenshot_id for crop in data.items}),
        samples=len(kind_of(record.as_task).items(known, workspace, record.as_task)),
        curves=_curves(run, evaluation),
        counts=counts,
        findings=tuple(findings),
        newer=data.newer,
        breakdowns=break_down(evaluation, workspace.taxonomy),
        contexts=_readable(lambda: contexts.of_run(workspace, record), unread),
        folds=_readable(lambda: folds.of(workspace, record.task, record.settings, record.size_hw), unread),
        curve=_readable(lambda: curve.newest(workspace, record.task), unread),
        suspects=_readable(lambda: _suspects(workspace, record, known), unread),
        stress=_readable(lambda: StressTest.load(run), unread) if (run / StressTest.FILE).is_file() else None,
        leakage=_readable(lambda: LeakageStudy.of_run(workspace, record), unread),
        unread=tuple(unread),
        temperature=read_card(run).temperature if (run / MEANING).is_file() else None,
    )


def with_details(results: Results, workspace: Workspace, run: Path) -> Results:
    """Add what takes longer: image statistics of the crops, and class activation maps of the worst predictions."""
    evaluation = results.evaluation
    crops = kind_of(evaluation.record.as_task).cases(evaluation).crops
    image_statistics = [measure_image(read_crop(workspace, crop)) for crop in crops]
    return replace(
        results,
        breakdowns=break_down(evaluation, workspace.taxonomy, image_statistics),
        mapped=_map_cases(evaluation, run) if (run / MEANING).is_file() else None,
    )


def _readable(read: Callable[[], T | None], unread: list[str]) -> T | None:
    """Read what a report can do without; note why it cannot be read."""
    try:
        return read()
    except ModelRefusedError as error:
        unread.append(str(error))
        return None


def _map_cases(evaluation: ClassEvaluation, run: Path) -> MappedCases | None:
    if evaluation.record.settings.network == TREES or evaluation.record.kind != CLASSIFY:
        return None
    wrong = evaluation.wrong[:MOST_WRONG]
    unsure = evaluation.best.unsure[~np.isin(evaluation.best.unsure, wrong)][:MOST_UNSURE]
    indices = np.concatenate([wrong, unsure])
    if not len(indices):
        return None
    start_backend(evaluation.record.settings.network, evaluation.record.size_hw)
    return MappedCases(wrong, unsure, class_maps(load_model(run), evaluation.images[indices]))


def _suspects(workspace: Workspace, record: RunRecord, known: Known) -> CurrentSuspects | None:
    """Read the newest search for suspect annotations; one that was corrected since is not suspect any more."""
    kind: type[SuspectStudy] | type[BoxSuspectStudy] = BoxSuspectStudy if record.kind == DETECT else SuspectStudy
    study = kind.newest(workspace, record.task)
    if study is None:
        return None
    left = study.current(known, workspace.taxonomy)
    crops = None
    if isinstance(left, SuspectStudy):
        crops = suspect_crops(workspace, left, left.suspects[:MOST_SUSPECTS], most=MOST_SUSPECTS)
    return CurrentSuspects(left, len(study.suspects) - len(left.suspects), crops)


def _curves(run: Path, evaluation: Evaluation[Any]) -> tuple[TrainingCurve, ...]:
    record = evaluation.record
    return tuple(
        TrainingCurve(
            repeat.seed,
            read_history(repeat_folder(run, repeat.seed) / HISTORY),
            repeat.best_epoch,
            repeat.seed == record.best_seed,
            averaged=bool(record.settings.averaging),
        )
        for repeat in record.repeats
    )
