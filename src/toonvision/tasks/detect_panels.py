"""Panels of boxes: precision and recall, scores of each class and height, and what was missed or imagined."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from toonvision.core.panels import FigurePanel, Panel, Table, number_columns
from toonvision.core.wording import counted, interval, percent
from toonvision.data.images import Pictures
from toonvision.metrics.detection import Curve, Found, Precision, match
from toonvision.metrics.intervals import Proportion
from toonvision.tasks.box_scores import BoxEvaluated, BoxScores, Outcome, Shown
from toonvision.tasks.classify_panels import ConfusionMatrix
from toonvision.tasks.detect_targets import factors_of
from toonvision.taxonomy.labels import Category

_MOST_SHOWN = 20
_HEIGHTS = (25, 60, 120)
"""Edges of bands of heights in pixels of the input, where small figures become hard to find."""
_NEXT = 1e-3
"""Pixels by which a band ends below the next one's first height."""
_AROUND, _SMALLEST_VIEW = 2.2, 96
"""How much of an image a gallery shows: so many times the box's longer side, in pixels no less than the second."""
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
        title: The heights, in pixels of the screenshot.
        precision: The mean average precision over the classes.
        counts: What is found, of all classes.
    """

    title: str
    precision: Precision
    counts: Found


@dataclass(frozen=True)
class Framed:
    """A box to draw: its edges in pixels of a view, its colour, and whether it was predicted."""

    xyxy: tuple[float, float, float, float]
    color: str
    predicted: bool


@dataclass(frozen=True, eq=False)
class View:
    """A part of a screenshot with boxes.

    Attributes:
        picture: Shape ``(height, width, 3)``, uint8.
        boxes: What is drawn on it.
        title: What it is about.
        note: A line more.
    """

    picture: Pictures
    boxes: tuple[Framed, ...]
    title: str
    note: str


@dataclass(frozen=True, eq=False)
class BoxGallery:
    """At least one view, in the order to show them; all of one shape."""

    views: tuple[View, ...]


def box_panels(evaluation: BoxEvaluated) -> list[Panel]:
    """Return what a report shows of a detector's scores, in order; see `TaskKind.panels`."""
    shown = (
        curves_panel(evaluation), classes_table(evaluation), heights_table(evaluation), confusion_panel(evaluation),
        gallery_panel(evaluation, "missed"), gallery_panel(evaluation, "false alarm"),
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
        "was chosen on validation screenshots.",
        curves,
        (("class", "score", "precision", "recall"), *rows),
    )


def classes_table(evaluation: BoxEvaluated) -> Table:
    """Return the scores of each class, with intervals."""
    best, images = evaluation.best, max(1, len(evaluation.items))
    columns = ("Class", "AP", "AP50", "AP75", "Threshold", "Found", "95 % interval", "Right", "95 % interval",
               "False alarms a screenshot")  # fmt: skip
    rows = [
        (category.title, *_precision_cells(one.precision), f"{one.threshold:.2f}",
         *_found_cells(one.counts), f"{one.counts.false_alarms / images:.2f}")
        for category, one in zip(evaluation.classes, best.by_class, strict=True)
    ]  # fmt: skip
    counts = best.counts
    rows.append(
        ("All", *_precision_cells(best.precision), "", *_found_cells(counts), f"{counts.false_alarms / images:.2f}")
    )
    return Table(
        "Scores of each class", columns, tuple(rows), number_columns(columns), totals=1,
        note="AP: the mean area under the curve of precision over recall at overlaps of 0.5 to 0.95; AP50 and AP75: at "
        "overlaps of 0.5 and 0.75. Found: of the objects, at the threshold. Right: of the predictions.",
    )  # fmt: skip


def heights_table(evaluation: BoxEvaluated) -> Table:
    """Return the scores of objects by their height."""
    columns = ("Height of the object", "Objects", "AP", "AP50", "AP75", "Found", "95 % interval")
    rows = tuple(
        (row.title, f"{row.counts.total:,}", *_precision_cells(row.precision), *_found_cells(row.counts)[:2])
        for row in height_rows(evaluation)
    )
    return Table(
        "Scores by height", columns, rows, number_columns(columns),
        note="Heights in pixels of the screenshot. Objects of other heights neither reward nor punish.",
    )  # fmt: skip


def height_rows(evaluation: BoxEvaluated) -> tuple[HeightRow, ...]:
    """Return how good boxes are in bands of heights: below 25, 60 and 120 pixels of the input, and above."""
    best = evaluation.best
    factor = float(np.median(factors_of(evaluation.frames, evaluation.images.shape[1:3]))) if best.truth.images else 1
    edges = [0.0, *(factor * edge for edge in _HEIGHTS), math.inf]
    rows = []
    for low, high in pairwise(edges):
        found = [
            match(best.truth, best.predictions, label=label, heights=(low, high - _NEXT))
            for label in range(len(best.classes))
        ]
        listed = [one.at(threshold) for one, threshold in zip(found, best.thresholds, strict=True)]
        counts = Found(*(sum(getattr(one, name) for one in listed) for name in ("total", "found", "false_alarms")))
        title = f"{low:.0f} px and more" if math.isinf(high) else f"{low:.0f} to {high:.0f} px"
        if counts.total:
            rows.append(
                HeightRow(title, Precision.mean([Precision.of(one.average_precisions) for one in found]), counts)
            )
    return tuple(rows)


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


