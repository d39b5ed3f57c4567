"""How good predictions are: per class, confused with what, at coarser levels, over repeated runs."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from toonvision.metrics.intervals import Proportion

Indices = npt.NDArray[np.int64]
"""Shape ``(samples,)``: each sample's class, as its place among the classes."""


NONE_OF_THESE = "none of these"
"""What a sample was taken for that has a class at a level, when what it was taken for has none there."""


@dataclass(frozen=True)
class ClassScores:
    """Scores of one class, or an average over classes.

    Attributes:
        name: The class's name, or ``macro avg`` or ``weighted avg``.
        precision: Share of its predictions that are right, 0 to 1.
        recall: Share of its samples that were found, 0 to 1.
        f1: Harmonic mean of the two.
        support: Its samples.
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
        classes: Scores of each class that occurs among samples or predictions.
        macro: Their plain average.
        weighted: Their average weighted by support.
        accuracy: Right predictions out of all.
    """

    classes: tuple[ClassScores, ...]
    macro: ClassScores
    weighted: ClassScores
    accuracy: Proportion

    @property
    def wrong(self) -> int:
        """Wrong predictions."""
        return self.accuracy.total - self.accuracy.count


@dataclass(frozen=True)
class RolledUp:
    """Predictions of one level scored at a coarser one.

    Attributes:
        level: The coarser level's name.
        classes: Names of its classes that occur.
        report: The scores there.
        within: Wrong at the finer level, yet of the right coarser class.
        across: Wrong at both.
    """

    level: str
    classes: tuple[str, ...]
    report: ClassificationReport
    within: int
    across: int


@dataclass(frozen=True)
class Spread:
    """Wrong predictions over repeated trainings: the result that counts.

    Attributes:
        wrong: Wrong predictions of each run.
        total: Samples judged.
    """

    wrong: tuple[int, ...]
    total: int

    @property
    def best(self) -> Proportion:
        """Fewest wrong, as a share of all."""
        return Proportion(min(self.wrong), self.total)

    @property
    def worst(self) -> Proportion:
        """Most wrong, as a share of all."""
        return Proportion(max(self.wrong), self.total)

    @property
    def median(self) -> Proportion:
        """The middle run's; of an even number of runs the worse of the two in the middle, a real run's."""
        return Proportion(int(statistics.median_high(self.wrong)), self.total)


def classification_report(y_true: Indices, predicted: Indices, classes: Sequence[str]) -> ClassificationReport:
    """Score predictions class by class, equal to `sklearn.metrics.classification_report`.

    Args:
        y_true: The true classes.
        predicted: The predicted classes.
        classes: Names of the classes.
    """
    from sklearn.metrics import precision_recall_fscore_support

    present = np.union1d(y_true, predicted)
    options = {"labels": present, "zero_division": 0.0}
    columns = precision_recall_fscore_support(y_true, predicted, **options)
    rows = [
        ClassScores(classes[place], float(p), float(r), float(f), int(s))
        for place, p, r, f, s in zip(present, *columns, strict=True)
    ]
    averages = []
    for average in ("macro", "weighted"):
        p, r, f, _ = precision_recall_fscore_support(y_true, predicted, average=average, **options)
        averages.append(ClassScores(f"{average} avg", float(p), float(r), float(f), len(y_true)))
    right = int((y_true == predicted).sum())
    return ClassificationReport(tuple(rows), averages[0], averages[1], Proportion(right, len(y_true)))


def confusion_matrix(y_true: Indices, predicted: Indices, classes: int) -> npt.NDArray[np.int64]:
    """Count samples by true and predicted class.

    Returns:
        Shape ``(classes, classes)``: rows are true, columns predicted.
    """
    counts = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(counts, (y_true, predicted), 1)
    return counts


def wrong_only(matrix: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Empty the diagonal of a confusion matrix."""
    return matrix - np.diag(np.diag(matrix))


def roll_up(
    y_true: Indices, predicted: Indices, classes: Sequence[str], parents: Mapping[str, str], *, level: str
) -> RolledUp:
    """Score predictions at a coarser level: an entity taken for another of its suit is right about the suit.

    Samples whose true class has none at the coarser level are left out; a sample that is taken for such a class is
    wrong there.

    Args:
        y_true: The true classes at the finer level.
        predicted: The predicted ones.
        classes: Names of the finer classes.
        parents: Finer class to coarser class, for those that have one.
        level: Name of the coarser level.
    """
    coarse = tuple(dict.fromkeys(parents[name] for name in classes if name in parents))
    lookup = np.array([coarse.index(parents[name]) if name in parents else len(coarse) for name in classes])
    judged = lookup[y_true] < len(coarse)
    y_true, predicted = y_true[judged], predicted[judged]
    above, guessed = lookup[y_true], lookup[predicted]
    wrong, across = y_true != predicted, above != guessed
    report = classification_report(above, guessed, (*coarse, NONE_OF_THESE))
    return RolledUp(level, coarse, report, int((wrong & ~across).sum()), int(across.sum()))
