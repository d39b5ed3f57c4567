"""How far a review has come, how quickly it goes, and how good the proposals were."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from toonvision.label.annotations import Sheet
from toonvision.metrics.intervals import Proportion

_LONGEST_PAUSE_S = 60.0
"""Seconds between two decisions that count as work at most."""
_ENDED = frozenset({"done", "empty"})
_PUT_OFF = frozenset({"skipped", "unsure"})


@dataclass(frozen=True)
class Tally:
    """What is decided about a screenshot, in numbers.

    Attributes:
        state: As `Sheet.state`.
        labels: The labels of its boxes, sorted, each once.
        accepted: Boxes that are as a model proposed them, accepted by a person.
        unasked: The same, accepted without asking.
        corrected: Boxes of a model with another label or place.
        rejected: Proposals that were rejected.
        boxes: All boxes.
        is_given: Whether its source had annotated objects in it.
        context: The context that was decided; empty where its folder says it.
    """

    state: str
    labels: tuple[str, ...]
    accepted: int
    unasked: int
    corrected: int
    rejected: int
    boxes: int
    is_given: bool = False
    context: str = ""

    @property
    def is_ended(self) -> bool:
        """Whether its review is done."""
        return self.state in _ENDED


@dataclass(frozen=True)
class Progress:
    """How far a review has come.

    Precision and recall are of screenshots that no source had annotated: there every proposal is decided, and every
    object is found anew. Elsewhere a proposal at the place of a box of the source is never shown, and what is left over
    is harder than what models meet as a rule: neither number would be that of the models.

    Attributes:
        total: Screenshots.
        reviewed: Those whose review is done.
        put_off: Those that were skipped, or that somebody was unsure about.
        left: The others.
        boxes: Boxes of reviewed screenshots.
        per_minute: Boxes decided a minute since the review began, each once, pauses of over a minute left out; NaN at
            first.
        precision: Proposals that a person accepted as they were, of all that one decided in reviewed screenshots; None
            where there was none.
        recall: Objects of reviewed screenshots that a model had proposed, whatever was corrected; None where there is
            no object, or nothing was proposed.
    """

    total: int
    reviewed: int
    put_off: int
    left: int
    boxes: int
    per_minute: float
    precision: Proportion | None
    recall: Proportion | None


class Pace:
    """Counts the boxes that were decided, and the time that it took; what is taken back is none, but took time."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last = clock()
        self._decisions = Counter[object]()
        self._seconds = 0.0

    def decided(self, boxes: Iterable[object], *, undone: bool = False) -> None:
        """Note that some boxes were decided now, or that a decision about them was taken back.

        Args:
            boxes: What identifies each of them.
            undone: Whether it was taken back.
        """
        now = self._clock()
        self._seconds += min(now - self._last, _LONGEST_PAUSE_S)
        self._last = now
        for box in boxes:
            self._decisions[box] += -1 if undone else 1

    @property
    def per_minute(self) -> float:
        """Boxes a minute; NaN before the first decision."""
        boxes = sum(count > 0 for count in self._decisions.values())
        return boxes / self._seconds * 60 if self._seconds else float("nan")


def tally_of(sheet: Sheet, *, is_given: bool = False) -> Tally:
    """Count what is decided about a screenshot.

    Args:
        sheet: What is decided and proposed.
        is_given: Whether its source had annotated objects in it.
    """
    boxes = sheet.annotation.boxes
    kinds = Counter(one.origin for one in boxes if one.model)
    return Tally(
        sheet.state,
        tuple(sorted({one.label for one in boxes})),
        accepted=kinds["accepted"],
        unasked=kinds["unasked"],
        corrected=kinds["corrected"],
        rejected=len(sheet.annotation.rejected),
        boxes=len(boxes),
        is_given=is_given,
        context=sheet.annotation.context,
    )


def count_up(tallies: Iterable[Tally], pace: Pace) -> Progress:
    """Sum up the screenshots of a review."""
    listed = list(tallies)
    ended = [one for one in listed if one.is_ended]
    put_off = sum(one.state in _PUT_OFF for one in listed)
    precision, recall = _quality([one for one in ended if not one.is_given])
    return Progress(
        total=len(listed),
        reviewed=len(ended),
        put_off=put_off,
        left=len(listed) - len(ended) - put_off,
        boxes=sum(one.boxes for one in ended),
        per_minute=pace.per_minute,
        precision=precision,
        recall=recall,
    )


def _quality(ended: Sequence[Tally]) -> tuple[Proportion | None, Proportion | None]:
    """Return precision and recall of the proposals, as in `Progress`."""
    accepted = sum(one.accepted for one in ended)
    corrected = sum(one.corrected for one in ended)
    decided = accepted + corrected + sum(one.rejected for one in ended)
    proposed = accepted + corrected + sum(one.unasked for one in ended)
    boxes = sum(one.boxes for one in ended)
    precision = Proportion(accepted, decided) if decided else None
    return precision, Proportion(proposed, boxes) if boxes and (proposed or decided) else None
