"""Breakdowns: the share of wrong predictions of each group, with its interval and its counts."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from toonvision.evaluation.breakdown import FEW, Breakdown, Group
from toonvision.figures.style import INK, MUTED, WIDTH, WRONG, new_figure, percent_axis, quiet_axis, shorten, styled
from toonvision.figures.values import Breakdowns

_ROW, _HEAD, _LONG = 0.25, 0.72, 14
_DOT = "#3C6E9E"
_FAINTLY = 0.35


@styled
def draw_breakdowns(value: Breakdowns) -> Figure:
    """Draw breakdowns as panels in two columns of about equal height: each goes to the shorter column so far."""
    breakdowns = value.breakdowns
    columns: tuple[list[Breakdown], list[Breakdown]] = ([], [])
    heights = [0.0, 0.0]
    for breakdown in breakdowns:
        shorter = int(heights[1] < heights[0])
        columns[shorter].append(breakdown)
        heights[shorter] += _tall(breakdown)
    figure = new_figure(WIDTH, max(heights) + 0.35)
    sides = figure.subfigures(1, 2, squeeze=False)[0] if columns[1] else [figure]
    for side, column, height in zip(sides, columns, heights, strict=False):
        spare = max(heights) - height
        ratios = [_tall(breakdown) for breakdown in column] + ([spare] if spare > 0.01 else [])
        panels = side.subplots(len(ratios), 1, squeeze=False, gridspec_kw={"height_ratios": ratios})[:, 0]
        for ax, breakdown in zip(panels, column, strict=False):
            draw_breakdown(ax, breakdown)
        for ax in panels[len(column) :]:
            ax.set_axis_off()
    repeated = breakdowns[0].repeats > 1
    figure.legend(handles=_handles(repeated=repeated), loc="outside upper center", ncols=4)
    return figure


@styled
def draw_breakdown(ax: Axes, breakdown: Breakdown) -> Axes:
    """Draw a row for each group: the share of wrong predictions as a dot on its 95 % interval, the counts beside it.

    Args:
        ax: Where to draw.
        breakdown: The groups, the first on top; those of fewer than 10 crops are faint.
    """
    groups = breakdown.groups
    for row, group in enumerate(groups):
        color, alpha = WRONG if group.stands_out > 0 else _DOT, _FAINTLY if group.few else 1.0
        ax.plot(group.wrong.interval, [row, row], color=color, linewidth=2.2, alpha=0.5 * alpha, solid_capstyle="butt")
        if breakdown.repeats > 1:
            ax.plot([group.mean], [row], "|", color=INK, markersize=9, markeredgewidth=1.4, alpha=alpha)
        ax.plot([group.wrong.share], [row], "o", color=color, markersize=6, alpha=alpha, markeredgewidth=0)
        ax.annotate(
            _counts(group), (1, row), (6, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
            va="center_baseline", fontsize=8, color=WRONG if group.stands_out > 0 else MUTED,
            fontweight="bold" if group.stands_out else "normal",
        )  # fmt: skip
    every = (groups[0].wrong.count + groups[0].rest.count) / (groups[0].wrong.total + groups[0].rest.total)
    ax.axvline(every, color=MUTED, linewidth=0.9, linestyle=(0, (3, 2)), zorder=0)
    ax.set_yticks(range(len(groups)), [shorten(group.title, 24) for group in groups])
    for tick, group in zip(ax.get_yticklabels(), groups, strict=True):
        tick.set_alpha(0.6 if group.few else 1.0)
    ax.set_ylim(len(groups) - 0.4, -0.6)
    _scale(ax, groups)
    quiet_axis(ax)
    ax.set_title(breakdown.title)
    return ax


def _scale(ax: Axes, groups: Sequence[Group]) -> None:
    """End the axis at the highest bound of a group that is not faint, at a round number."""
    bounds = [group.wrong.interval[1] for group in groups if not group.few]
    shares = [max(group.wrong.share, group.mean) for group in groups]
    highest = max([*bounds, *shares, 0.05])
    step = next(step for step in (0.02, 0.05, 0.1, 0.2, 0.25) if highest / step <= 5.2 or step == 0.25)
    last = min(math.ceil(highest / step - 1e-9), round(1 / step)) * step
    percent_axis(ax, -0.012 * last, 1.012 * last, step=step)


def _tall(breakdown: Breakdown) -> float:
    return _HEAD + _ROW * len(breakdown.groups)


def _counts(group: Group) -> str:
    return f"{group.wrong.count:,} of {group.wrong.total:,}"


def _handles(*, repeated: bool) -> list[Line2D]:
    every = f"All; faint: fewer than {FEW} crops"
    handles = [
        Line2D([], [], color=_DOT, marker="o", linewidth=2, label="Wrong, with 95 % interval"),
        Line2D([], [], color=WRONG, marker="o", linewidth=2, label="Clearly more than all others"),
        Line2D([], [], color=MUTED, linewidth=0.9, linestyle=(0, (3, 2)), label=every),
    ]
    if repeated:
        mean = Line2D([], [], color=INK, marker="|", markersize=9, markeredgewidth=1.4, linestyle="none",
                      label="Mean over all trainings")  # fmt: skip
        handles.insert(1, mean)
    return handles
