"""The kind of task that names what each pixel of a screenshot shows: a class for each."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from toonvision.core.errors import InputRejectedError
from toonvision.core.panels import Panel
from toonvision.core.wording import listed
from toonvision.data.arrays import load_masks, load_screenshots
from toonvision.data.fitting import Resize
from toonvision.data.groups import frame_keys
from toonvision.data.images import Pictures
from toonvision.data.pixel_masks import masks_of
from toonvision.data.records import Frame, Known, frames_of
from toonvision.data.splits import read_split
from toonvision.data.subsets import Subset
from toonvision.data.workspace import Workspace
from toonvision.metrics.classification import Indices
from toonvision.metrics.predictions import Predictions
from toonvision.metrics.segmentation import Maps
from toonvision.models.pixels import predictions_of
from toonvision.tasks import detect
from toonvision.tasks.base import Cases, Dataset, Outputs
from toonvision.tasks.detect_augmentation import change, middle_windows
from toonvision.tasks.detect_targets import Batch, factors_of, padded_rows
from toonvision.tasks.pixel_scores import RIGHT, PixelEvaluated, PixelScores
from toonvision.tasks.pixel_targets import cell_shares, classes_shown, rare_classes
from toonvision.tasks.segment_panels import pixel_panels
from toonvision.tasks.settings import Augmentation, TrainingSettings
from toonvision.tasks.sketches import with_pixels
from toonvision.tasks.subsets import in_subsets
from toonvision.taxonomy.labels import SEGMENT, Task, Taxonomy

if TYPE_CHECKING:
    import keras

name = SEGMENT
counts: frozenset[str] = frozenset()
default_network = "segmenter"
unit = "screenshot"
collapse = "names the pixels of every screenshot alike"
watched: str | None = None
sketch = with_pixels
input_size, learner = detect.input_size, detect.learner
weights, temperature, novelty = detect.weights, detect.temperature, detect.novelty


def items(known: Known, workspace: Workspace, task: Task) -> tuple[Frame, ...]:
    """Return the screenshots that have a mask, with all of their objects; see `TaskKind.items`."""
    frames, masks = frames_of(known.screenshots, known.crops), masks_of(workspace, known.screenshots)
    return tuple(replace(frame, mask=mask) for frame, mask in zip(frames, masks, strict=True) if mask is not None)


def load(workspace: Workspace, task: Task, *, split: str | None, size_hw: tuple[int, int], resize: Resize) -> Dataset:
    """Load the screenshots that have a mask; see `TaskKind.load`. They are shrunk, whatever is said of crops."""
    frames = items(workspace.known(), workspace, task)
    if split is None:
        return _dataset_of(workspace, task, frames, size_hw)
    stored = read_split(workspace.splits, split)
    known = tuple(frame for frame in frames if stored.subset_of(frame))
    _require_subsets(workspace, [stored.subset_of(frame) for frame in known], split)
    dataset = _dataset_of(workspace, task, known, size_hw)
    rare = rare_classes(occurrences(dataset))
    if rare:
        targets = _masks(workspace, dataset.frames, len(dataset.classes), size_hw, left_out=rare)
        dataset = replace(dataset, targets=targets)
    left_out = [dataset.classes[label] for label in rare]
    return in_subsets(dataset, stored, left_out=left_out, newer=len(frames) - len(known))


def _dataset_of(workspace: Workspace, task: Task, frames: tuple[Frame, ...], size_hw: tuple[int, int]) -> Dataset:
    classes = tuple(one.name for one in workspace.taxonomy.level(task.level).classes)
    return Dataset(
        task=task,
        images=load_screenshots(workspace, [frame.shot for frame in frames], size_hw=size_hw),
        targets=_masks(workspace, frames, len(classes), size_hw),
        items=frames,
        classes=classes,
        resize="shrink",
    )


def _masks(
    workspace: Workspace, frames: Sequence[Frame], classes: int, size_hw: tuple[int, int], left_out: Sequence[int] = ()
) -> Maps:
    masks = [frame.mask for frame in frames if frame.mask is not None]
    return load_masks(workspace, masks, classes=classes, size_hw=size_hw, left_out=left_out)


def occurrences(dataset: Dataset) -> Indices:
    """Return 1 for each class that a screenshot's mask shows, else 0; see `TaskKind.occurrences`."""
    return classes_shown(dataset.targets, len(dataset.classes))


