"""Growing trees on colour histograms: what is trained in the place of a network, in seconds and without epochs."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from toonvision.core.errors import UsageError
from toonvision.core.seeds import SEED_LIMIT, generator
from toonvision.data.images import Pictures
from toonvision.metrics.classification import Indices
from toonvision.metrics.predictions import Probabilities
from toonvision.models.forest import Forest, pixels_of_bands, root_shares
from toonvision.tasks.base import Dataset
from toonvision.tasks.registry import kind_of
from toonvision.tasks.settings import TrainingSettings
from toonvision.taxonomy.labels import CLASSIFY
from toonvision.training.history import VALIDATION, History

TREES_GROWN = 200
"""With 100 trees 12.6 % of 32 classes are wrong (five grouped folds, 768 crops), with 200 trees 10.6 %."""


def grow_forest(
    dataset: Dataset, *, train: Indices, val: Indices, settings: TrainingSettings, seed: int
) -> tuple[Forest, History]:
    """Grow extremely randomised trees on the colour histograms of a dataset's images.

    Args:
        dataset: Images and targets.
        train: Indices of the images to learn from.
        val: Indices of the images that are learned from too where the settings say so; otherwise only evaluated.
        settings: Whether classes are weighed, and whether the validation subset is learned from.
        seed: Decides where the trees divide the images.

    Returns:
        The trees; and loss and metrics of both subsets, as one epoch.

    Raises:
        UsageError: If the task is none of the kind ``classify``.
    """
    if dataset.task.kind != CLASSIFY:
        raise UsageError(f"trees classify; {dataset.task.name} is of the kind {dataset.task.kind}. Leave out --model.")
    started = time.monotonic()
    kind, learned = kind_of(dataset.task), np.concatenate([train, val]) if settings.with_validation else train
    weights = kind.weights(dataset, train, settings)
    forest = forest_of(dataset, learned, seed=seed, weights=None if weights is None else weights[learned])
    epoch = {
        f"{prefix}{name}": value
        for prefix, indices in (("", train), (VALIDATION, val))
        for name, value in kind.metrics(
            _totals(forest.predict_on_batch(dataset.images[indices]), dataset.targets[indices])
        ).items()
    }
    return forest, History((epoch,), 1, diverged=False, seconds=time.monotonic() - started)


def forest_of(
    dataset: Dataset, learned: Indices, *, seed: int, weights: npt.NDArray[np.float32] | None = None
) -> Forest:
    """Grow trees on some images of a dataset.

    Args:
        dataset: All images.
        learned: Indices of those to learn from, shape ``(learned,)``.
        seed: Same seed, same trees.
        weights: How much each learned image counts, shape ``(learned,)``; None for all the same.
    """
    images, targets = dataset.images[learned], dataset.targets[learned]
    return grown(images, targets, classes=len(dataset.classes), seed=seed, weights=weights)


def grown(
    images: Pictures,
    targets: Indices,
    *,
    classes: int,
    seed: int,
    weights: npt.NDArray[np.float32] | None = None,
) -> Forest:
    """Grow trees on images.

    Args:
        images: Shape ``(images, height, width, 3)``, uint8.
        targets: The class of each, from 0.
        classes: How many there are; some may have no image.
        seed: Decides where the trees divide the images.
        weights: How much each image weighs; all the same where it is None.
    """
    from sklearn.ensemble import ExtraTreesClassifier

    trees = ExtraTreesClassifier(TREES_GROWN, random_state=int(generator(seed, "trees").integers(SEED_LIMIT)))
    # Roots of shares: a threshold that is drawn at random divides rare colours as often as frequent ones.
    trees.fit(root_shares(images), targets, weights)
    height, width = images.shape[1:3]
    return _joined([one.tree_ for one in trees.estimators_], trees.classes_, size_hw=(height, width), classes=classes)


def _joined(trees: Sequence[Any], known: Indices, *, size_hw: tuple[int, int], classes: int) -> Forest:
    """Join scikit-learn's trees, whose thresholds of root shares become thresholds of counts."""
    sizes = [tree.node_count for tree in trees]
    roots = np.cumsum([0, *sizes[:-1]])
    inner = np.concatenate([tree.children_left >= 0 for tree in trees])
    features = np.where(inner, np.concatenate([tree.feature for tree in trees]), 0)
    pixels = pixels_of_bands(size_hw)
    at_most = np.floor(np.concatenate([tree.threshold for tree in trees]) ** 2 * pixels[features])
    votes = known[np.concatenate([tree.value[:, 0].argmax(axis=1) for tree in trees])]
    right = np.concatenate([tree.children_right + root for tree, root in zip(trees, roots, strict=True)])
    arrays = (roots, features, np.where(inner, at_most, -1 - votes), np.where(inner, right, np.arange(len(inner))))
    return Forest(size_hw, classes, *(array.astype(np.int32) for array in arrays))


def _totals(probabilities: Probabilities, y_true: Indices) -> Mapping[str, float]:
    """Return what a network's training measures: means of loss and accuracy, and counts at a threshold of one half."""
    classes = probabilities.shape[1]
    sure, true = probabilities > 0.5, y_true[:, None] == np.arange(classes)
    if classes == 2:  # one output is trained there, that of the second class
        sure, true = sure[:, 1:], true[:, 1:]
    return {
        "loss": float(-np.log(probabilities[np.arange(len(y_true)), y_true]).mean()),
        "accuracy": float((probabilities.argmax(axis=1) == y_true).mean()),
        "hits": int((sure & true).sum()),
        "false_alarms": int((sure & ~true).sum()),
        "misses": int((~sure & true).sum()),
    }
