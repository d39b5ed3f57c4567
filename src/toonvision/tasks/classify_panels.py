"""Panels of classes: scores, confusion, crops with their predictions, calibration."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from toonvision.core.panels import FigurePanel, Panel, Rows, Table, table
from toonvision.core.wording import between, counted, interval, listed, percent
from toonvision.data.images import Pictures
from toonvision.metrics.calibration import Calibration
from toonvision.metrics.classification import Indices, mostly_predicted
from toonvision.metrics.intervals import Proportion
from toonvision.tasks.class_scores import ClassEvaluated
from toonvision.taxonomy.labels import Category, Taxonomy

_MOST_WRONG, _MOST_UNSURE, _MOST_HARD = 20, 10, 10
INTERVAL = ("share", "interval_low", "interval_high")
"""Names of the last three of `cells_of`, of which the first two are a count and its total."""


@dataclass(frozen=True)
class ClassRow:
    """The scores of one class, with the counts that they are made of.

    Attributes:
        category: The class.
        precision: Right ones out of its predictions.
        recall: Right ones out of its samples.
        f1: Harmonic mean of the two shares, 0 to 1.
    """

    category: Category
    precision: Proportion
    recall: Proportion
    f1: float

    @property
    def support(self) -> int:
        """How many samples it has."""
        return self.recall.total


@dataclass(frozen=True, eq=False)
class ConfusionMatrix:
    """Counts of shape ``(classes, classes)``: rows are true, columns predicted classes, in the order of `classes`."""

    matrix: npt.NDArray[np.int64]
    classes: tuple[Category, ...]


@dataclass(frozen=True, eq=False)
class Case:
    """One image and what a model predicted for it.

    Attributes:
        picture: Shape ``(height, width, 3)``, uint8.
        y_true: Index of the true class.
        probabilities: Shape ``(classes,)``.
        wrong_in: In how many trainings it was wrong.
        repeats: How many trainings there are.
    """

    picture: Pictures
    y_true: int
    probabilities: npt.NDArray[np.float32]
    wrong_in: int = 0
    repeats: int = 1

    @property
    def predicted(self) -> int:
        """Index of the most probable class."""
        return int(self.probabilities.argmax())

    @property
    def right(self) -> bool:
        """Whether that is the true class."""
        return self.predicted == self.y_true


@dataclass(frozen=True, eq=False)
class Gallery:
    """At least one case, in the order to show them, and the classes in the order of the probabilities."""

    cases: tuple[Case, ...]
    classes: tuple[Category, ...]


class LeastConfident(Gallery):
    """The same, the least confident first."""


def class_panels(evaluation: ClassEvaluated, taxonomy: Taxonomy, *, temperature: float | None) -> list[Panel]:
    """Return what a report shows of a classifier's scores, in order; see `TaskKind.panels`."""
    calibration = evaluation.best.calibration
    shown = (
        scores_panel(evaluation), confusion_panel(evaluation), scores_table(evaluation),
        levels_table(evaluation, taxonomy), wrong_panel(evaluation), hardest_panel(evaluation),
        unsure_panel(evaluation), hardest_table(evaluation), calibration_panel(calibration),
        calibration_table(calibration, temperature),
    )  # fmt: skip
    return [panel for panel in shown if panel is not None]


def scores_panel(evaluation: ClassEvaluated) -> FigurePanel:
    """Return the figure of precision, recall and F1 of each class."""
    rows = class_rows(evaluation)
    scores = [f"{row.category.title} {100 * row.f1:.0f} %" for row in rows[:12]]
    head = ("class", *(f"{name}_{what}" for name in ("precision", "recall") for what in ("count", "of", *INTERVAL)),
            "f1")  # fmt: skip
    return FigurePanel(
        "scores",
        "Precision, recall and F1",
        f"Scores of each class with intervals. F1: {listed(scores)}.",
        "The lines are 95 % intervals, long where samples are few. The scale starts below the lowest.",
        rows,
        (head, *((row.category.name, *cells_of(row.precision), *cells_of(row.recall), row.f1) for row in rows)),
    )


