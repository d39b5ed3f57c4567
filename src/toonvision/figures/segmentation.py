"""How good maps of classes are: scores of each class, and maps painted over screenshots beside the true ones."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from toonvision.core.wording import percent
from toonvision.figures import style
from toonvision.figures.style import MUTED, WIDTH, styled
from toonvision.tasks.segment_panels import MaskGallery, PixelRow

_IOU, _BOUNDARY = "#0072B2", "#D55E00"
_COLUMNS, _MOST_NAMED = 4, 10
_KEY, _GAP, _BELOW = 0.4, 0.08, 0.3
"""Inches for the legend, between two pictures, and below each."""


@styled
def draw_iou(rows: tuple[PixelRow, ...]) -> Figure:
    """Draw the scores of all classes in a figure of their own."""
    figure = style.new_figure(0.75 * WIDTH, 1.2 + 0.5 * len(rows))
    draw_class_iou(figure.subplots(), rows)
    handles = [
        style.key("Intersection over union", color=_IOU, marker="o", linewidth=2),
        style.key("F1 of the boundaries", color=_BOUNDARY, marker="s", linewidth=2),
    ]
    style.add_legend(figure, handles)
    return figure


@styled
def draw_class_iou(ax: Axes, rows: Sequence[PixelRow]) -> Axes:
    """Draw a row for each class: intersection over union and boundary F1 as dots on their 95 % intervals."""
    for at, row in enumerate(rows):
        for offset, color, marker, one in (
            (-0.15, _IOU, "o", row.scores.iou), (0.15, _BOUNDARY, "s", row.scores.boundary_f1)
        ):  # fmt: skip
            y = at + offset
            ax.plot([one.low, one.high], [y, y], color=color, linewidth=2.2, alpha=0.5, solid_capstyle="butt")
            ax.plot([one.value], [y], marker, color=color, markersize=6, markeredgewidth=0)
        style.note_row(ax, at, f"{percent(row.scores.share)} of the pixels")
    style.name_rows(ax, [style.shorten(row.category.title, 28) for row in rows])
    style.percent_axis(ax, -0.01, 1.01, step=0.2)
    style.quiet_axis(ax)
    ax.set_title("Pixels of each class, with 95 % intervals")
    return ax


@styled
def draw_mask_gallery(gallery: MaskGallery) -> Figure:
    """Draw screenshots in pairs: with the true classes, and with the predicted ones."""
    height, width = gallery.views[0].true.shape[:2]
    cell = WIDTH / _COLUMNS
    wide = cell - _GAP
    tall = wide * height / width
    pictures = [
        shown for one in gallery.views for shown in ((one.true, "true"), (one.predicted, f"predicted, {one.note}"))
    ]
    figure = style.sheet(WIDTH, _KEY + math.ceil(len(pictures) / _COLUMNS) * (tall + _BELOW))
    for at, (picture, words) in enumerate(pictures):
        row, column = divmod(at, _COLUMNS)
        ax = style.axes_at(figure, column * cell + _GAP / 2, _KEY + row * (tall + _BELOW), wide, tall)
        style.show_picture(ax, picture, MUTED)
        style.write_below(ax, (words, {"fontsize": 8}))
    handles = [Patch(color=one.color, label=style.shorten(one.title, 16)) for one in gallery.classes[:_MOST_NAMED]]
    figure.legend(handles=handles, loc="upper center", ncols=len(handles))
    return figure
