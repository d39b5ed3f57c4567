"""Folds of the samples that leave one context out."""

from collections.abc import Sequence

from toonvision.core.errors import Finding, InputRejectedError
from toonvision.data.catalog import Crop
from toonvision.data.fingerprints import group_keys
from toonvision.data.split_plan import plan_split
from toonvision.data.splits import SIXTY_TWENTY_TWENTY, Subset
from toonvision.studies.folds import Fold, classes_without_samples, fold_of_subsets
from toonvision.tasks.base import Dataset
from toonvision.taxonomy.labels import Category, Taxonomy

FEWEST = 5
"""Crops in a context below which a share of right answers says nothing."""


def hold_out(crops: Sequence[Crop], context: str, *, seed: int) -> dict[int, Subset]:
    """Assign crops to subsets: one context is the test subset, the others are train and val, about four to one.

    The others are split as ever (60/20/20), and the test subset of that joins train. A crop whose screenshot
    is a near-duplicate of one in the context left out is in no subset.

    Args:
        crops: All samples.
        context: The one to leave out.
        seed: Same seed, same crops, same subsets.

    Returns:
        Crop id to subset.

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
    dataset: Dataset, taxonomy: Taxonomy, *, seed: int
) -> tuple[list[tuple[Category, Fold]], list[Finding]]:
    """Plan one fold for each context that can be left out.

    Args:
        dataset: All samples of the task.
        taxonomy: Which contexts there are; theirs is the order of the folds.
        seed: Decides train and val.

    Returns:
        Contexts with their folds, and why the others cannot be left out.

    Raises:
        InputRejectedError: If no context can be left out.
    """
    known = [context.name for context in taxonomy.contexts]
    names = sorted({crop.context for crop in dataset.items})
    names.sort(key=lambda name: known.index(name) if name in known else len(known))
    planned, findings = [], []
    for name in names:
        try:
            planned.append((taxonomy.context(name), _fold_without(dataset, name, seed)))
        except InputRejectedError as error:
            reason, _, remedy = str(error).partition(". ")
            crops = sum(crop.context == name for crop in dataset.items)
            findings.append(Finding(f"context {name}", reason, remedy.rstrip("."), "context-skipped", objects=crops))
    if not planned:
        raise InputRejectedError(f"no context can be left out, nothing was trained. {'; '.join(map(str, findings))}.")
    return planned, findings


def _fold_without(dataset: Dataset, context: str, seed: int) -> Fold:
    fold = fold_of_subsets(f"without-{context}", dataset, hold_out(dataset.items, context, seed=seed))
    if len(fold.test) < FEWEST:
        raise InputRejectedError(f"has {len(fold.test)} crops, fewer than {FEWEST}. Annotate more of it.")
    unseen = classes_without_samples(dataset, fold.train)
    if unseen:
        raise InputRejectedError(
            f"without it {', '.join(unseen)} has no sample to learn from. Annotate more elsewhere."
        )
    if not len(fold.val):
        raise InputRejectedError("without it no sample is left to validate on. Annotate more elsewhere.")
    return fold
