"""The values that each figure shows, as rows."""

from collections.abc import Sequence

import numpy as np

from toonvision.data.balance import Balance, CountTable
from toonvision.evaluation.breakdown import Breakdown
from toonvision.evaluation.evaluate import Evaluation
from toonvision.explain.cam import ClassMaps
from toonvision.figures.curves import Curve
from toonvision.metrics.calibration import Calibration
from toonvision.metrics.classification import Indices
from toonvision.metrics.intervals import Proportion
from toonvision.report.contents import SuspectLabels, class_rows
from toonvision.report.figure_files import Data
from toonvision.studies.contexts import ContextStudy, contexts_rows
from toonvision.studies.curve import LearningCurve, curve_rows
from toonvision.studies.stress import StressTest, stress_rows
from toonvision.studies.suspects import suspects_rows

_INTERVAL = ("share", "interval_low", "interval_high")


def balance_data(tables: Sequence[CountTable]) -> Data:
    """Give samples a level, class and context."""
    return Data(("level", "class", "context", "samples"), tuple(row for table in tables for row in _counts(table)))


def shortages_data(balance: Balance) -> Data:
    """Give what is missing where."""
    columns = ("label", "context", "samples", "missing", "samples_everywhere", "missing_everywhere")
    return Data(
        columns,
        tuple((s.label.name, s.context.name, s.count, s.missing, s.label_count, s.label_missing)
              for s in balance.shortages),
    )  # fmt: skip


def split_data(table: CountTable) -> Data:
    """Give samples a class and part."""
    return Data(("level", "class", "part", "samples"), tuple(_counts(table)))


def curves_data(curves: Sequence[Curve]) -> Data:
    """Give all measures of each epoch of each training."""
    names = tuple(dict.fromkeys(name for curve in curves for epoch in curve.epochs for name in epoch))
    return Data(
        ("seed", "kept_training", "epoch", "kept_epoch", *names),
        tuple(
            (curve.seed, int(curve.chosen), number, int(number == curve.best_epoch),
             *(epoch.get(name, "") for name in names))
            for curve in curves
            for number, epoch in enumerate(curve.epochs, start=1)
        ),
    )  # fmt: skip


def spread_data(evaluation: Evaluation) -> Data:
    """Give wrong predictions of each training, and how many pictures are wrong in how many trainings."""
    spread, total = evaluation.spread, len(evaluation.probabilities)
    by_seed = [
        ("training", repeat.seed, *_proportion(Proportion(wrong, spread.total)))
        for repeat, wrong in zip(evaluation.record.repeats, spread.wrong, strict=True)
    ]
    counts = np.bincount(evaluation.wrong_in, minlength=total + 1).tolist()
    by_times = [("wrong in so many", k, *_proportion(Proportion(n, spread.total))) for k, n in enumerate(counts)]
    return Data(("panel", "seed_or_times", "pictures", "of", *_INTERVAL), (*by_seed, *by_times))


def scores_data(evaluation: Evaluation) -> Data:
    """Give precision, recall and F1 of each class, with what the shares were counted from."""
    columns = ("class", *(f"{name}_{what}" for name in ("precision", "recall")
                          for what in ("count", "of", *_INTERVAL)), "f1")  # fmt: skip
    rows = [(row.category.name, *_proportion(row.precision), *_proportion(row.recall), row.f1)
            for row in class_rows(evaluation)]  # fmt: skip
    return Data(columns, tuple(rows))


def confusion_data(evaluation: Evaluation) -> Data:
    """Give samples a true and predicted class."""
    names = evaluation.class_names
    rows = [(names[row], names[column], int(n)) for (row, column), n in np.ndenumerate(evaluation.matrix)]
    return Data(("actual", "predicted", "samples"), tuple(rows))


