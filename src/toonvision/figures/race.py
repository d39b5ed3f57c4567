"""The race between the best networks of a search."""

import math
from collections import Counter
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from toonvision.figures.style import INK, MUTED, WIDTH, halo, new_figure, quiet_axis, shorten, styled
from toonvision.figures.trials import BEST, PLAIN, log_axis
from toonvision.figures.values import Race
from toonvision.tuning.result import Racer

_ROW = 0.5
_STACK, _TALLEST = 0.13, 0.3


@styled
def draw_race(race: Race) -> Figure:
    """Draw the wrong predictions of each network's trainings, and beside them the ratio of its loss to the leader's."""
    racers, validated = race.racers, race.validated
    figure = new_figure(WIDTH, 1.6 + _ROW * len(racers))
    left, right = figure.subplots(1, 2, width_ratios=(1.5, 1))
    draw_racers(left, racers, validated=validated)
    draw_behind(right, racers)
    right.set_yticks(range(len(racers)), [])
    handles = [
        Line2D([], [], color=BEST, marker="o", markersize=6, linestyle="none", alpha=0.7, label="A training"),
        Line2D([], [], color=INK, marker="|", markersize=12, markeredgewidth=2, linestyle="none", label="Median"),
        Line2D([], [], color=PLAIN, marker="o", markersize=6, linestyle="none", label="Grey: has left the race"),
    ]
    figure.legend(handles=handles, loc="outside upper right", ncols=len(handles))
    return figure


@styled
def draw_racers(ax: Axes, racers: Sequence[Racer], *, validated: int) -> Axes:
    """Draw a row for each network: each training's wrong predictions as a dot, equal ones stacked, and the median.

    A training that diverged has no dot; beside the row stands how many did.

    Args:
        ax: Where to draw.
        racers: The best first, at least one.
        validated: Number of validation images.
    """
    seen = [0, 1]
    for row, racer in enumerate(racers):
        color = BEST if racer.left_after is None else PLAIN
        known = [n for n, loss in zip(racer.wrong, racer.losses, strict=True) if loss is not None]
        dots = _stacked(known)
        ax.plot([wrong for wrong, _ in dots], [row - up for _, up in dots], "o", color=color, markersize=6,
                alpha=0.7, markeredgewidth=0, zorder=4)  # fmt: skip
        median = racer.median_wrong
        if racer.diverged * 2 < len(racer.wrong):
            ax.plot([median] * 2, [row - 0.3, row + 0.3], color=INK, linewidth=2, zorder=3)
            seen.append(math.ceil(median))
        ax.annotate(_note(racer), (1, row), (6, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
                    va="center_baseline", fontsize=8.5, color=MUTED, linespacing=1.3)  # fmt: skip
        seen += known
    _rows(ax, racers)
    quiet_axis(ax)
    span = max(seen) - min(seen[2:], default=0)
    ax.set_xlim(max(-0.5, min(seen[2:], default=0) - 0.08 * span - 0.5), max(seen) + 0.08 * span + 0.5)
    ax.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
    ax.set_title(f"Wrong of {validated:,} validation crops")
    return ax


@styled
def draw_behind(ax: Axes, racers: Sequence[Racer]) -> Axes:
    """Draw the ratio of each network's loss to the leader's, with the 95 % interval that decides who leaves.

    Args:
        ax: Where to draw.
        racers: The best first, at least one.
    """
    bounds = [1.0]
    for row, racer in enumerate(racers):
        color = BEST if racer.left_after is None else PLAIN
        if racer.behind is None:
            word = "leads" if racer.leads else "too few rounds"
            ax.annotate(word, (1.0, row), (7, 0), textcoords="offset points", va="center_baseline", fontsize=8.5,
                        color=MUTED, path_effects=halo())  # fmt: skip
            if racer.leads:
                ax.plot([1.0], [row], "D", color=color, markersize=7, zorder=4)
            continue
        mean, low, high = (math.exp(value) for value in (racer.behind.mean, racer.behind.low, racer.behind.high))
        ax.plot([low, high], [row, row], color=color, linewidth=2.4, alpha=0.6, solid_capstyle="round")
        ax.plot([mean], [row], "o", color=color, markersize=7, zorder=4)
        ax.annotate(f"× {mean:.2f}", (1, row), (6, 0), xycoords=("axes fraction", "data"),
                    textcoords="offset points", va="center_baseline", fontsize=8.5, color=MUTED)  # fmt: skip
        bounds += [low, high]
    ax.axvline(1.0, color=MUTED, linewidth=1.0, linestyle=(0, (3, 2)), zorder=0)
    _rows(ax, racers)
    quiet_axis(ax)
    log_axis(ax, "x", bounds, most=5)
    ax.set_title("Loss, as a multiple of the leader's")
    return ax


def _rows(ax: Axes, racers: Sequence[Racer]) -> None:
    ax.set_yticks(range(len(racers)), [f"{racer.trial.number}: {shorten(racer.trial.layout, 34)}" for racer in racers])
    ax.get_yticklabels()[0].set_fontweight("bold")
    ax.set_ylim(len(racers) - 0.45, -0.55)


def _stacked(counts: Sequence[int]) -> list[tuple[int, float]]:
    """Return each count with how far its dot is moved up, so that equal ones can be counted."""
    highest = max(Counter(counts).values(), default=1)
    step = min(_STACK, 2 * _TALLEST / max(1, highest - 1))
    seen: Counter[int] = Counter()
    totals = Counter(counts)
    placed = []
    for count in counts:
        placed.append((count, step * (seen[count] - (totals[count] - 1) / 2)))
        seen[count] += 1
    return placed


def _note(racer: Racer) -> str:
    parts = [f"median {racer.median_wrong:g}"]
    if racer.diverged:
        parts.append(f"{racer.diverged} diverged")
    if racer.left_after:
        parts.append(f"left after round {racer.left_after}")
    return ", ".join(parts)