def confusion_panel(evaluation: ClassEvaluated) -> FigurePanel:
    """Return the figure of the confusion matrix."""
    names, matrix = evaluation.best.classes, evaluation.best.matrix
    return FigurePanel(
        "confusion",
        "Confusion matrices",
        f"Confusion matrix of {counted(len(names), 'class', 'classes')}; "
        f"{counted(evaluation.best.report.wrong, 'prediction')} wrong.",
        "Rows are true classes, columns predictions. Blue shows the share of its row, red that of the largest number.",
        ConfusionMatrix(matrix, evaluation.classes),
        (("y_true", "y_pred", "samples"), *((names[r], names[c], int(n)) for (r, c), n in np.ndenumerate(matrix))),
    )


def wrong_panel(evaluation: ClassEvaluated) -> FigurePanel | None:
    """Return the crops of the worst wrong predictions; None if there are none."""
    wrong = evaluation.wrong[:_MOST_WRONG]
    if not len(wrong):
        return None
    titles, predicted = [category.title for category in evaluation.classes], evaluation.best.predicted
    pairs = [f"{titles[evaluation.best.y_true[at]]} predicted as {titles[predicted[at]]}" for at in wrong[:5].tolist()]
    which = f"the {len(wrong)} worst" if len(wrong) < len(evaluation.wrong) else "all, the worst first"
    return gallery_panel(
        evaluation,
        wrong,
        "wrong",
        f"Wrong predictions: {which}",
        f"Crops of {counted(len(wrong), 'wrong prediction')}: {listed(pairs)}.",
        "Bold: the true class. The frame has the colour of the predicted class. Worst: the true class has the lowest "
        "probability.",
    )


def hardest_panel(evaluation: ClassEvaluated) -> FigurePanel | None:
    """Return the crops that most trainings are wrong about; None for a single training or without wrong ones."""
    repeats, hardest = len(evaluation.scores), evaluation.hardest[:_MOST_HARD]
    if repeats < 2 or not len(hardest):
        return None
    times = evaluation.wrong_in[hardest]
    return gallery_panel(
        evaluation,
        hardest,
        "hardest",
        f"Wrong in most of {repeats} trainings",
        f"{counted(len(hardest), 'crop')} that {int(times.max())} to {int(times.min())} of {repeats} trainings are "
        "wrong about, the hardest first.",
        "Wrong in every training: difficult or wrongly labelled. Wrong in one: chance. The text below each crop is the "
        "prediction of the run's model; the table lists all.",
    )


def gallery_panel(
    evaluation: ClassEvaluated, indices: Indices, name: str, title: str, alternative: str, caption: str
) -> FigurePanel:
    """Return the figure of some crops, at least one, in the order of their indices, with their predictions."""
    gallery = Gallery(_cases(evaluation, indices), evaluation.classes)
    return FigurePanel(name, title, alternative, caption, gallery, _case_rows(evaluation, indices))


def unsure_panel(evaluation: ClassEvaluated) -> FigurePanel | None:
    """Return the figure of the least confident predictions; None without samples."""
    unsure = evaluation.best.unsure[:_MOST_UNSURE]
    if not len(unsure):
        return None
    return FigurePanel(
        "unsure",
        "Least confident predictions",
        f"Probabilities of the {counted(len(unsure), 'least confident prediction')}, the first with "
        f"{100 * evaluation.best.probabilities[unsure[0]].max():.0f} % for its most probable class.",
        "The first five as crops, numbered like the bars. A frame marks the true class.",
        LeastConfident(_cases(evaluation, unsure), evaluation.classes),
        _case_rows(evaluation, unsure),
    )


