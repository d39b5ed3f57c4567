"""What a workspace shows beside the crops of a task, as a network sees it, and the score that separates the two."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from toonvision.core.errors import ModelRefusedError
from toonvision.data.arrays import load_images
from toonvision.data.background import background
from toonvision.data.images import Pictures
from toonvision.data.subsets import Subset
from toonvision.data.workspace import Workspace
from toonvision.metrics.novelty import Features, NoveltyScore, NoveltyTest, Scores, fit_novelty
from toonvision.models.features import band_features
from toonvision.tasks.base import Dataset
from toonvision.tasks.networks import network_outputs

if TYPE_CHECKING:
    import keras

_OTHER, _BACKGROUND, _WHOLE = "objects of no class", "boxes of background", "whole screenshots"


def features_of(model: "keras.Model") -> Callable[[Pictures], Features]:
    """Return a function from images to a network's features for `metrics.novelty`.

    Images have the shape ``(images, height, width, 3)``, uint8; features the shape ``(images, features)``.
    """
    described = _described(model, band_features(model))
    return lambda images: network_outputs(described, images)[0]


def _described(model: "keras.Model", features: Any) -> "keras.Model":
    """Return the part of a network from its images to its features."""
    import keras

    return keras.Model(model.inputs[0], features)


def novelty_of(model: "keras.Model", score: NoveltyScore) -> Callable[[Pictures], Scores]:
    """Return a function from images to a network's novelty scores.

    Raises:
        ModelRefusedError: If the score is not one of this network's.
    """
    described = _described(model, band_features(model, version=score.features))
    width = described.output.shape[1]
    if width != len(score.weights):
        raise ModelRefusedError(
            f"{model.name}: its novelty score has {len(score.weights)} weights for {width} features. Train again."
        )
    return lambda images: score.of(network_outputs(described, images)[0])


def fit_novelty_score(model: "keras.Model", workspace: Workspace, dataset: Dataset) -> NoveltyScore | None:
    """Fit a novelty score for a network that learned from a dataset's train subset; see `TaskKind.novelty`."""
    features = features_of(model)
    train, val = (features(dataset.images[dataset.indices[subset]]) for subset in ("train", "val"))
    return fit_novelty(train, tuple(outliers(workspace, dataset, ("train", "val"), features).values()), val)


def novelty_test(
    model: "keras.Model", score: NoveltyScore, workspace: Workspace, dataset: Dataset, subset: Subset
) -> NoveltyTest:
    """Return the scores of a subset's images, and of what its screenshots show beside them."""
    scores = novelty_of(model, score)
    found = outliers(workspace, dataset, (subset,), scores)
    images = dataset.images[dataset.indices[subset]]
    return NoveltyTest(scores(images), {name: group for name, group in found.items() if len(group)}, score)


def outliers(
    workspace: Workspace, dataset: Dataset, subsets: Sequence[Subset], measure: Callable[[Pictures], Features]
) -> dict[str, Features]:
    """Measure what the screenshots of some subsets show beside the crops of a task; return the values by what it is.

    These are crops whose label has no class at the task's level (a Toon for the suits), background, and whole
    screenshots.
    """
    with workspace.reading() as catalog:
        crops = [crop for crop in catalog.crops() if dataset.stored_split.subset_of(crop) in subsets]
        regions = catalog.regions()
    level, size_hw, resize = dataset.task.level, dataset.size_hw, dataset.resize
    others = [crop for crop in crops if workspace.taxonomy.class_of(crop.label, level) is None]
    images = load_images(workspace, others, level=f"not-{level}", size_hw=size_hw, resize=resize) if others else None
    found: dict[str, list[Any]] = {_BACKGROUND: [], _WHOLE: [], _OTHER: [] if images is None else [measure(images)]}
    for beside, whole in background(workspace, crops, besides=regions, size_hw=size_hw, resize=resize):
        found[_BACKGROUND].append(measure(beside))
        found[_WHOLE].append(measure(whole))
    return {name: np.concatenate(groups) for name, groups in found.items() if groups}
