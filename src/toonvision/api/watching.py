"""Whoever watches a step go on: a terminal, or nobody."""

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Protocol

from toonvision.core.progress import Progress, silent

if TYPE_CHECKING:
    from toonvision.studies.folds import StudyWatcher
    from toonvision.training.repeat import TrainingWatcher
    from toonvision.tuning.study import SearchWatcher


class Watcher(Protocol):
    """Watches steps of a workspace: says what happens, and shows how far long work is."""

    def say(self, text: str) -> None:
        """Receive one line about what happens now."""

    def progress(self, title: str, unit: str) -> AbstractContextManager[Progress]:
        """Return what receives how many things are done.

        Args:
            title: What is done, for example ``extracting``.
            unit: What is counted, for example ``screenshots``.
        """

    def training(self, *, repeats: int) -> "AbstractContextManager[TrainingWatcher | None]":
        """Return what receives the epochs of a run of so many trainings."""

    def studying(self) -> "AbstractContextManager[StudyWatcher | None]":
        """Return what receives the trainings of a study."""

    def searching(self) -> "AbstractContextManager[SearchWatcher | None]":
        """Return what receives the trials of a search."""


class Nobody(Watcher):
    """Shows nothing."""

    def say(self, text: str) -> None:
        """Show nothing."""

    def progress(self, *_: object) -> AbstractContextManager[Progress]:
        """Show nothing."""
        return nullcontext(silent)

    def training(self, **_: object) -> AbstractContextManager[None]:
        """Show nothing."""
        return nullcontext()

    def studying(self) -> AbstractContextManager[None]:
        """Show nothing."""
        return nullcontext()

    def searching(self) -> AbstractContextManager[None]:
        """Show nothing."""
        return nullcontext()


NOBODY = Nobody()
