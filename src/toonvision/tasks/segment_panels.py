"""Panels of a run that names pixels: the scores of each class, what is mixed up, and maps beside the true ones."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import ImageColor

from toonvision.core.panels import FigurePanel, Panel, Table, table
from toonvision.core.wording import between, counted, listed, percent
from toonvision.data.images import Pictures
from toonvision.data.pixel_masks import NOT_COUNTED
from toonvision.metrics.bootstrap import Estimate
from toonvision.metrics.classification import Indices
from toonvision.metrics.named_pixels import shown_part
from toonvision.metrics.segmentation import TOLERANCE
from toonvision.tasks.classify_panels import ConfusionMatrix
from toonvision.tasks.pixel_scores import ClassPixels, PixelEvaluated
from toonvision.taxonomy.labels import Category

_MOST_SHOWN = 6
_PAINT = 0.6
"""Share of a class's colour in what is painted over a picture."""
_THOUSAND = 1000


@dataclass(frozen=True)
class PixelRow:
    """The scores of one class."""

    category: Category
    scores: ClassPixels


@dataclass(frozen=True, eq=False)
class MaskView:
    """A screenshot with its true and its predicted classes painted over it.

    Attributes:
        true: With the true classes, shape ``(height, width, 3)``, uint8.
        predicted: The same with the predicted ones.
        note: How much of it is right.
    """

    true: Pictures
    predicted: Pictures
    note: str


@dataclass(frozen=True, eq=False)
class MaskGallery:
    """At least one screenshot, in the order to show them, and the classes whose colours are painted."""

    views: tuple[MaskView, ...]
    classes: tuple[Category, ...]


def pixel_panels(evaluation: PixelEvaluated) -> list[Panel]:
    """Return what a report shows of a segmenter's scores, in order; see `TaskKind.panels`."""
    shown = (
        iou_panel(evaluation), pixels_table(evaluation), confusion_panel(evaluation),
        gallery_panel(evaluation, worst=True), gallery_panel(evaluation, worst=False),
    )  # fmt: skip
    return [panel for panel in shown if panel is not None]


def iou_panel(evaluation: PixelEvaluated) -> FigurePanel | None:
    """Return the figure of the intersection over union of each class; None where no pixel counts."""
    rows = tuple(
        PixelRow(category, scores)
        for category, scores in zip(evaluation.classes, evaluation.best.by_class, strict=True)
        if not np.isnan(scores.iou.value)
    )
    if not rows:
        return None
    named = listed([f"{row.category.title} {row.scores.iou.value:.2f}" for row in rows])
    head = ("class", "share", *(f"{name}{end}" for name in ("iou", "boundary_f1") for end in ("", "_low", "_high")))
    return FigurePanel(
        "iou",
        "Intersection over union of each class",
        f"Scores of the pixels of each class with intervals. Intersection over union: {named}.",
        "Of the pixels that are of a class or are taken for it, those that are both. The lines are 95 % intervals over "
        f"screenshots. Boundaries count as right up to {TOLERANCE} pixels of the input beside the true ones.",
        rows,
        (head, *((row.category.name, row.scores.share, *_numbers(row.scores.iou), *_numbers(row.scores.boundary_f1))
                 for row in rows)),
    )  # fmt: skip


def pixels_table(evaluation: PixelEvaluated) -> Table:
    """Return the scores of each class, with intervals."""
    best = evaluation.best
    columns = ("Class", "Share of pixels", "IoU", "95 % interval", "Boundary F1", "95 % interval")
    rows = [
        (category.title, percent(one.share), *_cells(one.iou), *_cells(one.boundary_f1))
        for category, one in zip(evaluation.classes, best.by_class, strict=True)
    ]
    rows.append(("Mean", "", *_cells(best.mean_iou), *_cells(best.mean_boundary_f1)))
    return table(
        "Scores of each class of pixel", columns, rows, totals=1,
        note="IoU: intersection over union, over all pixels of all screenshots. A class that the masks do not show has "
        "none, and is not in the mean.",
    )  # fmt: skip


