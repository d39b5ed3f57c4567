"""Letting models propose boxes for screenshots: which models, and what came of it."""

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from toonvision.api.base import Opened, StoredRun
from toonvision.api.result import Result
from toonvision.core.errors import Finding, ToonVisionError, UsageError
from toonvision.core.wording import counted
from toonvision.deploy.packaged import detector_accuracy, packaged_files, packaged_names
from toonvision.taxonomy.labels import CLASSIFY, DETECT, LABEL_LEVEL
from toonvision.taxonomy.loader import built_in
from toonvision.training.record import read_record

if TYPE_CHECKING:
    from toonvision.label.proposals import Proposals
    from toonvision.label.proposing import Proposer
    from toonvision.label.screenshots import Screenshot


@dataclass(frozen=True)
class ProposeOrder:
    """What is to propose boxes, and for which screenshots.

    Attributes:
        detector: The run that finds; None takes the newest one, or the one that comes with the package.
        classifiers: Runs that name, one a level; empty takes the newest one of each level.
        every: Also propose for screenshots that are annotated or reviewed: what a person decided stays.
    """

    detector: str | None = None
    classifiers: tuple[str, ...] = ()
    every: bool = False


def propose(workspace: Opened, order: ProposeOrder) -> "Result[list[Proposals]]":
    """Let models propose boxes for screenshots, and store that beside what a person decided.

    Raises:
        UsageError: If there is no detector, a run is of another kind, or two name one level.
        InputRejectedError: If there is no screenshot.
        ModelRefusedError: If a model cannot be used, or has another taxonomy.
    """
    from toonvision.label import proposing
    from toonvision.label.proposals import Proposals

    proposer = choose_proposer(workspace, order)
    shots = _asked_about(workspace, every=order.every)
    with workspace.watcher.progress(f"proposing with {proposer.title}", "screenshots") as progress:
        done = [one for _, one in proposing.propose(workspace.files, shots, proposer, progress=progress)]
    proposed = [one for one in done if isinstance(one, Proposals)]
    findings = tuple(one for one in done if isinstance(one, Finding))
    objects = [thing for one in proposed for thing in one.objects]
    exact, doubted = sum(one.is_exact for one in objects), sum(bool(one.doubts) for one in objects)
    text = (
        f"{proposer.title} proposes {counted(len(objects), 'box', 'boxes')} in "
        f"{counted(len(proposed), 'screenshot')}: {exact:,} with a label, {len(objects) - exact:,} with a class of "
        f"several labels; on {doubted:,} of them models disagree."
    )
    if not proposed and not findings:
        text = "Every screenshot is annotated or reviewed; --every proposes for these, too."
    return Result(
        proposed,
        (text,),
        {
            "models": proposer.title,
            "screenshots": len(proposed),
            "boxes": len(objects),
            "exact": exact,
            "disagree": doubted,
            "labels": dict(sorted(Counter(one.label for one in objects).items())),
            "findings": [asdict(finding) for finding in findings],
        },
        findings=findings,
        folder=workspace.root,
        next=workspace.command("label"),
    )


def _asked_about(workspace: Opened, *, every: bool) -> "list[Screenshot]":
    """Return the screenshots that nobody has annotated, or whose review is not ended."""
    from toonvision.label.screenshots import list_screenshots

    listed = list_screenshots(workspace.files)
    if every:
        return list(listed.screenshots)
    reviews = {shot: file.annotation.review for shot, file in listed.files.items()}
    return [one for one in listed.screenshots if reviews.get(one.id, "done" if one.given else "open") != "done"]


def choose_proposer(workspace: Opened, order: ProposeOrder) -> "Proposer":
    """Return the models that propose; runs are exported where they are not yet.

    Raises:
        UsageError: If there is no detector, a run is of another kind, or two name one level.
        ModelRefusedError: If a run cannot be exported.
    """
    from toonvision.api.two_stage import require_kinds
    from toonvision.label.proposing import Proposer

    detector = _run(workspace, order.detector) if order.detector else _newest(workspace, DETECT).get("", None)
    namers = [_run(workspace, name) for name in order.classifiers]
    if detector is not None:
        require_kinds(detector, namers)
    if not order.classifiers:
        namers = list(_newest(workspace, CLASSIFY).values())
    own = {one.record.level: (_exported(one), one.name) for one in namers}
    if detector is not None:
        found, level, title = _exported(detector), detector.record.level, detector.name
    else:
        found, level, title = _packaged(workspace)
        for name, path in packaged_files(workspace.files.taxonomy.name).items():
            own.setdefault(name, (path, f"the package's {name}"))
    own.pop(level, None)
    levels = [name for name in _levels(workspace) if name in own]
    files = tuple(own[name][0] for name in levels)
    return Proposer(found, files, " + ".join([title, *(own[name][1] for name in levels)]))


def _packaged(workspace: Opened) -> tuple[Path, str, str]:
    """Return the file, the level and the title of the detector that comes with the package.

    Raises:
        UsageError: If there is none for the workspace's taxonomy.
    """
    from toonvision.deploy.detector import Detector
    from toonvision.deploy.packaged import DETECTOR, WEIGHTS

    taxonomy = workspace.files.taxonomy
    if taxonomy.name not in packaged_names() or built_in(taxonomy.name).digest != taxonomy.digest:
        tasks = [task.name for task in taxonomy.tasks if task.kind == DETECT]
        way = f"train one: {workspace.command('train', tasks[0])}" if tasks else "add a task of the kind detect"
        raise UsageError(
            f"no detector was trained yet, and none comes with the package for the taxonomy {taxonomy.name}. Label "
            f"some screenshots by hand ({workspace.command('label')}), then {way}."
        )
    path = WEIGHTS / taxonomy.name / DETECTOR
    accuracy = detector_accuracy(taxonomy.name)
    workspace.watcher.say(f"No detector was trained yet; the one that comes with the package {accuracy or 'is used'}.")
    return path, Detector(path).bundle.level, "the package's detector"


def _run(workspace: Opened, name: str) -> StoredRun:
    from toonvision.training.record import find_run

    return StoredRun(workspace, find_run(workspace.files.runs, name))


def _newest(workspace: Opened, kind: str) -> dict[str, StoredRun]:
    """Return the newest usable run of each level; of detectors the newest of all, under an empty text."""
    found: dict[str, StoredRun] = {}
    for folder in workspace.newest_runs():
        try:
            record = read_record(folder)
        except ToonVisionError:  # a damaged run; `toonvision runs` names it
            continue
        if record.kind == kind and record.status == "done":
            found.setdefault("" if kind == DETECT else record.level, StoredRun(workspace, folder))
    return found


def _levels(workspace: Opened) -> list[str]:
    """Return the names of all levels, the coarsest first."""
    return [*(level.name for level in workspace.files.taxonomy.levels), LABEL_LEVEL]


def _exported(run: StoredRun) -> Path:
    """Return a run's export, made now where there is none of its present weights."""
    from toonvision.deploy.current import EXPORT, current_export
    from toonvision.deploy.export import export_run
    from toonvision.models.saving import read_card

    export, _ = current_export(run.folder, read_card(run.folder))
    if export is None:
        with run.workspace.watcher.progress(f"exporting {run.name}", "pictures") as progress:
            export_run(run.workspace.files, run.folder, progress=progress)
    return run.folder / EXPORT
