"""How good predicted bounding boxes are, over all classes and over all screenshots."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from toonvision.core.seeds import generator
from toonvision.data.groups import frame_keys
from toonvision.data.records import Frame
from toonvision.metrics.bootstrap import Estimate, estimate, group_weights, mean_of_classes
from toonvision.metrics.boxes import overlaps
from toonvision.metrics.classification import Indices, confusion_matrix
from toonvision.metrics.detection import EVERY_CLASS, HALF, Found, Matches, Objects, Precision, match
from toonvision.metrics.localization import Placement
from toonvision.metrics.predictions import Predictions
from toonvision.tasks.base import Evaluated
from toonvision.tasks.pixel_scores import PixelScores

_DRAWS = 500
DEFAULT_THRESHOLD = 0.3
"""The threshold of confidence where none was chosen."""
Outcome = Literal["found", "false alarm", "missed", "ignored"]


@dataclass(frozen=True)
class ClassBoxes:
    """How good the boxes of one class are.

    Attributes:
        name: The class.
        precision: Its average precision.
        threshold: The confidence from which on a prediction counts.
        counts: What is found from there on.
    """

    name: str
    precision: Precision
    threshold: float
    counts: Found


@dataclass(frozen=True)
class Interval:
    """AP and AP50 with their 95 % intervals over screenshots."""

    ap: Estimate
    ap50: Estimate

    def plain(self) -> dict[str, Any]:
        """Return the bounds as plain data; None where there is no object."""
        bounds = {"ap_95": self.ap, "ap50_95": self.ap50}
        return {name: None if np.isnan(one.low) else [one.low, one.high] for name, one in bounds.items()}


@dataclass(frozen=True)
class Shown:
    """A predicted or a true box, and what became of it.

    Attributes:
        image: The index of its image.
        outcome: Whether an object was found or missed, or a prediction is a false alarm or to be ignored.
        prediction: The index of the prediction; None for an object that was missed.
        truth: The index of the object; None for a false alarm.
    """

    image: int
    outcome: Outcome
    prediction: int | None
    truth: int | None


@dataclass(frozen=True, eq=False)
class DrawnPrecision:
    """Average precisions where screenshots are drawn with replacement.

    Attributes:
        classes: Of each class, draw and threshold of overlap, shape ``(classes, draws, thresholds)``; NaN without an
            object.
        values: The same of all screenshots, shape ``(classes, thresholds)``.
    """

    classes: npt.NDArray[np.float64]
    values: npt.NDArray[np.float64]

    @cached_property
    def mean(self) -> npt.NDArray[np.float64]:
        """Over the classes, shape ``(draws, thresholds)``; NaN without an object."""
        return mean_of_classes(self.classes, self.values)


@dataclass(frozen=True)
class BoxScores:
    """How good one model's predictions of boxes are.

    Attributes:
        truth: The true objects, in pixels of their screenshots.
        predictions: The predictions, likewise.
        classes: Names of the classes.
        thresholds: The confidence from which on a prediction of each class counts, 0 to 1.
        frames: The screenshots; those that belong together are drawn together for intervals.
        pixels: How good the maps of classes of those screenshots are that have a mask; None where none are named.
    """

    truth: Objects
    predictions: Predictions
    classes: tuple[str, ...]
    thresholds: tuple[float, ...]
    frames: tuple[Frame, ...] = ()
    pixels: PixelScores | None = None

    @cached_property
    def matches(self) -> tuple[Matches, ...]:
        """The matches of each class."""
        return tuple(match(self.truth, self.predictions, label=label) for label in range(len(self.classes)))

    @cached_property
    def by_class(self) -> tuple[ClassBoxes, ...]:
        """The scores of each class."""
        return tuple(
            ClassBoxes(name, Precision.of(matches.average_precisions), threshold, matches.at(threshold))
            for name, matches, threshold in zip(self.classes, self.matches, self.thresholds, strict=True)
        )

    @property
    def precision(self) -> Precision:
        """The mean average precision over the classes."""
        return Precision.mean([one.precision for one in self.by_class])

    @cached_property
    def drawn(self) -> DrawnPrecision:
        """Average precisions of draws of screenshots, the same draws for all models of these screenshots."""
        groups = frame_keys(self.frames) if self.frames else range(self.truth.images)
        times = group_weights(groups, draws=_DRAWS, rng=generator(0, "boxes"))
        drawn = np.stack([matches.drawn(times) for matches in self.matches])
        return DrawnPrecision(drawn, np.stack([matches.average_precisions for matches in self.matches]))

    @cached_property
    def intervals(self) -> tuple[Interval, ...]:
        """AP and AP50 of each class, then their means over classes, with 95 % intervals over screenshots."""
        values = [*(one.precision for one in self.by_class), self.precision]
        return tuple(
            Interval(estimate(value.ap, drawn.mean(axis=1)), estimate(value.ap50, drawn[:, 0]))
            for value, drawn in zip(values, [*self.drawn.classes, self.drawn.mean], strict=True)
        )

    @property
    def counts(self) -> Found:
        """What is found of all classes."""
        return Found.together([one.counts for one in self.by_class])

    @property
    def error(self) -> float:
        """What the mean average precision lacks of 1; without an object, the share of screenshots with false alarms."""
        return float(self.wrong.mean()) if np.isnan(self.precision.ap) else 1 - self.precision.ap

    @cached_property
    def taken(self) -> Predictions:
        """The predictions that count."""
        return above(self.predictions, self.thresholds)

    @cached_property
    def outcomes(self) -> tuple[Shown, ...]:
        """What became of every prediction that counts and of every object, at an overlap of half."""
        found, matched = [], set()
        for label in range(len(self.classes)):
            matches = match(self.truth, self.taken, label=label, thresholds=HALF)
            for at, own, neutral in zip(matches.prediction, matches.objects[:, 0], matches.neutral[:, 0], strict=True):
                matched.add(int(own))
                outcome: Outcome = "ignored" if neutral else "found" if own >= 0 else "false alarm"
                truth = int(own) if own >= 0 else None
                found.append(Shown(int(self.taken.image[at]), outcome, int(at), truth))
        missed = [
            Shown(int(image), "missed", None, at)
            for at, (image, ignored) in enumerate(zip(self.truth.image, self.truth.ignored, strict=True))
            if at not in matched and not ignored
        ]
        return tuple(sorted((*found, *missed), key=lambda one: one.image))

    @cached_property
    def placement(self) -> Placement:
        """The boxes of found objects beside the true ones."""
        pairs = [(one.prediction, one.truth) for one in self.outcomes if one.outcome == "found"]
        own, true = np.array(pairs, np.int64).reshape(-1, 2).T
        boxes = self.truth.boxes if self.taken.boxes is None else self.taken.boxes
        return Placement(boxes[own], self.truth.boxes[true])

    def _per_image(self, outcome: Outcome) -> Indices:
        images = [one.image for one in self.outcomes if one.outcome == outcome]
        return np.bincount(np.array(images, np.int64), minlength=self.truth.images)

    @cached_property
    def wrong(self) -> npt.NDArray[np.bool_]:
        """Whether a screenshot has a miss or a false alarm."""
        wrong: npt.NDArray[np.bool_] = self._per_image("missed") + self._per_image("false alarm") > 0
        return wrong

    @cached_property
    def agreement(self) -> npt.NDArray[np.float32]:
        """Share of a screenshot's objects and false alarms that are found objects; 1 where it has neither."""
        found = self._per_image("found")
        every = found + self._per_image("missed") + self._per_image("false alarm")
        return np.where(every, found / np.maximum(1, every), 1).astype(np.float32)

    @cached_property
    def missed(self) -> npt.NDArray[np.bool_]:
        """Whether each object that counts is missed, shape ``(objects,)``; False for the others."""
        missed = np.zeros(len(self.truth.image), np.bool_)
        lost = [one.truth for one in self.outcomes if one.outcome == "missed"]
        missed[np.array(lost, np.int64)] = True
        return missed

    @cached_property
    def confusion(self) -> npt.NDArray[np.int64]:
        """True (rows) and predicted classes of boxes that match whatever their classes; the last is none at all."""
        matches = match(self.truth, self.taken, thresholds=HALF)
        nothing = len(self.classes)
        counted = ~matches.neutral[:, 0]
        at = matches.objects[counted, 0]
        true = np.append(self.truth.labels, nothing)[at]
        lost = np.setdiff1d(np.flatnonzero(~self.truth.ignored), at)
        return confusion_matrix(
            np.concatenate([true, self.truth.labels[lost]]),
            np.concatenate([self.taken.labels[matches.prediction[counted]], np.full(len(lost), nothing)]),
            nothing + 1,
        )

    def summary(self) -> dict[str, float]:
        """Return AP and AP50, and the mean intersection over union of pixels if they are named."""
        found = {"ap": self.precision.ap, "ap50": self.precision.ap50}
        return found | self.pixels.summary() if self.pixels else found

    def details(self) -> dict[str, Any]:
        """Return all scores as plain data, for JSON."""
        counts, (*each, mean), placed = self.counts, self.intervals, self.placement.summary()
        return {
            "model": {
                **_plain(self.precision),
                **mean.plain(),
                "recall": counts.recall.plain(),
                "precision": counts.right.plain(),
                "false_alarms_per_screenshot": counts.false_alarms / max(1, self.truth.images),
                "classes": [
                    {"name": one.name, **_plain(one.precision), **interval.plain(), "threshold": one.threshold,
                     "recall": one.counts.recall.plain(), "precision": one.counts.right.plain()}
                    for one, interval in zip(self.by_class, each, strict=True)
                ],
            },
            "placement": None if placed is None else placed.plain(),
            **({"pixels": self.pixels.details()} if self.pixels else {}),
            "confusion": {
                "classes": [*self.classes, "nothing"], "rows_true_columns_predicted": self.confusion.tolist()
            },
        }  # fmt: skip

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        """Return columns and rows of `predictions.csv`; each row begins with the index of its image."""
        columns = ["outcome", "y_true", "y_pred", "score", "overlap", "x_min", "y_min", "x_max", "y_max"]
        return columns, [self._row(one) for one in self.outcomes]

    def _class_name(self, label: int) -> str:
        return "" if label == EVERY_CLASS else self.classes[label]

    def _row(self, one: Shown) -> list[Any]:
        true = self.truth.boxes[one.truth] if one.truth is not None else None
        own = self.taken.boxes[one.prediction] if one.prediction is not None and self.taken.boxes is not None else None
        overlap = "" if true is None or own is None else f"{float(overlaps(own[None], true[None])[0, 0]):.4f}"
        box = true if own is None else own
        return [
            one.image, one.outcome,
            "" if one.truth is None else self._class_name(int(self.truth.labels[one.truth])),
            "" if one.prediction is None else self.classes[self.taken.labels[one.prediction]],
            "" if one.prediction is None else f"{self.taken.scores[one.prediction]:.6f}", overlap,
            *(f"{edge:.1f}" for edge in (box if box is not None else ())),
        ]  # fmt: skip


