"""Leave one context out: does a model know the class, or where its pictures were taken?

For each context (a street, say) a model learns from all the others and is judged on it. What counts is the
comparison with the ordinary test on the *same* pictures: how much worse is a model that has not seen their context?
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from toonvision.core.errors import Finding, InputRejectedError
from toonvision.core.intervals import Proportion
from toonvision.core.seeds import generator
from toonvision.core.settings import read_json
from toonvision.data.batches import Samples
from toonvision.data.catalog import Crop
from toonvision.data.splits import SIXTY_TWENTY_TWENTY, group_keys, plan_split
from toonvision.evaluation.folds import Division, Job, StudyWatcher, group_weights, newest_study, train_jobs
from toonvision.evaluation.metrics import Places, classification_report
from toonvision.evaluation.predict import Probabilities
from toonvision.taxonomy.labels import Category
from toonvision.training.settings import TrainingSettings

CONTEXTS, RESULT = "contexts", "contexts.json"
FEWEST = 5
"""Crops in a context below which a share of right answers says nothing."""

_DRAWS = 2000


_LEAST_SHARED = 10
"""Pictures under which nothing is said of a difference."""


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class OrdinaryTest:
    """How models that have seen every context do on an ordinary test part.

    Attributes:
        title: The run's name, or what was trained instead of one.
        crops: Ids of the judged crops.
        right: Whether each repeat was right about each crop, shape ``(repeats, crops)``, bool.
        macro_f1: Of each repeat.
        trained_on: Samples that it learned from.
    """

    title: str
    crops: tuple[int, ...]
    right: npt.NDArray[np.bool_]
    macro_f1: tuple[float, ...]
    trained_on: int


@dataclass(frozen=True)
class ContextScore:
    """How models do on a context that they have not seen.

    Attributes:
        context: Its name.
        title: Its name for people.
        color: ``#rrggbb``.
        samples: Crops judged: all that the context has.
        trained_on: Crops that each model learned from.
        right: Right answers of each repeat.
        macro_f1: Of each repeat, over the classes that have samples in the context.
        shared: How many of the crops are in the ordinary test, too.
        shared_right: Right answers about those, by the models that have not seen the context.
        ordinary_right: Right answers about those of each repeat of the ordinary run.
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
        contexts: The contexts that could be left out.
        skipped: Names of those that could not.
        ordinary: Name of the run that was compared with.
        ordinary_samples: Crops of its test.
        ordinary_right: Right answers of each of its repeats.
        ordinary_macro_f1: Of each of its repeats.
        ordinary_trained_on: Crops that it learned from.
        shared: Crops judged by both.
        difference: Accuracy on a context that was not seen minus the ordinary one, on the shared crops, -1 to 1.
        dependence: Level name to Cramer's V of its classes and the contexts, 0 to 1.
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

    def sentence(self, what: str = "context") -> str:
        """Say in plain words what it means.

        Args:
            what: What a context is to the reader, for example ``street``.
        """
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
            if self.shared < _LEAST_SHARED or low == high
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


def hold_out(crops: Sequence[Crop], context: str, *, seed: int) -> dict[int, str]:
    """Divide crops so that one context is the test part and the others are train and validate, four to one or so.

    The others are split as ever (60/20/20, grouped), and the test part of that joins train. A crop whose screenshot
    is a near-duplicate of one in the context left out is in no part.

    Args:
        crops: All samples.
        context: The one to leave out.
        seed: Same seed, same crops, same parts.

    Returns:
        Crop id to part.

    Raises:
        InputRejectedError: If the others are too few to be divided.
    """
    keys = group_keys(crops)
    held = {key for crop, key in zip(crops, keys, strict=True) if crop.context == context}
    others = [crop for crop, key in zip(crops, keys, strict=True) if crop.context != context and key not in held]
    if not others:
        raise InputRejectedError(f"{context} is the only one with crops. Annotate screenshots of others.")
    parts = plan_split(others, ratios=SIXTY_TWENTY_TWENTY, seed=seed).parts
    divided = {crop: "validate" if part == "validate" else "train" for crop, part in parts.items()}
    return divided | {crop.id: "test" for crop in crops if crop.context == context}


