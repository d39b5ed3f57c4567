"""The trainings of a learning curve: on smaller and larger parts of a training subset, each within the next larger."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from toonvision.core.errors import Finding, UsageError
from toonvision.core.seeds import generator
from toonvision.data.fingerprints import group_keys
from toonvision.metrics.classification import Indices
from toonvision.studies.folds import Fold, Job, classes_without_samples
from toonvision.tasks.base import Dataset
from toonvision.tasks.settings import TrainingSettings

FEWEST_SIZES = 3


def nested_order(labels: Sequence[str], groups: Sequence[int], *, rng: np.random.Generator) -> list[list[int]]:
    """Order groups of samples so that every beginning of the order has about the same shares of labels as the whole.

    The next group is always the one that brings the labels so far nearest to those shares (chi-squared); ties are
    broken at random.

    Args:
        labels: Each sample's label.
        groups: Each sample's group.
        rng: Where chance comes from.

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
        settings: How to train on the whole subset.
        seeds: One repeat each, with an order of its own.

    Returns:
        The jobs of each size, from small to large, and which sizes were left out. Sizes that choose the very same
        crops share their jobs.

    Raises:
        UsageError: If a size is out of range, or fewer than three are left, which determine no curve.
    """
    asked = sorted(set(sizes))
    if not asked or not all(0 < size <= 1 for size in asked):
        raise UsageError(
            f"sizes are shares over 0 and up to 1; got {list(sizes)}. Write e.g. --sizes 0.125,0.25,0.5,1."
        )
    orders = _orders(dataset, whole, seeds)
    made: dict[tuple[int, int], Job] = {}
    jobs: dict[float, list[Job]] = {}
    findings = []
    for size in asked:
        subsets = [whole.train[beginning(order, size)] for order in orders]
        missing = classes_without_samples(dataset, *subsets)
        if missing:
            reason = f"{', '.join(missing)} would have no sample to learn from"
            findings.append(Finding(f"size {size:g}", reason, "ask for larger --sizes", "size-skipped", pictures=1))
            continue
        # Of one order's beginnings two that are equally long are the same.
        row = [
            made.setdefault((seed, len(subset)), _job(whole, subset, settings, seed))
            for subset, seed in zip(subsets, seeds, strict=True)
        ]
        if jobs and all(job is before for job, before in zip(row, jobs[max(jobs)], strict=True)):
            findings.append(Finding(f"size {size:g}", f"selects the same crops as {max(jobs):g}", code="size-repeated"))
            continue
        jobs[size] = row
    if len(jobs) < FEWEST_SIZES:
        found = f" ({'; '.join(map(str, findings))})" if findings else ""
        raise UsageError(
            "a curve needs at least three sizes that select different crops and at which every class can be learned; "
            f"got {len(jobs)}{found}. Write e.g. --sizes 0.125,0.25,0.5,1."
        )
    return jobs, findings


def _orders(dataset: Dataset, whole: Fold, seeds: Sequence[int]) -> list[list[list[int]]]:
    labels = [dataset.items[index].label for index in whole.train]
    keys = group_keys(dataset.items)
    groups = [keys[index] for index in whole.train]
    return [nested_order(labels, groups, rng=generator(seed, "curve")) for seed in seeds]


def _job(whole: Fold, subset: Indices, settings: TrainingSettings, seed: int) -> Job:
    """Plan a training on a part, for as many steps as on the whole.

    It is named by the share that it is: whatever was asked for, it is the same training. An epoch of an eighth of the
    crops has an eighth of the steps; with the same epochs and patience the small points would also be the least
    trained ones, and the curve too steep.
    """
    epochs, patience = (math.ceil(n * len(whole.train) / len(subset)) for n in (settings.epochs, settings.patience))
    name = f"share-{len(subset) / len(whole.train):.4g}"
    return Job(replace(whole, name=name, train=subset), replace(settings, epochs=epochs, patience=patience), seed)
