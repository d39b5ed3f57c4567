"""Leaving one context out: models that learn from all the others are judged on it.

What counts is the comparison with the ordinary test on the *same* pictures: how much worse is a model that has not
seen their context?
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from toonvision.core.errors import Finding, InputRejectedError
from toonvision.core.seeds import generator
from toonvision.data.arrays import Samples
from toonvision.data.catalog import Crop
from toonvision.data.splits import SIXTY_TWENTY_TWENTY, group_keys, plan_split
from toonvision.metrics.classification import Indices, classification_report
from toonvision.metrics.dependence import Estimate, dependence
from toonvision.metrics.intervals import group_weights
from toonvision.metrics.predictions import Probabilities
from toonvision.studies.contexts import ContextScore, ContextStudy
from toonvision.studies.folds import Fold, FoldResult, Job, StudyWatcher, train_jobs
from toonvision.tasks.settings import TrainingSettings
from toonvision.taxonomy.labels import Category

FEWEST = 5
"""Crops in a context below which a share of right answers says nothing."""

_DRAWS = 2000


@dataclass(frozen=True)
class OrdinaryTest:
    """How models that have seen every context do on an ordinary test part.

    Attributes:
        title: The run's name, or what was trained instead of one.
        crops: Ids of the judged crops.
        right: Whether each repeat that did not diverge was right about each crop, shape ``(repeats, crops)``, bool.
        macro_f1: Of each of those.
        trained_on: Samples that it learned from.
        diverged: How many repeats are left out.
    """

    title: str
    crops: tuple[int, ...]
    right: npt.NDArray[np.bool_]
    macro_f1: tuple[float, ...]
    trained_on: int
    diverged: int


@dataclass(frozen=True)
class _Held:
    """A context that was left out, what the models answered about it, and the seeds of those that diverged.

    Attributes:
        context: Its name, title and colour.
        division: Who learned and who was judged.
        predicted: The classes that each repeat that did not diverge answered, shape ``(repeats, crops)``.
        diverged: Seeds of the others.
    """

    context: Category
    division: Fold
    predicted: npt.NDArray[np.int64]
    diverged: tuple[int, ...]


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
    divided = {crop: "val" if part == "val" else "train" for crop, part in parts.items()}
    return divided | {crop.id: "test" for crop in crops if crop.context == context}


def plan_contexts(samples: Samples, *, seed: int) -> tuple[list[tuple[str, Fold]], list[Finding]]:
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
    title: str,
    crops: Sequence[Crop],
    y_true: Indices,
    probabilities: Probabilities,
    *,
    diverged: Sequence[bool],
    trained_on: int,
) -> OrdinaryTest:
    """Score what an ordinary run says of its test part.

    Args:
        title: The run's name.
        crops: The test part.
        y_true: The true classes, shape ``(samples,)``.
        probabilities: Of every repeat, shape ``(repeats, samples, classes)``.
        diverged: Which repeats diverged; they are left out.
        trained_on: Samples that it learned from.

    Raises:
        InputRejectedError: If all did.
    """
    if all(diverged):
        raise InputRejectedError(
            f"{title}: every training diverged, so there is nothing to compare with. Train another network or size."
        )
    predicted = probabilities[~np.array(diverged)].argmax(axis=2)
    return OrdinaryTest(
        title=title,
        crops=tuple(crop.id for crop in crops),
        right=predicted == y_true,
        macro_f1=tuple(_macro_f1(y_true, row, probabilities.shape[2]) for row in predicted),
        trained_on=trained_on,
        diverged=sum(diverged),
    )


def study_contexts(
    samples: Samples,
    planned: Sequence[tuple[str, Fold]],
    ordinary: OrdinaryTest | Fold,
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

    Raises:
        InputRejectedError: If every training of the ordinary test, or every one without a context, diverged.
    """
    jobs = [Job(division, settings, seed) for _, division in planned for seed in seeds]
    usual = [] if isinstance(ordinary, OrdinaryTest) else [Job(ordinary, settings, seed) for seed in seeds]
    results = train_jobs(samples, [*usual, *jobs], folder=folder, watcher=watcher)
    if not isinstance(ordinary, OrdinaryTest):
        ordinary = _trained_test(samples, ordinary, results[: len(usual)])
    trained = iter(results[len(usual) :])
    held = [_held(titles[context], division, {seed: next(trained) for seed in seeds}) for context, division in planned]
    judged = [one for one in held if len(one.predicted)]
    if not judged:
        raise InputRejectedError(
            "every training without a context diverged, so nothing is known. Train another network or size."
        )
    index_of = {crop: place for place, crop in enumerate(ordinary.crops)}
    shared = [_shared(samples, one, ordinary, index_of) for one in judged]
    classes = [samples.classes[target] for target in samples.targets]
    labels = {level: classes, "label": [crop.label for crop in samples.crops]}
    where = [crop.context for crop in samples.crops]
    groups = group_keys(samples.crops)
    return ContextStudy(
        task=task,
        network=settings.network,
        seeds=tuple(seeds),
        contexts=tuple(_score(samples, one, both) for one, both in zip(judged, shared, strict=True)),
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
        lost=tuple(one.context.name for one in held if not len(one.predicted)),
        ordinary_diverged=ordinary.diverged,
    )