def cases_data(evaluation: Evaluation, places: Indices) -> Data:
    """Give pictures in their order, with all that was predicted of them."""
    names, wrong_in, repeats = evaluation.class_names, evaluation.wrong_in, len(evaluation.probabilities)
    columns = ("place", "crop", "screenshot", "context", "actual", "predicted", "wrong_in", "trainings",
               *(f"p_{name}" for name in names))  # fmt: skip
    rows = []
    for number, at in enumerate(places.tolist(), start=1):
        crop, given = evaluation.crops[at], evaluation.own[at]
        rows.append(
            (number, crop.file, crop.screenshot, crop.context, names[evaluation.y_true[at]], names[given.argmax()],
             int(wrong_in[at]), repeats, *given.tolist())
        )  # fmt: skip
    return Data(columns, tuple(rows))


def breakdown_data(breakdowns: Sequence[Breakdown]) -> Data:
    """Give each group of each breakdown with its counts, its interval and its mean over all trainings."""
    columns = ("divided_by", "group", "wrong", "of", *_INTERVAL, "mean_over_trainings", "rest_wrong", "rest_of",
               "stands_out")  # fmt: skip
    rows = [
        (breakdown.name, group.title, *_proportion(group.wrong), group.mean, group.rest.count, group.rest.total,
         group.stands_out)
        for breakdown in breakdowns
        for group in breakdown.groups
    ]  # fmt: skip
    return Data(columns, tuple(rows))


def calibration_data(calibration: Calibration) -> Data:
    """Give the bins of both diagrams."""
    columns = ("panel", "temperature", "lowest_confidence", "highest_confidence", "mean_confidence", "right", "of",
               *_INTERVAL)  # fmt: skip
    panels = (("as trained", 1.0, calibration.before), ("with temperature", calibration.temperature, calibration.after))
    rows = [
        (panel, temperature, *one.bounds, one.confidence, *_proportion(one.right))
        for panel, temperature, reliability in panels
        for one in reliability.bins
    ]
    return Data(columns, tuple(rows))


def contexts_data(study: ContextStudy) -> Data:
    """Give accuracy and macro F1 on each context that was left out, a training each."""
    head, *rows = contexts_rows(study)
    return Data(tuple(map(str, head)), tuple(rows))


def curve_data(curve: LearningCurve) -> Data:
    """Give the error of each training, the fitted line with its interval, and by how much more pictures lower it."""
    head, *rows = curve_rows(curve)
    return Data(tuple(map(str, head)), tuple(rows))


def stress_data(test: StressTest) -> Data:
    """Give right answers under each change, of each training."""
    head, *rows = stress_rows(test)
    return Data(tuple(map(str, head)), tuple(rows))


def suspects_data(suspects: SuspectLabels) -> Data:
    """Give the suspect labels that are shown, with where their screenshots show them."""
    head, *rows = suspects_rows(suspects.standing[: len(suspects.pictures)])
    return Data(tuple(map(str, head)), tuple(rows))


def maps_data(evaluation: Evaluation, places: Indices, maps: ClassMaps, rows: slice) -> Data:
    """Sum up each map: the evidence for and against each class, whose sum is the logit less the bias if exact."""
    columns = ("crop", "actual", "predicted", "class", "probability", "evidence_for", "evidence_against", "bias",
               "exact")  # fmt: skip
    names, found = evaluation.class_names, []
    for at, values in zip(places.tolist(), maps.values[rows], strict=True):
        given = evaluation.own[at]
        found += [
            (evaluation.crops[at].file, names[evaluation.y_true[at]], names[given.argmax()], name, float(given[place]),
             float(np.maximum(one, 0).sum()), float(np.minimum(one, 0).sum()), float(maps.bias[place]),
             int(maps.exact))
            for place, (name, one) in enumerate(zip(names, values, strict=True))
        ]  # fmt: skip
    return Data(columns, tuple(found))


def _proportion(value: Proportion) -> tuple[object, ...]:
    return value.count, value.total, value.share, *value.interval


def _counts(table: CountTable) -> list[tuple[object, ...]]:
    return [
        (table.level.name, category.name, column.name, int(count))
        for category, counts in zip(table.classes, table.counts, strict=True)
        for column, count in zip(table.columns, counts, strict=True)
    ]