def plan_contexts(samples: Samples, *, seed: int) -> tuple[list[tuple[str, Division]], list[Finding]]:
    """Divide samples once for each context, and say which contexts cannot be left out, and why.

    Args:
        samples: All samples of the task.
        seed: Decides train and validate.

    Returns:
        Context names with divisions, and what was skipped.

    Raises:
        InputRejectedError: If no context can be left out.
    """
    planned, skipped = [], []
    for context in dict.fromkeys(sorted(crop.context for crop in samples.crops)):
        try:
            planned.append((context, _division(samples, context, seed)))
        except InputRejectedError as error:
            reason, _, remedy = str(error).partition(". ")
            crops = sum(crop.context == context for crop in samples.crops)
            skipped.append(Finding(f"context {context}", reason, remedy.rstrip("."), "context-skipped", objects=crops))
    if not planned:
        raise InputRejectedError(f"no context can be left out, nothing was trained. {'; '.join(map(str, skipped))}.")
    return planned, skipped


def ordinary_test(
    title: str, crops: Sequence[Crop], actual: Places, probabilities: Probabilities, *, trained_on: int
) -> OrdinaryTest:
    """Score what an ordinary run says of its test part.

    Args:
        title: The run's name.
        crops: The test part.
        actual: The true classes, shape ``(samples,)``.
        probabilities: Of every repeat, shape ``(repeats, samples, classes)``.
        trained_on: Samples that it learned from.
    """
    predicted = probabilities.argmax(axis=2)
    return OrdinaryTest(
        title,
        tuple(crop.id for crop in crops),
        predicted == actual,
        tuple(_macro_f1(actual, row, probabilities.shape[2]) for row in predicted),
        trained_on,
    )


def study_contexts(
    samples: Samples,
    planned: Sequence[tuple[str, Division]],
    ordinary: OrdinaryTest | Division,
    *,
    task: str,
    level: str,
    settings: TrainingSettings,
    seeds: Sequence[int],
    titles: Mapping[str, Category],
    skipped: Sequence[Finding] = (),
    folder: Path | None = None,
    watcher: StudyWatcher | None = None,
) -> ContextStudy:
    """Train once a context and seed, judge the context, and compare with the ordinary test.

    Args:
        samples: All samples of the task.
        planned: Context names with divisions, of `plan_contexts`.
        ordinary: The ordinary test; a division is trained, with the same settings and seeds, to make one.
        task: What is predicted.
        level: The task's level.
        settings: How to train.
        seeds: The repeats' seeds.
        titles: Context name to what it is called and its colour.
        skipped: The contexts that are not among `planned`.
        folder: The study's folder, where finished trainings are kept and used again.
        watcher: Told how it goes.
    """
    jobs = [Job(division, settings, seed) for _, division in planned for seed in seeds]
    usual = [] if isinstance(ordinary, OrdinaryTest) else [Job(ordinary, settings, seed) for seed in seeds]
    outcomes = train_jobs(samples, [*usual, *jobs], folder=folder, watcher=watcher)
    if not isinstance(ordinary, OrdinaryTest):
        ordinary = _trained_test(samples, ordinary, [outcome.probabilities for outcome in outcomes[: len(usual)]])
    held = iter(outcomes[len(usual) :])
    predicted = [np.stack([next(held).probabilities.argmax(axis=1) for _ in seeds]) for _ in planned]
    place_of = {crop: place for place, crop in enumerate(ordinary.crops)}
    scores = [
        _score(samples, titles[context], division, rows, ordinary, place_of)
        for (context, division), rows in zip(planned, predicted, strict=True)
    ]
    groups = group_keys(samples.crops)
    shared = [
        _shared(samples, division, rows, ordinary, place_of)
        for (_, division), rows in zip(planned, predicted, strict=True)
    ]
    classes = [samples.classes[target] for target in samples.targets]
    labels = {level: classes, "label": [crop.label for crop in samples.crops]}
    where = [crop.context for crop in samples.crops]
    return ContextStudy(
        task=task,
        network=settings.network,
        seeds=tuple(seeds),
        contexts=tuple(scores),
        skipped=tuple(finding.item.removeprefix("context ") for finding in skipped),
        ordinary=ordinary.title,
        ordinary_samples=len(ordinary.crops),
        ordinary_right=tuple(int(count) for count in ordinary.right.sum(axis=1)),
        ordinary_macro_f1=ordinary.macro_f1,
        ordinary_trained_on=ordinary.trained_on,
        shared=sum(len(places) for places, _, _ in shared),
        difference=_difference(shared, groups, seed=0),
        dependence={
            name: dependence(values, where, groups, seed=0) for name, values in labels.items() if len(set(values)) > 1
        },
    )


