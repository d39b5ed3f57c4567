"""What was seen while a game was watched: when, how many at once, and what it looked like."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

from toonvision.figures import style
from toonvision.figures.style import MUTED, WIDTH, styled
from toonvision.figures.values import CountLine, Lane, Sightings, WatchTimeline

_LANE, _LINES = 0.28, 1.6
"""Inches of a lane, and of the lines below all lanes."""
_HIGHEST = 2.4
"""Lanes that a lane with many figures at once is as high as, at most."""
_KEYS, _KEYS_IN_A_ROW = 0.2, 5
"""Inches of a row of the legend, and classes in it."""
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800)
"""Seconds between the marks of a time axis."""
_THIN_S = 0.004
"""A figure that was seen for a moment is drawn as long as this share of the whole."""


@styled
def draw_timeline(timeline: WatchTimeline) -> Figure:
    """Draw when figures of each class were seen, and below how many were there at once."""
    lanes = _LANE * max(1.0, sum(_high(_stacked(lane, timeline.seconds)) for lane in timeline.lanes))
    figure = style.new_figure(WIDTH, lanes + _LINES + 1.0 + _KEYS * _key_rows(timeline.lines))
    above, below = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": (lanes, _LINES)})
    draw_lanes(above, timeline.lanes, seconds=timeline.seconds)
    draw_count_lines(below, timeline.lines, seconds=timeline.seconds)
    below.set_xlabel("Time from the beginning (minutes:seconds)")
    return figure


@styled
def draw_lanes(ax: Axes, lanes: Sequence[Lane], *, seconds: float) -> Axes:
    """Draw a bar for each figure in the lane of its class, one below the other where they were there at once.

    Args:
        ax: Where to draw.
        lanes: The classes, from top to bottom.
        seconds: How long was watched.
    """
    top, middles = 0.0, []
    for lane in lanes:
        rows = _stacked(lane, seconds)
        high, one = _high(rows), (_high(rows) - 0.28) / len(rows)
        color = lane.category.color
        for at, bars in enumerate(rows):
            ax.broken_barh(bars, (top + 0.14 + at * one, one), facecolors=color, edgecolor="white", linewidth=0.5)
        middles.append(top + high / 2)
        top += high
    ax.set_yticks(middles, [style.shorten(lane.category.title, 28) for lane in lanes])
    ax.set_ylim(max(1.0, top) + 0.1, -0.1)
    ax.set_title("What was seen when")
    ax.grid(visible=True, axis="x")
    _time_axis(ax, seconds)
    return ax


@styled
def draw_count_lines(ax: Axes, lines: Sequence[CountLine], *, seconds: float) -> Axes:
    """Draw how many figures of each class were there at once, second by second.

    Args:
        ax: Where to draw.
        lines: The classes.
        seconds: How long was watched.
    """
    for line in lines:
        known = dict(zip(line.seconds, line.counts, strict=True))
        whole = range(int(seconds) + 1)
        counts = [known.get(second, 0) for second in whole]
        ax.step(
            whole,
            counts,
            where="post",
            color=line.category.color,
            label=style.shorten(line.category.title, 20),
            linewidth=1.4,
        )
    ax.set_ylim(bottom=0)
    ax.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
    ax.set_title("How many at once", pad=6 + 72 * _KEYS * _key_rows(lines))
    ax.grid(visible=True, axis="y")
    if lines:
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=_KEYS_IN_A_ROW, borderaxespad=0.2)
    _time_axis(ax, seconds)
    return ax


@styled
def draw_sightings(sightings: Sightings) -> Figure:
    """Draw pictures of figures in a grid, each with its predicted class."""
    cards = sightings.cards
    figure, panels, cell = style.picture_grid(
        len(cards), (96, 64), columns=(10, 7, 5), tallest=1.6, side=0.14, above=0.06, below=0.1,
        lines=2 + max(len(card.lines) for card in cards),
    )  # fmt: skip
    for ax, card in zip(panels, cards, strict=True):
        style.show_picture(ax, card.picture, card.category.color)
        style.write_below(
            ax,
            (style.shorten(card.category.title, int(cell * 72 / 4.6)), {"fontweight": "bold"}),
            ("\n".join(card.lines), {"fontsize": 7.5, "color": MUTED, "linespacing": 1.25}),
        )
    return figure


def _stacked(lane: Lane, seconds: float) -> list[list[tuple[float, float]]]:
    """Return rows of bars, start and width, of which none overlap."""
    rows: list[list[tuple[float, float]]] = []
    for first, last in sorted(lane.spans):
        free = next((row for row in rows if sum(row[-1]) <= first), None)
        if free is None:
            rows.append(free := [])
        free.append((first, max(last - first, _THIN_S * seconds)))
    return rows


def _high(rows: Sequence[object]) -> float:
    """Return the height of a lane, in that of a lane of one row: bars become thin where there are many rows."""
    return min(max(1.0, 0.6 * len(rows)), _HIGHEST)


def _key_rows(lines: Sequence[CountLine]) -> int:
    return math.ceil(len(lines) / _KEYS_IN_A_ROW)


def _time_axis(ax: Axes, seconds: float) -> None:
    ax.set_xlim(0, max(1.0, seconds))
    ax.xaxis.set_major_locator(MultipleLocator(next((one for one in _STEPS_S if seconds / one <= 8), 3600)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{int(value) // 60}:{int(value) % 60:02}"))
