"""Letting models propose boxes, and contexts, for screenshots."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from toonvision.api.base import Opened
from toonvision.api.proposed import Proposed, proposed_blocks, proposed_data
from toonvision.api.proposers import choose_proposer
from toonvision.api.result import Block, Result, who_did
from toonvision.core.errors import Finding
from toonvision.core.runner import Leader
from toonvision.core.workers import Workers
from toonvision.data.workspace import SETTINGS
from toonvision.label.order import ProposeOrder

if TYPE_CHECKING:
    from toonvision.label.accepting import Learned
    from toonvision.label.proposals import StoredContexts
    from toonvision.label.proposing import Proposer
    from toonvision.label.screenshots import Listed, Screenshot
    from toonvision.label.thumbnails import Thumbnail


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

    proposer, learned = choose_proposer(workspace, order.detector, order.classifiers)
    with alone(workspace.files):
        return _proposed(workspace, order, list_screenshots(workspace.files), proposer, learned)


def _proposed(
    workspace: Opened, order: ProposeOrder, listed: "Listed", proposer: "Proposer", learned: "Learned"
) -> "Result[Proposed]":
    from toonvision.label import accepting, proposing
    from toonvision.label.proposals import Proposals, StoredThresholds, proposals_of, write_thresholds
    from toonvision.label.session import Session
    from toonvision.label.thresholds import choose_thresholds

    known = accepting.annotated(listed, learned)
    asked = {shot.id for shot in _asked_about(listed, every=order.every)}
    measured = {shot.id for shot in known}
    wanted = asked | measured
    shots = [shot for shot in listed.screenshots if shot.id in wanted]
    workers = _workers(workspace, order.ray, shots)
    thumbnails: dict[str, Thumbnail] = {}
    with workspace.watcher.progress(f"proposing with {proposer.title}", "screenshots") as progress:
        made = proposing.propose(
            workspace.files, shots, proposer, workers=workers, see=thumbnails.__setitem__, progress=progress
        )
        done = list(made)
    pairs = [(shot, one) for shot, one in done if isinstance(one, Proposals)]
    rights = accepting.compared(workspace.files, [pair for pair in pairs if pair[0].id in measured])
    thresholds = choose_thresholds(rights, target=order.sure / 100, usual=proposer.usual_score)
    if pairs:
        passed_over = frozenset(shot.id for shot in listed.screenshots) - asked
        write_thresholds(workspace.files, StoredThresholds(pairs[0][1].models, thresholds, passed_over))
    contexts = _propose_contexts(workspace, listed, asked, thumbnails, seed=order.seed, leader=workers.leader)
    session = Session(workspace.files, proposals=proposals_of(workspace.files), listed=listed)
    accepted = accepting.accept_unasked(session, thresholds, seed=order.seed)
    proposed = tuple(one for shot, one in pairs if shot.id in asked)
    value = Proposed(proposed, thresholds, accepted, accepting.audit(workspace.files, listed), contexts)
    findings = (*workers.refused, *(one for _, one in done if isinstance(one, Finding)))
    compared = sum(one.is_exact for one in rights)
    blocks = proposed_blocks(proposer.title, value, asked=len(asked), compared=compared, screenshots=len(known))
    data = proposed_data(proposer.title, value)
    return _result(workspace, value, blocks, data, did=workers.did if order.ray else None, findings=findings)


def _propose_contexts(
    workspace: Opened,
    listed: "Listed",
    asked: Collection[str],
    seen: "Mapping[str, Thumbnail]",
    *,
    seed: int,
    leader: Leader | None,
) -> "StoredContexts | None":
    """Propose where screenshots were taken, and store that; see `toonvision.label.context_proposing`."""
    from toonvision.label.context_proposing import propose_contexts
    from toonvision.label.proposals import write_contexts

    with workspace.watcher.progress("looking at contexts", "screenshots") as progress:
        contexts = propose_contexts(
            workspace.files, listed, asked, seen=seen, seed=seed, leader=leader, progress=progress
        )
    write_contexts(workspace.files, contexts)
    return contexts


def _result(
    workspace: Opened,
    value: Proposed,
    blocks: Sequence[Block],
    data: Mapping[str, Any],
    *,
    did: Mapping[str, int] | None,
    findings: tuple[Finding, ...],
) -> Result[Proposed]:
    """Return what was proposed with what could not be read, and how much each machine of a cluster did, if any."""
    return Result(
        value,
        (*(who_did(did, "looked at", "screenshots") if did is not None else ()), *blocks),
        {
            **data,
            **({"workers": dict(did)} if did is not None else {}),
        },
        findings=findings,
        folder=workspace.root,
        next=workspace.command("label"),
    )


def _workers(workspace: Opened, address: str | None, shots: "Sequence[Screenshot]") -> Workers:
    from toonvision.core.cluster import workers_at
    from toonvision.core.nodes import shared_file

    paths = [workspace.root / SETTINGS, *(shot.path for shot in shots)] if address else []
    return workers_at(address, [shared_file(path) for path in paths], say=workspace.watcher.say)


def _asked_about(listed: "Listed", *, every: bool) -> "list[Screenshot]":
    """Return the screenshots that nobody has annotated, or whose review is not ended."""
    if every:
        return list(listed.screenshots)
    reviews = {shot: file.annotation.review for shot, file in listed.files.items()}
    return [one for one in listed.screenshots if reviews.get(one.id, "done" if one.given else "open") != "done"]
