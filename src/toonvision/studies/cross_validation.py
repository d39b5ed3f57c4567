"""Folds for cross-validation: every sample is in the test subset of one of them."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from toonvision.core.errors import InputRejectedError, UsageError
from toonvision.core.seeds import SEED_LIMIT, generator
from toonvision.data.groups import group_keys
from toonvision.metrics.classification import Indices
from toonvision.studies.folds import Fold, Job, classes_without_samples
from toonvision.tasks.base import Dataset
from toonvision.tasks.settings import TrainingSettings


def grouped_folds(
    targets: Sequence[str] | npt.NDArray[Any], groups: Sequence[int], *, folds: int, seed: int
) -> Indices:
    """Assign samples to folds: a group stays together, and each class is spread as evenly as its groups allow.

    Args:
        targets: Each sample's class.
        groups: Each sample's group, such as `groups.group_keys`.
        folds: How many folds, 3 or more.
        seed: Same seed, same folds.

    Returns:
        Each sample's fold from 0, shape ``(dataset,)``.

    Raises:
        UsageError: If there are fewer than three folds: one is evaluated, one decides when to stop, the others teach.
        InputRejectedError: If there are fewer groups than folds.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    if folds < 3:
        raise UsageError(
            f"at least 3 folds are needed: for training, validation and test; got {folds}. Write e.g. --folds 5."
        )
    if len(set(groups)) < folds:
        raise InputRejectedError(
            f"{folds} folds need at least {folds} screenshots; got {len(set(groups))}. Annotate more, or ask for fewer "
            "--folds."
        )
    classes, counts = np.unique(np.asarray(targets), return_inverse=True, return_counts=True)[1:]
    if counts.max() < folds:
        raise InputRejectedError(
            f"{folds} folds need a class of at least {folds} samples; the largest has {counts.max()}. Annotate more, "
            "or ask for fewer --folds."
        )
    splitter = StratifiedGroupKFold(
        folds, shuffle=True, random_state=int(generator(seed, "folds").integers(SEED_LIMIT))
    )
    fold_of = np.zeros(len(classes), dtype=np.int64)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class")  # a fold without a rare class is no fault
        splits = list(splitter.split(np.zeros(len(classes)), classes, groups))
    for fold, (_, test) in enumerate(splits):
        fold_of[test] = fold
    return fold_of


def fold_jobs(dataset: Dataset, *, folds: int, settings: TrainingSettings, repeats: int, seed: int) -> list[Job]:
    """Plan the trainings of a search for suspect labels: fold by fold, each with its repeats.

    In each repeat another fold decides when to stop, so that the averaged models learned from different crops.

    Args:
        dataset: All samples of the task.
        folds: How many folds.
        settings: How to train.
        repeats: Trainings a fold.
        seed: Decides the folds; the repeats have the seeds from it on.

    Raises:
        InputRejectedError: If a class could not be learned without one of the folds.
    """
    names = [dataset.classes[target] for target in dataset.targets]
    fold_of = grouped_folds(names, group_keys(dataset.items), folds=folds, seed=seed)
    jobs = []
    for fold in range(folds):
        for repeat in range(repeats):
            stop = (fold + 1 + repeat % (folds - 1)) % folds
            train = np.flatnonzero((fold_of != fold) & (fold_of != stop))
            short = classes_without_samples(dataset, train)
            if short:
                raise InputRejectedError(
                    f"{', '.join(short)}: too few screenshots to be learned without a fold of them. Annotate more."
                )
            val, test = np.flatnonzero(fold_of == stop), np.flatnonzero(fold_of == fold)
            jobs.append(Job(Fold(f"fold-{fold}-stop-{stop}", train, val, test), settings, seed + repeat))
    return jobs
