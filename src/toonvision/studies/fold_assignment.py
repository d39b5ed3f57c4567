"""Who learns and who is evaluated in the trainings of a study: which samples are in which fold.

- Contexts: one context is left out at a time.
- Suspect labels and cross-validation: every sample is in the test subset of one fold.
"""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from toonvision.core.errors import Finding, InputRejectedError, UsageError
from toonvision.core.seeds import SEED_LIMIT, generator
from toonvision.data.catalog import Crop
from toonvision.data.groups import group_keys, item_keys
from toonvision.data.records import Frame, Item
from toonvision.data.split_plan import plan_split
from toonvision.data.splits import SIXTY_TWENTY_TWENTY
from toonvision.data.subsets import Subset
from toonvision.data.workspace import Workspace
from toonvision.metrics.classification import Indices
from toonvision.studies.folds import Fold, Job, classes_without_samples, fold_of_subsets
from toonvision.tasks.base import Dataset
from toonvision.tasks.registry import kind_of
from toonvision.tasks.settings import TrainingSettings
from toonvision.taxonomy.labels import CLASSIFY, Category, Taxonomy

FEWEST = 5
"""Crops, or screenshots, of a context below which nothing can be said about it."""


def hold_out(crops: Sequence[Crop], context: str, *, seed: int) -> dict[int, Subset]:
    """Assign crops to subsets: one context is the test subset, the others are train and val, about four to one.

    The others are split as ever (60/20/20), and the test subset of that joins train. A crop whose screenshot
    is a near-duplicate of one in the context left out is in no subset.

    Returns:
        Crop id to subset; the same for the same seed.

    Raises:
        InputRejectedError: If the others are too few to be split.
    """
    keys = group_keys(crops)
    held = {key for crop, key in zip(crops, keys, strict=True) if crop.context == context}
    others = [crop for crop, key in zip(crops, keys, strict=True) if crop.context != context and key not in held]
    if not others:
        raise InputRejectedError(f"{context} is the only one with crops. Annotate screenshots of others.")
    split = plan_split(others, ratios=SIXTY_TWENTY_TWENTY, seed=seed)
    subsets: dict[int, Subset] = {crop.id: "val" if split.subset_of(crop) == "val" else "train" for crop in others}
    subsets.update({crop.id: "test" for crop in crops if crop.context == context})
    return subsets


def plan_contexts(
    dataset: Dataset, taxonomy: Taxonomy, *, seed: int, learn_val: bool = False
) -> tuple[list[tuple[Category, Fold]], list[Finding]]:
    """Plan one fold for each context that can be left out, in the taxonomy's order; the seed decides train and val.

    Args:
        dataset: Crops, or screenshots with their objects.
        taxonomy: What knows the contexts.
        seed: Same seed, same folds.
        learn_val: The trainings learn from the val subset too.

    Returns:
        Contexts with their folds, and why the others cannot be left out.

    Raises:
        InputRejectedError: If no context can be left out.
    """
    known = [context.name for context in taxonomy.contexts]
    names = sorted({item.context for item in dataset.items})
    names.sort(key=lambda name: known.index(name) if name in known else len(known))
    planned, findings = [], []
    for name in names:
        try:
            planned.append((taxonomy.context(name), _fold_without(dataset, name, seed, learn_val=learn_val)))
        except InputRejectedError as error:
            reason, _, remedy = str(error).partition(". ")
            crops = sum(crop.context == name for crop in _objects(dataset))
            findings.append(Finding(f"context {name}", reason, remedy.rstrip("."), "context-skipped", objects=crops))
    if not planned:
        raise InputRejectedError(f"no context can be left out, nothing was trained. {'; '.join(map(str, findings))}.")
    return planned, findings


def require_contexts(workspace: Workspace) -> None:
    """Refuse a workspace whose crops are of one context, before anything is loaded.

    Raises:
        InputRejectedError: With the way to more contexts.
    """
    contexts = {crop.context for crop in workspace.known_crops()}
    if len(contexts) == 1:
        raise InputRejectedError(
            f"{workspace.root}: this workspace has one context only, so that none can be left out. Put screenshots "
            "into folders, one a context, and extract them again."
        )


def _objects(dataset: Dataset) -> list[Crop]:
    if dataset.task.kind == CLASSIFY:
        return list(dataset.crops)
    return [crop for frame in dataset.frames for crop in frame.cut]


def _fold_without(dataset: Dataset, context: str, seed: int, *, learn_val: bool) -> Fold:
    subsets = hold_out(_objects(dataset), context, seed=seed)
    fold = fold_of_subsets(f"without-{context}", [_subset(item, context, subsets) for item in dataset.items])
    if len(fold.test) < FEWEST:
        unit = kind_of(dataset.task).unit
        raise InputRejectedError(f"has {len(fold.test)} {unit}s, fewer than {FEWEST}. Annotate more of it.")
    if not kind_of(dataset.task).occurrences(dataset)[fold.test].any():
        raise InputRejectedError("shows no object. Annotate more of it.")
    unseen = classes_without_samples(dataset, fold.learned(with_validation=learn_val))
    if unseen:
        raise InputRejectedError(
            f"without it {', '.join(unseen)} has no sample to learn from. Annotate more elsewhere."
        )
    if not len(fold.val) and not learn_val:
        raise InputRejectedError("without it no sample is left to validate on. Annotate more elsewhere.")
    return fold


def _subset(item: Item, context: str, subsets: Mapping[int, Subset]) -> str:
    """Return the subset of a crop or of a screenshot's crops; one without crops is learned from, or searched."""
    if isinstance(item, Crop):
        return subsets.get(item.id, "")
    if isinstance(item, Frame) and item.cut:  # what nobody need find has ids of its own, which are no crops'
        return next((subsets[crop.id] for crop in item.cut if crop.id in subsets), "")
    return "test" if item.context == context else "train"


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
        Each sample's fold from 0, shape ``(samples,)``.

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


def fold_jobs(
    dataset: Dataset, *, folds: int, settings: TrainingSettings, repeats: int, seed: int, rotate: bool = True
) -> list[Job]:
    """Plan the trainings of a cross-validation: fold by fold, each with its repeats.

    The seed decides the folds; the repeats have the seeds from it on. The next fold decides when to stop. With `rotate`
    that is another one in each repeat, so that averaged models learned from different crops; without it repeats differ
    by their seed alone.

    Raises:
        InputRejectedError: If a class could not be learned without one of the folds.
    """
    fold_of = grouped_folds(strata(dataset), item_keys(dataset.items), folds=folds, seed=seed)
    jobs = []
    for fold in range(folds):
        for repeat in range(repeats):
            stop = (fold + 1 + (repeat % (folds - 1) if rotate else 0)) % folds
            train = np.flatnonzero((fold_of != fold) & (fold_of != stop))
            short = classes_without_samples(dataset, train)
            if short:
                raise InputRejectedError(
                    f"{', '.join(short)}: too few screenshots to be learned without a fold of them. Annotate more."
                )
            val, test = np.flatnonzero(fold_of == stop), np.flatnonzero(fold_of == fold)
            jobs.append(Job(Fold(f"fold-{fold}-stop-{stop}", train, val, test), settings, seed + repeat))
    return jobs


def strata(dataset: Dataset) -> list[str]:
    """Return the class of each sample, or the classes that it shows together."""
    each = kind_of(dataset.task).occurrences(dataset)
    return ["+".join(name for name, times in zip(dataset.classes, row, strict=True) if times) for row in each.tolist()]
