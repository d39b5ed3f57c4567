"""The kind of task that names what a crop shows: one class for each image, with its probability."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from toonvision.core.errors import UsageError
from toonvision.core.progress import Progress, silent
from toonvision.data.arrays import Samples, load_samples
from toonvision.data.images import Pictures, Resize
from toonvision.data.split_summary import require_trainable, subset_table
from toonvision.data.splits import SUBSETS, Subset, read_split, split_digest
from toonvision.data.workspace import Workspace
from toonvision.metrics.calibration import Calibration, calibrate, fit_temperature
from toonvision.metrics.classification import (
    ClassificationReport,
    Indices,
    RolledUp,
    classification_report,
    confusion_matrix,
    roll_up,
)
from toonvision.metrics.predictions import Predictions, Probabilities
from toonvision.models.registry import NETWORKS, branches_of
from toonvision.tasks.augmentation import augment
from toonvision.tasks.base import Dataset, Learner, Outputs, build, network_outputs
from toonvision.tasks.settings import Augmentation, TrainingSettings
from toonvision.taxonomy.labels import CLASSIFY, Task

if TYPE_CHECKING:
    import keras

name = CLASSIFY
counts = frozenset({"hits", "false_alarms", "misses"})


@dataclass(frozen=True)
class ClassScores:
    """How good one model's predictions of classes are.

    Attributes:
        y_true: The true classes, shape ``(images,)``.
        probabilities: Shape ``(images, classes)``, as the network gives them, without a temperature.
        classes: Names of the classes.
        parents: Coarser level to the class there of each class that has one.
        validation: True classes and probabilities of the validation subset; None where the model learned from that.
        on_validation: Whether these are the scores of that very subset.
    """

    y_true: Indices
    probabilities: Probabilities
    classes: tuple[str, ...]
    parents: Mapping[str, Mapping[str, str]]
    validation: tuple[Indices, Probabilities] | None = None
    on_validation: bool = False

    @cached_property
    def predicted(self) -> Indices:
        """The most probable class of each image."""
        predicted: Indices = self.probabilities.argmax(axis=1)
        return predicted

    @property
    def error(self) -> float:
        """Share of the images whose class is wrong, 0 to 1."""
        return float(self.wrong.mean())

    @property
    def wrong(self) -> npt.NDArray[np.bool_]:
        """Whether the predicted class is wrong."""
        wrong: npt.NDArray[np.bool_] = self.predicted != self.y_true
        return wrong

    @property
    def agreement(self) -> npt.NDArray[np.float32]:
        """Probability of the true class."""
        agreement: npt.NDArray[np.float32] = self.probabilities[np.arange(len(self.y_true)), self.y_true]
        return agreement

    @cached_property
    def report(self) -> ClassificationReport:
        """Precision, recall and F1 of each class."""
        return classification_report(self.y_true, self.predicted, self.classes)

    @property
    def matrix(self) -> npt.NDArray[np.int64]:
        """Confusion matrix: rows true, columns predicted."""
        return confusion_matrix(self.y_true, self.predicted, len(self.classes))

    @cached_property
    def rolled_up(self) -> tuple[RolledUp, ...]:
        """The same at the coarser levels of which an image has a class; with one class none can be wrong there."""
        present = {self.classes[index] for index in np.unique(self.y_true)}
        return tuple(
            roll_up(self.y_true, self.predicted, self.classes, parents, level=level)
            for level, parents in self.parents.items()
            if present & parents.keys()  # where all images are of Cogs, none can be right or wrong about an animal
        )

    @cached_property
    def calibration(self) -> Calibration | None:
        """Calibration of the model, and what a temperature makes of it; None without images to fit that on."""
        if self.validation is None or not len(self.y_true) or not len(self.validation[0]):
            return None
        fit_y_true, fit_probabilities = self.validation
        return calibrate(
            self.y_true,
            self.probabilities,
            fit_y_true=fit_y_true,
            fit_probabilities=fit_probabilities,
            fitted_here=self.on_validation,
        )

    @property
    def unsure(self) -> Indices:
        """Indices of all images, the least confident first."""
        return np.argsort(self.probabilities.max(axis=1), kind="stable")

    def summary(self) -> dict[str, float]:
        """Return accuracy and macro F1."""
        return {"accuracy": self.report.accuracy.share, "macro_f1": self.report.macro.f1}

    def details(self) -> dict[str, Any]:
        """Return all scores as plain data, for JSON."""
        return {
            "model": _plain(self.report),
            "confusion": {"classes": list(self.classes), "rows_true_columns_predicted": self.matrix.tolist()},
            "rolled_up": [
                {
                    "level": up.level,
                    "level_classes": list(up.classes),
                    "wrong_within": up.within,
                    "wrong_across": up.across,
                    **_plain(up.report),
                }
                for up in self.rolled_up
            ],
            "calibration": self.calibration.plain() if self.calibration else None,
        }

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        """Return columns and rows of `predictions.csv`; each row begins with the index of its image."""
        rows = [
            [index, self.classes[truth], self.classes[predicted], f"{given[predicted]:.6f}"]
            + [f"{value:.6f}" for value in given]
            for index, (truth, predicted, given) in enumerate(
                zip(self.y_true, self.predicted, self.probabilities, strict=True)
            )
        ]
        return ["y_true", "y_pred", "confidence", *(f"p_{one}" for one in self.classes)], rows


def load(workspace: Workspace, task: Task, *, split: str | None, size_hw: tuple[int, int], resize: Resize) -> Dataset:
    """Load the crops of a task; see `TaskKind.load`."""
    with workspace.reading() as catalog:
        crops = catalog.crops()
    stored = None if split is None else read_split(workspace.splits, split)
    known = crops if stored is None else [crop for crop in crops if stored.subset_of(crop)]
    taxonomy, level = workspace.taxonomy, workspace.taxonomy.level(task.level)
    if stored is not None:
        require_trainable(subset_table(level, stored, known, taxonomy))
    samples = load_samples(workspace, known, level=task.level, size_hw=size_hw, resize=resize)
    dataset = replace(
        dataset_of(samples, task),
        parents={above.name: parents for above in taxonomy.coarser(task.level)
                 if (parents := taxonomy.parents(task.level, above.name))},
        left_out=tuple(c.name for c in level.classes if c.name not in samples.classes),
    )  # fmt: skip
    if stored is None:
        return dataset
    subset_of = np.array([stored.subset_of(crop) for crop in samples.crops])
    return replace(
        dataset,
        indices={subset: np.flatnonzero(subset_of == subset) for subset in SUBSETS},
        digest=split_digest(samples.crops, stored),
        split=stored,
        newer=len(crops) - len(known),
    )


def dataset_of(samples: Samples, task: Task) -> Dataset:
    """Return samples as a dataset without subsets."""
    groups = [zip(samples.classes, names, strict=True) for names in samples.groups]
    parents = {
        str(number): {one: group for one, group in pairs if group is not None} for number, pairs in enumerate(groups)
    }
    return Dataset(task, samples.pictures, samples.targets, samples.crops, samples.classes, parents)


def learner(settings: TrainingSettings, dataset: Dataset) -> Learner:
    """Build a network in the form that trains quickest.

    A published network is trained in the form of the layout that computes the same from the same weights, with its flip
    in the loader: 1.2 times as fast or more. With branches, `compact` is trained in the form that learns several
    levels.
    """
    network, groups = settings.network, _groups(dataset)
    branches = branches_of(network)
    if branches and branches != len(groups):
        raise UsageError(
            f"{network} learns {branches} coarser levels too, and these classes have {len(groups)}. Give --levels "
            "instead of --model, or train compact."
        )
    quick = quick_form(settings)
    if branches and len(dataset.classes) > 2:
        from toonvision.models.compact import with_levels

        return Learner(*with_levels(dataset.size_hw, len(dataset.classes), groups), quick)
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
    model.compile(
        optimizer=optimizer,
        loss=loss(label_smoothing=settings.label_smoothing),
        metrics=[
            (keras.metrics.BinaryAccuracy if two else keras.metrics.CategoricalAccuracy)(name="accuracy"),
            keras.metrics.TruePositives(name="hits"),
            keras.metrics.FalsePositives(name="false_alarms"),
            keras.metrics.FalseNegatives(name="misses"),
        ],
    )


def batch(
    dataset: Dataset, indices: Indices, *, augmentation: Augmentation, rng: np.random.Generator | None
) -> tuple[Pictures, npt.NDArray[np.float32]]:
    """Return images and targets: ``(images, 1)`` for two classes, else one-hot."""
    images, targets = dataset.images[indices], dataset.targets[indices]
    if rng is not None and augmentation.active:
        images = augment(images, augmentation, rng)
    if len(dataset.classes) == 2:
        return images, targets[:, None].astype(np.float32)
    return images, np.eye(len(dataset.classes), dtype=np.float32)[targets]


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


def score(
    predictions: Predictions, dataset: Dataset, subset: Subset, *, validation: Predictions | None = None
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


def class_probabilities(predictions: Predictions) -> Probabilities:
    """Return the probabilities of a classifier's predictions, shape ``(images, classes)``."""
    if predictions.probabilities is None:
        raise TypeError("these predictions have no probabilities; a classifier's have")
    return predictions.probabilities


def predict_probabilities(model: "keras.Model", images: Pictures, *, progress: Progress = silent) -> Probabilities:
    """Return the probability of every class for images, shape ``(images, classes)``; see `network_outputs`."""
    return class_probabilities(decode(network_outputs(model, images, progress=progress)))


def _groups(dataset: Dataset) -> list[tuple[str | None, ...]]:
    """Return the groups of the classes at each coarser level that puts classes together: a suit, not an entity."""
    together = [above for above in dataset.parents.values() if 1 < len(set(above.values())) < len(above)]
    return [tuple(above.get(one) for one in dataset.classes) for above in together]


def _plain(report: ClassificationReport) -> dict[str, Any]:
    return {
        "accuracy": report.accuracy.plain(),
        "classes": [asdict(scores) for scores in report.classes],
        "macro": asdict(report.macro),
        "weighted": asdict(report.weighted),
    }
