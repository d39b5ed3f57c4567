"""The trials of a search: their history, each hyperparameter against the loss, and which hyperparameters matter."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from toonvision.core.grouping import grouped
from toonvision.core.scales import log_ticks
from toonvision.figures import style
from toonvision.figures.style import DASHED, INK, MUTED, TRAIN, VALIDATE, WIDTH, styled
from toonvision.tuning.importance import Importance
from toonvision.tuning.insight import Ending, Line, OptimizationHistory, ParallelCoordinates, Point, Slice

BEST, PLAIN, BAD = TRAIN, "#8A93A1", VALIDATE
_COLUMNS, _MOST_NAMED = 4, 6
_WIDEST = 0.5
_APART, _STEP = 0.05, 0.62
_MARKS: Mapping[Ending, Mapping[str, Any]] = {
    "cut short": {"marker": "v", "color": MUTED, "markersize": 5, "markerfacecolor": "white"},
    "diverged": {"marker": "x", "color": BAD, "markersize": 6, "markeredgewidth": 1.8},
    "done": {"marker": "o", "color": PLAIN, "markersize": 4.5, "markeredgewidth": 0},
    "best": {"marker": "o", "color": BEST, "markersize": 6.5, "markeredgecolor": "white", "markeredgewidth": 0.6},
}
"""From what is drawn first to what is drawn on top."""
_LINES: Mapping[Ending, Mapping[str, Any]] = {
    "diverged": {"color": BAD, "linewidth": 1.0, "linestyle": (0, (4, 2)), "alpha": 0.8},
    "done": {"color": PLAIN, "linewidth": 0.9, "alpha": 0.55},
    "best": {"color": BEST, "linewidth": 2.2, "alpha": 0.95},
}
_WORDS: Mapping[Ending, str] = {
    "cut short": "Cut short: lowest loss so far",
    "diverged": "Diverged: no loss",
    "done": "Other finished trials",
    "best": "Best trials",
}


@styled
def draw_search_history(history: OptimizationHistory) -> Figure:
    """Draw the optimization history of at least one trial in a figure of its own."""
    figure = style.new_figure(WIDTH, 3.4)
    draw_trials(figure.subplots(), history)
    _explain_marks(figure, history.points)
    return figure


@styled
def draw_trials(ax: Axes, history: OptimizationHistory) -> Axes:
    """Draw a mark for each trial and a line along the lowest loss so far; those that diverged stand at the top."""
    last = max(point.value for point in history.points)
    losses = _put_points(ax, history.points, {point.trial: point.value for point in history.points})
    if history.best:
        numbers, best = zip(*history.best, strict=True)
        ax.step([*numbers, last + 0.6], [*best, best[-1]], where="post", color=BEST, linewidth=1.4, alpha=0.7)
        style.note_row(ax, best[-1], f"best {best[-1]:.3f}")
    style.quiet_axis(ax, grid="y")
    if losses:
        log_axis(ax, "y", losses, room=0.12)
    else:
        ax.set_yticks([])
    ax.spines["bottom"].set_visible(True)
    ax.set_xlim(-0.6, last + 0.6)
    ax.xaxis.set_major_locator(MaxNLocator(15, integer=True, min_n_ticks=1))
    ax.set_xlabel("Trial, in the order of their start")
    ax.set_title(f"{history.measure} (logarithmic), and the lowest so far")
    return ax


@styled
def draw_slices(slices: tuple[Slice, ...]) -> Figure:
    """Draw a panel for each hyperparameter, all with the same scale of the loss."""
    rows = -(-len(slices) // _COLUMNS)
    figure = style.new_figure(WIDTH, 0.5 + 2.25 * rows)
    panels = figure.subplots(rows, _COLUMNS, sharey=True, squeeze=False).ravel()
    for index, (ax, one) in enumerate(zip(panels, slices, strict=False)):
        draw_slice(ax, one)
        if index % _COLUMNS:
            ax.set_ylabel("")
    for ax in panels[len(slices) :]:
        ax.set_axis_off()
    _explain_marks(figure, [point for one in slices for point in one.points])
    return figure


@styled
def draw_slice(ax: Axes, one: Slice) -> Axes:
    """Draw a mark for each trial, those of the same value beside each other, and a bar at the median of each value."""
    losses = _put_points(ax, one.points, _positions(one))
    style.quiet_axis(ax, grid="y")
    if losses:
        log_axis(ax, "y", losses, most=5, room=0.14)
    if one.steps:
        for value, median in one.medians.items():
            at = one.steps.index(value)
            ax.plot([at - 0.32, at + 0.32], [median] * 2, color=INK, linewidth=1.6, zorder=8)
        every = -(-len(one.steps) // _MOST_NAMED)
        ax.set_xticks(range(0, len(one.steps), every), [number(step) for step in one.steps[::every]])
        ax.set_xlim(-0.6, len(one.steps) - 0.4)
    elif one.log:
        log_axis(ax, "x", [point.value for point in one.points], most=4)
    else:
        ax.locator_params(axis="x", nbins=5)
    ax.spines["bottom"].set_visible(True)
    ax.set_ylabel(one.measure)
    ax.set_title(one.name)
    return ax


@styled
def draw_parallel(parallel: ParallelCoordinates) -> Figure:
    """Draw parallel coordinates, with at least one trial, in a figure of their own."""
    figure = style.new_figure(max(WIDTH, _STEP * len(parallel.axes)), 4.3)
    draw_coordinates(figure.subplots(), parallel)
    seen = {line.ending for line in parallel.lines}
    handles = [style.key(_WORDS[one].partition(":")[0], **_LINES[one]) for one in reversed(list(_MARKS)) if one in seen]
    style.add_legend(figure, handles, "lower right")
    return figure


@styled
def draw_coordinates(ax: Axes, parallel: ParallelCoordinates) -> Axes:
    """Draw an upright line for each hyperparameter and the loss at the right, and each trial as a line through all.

    Trials of the same value run a little apart, so that they can be distinguished.
    """
    count = len(parallel.axes)
    for line, heights in zip(parallel.lines, _spread(parallel.lines), strict=True):
        ax.plot(range(count), heights, **_LINES[line.ending], solid_joinstyle="round", zorder=2)
    for index, ticks in enumerate(parallel.axes.values()):
        color = INK if index == count - 1 else MUTED
        ax.plot([index, index], [-_APART, 1 + _APART], color=color, linewidth=1.0, zorder=3)
        for at, text in ticks:
            style.note(ax, text, (index, at), (4, 0), fontsize=8, zorder=5)
    turned: style.Look = {"rotation": 30, "ha": "left"} if count > 7 else {"ha": "center"}
    ax.set_xticks(range(count), list(parallel.axes), rotation_mode="anchor", fontsize=8.5, **turned)
    ax.tick_params(axis="x", length=0, top=False, labeltop=True, labelbottom=False)
    ax.get_xticklabels()[-1].set_fontweight("bold")
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    ax.set_xlim(-0.1, count - 1 + 0.1 * count / 2)
    ax.set_ylim(-0.08, 1.08)
    return ax


@styled
def draw_importance(importance: Importance) -> Figure:
    """Draw `draw_importance_bars` in a figure of its own."""
    figure = style.new_figure(WIDTH, 1.15 + 0.27 * len(importance.shares))
    draw_importance_bars(figure.subplots(), importance)
    return figure


@styled
def draw_importance_bars(ax: Axes, importance: Importance) -> Axes:
    """Draw a bar for each hyperparameter, the most important on top, and a line at what chance can reach."""
    names, shares = list(importance.shares), list(importance.shares.values())
    ax.barh(range(len(names)), shares, 0.66, color=[BEST if one in importance.above_chance else PLAIN for one in names])
    for row, share in enumerate(shares):
        style.note(ax, f"{100 * share:.0f} %", (share, row), (5, 0), color=MUTED, zorder=5)
    ax.axvline(importance.chance, color=MUTED, linewidth=1.0, linestyle=DASHED, zorder=3)
    below: style.Look = {"xycoords": ("data", "axes fraction"), "va": "top", "ha": "center"}
    style.note(ax, "chance", (importance.chance, 0), (4, -3), color=MUTED, **below)
    style.name_rows(ax, names)
    ax.set_xlim(0, 1.12 * max(*shares, importance.chance, 0.05))
    ax.set_xticks([])
    style.quiet_axis(ax)
    ax.set_title(f"Share of the variation between {importance.trials:,} trials; grey: no more than chance can reach")
    return ax


def mark(ending: Ending) -> dict[str, Any]:
    """Return how a trial is marked, for `Axes.plot`."""
    return {"linestyle": "none", "zorder": 3 + list(_MARKS).index(ending), **_MARKS[ending]}


def log_axis(
    ax: Axes, axis: Literal["x", "y"], values: Collection[float], *, most: int = 6, room: float = 0.08
) -> None:
    """Scale an axis by logarithms, from the least to the greatest value with some room, and name round numbers.

    Args:
        ax: Whose.
        axis: Which.
        values: What has to be seen, over 0; at least one.
        most: Most numbers that are named.
        room: Share of the whole that stays free at either end.
    """
    low, high = min(values), max(values)
    low, high = (low, high) if high > 1.02 * low else (low / 1.1, high * 1.1)
    reach = (high / low) ** room
    low, high = low / reach, high * reach
    ticks = log_ticks(low, high, most=most)
    getattr(ax, f"set_{axis}scale")("log")
    getattr(ax, f"set_{axis}ticks")(ticks, [number(tick) for tick in ticks])
    getattr(ax, f"set_{axis}ticks")([], minor=True)
    getattr(ax, f"set_{axis}lim")(low, high)


def number(value: float) -> str:
    """Write a number as short as it can be.

    Examples:
        >>> number(5000.0), number(0.05), number(1.4)
        ('5,000', '0.05', '1.4')
    """
    return f"{value:,.0f}" if value >= 1000 else f"{value:g}"


def _put_points(ax: Axes, points: Sequence[Point], x_of: Mapping[int, float]) -> list[float]:
    """Mark trials at their losses, and those that have none in a row at the top; return the losses."""
    losses = []
    for ending in _MARKS:
        marked = [point for point in points if point.ending == ending]
        known = [(x_of[point.trial], point.loss) for point in marked if point.loss is not None]
        lost = [x_of[point.trial] for point in marked if point.loss is None]
        ax.plot([x for x, _ in known], [loss for _, loss in known], **mark(ending))
        ax.plot(lost, [0.94] * len(lost), transform=ax.get_xaxis_transform(), **mark(ending))
        losses += [loss for _, loss in known]
    return losses


def _explain_marks(figure: Figure, points: Collection[Point]) -> None:
    """Explain the marks that are used, the best first."""
    used = {point.ending for point in points}
    handles = [style.key(_WORDS[one], **mark(one)) for one in reversed(list(_MARKS)) if one in used]
    style.add_legend(figure, handles, "upper right")


def _positions(one: Slice) -> dict[int, float]:
    """Return each trial's position: its value, or, where values are few, around the index of its value."""
    if not one.steps:
        return {point.trial: point.value for point in one.points}
    together = grouped(one.points, lambda point: point.value)
    return {
        point.trial: one.steps.index(value) + _WIDEST * (at - (len(points) - 1) / 2) / max(1, len(points) - 1)
        for value, points in together.items()
        for at, point in enumerate(points)
    }


def _spread(lines: tuple[Line, ...]) -> list[list[float]]:
    """Move lines that cross a coordinate at the same point apart, in their order by loss; the loss stays exact."""
    ranks = np.argsort(np.argsort([line.positions[-1] for line in lines]))
    shift = _APART * (ranks / max(1, len(lines) - 1) - 0.5)
    rows = [line.positions for line in lines]
    return [[*(at + by for at in row[:-1]), row[-1]] for row, by in zip(rows, shift, strict=True)]
