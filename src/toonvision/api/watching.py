"""Whoever watches a step go on: a terminal, or nobody."""

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from toonvision.core.progress import Progress, silent

if TYPE_CHECKING:
    from toonvision.studies.folds import StudyWatcher
    from toonvision.training.repeat import TrainingWatcher
    from toonvision.tuning.study import SearchWatcher


class Watcher:
    """Watches steps of a workspace: says what happens, and shows how far long work is. This one shows nothing."""

    def say(self, text: str) -> None:
        """Receive one line about what happens now."""

    def progress(self, title: str, unit: str) -> AbstractContextManager[Progress]:  # noqa: ARG002
        """Return what receives how many things are done, for example ``extracting`` so many ``screenshots``."""
        return nullcontext(silent)

    def training(self, *, repeats: int) -> "AbstractContextManager[TrainingWatcher | None]":  # noqa: ARG002
        """Return what receives the epochs of a run of so many trainings."""
        return nullcontext()

    def studying(self) -> "AbstractContextManager[StudyWatcher | None]":
        """Return what receives the trainings of a study."""
        return nullcontext()

    def searching(self) -> "AbstractContextManager[SearchWatcher | None]":
        """Return what receives the trials of a search."""
        return nullcontext()


NOBODY = Watcher()
