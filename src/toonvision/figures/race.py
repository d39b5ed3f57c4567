"""The best networks of a search: their race, and their size against their error."""

import math
from collections import Counter
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from toonvision.figures import style
from toonvision.figures.style import DASHED, INK, MUTED, WIDTH, styled
from toonvision.figures.trials import BEST, PLAIN, log_axis
from toonvision.figures.values import Race, SizeErrorFront
from toonvision.tuning.insight import SizeErrorPoint
from toonvision.tuning.result import Racer

_WINNER = "#D55E00"
_STACK, _TALLEST = 0.13, 0.3
_DOTS: style.Look = {"color": PLAIN, "markersize": 3.5, "markeredgewidth": 0, "zorder": 3}


@styled
def draw_race(race: Race) -> Figure:
    """Draw the wrong predictions of each network's trainings, and beside them the ratio of its loss to the leader's."""
    racers = race.racers
    figure = style.new_figure(WIDTH, 1.6 + 0.5 * len(racers))
    left, right = figure.subplots(1, 2, width_ratios=(1.5, 1))
    draw_racers(left, racers, validated=race.validated, unit=race.unit)
    draw_behind(right, racers)
    right.set_yticks(range(len(racers)), [])
    handles = [
        style.key("A training", color=BEST, marker="o", markersize=6, alpha=0.7),
        style.key("Median", color=INK, marker="|", markersize=12, markeredgewidth=2),
        style.key("Grey: has left the race", color=PLAIN, marker="o", markersize=6),
    ]
    style.add_legend(figure, handles, "upper right")
    return figure


@styled
def draw_racers(ax: Axes, racers: Sequence[Racer], *, validated: int, unit: str = "crop") -> Axes:
    """Draw a row for each network: each training's wrong predictions as a dot, equal ones stacked, and the median.

    A training that diverged has no dot; beside the row stands how many did.

    Args:
        ax: Where to draw.
        racers: The best first, at least one.
        validated: Number of validation images.
        unit: What one is.
    """
    seen, counted = [0, 1], []
    for row, racer in enumerate(racers):
        known = [n for n, loss in zip(racer.wrong, racer.losses, strict=True) if loss is not None]
        look: style.Look = {"markersize": 6, "alpha": 0.7, "markeredgewidth": 0, "zorder": 4}
        ax.plot(known, [row - up for up in _stacked(known)], "o", color=_color(racer), **look)
        if racer.diverged * 2 < len(racer.wrong):
            ax.plot([racer.median_wrong] * 2, [row - 0.3, row + 0.3], color=INK, linewidth=2, zorder=3)
            counted.append(math.ceil(racer.median_wrong))
        diverged = f", {racer.diverged} diverged" if racer.diverged else ""
        left = f", left after round {racer.left_after}" if racer.left_after else ""
        style.note_row(ax, row, f"median {racer.median_wrong:g}{diverged}{left}", linespacing=1.3)
        counted += known
    _name_racers(ax, racers)
    least, most = min(counted, default=0), max([*seen, *counted])
    room = 0.08 * (most - least) + 0.5
    ax.set_xlim(max(-0.5, least - room), most + room)
    ax.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
    ax.set_title(f"Wrong of {validated:,} validation {unit}s")
    return ax


@styled
def draw_behind(ax: Axes, racers: Sequence[Racer]) -> Axes:
    """Draw the ratio of each network's loss to the leader's, with the 95 % interval that decides who leaves."""
    bounds = [1.0]
    for row, racer in enumerate(racers):
        color = _color(racer)
        if racer.behind is None:
            text = "leads" if racer.leads else "too few rounds"
            style.note(ax, text, (1.0, row), (7, 0), color=MUTED)
            if racer.leads:
                ax.plot([1.0], [row], "D", color=color, markersize=7, zorder=4)
            continue
        mean, low, high = (math.exp(value) for value in (racer.behind.mean, racer.behind.low, racer.behind.high))
        ax.plot([low, high], [row, row], color=color, linewidth=2.4, alpha=0.6, solid_capstyle="round")
        ax.plot([mean], [row], "o", color=color, markersize=7, zorder=4)
        style.note_row(ax, row, f"× {mean:.2f}")
        bounds += [low, high]
    ax.axvline(1.0, color=MUTED, linewidth=1.0, linestyle=DASHED, zorder=0)
    _name_racers(ax, racers)
    log_axis(ax, "x", bounds, most=5)
    ax.set_title("Loss, as a multiple of the leader's")
    return ax


@styled
def draw_front(front: SizeErrorFront) -> Figure:
    """Draw the loss and the wrong predictions of networks against their size."""
    figure = style.new_figure(WIDTH, 4.3)
    left, right = figure.subplots(1, 2)
    draw_front_loss(left, front)
    draw_front_wrong(right, front)
    handles = [
        style.key("On the front", color=BEST, marker="o", markersize=7, linewidth=1.4),
        style.key("The winner", color=_WINNER, marker="D", markersize=8),
        style.key("Other networks, or trainings", color=PLAIN, marker="o", markersize=4.5),
        style.key("Hollow: not retrained", color=BEST, marker="o", markersize=7, markerfacecolor="white"),
    ]
    style.add_legend(figure, handles)
    return figure


