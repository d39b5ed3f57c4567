"""Checking the runs of a workspace without starting Keras, and the labels against a run's predictions."""

import os
from collections.abc import Sequence
from pathlib import Path

from toonvision.core.errors import EnvironmentFaultError, Finding, InputRejectedError, ToonVisionError, UsageError
from toonvision.core.files import CLOSED
from toonvision.core.wording import percent
from toonvision.data.catalog import Crop
from toonvision.data.check import Checked
from toonvision.data.records import Known
from toonvision.data.splits import Ratios, Split, again, read_split, split_digest
from toonvision.data.workspace import Workspace
from toonvision.deploy.current import EXPORT, current_export
from toonvision.evaluation.history import results_damage
from toonvision.metrics.predictions import Prediction
from toonvision.models.saving import read_card, require_sound_weights
from toonvision.tasks.registry import kind_of
from toonvision.training.record import RECORD, RunRecord, closed_runs, read_record, repeat_folder

CONFIDENT = 0.9
"""From this probability on, a prediction that differs from the label is reported."""


def check_runs(workspace: Workspace, known: Known | None) -> Checked:
    """Check that every run and its results can be read, and that it has this taxonomy and a split that still exists.

    Without the catalogue's content (``known`` is None) splits are not checked.
    """
    closed = closed_runs(workspace.runs)
    faults = [Finding(str(folder), CLOSED, "allow reading", "run") for folder in closed]
    doubts: list[Finding] = []
    runs = [folder for folder in sorted(workspace.runs.glob("*/[!.]*")) if folder.is_dir()]
    for run in runs:
        if run in closed:
            continue
        title = run.relative_to(workspace.runs).as_posix()
        name = f"run {title}"
        try:
            record, stale_export = _sound_run(run, workspace)
        except (ToonVisionError, OSError) as error:
            said = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else str(error)
            faults.append(Finding(name, said.removeprefix(f"{run}: ").removeprefix(f"{run}{os.sep}"), code="run"))
            continue
        if damage := results_damage(run):
            faults.append(Finding(name, damage, f"toonvision evaluate {title}", "damaged-results"))
        if stale_export:
            doubts.append(Finding(name, f"{EXPORT}: {stale_export}", f"toonvision export {title}", "stale-export"))
        if known and (doubt := _split_doubt(record, known, workspace)):
            doubts.append(Finding(name, *doubt))
    return Checked("Runs", len(runs), tuple(faults), tuple(doubts))


def contradicted_labels(
    crops: Sequence[Crop], predictions: Sequence[Prediction], record: RunRecord, known: Known, workspace: Workspace
) -> Checked:
    """Return the crops whose label a run's predictions for them contradict confidently, the most confident first."""
    by_path = {workspace.crops / crop.file: crop for crop in crops}
    split = _split_of(record, workspace)
    stands = split is not None and _is_as_trained(split, record, known, workspace)
    learned = {"train"} | ({"val"} if record.settings.with_validation else set())
    doubts = []
    for one in sorted(predictions, key=lambda one: -one.confidence):
        crop = by_path[one.path]
        given = workspace.taxonomy.class_of(crop.label, record.level)
        if one.predicted == given or one.confidence < CONFIDENT:
            continue
        unseen = ", never having seen it," if stands and split and split.subset_of(crop) not in learned else ""
        reason = (
            f"is labelled {given}, but {record.title}{unseen} takes it for {one.predicted} ({percent(one.confidence)})"
        )
        doubts.append(Finding(crop.file, reason, f"look at {crop.where}", "contradicted"))
    return Checked(f"Labels by {record.title}", len(predictions), (), tuple(doubts))


def _sound_run(run: Path, workspace: Workspace) -> tuple[RunRecord, str]:
    """Read all of a run but its weights; return its record, and why its export cannot be used."""
    if not (run / RECORD).exists():
        raise InputRejectedError(f"{run / RECORD}: is missing, so that no command sees this run. Train again.")
    record = read_record(run)
    for folder in (run, *(repeat_folder(run, repeat.seed) for repeat in record.repeats)):
        read_card(folder, taxonomy=workspace.taxonomy)
        require_sound_weights(folder)
    return record, current_export(run, read_card(run))[1]


def _split_doubt(record: RunRecord, known: Known, workspace: Workspace) -> tuple[str, str, str] | None:
    """Return a finding's reason, remedy and code if a run's split is not what it was; an unreadable one is a fault."""
    name = record.split
    try:
        split = read_split(workspace.splits, name)
    except UsageError:
        reason = f"was trained on the split {name}, which is missing, so that evaluate refuses it"
        return reason, _back(record), "split-missing"
    except (InputRejectedError, EnvironmentFaultError):
        return None
    if _is_as_trained(split, record, known, workspace):
        return None
    reason = f"was trained on the split {name} as it no longer is, so that evaluate refuses it"
    return reason, "train again", "split-changed"


def _back(record: RunRecord) -> str:
    """Return what brings back the split of a run, of which the run knows its ratios alone where it was drawn here."""
    name, seed = record.split, record.split_seed
    if record.ratios:
        return f"{again(Split(name, {}, Ratios(*record.ratios), seed))} draws it again"
    taken = again(Split(name, {}, seed=seed, from_source=True))
    return f"put its file back, or train again; if it is the source's own, {taken} takes it over again"


def _is_as_trained(split: Split, record: RunRecord, known: Known, workspace: Workspace) -> bool:
    items = kind_of(record.as_task).items(known, workspace, record.as_task)
    return split_digest([item for item in items if split.subset_of(item)], split) == record.data_hash


def _split_of(record: RunRecord, workspace: Workspace) -> Split | None:
    try:
        return read_split(workspace.splits, record.split)
    except (InputRejectedError, EnvironmentFaultError, UsageError):
        return None
