"""Stacked bars of a table of counts."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from toonvision.data.balance import CountTable
from toonvision.figures.rows import Group, label_rows, lay_out
from toonvision.figures.style import (
    INK,
    MUTED,
    PAPER,
    WIDTH,
    WRONG,
    halo,
    ink_on,
    new_figure,
    points_wide,
    quiet_axis,
    styled,
    write_inside,
)
from toonvision.taxonomy.labels import Category

_THICKNESS = 0.8
_DIGIT = 0.64
"""Width of a digit, in font sizes."""


@styled
def draw_counts(
    ax: Axes,
    table: CountTable,
    *,
    title: str,
    groups: Sequence[Group] = (),
    target: int = 0,
    details: bool = False,
    size: float = 8.5,
) -> Axes:
    """Draw a bar for each class, with a segment for each column, the counts in them and the total behind.

    Args:
        ax: Where to draw.
        table: What to draw.
        title: What the panel shows.
        groups: Groups of neighbouring classes, each to have a heading.
        target: Where to draw the line of the target; 0 draws none.
        details: Write all counts behind the total too, where some are too narrow to be read in the bar.
        size: Font size of numbers and class names, in points.
    """
    rows = lay_out(len(table.classes), groups)
    longest = max(1, int(table.totals.max(initial=0)), target)
    reach = longest * (1.32 if details and len(table.columns) > 1 else 1.09)
    enough = (size - 1) * _DIGIT * reach / points_wide(ax)
    one = len(table.columns) == 1
    starts = [0] * len(table.classes)
    for column, counts in zip(table.columns, table.counts.T.tolist(), strict=True):
        colors = [category.color for category in table.classes] if one else [column.color] * len(counts)
        bars = ax.barh(
            rows.positions, counts, _THICKNESS, starts, color=colors, edgecolor=PAPER, linewidth=0.6, label=column.title
        )
        for bar, color, count in zip(bars, colors, counts, strict=True):
            if count and not one and count > enough * (len(f"{count:,}") + 0.25):
                x, y = bar.get_x() + count / 2, bar.get_y() + _THICKNESS / 2
                write_inside(
                    ax, x, y, f"{count:,}", fontsize=size - 1, color=ink_on(color),
                    path_effects=halo(color) if bar.get_x() < target < bar.get_x() + count else None,
                )  # fmt: skip
        starts = [start + count for start, count in zip(starts, counts, strict=True)]
    _write_totals(ax, table, rows.positions, size=size, details=details and not one)
    label_rows(ax, table.classes, rows, size=size)
    if target:
        ax.axvline(target, color=INK, linewidth=1.1, linestyle=(0, (4, 3)), zorder=2.5)
    quiet_axis(ax)
    ax.tick_params(axis="x", labelsize=size - 0.5, labelcolor=MUTED)
    ax.set_xlim(0, reach)
    ax.locator_params(axis="x", nbins=6, integer=True)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set_title(f"{title} (dashed: target {target:,})" if target else title)
    return ax


@styled
def draw_subsets(table: CountTable) -> Figure:
    """Draw how a split came out: a bar for each class, made of its training, validation and test samples."""
    count = len(table.classes)
    figure = new_figure(WIDTH, 1.15 + count * (0.42 if count <= 8 else 0.24))
    title = f"Samples by {table.level.title.lower() if table.level.title.istitle() else table.level.title} and subset"
    draw_counts(figure.subplots(), table, title=title, details=True, size=9.0 if count <= 12 else 8.0)
    figure.legend(handles=column_handles(table.columns), loc="outside upper center", ncols=len(table.columns),
                  handlelength=1.0, handleheight=1.0)  # fmt: skip
    return figure


@styled
def column_handles(columns: Sequence[Category]) -> list[Patch]:
    """Return a legend's entries for the columns of a table."""
    return [Patch(facecolor=column.color, label=column.title) for column in columns]


def _write_totals(ax: Axes, table: CountTable, positions: Sequence[float], *, size: float, details: bool) -> None:
    for at, total, counts in zip(positions, table.totals.tolist(), table.counts.tolist(), strict=True):
        text = ax.annotate(
            f"{total:,}", (total, at), (3, 0), textcoords="offset points",
            va="center_baseline", fontsize=size, fontweight="bold", color=INK if total else WRONG, path_effects=halo(),
        )  # fmt: skip
        if details:
            ax.annotate(
                "  ".join(f"{count:,}" for count in counts), (1, 0), (5, 0), xycoords=text,
                textcoords="offset points", va="bottom", fontsize=size - 1, color=MUTED,
            )  # fmt: skip
