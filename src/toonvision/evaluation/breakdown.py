"""Breakdowns: the error rates of groups of crops: by context, label, size, sharpness, and attributes.

Every group has its count and its interval. A difference is reported only if the interval of a group and that of all
other crops do not overlap.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from toonvision.core.wording import interval, percent
from toonvision.data.outliers import ImageStatistics
from toonvision.evaluation.evaluate import Evaluation
from toonvision.metrics.intervals import Proportion
from toonvision.tasks.base import Cases
from toonvision.tasks.registry import kind_of
from toonvision.taxonomy.labels import LABEL_LEVEL, Category, Taxonomy

FEW = 10
"""Groups of fewer crops are drawn faint and never reported as different."""

_MOST_VALUES = 12
_HEIGHT_BANDS, _ATTRIBUTE_BANDS, _THIRDS = 5, 4, 3


@dataclass(frozen=True)
class Group:
    """Crops that have something in common.

    Attributes:
        title: What they have in common.
        wrong: Wrong predictions of the run's best model.
        mean: Mean error rate over all repeats, 0 to 1.
        rest: Wrong predictions of the best model for all other crops.
    """

    title: str
    wrong: Proportion
    mean: float
    rest: Proportion

    @property
    def few(self) -> bool:
        """Whether there are too few crops for a conclusion."""
        return self.wrong.total < FEW

    @property
    def stands_out(self) -> int:
        """1 if the error rate is clearly higher than that of all others, -1 if clearly lower, else 0."""
        if self.few or self.rest.total < FEW:
            return 0
        (low, high), (rest_low, rest_high) = self.wrong.interval, self.rest.interval
        return int(low > rest_high) - int(high < rest_low)


@dataclass(frozen=True)
class Breakdown:
    """All crops, grouped by one property.

    Attributes:
        name: A short name that can be part of a file's name.
        title: The property.
        groups: The groups, in the order in which to show them; none is empty.
        repeats: Number of trainings of the means.
        outcome: What became of those that are counted: wrong, or missed.
        things: What the groups are groups of: crops, or objects.
    """

    name: str
    title: str
    groups: tuple[Group, ...]
    repeats: int
    outcome: str = "wrong"
    things: str = "crops"

    @property
    def finding(self) -> str:
        """The groups that clearly stand out, in one sentence; empty if none does."""
        return " ".join(filter(None, (self._sentence(1, "more"), self._sentence(-1, "less"))))

    def _sentence(self, side: int, word: str) -> str:
        found = [group for group in self.groups if group.stands_out == side]
        if not found:
            return ""
        named = "; ".join(f"{group.title} ({self._rate(group.wrong)}; all others {self._rate(group.rest)})"
                          for group in found)  # fmt: skip
        return f"{self.title}: clearly {word} often {self.outcome}: {named}."

    def _rate(self, wrong: Proportion) -> str:
        return f"{wrong.count:,} of {wrong.total:,} {self.outcome}, {percent(wrong.share)}, interval {interval(wrong)}"


def break_down(
    evaluation: Evaluation[Any], taxonomy: Taxonomy, image_statistics: Sequence[ImageStatistics] = ()
) -> tuple[Breakdown, ...]:
    """Return the breakdowns of an evaluation's objects by each of their properties that makes more than one group.

    These are context, label, height, what disturbs the view where that is known, sharpness and brightness if they were
    measured, and each recorded attribute.

    Args:
        evaluation: The evaluation.
        taxonomy: Has the titles and colours of contexts and labels.
        image_statistics: How bright and how sharp each object's crop is, in its original size, since resizing would
            blur small ones; empty if that was not measured.
    """
    kind = kind_of(evaluation.record.as_task)
    cases = kind.cases(evaluation)
    crops, count = cases.crops, _Counter(cases)
    thing = "crop" if kind.unit == "crop" else "object"
    labels = taxonomy.level(LABEL_LEVEL).by_name
    heights = np.array([crop.box.y_max - crop.box.y_min for crop in crops], dtype=np.float64)
    found = [
        count.by_category("context", "Context", [taxonomy.context(crop.context) for crop in crops]),
        count.by_category("label", "Label", [labels.get(crop.label, _plain(crop.label)) for crop in crops]),
        count.by_band("height", f"Height of the {thing}", heights, "px", _HEIGHT_BANDS),
    ]
    if cases.disturbances:
        found.append(count.by_value("disturbance", "What disturbs the view", cases.disturbances))
    if image_statistics:
        sharpness, brightness = np.array([(one.sharpness, one.brightness) for one in image_statistics]).T
        found += [
            count.by_band("sharpness", "Sharpness (variance of edges over that of greys)", sharpness, "", _THIRDS),
            count.by_band("brightness", "Brightness (mean grey level, 0 to 255)", brightness, "", _THIRDS),
        ]
    names = sorted({name for crop in crops for name in crop.attributes})
    found += [_by_attribute(count, name, [crop.attributes.get(name) for crop in crops]) for name in names]
    outcome = "wrong" if thing == "crop" else "missed"
    return tuple(replace(one, outcome=outcome, things=f"{thing}s") for one in found if len(one.groups) > 1)


def bands(values: npt.NDArray[np.float64], most: int) -> list[float]:
    """Return edges between bands with similar counts.

    Returns:
        Ascending edges, at most ``most - 1``; a value equal to an edge belongs to the band above it. No band is empty,
        so that there are fewer bands if one value is very frequent.

    Examples:
        >>> bands(np.arange(12.0), 3)
        [4.0, 8.0]
        >>> bands(np.array([0.0] * 10 + [1.0, 2.0]), 3)
        [1.0]
    """
    ordered = np.sort(values)
    quantiles = [float(ordered[len(ordered) * number // most]) for number in range(1, most)] if len(values) else []
    edges = sorted({edge for edge in quantiles if edge > ordered[0]})
    if not edges and len(values) and ordered[-1] > ordered[0]:
        # Nearly all values are equal: they are one band, all larger ones the other.
        edges = [float(ordered[ordered > ordered[0]][0])]
    return edges


class _Counter:
    """Counts wrong predictions of groups of one evaluation."""

    def __init__(self, cases: Cases) -> None:
        self._wrong = cases.wrong[cases.best_index]
        self._share = cases.wrong.mean(axis=0)
        self._repeats = len(cases.wrong)

    def by_category(self, name: str, title: str, categories: Sequence[Category]) -> Breakdown:
        """Return the breakdown by class or context, the highest error rate first."""
        names = np.array([category.name for category in categories])
        groups = [self._group(category.title, names == category.name) for category in set(categories)]
        groups.sort(key=lambda group: (-group.wrong.share, -group.wrong.total, group.title))
        return Breakdown(name, title, tuple(groups), self._repeats)

    def by_value(self, name: str, title: str, values: Sequence[str]) -> Breakdown:
        """Return the breakdown by value, the highest error rate first; of very many values the rarest are one group."""
        distinct, counts = np.unique(np.array(values, dtype=object).astype(str), return_counts=True)
        common = set(distinct[np.argsort(-counts, kind="stable")[:_MOST_VALUES]].tolist())
        return self.by_category(name, title, [_plain(value if value in common else "other values") for value in values])

    def by_band(self, name: str, title: str, values: npt.NDArray[np.float64], unit: str, most: int) -> Breakdown:
        """Return the breakdown by bands of a number, the smallest first; unknown values are a group of their own."""
        known = np.isfinite(values)
        edges = bands(values[known], most)
        band = np.digitize(values, edges)
        titles = _band_titles(values[known], edges, unit)
        groups = [self._group(title, known & (band == number)) for number, title in enumerate(titles)]
        if not known.all():
            groups.append(self._group("not recorded", ~known))
        return Breakdown(name, title, tuple(groups), self._repeats)

    def _group(self, title: str, inside: npt.NDArray[np.bool_]) -> Group:
        wrong = self._wrong
        return Group(
            title,
            Proportion(int(wrong[inside].sum()), int(inside.sum())),
            float(self._share[inside].mean()),
            Proportion(int(wrong[~inside].sum()), int((~inside).sum())),
        )


def _by_attribute(count: _Counter, name: str, values: Sequence[str | float | bool | None]) -> Breakdown:
    title = name.replace("_", " ").capitalize()
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(set(numbers)) > _MOST_VALUES / 2 and not any(isinstance(value, str) for value in values):
        known = [np.nan if value is None else float(value) for value in values]
        return count.by_band(name, title, np.array(known), "", _ATTRIBUTE_BANDS)
    return count.by_value(name, title, [_value_title(value) for value in values])


def _value_title(value: str | float | bool | None) -> str:
    if value is None:
        return "not recorded"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else f"{value:g}"


def _plain(name: str) -> Category:
    """Return a category without a title or a colour of its own."""
    return Category(name, name, "")


def _band_titles(values: npt.NDArray[np.float64], edges: Sequence[float], unit: str) -> list[str]:
    """Return names of bands: their smallest and largest values."""
    if not len(values):
        return []
    band = np.digitize(values, edges)
    found = [(values[band == number].min(), values[band == number].max()) for number in range(len(edges) + 1)]
    digits = _digits([edge for pair in found for edge in pair])
    suffix = f" {unit}" if unit else ""
    written = [(f"{low:,.{digits}f}", f"{high:,.{digits}f}") for low, high in found]
    return [f"{low}{suffix}" if low == high else f"{low} to {high}{suffix}" for low, high in written]


def _digits(bounds: Sequence[float]) -> int:
    """Return how many decimals are needed to distinguish bounds."""
    steps = [abs(after - before) for before, after in pairwise(sorted(set(bounds)))]
    if all(float(bound).is_integer() for bound in bounds) or max(bounds, default=0) >= 100:
        return 0
    return 1 if min(steps, default=1) >= 0.05 and max(bounds) >= 10 else 2
