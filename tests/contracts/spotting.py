"""A made-up kind of task: it finds the colourful part of a crop, if that is large enough to be worth a box.

Its network has two outputs, neither of which is a softmax: a box, and how sure it is that there is one. So it shows
what a detector needs of the protocol, with next to no code.
"""

from dataclasses import dataclass, replace

import numpy as np

from toonvision.core.panels import Table
from toonvision.metrics.predictions import Predictions
from toonvision.models.registry import Network
from toonvision.tasks import classify
from toonvision.tasks.augmentation import augment
from toonvision.tasks.base import Learner
from toonvision.tasks.networks import build

name = "spot"
counts = frozenset()
unit, collapse, default_network, watched = "crop", "spots nothing", "spotter", None
sketch = None
items, input_size, cases = classify.items, classify.input_size, classify.cases


def occurrences(dataset):
    return (dataset.targets[:, 4:] > 0.5).astype(np.int64)


@dataclass(frozen=True)
class SpotScores:
    overlap: np.ndarray
    wrong: np.ndarray

    @property
    def error(self):
        return float(self.wrong.mean())

    @property
    def agreement(self):
        return self.overlap

    def summary(self):
        return {"mean_overlap": float(self.overlap.mean())}

    def details(self):
        return {"model": {"error": self.error, **self.summary()}}

    def table(self):
        return ["overlap"], [[index, f"{overlap:.6f}"] for index, overlap in enumerate(self.overlap)]


def spotter(size_hw, classes):
    import keras
    from keras import layers

    inputs = keras.Input((*size_hw, 3), dtype="uint8")
    x = layers.Conv2D(4, 4, strides=4, activation="relu")(layers.Rescaling(1 / 255)(inputs))
    x = layers.Flatten()(x)
    outputs = {"box": layers.Dense(4, activation="sigmoid", name="box")(x),
               "sure": layers.Dense(1, activation="sigmoid", name="sure")(x)}  # fmt: skip
    return keras.Model(inputs, list(outputs.values()), name="spotter")


NETWORK = Network("spotter", 8, "made up", spotter, kind=name)


def load(workspace, task, *, split, size_hw, resize):
    dataset = classify.load(workspace, task, split=split, size_hw=size_hw, resize=resize)
    return replace(dataset, targets=np.array([box_of(image) for image in dataset.images], np.float32))


def box_of(image):
    """Return the box of what is colourful, as shares of the sides, and 1 where that is large, else 0."""
    colourful = np.ptp(image.astype(int), axis=2) > 60
    rows, columns = np.flatnonzero(colourful.any(axis=1)), np.flatnonzero(colourful.any(axis=0))
    if not len(rows):
        return 0, 0, 1, 1, 0
    height, width = colourful.shape
    box = columns[0] / width, rows[0] / height, (columns[-1] + 1) / width, (rows[-1] + 1) / height
    return *box, float(colourful.mean() > 0.6)


def learner(settings, dataset):
    model = build(settings.network, dataset)
    return Learner(model, lambda: model, settings)


def set_loss(model, optimizer, *, settings, dataset):
    model.compile(optimizer=optimizer, loss=["mean_squared_error", "binary_crossentropy"])


def batch(dataset, indices, *, augmentation, rng):
    images, targets = dataset.images[indices], dataset.targets[indices]
    if rng is not None and augmentation.active:
        images = augment(images, augmentation, rng)
    return images, [targets[:, :4], targets[:, 4:]]


def weights(dataset, train, settings):
    return None


def metrics(totals):
    return {"loss": totals["loss"], "box_loss": totals["box_loss"], "sure_loss": totals["sure_loss"]}


def decode(outputs):
    boxes, sure = outputs
    found = np.flatnonzero(sure[:, 0] > 0.5)
    corners = np.sort(boxes[found].reshape(-1, 2, 2), axis=1).reshape(-1, 4)
    return Predictions(len(boxes), found, np.zeros(len(found), np.int64), sure[found, 0], boxes=corners)


def collapsed(predictions):
    return len(predictions.image) == 0


def temperature(predictions, dataset, indices):
    return None


def thresholds(predictions, dataset, indices):
    return None


def novelty(model, workspace, dataset):
    return None


def score(predictions, dataset, subset, *, validation=None, thresholds=None):
    targets = dataset.targets[dataset.indices[subset]]
    overlap = np.zeros(len(targets), np.float32)
    pairs = zip(predictions.image, predictions.boxes, strict=True)
    overlap[predictions.image] = [_overlap(box, targets[at, :4]) for at, box in pairs]
    there = targets[:, 4] > 0.5
    found = np.isin(np.arange(len(targets)), predictions.image)
    return SpotScores(np.where(there, overlap, ~found).astype(np.float32), np.where(there, overlap < 0.5, found))


def panels(evaluation, taxonomy, *, temperature):
    rows = [(item.file, f"{share:.2f}") for item, share in zip(evaluation.crops, evaluation.best.overlap, strict=True)]
    return [Table("Overlap with the true box", ("Crop", "Overlap"), tuple(rows))]


def _overlap(one, other):
    low, high = np.maximum(one[:2], other[:2]), np.minimum(one[2:], other[2:])
    both = np.prod(np.maximum(0, high - low))
    return both / (np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2]) - both + 1e-9)
