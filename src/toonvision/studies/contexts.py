"""What leaving out one context after the other shows: does a model know the class, or where its pictures were taken?"""

import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toonvision.core.settings import read_json
from toonvision.metrics.dependence import Estimate
from toonvision.metrics.intervals import Proportion
from toonvision.studies.folds import newest_study, told_diverged

CONTEXTS, RESULT = "contexts", "contexts.json"

_LEAST_SHARED = 10
"""Pictures under which nothing is said of a difference."""


@dataclass(frozen=True)
class ContextScore:
    """How models do on a context that they have not seen.

    Attributes:
        context: Its name.
        title: Its name for people.
        color: ``#rrggbb``.
        samples: Crops judged: all that the context has.
        trained_on: Crops that each model learned from.
        right: Right answers of each repeat that did not diverge.
        macro_f1: Of each of those, over the classes that have samples in the context.
        shared: How many of the crops are in the ordinary test, too.
        shared_right: Right answers about those, by the models that have not seen the context.
        ordinary_right: Right answers about those of each repeat of the ordinary run.
        diverged: Seeds of the repeats that are left out, since their loss became no number.
    """

    context: str
    title: str
    color: str
    samples: int
    trained_on: int
    right: tuple[int, ...]
    macro_f1: tuple[float, ...]
    shared: int
    shared_right: tuple[int, ...]
    ordinary_right: tuple[int, ...]
    diverged: tuple[int, ...] = ()

    @property
    def accuracy(self) -> Proportion:
        """The mean count of right answers, rounded, of all crops."""
        return Proportion(round(statistics.mean(self.right)), self.samples)

    @property
    def ordinary(self) -> Proportion:
        """The same of the ordinary run, over the shared crops."""
        return Proportion(round(statistics.mean(self.ordinary_right)), self.shared)

    @property
    def accuracy_range(self) -> tuple[float, float]:
        """Accuracy of the worst and of the best repeat, 0 to 1."""
        return min(self.right) / self.samples, max(self.right) / self.samples


@dataclass(frozen=True)
class ContextStudy:
    """What leaving out each context showed.

    Attributes:
        task: What is predicted.
        network: Which network was trained.
        seeds: The repeats' seeds.
        contexts: The contexts that were left out and judged.
        skipped: Names of those that could not.
        ordinary: Name of the run that was compared with.
        ordinary_samples: Crops of its test.
        ordinary_right: Right answers of each of its repeats.
        ordinary_macro_f1: Of each of its repeats.
        ordinary_trained_on: Crops that it learned from.
        shared: Crops judged by both.
        difference: Accuracy on a context that was not seen minus the ordinary one, on the shared crops, -1 to 1.
        dependence: Level name to Cramer's V of its classes and the contexts, 0 to 1.
        lost: Names of contexts that were left out, but every repeat diverged.
        ordinary_diverged: How many repeats of the run that was compared with are left out, since they diverged.
    """

    task: str
    network: str
    seeds: tuple[int, ...]
    contexts: tuple[ContextScore, ...]
    skipped: tuple[str, ...]
    ordinary: str
    ordinary_samples: int
    ordinary_right: tuple[int, ...]
    ordinary_macro_f1: tuple[float, ...]
    ordinary_trained_on: int
    shared: int
    difference: Estimate | None
    dependence: Mapping[str, Estimate]
    lost: tuple[str, ...] = ()
    ordinary_diverged: int = 0

    @property
    def held_out(self) -> Proportion:
        """Right answers about contexts that were not seen: the mean over repeats, rounded, of all crops."""
        return Proportion(
            round(sum(statistics.mean(score.right) for score in self.contexts)),
            sum(score.samples for score in self.contexts),
        )

    @property
    def usual(self) -> Proportion:
        """Right answers in the ordinary test: the mean over repeats, rounded."""
        return Proportion(round(statistics.mean(self.ordinary_right)), self.ordinary_samples)

    @property
    def diverged(self) -> int:
        """How many trainings without a context are left out, since they diverged."""
        return sum(len(score.diverged) for score in self.contexts) + len(self.lost) * len(self.seeds)

    def sentence(self, what: str = "context") -> str:
        """Say in plain words what it means.

        Args:
            what: What a context is to the reader, for example ``street``.
        """
        return self._compared(what) + told_diverged(self._diverged())

    def _diverged(self) -> Iterator[tuple[str, int, int]]:
        repeats = len(self.seeds)
        for score in self.contexts:
            yield f"without {score.context}", len(score.diverged), repeats
        for name in self.lost:
            yield f"without {name}, of which nothing is said", repeats, repeats
        yield "of the ordinary test", self.ordinary_diverged, len(self.ordinary_right) + self.ordinary_diverged

    def _compared(self, what: str) -> str:
        if self.difference is None:
            return f"No picture of the ordinary test is on a {what} that was left out, so nothing can be compared."
        value, low, high = (100 * v for v in (self.difference.value, self.difference.low, self.difference.high))
        if abs(value) < 0.05:
            told = "as good as usual"
        else:
            told = f"{abs(value):.1f} points {'worse' if value < 0 else 'better'}"
        span = f"95 % interval: {_signed(low)} to {_signed(high)} points"
        meaning = (
            "too few pictures to tell"
            if self.shared < _LEAST_SHARED
            else "no difference that these pictures can show"
            if low == high
            else f"it leans on the {what}"
            if high < 0
            else f"it does not lean on the {what}"
            if low >= 0
            else "no difference that these pictures can show"
        )
        alone = " Each was trained with one seed alone, whose luck the interval does not know." * (len(self.seeds) == 1)
        return (
            f"On a {what} that it has not seen the model is {told} ({span}, {self.shared} pictures): {meaning}.{alone}"
        )


def contexts_folder(root: Path, task: str) -> Path:
    """Give the folder of a task's studies of contexts in a workspace."""
    return root / CONTEXTS / task


def read_contexts(folder: Path) -> ContextStudy:
    """Read a study that was written to its folder.

    Raises:
        InputRejectedError: If there is none.
        ModelRefusedError: If it cannot be understood.
    """
    missing = f"{folder}: holds no study of contexts. Run: toonvision contexts TASK"
    return read_json(folder / RESULT, ContextStudy, what="a study of contexts", missing=missing)


def newest_contexts(root: Path, task: str, *, network: str | None = None) -> ContextStudy | None:
    """Give a task's study that was written last, if there is one."""
    folder = newest_study(contexts_folder(root, task), RESULT, network=network)
    return read_contexts(folder) if folder else None


def contexts_rows(study: ContextStudy) -> list[list[Any]]:
    """Give one row a training that did not diverge, the head first, for CSV: accuracy, macro F1, shared crops."""
    head = ["context", "samples", "trained_on", "seed", "right", "accuracy", "accuracy_low", "accuracy_high",
            "macro_f1", "shared", "shared_right"]  # fmt: skip
    rows: list[list[Any]] = [head]
    for score in study.contexts:
        seeds = [seed for seed in study.seeds if seed not in score.diverged]
        for seed, right, f1, both in zip(seeds, score.right, score.macro_f1, score.shared_right, strict=True):
            share = Proportion(right, score.samples)
            low, high = share.interval
            rows.append(
                [score.context, score.samples, score.trained_on, seed, right, f"{share.share:.6f}", f"{low:.6f}",
                 f"{high:.6f}", f"{f1:.6f}", score.shared, both]
            )  # fmt: skip
    return rows


def _signed(value: float) -> str:
    return f"{value:+.1f}"