@styled
def draw_front_loss(ax: Axes, front: SizeErrorFront) -> Axes:
    """Draw the mean loss of every network, and of those on the front each training too."""
    best, others = (
        [(one.trial.parameters, one.loss) for one in front.networks if one.on_front == on_front]
        for on_front in (True, False)
    )
    look: style.Look = {"color": PLAIN, "markersize": 4.5, "alpha": 0.7, "markeredgewidth": 0}
    ax.plot([size for size, _ in others], [loss for _, loss in others], "o", **look)
    steps: style.Look = {"where": "post", "color": BEST, "linewidth": 1.4, "alpha": 0.7}
    ax.step([size for size, _ in best], [loss for _, loss in best], **steps)
    losses = [one.loss for one in front.networks]
    for one in _marked(front):
        size = one.trial.parameters
        if len(one.losses) > 1:
            ax.plot([size, size], [min(one.losses), max(one.losses)], color=PLAIN, linewidth=1.0, zorder=2)
            ax.plot([size] * len(one.losses), one.losses, "o", **_DOTS)
        _mark(ax, one, one.loss)
        losses += one.losses
    style.quiet_axis(ax, grid="y")
    log_axis(ax, "y", losses)
    _size_axis(ax, front)
    ax.set_title(f"Mean {front.measure[0].lower()}{front.measure[1:]} (logarithmic)")
    return ax


@styled
def draw_front_wrong(ax: Axes, front: SizeErrorFront) -> Axes:
    """Draw the median wrong of the winner and the networks on the front, with its 95 % interval and each training."""
    for one in _marked(front):
        size, color = one.trial.parameters, _WINNER if one.winner else BEST
        ax.plot([size, size], one.interval, color=color, linewidth=2.2, alpha=0.4, solid_capstyle="round", zorder=2)
        if len(one.wrong) > 1:
            ax.plot([size] * len(one.wrong), one.wrong, "o", **_DOTS)
        _mark(ax, one, one.median_wrong)
    style.quiet_axis(ax, grid="y")
    ax.set_ylim(bottom=0)
    ax.locator_params(axis="y", nbins=6, integer=True)
    _size_axis(ax, front)
    ax.set_title(f"Median wrong of {front.validated:,}, with 95 % intervals")
    return ax


def _color(racer: Racer) -> str:
    return BEST if racer.left_after is None else PLAIN


def _name_racers(ax: Axes, racers: Sequence[Racer]) -> None:
    style.name_rows(ax, [f"{racer.trial.number}: {style.shorten(racer.trial.layout, 34)}" for racer in racers])
    ax.get_yticklabels()[0].set_fontweight("bold")
    style.quiet_axis(ax)


def _stacked(counts: Sequence[int]) -> list[float]:
    """Return how far each count's dot is moved up, so that equal ones can be counted."""
    totals = Counter(counts)
    step = min(_STACK, 2 * _TALLEST / max(1, max(totals.values(), default=1) - 1))
    seen: Counter[int] = Counter()
    moved = []
    for count in counts:
        moved.append(step * (seen[count] - (totals[count] - 1) / 2))
        seen[count] += 1
    return moved


def _marked(front: SizeErrorFront) -> list[SizeErrorPoint]:
    return [one for one in front.networks if one.on_front or one.winner]


def _mark(ax: Axes, one: SizeErrorPoint, value: float) -> None:
    """Mark a network on the front, hollow where it was not retrained, and number it."""
    marker, color, size, weight = ("D", _WINNER, 9, "bold") if one.winner else ("o", BEST, 7, "normal")
    look: style.Look = {"color": color, "markersize": size, "markerfacecolor": color if one.raced else "white"}
    ax.plot([one.trial.parameters], [value], marker, markeredgewidth=1.6, zorder=5, **look)
    look = {"fontweight": weight, "zorder": 6, "va": "baseline"}
    style.note(ax, f"{one.trial.number}", (one.trial.parameters, value), (7, 5), **look)


def _size_axis(ax: Axes, front: SizeErrorFront) -> None:
    sizes, bound = [float(one.trial.parameters) for one in front.networks], front.bound
    if bound is not None and bound <= 4 * max(sizes):
        ax.axvline(bound, color=MUTED, linewidth=1.0, linestyle=DASHED, zorder=0)
        look: style.Look = {"xycoords": ("data", "axes fraction"), "ha": "right", "va": "top", "rotation": 90}
        style.note(ax, "bound", (bound, 1), (-3, -2), fontsize=8, color=MUTED, **look)
        sizes.append(float(bound))
    log_axis(ax, "x", sizes)
    ax.spines["bottom"].set_visible(True)
    ax.set_xlabel("Parameters (logarithmic)")