def cramers_v(table: npt.NDArray[np.float64] | npt.NDArray[np.int64]) -> float:
    """Measure how much rows and columns depend on each other, corrected for chance.

    Args:
        table: Counts, shape ``(rows, columns)``.

    Returns:
        Bias-corrected V, from 0 (independent) to 1; 0 for a table of one row or column.

    Source:
        Bergsma, "A bias-correction for Cramer's V and Tschuprow's T", J. Korean Stat. Soc. 42 (2013).
    """
    _, corrected, scale = _phi_squared(np.asarray(table, dtype=float))
    return math.sqrt(max(0.0, corrected) / scale) if scale > 0 else 0.0


def dependence(
    classes: Sequence[str], contexts: Sequence[str], groups: Sequence[int], *, seed: int, draws: int = _DRAWS
) -> Estimate:
    """Give Cramer's V of classes and contexts with a 95 % bootstrap interval over screenshots.

    A resampled table shows the association of the sample, chance included, and adds chance of its own. Therefore
    the draws are compared with the sample's uncorrected association, and their scatter is put around the corrected
    one; without that independent labels would get an interval above zero.

    Args:
        classes: Each sample's class.
        contexts: Each sample's context.
        groups: Each sample's group; groups are drawn as wholes.
        seed: Where the draws come from.
        draws: How many.
    """
    rows, row_of = np.unique(np.asarray(classes), return_inverse=True)
    columns, column_of = np.unique(np.asarray(contexts), return_inverse=True)
    shape = (len(rows), len(columns))
    cell = row_of * shape[1] + column_of
    raw, corrected, scale = _phi_squared(np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape).astype(float))
    if scale <= 0:
        return Estimate(0.0, 0.0, 0.0)
    weights = group_weights(groups, draws=draws, rng=generator(seed, "dependence"))
    tables = (np.bincount(cell, row, minlength=shape[0] * shape[1]).reshape(shape).astype(float) for row in weights)
    scatter = [_phi_squared(table)[1] - raw for table in tables]
    low, high = np.quantile(scatter, [0.025, 0.975])
    bounds = [math.sqrt(min(1.0, max(0.0, corrected + shift) / scale)) for shift in (0.0, low, high)]
    return Estimate(bounds[0], min(bounds), max(bounds))


def contexts_rows(study: ContextStudy) -> list[list[Any]]:
    """Give one row a context, the head first, for CSV: accuracy, macro F1, and the ordinary test beside them."""
    head = ["context", "samples", "trained_on", "seed", "right", "accuracy", "accuracy_low", "accuracy_high",
            "macro_f1", "shared", "shared_right"]  # fmt: skip
    rows: list[list[Any]] = [head]
    for score in study.contexts:
        for seed, right, f1, both in zip(study.seeds, score.right, score.macro_f1, score.shared_right, strict=True):
            share = Proportion(right, score.samples)
            low, high = share.interval
            rows.append(
                [score.context, score.samples, score.trained_on, seed, right, f"{share.share:.6f}", f"{low:.6f}",
                 f"{high:.6f}", f"{f1:.6f}", score.shared, both]
            )  # fmt: skip
    return rows


def _division(samples: Samples, context: str, seed: int) -> Division:
    parts = hold_out(samples.crops, context, seed=seed)
    part_of = np.array([parts.get(crop.id, "") for crop in samples.crops])
    train, validate, judge = (np.flatnonzero(part_of == part) for part in ("train", "validate", "test"))
    if len(judge) < FEWEST:
        raise InputRejectedError(f"has {len(judge)} crops, fewer than {FEWEST}. Annotate more of it.")
    counts = np.bincount(samples.targets[train], minlength=len(samples.classes))
    unseen = [name for name, count in zip(samples.classes, counts, strict=True) if not count]
    if unseen:
        raise InputRejectedError(
            f"without it {', '.join(unseen)} has no sample to learn from. Annotate more elsewhere."
        )
    if not len(validate):
        raise InputRejectedError("without it no sample is left to validate on. Annotate more elsewhere.")
    return Division(f"without-{context}", train, validate, judge)