def gallery_panel(evaluation: BoxEvaluated, outcome: Outcome) -> FigurePanel | None:
    """Return the tallest missed objects, or the most confident false alarms; None if there are none."""
    best = evaluation.best
    order: dict[Outcome, Callable[[Shown], float]] = {
        "missed": lambda one: -_tall(best, one),
        "false alarm": lambda one: -float(best.taken.scores[one.prediction or 0]),
    }
    listed = sorted((one for one in best.outcomes if one.outcome == outcome), key=order[outcome])
    if not listed:
        return None
    shown = listed[:_MOST_SHOWN]
    title, which = {
        "missed": ("Missed objects", "the tallest"),
        "false alarm": ("False alarms", "the most confident"),
    }[outcome]
    views = tuple(_view(evaluation, one) for one in shown)
    rows = tuple(
        (rank, evaluation.items[one.image].screenshot, view.title, view.note, *map(float, _box(best, one)))
        for rank, (one, view) in enumerate(zip(shown, views, strict=True), start=1)
    )
    return FigurePanel(
        "missed" if outcome == "missed" else "false-alarms",
        f"{title}: {which} of {len(listed):,}" if len(shown) < len(listed) else f"{title}: all {len(listed):,}",
        f"Parts of screenshots with {counted(len(shown), title.lower().rstrip('s'))}.",
        "Solid: true boxes. Dashed: predicted ones. The colours are those of the classes.",
        BoxGallery(views),
        (("rank", "screenshot", "what", "note", "x_min", "y_min", "x_max", "y_max"), *rows),
    )


def _box(scores: BoxScores, one: Shown) -> npt.NDArray[np.float32]:
    """Return the box that an outcome is about, in pixels of its screenshot."""
    if one.prediction is None or scores.taken.boxes is None:
        box: npt.NDArray[np.float32] = scores.truth.boxes[one.truth or 0]
    else:
        box = scores.taken.boxes[one.prediction]
    return box


def _tall(scores: BoxScores, one: Shown) -> float:
    box = _box(scores, one)
    return float(box[3] - box[1])


def _view(evaluation: BoxEvaluated, one: Shown) -> View:
    """Cut a square around a box out of what the network saw, with all boxes that reach into it."""
    best, image = evaluation.best, evaluation.images[one.image]
    factor = factors_of([evaluation.frames[one.image]], image.shape[:2])[0]
    box = _box(best, one) / factor
    side = int(min(max(_AROUND * max(box[2:] - box[:2]), _SMALLEST_VIEW), *image.shape[:2]))
    low = [
        int(np.clip((box[at] + box[at + 2] - side) / 2, 0, most - side))
        for at, most in ((0, image.shape[1]), (1, image.shape[0]))
    ]
    offset = np.array([*low, *low], np.float32)
    boxes = []
    for predicted, given, labels, images in (
        (False, best.truth.boxes, best.truth.labels, best.truth.image),
        (True, best.taken.boxes, best.taken.labels, best.taken.image),
    ):
        if given is not None:
            for at in np.flatnonzero(images == one.image):
                edges = np.clip(given[at] / factor - offset, 0, side - 1)
                if edges[2] > edges[0] and edges[3] > edges[1]:
                    left, top, right, bottom = (float(edge) for edge in edges)
                    color = evaluation.classes[labels[at]].color
                    boxes.append(Framed((left, top, right, bottom), color, predicted))
    picture = np.asarray(image[low[1] : low[1] + side, low[0] : low[0] + side])
    return View(picture, tuple(boxes), *_words(evaluation, one))


def _words(evaluation: BoxEvaluated, one: Shown) -> tuple[str, str]:
    best = evaluation.best
    tall = f"{_tall(best, one):.0f} px high"
    if one.prediction is None:
        return evaluation.classes[best.truth.labels[one.truth or 0]].title, tall
    title = evaluation.classes[best.taken.labels[one.prediction]].title
    return title, f"{100 * best.taken.scores[one.prediction]:.0f} %, {tall}"


def _precision_cells(precision: Precision) -> tuple[str, str, str]:
    return _share(precision.ap), _share(precision.ap50), _share(precision.ap75)


def _found_cells(counts: Found) -> tuple[str, str, str, str]:
    recall, right = Proportion(counts.found, counts.total), Proportion(counts.found, counts.found + counts.false_alarms)
    cells: list[str] = []
    for one in (recall, right):
        cells += [percent(one.share), interval(one)] if one.total else ["–", ""]
    return cells[0], cells[1], cells[2], cells[3]


def _share(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"
