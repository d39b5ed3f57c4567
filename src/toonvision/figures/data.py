"""What was collected, how it was split, and what is missing: bars and maps of counts by class."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from textwrap import fill
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from toonvision.data.balance import Balance, CountTable
from toonvision.figures import style
from toonvision.figures.style import FAINT, INK, MUTED, PAPER, WIDTH, WRONG, styled
from toonvision.figures.values import BalanceBars, ShortageMap
from toonvision.taxonomy.labels import Category, Level, Taxonomy

_ROW, _PANEL = 0.185, 0.75
"""Inches of a row, and of what a panel needs beside its rows."""
_THICKNESS = 0.8
_DIGIT = 0.64
"""Width of a digit, in font sizes."""
_TITLE_LETTERS = 8.5
"""So many letters of a figure's title fit into an inch."""
_LONGEST, _MOST_ROWS = 28, 24
_NONE = "#F6F7F9"
_MISSING = LinearSegmentedColormap.from_list("missing", ["#FEF0D9", "#FDBB84", "#E06B2D", "#9C330C"])


@dataclass(frozen=True)
class Group:
    """Neighbouring labels of one class of a coarser level, and how many they are."""

    title: str
    size: int


@dataclass(frozen=True)
class Rows:
    """Positions of rows and of the headings of their groups, counted downwards from 0, and the height of all."""

    positions: tuple[float, ...]
    headings: tuple[tuple[float, str], ...]
    height: float


@styled
def draw_balance(bars: BalanceBars) -> Figure:
    """Draw bars stacked by context, a panel for each level: the labels on the left, coarser levels on the right."""
    taxonomy = bars.taxonomy
    labels, *others = shown_tables(bars.balance, taxonomy)
    groups = label_groups(taxonomy)
    rows = lay_out(len(labels.classes), groups).height
    many = rows > 12
    beside = sum(len(table.classes) for table in others)
    height = max(_PANEL + rows * (_ROW if many else 0.34), (_PANEL + 0.2) * len(others) + beside * _ROW, 2.2)
    figure = style.new_figure(WIDTH, height + 0.35)
    left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=(1.15, 1))[0] if others else (figure, figure)
    target, size = taxonomy.targets.per_label, 8.0 if many else 9.0
    draw_counts(left.subplots(), labels, title=_title(labels), groups=groups, target=target, size=size)
    if others:
        ratios = [len(table.classes) + 1.6 for table in others]
        panels = right.subplots(len(others), 1, squeeze=False, gridspec_kw={"height_ratios": ratios})
        for ax, table in zip(panels[:, 0], others, strict=True):
            draw_counts(ax, table, title=_title(table))
    if len(labels.columns) > 1:
        _add_column_legend(figure, labels.columns, ncols=min(6, len(labels.columns)), columnspacing=1.6)
    return figure


@styled
def draw_subsets(table: CountTable) -> Figure:
    """Draw how a split came out: a bar for each class, made of its training, validation and test samples."""
    count = len(table.classes)
    figure = style.new_figure(WIDTH, 1.15 + count * (0.42 if count <= 8 else 0.24))
    title = f"Samples by {table.level.noun} and subset"
    draw_counts(figure.subplots(), table, title=title, details=True, size=9.0 if count <= 12 else 8.0)
    _add_column_legend(figure, table.columns, ncols=len(table.columns))
    return figure


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
    one = len(table.columns) == 1
    reach = max(1, int(table.totals.max(initial=0)), target) * (1.32 if details and not one else 1.09)
    enough = (size - 1) * _DIGIT * reach / style.points_wide(ax)
    starts = np.cumsum(table.counts, axis=1) - table.counts
    for column, counts, lefts in zip(table.columns, table.counts.T.tolist(), starts.T.tolist(), strict=True):
        colors = [category.color for category in table.classes] if one else [column.color] * len(counts)
        look: style.Look = {"color": colors, "edgecolor": PAPER, "linewidth": 0.6, "label": column.title}
        ax.barh(rows.positions, counts, _THICKNESS, lefts, **look)
        for at, color, count, left in zip(rows.positions, colors, counts, lefts, strict=True):
            if count and not one and count > enough * (len(f"{count:,}") + 0.25):
                crossed = style.halo(color) if left < target < left + count else None
                look = {"fontsize": size - 1, "color": style.ink_on(color), "path_effects": crossed}
                style.write_inside(ax, left + count / 2, at, f"{count:,}", **look)
    _write_totals(ax, table, rows.positions, size=size, details=details and not one)
    _name_classes(ax, table.classes, rows, size)
    if target:
        ax.axvline(target, color=INK, linewidth=1.1, linestyle=(0, (4, 3)), zorder=2.5)
    style.quiet_axis(ax)
    ax.tick_params(axis="x", labelsize=size - 0.5, labelcolor=MUTED)
    ax.set_xlim(0, reach)
    ax.locator_params(axis="x", nbins=6, integer=True)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set_title(f"{title} (dashed: target {target:,})" if target else title)
    return ax


@styled
def draw_shortages(value: ShortageMap) -> Figure:
    """Draw how many samples of each label are missing in each context; many labels go into two panels."""
    table, missing = value.balance.tables[0], missing_counts(value.balance)
    pieces = _halves(len(table.classes), label_groups(value.taxonomy))
    layouts = [lay_out(stop - start, groups) for start, stop, groups in pieces]
    tallest = max(rows.height for rows in layouts)
    width = WIDTH if len(pieces) > 1 else min(WIDTH, 3.6 + 0.7 * len(table.columns))
    figure = style.new_figure(width, 1.75 + 0.215 * tallest)
    panels = figure.subplots(1, len(pieces), squeeze=False)[0]
    for ax, (start, stop, _), rows in zip(panels, pieces, layouts, strict=True):
        _draw_missing(ax, missing[start:stop], rows, int(missing.max()))
        _name_classes(ax, table.classes[start:stop], rows, 8)
        _name_columns(ax, table.columns)
        ax.set_ylim(tallest - 0.45, -0.55)
    title = f"Missing samples (target: {value.taxonomy.targets})"
    figure.suptitle(fill(title, int(_TITLE_LETTERS * width)), x=0.01, ha="left")
    return figure


