"""Precision, recall and F1 of each class, with their intervals."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from toonvision.figures.style import INK, MUTED, WIDTH, new_figure, percent_axis, quiet_axis, shorten, styled
from toonvision.figures.values import ClassRow, ClassRows

_PRECISION, _RECALL = "#0072B2", "#D55E00"


@styled
def draw_scores(value: ClassRows) -> Figure:
    """Draw the scores of all classes in a figure of their own."""
    rows = value.rows
    step = 0.52 if len(rows) <= 8 else 0.32
    figure = new_figure(WIDTH, 1.2 + step * len(rows))
    draw_class_scores(figure.subplots(), rows)
    handles = [
        Line2D(
            [],
            [],
            color=_PRECISION,
            marker="o",
            linewidth=2,
            label="Precision: right share of its predictions",
        ),
        Line2D([], [], color=_RECALL, marker="s", linewidth=2, label="Recall: found share of its samples"),
        Line2D([], [], color=INK, marker="|", markersize=11, markeredgewidth=2, linestyle="none", label="F1"),
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=3)
    return figure


@styled
def draw_class_scores(ax: Axes, rows: Sequence[ClassRow]) -> Axes:
    """Draw a row for each class: precision and recall as dots on their 95 % intervals, F1 as a line.

    Args:
        ax: Where to draw.
        rows: The classes, the first on top.
    """
    for position, row in enumerate(rows):
        for offset, color, marker, value in ((-0.17, _PRECISION, "o", row.precision), (0.17, _RECALL, "s", row.recall)):
            if value.total:
                ax.plot(value.interval, [position + offset] * 2, color=color, linewidth=2, alpha=0.45)
                ax.plot([value.share], [position + offset], marker, color=color, markersize=6)
        ax.plot([row.f1] * 2, [position - 0.34, position + 0.34], color=INK, linewidth=2)
    ax.set_yticks(range(len(rows)), [shorten(row.category.title, 28) for row in rows])
    ax.set_ylim(len(rows) - 0.45, -0.55)
    lowest = min((value.interval[0] for row in rows for value in (row.precision, row.recall) if value.total), default=0)
    first = min(8, int(5 * min([lowest, *(row.f1 for row in rows)])) * 2)
    percent_axis(ax, first / 10 - 0.01, 1.01, step=0.1 if first >= 6 else 0.2)
    quiet_axis(ax)
    for position, row in enumerate(rows):
        unit = "sample" if row.support == 1 else "samples"
        ax.annotate(f"{row.support:,} {unit}", (1, position), (6, 0), xycoords=("axes fraction", "data"),
                    textcoords="offset points", va="center_baseline", fontsize=8.5, color=MUTED)  # fmt: skip
    ax.set_title("Precision, recall and F1 with 95 % intervals")
    return ax
