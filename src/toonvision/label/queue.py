"""The order in which screenshots are worth a person's time."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from types import MappingProxyType

from toonvision.data.boxes import Box
from toonvision.data.fingerprints import near_groups
from toonvision.data.workspace import Workspace
from toonvision.label.annotations import Proposal
from toonvision.label.proposals import divided, read_proposals, read_thresholds
from toonvision.label.screenshots import Listed, Screenshot
from toonvision.metrics.boxes import SAME_OBJECT

_ENOUGH = 3
"""Objects of a kind, such as unsure ones, from which on a screenshot is no more worth for having more."""
_SEEN = 0.3
"""Score from which on an object that the models see, and the annotation lacks, is worth a look."""
_WEIGHTS = {"suspect": 4.0, "unsure": 3.0, "disagree": 3.0, "differ": 4.0, "rare label": 2.0, "rare context": 1.0}
_IN_WORDS = {
    "suspect": "an annotation is suspect",
    "unsure": "the model is unsure",
    "disagree": "models disagree",
    "differ": "models and annotation differ",
    "rare label": "a rare label",
    "rare context": "a rare context",
}
_WORTH_SAYING = 0.5
"""Weight of a reason below which it is not said."""
_ANOTHER_LIKE_IT = 0.5
"""What a screenshot is worth after one that looks almost the same."""


@dataclass(frozen=True)
class Waiting:
    """A screenshot that waits for a person.

    Attributes:
        id: The screenshot's.
        context: Where it was taken.
        proposals: What models propose; None where they were not asked.
        boxes: What is annotated, label and box; None where nobody has said anything yet.
        fingerprint: What near-duplicates are recognised by; empty where it is not known.
        decided: The ids of proposals that are accepted, asked or unasked, or rejected.
        suspicion: How suspect the most suspect of its annotations is, 0 to 1.
        hidden: What models see too, but not surely enough to propose it.
    """

    id: str
    context: str
    proposals: tuple[Proposal, ...] | None
    boxes: tuple[tuple[str, Box], ...] | None = None
    fingerprint: str = ""
    decided: Set[str] = frozenset()
    suspicion: float = 0.0
    hidden: tuple[Proposal, ...] = ()


def queue(
    workspace: Workspace, listed: Listed, suspicions: Mapping[tuple[str, str], float] = MappingProxyType({})
) -> dict[str, str]:
    """Return the ids of the screenshots whose review is not ended, as `in_order` does, each with the reason.

    Args:
        workspace: Where they are.
        listed: All screenshots.
        suspicions: How suspect the most suspect annotation of some is, 0 to 1, by the source's key and the name.
    """
    thresholds = read_thresholds(workspace)
    waiting, labels, contexts = [], Counter[str](), Counter[str]()
    for shot in listed.screenshots:
        boxes = _boxes(shot, listed)
        file = listed.files.get(shot.id)
        for label, _ in boxes or ():
            labels[label] += 1
        if file and file.annotation.review == "done":
            contexts[shot.context] += 1
            continue
        contexts[shot.context] += boxes is not None
        known = read_proposals(workspace, shot)
        mark = known.fingerprint if known else ""
        proposals, hidden = divided(shot, known, thresholds) if known else (None, ())
        marked = (*file.annotation.boxes, *file.annotation.rejected) if file else ()
        decided = frozenset(one.id for one in marked)
        suspicion = suspicions.get((shot.source.key, shot.name), 0.0)
        waiting.append(Waiting(shot.id, shot.context, proposals, boxes, mark, decided, suspicion, hidden))
    return in_order(waiting, labels=labels, contexts=contexts)


def _boxes(shot: Screenshot, listed: Listed) -> tuple[tuple[str, Box], ...] | None:
    """Return what is annotated in a screenshot, without looking at its picture."""
    if file := listed.files.get(shot.id):
        return tuple((one.label, one.box) for one in file.annotation.boxes)
    return None if shot.given is None else tuple((one.label, one.box) for one in shot.given_boxes)


def in_order(waiting: Sequence[Waiting], *, labels: Mapping[str, int], contexts: Mapping[str, int]) -> dict[str, str]:
    """Return the ids of screenshots, the most worthwhile first; equal ones in the order given; and why, in a few words.

    Worth a person's time are suspect annotations, scores in the middle, levels that disagree, objects that models see
    and the annotation lacks or the reverse, labels and contexts of which there are few; and of screenshots that look
    almost the same one.
    What is decided, as for its score, leaves nothing to ask: a screenshot of such objects alone comes late.

    Args:
        waiting: The screenshots.
        labels: How many objects of each label are annotated.
        contexts: How many screenshots of each context are annotated.
    """
    weighed = [
        {name: _WEIGHTS[name] * share for name, share in reasons(one, labels, contexts).items()} for one in waiting
    ]
    worth = [sum(one.values()) for one in weighed]
    order = sorted(range(len(waiting)), key=lambda at: -worth[at])
    group = _groups(waiting)
    seen: dict[int, int] = defaultdict(int)
    final = []
    for at in order:
        final.append((-worth[at] * _ANOTHER_LIKE_IT ** seen[group[at]], at))
        seen[group[at]] += 1
    most = max(contexts.values(), default=0)
    is_rare = [contexts.get(one.context, 0) < most for one in waiting]
    return {waiting[at].id: _main_reason(weighed[at], has_rare_context=is_rare[at]) for _, at in sorted(final)}


def _main_reason(weighed: Mapping[str, float], *, has_rare_context: bool) -> str:
    """Return the reason that weighs most, in a few words; empty where none weighs much.

    That few screenshots of a context are annotated weighs the same for all at first; it is said only where another
    context has more.
    """
    said = {name: weight for name, weight in weighed.items() if has_rare_context or name != "rare context"}
    weight, name = max((weight, name) for name, weight in said.items())
    return _IN_WORDS[name] if weight >= _WORTH_SAYING else ""


def reasons(one: Waiting, labels: Mapping[str, int], contexts: Mapping[str, int]) -> dict[str, float]:
    """Return how much each reason speaks for a screenshot, each from 0 to 1; see `in_order`."""
    proposals = one.proposals or ()
    left = [proposal for proposal in proposals if proposal.id not in one.decided]
    unsure = sum(4 * proposal.score * (1 - proposal.score) for proposal in left)
    disagree = sum(bool(proposal.doubts) for proposal in left)
    names = {proposal.label for proposal in proposals if proposal.is_exact}
    return {
        "suspect": one.suspicion,
        "unsure": min(1.0, unsure / _ENOUGH),
        "disagree": min(1.0, disagree / _ENOUGH),
        "differ": min(1.0, _differing(one) / _ENOUGH),
        "rare label": max((1 / (1 + labels.get(name, 0)) for name in names), default=0.0),
        "rare context": 1 / (1 + contexts.get(one.context, 0)),
    }


def _differing(one: Waiting) -> int:
    """Count the objects that models see and the annotation lacks, and those that it has and no model sees."""
    if one.boxes is None or one.proposals is None:
        return 0
    lacking = [
        proposal
        for proposal in one.proposals
        if proposal.score >= _SEEN and not any(proposal.box.overlap(box) >= SAME_OBJECT for _, box in one.boxes)
    ]
    places = [proposal.box for proposal in (*one.proposals, *one.hidden)]
    unseen = [box for _, box in one.boxes if not any(place.overlap(box) >= SAME_OBJECT for place in places)]
    return len(lacking) + len(unseen)


def _groups(waiting: Sequence[Waiting]) -> list[int]:
    """Return for each screenshot a number that those have in common that look almost the same."""
    known = [at for at, one in enumerate(waiting) if one.fingerprint]
    group = [-1 - at for at in range(len(waiting))]
    for at, first in zip(known, near_groups([waiting[at].fingerprint for at in known]), strict=True):
        group[at] = known[first]
    return group
