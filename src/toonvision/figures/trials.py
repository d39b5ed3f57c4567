"""How trials of a search look in every figure: marks by their ending, and scales of losses and sizes."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from toonvision.core.scales import log_ticks
from toonvision.figures.style import MUTED, TRAIN, VALIDATE
from toonvision.tuning.insight import Ending, Point

BEST, PLAIN, BAD = TRAIN, "#8A93A1", VALIDATE
ORDER: Sequence[Ending] = ("cut short", "diverged", "done", "best")
"""From what is drawn first to what is drawn on top."""

_ON_TOP = 0.94
_MARKS: Mapping[Ending, Mapping[str, Any]] = {
    "best": {"marker": "o", "color": BEST, "markersize": 6.5, "markeredgecolor": "white", "markeredgewidth": 0.6},
    "done": {"marker": "o", "color": PLAIN, "markersize": 4.5, "markeredgewidth": 0},
    "cut short": {"marker": "v", "color": MUTED, "markersize": 5, "markerfacecolor": "white"},
    "diverged": {"marker": "x", "color": BAD, "markersize": 6, "markeredgewidth": 1.8},
}
_WORDS: Mapping[Ending, str] = {
    "best": "Best trials",
    "done": "Other finished trials",
    "cut short": "Cut short: lowest loss so far",
    "diverged": "Diverged: no loss",
}


def mark(ending: Ending) -> dict[str, Any]:
    """Return how a trial is marked, for `Axes.plot`."""
    return {"linestyle": "none", "zorder": 3 + ORDER.index(ending), **_MARKS[ending]}


def put_points(ax: Axes, points: Sequence[Point], x_of: Mapping[int, float]) -> list[float]:
    """Mark trials at their losses, and those that have none in a row at the top.

    Args:
        ax: Where to draw.
        points: The trials.
        x_of: Trial to its position from left to right.

    Returns:
        The losses.
    """
    losses = []
    for ending in ORDER:
        marked = [point for point in points if point.ending == ending]
        known = [(x_of[point.trial], point.loss) for point in marked if point.loss is not None]
        lost = [x_of[point.trial] for point in marked if point.loss is None]
        ax.plot([x for x, _ in known], [loss for _, loss in known], **mark(ending))
        ax.plot(lost, [_ON_TOP] * len(lost), transform=ax.get_xaxis_transform(), **mark(ending))
        losses += [loss for _, loss in known]
    return losses


def handles(endings: Collection[Ending]) -> list[Line2D]:
    """Explain the marks that are used, the best first."""
    return [Line2D([], [], **mark(one), label=_WORDS[one]) for one in reversed(ORDER) if one in endings]


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
