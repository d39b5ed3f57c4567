"""The kind of task that names what a crop shows: one class for each image, with its probability."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from toonvision.core.errors import UsageError
from toonvision.core.panels import Panel
from toonvision.core.progress import Progress, silent
from toonvision.data.arrays import load_images, load_own_pixels
from toonvision.data.catalog import Crop
from toonvision.data.fitting import Resize
from toonvision.data.images import Pictures
from toonvision.data.records import Known
from toonvision.data.split_plan import class_groups, subset_table
from toonvision.data.splits import Split, read_split
from toonvision.data.subsets import Subset
from toonvision.data.trainable import require_trainable
from toonvision.data.workspace import Workspace
from toonvision.metrics.calibration import fit_temperature
from toonvision.metrics.classification import Indices
from toonvision.metrics.novelty import NoveltyScore
from toonvision.metrics.predictions import Predictions, Probabilities
from toonvision.models.registry import DEFAULT_NETWORK, NETWORKS, find_network
from toonvision.models.registry import input_size as size_for
from toonvision.tasks.augmentation import augment, mix
from toonvision.tasks.base import Cases, Dataset, Learner, Outputs
from toonvision.tasks.class_scores import ClassEvaluated, ClassScores
from toonvision.tasks.classify_panels import class_panels
from toonvision.tasks.covering import covered, moved
from toonvision.tasks.networks import build, network_outputs
from toonvision.tasks.novelty_panels import novelty_panel, rejected_panel
from toonvision.tasks.outliers import fit_novelty_score
from toonvision.tasks.settings import Augmentation, TrainingSettings
from toonvision.tasks.subsets import in_subsets
from toonvision.taxonomy.labels import CLASSIFY, Level, Task, Taxonomy

if TYPE_CHECKING:
    import keras

    from toonvision.models.forest import Forest

name = CLASSIFY
counts = frozenset({"hits", "false_alarms", "misses"})
default_network = DEFAULT_NETWORK
unit = "crop"
collapse = "predicts one class for every crop"
watched: str | None = None
sketch = None


def items(known: Known, workspace: Workspace, task: Task) -> tuple[Crop, ...]:
    """Return the crops that have a class at the task's level; see `TaskKind.items`."""
    return tuple(crop for crop in known.crops if workspace.taxonomy.class_of(crop.label, task.level) is not None)


def input_size(workspace: Workspace, network: str) -> tuple[int, int]:
    """Return the shape of the workspace's crops with the pixels that a network wants; see `TaskKind.input_size`."""
    return size_for(network, workspace.size_hw)


def load(workspace: Workspace, task: Task, *, split: str | None, size_hw: tuple[int, int], resize: Resize) -> Dataset:
    """Load the crops of a task; see `TaskKind.load`."""
    known = workspace.known()
    if split is None:
        return dataset_of(workspace, task, known, known.crops, size_hw=size_hw, resize=resize)
    stored = read_split(workspace.splits, split)
    crops = [crop for crop in known.crops if stored.subset_of(crop)]
    level, own = workspace.taxonomy.level(task.level), workspace.taxonomy.classes_at(task.level)
    require_learnable(workspace, level, stored, crops)
    dataset = dataset_of(workspace, task, known, crops, size_hw=size_hw, resize=resize)
    left_out = tuple(category.name for category in level.classes if category.name not in dataset.classes)
    newer = sum(crop.label in own and stored.subset_of(crop) is None for crop in known.crops)
    return in_subsets(dataset, stored, left_out=left_out, newer=newer)


def require_learnable(workspace: Workspace, level: Level, split: Split, crops: Sequence[Crop]) -> None:
    """Refuse to train on the crops of a split where a class of a level could not be learned, or not be evaluated.

    Raises:
        InputRejectedError: As `require_trainable`.
    """
    taxonomy, rules = workspace.taxonomy, workspace.label_rules
    table = subset_table(level, split, crops, taxonomy)
    require_trainable(table, split, taxonomy.finding, lambda: class_groups(level, crops, taxonomy), rules=rules)


