"""Panels of boxes: precision and recall, scores of each class and height, how well they are placed, what is wrong."""

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np

from toonvision.core.panels import FigurePanel, Panel, Table, table
from toonvision.core.wording import between, counted, interval, percent
from toonvision.metrics.detection import Curve, Found, Precision, match
from toonvision.metrics.localization import EDGES
from toonvision.tasks.box_outcomes import CAUSES, HeightBand, cause, height_bands
from toonvision.tasks.box_scores import DEFAULT_THRESHOLD, BoxEvaluated, Interval, Outcome
from toonvision.tasks.box_views import gallery_panel
from toonvision.tasks.classify_panels import ConfusionMatrix
from toonvision.taxonomy.labels import Category, Taxonomy

_NEXT = 1e-3
"""Pixels by which a band ends below the next one's first height."""
NOTHING = Category("nothing", "nothing", "#8A919C")


@dataclass(frozen=True, eq=False)
class ClassCurve:
    """Precision over recall of one class, and the threshold of confidence that was chosen."""

    category: Category
    curve: Curve
    threshold: float
    at_threshold: Found


@dataclass(frozen=True)
class HeightRow:
    """How good boxes of some heights are.

    Attributes:
        band: The heights.
        precision: The mean average precision over the classes.
        counts: What is found, of all classes.
    """

    band: HeightBand
    precision: Precision
    counts: Found


def box_panels(evaluation: BoxEvaluated, taxonomy: Taxonomy) -> list[Panel]:
    """Return what a report shows of a detector's scores, in order; see `TaskKind.panels`."""
    shown = (
        curves_panel(evaluation), classes_table(evaluation), heights_table(evaluation), placement_table(evaluation),
        causes_table(evaluation), confusion_panel(evaluation), gallery_panel(evaluation, taxonomy, "missed"),
        gallery_panel(evaluation, taxonomy, "false alarm"),
    )  # fmt: skip
    return [panel for panel in shown if panel is not None]


def curves_panel(evaluation: BoxEvaluated) -> FigurePanel:
    """Return the figure of precision over recall of each class."""
    best = evaluation.best
    curves = tuple(
        ClassCurve(category, matches.curve, one.threshold, one.counts)
        for category, matches, one in zip(evaluation.classes, best.matches, best.by_class, strict=True)
    )
    listed = ", ".join(
        f"{category.title} {_share(one.precision.ap50)}"
        for category, one in zip(evaluation.classes, best.by_class, strict=True)
    )
    rows = [
        (one.category.name, float(score), float(precision), float(recall))
        for one in curves
        for score, precision, recall in zip(one.curve.scores, one.curve.precision, one.curve.recall, strict=True)
    ]
    return FigurePanel(
        "precision-recall",
        "Precision and recall at every threshold",
        f"Curves of precision over recall. AP50: {listed}.",
        "A box counts as right if it overlaps an object of its class by half or more. The dot is the threshold that "
        f"was chosen on validation screenshots; {DEFAULT_THRESHOLD:.2f} where these were learned from, or show nothing "
        "of the class.",
        curves,
        (("class", "score", "precision", "recall"), *rows),
    )


def classes_table(evaluation: BoxEvaluated) -> Table:
    """Return the scores of each class, with intervals."""
    best, images = evaluation.best, max(1, len(evaluation.items))
    columns = ("Class", "AP", "95 %", "AP50", "95 %", "AP75", "Threshold", "Found", "95 %", "Right",
               "False alarms")  # fmt: skip
    *each, mean = best.intervals
    rows = [
        (category.title, *_interval_cells(one.precision, own), f"{one.threshold:.2f}",
         *_found_cells(one.counts)[:3], f"{one.counts.false_alarms / images:.2f}")
        for category, one, own in zip(evaluation.classes, best.by_class, each, strict=True)
    ]  # fmt: skip
    counts = best.counts
    rows.append(
        ("All", *_interval_cells(best.precision, mean), "", *_found_cells(counts)[:3],
         f"{counts.false_alarms / images:.2f}")
    )  # fmt: skip
    return table(
        "Scores of each class", columns, rows, totals=1,
        note="AP: the mean area under the curve of precision over recall at overlaps of 0.5 to 0.95; AP50 and AP75: at "
        "overlaps of 0.5 and 0.75; their intervals are over screenshots. Found: of the objects, at the threshold. "
        "Right: of the predictions. False alarms: for each screenshot.",
    )  # fmt: skip


def heights_table(evaluation: BoxEvaluated) -> Table:
    """Return the scores of objects by their height."""
    listed, images = height_rows(evaluation), max(1, len(evaluation.items))
    shrunk = any(row.band.at_input != row.band.title for row in listed)
    columns = ("Height of the object", *["At the input"] * shrunk, "Objects", "AP", "AP50", "AP75", "Found",
               "95 % interval", "False alarms")  # fmt: skip
    rows = tuple(
        (row.band.title, *[row.band.at_input] * shrunk, f"{row.counts.total:,}", *_precision_cells(row.precision),
         *_found_cells(row.counts)[:2], f"{row.counts.false_alarms / images:.2f}")
        for row in listed
    )  # fmt: skip
    at_input = ", and of the network's input, to which screenshots are shrunk" * shrunk
    return table(
        "Scores by height", columns, rows, names=1 + shrunk,
        note=f"Heights in pixels of the screenshot{at_input}. "
        "Objects of other heights neither reward nor punish. False alarms of that height: for each screenshot.",
    )  # fmt: skip


