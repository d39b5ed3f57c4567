"""Accepting proposals without asking, and how good that is: on screenshots that a person reviewed, or audits."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from toonvision.core.errors import RejectedItemError
from toonvision.data.own_annotations import Annotation, LabelledBox
from toonvision.data.reviews import ReviewLog, read_reviews
from toonvision.data.splits import Split
from toonvision.data.workspace import Workspace
from toonvision.label.annotations import Proposal, load_sheet
from toonvision.label.changes import Change
from toonvision.label.proposals import Proposals
from toonvision.label.screenshots import Listed, Screenshot
from toonvision.label.session import Session
from toonvision.label.thresholds import Scored, Thresholds, scored, sort_proposals
from toonvision.metrics.intervals import Proportion

_AUDIT = "audit"
"""In the log: the proposals that a person is asked about only to measure how good the unasked ones are."""
_UNDECIDED = frozenset({"new", "open"})


@dataclass(frozen=True)
class Accepted:
    """What was accepted without asking.

    Attributes:
        unasked: Boxes that were accepted.
        audited: Boxes that are as sure, and about which a person is asked all the same.
        screenshots: Screenshots with either.
    """

    unasked: int
    audited: int
    screenshots: int


@dataclass(frozen=True)
class Learned:
    """What models learned from.

    Attributes:
        splits: The splits that they were trained with.
        with_validation: Whether one of them learned from the validation subset, too.
    """

    splits: Sequence[Split] = ()
    with_validation: bool = False

    def is_unseen(self, shot: Screenshot) -> bool:
        """Return whether no model learned from a screenshot; the test subset is kept for the errors of runs."""
        unseen = (None,) if self.with_validation else ("val", None)
        return all(split.subset_of_path(shot.source.key, shot.name) in unseen for split in self.splits)


def annotated(listed: Listed, learned: Learned) -> list[Screenshot]:
    """Return the screenshots that a person has annotated, before or since, and that models did not learn from."""
    return [shot for shot in listed.screenshots if _is_annotated(shot, listed) and learned.is_unseen(shot)]


def _is_annotated(shot: Screenshot, listed: Listed) -> bool:
    file = listed.files.get(shot.id)
    return file.annotation.review == "done" if file else shot.given is not None


def compared(workspace: Workspace, proposed: Iterable[tuple[Screenshot, Proposals]]) -> list[Scored]:
    """Compare proposals with what a person annotated on the same screenshots."""
    found: list[Scored] = []
    for shot, one in proposed:
        try:
            sheet = load_sheet(workspace, shot)
        except RejectedItemError:
            continue  # `toonvision check` says why
        # All that is proposed without models: the objects that the source knows a class of.
        coarse = (LabelledBox(known.id, known.label, known.box, "source") for known in sheet.proposals)
        found += scored(one.objects, (*sheet.annotation.boxes, *coarse), workspace.taxonomy)
    return found


def accept_unasked(session: Session, thresholds: Thresholds, *, seed: int = 0) -> Accepted:
    """Accept what is sure enough on screenshots that are not reviewed, and write down what is asked all the same.

    A review is not ended by that: whether something was overlooked, only a person sees.
    """
    audited_before = _audited(session.workspace)
    unasked = audited = screenshots = 0
    for shot in session.screenshots:
        if session.tally(shot.id).state not in _UNDECIDED:
            continue
        try:
            sheet = session.sheet(shot.id)
        except RejectedItemError:
            continue
        if sheet.is_fitted:
            continue  # a change would save the boxes as they were cut, which only a person may
        found = sort_proposals(sheet.proposals, thresholds, seed=seed)
        if found.unasked:
            session.change(shot.id, Change("unasked", ids=tuple(one.id for one in found.unasked)))
        known = audited_before.get((shot.source.key, shot.name), set())
        fresh = [one for one in found.audited if one.id not in known]
        if fresh:
            _write_down(session.workspace, shot, fresh)
        unasked, audited = unasked + len(found.unasked), audited + len(found.audited)
        screenshots += bool(found.unasked or found.audited)
    return Accepted(unasked, audited, screenshots)


def _write_down(workspace: Workspace, shot: Screenshot, proposals: Sequence[Proposal]) -> None:
    """Write down which proposals are asked about all the same."""
    boxes = [{"id": one.id, "label": one.label, "score": one.score} for one in proposals]
    line = {"source": shot.source.key, "screenshot": shot.name, "action": _AUDIT, "boxes": boxes}
    ReviewLog(workspace.reviews).append(line)


def audit(workspace: Workspace, listed: Listed) -> Proportion:
    """Return how many of the audited proposals a person accepted as they were, of those that are decided."""
    chosen = _audited(workspace)
    right = total = 0
    for shot in listed.screenshots:
        ids, file = chosen.get((shot.source.key, shot.name)), listed.files.get(shot.id)
        if ids and file:
            decided = _decided(file.annotation, ids)
            right, total = right + sum(decided), total + len(decided)
    return Proportion(right, total)


def _decided(annotation: Annotation, ids: set[str]) -> list[bool]:
    """Return for each audited proposal that is decided whether it was accepted as it was."""
    boxes = [one.origin == "accepted" for one in annotation.boxes if one.id in ids]
    return boxes + [False for one in annotation.rejected if one.id in ids]


def _audited(workspace: Workspace) -> Mapping[tuple[str, str], set[str]]:
    """Return the ids of the proposals that were chosen to be audited, by the source and the name of the screenshot."""
    found: dict[tuple[str, str], set[str]] = {}
    for line in read_reviews(workspace.reviews)[0]:
        if line.get("action") == _AUDIT:
            key = str(line.get("source")), str(line.get("screenshot"))
            found.setdefault(key, set()).update(str(one["id"]) for one in line["boxes"])
    return found
