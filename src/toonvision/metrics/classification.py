"""Metrics of predicted classes: per class, at coarser levels, over repeated trainings; confusion matrices."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from toonvision.metrics.intervals import Proportion

Indices = npt.NDArray[np.int64]
"""Indices, shape ``(samples,)``: of each sample's class among the classes, or of samples."""

NONE_OF_THESE = "none of these"
"""Name of a predicted class that does not exist at a level."""


@dataclass(frozen=True)
class ClassMetrics:
    """Metrics of one class, or their average over classes.

    Attributes:
        name: The class's name, or ``macro avg`` or ``weighted avg``.
        precision: Share of its predictions that are right, 0 to 1.
        recall: Share of its samples that are predicted as such, 0 to 1.
        f1: Harmonic mean of the two.
        support: Number of its samples.
    """

    name: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class ClassificationReport:
    """scikit-learn's classification report as values.

    Attributes:
        classes: Scores of each class that occurs in the ground truth or the predictions.
        macro: Their mean.
        weighted: Their mean weighted by support.
        accuracy: Right predictions.
    """

    classes: tuple[ClassMetrics, ...]
    macro: ClassMetrics
    weighted: ClassMetrics
    accuracy: Proportion

    @property
    def wrong(self) -> int:
        """Number of wrong predictions."""
        return int(self.accuracy.total - self.accuracy.count)


@dataclass(frozen=True)
class RolledUp:
    """The scores of predictions at a coarser level.

    Attributes:
        level: The coarser level's name.
        classes: Names of its classes that occur.
        report: The scores at that level.
        within: Number of predictions that are wrong at the finer level only.
        across: Number of predictions that are wrong at both levels.
    """

    level: str
    classes: tuple[str, ...]
    report: ClassificationReport
    within: int
    across: int


@dataclass(frozen=True)
class Spread:
    """Wrong predictions of repeated trainings.

    Attributes:
        wrong: Number of wrong predictions of each training.
        total: Number of evaluated samples.
    """

    wrong: tuple[int, ...]
    total: int

    @property
    def best(self) -> Proportion:
        """The fewest wrong predictions."""
        return Proportion(min(self.wrong), self.total)

    @property
    def worst(self) -> Proportion:
        """The most wrong predictions."""
        return Proportion(max(self.wrong), self.total)

    @property
    def median(self) -> Proportion:
        """The median; of an even number of trainings the mean of the two in the middle."""
        return Proportion(statistics.median(self.wrong), self.total)


def classification_report(y_true: Indices, predicted: Indices, classes: Sequence[str]) -> ClassificationReport:
    """Return the scores of each class, equal to `sklearn.metrics.classification_report`."""
    from sklearn.metrics import precision_recall_fscore_support

    present = np.union1d(y_true, predicted)
    options = {"labels": present, "zero_division": 0.0}
    columns = precision_recall_fscore_support(y_true, predicted, **options)
    rows = [
        ClassMetrics(classes[index], float(p), float(r), float(f), int(s))
        for index, p, r, f, s in zip(present, *columns, strict=True)
    ]
    averages = []
    for average in ("macro", "weighted"):
        p, r, f, _ = precision_recall_fscore_support(y_true, predicted, average=average, **options)
        averages.append(ClassMetrics(f"{average} avg", float(p), float(r), float(f), len(y_true)))
    right = int((y_true == predicted).sum())
    return ClassificationReport(tuple(rows), averages[0], averages[1], Proportion(right, len(y_true)))


def confusion_matrix(y_true: Indices, predicted: Indices, classes: int) -> npt.NDArray[np.int64]:
    """Return the number of samples by true class (rows) and predicted class, shape ``(classes, classes)``."""
    counts = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(counts, (y_true, predicted), 1)
    return counts


def wrong_only(matrix: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return a confusion matrix with zeros on its diagonal."""
    return matrix - np.diag(np.diag(matrix))


def roll_up(
    y_true: Indices, predicted: Indices, classes: Sequence[str], parents: Mapping[str, str], *, level: str
) -> RolledUp:
    """Return the scores of predictions at a coarser level: another entity of the right suit is right about the suit.

    Samples whose true class has none at the coarser level are left out. A prediction of such a class is wrong there.

    Args:
        y_true: The true classes at the finer level.
        predicted: The predicted ones.
        classes: Names of the finer classes.
        parents: Finer class to coarser class, for those that have one.
        level: Name of the coarser level.
    """
    coarse = tuple(dict.fromkeys(parents[name] for name in classes if name in parents))
    lookup = np.array([coarse.index(parents[name]) if name in parents else len(coarse) for name in classes])
    known = lookup[y_true] < len(coarse)
    y_true, predicted = y_true[known], predicted[known]
    above, guessed = lookup[y_true], lookup[predicted]
    wrong, across = y_true != predicted, above != guessed
    report = classification_report(above, guessed, (*coarse, NONE_OF_THESE))
    return RolledUp(level, coarse, report, int((wrong & ~across).sum()), int(across.sum()))


def mostly_predicted(probabilities: npt.NDArray[np.float32]) -> Indices:
    """Return the class that most trainings predict for each sample; of several, the most probable one on average.

    Args:
        probabilities: Shape ``(trainings, samples, classes)``.

    Returns:
        Shape ``(samples,)``.
    """
    runs, _, classes = probabilities.shape
    votes = (probabilities.argmax(axis=2)[:, :, None] == np.arange(classes)).sum(axis=0)
    mostly: Indices = (votes + probabilities.sum(axis=0) / (runs + 1)).argmax(axis=1)
    return mostly
