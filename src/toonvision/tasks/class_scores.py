"""How good predictions of classes are."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from toonvision.metrics.calibration import Calibration, calibrate
from toonvision.metrics.classification import (
    ClassificationReport,
    Indices,
    RolledUp,
    classification_report,
    confusion_matrix,
    roll_up,
)
from toonvision.metrics.predictions import Probabilities
from toonvision.tasks.base import Evaluated


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


ClassEvaluated = Evaluated[ClassScores]
"""All models of a run of the kind ``classify``."""


def _plain(report: ClassificationReport) -> dict[str, Any]:
    return {
        "accuracy": report.accuracy.plain(),
        "classes": [asdict(scores) for scores in report.classes],
        "macro": asdict(report.macro),
        "weighted": asdict(report.weighted),
    }
