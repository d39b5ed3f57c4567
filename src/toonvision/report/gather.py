"""Everything that a report is made from, read from the workspace and the run."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from toonvision.core.errors import ModelRefusedError
from toonvision.data.arrays import read_crop
from toonvision.data.balance import measure_balance
from toonvision.data.split_summary import summarize_split
from toonvision.data.workspace import Workspace
from toonvision.evaluation.breakdown import break_down, measure_image_statistics
from toonvision.evaluation.evaluate import Evaluation
from toonvision.explain.cam import class_maps
from toonvision.figures.curves import Curve
from toonvision.models.backend import start_keras
from toonvision.models.saving import MEANING, load_model, read_card
from toonvision.report.contents import MappedCases, Results, SuspectLabels
from toonvision.studies.contexts import newest_contexts
from toonvision.studies.curve import newest_curve
from toonvision.studies.stress import load_stress
from toonvision.studies.suspects import newest_suspects
from toonvision.tasks.base import Dataset
from toonvision.training.history import HISTORY, read_history
from toonvision.training.record import repeat_folder
from toonvision.training.repeat import load_run_data

T = TypeVar("T")

MOST_WRONG, MOST_UNSURE = 12, 4
"""Of how many pictures there are class activation maps."""
MOST_SUSPECTS = 24
"""How many suspect labels are shown with their pictures."""


def gather_results(workspace: Workspace, run: Path, evaluation: Evaluation) -> Results:
    """Read what a report needs beside the evaluation: the catalogue, the run's histories, studies of its task."""
    record = evaluation.record
    data = load_run_data(workspace, record)
    with workspace.reading() as catalog:
        crops = catalog.crops()
        counts, findings = catalog.last_extraction()
    unread: list[str] = []
    network = record.settings.network
    study = _readable(lambda: newest_contexts(workspace, record.task, network=network), unread)
    return Results(
        evaluation=evaluation,
        taxonomy=workspace.taxonomy,
        balance=measure_balance(crops, workspace.taxonomy),
        split=summarize_split(data.stored_split, crops, workspace.taxonomy),
        screenshots=len({crop.screenshot_id for crop in data.items}),
        curves=_curves(run, evaluation),
        counts=counts,
        findings=tuple(findings),
        newer=data.newer,
        breakdowns=break_down(evaluation, workspace.taxonomy),
        # A study that was compared with another run says nothing of this one.
        contexts=study if study and study.ordinary == record.title else None,
        curve=_readable(lambda: newest_curve(workspace, record.task), unread),
        suspects=_readable(lambda: _suspects(workspace, record.task, record.level, data), unread),
        stress=_readable(lambda: load_stress(run), unread),
        unread=tuple(unread),
        temperature=read_card(run).temperature if (run / MEANING).is_file() else None,
    )


def look_closer(results: Results, workspace: Workspace, run: Path) -> Results:
    """Add what takes longer: how the crops look, and where the model sees evidence for its gravest faults."""
    evaluation = results.evaluation
    image_statistics = measure_image_statistics(read_crop(workspace, crop) for crop in evaluation.crops)
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


def _map_cases(evaluation: Evaluation, run: Path) -> MappedCases | None:
    """Map the gravest wrong predictions, and the least sure ones that are not among them."""
    wrong = evaluation.wrong[:MOST_WRONG]
    unsure = evaluation.unsure[~np.isin(evaluation.unsure, wrong)][:MOST_UNSURE]
    places = np.concatenate([wrong, unsure])
    if not len(places):
        return None
    start_keras()
    return MappedCases(wrong, unsure, class_maps(load_model(run), evaluation.pictures[places]))


def _suspects(workspace: Workspace, task: str, level: str, data: Dataset) -> SuspectLabels | None:
    """Read the newest search for suspect labels; a label that was corrected since is suspect no more."""
    study = newest_suspects(workspace, task)
    if study is None:
        return None
    known = workspace.taxonomy.level(level).order
    index_of = {(crop.file, crop.label): place for place, crop in enumerate(data.items)}
    standing = tuple(
        one for one in study.suspects
        if (one.file, one.label) in index_of and one.given in known and one.likely in known
    )  # fmt: skip
    shown = np.array([index_of[one.file, one.label] for one in standing[:MOST_SUSPECTS]], dtype=np.int64)
    return SuspectLabels(study, standing, np.asarray(data.images[shown]), len(data.items))


def _curves(run: Path, evaluation: Evaluation) -> tuple[Curve, ...]:
    record = evaluation.record
    return tuple(
        Curve(
            repeat.seed,
            read_history(repeat_folder(run, repeat.seed) / HISTORY),
            repeat.best_epoch,
            repeat.seed == record.best_seed,
        )
        for repeat in record.repeats
    )