def dataset_of(
    workspace: Workspace, task: Task, known: Known, crops: Sequence[Crop], *, size_hw: tuple[int, int], resize: Resize
) -> Dataset:
    """Load some known crops as a dataset without subsets; those without a class at the task's level are left out."""
    taxonomy = workspace.taxonomy
    used = tuple(crop for crop in crops if taxonomy.class_of(crop.label, task.level) is not None)
    names = [taxonomy.class_of(crop.label, task.level) for crop in used]
    classes = tuple(one.name for one in taxonomy.level(task.level).classes if one.name in set(names))
    return Dataset(
        task=task,
        images=load_images(workspace, used, level=task.level, size_hw=size_hw, resize=resize),
        targets=np.array([classes.index(name) for name in names if name], dtype=np.int64),
        items=used,
        classes=classes,
        parents=taxonomy.all_parents(task.level),
        resize=resize,
        instances=load_own_pixels(workspace, known, used, level=task.level, size_hw=size_hw, resize=resize),
    )


def occurrences(dataset: Dataset) -> Indices:
    """Return 1 for the class of each crop, else 0; see `TaskKind.occurrences`."""
    found: Indices = np.eye(len(dataset.classes), dtype=np.int64)[dataset.targets]
    return found


def learner(settings: TrainingSettings, dataset: Dataset) -> Learner:
    """Build a network in the form that trains quickest.

    A published network is trained in the form of the layout that computes the same from the same weights, with its flip
    in the loader: 1.2 times as fast or more. `compact` is trained without the mirror image that it sees later, and with
    branches in the form that learns several levels.
    """
    network, groups = settings.network, _groups(dataset)
    found = find_network(network)
    if found.branches and found.branches != len(groups):
        raise UsageError(
            f"{network} learns {found.branches} coarser levels too, and these classes have {len(groups)}. Add "
            "--levels instead of --model, or train compact."
        )
    quick = quick_form(settings)
    if found.mirrored:
        from toonvision.models.compact import in_training

        return Learner(*in_training(dataset.size_hw, len(dataset.classes), groups if found.branches else ()), quick)
    trained = build(quick.network, dataset)

    def finish() -> "keras.Model":
        if quick.network == network:
            return trained
        model = build(network, dataset)
        for variable, weights in zip(model.trainable_variables, trained.trainable_variables, strict=True):
            variable.assign(weights)
        return model

    return Learner(trained, finish, quick)


def quick_form(settings: TrainingSettings) -> TrainingSettings:
    """Return settings that train the same function more quickly, where there are such; else the given ones."""
    network = NETWORKS.get(settings.network)
    if network is None or network.layout is None:
        return settings
    changes = replace(settings.augmentation, flip=settings.augmentation.flip or network.flips)
    return replace(settings, network=network.layout, augmentation=changes)


def set_loss(model: "keras.Model", optimizer: Any, *, settings: TrainingSettings, dataset: Dataset) -> None:
    """Compile a network with the published loss, and with counts from which the published metrics follow."""
    import keras

    two = len(dataset.classes) == 2
    loss = keras.losses.BinaryCrossentropy if two else keras.losses.CategoricalCrossentropy
    accuracy = keras.metrics.BinaryAccuracy if two else keras.metrics.CategoricalAccuracy
    kinds = {
        "accuracy": accuracy,
        "hits": keras.metrics.TruePositives,
        "false_alarms": keras.metrics.FalsePositives,
        "misses": keras.metrics.FalseNegatives,
    }
    model.compile(
        optimizer=optimizer,
        loss=loss(label_smoothing=settings.label_smoothing),
        metrics=[_of_larger_share(kind)(name=metric) for metric, kind in kinds.items()],
    )


def batch(
    dataset: Dataset, indices: Indices, *, augmentation: Augmentation, rng: np.random.Generator | None
) -> tuple[Pictures, npt.NDArray[np.float32]]:
    """Return images and targets: ``(images, 1)`` for two classes, else one-hot, or mixtures of such."""
    images, labels = dataset.images[indices], dataset.targets[indices]
    two = len(dataset.classes) == 2
    targets = labels[:, None].astype(np.float32) if two else np.eye(len(dataset.classes), dtype=np.float32)[labels]
    if rng is None or not augmentation.active:
        return images, targets
    if dataset.instances is not None and augmentation.paste:
        for pasted in (moved, covered):
            images = pasted(images, dataset.instances[indices], augmentation.paste, rng)
    images = augment(images, augmentation, rng)
    return mix(images, targets, augmentation.mixup, rng) if augmentation.mixup else (images, targets)


def weights(dataset: Dataset, train: Indices, settings: TrainingSettings) -> npt.NDArray[np.float32] | None:
    """Weigh each image by the inverse frequency of its class in the training subset; the mean weight there is 1."""
    if not settings.class_weights:
        return None
    of_class = np.bincount(dataset.targets[train], minlength=len(dataset.classes))
    by_class = len(train) / (np.count_nonzero(of_class) * np.maximum(of_class, 1))
    of_image: npt.NDArray[np.float32] = by_class[dataset.targets].astype(np.float32)
    return of_image


