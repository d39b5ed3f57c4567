"""The kind of task that finds objects in screenshots: boxes, each with a class and a confidence."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from toonvision.core.errors import InputRejectedError
from toonvision.core.panels import Panel
from toonvision.data.arrays import load_instances, load_screenshots
from toonvision.data.fitting import LARGEST_SIDE, Resize
from toonvision.data.groups import frame_keys, groups_of_each
from toonvision.data.images import Pictures
from toonvision.data.records import Frame, Known, frames_of
from toonvision.data.splits import Split, read_split
from toonvision.data.subsets import SUBSETS, Subset
from toonvision.data.trainable import MORE, after_annotating, empty_reason, to_fill
from toonvision.data.workspace import Workspace
from toonvision.metrics.boxes import boxes_in
from toonvision.metrics.classification import Indices
from toonvision.metrics.detection import HALF, match
from toonvision.metrics.found_objects import in_pictures
from toonvision.metrics.novelty import NoveltyScore
from toonvision.metrics.predictions import Predictions
from toonvision.models.cells import corners, peaks, settled
from toonvision.models.grid import STRIDE, shrunk
from toonvision.models.pixels import class_maps
from toonvision.tasks.base import Cases, Dataset, Learner, Outputs
from toonvision.tasks.box_outcomes import disturbances
from toonvision.tasks.box_scores import DEFAULT_THRESHOLD, BoxEvaluated, BoxScores
from toonvision.tasks.detect_augmentation import change, middle_windows, window_size
from toonvision.tasks.detect_panels import box_panels
from toonvision.tasks.detect_targets import IGNORED, LABEL, Batch, factors_of, maps_of, objects_in, targets_of
from toonvision.tasks.joint_panels import joint_panels
from toonvision.tasks.networks import build
from toonvision.tasks.pixel_scores import PixelScores
from toonvision.tasks.pixel_targets import cell_shares, with_a_mask
from toonvision.tasks.settings import Augmentation, TrainingSettings
from toonvision.tasks.sketches import with_boxes
from toonvision.tasks.subsets import in_subsets
from toonvision.taxonomy.labels import DETECT, Task, Taxonomy

if TYPE_CHECKING:
    import keras

name = DETECT
counts: frozenset[str] = frozenset()
default_network = "detector"
unit = "screenshot"
collapse = "finds nothing: its highest confidence is the same in every screenshot"
watched: str | None = "ap50"
sketch = with_boxes

_SAME = 1e-6
"""Difference of confidence below which two boxes are equally sure."""
_MOST_PIXELS = 350_000
"""Of the input, where nobody says its size: screenshots are shrunk by the smallest whole number that leaves no more, in
sides that an input can have."""


def items(known: Known, workspace: Workspace, task: Task) -> tuple[Frame, ...]:
    """Return all screenshots, with their objects that have a class at the task's level; see `TaskKind.items`.

    What nobody need find is among them, where there are other objects of its class, or its label is left out.
    """
    taxonomy = workspace.taxonomy
    classes = {taxonomy.class_of(crop.label, task.level) for crop in known.crops} - {None}
    regions = [
        one
        for one in known.regions
        if one.label in workspace.label_rules.ignored or taxonomy.class_of(one.label, task.level) in classes
    ]
    crops = [crop for crop in known.crops if taxonomy.class_of(crop.label, task.level)]
    return frames_of(known.screenshots, [*crops, *regions])


def input_size(workspace: Workspace, network: str) -> tuple[int, int]:
    """Return the input's size for the most frequent size of a screenshot; see `TaskKind.input_size`."""
    screen_hw = usual_screen(workspace)
    return shrunk(screen_hw, usual_factor(screen_hw))


def usual_screen(workspace: Workspace) -> tuple[int, int]:
    """Return the most frequent height and width of a screenshot.

    Raises:
        InputRejectedError: If nothing was extracted yet.
    """
    sizes = [shot.size_wh for shot in workspace.known_screenshots()]
    if not sizes:
        raise InputRejectedError(f"{workspace.root}: there is no screenshot yet. Run: toonvision extract")
    width, height = max(sorted(set(sizes)), key=sizes.count)
    return height, width


def usual_factor(screen_hw: tuple[int, int]) -> int:
    """Return the smallest whole number by which screenshots are shrunk where nobody says the input's size."""
    sizes = ((factor, shrunk(screen_hw, factor)) for factor in count(1))
    return next(factor for factor, size in sizes if math.prod(size) <= _MOST_PIXELS and max(size) <= LARGEST_SIDE)


def load(workspace: Workspace, task: Task, *, split: str | None, size_hw: tuple[int, int], resize: Resize) -> Dataset:
    """Load the screenshots of a task; see `TaskKind.load`. They are shrunk, whatever is said of crops."""
    frames = items(workspace.known(), workspace, task)
    if split is None:
        return dataset_of(workspace, task, frames, size_hw=size_hw)
    stored = read_split(workspace.splits, split)
    known = tuple(frame for frame in frames if stored.subset_of(frame))
    dataset = dataset_of(workspace, task, known, size_hw=size_hw)
    left_out = [one.name for one in workspace.taxonomy.level(task.level).classes if one.name not in dataset.classes]
    found = in_subsets(dataset, stored, left_out=left_out, newer=len(frames) - len(known))
    _require_learnable(found, stored)
    return found


