"""How many samples there are of each class in each context."""

from matplotlib.figure import Figure

from toonvision.data.balance import Balance, CountTable
from toonvision.figures.counts import column_handles, draw_counts
from toonvision.figures.rows import label_groups, lay_out, repeats_labels
from toonvision.figures.style import WIDTH, new_figure, styled
from toonvision.figures.values import BalanceBars
from toonvision.taxonomy.labels import Taxonomy

_ROW, _PANEL = 0.185, 0.75
"""Inches of a row, and of what a panel needs beside its rows."""


@styled
def draw_balance(bars: BalanceBars) -> Figure:
    """Draw bars stacked by context, a panel for each level: the labels on the left, coarser levels on the right."""
    balance, taxonomy = bars.balance, bars.taxonomy
    labels, *others = shown_tables(balance, taxonomy)
    groups = label_groups(taxonomy)
    rows = lay_out(len(labels.classes), groups).height
    beside = sum(len(table.classes) for table in others)
    height = max(_PANEL + rows * (_ROW if rows > 12 else 0.34), (_PANEL + 0.2) * len(others) + beside * _ROW, 2.2)
    figure = new_figure(WIDTH, height + 0.35)
    left, right = figure, None
    if others:
        left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=(1.15, 1))[0]
    draw_counts(
        left.subplots(), labels, title=_title(labels), groups=groups, target=taxonomy.targets.per_label,
        size=8.0 if rows > 12 else 9.0,
    )  # fmt: skip
    if right is not None:
        panels = right.subplots(
            len(others), 1, squeeze=False, gridspec_kw={"height_ratios": [len(t.classes) + 1.6 for t in others]}
        )
        for ax, table in zip(panels[:, 0], others, strict=True):
            draw_counts(ax, table, title=_title(table))
    if len(labels.columns) > 1:
        figure.legend(
            handles=column_handles(labels.columns), loc="outside upper center", ncols=min(6, len(labels.columns)),
            handlelength=1.0, handleheight=1.0, columnspacing=1.6,
        )  # fmt: skip
    return figure


def shown_tables(balance: Balance, taxonomy: Taxonomy) -> tuple[CountTable, ...]:
    """Return the labels' table and those of levels that do not merely repeat it."""
    labels, *others = balance.tables
    return labels, *(table for table in others if not repeats_labels(table.level, taxonomy))


def _title(table: CountTable) -> str:
    level = table.level.title
    return f"Samples by {level.lower() if level.istitle() else level}: {int(table.totals.sum()):,}"
