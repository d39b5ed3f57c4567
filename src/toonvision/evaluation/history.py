"""What the runs of a workspace had wrong, as their evaluations have written it down."""

import math
import os
import statistics
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from toonvision.core.errors import RejectedItemError
from toonvision.core.files import parse_json, read_regular
from toonvision.core.wording import number
from toonvision.data.growth import ErrorPoint
from toonvision.evaluation.score_floors import METRIC_TITLES
from toonvision.metrics.intervals import Proportion
from toonvision.training.record import readable_records

METRICS = "metrics.json"
_LARGEST_METRICS = 10_000_000
_DAMAGE = (RejectedItemError, KeyError, IndexError, TypeError, ValueError, OverflowError)
"""What damaged results are refused with, or stumbled over."""


def wrong_on_test(run: Path) -> Mapping[str, Proportion] | None:
    """Return how many test images the best, the median and the worst training of a run had wrong.

    None where it was not evaluated yet, or what was written is damaged.
    """
    try:
        return _wrong(_metrics(run))
    except _DAMAGE:
        return None


def median_and_worst(run: Path) -> tuple[str, str] | None:
    """Return the median and the worst test result of a run: wrong crops, or AP50 or mean IoU where it has screenshots.

    None where it was not evaluated yet, has no such number, or what was written is damaged.
    """
    try:
        return _median_and_worst(_metrics(run))
    except _DAMAGE:
        return None


def results_damage(run: Path) -> str:
    """Return what is wrong with the test results that were written for a run; empty if nothing is, or none were."""
    if not os.path.lexists(run / METRICS):
        return ""
    try:
        _median_and_worst(_metrics(run))
    except RejectedItemError as error:
        return f"{METRICS}: {error.reason}"
    except _DAMAGE:
        return f"{METRICS}: holds no results of an evaluation"
    return ""


def _metrics(run: Path) -> Any:
    return parse_json(read_regular(run / METRICS, limit=_LARGEST_METRICS))


def _wrong(metrics: Any) -> Mapping[str, Proportion]:
    wrong = {name: metrics["wrong"][name] for name in ("best", "median", "worst")}
    return {name: Proportion(_count(one["count"]), int(one["total"])) for name, one in wrong.items()}


def _count(value: Any) -> float:
    """Return a count as it was written: whole, or a median that ends in one half."""
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError(value)
    return value


def _median_and_worst(metrics: Any) -> tuple[str, str] | None:
    wrong, repeats = _wrong(metrics), metrics["repeats"]
    for key, title in METRIC_TITLES.items():
        if key in repeats[0]:
            each = [math.nan if one[key] is None else float(one[key]) for one in repeats]
            found = (statistics.median(each), min(each))
            return (f"{title} {found[0]:.3f}", f"{title} {found[1]:.3f}") if math.isfinite(sum(each)) else None
    return f"{number(wrong['median'].count)} wrong", f"{number(wrong['worst'].count)} wrong"


def errors_so_far(runs: Path) -> list[ErrorPoint]:
    """Return the error of every run that was evaluated, by its time: the median share of wrong test images."""
    found = []
    for folder, record in readable_records(runs):
        wrong = wrong_on_test(folder)
        try:
            when = datetime.fromisoformat(record.started)
        except ValueError:
            continue  # damaged
        if wrong and wrong["median"].total:
            when = when if when.tzinfo else when.replace(tzinfo=UTC)
            found.append(ErrorPoint(when, record.title, wrong["median"].share))
    return found