def confusion_panel(evaluation: PixelEvaluated) -> FigurePanel:
    """Return the figure of the classes that pixels are taken for."""
    names, matrix = evaluation.best.classes, evaluation.best.confusion
    return FigurePanel(
        "confusion",
        "Which classes are mixed up, in thousands of pixels",
        f"Confusion matrix of {counted(len(names), 'class', 'classes')} of pixels; "
        f"{percent(evaluation.best.right.value)} are right.",
        "Rows are true classes, columns predictions, in thousands of pixels of the input; less than half of one is not "
        "shown. Blue shows the share of its row, red that of the largest number.",
        ConfusionMatrix(np.rint(matrix / _THOUSAND).astype(np.int64), evaluation.classes),
        (("y_true", "y_pred", "pixels"), *((names[r], names[c], int(n)) for (r, c), n in np.ndenumerate(matrix))),
    )


def gallery_panel(evaluation: PixelEvaluated, *, worst: bool) -> FigurePanel | None:
    """Return the screenshots of which the least is right, or the most; None where there are none (left)."""
    best = evaluation.best
    order = np.argsort(best.agreement, kind="stable")
    half = min(_MOST_SHOWN, (len(order) + worst) // 2)  # no screenshot is shown twice
    chosen = order[:half] if worst else order[len(order) - half :][::-1]
    if not half:
        return None
    which = "least" if worst else "most"
    return FigurePanel(
        "worst-masks" if worst else "best-masks",
        f"The screenshots of which the {which} is right",
        f"{counted(half, 'screenshot')} with true and predicted classes of pixels.",
        "Left the true classes, right the predicted ones, painted over the screenshot. What is "
        "not painted does not count.",
        MaskGallery(tuple(_view(evaluation, at) for at in chosen.tolist()), evaluation.classes),
        (("rank", "screenshot", "right"), *_ranked(evaluation, chosen)),
    )


def painted(picture: Pictures, pixels: npt.NDArray[np.uint8], colors: list[str]) -> Pictures:
    """Return a picture with the colours of classes painted over it.

    Args:
        picture: Shape ``(height, width, 3)``.
        pixels: The class of each pixel, of the same height and width; other values are not painted.
        colors: ``#rrggbb`` of each class.
    """
    paints, opacity = np.zeros((256, 3), np.float32), np.zeros((256, 1), np.float32)
    paints[: len(colors)] = [ImageColor.getrgb(color) for color in colors]
    opacity[: len(colors)] = _PAINT
    return (picture * (1 - opacity[pixels]) + paints[pixels] * opacity[pixels]).astype(np.uint8)


def _view(evaluation: PixelEvaluated, at: int) -> MaskView:
    best, picture = evaluation.best, np.asarray(evaluation.images[at])
    colors = [category.color for category in evaluation.classes]
    size_wh = evaluation.frames[at].shot.size_wh
    picture, true, found = (shown_part(one, size_wh) for one in (picture, best.truth[at], best.predicted[at]))
    predicted = np.where(true == NOT_COUNTED, true, found)
    note = f"{percent(float(best.agreement[at]))} right"
    return MaskView(painted(picture, true, colors), painted(picture, predicted, colors), note)


def _ranked(evaluation: PixelEvaluated, chosen: Indices) -> list[tuple[int, str, float]]:
    return [
        (rank, evaluation.items[at].screenshot, float(evaluation.best.agreement[at]))
        for rank, at in enumerate(chosen.tolist(), start=1)
    ]


def _numbers(one: Estimate) -> tuple[float, float, float]:
    return one.value, one.low, one.high


def _cells(one: Estimate) -> tuple[str, str]:
    if np.isnan(one.value):
        return "–", ""
    return f"{one.value:.3f}", between(one.low, one.high)