def metrics(totals: Mapping[str, float]) -> dict[str, float]:
    """Return loss, accuracy, precision and recall; the last two at a threshold of one half."""
    hits = totals["hits"]
    return {
        "loss": totals["loss"],
        "accuracy": totals["accuracy"],
        "precision": hits / max(1.0, hits + totals["false_alarms"]),
        "recall": hits / max(1.0, hits + totals["misses"]),
    }


def decode(outputs: Outputs) -> Predictions:
    """Turn probabilities into predictions; a single sigmoid is the probability of the second of two classes."""
    (rows,) = outputs
    probabilities = np.hstack([1 - rows, rows]) if rows.shape[1] == 1 else rows
    return Predictions(
        images=len(rows),
        image=np.arange(len(rows)),
        labels=probabilities.argmax(axis=1),
        scores=probabilities.max(axis=1),
        probabilities=probabilities,
    )


def collapsed(predictions: Predictions) -> bool:
    """Whether one class is the most probable one of every image."""
    return len(np.unique(predictions.labels)) < 2


def temperature(predictions: Predictions, dataset: Dataset, indices: Indices) -> float | None:
    """Fit a temperature on images that were not learned from; None where there are none."""
    if predictions.probabilities is None or not len(indices):
        return None
    return fit_temperature(dataset.targets[indices], predictions.probabilities)


def thresholds(predictions: Predictions, dataset: Dataset, indices: Indices) -> None:
    """Return None: the most probable class is always the prediction."""


def novelty(model: "keras.Model", workspace: Workspace, dataset: Dataset) -> NoveltyScore | None:
    """Fit a score on background, whole screenshots and crops of no class; see `TaskKind.novelty`."""
    return fit_novelty_score(model, workspace, dataset)


def score(
    predictions: Predictions,
    dataset: Dataset,
    subset: Subset,
    *,
    validation: Predictions | None = None,
    thresholds: Sequence[float] | None = None,
) -> ClassScores:
    """Compare predicted classes with the true ones; see `TaskKind.score`."""
    return ClassScores(
        dataset.targets[dataset.indices[subset]],
        class_probabilities(predictions),
        dataset.classes,
        dataset.parents,
        (dataset.targets[dataset.indices["val"]], class_probabilities(validation)) if validation else None,
        on_validation=subset == "val",
    )


def cases(evaluation: ClassEvaluated) -> Cases:
    """Return the crops, and which classes are wrong."""
    return Cases(evaluation.crops, np.stack([scores.wrong for scores in evaluation.scores]), evaluation.best_index)


def panels(evaluation: ClassEvaluated, taxonomy: Taxonomy, *, temperature: float | None) -> list[Panel]:
    """Return scores, confusion matrices, crops with predictions, calibration and novelty; see `TaskKind.panels`."""
    shown = class_panels(evaluation, taxonomy, temperature=temperature)
    return [*shown, *filter(None, (novelty_panel(evaluation), rejected_panel(evaluation)))]


def class_probabilities(predictions: Predictions) -> Probabilities:
    """Return the probabilities of a classifier's predictions, shape ``(images, classes)``."""
    if predictions.probabilities is None:
        raise TypeError("these predictions have no probabilities; a classifier's have")
    return predictions.probabilities


def predict_probabilities(
    model: "keras.Model | Forest", images: Pictures, *, progress: Progress = silent
) -> Probabilities:
    """Return the probability of every class for images, shape ``(images, classes)``; see `network_outputs`."""
    return class_probabilities(decode(network_outputs(model, images, progress=progress)))


def _of_larger_share(metric: type) -> type:
    """Return a metric that takes the target with the larger share where two are mixed."""

    class OfLargerShare(metric):  # type: ignore[misc]  # Keras has no types
        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            from keras import ops

            return super().update_state(ops.round(y_true), y_pred, sample_weight)

    return OfLargerShare


def _groups(dataset: Dataset) -> list[tuple[str | None, ...]]:
    """Return the groups of the classes at each coarser level that puts classes together: a suit, not an entity."""
    together = [above for above in dataset.parents.values() if 1 < len(set(above.values())) < len(above)]
    return [tuple(above.get(one) for one in dataset.classes) for above in together]
