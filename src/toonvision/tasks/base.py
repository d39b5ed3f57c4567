"""What a kind of task must be able to do, and the values that all kinds share.

Splits, seeds, repeats, runs, searches and studies are written once, for these values. What is particular to one kind is
a module of this folder with the functions of `TaskKind`.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from toonvision.core.panels import Panel
from toonvision.data.arrays import mapped_elsewhere, mapped_here
from toonvision.data.catalog import Crop
from toonvision.data.fitting import Resize
from toonvision.data.images import Pictures
from toonvision.data.records import Frame, Item, Known
from toonvision.data.splits import Split
from toonvision.data.subsets import Subset
from toonvision.data.workspace import Workspace
from toonvision.metrics.classification import Indices, Spread
from toonvision.metrics.novelty import NoveltyScore, NoveltyTest
from toonvision.metrics.predictions import Predictions
from toonvision.tasks.settings import Augmentation, TrainingSettings
from toonvision.taxonomy.labels import Category, Task, Taxonomy

if TYPE_CHECKING:
    import keras


Outputs = tuple[npt.NDArray[np.float32], ...]
"""One array for each output of a network, each of shape ``(images, ...)``."""


_MAPPED = ("images", "targets", "instances", "pixels")


class _Shown:
    """Images and what they show."""

    items: tuple[Item, ...]

    @property
    def crops(self) -> tuple[Crop, ...]:
        """The items where they are crops."""
        crops = tuple(item for item in self.items if isinstance(item, Crop))
        if len(crops) < len(self.items):
            raise TypeError("these items are whole screenshots; a classifier's are crops")
        return crops

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The items where they are screenshots."""
        frames = tuple(item for item in self.items if isinstance(item, Frame))
        if len(frames) < len(self.items):
            raise TypeError("these items are crops; a detector's are whole screenshots")
        return frames


