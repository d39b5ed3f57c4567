"""Panels of a run's evaluation: the spread over trainings, scores of each class, images, breakdowns, calibration."""

from collections.abc import Sequence

import numpy as np

from toonvision.core.panels import FigurePanel, Rows, Table, number_columns
from toonvision.core.wording import counted, interval, listed, percent
from toonvision.evaluation.breakdown import FEW, Breakdown
from toonvision.evaluation.evaluate import ClassEvaluation
from toonvision.figures.values import (
    Breakdowns,
    Case,
    ClassRow,
    ClassRows,
    ConfusionMatrix,
    Gallery,
    LeastConfident,
    TrainingSpread,
)
from toonvision.metrics.calibration import Calibration
from toonvision.metrics.classification import Indices
from toonvision.metrics.confidence import mostly_predicted
from toonvision.metrics.intervals import Proportion
from toonvision.taxonomy.labels import Taxonomy

_MOST_WRONG, _MOST_UNSURE, _MOST_HARD = 20, 10, 10
_MEASURED = ("context", "label", "height", "sharpness", "brightness")
_INTERVAL = ("share", "interval_low", "interval_high")


def spread_panel(evaluation: ClassEvaluation) -> FigurePanel | None:
    """Return the figure of the spread over repeated trainings; None for a single one."""
    spread, repeats = evaluation.spread, evaluation.record.repeats
    if len(repeats) < 2:
        return None
    by_seed = [
        ("training", repeat.seed, *_proportion(Proportion(wrong, spread.total)))
        for repeat, wrong in zip(repeats, spread.wrong, strict=True)
    ]
    counts = np.bincount(evaluation.wrong_in, minlength=len(repeats) + 1).tolist()
    by_times = [("wrong in so many", k, *_proportion(Proportion(n, spread.total))) for k, n in enumerate(counts)]
    return FigurePanel(
        "spread",
        f"Spread over {len(repeats)} trainings",
        f"Wrong predictions of each training: {listed([str(wrong) for wrong in spread.wrong])} of {spread.total}.",
        "The same training with different seeds. Crops that are wrong in every training may be difficult or wrongly "
        "labelled; those that are wrong in only one may be chance.",
        TrainingSpread(spread, tuple(repeat.seed for repeat in repeats), evaluation.wrong_in, evaluation.best_index),
        (("panel", "seed_or_times", "crops", "of", *_INTERVAL), *by_seed, *by_times),
    )


def scores_panel(evaluation: ClassEvaluation) -> FigurePanel:
    """Return the figure of precision, recall and F1 of each class."""
    rows = class_rows(evaluation)
    scores = [f"{row.category.title} {100 * row.f1:.0f} %" for row in rows[:12]]
    head = ("class", *(f"{name}_{what}" for name in ("precision", "recall") for what in ("count", "of", *_INTERVAL)),
            "f1")  # fmt: skip
    return FigurePanel(
        "scores",
        "Precision, recall and F1",
        f"Scores of each class with intervals. F1: {listed(scores)}.",
        "The lines are 95 % intervals, long where samples are few. The scale starts below the lowest.",
        ClassRows(rows),
        (head, *((row.category.name, *_proportion(row.precision), *_proportion(row.recall), row.f1) for row in rows)),
    )


def confusion_panel(evaluation: ClassEvaluation) -> FigurePanel:
    """Return the figure of the confusion matrix."""
    names, matrix = evaluation.record.classes, evaluation.best.matrix
    return FigurePanel(
        "confusion",
        "Confusion matrices",
        f"Confusion matrix of {counted(len(names), 'class', 'classes')}; "
        f"{counted(evaluation.best.report.wrong, 'prediction')} wrong.",
        "Rows are true classes, columns predictions. Blue shows the share of its row, red that of the largest number.",
        ConfusionMatrix(matrix, evaluation.classes),
        (("y_true", "y_pred", "samples"), *((names[r], names[c], int(n)) for (r, c), n in np.ndenumerate(matrix))),
    )


