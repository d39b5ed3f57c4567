"""How far a review has come, how quickly it goes, and how good the proposals were."""

from collections import Counter
from collections.abc import Callable, Iterable
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
        drawn: Boxes that no model had proposed.
        accepted: Boxes that are as a model proposed them, accepted by a person.
        unasked: The same, accepted without asking.
        corrected: Boxes of a model with another label or place.
        rejected: Proposals that were rejected.
        boxes: All boxes.
        context: The context that was decided; empty where its folder says it.
    """

    state: str
    labels: tuple[str, ...]
    drawn: int
    accepted: int
    unasked: int
    corrected: int
    rejected: int
    boxes: int
    context: str = ""

    @property
    def is_ended(self) -> bool:
        """Whether its review is done."""
        return self.state in _ENDED


@dataclass(frozen=True)
class Progress:
    """How far a review has come.

    Attributes:
        total: Screenshots.
        reviewed: Those whose review is done.
        put_off: Those that were skipped, or that somebody was unsure about.
        left: The others.
        boxes: Boxes of reviewed screenshots.
        per_minute: Boxes decided a minute since the review began, pauses of over a minute left out; NaN at first.
        precision: Proposals that a person accepted as they were, of all that one decided; None where there was none.
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
    """Counts decisions and the time that they took."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last = clock()
        self._boxes = 0
        self._seconds = 0.0

    def decided(self, boxes: int) -> None:
        """Count some boxes that were decided now."""
        now = self._clock()
        self._seconds += min(now - self._last, _LONGEST_PAUSE_S)
        self._last = now
        self._boxes += boxes

    @property
    def per_minute(self) -> float:
        """Boxes a minute; NaN before the first decision."""
        return self._boxes / self._seconds * 60 if self._seconds else float("nan")


def tally_of(sheet: Sheet) -> Tally:
    """Count what is decided about a screenshot."""
    boxes = sheet.annotation.boxes
    kinds = Counter("drawn" if not one.model else one.origin for one in boxes)
    return Tally(
        sheet.state,
        tuple(sorted({one.label for one in boxes})),
        drawn=kinds["drawn"],
        accepted=kinds["accepted"],
        unasked=kinds["unasked"],
        corrected=kinds["corrected"],
        rejected=len(sheet.annotation.rejected),
        boxes=len(boxes),
        context=sheet.annotation.context,
    )


def count_up(tallies: Iterable[Tally], pace: Pace) -> Progress:
    """Sum up the screenshots of a review."""
    listed = list(tallies)
    ended = [one for one in listed if one.is_ended]
    put_off = sum(one.state in _PUT_OFF for one in listed)
    accepted = sum(one.accepted for one in ended)
    corrected = sum(one.corrected for one in ended)
    unasked = sum(one.unasked for one in ended)
    decided = accepted + corrected + sum(one.rejected for one in ended)
    proposed = accepted + unasked + corrected
    boxes = sum(one.boxes for one in ended)
    return Progress(
        total=len(listed),
        reviewed=len(ended),
        put_off=put_off,
        left=len(listed) - len(ended) - put_off,
        boxes=boxes,
        per_minute=pace.per_minute,
        precision=Proportion(accepted, decided) if decided else None,
        recall=Proportion(proposed, boxes) if boxes and (proposed or decided) else None,
    )
