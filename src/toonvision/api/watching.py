"""Whoever watches a step go on: a terminal, or nobody."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from toonvision.core.progress import Progress, silent, unwatched

if TYPE_CHECKING:
    from toonvision.studies.folds import StudyWatcher
    from toonvision.training.repeat import TrainingWatcher
    from toonvision.tuning.study import SearchWatcher


@dataclass(frozen=True)
class Watcher:
    """What is called while a workspace works; by default nobody watches.

    Attributes:
        say: Receives one line about what happens now.
        progress: Returns what receives how many things are done, given what is done (``extracting``) and their unit
            (``screenshots``).
        training: Returns what receives the epochs of a run of so many trainings, given as ``repeats``.
        studying: Returns what receives the trainings of a study.
        searching: Returns what receives the trials of a search.
    """

    say: Callable[[str], None] = lambda _: None
    progress: Callable[[str, str], AbstractContextManager[Progress]] = lambda *_: nullcontext(silent)
    training: "Callable[..., AbstractContextManager[TrainingWatcher]]" = lambda **_: nullcontext(unwatched)
    studying: "Callable[[], AbstractContextManager[StudyWatcher]]" = lambda: nullcontext(unwatched)
    searching: "Callable[[], AbstractContextManager[SearchWatcher]]" = lambda: nullcontext(unwatched)


NOBODY = Watcher()
