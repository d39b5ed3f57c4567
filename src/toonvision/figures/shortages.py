"""How many samples of each label are missing in each context."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from toonvision.data.balance import Balance
from toonvision.figures.rows import Group, Rows, label_groups, label_rows, lay_out
from toonvision.figures.style import FAINT, INK, MUTED, WIDTH, new_figure, shorten, styled, write_inside
from toonvision.figures.values import ShortageMap
from toonvision.taxonomy.labels import Category

_MOST_ROWS, _NONE = 24, "#F6F7F9"
_SCALE = LinearSegmentedColormap.from_list("missing", ["#FEF0D9", "#FDBB84", "#E06B2D", "#9C330C"])


@styled
def draw_shortages(value: ShortageMap) -> Figure:
    """Draw how many samples of each label are missing in each context; many labels go into two panels."""
    balance, taxonomy = value.balance, value.taxonomy
    table = balance.tables[0]
    missing = missing_counts(balance)
    groups = label_groups(taxonomy)
    pieces = _halves(len(table.classes), groups)
    layouts = [lay_out(stop - start, part) for start, stop, part in pieces]
    tallest = max(rows.height for rows in layouts)
    height = 1.75 + 0.215 * tallest
    figure = new_figure(WIDTH if len(pieces) > 1 else min(WIDTH, 3.6 + 0.7 * len(table.columns)), height)
    panels = figure.subplots(1, len(pieces), squeeze=False)[0]
    for ax, (start, stop, _), rows in zip(panels, pieces, layouts, strict=True):
        _draw_panel(ax, table.classes[start:stop], table.columns, missing[start:stop], rows, int(missing.max()))
        ax.set_ylim(tallest - 0.45, -0.55)
    figure.suptitle(
        f"Missing samples (target: {taxonomy.targets.per_context} of each label in each context)", x=0.01, ha="left"
    )
    return figure


def missing_counts(balance: Balance) -> npt.NDArray[np.int64]:
    """Arrange the shortages like the labels' table: shape ``(labels, contexts)``, 0 where there are enough."""
    table = balance.tables[0]
    rows = table.level.order
    columns = {context.name: index for index, context in enumerate(table.columns)}
    missing = np.zeros(table.counts.shape, dtype=np.int64)
    for shortage in balance.shortages:
        missing[rows[shortage.label.name], columns[shortage.context.name]] = shortage.missing
    return missing


def _halves(count: int, groups: Sequence[Group]) -> list[tuple[int, int, tuple[Group, ...]]]:
    """Cut many rows in two, between two groups: start, stop and groups of each piece."""
    if count <= _MOST_ROWS:
        return [(0, count, tuple(groups))]
    if not groups:
        return [(0, (count + 1) // 2, ()), ((count + 1) // 2, count, ())]
    sizes = [group.size for group in groups]
    at = min(range(1, len(groups)), key=lambda cut: abs(2 * sum(sizes[:cut]) - count))
    middle = sum(sizes[:at])
    return [(0, middle, tuple(groups[:at])), (middle, count, tuple(groups[at:]))]


def _draw_panel(
    ax: Axes,
    classes: Sequence[Category],
    columns: Sequence[Category],
    missing: npt.NDArray[np.int64],
    rows: Rows,
    most: int,
) -> None:
    for row, values in zip(rows.positions, missing.tolist(), strict=True):
        for column, value in enumerate(values):
            share = value / max(1, most)
            ax.add_patch(Rectangle((column - 0.47, row - 0.44), 0.94, 0.88, color=_SCALE(share) if value else _NONE))
            if value:
                ink = "#ffffff" if share > 0.55 else INK
                write_inside(ax, column, row, str(value), fontsize=8, color=ink)
    label_rows(ax, classes, rows, size=8)
    ax.set_xlim(-0.5, len(columns) - 0.5)
    ax.set_xticks(range(len(columns)), [shorten(column.title, 22) for column in columns])
    ax.tick_params(length=0)
    ax.xaxis.tick_top()
    ax.tick_params(axis="x", labelrotation=35, labelsize=8, labelcolor=MUTED)
    for tick in ax.get_xticklabels():
        tick.set_horizontalalignment("left")
        tick.set_rotation_mode("anchor")
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.set_facecolor("#FFFFFF")
    ax.spines["left"].set_color(FAINT)