def _require_subsets(workspace: Workspace, subset_of: Sequence[Subset | None], split: str) -> None:
    """Refuse to train where nothing could be learned or evaluated."""
    empty = [subset for subset in ("train", "val", "test") if subset not in subset_of]
    if empty:
        where = workspace.masks / "classes"
        raise InputRejectedError(
            f"training a segmenter needs screenshots with masks in every subset; {listed(empty)} of the split "
            f"{split!r} {'has' if len(empty) == 1 else 'have'} none. Draw masks of screenshots of {listed(empty)}, as "
            f"PNG of one value a pixel: {where}/CONTEXT/NAME.png"
        )


def set_loss(model: "keras.Model", optimizer: Any, *, settings: TrainingSettings, dataset: Dataset) -> None:
    """Compile a network with the loss of the pixels, and the share of them that are right."""
    from toonvision.models.segmenter import accuracy, pixel_loss

    model.compile(optimizer=optimizer, loss=pixel_loss, metrics=[accuracy])


def batch(
    dataset: Dataset, indices: Indices, *, augmentation: Augmentation, rng: np.random.Generator | None
) -> tuple[Pictures, npt.NDArray[np.float32]]:
    """Return windows of screenshots, and what shares of each cell of the map have each class."""
    chosen = Batch(dataset.images[indices], padded_rows([[]] * len(indices)), masks=dataset.targets[indices])
    shown = middle_windows(chosen) if rng is None else change(chosen, augmentation, rng)
    assert shown.masks is not None
    return shown.images, cell_shares(shown.masks, len(dataset.classes))


def metrics(totals: Mapping[str, float]) -> dict[str, float]:
    """Return the loss, and the share of the pixels that are right."""
    return {name: totals[name] for name in ("loss", "accuracy")}


def decode(outputs: Outputs) -> Predictions:
    """Turn the map of a network into a class for each pixel of the images."""
    (logits,) = outputs
    return predictions_of(logits)


def collapsed(predictions: Predictions) -> bool:
    """Whether each pixel has the same class in every image."""
    pixels = predictions.pixels
    return pixels is None or all(np.array_equal(one, pixels[0]) for one in pixels)


def thresholds(predictions: Predictions, dataset: Dataset, indices: Indices) -> None:
    """Return None: each pixel has a class, however confident."""


def score(
    predictions: Predictions,
    dataset: Dataset,
    subset: Subset,
    *,
    validation: Predictions | None = None,
    thresholds: Sequence[float] | None = None,
) -> PixelScores:
    """Compare predicted classes of pixels with the true ones; see `TaskKind.score`."""
    indices = dataset.indices[subset]
    assert predictions.pixels is not None
    groups = frame_keys([dataset.frames[at] for at in indices])
    return PixelScores(dataset.targets[indices], predictions.pixels, dataset.classes, tuple(groups))


def cases(evaluation: PixelEvaluated) -> Cases:
    """Return the objects of the screenshots; wrong are those in whose box less than nine in ten pixels are right."""
    factors = factors_of(evaluation.frames, evaluation.images.shape[1:3])
    listed = [
        (at, crop, np.array(crop.box.xyxy) / factor)
        for at, (frame, factor) in enumerate(zip(evaluation.frames, factors, strict=True))
        for crop in frame.crops
    ]
    wrong = np.array([[_right_within(one, at, box) < RIGHT for at, _, box in listed] for one in evaluation.scores])
    return Cases(tuple(crop for _, crop, _ in listed), wrong.astype(bool), evaluation.best_index)


def _right_within(scores: PixelScores, at: int, box: npt.NDArray[np.float64]) -> float:
    """Return the share of the pixels in a box that are right; 1 where none counts."""
    (left, top), (right, bottom) = np.floor(box[:2]).astype(int), np.ceil(box[2:]).astype(int)
    true, found = (maps[at, top:bottom, left:right] for maps in (scores.truth, scores.predicted))
    counted = true < len(scores.classes)
    return float((true == found)[counted].mean()) if counted.any() else 1.0


def panels(evaluation: PixelEvaluated, taxonomy: Taxonomy, *, temperature: float | None) -> list[Panel]:
    """Return the scores of each class, what is mixed up, and the worst and best maps; see `TaskKind.panels`."""
    return pixel_panels(evaluation)
