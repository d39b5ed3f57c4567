"""The trainings of a learning curve: on shares of a training subset, each within the next larger one."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from toonvision.core.errors import Finding, UsageError
from toonvision.core.seeds import generator
from toonvision.core.wording import some
from toonvision.data.groups import item_keys
from toonvision.metrics.classification import Indices
from toonvision.studies.fold_assignment import strata
from toonvision.studies.folds import Fold, Job, classes_without_samples
from toonvision.tasks.base import Dataset
from toonvision.tasks.registry import kind_of
from toonvision.tasks.settings import TrainingSettings
from toonvision.taxonomy.labels import CLASSIFY
from toonvision.training.recipes import for_fewer

FEWEST_SIZES = 3
_CANDIDATES = [percent / 100 for percent in range(5, 101, 5)]
"""Sizes of a learning curve that may be offered where those asked for cannot be used."""
_Order = Sequence[Sequence[int]]


def _shown(dataset: Dataset) -> list[str]:
    """Return what every beginning of an order of the samples should have about as often: labels, or what is to find."""
    return [crop.label for crop in dataset.crops] if dataset.task.kind == CLASSIFY else strata(dataset)


def nested_order(labels: Sequence[str], groups: Sequence[int], *, rng: np.random.Generator) -> list[list[int]]:
    """Order groups of samples so that every beginning of the order has about the same shares of labels as the whole.

    The next group is always the one that brings the labels so far nearest to those shares (chi-squared); ties are
    broken at random.

    Args:
        labels: Each sample's label.
        groups: Each sample's group.
        rng: The random generator.

    Returns:
        The groups in their order, each as the indices of its samples.
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
        best = int(((after - expected) ** 2 / shares).sum(axis=1).argmin())
        so_far = after[best]
        order.append(members[waiting[best]])
        waiting = np.delete(waiting, best)
    return order


def beginning(order: Sequence[Sequence[int]], share: float) -> Indices:
    """Return the samples of the first groups, at least one, that together come nearest to a share of all samples."""
    ends = np.cumsum([len(group) for group in order])
    last = int(np.abs(ends - share * ends[-1]).argmin())
    return np.sort(np.array([index for group in order[: last + 1] for index in group], dtype=np.int64))


def curve_jobs(
    dataset: Dataset, whole: Fold, *, sizes: Sequence[float], settings: TrainingSettings, seeds: Sequence[int]
) -> tuple[dict[float, list[Job]], list[Finding]]:
    """Plan the trainings of a learning curve.

    Args:
        dataset: All samples of the task.
        whole: The whole training subset, and the val and test subsets, which stay as they are.
        sizes: Shares of the training subset, over 0 to 1.
        settings: How to train on the whole training subset.
        seeds: One repeat each, with an order of its own.

    Returns:
        The jobs of each size, from small to large, and which sizes were left out. Sizes that choose the very same
        samples share their jobs.

    Raises:
        UsageError: If a size is out of range, or fewer than three are left, which determine no curve.
    """
    asked = sorted(set(sizes))
    if not asked or not all(0 < size <= 1 for size in asked):
        raise UsageError(
            f"sizes are shares over 0 and up to 1; got {list(sizes)}. Write e.g. --sizes 0.125,0.25,0.5,1."
        )
    keys, shown = item_keys(dataset.items), _shown(dataset)
    labels, groups = [shown[index] for index in whole.train], [keys[index] for index in whole.train]
    orders = {seed: nested_order(labels, groups, rng=generator(seed, "curve")) for seed in seeds}
    jobs, findings = _jobs_of(dataset, whole, asked, orders, settings)
    if len(jobs) < FEWEST_SIZES:
        found = f" ({'; '.join(map(str, findings))})" if findings else ""
        raise UsageError(
            f"a curve needs at least three sizes that select different {kind_of(dataset.task).unit}s and at which "
            f"every class can be learned; got {len(jobs)}{found}. {_other_sizes(dataset, whole, orders, settings)}"
        )
    return jobs, findings


def _other_sizes(dataset: Dataset, whole: Fold, orders: Mapping[int, _Order], settings: TrainingSettings) -> str:
    """Return the sizes to ask for instead: the smallest that can be learned, the whole, and one between them.

    Where there are none, return what to annotate.
    """
    working = list(_jobs_of(dataset, whole, _CANDIDATES, orders, settings)[0])
    if len(working) >= FEWEST_SIZES:
        middle = min(working[1:-1], key=lambda size: abs(size - math.sqrt(working[0])))
        return f"Write --sizes {working[0]:g},{middle:g},1."  # the last one that works selects all, as 1 does
    firsts = [whole.train[beginning(order, _CANDIDATES[0])] for order in orders.values()]
    rare = classes_without_samples(dataset, *firsts)
    return f"Annotate more screenshots{f' that show {some(rare)}' if rare else ''}."


def _jobs_of(
    dataset: Dataset, whole: Fold, sizes: Sequence[float], orders: Mapping[int, _Order], settings: TrainingSettings
) -> tuple[dict[float, list[Job]], list[Finding]]:
    """Plan the trainings of each size that can be learned and selects others than the size before; say which do not.

    The sizes are sorted; each repeat's order of the groups has its seed.
    """
    made: dict[tuple[int, int], Job] = {}
    jobs: dict[float, list[Job]] = {}
    findings = []
    for size in sizes:
        subsets = {seed: whole.train[beginning(order, size)] for seed, order in orders.items()}
        missing = classes_without_samples(dataset, *subsets.values())
        if missing:
            reason = f"{', '.join(missing)} would have no sample to learn from"
            findings.append(Finding(f"size {size:g}", reason, "ask for larger --sizes", "size-skipped", pictures=1))
            continue
        # Of one order's beginnings two that are equally long are the same.
        row = [
            made.setdefault((seed, len(subset)), _job(whole, subset, settings, seed))
            for seed, subset in subsets.items()
        ]
        if jobs and all(job is before for job, before in zip(row, jobs[max(jobs)], strict=True)):
            reason = f"selects the same {kind_of(dataset.task).unit}s as {max(jobs):g}"
            findings.append(Finding(f"size {size:g}", reason, code="size-repeated"))
            continue
        jobs[size] = row
    return jobs, findings


def _job(whole: Fold, subset: Indices, settings: TrainingSettings, seed: int) -> Job:
    """Plan a training on a share of the training subset, as one would train that share: for as many steps as the whole.

    It is named by the share that it is: whatever was asked for, it is the same training. An epoch of an eighth of the
    samples has an eighth of the steps; with the same epochs and patience the small points would also be the least
    trained ones, and the curve too steep.
    """
    share = replace(whole, name=f"share-{len(subset) / len(whole.train):.4g}", train=subset)
    return Job(share, for_fewer(settings, len(subset), of=len(whole.train)), seed)