def calibration_panel(calibration: Calibration | None) -> FigurePanel | None:
    """Return the reliability diagrams; None if no temperature could be fitted."""
    if calibration is None:
        return None
    before, after = calibration.before, calibration.after
    head = ("panel", "temperature", "lowest_confidence", "highest_confidence", "mean_confidence", "right", "of",
            *INTERVAL)  # fmt: skip
    panels = (("as trained", 1.0, before), ("with temperature", calibration.temperature, after))
    gap = 100 * before.overconfident
    trust = (
        "On average the confidence equals the accuracy."
        if abs(gap) < 1
        else f"On average the confidence is {abs(gap):.1f} percentage points {'above' if gap > 0 else 'below'} the "
        "accuracy."
    )
    return FigurePanel(
        "calibration",
        "Calibration: confidence against accuracy",
        f"Reliability diagrams. Expected calibration error as trained {percent(before.error)}, with temperature "
        f"{calibration.temperature:.2f} {percent(after.error)}.",
        f"{trust} Each dot is a group of about as many crops: on the dashed line its accuracy equals its confidence. "
        f"Below the line the model is overconfident; red where that is clear. {calibration.caveat}".rstrip(),
        calibration,
        (head, *((panel, temperature, *one.bounds, one.confidence, *cells_of(one.right))
                 for panel, temperature, reliability in panels for one in reliability.bins)),
    )  # fmt: skip


def scores_table(evaluation: ClassEvaluated) -> Table:
    """Return the scores of each class as scikit-learn's report does, with intervals."""
    columns = ("Class", "Precision", "95 % interval", "Recall", "95 % interval", "F1", "Support")
    rows = [
        (row.category.title, percent(row.precision.share), interval(row.precision), percent(row.recall.share),
         interval(row.recall), f"{row.f1:.3f}", f"{row.support:,}")
        for row in class_rows(evaluation)
    ]  # fmt: skip
    report = evaluation.best.report
    for title, mean in (("Macro average", report.macro), ("Weighted average", report.weighted)):
        rows.append(
            (title, percent(mean.precision), "", percent(mean.recall), "", f"{mean.f1:.3f}", f"{mean.support:,}")
        )
    accuracy = report.accuracy
    rows.append(("Accuracy", percent(accuracy.share), interval(accuracy), "", "", "", f"{accuracy.total:,}"))
    return table("Scores of each class", columns, rows, shown=40, totals=3)


def levels_table(evaluation: ClassEvaluated, taxonomy: Taxonomy) -> Table | None:
    """Return the scores at coarser levels; None if none distinguishes classes."""
    coarser = [up for up in evaluation.best.rolled_up if len(up.classes) > 1]
    if not coarser:
        return None
    columns = ("Level", "Classes", "Accuracy", "95 % interval", "Wrong within a class", "Wrong across classes")
    rows = tuple(
        (taxonomy.level(up.level).title, str(len(up.classes)), percent(up.report.accuracy.share),
         interval(up.report.accuracy), f"{up.within:,}", f"{up.across:,}")
        for up in coarser
    )  # fmt: skip
    return table(
        "The same predictions at coarser levels", columns, rows,
        note="Wrong within a class: the prediction is wrong, but of the right coarser class.",
    )  # fmt: skip


def hardest_table(evaluation: ClassEvaluated) -> Table | None:
    """Return crops by how many trainings are wrong about them; None for a single training or without wrong ones."""
    repeats, indices = len(evaluation.scores), evaluation.hardest
    if repeats < 2 or not len(indices):
        return None
    wrong_in, given = evaluation.wrong_in, evaluation.agreement
    mostly = mostly_predicted(np.stack([scores.probabilities for scores in evaluation.scores]))
    titles = [category.title for category in evaluation.classes]
    columns = ("Crop", "Screenshot", "True class", "Mostly predicted", f"Wrong of {repeats}", "p(true)")
    rows = tuple(
        (evaluation.crops[at].file, evaluation.crops[at].screenshot, titles[evaluation.best.y_true[at]],
         titles[mostly[at]], f"{wrong_in[at]}", percent(float(given[at])))
        for at in indices.tolist()
    )  # fmt: skip
    always, once = int((wrong_in == repeats).sum()), int((wrong_in == 1).sum())
    return table(
        f"Wrong in how many of {repeats} trainings", columns, rows, names=4, shown=10,
        note=f"Wrong in every training: difficult or wrongly labelled ({counted(always, 'crop')}). Wrong in one: "
        f"chance ({counted(once, 'crop')}). p(true): mean probability of the true class over all trainings.",
    )  # fmt: skip


