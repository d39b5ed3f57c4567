"""What the figures draw, where it is not a result of its own: frozen values, which need no matplotlib."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from toonvision.data.balance import Balance
from toonvision.data.growth import Growth
from toonvision.data.images import Pictures
from toonvision.explain.activations import LayerActivation
from toonvision.explain.evidence import GroupEvidence
from toonvision.metrics.classification import Spread
from toonvision.tasks.box_scores import Interval
from toonvision.taxonomy.labels import Category, Taxonomy

if TYPE_CHECKING:
    from toonvision.tuning.insight import SizeErrorPoint
    from toonvision.tuning.result import Racer

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class BalanceBars:
    """What was collected; the taxonomy gives the groups of labels and the target."""

    balance: Balance
    taxonomy: Taxonomy


@dataclass(frozen=True, eq=False)
class GrowthAreas:
    """How a data set grew; the taxonomy gives titles and colours of contexts."""

    growth: Growth
    taxonomy: Taxonomy


class ObjectGrowthAreas(GrowthAreas):
    """The same, for the objects by class of each level."""


class ShortageMap(BalanceBars):
    """The same, for how many samples are missing."""


@dataclass(frozen=True)
class TrainingCurve:
    """The history of one training.

    Attributes:
        seed: What it was trained with.
        epochs: One mapping from metric to value for each epoch.
        best_epoch: The epoch, from 1, whose weights were saved.
        best: Whether the run's model came from it.
        averaged: Whether a moving average of the weights was saved.
    """

    seed: int
    epochs: Sequence[Mapping[str, float]]
    best_epoch: int
    best: bool
    averaged: bool = False

    @property
    def saved(self) -> str:
        """Which weights were saved."""
        return f"{'the moving average up to' if self.averaged else 'those of'} epoch {self.best_epoch}"


@dataclass(frozen=True, eq=False)
class TrainingSpread:
    """How the trainings of a run differ.

    Attributes:
        spread: Wrong predictions of each training.
        seeds: The seeds, in the same order.
        wrong_in: In how many trainings each sample was wrong, shape ``(samples,)``.
        best: Index of the training whose model is the run's.
    """

    spread: Spread
    seeds: tuple[int, ...]
    wrong_in: Counts
    best: int


@dataclass(frozen=True, eq=False)
class BoxSpread:
    """How the trainings of a run that finds objects differ.

    Attributes:
        precisions: AP and AP50 of each training.
        seeds: The seeds, in the same order.
        missed_in: In how many trainings each object was missed, shape ``(objects,)``.
        best: Index of the training whose model is the run's.
    """

    precisions: tuple[Interval, ...]
    seeds: tuple[int, ...]
    missed_in: Counts
    best: int


@dataclass(frozen=True, eq=False)
class MapRows:
    """Class activation maps of several images.

    Attributes:
        pictures: Shape ``(images, height, width, 3)``, uint8; at least one.
        maps: Signed evidence, shape ``(images, classes, height, width)`` of any smaller size.
        classes: The classes, in that order.
        y_true: Index of each image's true class, shape ``(images,)``.
        probabilities: Shape ``(images, classes)``.
        unit: What the colour bar says.
    """

    pictures: Pictures
    maps: Floats
    classes: tuple[Category, ...]
    y_true: Counts
    probabilities: Floats
    unit: str = "Evidence in logits"


@dataclass(frozen=True, eq=False)
class MapGrid:
    """Class activation maps of one image.

    Attributes:
        picture: Shape ``(height, width, 3)``, uint8.
        maps: Signed evidence, shape ``(classes, height, width)`` of any smaller size.
        classes: The classes, in that order.
        y_true: Index of the true class; None if it is not known.
        probabilities: Shape ``(classes,)``.
        unit: What the colour bar says.
        normalise_each: Whether each class has its own scale, as published; otherwise all share one.
    """

    picture: Pictures
    maps: Floats
    classes: tuple[Category, ...]
    y_true: int | None
    probabilities: Floats
    unit: str = "Evidence in logits"
    normalise_each: bool = False

    @property
    def predicted(self) -> int:
        """Index of the most probable class."""
        return int(self.probabilities.argmax())


@dataclass(frozen=True, eq=False)
class ActivationTiles:
    """The channels of a layer.

    Attributes:
        activation: The layer's output for one image.
        size_hw: Height and width of that image, which give the tiles their shape.
        number: Which layer of its kind it is, from 1; 0 leaves the number out.
    """

    activation: LayerActivation
    size_hw: tuple[int, int]
    number: int = 0


@dataclass(frozen=True, eq=False)
class FirstFilters:
    """Weights of the first convolution, shape ``(height, width, 3, filters)``, 0 to 1, where 0.5 is a weight of 0."""

    weights: Floats


@dataclass(frozen=True, eq=False)
class FilterImages:
    """Images that activate the filters of a convolution most.

    Attributes:
        pictures: One for each filter, shape ``(filters, height, width, 3)``, uint8.
        number: Which convolution it is, from 1; 0 leaves the number out.
    """

    pictures: Pictures
    number: int = 0


@dataclass(frozen=True, eq=False)
class EvidenceBars:
    """Headings with groups of crops: where their evidence lies; at least one group."""

    sections: Sequence[tuple[str, Sequence[GroupEvidence]]]


@dataclass(frozen=True)
class Race:
    """The networks of a race, the best first, the number of validation images, and what one is."""

    racers: "tuple[Racer, ...]"
    validated: int
    unit: str = "crop"


@dataclass(frozen=True)
class SizeErrorFront:
    """Networks by size and error.

    Attributes:
        networks: The smallest first, at least one.
        validated: Number of validation images.
        bound: Most parameters that were allowed, if there was a bound.
        measure: What the loss is.
    """

    networks: "tuple[SizeErrorPoint, ...]"
    validated: int
    bound: int | None = None
    measure: str = "Validation loss in nats"


@dataclass(frozen=True)
class Lane:
    """When figures of one class were seen.

    Attributes:
        category: The class.
        spans: First and last second of each figure.
    """

    category: Category
    spans: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class CountLine:
    """How many figures of one class were there at once.

    Attributes:
        category: The class.
        seconds: From the beginning on, in order.
        counts: The highest number within each of these; in all others there was none.
    """

    category: Category
    seconds: tuple[int, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class WatchTimeline:
    """Who was seen when.

    Attributes:
        lanes: A lane for each class at the finest level.
        lines: A line for each class at the coarsest level.
        seconds: How long was watched.
    """

    lanes: tuple[Lane, ...]
    lines: tuple[CountLine, ...]
    seconds: float


@dataclass(frozen=True, eq=False)
class Sighting:
    """One figure that was seen.

    Attributes:
        picture: Its picture, shape ``(height, width, 3)``, 0 to 255.
        category: Its predicted class.
        lines: What is written below it.
    """

    picture: Pictures
    category: Category
    lines: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Sightings:
    """Figures that were seen, with their pictures."""

    cards: tuple[Sighting, ...]
