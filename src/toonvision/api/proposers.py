"""Which models propose boxes for screenshots: the runs of a workspace, and the package's until there are such."""

from collections.abc import Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING

from toonvision.api.base import Opened, StoredRun
from toonvision.core.errors import UsageError
from toonvision.core.wording import some
from toonvision.data.splits import read_split
from toonvision.deploy.packaged import (
    DETECTOR,
    WEIGHTS,
    detector_accuracy,
    packaged_files,
    packaged_names,
    proposing_accuracy,
    proposing_files,
)
from toonvision.taxonomy.labels import CLASSIFY, DETECT, Taxonomy
from toonvision.taxonomy.loader import built_in_name

_MOST_NAMED = 5

if TYPE_CHECKING:
    from toonvision.label.accepting import Learned
    from toonvision.label.proposing import Proposer
    from toonvision.training.record import RunRecord


def choose_proposer(workspace: Opened, detector: str | None, classifiers: Sequence[str]) -> "tuple[Proposer, Learned]":
    """Return the models that propose, and what they learned from; runs are exported if need be.

    The models that come with the package for a taxonomy find, and name levels, as long as no run does.

    Args:
        workspace: Where the runs are.
        detector: The run that finds; None for the newest one.
        classifiers: Runs that name, one a level; empty for the newest one of each level.

    Raises:
        UsageError: If there is no detector, a run is of another kind, or two name one level.
        ModelRefusedError: If a run cannot be exported.
    """
    from toonvision.label.accepting import Learned
    from toonvision.label.proposing import Proposer

    finder, namers = _chosen(workspace, detector, classifiers)
    if finder is not None:
        found, level, title = _exported_now(finder), finder.record.level, finder.name
    else:
        found, level, title = _packaged(workspace)
    own = {one.record.level: (_exported_now(one), one.name) for one in namers if one.record.level != level}
    files = {**_packaged_namers(workspace, {level, *own}), **own}
    levels = [level.name for level in workspace.files.taxonomy.all_levels if level.name in files]
    trained = [one.record for one in (finder, *namers) if one is not None]
    splits = [read_split(workspace.files.splits, name) for name in sorted({one.split for one in trained})]
    learned = Learned(splits, any(one.settings.with_validation for one in trained))
    titles = " + ".join([title, *(files[name][1] for name in levels)]) if trained else "the package's models"
    return Proposer(found, tuple(files[name][0] for name in levels), titles), learned


def require_proposer(
    workspace: Opened, detector: str | None, classifiers: Sequence[str], *, trained: Sequence[str]
) -> None:
    """Make sure that models can propose once some tasks are trained, before that is done.

    Args:
        workspace: Where the runs are.
        detector: As in `choose_proposer`.
        classifiers: As there.
        trained: The tasks.

    Raises:
        UsageError: If no run finds and none of the tasks does, a run is of another kind, or two name one level.
    """
    finder, _ = _chosen(workspace, detector, classifiers)
    taxonomy = workspace.files.taxonomy
    if finder is None and not set(trained) & set(taxonomy.finding):
        _require_packaged(workspace)


def come_with_package(taxonomy: Taxonomy) -> bool:
    """Return whether models come with the package for a taxonomy, just as it is."""
    return built_in_name(taxonomy) in packaged_names()


def _chosen(
    workspace: Opened, detector: str | None, classifiers: Sequence[str]
) -> tuple[StoredRun | None, list[StoredRun]]:
    """Return the run that finds, if there is one, and those that name."""
    from toonvision.api.two_stage import require_kinds

    finder = _run(workspace, detector) if detector else newest_by_level(workspace, DETECT).get("", None)
    namers = [_run(workspace, name) for name in classifiers]
    if finder is not None:
        require_kinds(finder, namers)
    return finder, namers if classifiers else list(newest_by_level(workspace, CLASSIFY).values())


def _packaged_namers(workspace: Opened, named: Set[str]) -> dict[str, tuple[Path, str]]:
    """Return the classifiers of the package for the levels that no other model names, with what people call them.

    Some are often wrong, and only propose: one is left out where another model distinguishes most of its labels.
    """
    taxonomy = workspace.files.taxonomy
    if not come_with_package(taxonomy):
        return {}
    files = packaged_files(taxonomy.name)
    for level, path in proposing_files(taxonomy.name).items():
        if not any(_distinguishes(taxonomy, one, level) for one in named):
            files[level] = path
            said = f"the one that comes with the package {proposing_accuracy(taxonomy.name, level)}"
            workspace.watcher.say(f"No run names the level {level}; {said}.")
    return {level: (path, f"the package's {level}") for level, path in files.items() if level not in named}