@dataclass(frozen=True)
class Dataset(_Shown):
    """The images of a task and what is to be predicted for them.

    Attributes:
        task: What is predicted.
        images: Shape ``(images, height, width, 3)``, uint8, memory-mapped.
        targets: The ground truth, one entry for each image; of which type, the kind of task decides.
        items: What each image shows.
        classes: Names of the classes that occur, in the taxonomy's order.
        parents: Coarser level to the class there of each class that has one.
        indices: Subset to the indices of its images; empty where no split was asked for.
        digest: A hash of which item is in which subset; empty without a split.
        split: The split; None where none was asked for.
        left_out: Classes of the task's level that do not occur.
        newer: How many items the split does not know, since they were extracted after it was made.
        resize: How the images were resized to their size.
        instances: The number, from 1, of the object that each pixel shows among those of its image, 0 for none; of a
            crop 1 where its own object is seen, all 0 where that is not known. Shape ``(images, height, width)``; None
            where no masks of objects are known.
        pixels: The class of each pixel, 255 where one does not count, of the same shape; None where boxes alone, or
            nothing else, is learned from the images.
        pixel_classes: Names of those classes.
    """

    task: Task
    images: Pictures
    targets: npt.NDArray[Any]
    items: tuple[Item, ...]
    classes: tuple[str, ...]
    parents: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    indices: Mapping[Subset, Indices] = field(default_factory=dict)
    digest: str = ""
    split: Split | None = None
    left_out: tuple[str, ...] = ()
    newer: int = 0
    resize: Resize = "stretch"
    instances: Pictures | None = None
    pixels: Pictures | None = None
    pixel_classes: tuple[str, ...] = ()

    @property
    def stored_split(self) -> Split:
        """The split that the dataset was loaded with."""
        if self.split is None:
            raise ValueError("this dataset was loaded without a split")
        return self.split

    @property
    def size_hw(self) -> tuple[int, int]:
        """Height and width of the images in pixels."""
        height, width = self.images.shape[1:3]
        return height, width

    def truth_digest(self, indices: Indices | None = None) -> str:
        """Return a hash of the truth of some images, by default of all: their targets and masks, and the classes."""
        digest = hashlib.sha256(json.dumps([self.classes, self.pixel_classes]).encode())
        for truth in (self.targets, self.instances, self.pixels):
            if truth is not None:
                for at in range(len(truth)) if indices is None else indices:
                    digest.update(truth[at].tobytes())
        return digest.hexdigest()[:16]

    def __getstate__(self) -> dict[str, Any]:
        """Leave images and targets out where they are a mapped file: another process maps it itself."""
        return {**vars(self), **{name: mapped_elsewhere(getattr(self, name)) for name in _MAPPED}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Map them again."""
        vars(self).update({**state, **{name: mapped_here(state[name]) for name in _MAPPED}})


@dataclass(frozen=True)
class Learner:
    """A network with fresh weights in the form that is trained.

    Attributes:
        model: The network that is trained.
        finish: Returns the network that is saved, which computes the same as the trained one does by then.
        settings: How this form is trained.
    """

    model: "keras.Model"
    finish: Callable[[], "keras.Model"]
    settings: TrainingSettings


class Scores(Protocol):
    """How good one model's predictions of some images are."""

    @property
    def error(self) -> float:
        """What is to be as small as possible: 0 where all is right."""

    @property
    def wrong(self) -> npt.NDArray[np.bool_]:
        """Whether the model is wrong about an image, shape ``(images,)``."""

    @property
    def agreement(self) -> npt.NDArray[np.float32]:
        """How far the model agrees with the ground truth of an image, shape ``(images,)``, 0 to 1."""

    def summary(self) -> dict[str, float]:
        """Return the one or two most informative scores, by name."""

    def details(self) -> dict[str, Any]:
        """Return all scores as plain data, for JSON: the main ones under ``model``."""

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        """Return columns and rows of `predictions.csv`; each row begins with the index of its image."""


KindScores = TypeVar("KindScores", bound=Scores)


@dataclass(frozen=True)
class Evaluated(_Shown, Generic[KindScores]):
    """All models of a run, evaluated on the same images.

    Attributes:
        classes: The classes in the order of the labels.
        items: What the images show.
        images: What the networks saw, shape ``(images, height, width, 3)``, uint8.
        scores: Of every repeat, as the networks predict: no stored temperature is applied, so that repeats can be
            compared.
        best_index: Which repeat is the run's own model.
        novelty: Which of the images that model finds unlike anything learned; None where it has no such score.
    """

    classes: tuple[Category, ...]
    items: tuple[Item, ...]
    images: Pictures
    scores: tuple[KindScores, ...]
    best_index: int
    novelty: NoveltyTest | None = field(default=None, kw_only=True)

    @property
    def best(self) -> KindScores:
        """Scores of the run's own model."""
        return self.scores[self.best_index]

    @property
    def spread(self) -> Spread:
        """How many images each repeat is wrong about."""
        return Spread(tuple(int(scores.wrong.sum()) for scores in self.scores), len(self.items))

    @property
    def wrong_in(self) -> npt.NDArray[np.int64]:
        """How many repeats are wrong about each image, shape ``(images,)``."""
        wrong_in: npt.NDArray[np.int64] = np.sum([scores.wrong for scores in self.scores], axis=0)
        return wrong_in

    @property
    def agreement(self) -> npt.NDArray[np.float32]:
        """How far the repeats agree with the ground truth of an image on average, shape ``(images,)``, 0 to 1."""
        agreement: npt.NDArray[np.float32] = np.mean([scores.agreement for scores in self.scores], axis=0)
        return agreement

    @property
    def wrong(self) -> Indices:
        """Indices of the images that the run's own model is wrong about, those with the least agreement first."""
        order = np.argsort(self.best.agreement, kind="stable")
        indices: Indices = order[self.best.wrong[order]]
        return indices

    @property
    def hardest(self) -> Indices:
        """Indices of the images that any repeat is wrong about: most repeats first, then the least agreement first.

        An image that is wrong in every repeat is hard or has a wrong label; in only one, it is chance.
        """
        order = np.lexsort((self.agreement, -self.wrong_in))
        indices: Indices = order[self.wrong_in[order] > 0]
        return indices


@dataclass(frozen=True)
class Cases:
    """What can be found wrong in an evaluation, one by one.

    Attributes:
        crops: The objects that are named, or are to be found.
        wrong: Whether each training names an object wrongly, or misses it, shape ``(trainings, crops)``.
        best_index: Which training is that of the run's own model.
        disturbances: What disturbs the view of each object, in a few words; empty where that is not known.
    """

    crops: tuple[Crop, ...]
    wrong: npt.NDArray[np.bool_]
    best_index: int
    disturbances: tuple[str, ...] = ()


class TaskKind(Protocol):
    """What is particular to a kind of task. A module of functions is one."""

    name: str
    """What the kind is called in a taxonomy, such as ``classify``."""
    counts: frozenset[str]
    """Metrics of the compiled network that are counts; the others are means over a batch."""
    default_network: str
    """The network that is trained where none is asked for."""
    unit: str
    """What an image shows: a crop, or a screenshot."""
    collapse: str
    """What a network does that has learned nothing: see `collapsed`."""
    watched: str | None
    """The score of whole validation images, of `Scores.summary`, that decides when a training stops early and which of
    its epochs is the best, the higher the better; None where the validation loss decides."""

    def items(self, known: Known, workspace: Workspace, task: Task) -> Sequence[Item]:
        """Return what the images of a task show, in the order of the catalogue."""

    def input_size(self, workspace: Workspace, network: str) -> tuple[int, int]:
        """Return the height and width in pixels of a network's input where no size is asked for.

        Raises:
            UsageError: If there is no such network.
            InputRejectedError: If nothing was extracted yet, where that matters.
        """

    def load(
        self, workspace: Workspace, task: Task, *, split: str | None, size_hw: tuple[int, int], resize: Resize
    ) -> Dataset:
        """Load a task's dataset and check that something can be learned from it; without a split it has no subsets.

        Raises:
            UsageError: If there is no such split.
            InputRejectedError: If a class could not be learned or evaluated, with the counts.
        """

    def occurrences(self, dataset: Dataset) -> Indices:
        """Return how often each class is to be predicted in each image, shape ``(images, classes)``."""

    def learner(self, settings: TrainingSettings, dataset: Dataset) -> Learner:
        """Build a network with fresh weights from Keras' current random state.

        Raises:
            UsageError: If there is no such network, or it does not fit the dataset.
        """

    def set_loss(self, model: "keras.Model", optimizer: Any, *, settings: TrainingSettings, dataset: Dataset) -> None:
        """Compile a network with the kind's loss and metrics."""

    def batch(
        self, dataset: Dataset, indices: Indices, *, augmentation: Augmentation, rng: np.random.Generator | None
    ) -> tuple[Pictures, Any]:
        """Return images and what the loss compares with; with a generator the images are augmented."""

    def weights(self, dataset: Dataset, train: Indices, settings: TrainingSettings) -> npt.NDArray[np.float32] | None:
        """Return the weight of each image in the loss, shape ``(images,)``; None where all weigh the same."""

    def metrics(self, totals: Mapping[str, float]) -> dict[str, float]:
        """Return what is shown of an epoch: of the totals of its batches, ``loss`` and more."""

    def decode(self, outputs: Outputs) -> Predictions:
        """Turn a network's outputs into predictions."""

    @property
    def sketch(self) -> Callable[[Pictures, Predictions], Pictures] | None:
        """What draws predictions onto images of the network's size; None where there is nothing to draw."""

    def collapsed(self, predictions: Predictions) -> bool:
        """Whether a network predicts the same for every image, whatever it shows."""

    def temperature(self, predictions: Predictions, dataset: Dataset, indices: Indices) -> float | None:
        """Fit what logits are divided by so that confidences are right; None where the kind has no such thing."""

    def thresholds(self, predictions: Predictions, dataset: Dataset, indices: Indices) -> tuple[float, ...] | None:
        """Choose for each class from which confidence on a prediction counts; None where all count."""

    def novelty(self, model: "keras.Model", workspace: Workspace, dataset: Dataset) -> NoveltyScore | None:
        """Fit a score that distinguishes images from what their screenshots show beside them.

        None where the kind has no such thing, or the workspace shows too little beside the images.
        """

    def score(
        self,
        predictions: Predictions,
        dataset: Dataset,
        subset: Subset,
        *,
        validation: Predictions | None = None,
        thresholds: Sequence[float] | None = None,
    ) -> Scores:
        """Compare predictions of a subset's images, in order, with the ground truth.

        `validation` are the same model's predictions of the validation subset, on which it can be calibrated; None
        where it learned from that subset. `thresholds` are those that are stored with the model.
        """

    def cases(self, evaluation: Evaluated[Any]) -> Cases:
        """Return the objects of an evaluation, and which of them are wrong."""

    def panels(self, evaluation: Evaluated[Any], taxonomy: Taxonomy, *, temperature: float | None) -> Sequence[Panel]:
        """Return what a report shows of a run's scores, in order; `temperature` is the one stored with its model."""