def height_rows(evaluation: BoxEvaluated) -> tuple[HeightRow, ...]:
    """Return how good boxes are in each band of heights that has an object."""
    best = evaluation.best
    rows = []
    for band in height_bands(evaluation):
        found = [
            match(best.truth, best.predictions, label=label, heights=(band.low, band.high - _NEXT))
            for label in range(len(best.classes))
        ]
        counts = Found.together([one.at(least) for one, least in zip(found, best.thresholds, strict=True)])
        if counts.total:
            rows.append(
                HeightRow(band, Precision.mean([Precision.of(one.average_precisions) for one in found]), counts)
            )
    return tuple(rows)


def placement_table(evaluation: BoxEvaluated) -> Table | None:
    """Return how well the boxes of found objects are placed, by their height; None if nothing is found."""
    placed = evaluation.best.placement
    columns = ("Height of the object", "Found", "Overlap: median", "95 % reach",
               *(name.capitalize() for name in (*EDGES, "height")))  # fmt: skip
    listed = [(band.title, placed.within(band.low, band.high).summary()) for band in height_bands(evaluation)]
    rows = tuple(
        (title, f"{one.boxes:,}", f"{one.overlap:.2f}", f"{one.overlap_95:.2f}",
         *(f"{_shift(middle)} ({most:.0f})" for middle, most in zip(one.shift, one.shift_95, strict=True)))
        for title, one in (*listed, ("All", placed.summary()))
        if one is not None
    )  # fmt: skip
    if not rows:
        return None
    return table(
        "How well boxes are placed", columns, rows, totals=1,
        note="Of found objects. Overlap: intersection over union, its median and what 95 % of the boxes reach. Edges "
        "and height: the median shift in pixels of the screenshot, right and down being positive, and in brackets how "
        "far 95 % are off at most.",
    )  # fmt: skip


def _shift(pixels: float) -> str:
    """Return whole pixels with their sign, which 0 has not."""
    return f"{whole:+d}" if (whole := round(pixels)) else "0"


def causes_table(evaluation: BoxEvaluated) -> Table | None:
    """Return why objects are missed and alarms are false; None if nothing is wrong."""
    best = evaluation.best
    titles: dict[Outcome, str] = {"missed": "Missed objects", "false alarm": "False alarms"}
    rows: list[tuple[str, ...]] = []
    for outcome, title in titles.items():
        found = Counter(cause(best, one) for one in best.outcomes if one.outcome == outcome)
        total = sum(found.values())
        rows += [(title, name, f"{found[name]:,}", percent(found[name] / total))
                 for name in CAUSES[outcome] if found[name]]  # fmt: skip
    if not rows:
        return None
    columns = ("What", "Why", "Boxes", "Share")
    return table(
        "Why objects are missed and alarms are false", columns, rows, names=2,
        note="The first that holds. Another class: a box of that overlaps by half or more. Badly placed: by a tenth or "
        "more. Not sure enough: such a box is there, below the threshold.",
    )  # fmt: skip


def confusion_panel(evaluation: BoxEvaluated) -> FigurePanel:
    """Return the figure of the classes of boxes that match, whatever these are."""
    names, matrix = (*evaluation.best.classes, NOTHING.name), evaluation.best.confusion
    mixed = int(matrix[:-1, :-1].sum() - np.trace(matrix[:-1, :-1]))
    return FigurePanel(
        "confusion",
        "Which classes are mixed up",
        f"Confusion matrix of matching boxes; {counted(mixed, 'box', 'boxes')} of another class.",
        "Boxes that overlap by half or more, whatever their classes, at the chosen thresholds. Predicted as nothing: "
        "missed. Truly nothing: a false alarm.",
        ConfusionMatrix(matrix, (*evaluation.classes, NOTHING)),
        (("y_true", "y_pred", "boxes"), *((names[r], names[c], int(n)) for (r, c), n in np.ndenumerate(matrix))),
    )


def _precision_cells(precision: Precision) -> tuple[str, str, str]:
    return _share(precision.ap), _share(precision.ap50), _share(precision.ap75)


def _interval_cells(precision: Precision, interval: Interval) -> tuple[str, ...]:
    ap, ap50 = ("" if math.isnan(one.low) else between(one.low, one.high) for one in (interval.ap, interval.ap50))
    return _share(precision.ap), ap, _share(precision.ap50), ap50, _share(precision.ap75)


def _found_cells(counts: Found) -> tuple[str, str, str, str]:
    cells: list[str] = []
    for one in (counts.recall, counts.right):
        cells += [percent(one.share), interval(one)] if one.total else ["–", ""]
    return cells[0], cells[1], cells[2], cells[3]


def _share(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"
