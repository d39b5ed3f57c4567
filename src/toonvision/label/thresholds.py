"""How sure a proposal must be to be accepted without asking, and below which confidence it is not even shown.

Both come from screenshots that the models did not learn from and that a person has annotated: the validation subset,
and what was reviewed since. A random 5 % of what would be accepted is asked about all the same, so that the precision
of the rest is measured.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from toonvision.data.own_annotations import LabelledBox
from toonvision.label.annotations import Proposal
from toonvision.label.order import SURE
from toonvision.label.sureness import Sureness, fit_sureness
from toonvision.metrics.boxes import SAME_OBJECT
from toonvision.metrics.intervals import Proportion
from toonvision.taxonomy.labels import LABEL_LEVEL, Taxonomy

TARGET = SURE / 100
"""The precision that the lower end of its 95 % interval must reach."""
_AUDITED = 0.05
_SAVED, _SPENT = 2, 1
"""Actions that a box in place saves (three to draw and name one, less one to accept it or to say its label), and that
any other takes: to reject it."""
_FEWEST, _ENOUGH = 10, 50
"""Proposals that are known, below which nothing can be said of what is worth showing, and from which on it is said of a
class of the detector alone."""
ASKED = 2.0
"""So sure nothing is: every proposal is asked about."""


@dataclass(frozen=True)
class Scored:
    """A proposal on a screenshot that a person has annotated.

    Attributes:
        label: What it says.
        score: How sure the models are, 0 to 1.
        is_right: Whether a person's box of that label, or of that class, has its place.
        is_exact: Whether it says a label, not just a class that several labels have.
        is_placed: Whether an object has its place, whatever that is called: to name it takes no more than to accept it.
        confidence: How sure it is that there is something at all; None for the score.
        is_doubted: Whether models disagree on it, so that it is asked about however sure they are.
        found: What the detector takes it for.
    """

    label: str
    score: float
    is_right: bool
    is_exact: bool = True
    is_placed: bool = False
    confidence: float | None = None
    is_doubted: bool = False
    found: str = ""


@dataclass(frozen=True)
class Limits:
    """From which score on a person is not asked.

    Attributes:
        accept: What is as sure as this is accepted without asking; 2 where nothing is known to be good enough.
        measured: How many of those from `accept` on were right.
    """

    accept: float = ASKED
    measured: Proportion = field(default_factory=lambda: Proportion(0, 0))


@dataclass(frozen=True)
class Thresholds:
    """What is accepted without asking, by its label, and what is shown, by what the detector takes it for.

    Attributes:
        target: The precision that was asked for.
        labels: The limits of labels that have enough proposals of their own.
        others: Those of all other labels together.
        sureness: Makes probabilities of the detector's confidences; None where too little is known for that.
        floors: For classes of the detector with enough proposals the confidence below which they are not shown.
        floor: That of all other classes together.
    """

    target: float
    labels: Mapping[str, Limits]
    others: Limits
    sureness: Sureness | None = None
    floors: Mapping[str, float] = field(default_factory=dict)
    floor: float = 0.0

    def of(self, label: str) -> Limits:
        """Return the limits of a label."""
        return self.labels.get(label, self.others)

    @property
    def proven(self) -> Proportion:
        """How many of all that would have been accepted were right."""
        sure = [one.measured for one in (*self.labels.values(), self.others)]
        return Proportion(sum(one.count for one in sure), sum(one.total for one in sure))

    def sure(self, proposal: Proposal) -> float:
        """Return how sure a proposal is, 0 to 1, as it is compared with `Limits.accept`."""
        return self.sureness.of(proposal.score, proposal.confidence) if self.sureness else proposal.score

    def accepts(self, proposal: Proposal) -> bool:
        """Return whether a proposal is sure enough to be accepted without asking; where models disagree, none is."""
        is_clear = proposal.is_exact and not proposal.doubts
        return is_clear and self.sure(proposal) >= self.of(proposal.label).accept

    def shows(self, proposal: Proposal) -> bool:
        """Return whether a proposal is worth showing."""
        return proposal.confidence >= self.floors.get(proposal.found, self.floor) or self.accepts(proposal)


def scored(proposals: Sequence[Proposal], truth: Sequence[LabelledBox], taxonomy: Taxonomy) -> list[Scored]:
    """Compare the proposals of a screenshot with what a person annotated.

    Each object is found once: of two proposals for it the surer one is right. One that was accepted without asking
    proves nothing, as a person who ends a review may not have looked at it; once it is corrected, it does.
    """
    left = list(truth)
    found = []
    for one in sorted(proposals, key=lambda one: -one.score):
        level = LABEL_LEVEL if one.is_exact else one.level
        near = [at for at in left if at.box.overlap(one.box) >= SAME_OBJECT]
        same = [at for at in near if one.label in (at.label, taxonomy.class_of(at.label, level))]
        if near:
            left.remove(taken := (same or near)[0])
            if taken.origin == "unasked":
                continue
        doubted = bool(one.doubts)
        found.append(
            Scored(one.label, one.score, bool(same), one.is_exact, bool(near), one.confidence, doubted, one.found)
        )
    return found


def choose_thresholds(known: Iterable[Scored], *, target: float = TARGET, usual: float = 0.0) -> Thresholds:
    """Choose what is accepted without asking, and what is shown.

    Args:
        known: Proposals on screenshots that a person has annotated.
        target: The precision to reach, above 0, up to 1: then none is accepted.
        usual: The confidence from which on proposals are shown where too few are known.
    """
    known = list(known)
    placed = [(one.confidence, one.is_right or one.is_placed) for one in known if one.confidence is not None]
    sureness = fit_sureness(sorted(placed)) if len(placed) >= _FEWEST else None
    by_label, by_found = defaultdict[str, list[Scored]](list), defaultdict[str, list[Scored]](list)
    for one in known:
        by_label[one.label].append(_sure(one, sureness))
        by_found[one.found].append(one)
    own = {label: limits_of(found, target=target) for label, found in sorted(by_label.items())}
    enough = {label: limits for label, limits in own.items() if limits.accept < ASKED}
    rest = [one for label, found in by_label.items() if label not in enough for one in found]
    floors = {name: _floor(found) for name, found in sorted(by_found.items()) if len(found) >= _ENOUGH}
    few = [one for one in known if one.found not in floors]
    floor = _floor(few) if len(few) >= _FEWEST else usual
    return Thresholds(target, enough, limits_of(rest, target=target), sureness, floors, floor)


def _sure(one: Scored, sureness: Sureness | None) -> Scored:
    if sureness is None or one.confidence is None:
        return one
    return replace(one, score=sureness.of(one.score, one.confidence))


def limits_of(known: Sequence[Scored], *, target: float) -> Limits:
    """Return the lowest score from which on the precision is sure to reach a target.

    Sure is that the lower end of the precision's 95 % Wilson
    interval reaches the target: for 95 % it takes 73 proposals, all of them right. Only those count that could have
    been accepted: that have a label, and that models agree on.
    """
    order = sorted((one for one in known if one.is_exact and not one.is_doubted), key=lambda one: -one.score)
    scores = np.array([one.score for one in order])
    rights = np.cumsum([one.is_right for one in order])
    accept, measured = ASKED, Proportion(0, 0)
    for at in _ends(scores):
        share = Proportion(int(rights[at]), at + 1)
        if share.interval[0] >= target:
            accept, measured = float(scores[at]), share
    return Limits(accept, measured)


def _floor(known: Sequence[Scored]) -> float:
    """Return the confidence from which on proposals save more actions than they take, and most of all."""
    sure = [one.score if one.confidence is None else one.confidence for one in known]
    order = np.argsort([-one for one in sure], kind="stable").tolist()
    sorted_ones = np.array([sure[at] for at in order])
    placed = np.cumsum([known[at].is_right or known[at].is_placed for at in order])
    wrongs = np.arange(1, len(known) + 1) - placed
    ends = _ends(sorted_ones)
    gains = (_SAVED * placed - _SPENT * wrongs)[ends]
    best = int(gains.argmax())
    return float(sorted_ones[ends[best]]) if gains[best] > 0 else float(np.nextafter(sorted_ones[0], 2))


def _ends(falling: npt.NDArray[np.float64]) -> list[int]:
    """Return the index of the last one of each run of equal numbers."""
    return np.flatnonzero(np.append(falling[1:] < falling[:-1], len(falling) > 0)).tolist()


def is_audited(proposal: Proposal, *, seed: int = 0) -> bool:
    """Return whether a proposal is among the random 5 % that are asked about however sure the models are."""
    digest = hashlib.sha256(f"{seed} {proposal.id}".encode()).digest()
    return int.from_bytes(digest[:8]) < _AUDITED * 2**64


@dataclass(frozen=True)
class Sorted:
    """What becomes of the proposals of a screenshot.

    Attributes:
        unasked: Those that are accepted without asking.
        audited: Those that are as sure, and are asked about all the same.
    """

    unasked: tuple[Proposal, ...] = ()
    audited: tuple[Proposal, ...] = ()


def sort_proposals(proposals: Iterable[Proposal], thresholds: Thresholds, *, seed: int = 0) -> Sorted:
    """Say what becomes of proposals: nothing that models disagree on is accepted without asking."""
    unasked: list[Proposal] = []
    audited: list[Proposal] = []
    for one in proposals:
        if thresholds.shows(one) and thresholds.accepts(one):
            (audited if is_audited(one, seed=seed) else unasked).append(one)
    return Sorted(tuple(unasked), tuple(audited))