BoxEvaluated = Evaluated[BoxScores]
"""All models of a run of the kind ``detect``."""


def above(predictions: Predictions, thresholds: Sequence[float]) -> Predictions:
    """Return the predictions of at least the confidence that their class needs."""
    return chosen(predictions, predictions.scores >= np.array(thresholds)[predictions.labels])


def chosen(predictions: Predictions, which: npt.NDArray[np.bool_]) -> Predictions:
    """Return the predictions with boxes that `which`, shape ``(predictions,)``, is true for; no image is left out."""
    return replace(
        predictions,
        image=predictions.image[which],
        labels=predictions.labels[which],
        scores=predictions.scores[which],
        boxes=predictions.known_boxes[which],
    )


def of_screenshots(scores: BoxScores, which: Indices) -> BoxScores:
    """Return the scores of some of the screenshots, given by their indices, in this order; without maps of pixels."""

    def rows(image: Indices) -> tuple[Indices, Indices]:
        own = [np.flatnonzero(image == one) for one in which]
        return np.concatenate(own), np.repeat(np.arange(len(own)), [len(one) for one in own])

    truth, found = scores.truth, scores.predictions
    (true, true_image), (own, own_image) = rows(truth.image), rows(found.image)
    objects = Objects(len(which), true_image, truth.labels[true], truth.boxes[true], truth.ignored[true])
    predictions = Predictions(len(which), own_image, found.labels[own], found.scores[own], boxes=found.known_boxes[own])
    frames = tuple(scores.frames[at] for at in which)
    return replace(scores, truth=objects, predictions=predictions, frames=frames, pixels=None)


def _plain(precision: Precision) -> dict[str, Any]:
    """Return average precisions as plain data; None where there is no object."""
    return {name: None if np.isnan(value) else value for name, value in asdict(precision).items()}