def dataset_of(workspace: Workspace, task: Task, frames: Sequence[Frame], *, size_hw: tuple[int, int]) -> Dataset:
    """Load some screenshots as `items` returns them as a dataset without subsets."""
    taxonomy = workspace.taxonomy
    names = {crop.label: taxonomy.class_of(crop.label, task.level) for frame in frames for crop in frame.crops}
    classes = tuple(one.name for one in taxonomy.level(task.level).classes if one.name in set(names.values()))
    class_of = {label: classes.index(name) for label, name in names.items() if name is not None}
    return Dataset(
        task=task,
        images=load_screenshots(workspace, [frame.shot for frame in frames], size_hw=size_hw),
        targets=targets_of(frames, class_of, size_hw),
        items=tuple(frames),
        classes=classes,
        parents=taxonomy.all_parents(task.level),
        resize="shrink",
        instances=load_instances(workspace, frames, size_hw=size_hw),
    )


def _require_learnable(dataset: Dataset, split: Split) -> None:
    """Refuse to train where a class could not be learned, or nothing could be evaluated."""
    each = occurrences(dataset)
    found = {subset: each[indices].sum(axis=0) for subset, indices in dataset.indices.items()}
    shares = ", ".join(
        f"{one} {'/'.join(str(int(found[subset][at])) for subset in SUBSETS)}" for at, one in enumerate(dataset.classes)
    )
    unseen = [one for at, one in enumerate(dataset.classes) if not found["train"][at]]
    empty = [subset for subset in SUBSETS if not found[subset].sum()]
    remedy = after_annotating(MORE, split)
    if not dataset.classes:
        reason = "needs objects of a class"
    elif empty:
        reason = empty_reason("objects", empty)
        at, classes = np.nonzero(each)
        keys = np.array(frame_keys(dataset.frames))[at]
        remedy = to_fill(split, groups_of_each(classes.tolist(), keys.tolist()).values())
    elif unseen:
        reason = f"needs objects of every class to learn from; {', '.join(unseen)} has none in train"
    else:
        return
    raise InputRejectedError(f"training a detector {reason}. Objects in train/val/test: {shares or 'none'}. {remedy}")


def occurrences(dataset: Dataset) -> Indices:
    """Return how many objects of each class count in each screenshot; see `TaskKind.occurrences`."""
    counted = (dataset.targets[..., LABEL] >= 0) & (dataset.targets[..., IGNORED] == 0)
    found: Indices = np.stack(
        [(counted & (dataset.targets[..., LABEL] == label)).sum(axis=1) for label in range(len(dataset.classes))],
        axis=1,
    )
    return found


def learner(settings: TrainingSettings, dataset: Dataset) -> Learner:
    """Build the network for windows of the screenshots, which the one that is saved shares all weights with."""
    trained = build(settings.network, dataset, window_size(dataset.size_hw))

    @cache
    def whole() -> "keras.Model":
        return build(settings.network, dataset)

    def finish() -> "keras.Model":
        model = whole()
        model.set_weights(trained.get_weights())
        return model

    return Learner(trained, finish, settings)


def set_loss(model: "keras.Model", optimizer: Any, *, settings: TrainingSettings, dataset: Dataset) -> None:
    """Compile a network with the losses of the middles and of the boxes, and of the pixels if it names them."""
    from toonvision.models.detector import BOX_WEIGHT, center_loss, side_loss
    from toonvision.models.segmenter import PIXEL_WEIGHT, accuracy, pixel_loss

    losses, shares = [center_loss, side_loss], [1.0, BOX_WEIGHT]
    if dataset.pixels is None:
        model.compile(optimizer=optimizer, loss=losses, loss_weights=shares)
    else:
        model.compile(
            optimizer=optimizer,
            loss=[*losses, pixel_loss],
            loss_weights=[*shares, PIXEL_WEIGHT],
            metrics=[[], [], [accuracy]],
        )


def batch(
    dataset: Dataset, indices: Indices, *, augmentation: Augmentation, rng: np.random.Generator | None
) -> tuple[Pictures, list[npt.NDArray[np.float32]]]:
    """Return windows of screenshots, and the maps that the network should answer with."""
    masks, instances = (None if one is None else one[indices] for one in (dataset.pixels, dataset.instances))
    chosen = Batch(dataset.images[indices], dataset.targets[indices], masks, instances)
    shown = middle_windows(chosen) if rng is None else change(chosen, augmentation, rng)
    maps = list(
        maps_of(shown.targets, classes=len(dataset.classes), size_hw=window_size(dataset.size_hw), stride=STRIDE)
    )
    if shown.masks is not None:
        maps.append(cell_shares(shown.masks, len(dataset.pixel_classes)))
    return shown.images, maps