def _distinguishes(taxonomy: Taxonomy, one: str, level: str) -> bool:
    """Return whether a level has more than half as many classes as there are labels with a class at another level."""
    labels = [label.name for label in taxonomy.labels if taxonomy.class_of(label.name, level)]
    classes = {taxonomy.class_of(label, one) for label in labels} - {None}
    return len(classes) > len(labels) / 2


def _packaged(workspace: Opened) -> tuple[Path, str, str]:
    """Return the file, the level and the title of the detector that comes with the package.

    Raises:
        UsageError: If there is none for the workspace's taxonomy.
    """
    from toonvision.deploy.detector import Detector

    _require_packaged(workspace)
    taxonomy = workspace.files.taxonomy
    path = WEIGHTS / taxonomy.name / DETECTOR
    accuracy = detector_accuracy(taxonomy.name)
    said = _no_detector(workspace)
    came = f"the package's detector {accuracy or 'is used'}"
    workspace.watcher.say(f"{said[0].upper()}{said[1:]}; {came}.")
    return path, Detector(path).bundle.level, "the package's detector"


def _require_packaged(workspace: Opened) -> None:
    """Refuse a workspace for whose taxonomy no detector comes with the package.

    Raises:
        UsageError: With the way to one.
    """
    taxonomy = workspace.files.taxonomy
    if not come_with_package(taxonomy):
        tasks = taxonomy.finding
        remedy = f"Train one: {workspace.command('train', tasks[0])}" if tasks else "Add a task of the kind detect"
        if failed := _failed_detectors(workspace):
            remedy = _to_learn_better(failed[0])
        first = "" if workspace.is_annotated() else f"First label some screenshots: {workspace.command('label')}. "
        raise UsageError(
            f"{_no_detector(workspace)}, and none comes with the package for this workspace's labels. {first}{remedy}."
        )


def _no_detector(workspace: Opened) -> str:
    """Return why no run finds objects, in words."""
    if failed := _failed_detectors(workspace):
        return f"the training of {some([one.title for one in failed], most=_MOST_NAMED)} failed"
    return "no detector was trained yet"


def _to_learn_better(failed: "RunRecord") -> str:
    """Return what to do about a detector that learned nothing."""
    change = "longer, with more --epochs"
    if any(repeat.diverged for repeat in failed.repeats):
        change = f"with half the learning rate: {failed.settings.at_half_rate}"
    return f"Train it {change}; or use it as it is: --detector {failed.title}"


def _failed_detectors(workspace: Opened) -> "list[RunRecord]":
    """Return the detectors for this taxonomy that learned nothing, the newest first."""
    digest = workspace.files.taxonomy.digest
    records = [run.record for run in workspace.readable_runs()]
    return [one for one in records if one.kind == DETECT and one.status == "failed" and one.taxonomy[1] == digest]


def _run(workspace: Opened, name: str) -> StoredRun:
    from toonvision.training.record import find_run

    return StoredRun(workspace, find_run(workspace.files.runs, name))


def newest_by_level(workspace: Opened, kind: str) -> dict[str, StoredRun]:
    """Return the newest usable run of each level; of detectors the newest of all, under an empty text.

    Runs of another taxonomy cannot be used: it says which.
    """
    found: dict[str, StoredRun] = {}
    other: list[str] = []
    for run in workspace.readable_runs():  # `toonvision runs` names the damaged ones
        record = run.record
        level = "" if kind == DETECT else record.level
        if record.kind != kind or record.status != "done" or level in found:
            continue
        if record.taxonomy[1] == workspace.files.taxonomy.digest:
            found[level] = run
        else:
            other.append(record.title)
    if other:
        are = "was" if len(other) == 1 else "were"
        workspace.watcher.say(f"{some(other, most=_MOST_NAMED)} {are} trained with another taxonomy, and not used.")
    return found


def _exported_now(run: StoredRun) -> Path:
    """Return a run's export, made now where there is none of its present weights."""
    from toonvision.deploy.current import EXPORT, current_export
    from toonvision.deploy.export import export_run
    from toonvision.models.saving import read_card

    export, _ = current_export(run.folder, read_card(run.folder))
    if export is None:
        with run.workspace.watcher.progress(f"exporting {run.name}", "pictures") as progress:
            export_run(run.workspace.files, run.folder, progress=progress)
    return run.folder / EXPORT
