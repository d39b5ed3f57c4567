"""The three subsets of a data set, and the names that people give their folders and files."""

import re
from collections.abc import Mapping
from typing import Literal, get_args

Subset = Literal["train", "val", "test"]
"""What a screenshot is for."""
SUBSETS: tuple[Subset, ...] = get_args(Subset)

_NAMED = re.compile(
    r"(?:obj_)?(?:(train|val|test)(?:id|idate|idation|ing)?|(dev)(?:elopment)?|(eval)(?:uation)?|(hold)[_-]?out)"
    r"(?:_?data|[_-]?set|[_-]?(?:images?|imgs?))?(?:20\d\d|[ _-]?\d\d?)?"
)
_BETWEEN_WORDS = re.compile(r"[^a-zA-Z0-9]+|(?<=[a-z])(?=[A-Z])")
_SUBSET: Mapping[str, Subset] = {**{subset: subset for subset in SUBSETS}, "dev": "val", "eval": "test", "hold": "test"}
"""Beside train and dev, eval is what is evaluated at the end; beside train alone it can be that as well."""


def named_subset(name: str) -> Subset | None:
    """Return the subset that a folder or the stem of a file is named after, if any.

    Examples:
        >>> [named_subset(name) for name in ("valid", "VALIDATE", "Testing", "train2017", "test_images")]
        ['val', 'val', 'test', 'train', 'test']
        >>> [named_subset(name) for name in ("dev", "devset", "eval", "Evaluation", "holdout", "devkit")]
        ['val', 'val', 'test', 'test', 'test', None]
        >>> [named_subset(name) for name in ("test1", "val_1", "train-02")]
        ['test', 'val', 'train']
    """
    found = _NAMED.fullmatch(name.lower())
    return _SUBSET[found[found.lastindex or 0]] if found else None


def subset_in(stem: str) -> Subset | None:
    """Return the subset that one word in the stem of a file is, if just one is named.

    Examples:
        >>> [subset_in(stem) for stem in ("instances_train2017", "labels-valid", "train_and_test", "trainLabels")]
        ['train', 'val', None, 'train']
    """
    found = {subset for word in _BETWEEN_WORDS.split(stem) if (subset := named_subset(word))}
    return found.pop() if len(found) == 1 else None