def weights(dataset: Dataset, train: Indices, settings: TrainingSettings) -> npt.NDArray[np.float32] | None:
    """Return None: all screenshots weigh the same."""
    return None


def metrics(totals: Mapping[str, float]) -> dict[str, float]:
    """Return the loss, and its parts before they are weighed; of pixels also the share that is right."""
    shown = ("loss", "centers_loss", "sides_loss", "pixels_loss", "pixels_accuracy")
    return {name: totals[name] for name in shown if name in totals}


def decode(outputs: Outputs) -> Predictions:
    """Turn the maps of a network into boxes in pixels of the images, and a class for each pixel if it names them."""
    centers, sides, *logits = outputs
    scores = (1 / (1 + np.exp(-centers))).astype(np.float32)
    cells = scores.shape[1] * scores.shape[2]
    maps = (peaks(scores), settled(corners(sides), scores))
    found = boxes_in(*(one.reshape(len(one), cells, one.shape[-1]) for one in maps))
    return replace(found, pixels=class_maps(logits[0])) if logits else found


def collapsed(predictions: Predictions) -> bool:
    """Whether the most confident box has the same confidence in every image."""
    highest = np.zeros(predictions.images, np.float32)
    np.maximum.at(highest, predictions.image, predictions.scores)
    return bool(np.ptp(highest) < _SAME)


def temperature(predictions: Predictions, dataset: Dataset, indices: Indices) -> None:
    """Return None: confidences are not divided by anything."""


def thresholds(predictions: Predictions, dataset: Dataset, indices: Indices) -> tuple[float, ...] | None:
    """Return for each class the confidence with the highest F1 on images that were not learned from."""
    truth = objects_in(dataset.targets[indices], np.ones(len(indices), np.float32))
    if not len(truth.labels):
        return None
    return tuple(
        match(truth, predictions, label=label, thresholds=HALF).curve.best_threshold(DEFAULT_THRESHOLD)
        for label in range(len(dataset.classes))
    )


def novelty(model: "keras.Model", workspace: Workspace, dataset: Dataset) -> NoveltyScore | None:
    """Return None: a whole screenshot shows nothing that is not predicted, or not annotated."""
    return None


def score(
    predictions: Predictions,
    dataset: Dataset,
    subset: Subset,
    *,
    validation: Predictions | None = None,
    thresholds: Sequence[float] | None = None,
) -> BoxScores:
    """Compare predicted boxes with the true ones; see `TaskKind.score`."""
    indices = dataset.indices[subset]
    frames = [dataset.frames[at] for at in indices]
    found = in_pictures(predictions, [one.shot.size_wh for one in frames], dataset.size_hw)
    factors = factors_of(frames, dataset.size_hw)
    return BoxScores(
        objects_in(dataset.targets[indices], factors),
        replace(found, pixels=None),
        dataset.classes,
        thresholds_of(thresholds, dataset.classes),
        tuple(frames),
        pixel_scores(predictions, dataset, indices),
    )


def pixel_scores(predictions: Predictions, dataset: Dataset, indices: Indices) -> PixelScores | None:
    """Compare the predicted classes of pixels of images that have a mask; None where none has, or none are named."""
    if dataset.pixels is None or predictions.pixels is None:
        return None
    masks = dataset.pixels[indices]
    masked = with_a_mask(masks)
    if not len(masked):
        return None
    groups = frame_keys([dataset.frames[at] for at in indices[masked]])
    found = predictions.pixels[masked]
    return PixelScores(masks[masked], found, dataset.pixel_classes, tuple(groups), tuple(masked.tolist()))


def thresholds_of(stored: Sequence[float] | None, classes: Sequence[str]) -> tuple[float, ...]:
    """Return the thresholds that are stored with a model; where none were chosen, 0.3 for each class."""
    return tuple(stored or [DEFAULT_THRESHOLD] * len(classes))


def cases(evaluation: BoxEvaluated) -> Cases:
    """Return the objects that count, and which are missed."""
    listed = [crop for frame in evaluation.frames for crop in frame.crops]
    counted = np.flatnonzero(~evaluation.best.truth.ignored)
    wrong = np.stack([scores.missed[counted] for scores in evaluation.scores])
    disturbing = disturbances(evaluation.best.truth, evaluation.frames)
    return Cases(
        tuple(listed[at] for at in counted.tolist()), wrong, evaluation.best_index,
        tuple(disturbing[at] for at in counted.tolist()),
    )  # fmt: skip


def panels(evaluation: BoxEvaluated, taxonomy: Taxonomy, *, temperature: float | None) -> list[Panel]:
    """Return precision and recall, scores of each class and height, misses and false alarms; see `TaskKind.panels`."""
    return [*box_panels(evaluation, taxonomy), *joint_panels(evaluation, taxonomy)]