def _division(samples: Samples, context: str, seed: int) -> Fold:
    parts = hold_out(samples.crops, context, seed=seed)
    subset_of = np.array([parts.get(crop.id, "") for crop in samples.crops])
    train, val, test = (np.flatnonzero(subset_of == part) for part in ("train", "val", "test"))
    if len(test) < FEWEST:
        raise InputRejectedError(f"has {len(test)} crops, fewer than {FEWEST}. Annotate more of it.")
    counts = np.bincount(samples.targets[train], minlength=len(samples.classes))
    unseen = [name for name, count in zip(samples.classes, counts, strict=True) if not count]
    if unseen:
        raise InputRejectedError(
            f"without it {', '.join(unseen)} has no sample to learn from. Annotate more elsewhere."
        )
    if not len(val):
        raise InputRejectedError("without it no sample is left to validate on. Annotate more elsewhere.")
    return Fold(f"without-{context}", train, val, test)


def _trained_test(samples: Samples, division: Fold, results: Sequence[FoldResult]) -> OrdinaryTest:
    return ordinary_test(
        division.name,
        [samples.crops[place] for place in division.test],
        samples.targets[division.test],
        np.stack([result.probabilities for result in results]),
        diverged=[result.diverged for result in results],
        trained_on=len(division.train),
    )


def _held(context: Category, division: Fold, results: Mapping[int, FoldResult]) -> _Held:
    """Sort out what was trained without a context, by seed."""
    rows = [result.probabilities.argmax(axis=1) for result in results.values() if not result.diverged]
    predicted = np.array(rows, dtype=np.int64).reshape(len(rows), len(division.test))
    return _Held(context, division, predicted, tuple(seed for seed, one in results.items() if one.diverged))


def _macro_f1(y_true: Indices, predicted: Indices, classes: int) -> float:
    """Average F1 over the classes that have samples: one that a context lacks is no class to be found there."""
    names = [str(place) for place in range(classes)]
    scores = classification_report(y_true, predicted, names).classes
    return float(np.mean([score.f1 for score in scores if score.support]))


_Shared = tuple[list[int], npt.NDArray[np.bool_], npt.NDArray[np.bool_]]


def _shared(samples: Samples, held: _Held, ordinary: OrdinaryTest, index_of: Mapping[int, int]) -> _Shared:
    """Give the places of the crops that both judged, and whether either was right: shape ``(repeats, crops)``."""
    test = held.division.test
    both = [i for i, place in enumerate(test) if samples.crops[place].id in index_of]
    places = [int(test[i]) for i in both]
    there = [index_of[samples.crops[place].id] for place in places]
    return places, held.predicted[:, both] == samples.targets[places], ordinary.right[:, there]


def _score(samples: Samples, held: _Held, shared: _Shared) -> ContextScore:
    y_true = samples.targets[held.division.test]
    places, shared_right, ordinary_right = shared
    return ContextScore(
        context=held.context.name,
        title=held.context.title,
        color=held.context.color,
        samples=len(y_true),
        trained_on=len(held.division.train),
        right=tuple(int(count) for count in (held.predicted == y_true).sum(axis=1)),
        macro_f1=tuple(_macro_f1(y_true, row, len(samples.classes)) for row in held.predicted),
        shared=len(places),
        shared_right=tuple(int(count) for count in shared_right.sum(axis=1)),
        ordinary_right=tuple(int(count) for count in ordinary_right.sum(axis=1)),
        diverged=held.diverged,
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
