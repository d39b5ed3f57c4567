"""The subsets of a dataset that was loaded with a split, whatever its kind."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from toonvision.data.splits import Split, split_digest
from toonvision.data.subsets import SUBSETS
from toonvision.tasks.base import Dataset


def in_subsets(dataset: Dataset, split: Split, *, left_out: Sequence[str], newer: int) -> Dataset:
    """Return a dataset with the subsets of a split that has all of its items.

    Args:
        dataset: Without subsets.
        split: The split.
        left_out: Classes of the task's level that do not occur.
        newer: How many items the split does not know.
    """
    subset_of = np.array([split.subset_of(item) for item in dataset.items])
    return replace(
        dataset,
        indices={subset: np.flatnonzero(subset_of == subset) for subset in SUBSETS},
        digest=split_digest(dataset.items, split),
        split=split,
        left_out=tuple(left_out),
        newer=newer,
    )
