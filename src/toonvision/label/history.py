"""Decisions that can be taken back, and made again, whatever screenshot they are about."""

from dataclasses import dataclass, field, replace
from typing import Literal

from toonvision.label.annotations import Sheet

Step = Literal["undo", "redo"]


class ConflictError(Exception):
    """A decision was made on what is not there any more; `sheet` is what is."""

    def __init__(self, sheet: Sheet) -> None:
        super().__init__("this screenshot was changed in the meantime")
        self.sheet = sheet


@dataclass(frozen=True)
class Decision:
    """A change that can be undone: the screenshot, and what was decided about it before and after."""

    shot: str
    before: Sheet
    after: Sheet


@dataclass
class History:
    """The decisions of a review."""

    _undo: list[Decision] = field(default_factory=list)
    _redo: list[Decision] = field(default_factory=list)

    def add(self, decision: Decision) -> None:
        """Add a decision; what was taken back before cannot be made again."""
        self._undo.append(decision)
        self._redo.clear()

    def next(self, step: Step) -> Decision | None:
        """Return the decision that is taken back, or made again, next; None where there is none."""
        return next(reversed(self._from(step)), None)

    def after(self, step: Step, current: Sheet) -> Sheet:
        """Return the sheet after the next step.

        Raises:
            ConflictError: If the screenshot is not as that decision left it; the decision is forgotten.
        """
        decision = self._from(step)[-1]
        wanted, expected = decision.before, decision.after
        if step == "redo":
            wanted, expected = expected, wanted
        if current.annotation != expected.annotation or current.is_own != expected.is_own:
            self._from(step).pop()
            raise ConflictError(current)
        return replace(wanted, offered=current.offered, picture=current.picture)

    def done(self, step: Step) -> None:
        """Note that the next step was made."""
        target = self._redo if step == "undo" else self._undo
        target.append(self._from(step).pop())

    def _from(self, step: Step) -> list[Decision]:
        return self._undo if step == "undo" else self._redo
