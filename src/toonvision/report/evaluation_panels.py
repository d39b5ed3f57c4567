"""Panels of a run's evaluation: the spread over trainings, scores of each class, images, breakdowns, calibration."""

from collections.abc import Sequence

import numpy as np

from toonvision.core.panels import FigurePanel, Table, number_columns
from toonvision.core.wording import interval, listed, percent
from toonvision.evaluation.breakdown import FEW, Breakdown
from toonvision.evaluation.evaluate import ClassEvaluation
from toonvision.figures.values import (
    Breakdowns,
    TrainingSpread,
)
from toonvision.metrics.intervals import Proportion

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


_NO_DIFFERENCE = "No group clearly differs from all others."


def _proportion(value: Proportion) -> tuple[object, ...]:
    return value.count, value.total, value.share, *value.interval