def calibration_table(calibration: Calibration | None, stored: float | None) -> Table | None:
    """Compare calibration as trained with that of the fitted temperature; None if none could be fitted."""
    if calibration is None:
        return None
    both = (calibration.before, calibration.after)
    rows = (
        ("Expected calibration error", *(percent(one.error) for one in both)),
        ("95 % interval of it", *(f"{between(100 * one.interval[0], 100 * one.interval[1], '.1f')} %" for one in both)),
        ("A calibrated model would stay below", *(percent(one.noise) for one in both)),
        ("Mean confidence minus accuracy", *(f"{100 * one.overconfident:+.1f} %" for one in both)),
        ("Mean negative log likelihood", *(f"{one.likelihood:.3f}" for one in both)),
    )
    columns = ("Metric", "As trained", f"With temperature {calibration.temperature:.2f}")
    kept = (
        "It is not stored with the model."
        if stored is None
        else f"Stored with the model, and used by predict: {stored:.2f}."
    )
    return table(
        "Calibration", columns, rows,
        note=f"The temperature was fitted on {counted(calibration.fitted_on, 'validation crop')}; it changes no "
        f"prediction, only its confidence. {kept} {calibration.caveat}".rstrip(),
    )  # fmt: skip


def class_rows(evaluation: ClassEvaluated) -> tuple[ClassRow, ...]:
    """Return the scores of each class that occurs among samples or predictions."""
    matrix = evaluation.best.matrix
    rows = []
    for index, category in enumerate(evaluation.classes):
        right, predicted, true = int(matrix[index, index]), int(matrix[:, index].sum()), int(matrix[index].sum())
        if predicted + true:
            f1 = 2 * right / (predicted + true)
            rows.append(ClassRow(category, Proportion(right, predicted), Proportion(right, true), f1))
    return tuple(rows)


def _cases(evaluation: ClassEvaluated, indices: Indices) -> tuple[Case, ...]:
    best, wrong_in, repeats = evaluation.best, evaluation.wrong_in, len(evaluation.scores)
    return tuple(
        Case(evaluation.images[at], int(best.y_true[at]), best.probabilities[at], int(wrong_in[at]), repeats)
        for at in indices.tolist()
    )


def _case_rows(evaluation: ClassEvaluated, indices: Indices) -> Rows:
    """Return samples in their order, with their predictions."""
    names, wrong_in, repeats = evaluation.best.classes, evaluation.wrong_in, len(evaluation.scores)
    head = ("rank", "crop", "screenshot", "context", "y_true", "y_pred", "wrong_in", "trainings",
            *(f"p_{name}" for name in names))  # fmt: skip
    rows: list[tuple[object, ...]] = [head]
    for rank, at in enumerate(indices.tolist(), start=1):
        crop, given = evaluation.crops[at], evaluation.best.probabilities[at]
        rows.append(
            (rank, crop.file, crop.screenshot, crop.context, names[evaluation.best.y_true[at]], names[given.argmax()],
             int(wrong_in[at]), repeats, *given.tolist())
        )  # fmt: skip
    return tuple(rows)


def cells_of(value: Proportion) -> tuple[object, ...]:
    """Return a proportion as cells of a CSV file."""
    return value.count, value.total, value.share, *value.interval
