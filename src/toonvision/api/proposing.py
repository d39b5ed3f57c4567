"""Letting models propose boxes, and contexts, for screenshots: which models, and for which screenshots."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from toonvision.api.base import Opened, StoredRun
from toonvision.api.proposed import Proposed, proposed_blocks, proposed_data
from toonvision.api.result import Result, who_did
from toonvision.core.errors import Finding, ToonVisionError, UsageError
from toonvision.core.spread import Spread
from toonvision.data.splits import read_split
from toonvision.data.workspace import SETTINGS
from toonvision.deploy.packaged import detector_accuracy, packaged_files, packaged_names
from toonvision.taxonomy.labels import CLASSIFY, DETECT, LABEL_LEVEL
from toonvision.taxonomy.loader import built_in
from toonvision.training.record import read_record

if TYPE_CHECKING:
    from toonvision.label.accepting import Learned
    from toonvision.label.looks import Look
    from toonvision.label.proposing import Proposer
    from toonvision.label.screenshots import Listed, Screenshot


@dataclass(frozen=True)
class ProposeOrder:
    """What is to propose boxes, and for which screenshots.

    Attributes:
        detector: The run that finds; None takes the newest one, or the one that comes with the package.
        classifiers: Runs that name, one a level; empty takes the newest one of each level.
        every: Also propose for screenshots that are annotated or reviewed: what a person decided stays.
        sure: The precision in percent from which on boxes are accepted without asking, at the lower end of its
            interval; 100 asks about all.
        seed: Decides which 5 % of what is sure enough a person is asked about all the same.
        ray: The address of a Ray cluster that does the work; None for this machine.
    """

    detector: str | None = None
    classifiers: tuple[str, ...] = ()
    every: bool = False
    sure: float = 95
    seed: int = 0
    ray: str | None = None


def propose(workspace: Opened, order: ProposeOrder) -> "Result[Proposed]":
    """Let models propose boxes for screenshots, and store that beside what a person decided.

    What is sure enough, measured on annotated screenshots that the models did not learn from, is accepted.

    Raises:
        UsageError: If there is no detector, a run is of another kind, or two name one level.
        InputRejectedError: If there is no screenshot.
        ModelRefusedError: If a model cannot be used, or has another taxonomy.
        WorkspaceBusyError: If the labelling page is open.
    """
    from toonvision.label.screenshots import list_screenshots
    from toonvision.label.session import alone

    proposer, learned = choose_proposer(workspace, order)
    with alone(workspace.files):
        return _proposed(workspace, order, list_screenshots(workspace.files), proposer, learned)


def _proposed(
    workspace: Opened, order: ProposeOrder, listed: "Listed", proposer: "Proposer", learned: "Learned"
) -> "Result[Proposed]":
    from toonvision.label import accepting, proposing
    from toonvision.label.context_proposing import propose_contexts
    from toonvision.label.proposals import (
        Proposals,
        StoredThresholds,
        proposals_of,
        write_contexts,
        write_thresholds,
    )
    from toonvision.label.session import Session
    from toonvision.label.thresholds import choose_thresholds

    known = accepting.annotated(listed, learned)
    asked = {shot.id for shot in _asked_about(listed, every=order.every)}
    shots = [shot for shot in listed.screenshots if shot.id in asked or shot in known]
    spread = _spread(workspace, order.ray, shots)
    looks: dict[str, Look] = {}
    with workspace.watcher.progress(f"proposing with {proposer.title}", "screenshots") as progress:
        made = proposing.propose(
            workspace.files, shots, proposer, spread=spread, see=looks.__setitem__, progress=progress
        )
        done = list(made)
    measured = {shot.id for shot in known}
    pairs = [(shot, one) for shot, one in done if isinstance(one, Proposals)]
    rights = accepting.compared(workspace.files, [pair for pair in pairs if pair[0].id in measured])
    thresholds = choose_thresholds(rights, target=order.sure / 100, usual=proposer.usual_score)
    if pairs:
        write_thresholds(workspace.files, StoredThresholds(pairs[0][1].models, thresholds))
    with workspace.watcher.progress("looking at contexts", "screenshots") as progress:
        contexts = propose_contexts(
            workspace.files, listed, asked, seen=looks, seed=order.seed, leader=spread.leader, progress=progress
        )
    write_contexts(workspace.files, contexts)
    session = Session(workspace.files, proposals=proposals_of(workspace.files), listed=listed)
    accepted = accepting.accept_unasked(session, thresholds, seed=order.seed)
    proposed = tuple(one for shot, one in pairs if shot.id in asked)
    value = Proposed(proposed, thresholds, accepted, accepting.audit(workspace.files, listed), contexts)
    findings = (*spread.refused, *(one for _, one in done if isinstance(one, Finding)))
    return Result(
        value,
        (
            *(who_did(spread.did, "looked at", "screenshots") if order.ray else ()),
            *proposed_blocks(
                proposer.title, value, compared=sum(one.is_exact for one in rights), screenshots=len(known)
            ),
        ),
        {
            **proposed_data(proposer.title, value),
            **({"workers": dict(spread.did)} if order.ray else {}),
            "findings": [asdict(finding) for finding in findings],
        },
        findings=findings,
        folder=workspace.root,
        next=workspace.command("label"),
    )


def _spread(workspace: Opened, address: str | None, shots: "Sequence[Screenshot]") -> Spread:
    from toonvision.core.cluster import spread_over
    from toonvision.core.nodes import shared_file

    paths = [workspace.root / SETTINGS, *(shot.path for shot in shots)] if address else []
    return spread_over(address, [shared_file(path) for path in paths], say=workspace.watcher.say)


def _asked_about(listed: "Listed", *, every: bool) -> "list[Screenshot]":
    """Return the screenshots that nobody has annotated, or whose review is not ended."""
    if every:
        return list(listed.screenshots)
    reviews = {shot: file.annotation.review for shot, file in listed.files.items()}
    return [one for one in listed.screenshots if reviews.get(one.id, "done" if one.given else "open") != "done"]


def choose_proposer(workspace: Opened, order: ProposeOrder) -> "tuple[Proposer, Learned]":
    """Return the models that propose, and what they learned from; runs are exported if need be.

    Raises:
        UsageError: If there is no detector, a run is of another kind, or two name one level.
        ModelRefusedError: If a run cannot be exported.
    """
    from toonvision.api.two_stage import require_kinds
    from toonvision.label.accepting import Learned
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
    trained = [one.record for one in (detector, *namers) if one is not None]
    splits = [read_split(workspace.files.splits, name) for name in sorted({one.split for one in trained})]
    learned = Learned(splits, any(one.settings.with_validation for one in trained))
    return Proposer(found, files, " + ".join([title, *(own[name][1] for name in levels)])), learned


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