def _trained_test(samples: Samples, division: Division, rows: Sequence[Probabilities]) -> OrdinaryTest:
    crops = [samples.crops[place] for place in division.judge]
    actual = samples.targets[division.judge]
    return ordinary_test(division.name, crops, actual, np.stack(rows), trained_on=len(division.train))


def _macro_f1(actual: Places, predicted: Places, classes: int) -> float:
    """Average F1 over the classes that have samples: one that a context lacks is no class to be found there."""
    names = [str(place) for place in range(classes)]
    scores = classification_report(actual, predicted, names).classes
    return float(np.mean([score.f1 for score in scores if score.support]))


_Shared = tuple[list[int], npt.NDArray[np.bool_], npt.NDArray[np.bool_]]


def _shared(
    samples: Samples,
    division: Division,
    rows: npt.NDArray[np.int64],
    ordinary: OrdinaryTest,
    place_of: Mapping[int, int],
) -> _Shared:
    """Give the places of the crops that both judged, and whether either was right: shape ``(repeats, crops)``."""
    both = [i for i, place in enumerate(division.judge) if samples.crops[place].id in place_of]
    places = [int(division.judge[i]) for i in both]
    there = [place_of[samples.crops[place].id] for place in places]
    return places, rows[:, both] == samples.targets[places], ordinary.right[:, there]


def _score(
    samples: Samples,
    title: Category,
    division: Division,
    rows: npt.NDArray[np.int64],
    ordinary: OrdinaryTest,
    place_of: Mapping[int, int],
) -> ContextScore:
    actual = samples.targets[division.judge]
    places, shared_right, ordinary_right = _shared(samples, division, rows, ordinary, place_of)
    return ContextScore(
        context=title.name,
        title=title.title,
        color=title.color,
        samples=len(actual),
        trained_on=len(division.train),
        right=tuple(int(count) for count in (rows == actual).sum(axis=1)),
        macro_f1=tuple(_macro_f1(actual, row, len(samples.classes)) for row in rows),
        shared=len(places),
        shared_right=tuple(int(count) for count in shared_right.sum(axis=1)),
        ordinary_right=tuple(int(count) for count in ordinary_right.sum(axis=1)),
    )


def _difference(shared: Sequence[_Shared], groups: Sequence[int], *, seed: int) -> Estimate | None:
    """Compare accuracies on the same crops, with an interval over screenshots and trainings.

    Screenshots and, in each context, repeats are drawn with replacement at once.

    Source:
        Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1 (2007).
    """
    places = [place for some, _, _ in shared for place in some]
    if not places:
        return None
    rng = generator(seed, "difference")
    drawn = group_weights([groups[place] for place in places], draws=_DRAWS, rng=rng)
    unseen = np.concatenate([_redrawn(right, rng) for _, right, _ in shared], axis=1)
    usual = _redrawn(np.concatenate([right for _, _, right in shared], axis=1), rng)
    values = (drawn * (unseen - usual)).sum(axis=1) / np.maximum(1, drawn.sum(axis=1))
    mean = np.concatenate([right.mean(axis=0) - before.mean(axis=0) for _, right, before in shared]).mean()
    low, high = np.quantile(values, [0.025, 0.975])
    return Estimate(float(mean), float(low), float(high))


def _redrawn(right: npt.NDArray[np.bool_], rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Average repeats that were drawn with replacement: from ``(repeats, crops)`` to ``(draws, crops)``."""
    repeats = len(right)
    weights = rng.multinomial(repeats, np.full(repeats, 1 / repeats), size=_DRAWS) / repeats
    averaged: npt.NDArray[np.float64] = weights @ right
    return averaged


def _phi_squared(table: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    """Give phi squared of a table, the same less what chance adds, and the corrected value that V = 1 would have."""
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    total, (rows, columns) = table.sum(), table.shape
    if min(rows, columns) < 2 or total < 2:
        return 0.0, 0.0, 0.0
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / total
    raw = float(((table - expected) ** 2 / expected).sum() / total)
    bias = (rows - 1) * (columns - 1) / (total - 1)
    scale = min(size - (size - 1) ** 2 / (total - 1) for size in (rows, columns)) - 1
    return raw, raw - bias, float(scale)


def _signed(value: float) -> str:
    return f"{value:+.1f}"