def shown_tables(balance: Balance, taxonomy: Taxonomy) -> tuple[CountTable, ...]:
    """Return the labels' table and those of levels that do not merely repeat it: one label a class, most labels."""

    def repeats_labels(level: Level) -> bool:
        members = sum(level.name in label.classes for label in taxonomy.labels)
        return _is_single(level, taxonomy) and members > len(taxonomy.labels) / 2

    labels, *others = balance.tables
    return labels, *(table for table in others if not repeats_labels(table.level))


def missing_counts(balance: Balance) -> npt.NDArray[np.int64]:
    """Arrange the shortages like the labels' table: shape ``(labels, contexts)``, 0 where there are enough."""
    table = balance.tables[0]
    columns = {context.name: index for index, context in enumerate(table.columns)}
    missing = np.zeros(table.counts.shape, dtype=np.int64)
    for shortage in balance.shortages:
        missing[table.level.order[shortage.label.name], columns[shortage.context.name]] = shortage.missing
    return missing


def lay_out(count: int, groups: Sequence[Group] = ()) -> Rows:
    """Place rows below each other; each group starts with a heading of a row's height."""
    if not groups:
        return Rows(tuple(float(at) for at in range(count)), (), float(count))
    positions: list[float] = []
    headings = []
    at = 0.0
    for group in groups:
        headings.append((at, group.title))
        positions += [at + 1 + row for row in range(group.size)]
        at += group.size + 1.25
    return Rows(tuple(positions), tuple(headings), at - 0.25)


def label_groups(taxonomy: Taxonomy) -> tuple[Group, ...]:
    """Group neighbouring labels by the most specific level that groups them; empty where that says nothing."""
    grouping = [level for level in reversed(taxonomy.levels) if not _is_single(level, taxonomy)]

    def title_of(label: str) -> str:
        for level in grouping:
            name = taxonomy.class_of(label, level.name)
            if name is not None:
                return level.classes[level.order[name]].title
        return "Others"

    titles = groupby(title_of(label.name) for label in taxonomy.labels)
    found = tuple(Group(title, len(list(members))) for title, members in titles)
    return found if 1 < len(found) <= len(taxonomy.labels) / 2 else ()


def _is_single(level: Level, taxonomy: Taxonomy) -> bool:
    """Whether each class of a level is that of one label alone."""
    members = [label.classes[level.name] for label in taxonomy.labels if level.name in label.classes]
    return len(set(members)) == len(members)


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


def _draw_missing(ax: Axes, missing: npt.NDArray[np.int64], rows: Rows, most: int) -> None:
    for row, values in zip(rows.positions, missing.tolist(), strict=True):
        for column, value in enumerate(values):
            share = value / max(1, most)
            color = _MISSING(share) if value else _NONE
            ax.add_patch(Rectangle((column - 0.47, row - 0.44), 0.94, 0.88, color=color))
            if value:
                style.write_inside(ax, column, row, str(value), fontsize=8, color="#ffffff" if share > 0.55 else INK)


def _name_columns(ax: Axes, columns: Sequence[Category]) -> None:
    """Write the columns' titles aslant above a map."""
    ax.set_xlim(-0.5, len(columns) - 0.5)
    names = [style.shorten(column.title, 22) for column in columns]
    ax.set_xticks(range(len(columns)), names, ha="left", rotation_mode="anchor")
    ax.tick_params(length=0)
    ax.xaxis.tick_top()
    ax.tick_params(axis="x", labelrotation=35, labelsize=8, labelcolor=MUTED)
    ax.spines[:].set_visible(False)
    ax.spines["left"].set_color(FAINT)


def _name_classes(ax: Axes, classes: Sequence[Category], rows: Rows, size: float) -> None:
    """Write the classes' titles, and the groups' in bold, to the left of their rows."""
    titles = [*(category.title for category in classes), *(title for _, title in rows.headings)]
    positions = [*rows.positions, *(at for at, _ in rows.headings)]
    ax.set_yticks(positions, [style.shorten(title, _LONGEST) for title in titles])
    for tick in ax.get_yticklabels()[len(classes) :]:
        tick.set_fontweight("bold")
    ax.tick_params(axis="y", labelsize=size)
    ax.set_ylim(rows.height - 0.45, -0.55)


def _write_totals(ax: Axes, table: CountTable, positions: Sequence[float], *, size: float, details: bool) -> None:
    for at, total, counts in zip(positions, table.totals.tolist(), table.counts.tolist(), strict=True):
        look: style.Look = {"fontsize": size, "fontweight": "bold"}
        text = style.note(ax, f"{total:,}", (total, at), (3, 0), color=INK if total else WRONG, **look)
        if details:
            listed = "  ".join(f"{count:,}" for count in counts)
            style.note(ax, listed, (1, 0), (5, 0), xycoords=text, va="bottom", fontsize=size - 1, color=MUTED)


def _add_column_legend(figure: Figure, columns: Sequence[Category], **look: Any) -> None:
    handles = [Patch(facecolor=column.color, label=column.title) for column in columns]
    style.add_legend(figure, handles, handlelength=1.0, handleheight=1.0, **look)


def _title(table: CountTable) -> str:
    return f"Samples by {table.level.noun}: {int(table.totals.sum()):,}"
