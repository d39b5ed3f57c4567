"""Measuring a learning curve: the same test for models that learned from more and more pictures.

Each repeat draws its own order of the training pictures; its points are the first part of that order, a larger one
holding all smaller ones, each with about the classes' shares of the whole. Validate and test stay as they are.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from toonvision.core.errors import Finding, InputRejectedError, UsageError
from toonvision.core.seeds import generator
from toonvision.data.arrays import Samples
from toonvision.data.splits import group_keys
from toonvision.metrics.classification import Indices
from toonvision.metrics.intervals import group_weights
from toonvision.metrics.power_law import PowerLaw, fit_power_law
from toonvision.studies.folds import Fold, FoldResult, Job, StudyWatcher, train_jobs
from toonvision.studies.learning_curve import CurvePoint, LearningCurve
from toonvision.tasks.settings import TrainingSettings

_DRAWS = 1000
_LINE = 60


@dataclass(frozen=True)
class _Repeats:
    """What the trainings of one size answered.

    Attributes:
        share: The size.
        pictures: How many each repeat learned from.
        wrong: Whether each repeat was wrong about each test picture, shape ``(repeats, crops)``.
        diverged: Whether each repeat diverged, shape ``(repeats,)``.
    """

    share: float
    pictures: tuple[int, ...]
    wrong: npt.NDArray[np.bool_]
    diverged: npt.NDArray[np.bool_]

    def point(self, seeds: Sequence[int]) -> CurvePoint:
        """Leave out the repeats that diverged."""
        wrong, out = self.wrong.sum(axis=1).tolist(), self.diverged.tolist()
        return CurvePoint(
            share=self.share,
            pictures=tuple(count for count, diverged in zip(self.pictures, out, strict=True) if not diverged),
            wrong=tuple(count for count, diverged in zip(wrong, out, strict=True) if not diverged),
            diverged=tuple(seed for seed, diverged in zip(seeds, out, strict=True) if diverged),
        )


def nested_order(labels: Sequence[str], groups: Sequence[int], *, rng: np.random.Generator) -> list[list[int]]:
    """Order groups of samples so that every beginning of the order has about the labels' shares of the whole.

    Group by group, the one is taken that brings the labels so far nearest to the shares (chi-squared); of equals
    the first by lot.

    Args:
        labels: Each sample's label.
        groups: Each sample's group.
        rng: Where chance comes from.

    Returns:
        The groups in their order, each as the places of its samples.
    """
    known = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    classes, class_of = np.unique(np.asarray(labels), return_inverse=True)
    group_of = np.array([known[group] for group in groups])
    members = [np.flatnonzero(group_of == group).tolist() for group in range(len(known))]
    counts = np.zeros((len(known), len(classes)))
    np.add.at(counts, (group_of, class_of), 1)
    shares = counts.sum(axis=0) / counts.sum()
    waiting = rng.permutation(len(known))
    so_far, order = np.zeros(len(classes)), []
    while len(waiting):
        after = so_far + counts[waiting]
        expected = after.sum(axis=1, keepdims=True) * shares
        chosen = int(((after - expected) ** 2 / shares).sum(axis=1).argmin())
        so_far = after[chosen]
        order.append(members[waiting[chosen]])
        waiting = np.delete(waiting, chosen)
    return order


def beginning(order: Sequence[Sequence[int]], share: float) -> Indices:
    """Give the samples of the first groups that together come nearest to a share of all samples, one group at least."""
    ends = np.cumsum([len(group) for group in order])
    last = int(np.abs(ends - share * ends[-1]).argmin())
    return np.sort(np.array([place for group in order[: last + 1] for place in group], dtype=np.int64))


def curve_jobs(
    samples: Samples,
    division: Fold,
    *,
    sizes: Sequence[float],
    settings: TrainingSettings,
    seeds: Sequence[int],
) -> tuple[list[list[Job]], tuple[float, ...], list[Finding]]:
    """Plan the trainings of a learning curve.

    Args:
        samples: All samples of the task.
        division: The whole training part, and the parts that stay as they are.
        sizes: Shares of the training part, over 0 to 1.
        settings: How to train on the whole part.
        seeds: One repeat each, with an order of its own.

    Returns:
        The jobs of each size, the sizes that are left, from small to large, and what was left out. Sizes that choose
        the very same pictures share their jobs.

    Raises:
        UsageError: If a size is out of range, or fewer than three are left, which determine no curve.
    """
    asked = sorted(set(sizes))
    if not asked or not all(0 < size <= 1 for size in asked):
        raise UsageError(
            f"sizes are shares over 0 and up to 1; got {list(sizes)}. Write e.g. --sizes 0.125,0.25,0.5,1."
        )
    labels = [samples.crops[place].label for place in division.train]
    keys = group_keys(samples.crops)
    groups = [keys[place] for place in division.train]
    orders = [nested_order(labels, groups, rng=generator(seed, "curve")) for seed in seeds]
    made: dict[tuple[int, int], Job] = {}
    jobs: list[list[Job]] = []
    kept: list[float] = []
    skipped = []
    for size in asked:
        subsets = [division.train[beginning(order, size)] for order in orders]
        missing = _without_samples(samples, subsets)
        if missing:
            reason = f"{', '.join(missing)} would have no sample to learn from"
            skipped.append(Finding(f"size {size:g}", reason, "ask for larger --sizes", "size-skipped", pictures=1))
            continue
        # Of one order's beginnings two that are equally long are the same.
        row = [
            made.setdefault((seed, len(subset)), _job(division, subset, settings, seed))
            for subset, seed in zip(subsets, seeds, strict=True)
        ]
        if jobs and all(job is before for job, before in zip(row, jobs[-1], strict=True)):
            skipped.append(
                Finding(f"size {size:g}", f"chooses the same pictures as {kept[-1]:g}", code="size-repeated")
            )
            continue
        kept.append(size)
        jobs.append(row)
    if len(kept) < 3:
        raise UsageError(
            "a curve needs at least three sizes of different pictures at which every class can be learned; "
            f"got {len(kept)}"
            + (f" ({'; '.join(map(str, skipped))})" if skipped else "")
            + ". Write e.g. --sizes 0.125,0.25,0.5,1."
        )
    return jobs, tuple(kept), skipped


def measure_curve(
    samples: Samples,
    division: Fold,
    *,
    jobs: Sequence[Sequence[Job]],
    sizes: Sequence[float],
    task: str,
    split: str,
    more: int = 100,
    folder: Path | None = None,
    watcher: StudyWatcher | None = None,
) -> LearningCurve:
    """Train a learning curve, fit it, and say what more pictures would likely bring.

    The interval is of a bootstrap that draws repeats and test screenshots at once, and fits each draw anew. Trainings
    that diverged are left out.

    Args:
        samples: All samples of the task.
        division: The whole training part, and the parts that stay as they are.
        jobs: The trainings of each size, of `curve_jobs`.
        sizes: Their shares.
        task: What is predicted.
        split: Name of the split.
        more: How many pictures more to ask about.
        folder: The study's folder, where finished trainings are kept and used again.
        watcher: Told how it goes.

    Raises:
        InputRejectedError: If fewer than three sizes have a training that did not diverge.
    """
    distinct = {id(job): job for row in jobs for job in row}
    results = dict(
        zip(distinct, train_jobs(samples, [*distinct.values()], folder=folder, watcher=watcher), strict=True)
    )
    y_true = samples.targets[division.test]
    measured = [
        _repeats(size, row, [results[id(job)] for job in row], y_true) for size, row in zip(sizes, jobs, strict=True)
    ]
    kept = [one for one in measured if not one.diverged.all()]
    if len(kept) < 3:
        raise InputRejectedError(
            f"a curve needs three sizes at which a training did not diverge; got {len(kept)}. Train another network "
            "or size."
        )
    seeds = tuple(job.seed for job in jobs[0])
    points = tuple(one.point(seeds) for one in kept)
    pictures = [point.mean_pictures for point in points]
    most = pictures[-1]
    keys = group_keys(samples.crops)
    drawn = _drawn_errors(kept, [keys[place] for place in division.test])
    line = np.geomspace(pictures[0], max(2 * most, most + 2 * more), _LINE)
    law = fit_power_law(pictures, [point.mean_wrong / len(y_true) for point in points], tested=len(y_true))
    laws = [fit_power_law(pictures, errors, tested=len(y_true)) for errors in drawn]
    low, high = np.quantile([one.at(line) for one in laws], [0.025, 0.975], axis=0)
    gains = [_gain(one, most, more) for one in laws]
    gain_low, gain_high = np.quantile(gains, [0.025, 0.975])
    return LearningCurve(
        task=task,
        network=jobs[0][0].settings.network,
        seeds=seeds,
        split=split,
        train_share=len(division.train) / (len(division.train) + len(division.val) + len(division.test)),
        tested=len(y_true),
        points=points,
        law=law,
        line=tuple(line.tolist()),
        low=tuple(low.tolist()),
        high=tuple(high.tolist()),
        more=more,
        gain=_gain(law, most, more),
        gain_low=float(gain_low),
        gain_high=float(gain_high),
        lost=tuple(one.share for one in measured if one.diverged.all()),
    )


def _without_samples(samples: Samples, subsets: Sequence[Indices]) -> list[str]:
    """Name the classes that one of the subsets lacks."""
    counts = [np.bincount(samples.targets[subset], minlength=len(samples.classes)) for subset in subsets]
    return [name for name, fewest in zip(samples.classes, np.min(counts, axis=0), strict=True) if not fewest]


def _job(division: Fold, subset: Indices, settings: TrainingSettings, seed: int) -> Job:
    """Plan a training on a part, named by the share that it is: whatever was asked for, it is the same training."""
    name = f"share-{len(subset) / len(division.train):.4g}"
    settings = _as_long(settings, pictures=len(subset), whole=len(division.train))
    return Job(replace(division, name=name, train=subset), settings, seed)


def _as_long(settings: TrainingSettings, *, pictures: int, whole: int) -> TrainingSettings:
    """Let a small part be trained for as many steps as the whole.

    An epoch of an eighth of the pictures has an eighth of the steps; with the same epochs and patience the small
    points would also be the least trained ones, and the curve too steep.
    """
    epochs, patience = (math.ceil(count * whole / pictures) for count in (settings.epochs, settings.patience))
    return replace(settings, epochs=epochs, patience=patience)


def _repeats(size: float, jobs: Sequence[Job], results: Sequence[FoldResult], y_true: Indices) -> _Repeats:
    return _Repeats(
        size,
        tuple(len(job.division.train) for job in jobs),
        np.stack([result.probabilities.argmax(axis=1) != y_true for result in results]),
        np.array([result.diverged for result in results]),
    )


def _drawn_errors(measured: Sequence[_Repeats], groups: Sequence[int]) -> npt.NDArray[np.float64]:
    """Draw repeats and test screenshots with replacement: errors of shape ``(draws, sizes)``.

    A draw with none but diverged repeats of a size takes all others of that size.
    """
    rng = generator(0, "curve", "bootstrap")
    wrong = np.stack([one.wrong for one in measured]).astype(float)
    sound = ~np.stack([one.diverged for one in measured])
    repeats = sound.shape[1]
    crops = group_weights(groups, draws=_DRAWS, rng=rng).astype(float)
    chosen = rng.multinomial(repeats, np.full(repeats, 1 / repeats), size=_DRAWS)[:, None, :] * sound
    chosen = np.where(chosen.any(axis=2, keepdims=True), chosen, sound)
    shares = chosen / chosen.sum(axis=2, keepdims=True)
    counts = np.einsum("dsr,src,dc->ds", shares, wrong, crops, optimize=True)
    errors: npt.NDArray[np.float64] = counts / np.maximum(1, crops.sum(axis=1))[:, None]
    return errors


def _gain(law: PowerLaw, pictures: float, more: int) -> float:
    now, then = law.at([pictures, pictures + more])
    return float(now - then)