def wrong_panel(evaluation: ClassEvaluation) -> FigurePanel | None:
    """Return the crops of the worst wrong predictions; None if there are none."""
    wrong = evaluation.wrong[:_MOST_WRONG]
    if not len(wrong):
        return None
    titles, predicted = [category.title for category in evaluation.classes], evaluation.best.predicted
    pairs = [f"{titles[evaluation.best.y_true[at]]} predicted as {titles[predicted[at]]}" for at in wrong[:5].tolist()]
    which = f"the {len(wrong)} worst" if len(wrong) < len(evaluation.wrong) else "all, the worst first"
    return FigurePanel(
        "wrong",
        f"Wrong predictions: {which}",
        f"Crops of {counted(len(wrong), 'wrong prediction')}: {listed(pairs)}.",
        "Bold: the true class. The frame has the colour of the predicted class. Worst: the true class has the lowest "
        "probability.",
        Gallery(_cases(evaluation, wrong), evaluation.classes),
        _case_rows(evaluation, wrong),
    )


def hardest_panel(evaluation: ClassEvaluation) -> FigurePanel | None:
    """Return the crops that most trainings are wrong about; None for a single training or without wrong ones."""
    repeats, hardest = len(evaluation.record.repeats), evaluation.hardest[:_MOST_HARD]
    if repeats < 2 or not len(hardest):
        return None
    times = evaluation.wrong_in[hardest]
    return FigurePanel(
        "hardest",
        f"Wrong in most of {repeats} trainings",
        f"{counted(len(hardest), 'crop')} that {int(times.max())} to {int(times.min())} of {repeats} trainings are "
        "wrong about, the hardest first.",
        "Wrong in every training: difficult or wrongly labelled. Wrong in one: chance. The text below each crop is the "
        "prediction of the run's model; the table lists all.",
        Gallery(_cases(evaluation, hardest), evaluation.classes),
        _case_rows(evaluation, hardest),
    )


def unsure_panel(evaluation: ClassEvaluation) -> FigurePanel | None:
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


def breakdown_panels(breakdowns: Sequence[Breakdown]) -> tuple[FigurePanel, ...]:
    """Return the figures of wrong predictions by what was measured, and by what was recorded; each if there is any."""
    head = ("divided_by", "group", "wrong", "of", *_INTERVAL, "mean_over_trainings", "rest_wrong", "rest_of",
            "stands_out")  # fmt: skip
    groups = (
        ("breakdown", "Wrong predictions by context, label, size and image statistics",
         tuple(one for one in breakdowns if one.name in _MEASURED)),
        ("recorded", "Wrong predictions by recorded attributes",
         tuple(one for one in breakdowns if one.name not in _MEASURED)),
    )  # fmt: skip
    return tuple(
        FigurePanel(
            name,
            title,
            f"Share of wrong predictions with intervals by {listed([one.title for one in shown])}. "
            f"{' '.join(one.finding for one in shown if one.finding) or _NO_DIFFERENCE}",
            "Each dot is a group's share of wrong predictions, on its 95 % interval; beside it stands how many are "
            f"wrong. Groups of fewer than {FEW} crops are faint: they allow no conclusion.",
            Breakdowns(shown),
            (head, *((one.name, group.title, *_proportion(group.wrong), group.mean, group.rest.count, group.rest.total,
                      group.stands_out) for one in shown for group in one.groups)),
        )
        for name, title, shown in groups
        if shown
    )  # fmt: skip


def calibration_panel(calibration: Calibration | None) -> FigurePanel | None:
    """Return the reliability diagrams; None if no temperature could be fitted."""
    if calibration is None:
        return None
    before, after = calibration.before, calibration.after
    head = ("panel", "temperature", "lowest_confidence", "highest_confidence", "mean_confidence", "right", "of",
            *_INTERVAL)  # fmt: skip
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
        (head, *((panel, temperature, *one.bounds, one.confidence, *_proportion(one.right))
                 for panel, temperature, reliability in panels for one in reliability.bins)),
    )  # fmt: skip


def scores_table(evaluation: ClassEvaluation) -> Table:
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
    return Table("Scores of each class", columns, tuple(rows), number_columns(columns), shown=40, totals=3)


def levels_table(evaluation: ClassEvaluation, taxonomy: Taxonomy) -> Table | None:
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
    return Table(
        "The same predictions at coarser levels", columns, rows, number_columns(columns),
        note="Wrong within a class: the prediction is wrong, but of the right coarser class.",
    )  # fmt: skip


