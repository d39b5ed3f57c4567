"""Confusion matrices."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure

from toonvision.figures.style import FAINT, INK, MUTED, WIDTH, new_figure, shorten, styled, write_inside
from toonvision.metrics.classification import wrong_only
from toonvision.tasks.classify_panels import ConfusionMatrix
from toonvision.taxonomy.labels import Category

_MOST_BESIDE = 14
_BLUES = LinearSegmentedColormap.from_list("right", ["#EAF2FA", "#7FB2DB", "#1F6FB2", "#08386B"])
_REDS = LinearSegmentedColormap.from_list("wrong", ["#FDE7DC", "#F4A582", "#CB3E36", "#6B0F1E"])


@styled
def draw_confusion(confusion: ConfusionMatrix) -> Figure:
    """Draw the whole matrix, and beside it (for many classes below it) the wrong predictions on their own scale."""
    matrix, classes = confusion.matrix, confusion.classes
    count = len(classes)
    beside = count <= _MOST_BESIDE
    side = min(WIDTH / 2, 3.4 + 0.3 * count) if beside else 9.2
    figure = new_figure(*((2 * side, 0.93 * side) if beside else (side, 1.9 * side)))
    upper, lower = figure.subplots(1, 2) if beside else figure.subplots(2, 1)
    wrong = wrong_only(matrix)
    draw_matrix(upper, matrix, classes, title="All predictions", scale=_BLUES, by_row=True)
    draw_matrix(lower, wrong, classes, title=f"Wrong predictions: {int(wrong.sum()):,}", scale=_REDS, by_row=False)
    return figure


@styled
def draw_matrix(
    ax: Axes,
    matrix: npt.NDArray[np.int64],
    classes: Sequence[Category],
    *,
    title: str,
    scale: Colormap = _BLUES,
    by_row: bool = True,
) -> Axes:
    """Draw one matrix with its counts; cells of 0 stay empty.

    Args:
        ax: Where to draw.
        matrix: Shape ``(classes, classes)``: rows are true, columns predicted.
        classes: The classes, in that order.
        title: What the panel shows.
        scale: Colours from few to many.
        by_row: Shade a cell by its share of its row; otherwise by its share of the largest cell.
    """
    whole = np.maximum(1, matrix.sum(axis=1, keepdims=True) if by_row else matrix.max(initial=0))
    shares = np.where(matrix > 0, matrix / whole, np.nan)
    ax.imshow(shares, cmap=scale, vmin=0, vmax=1)
    count = len(classes)
    size = 13 if count <= 4 else 11 if count <= 6 else 8 if count <= _MOST_BESIDE else 7
    for (row, column), value in np.ndenumerate(matrix):
        if value:
            ink = "#FFFFFF" if shares[row, column] > 0.5 else INK
            write_inside(ax, column, row, f"{value:,}", fontsize=size, color=ink)
    titles = [shorten(category.title, 20) for category in classes]
    longest = max(map(len, titles), default=0)
    small = 9.5 if count <= 8 else 7.5
    turned = longest * small * 0.6 > 280 / max(1, count)
    ax.set_xticks(range(count), titles, rotation=(90 if count > 8 else 35) if turned else 0, fontsize=small)
    if turned and count <= 8:
        for tick in ax.get_xticklabels():
            tick.set_horizontalalignment("right")
            tick.set_rotation_mode("anchor")
    ax.set_yticks(range(count), titles, fontsize=small)
    ax.set_xticks(np.arange(count + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(count + 1) - 0.5, minor=True)
    ax.grid(visible=True, which="minor", color=FAINT, linewidth=0.8)
    ax.tick_params(which="both", length=0)
    for spine in ax.spines.values():
        spine.set(visible=True, color=FAINT)
    ax.set_xlabel("Predicted class", color=MUTED)
    ax.set_ylabel("True class", color=MUTED)
    ax.set_title(title)
    return ax