def breakdown_table(breakdowns: Sequence[Breakdown]) -> Table | None:
    """Return the groups of all breakdowns with counts and intervals; None if there is no breakdown."""
    if not breakdowns:
        return None
    columns = ("Divided by", "Group", "Wrong", "Of", "Share wrong", "95 % interval", "Mean of all trainings")
    rows = tuple(
        (breakdown.title, group.title, f"{group.wrong.count:,}", f"{group.wrong.total:,}", percent(group.wrong.share),
         interval(group.wrong), percent(group.mean))
        for breakdown in breakdowns
        for group in breakdown.groups
    )  # fmt: skip
    found = " ".join(breakdown.finding for breakdown in breakdowns if breakdown.finding)
    return Table(
        "Wrong predictions by group", columns, rows, number_columns(columns, 2), shown=12,
        note=f"{found or _NO_DIFFERENCE} A group is named only if its interval and that of all other crops do not "
        f"overlap, and it has at least {FEW} crops; of {len(rows):,} groups one may do so by chance.",
    )  # fmt: skip


def hardest_table(evaluation: ClassEvaluation) -> Table | None:
    """Return crops by how many trainings are wrong about them; None for a single training or without wrong ones."""
    repeats, indices = len(evaluation.record.repeats), evaluation.hardest
    if repeats < 2 or not len(indices):
        return None
    wrong_in, given = evaluation.wrong_in, evaluation.agreement
    mostly = mostly_predicted(np.stack([scores.probabilities for scores in evaluation.scores]))
    titles = [category.title for category in evaluation.classes]
    columns = ("Crop", "Screenshot", "True class", "Mostly predicted", f"Wrong of {repeats}", "p(true)")
    rows = tuple(
        (evaluation.items[at].file, evaluation.items[at].screenshot, titles[evaluation.best.y_true[at]],
         titles[mostly[at]], f"{wrong_in[at]}", percent(float(given[at])))
        for at in indices.tolist()
    )  # fmt: skip
    always, once = int((wrong_in == repeats).sum()), int((wrong_in == 1).sum())
    return Table(
        f"Wrong in how many of {repeats} trainings", columns, rows, number_columns(columns, 4), shown=10,
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
        ("95 % interval of it", *(f"{100 * one.interval[0]:.1f}–{100 * one.interval[1]:.1f} %" for one in both)),
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
    return Table(
        "Calibration", columns, rows, number_columns(columns),
        note=f"The temperature was fitted on {counted(calibration.fitted_on, 'validation crop')}; it changes no "
        f"prediction, only its confidence. {kept} {calibration.caveat}".rstrip(),
    )  # fmt: skip


def class_rows(evaluation: ClassEvaluation) -> tuple[ClassRow, ...]:
    """Return the scores of each class that occurs among samples or predictions."""
    matrix = evaluation.best.matrix
    rows = []
    for index, category in enumerate(evaluation.classes):
        right, predicted, true = int(matrix[index, index]), int(matrix[:, index].sum()), int(matrix[index].sum())
        if predicted + true:
            f1 = 2 * right / (predicted + true)
            rows.append(ClassRow(category, Proportion(right, predicted), Proportion(right, true), f1))
    return tuple(rows)


_NO_DIFFERENCE = "No group clearly differs from all others."


def _cases(evaluation: ClassEvaluation, indices: Indices) -> tuple[Case, ...]:
    wrong_in, repeats = evaluation.wrong_in, len(evaluation.record.repeats)
    return tuple(
        Case(
            evaluation.images[at],
            int(evaluation.best.y_true[at]),
            evaluation.best.probabilities[at],
            int(wrong_in[at]),
            repeats,
        )
        for at in indices.tolist()
    )


def _case_rows(evaluation: ClassEvaluation, indices: Indices) -> Rows:
    """Return samples in their order, with their predictions."""
    names, wrong_in, repeats = evaluation.record.classes, evaluation.wrong_in, len(evaluation.record.repeats)
    head = ("rank", "crop", "screenshot", "context", "y_true", "y_pred", "wrong_in", "trainings",
            *(f"p_{name}" for name in names))  # fmt: skip
    rows: list[tuple[object, ...]] = [head]
    for rank, at in enumerate(indices.tolist(), start=1):
        crop, given = evaluation.items[at], evaluation.best.probabilities[at]
        rows.append(
            (rank, crop.file, crop.screenshot, crop.context, names[evaluation.best.y_true[at]], names[given.argmax()],
             int(wrong_in[at]), repeats, *given.tolist())
        )  # fmt: skip
    return tuple(rows)


def _proportion(value: Proportion) -> tuple[object, ...]:
    return value.count, value.total, value.share, *value.interval
