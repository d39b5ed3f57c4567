"""What was seen while a game was watched: when, how many at once, and what it looked like."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from toonvision.figures import style
from toonvision.figures.style import MUTED, WIDTH, styled
from toonvision.figures.values import CountLine, Lane, Sightings, WatchTimeline

_LANE, _LINES = 0.28, 1.6
"""Inches of a lane, and of the lines below all lanes."""
_THIN_S = 0.004
"""A figure that was seen for a moment is drawn as long as this share of the whole."""


@styled
def draw_timeline(timeline: WatchTimeline) -> Figure:
    """Draw when figures of each class were seen, and below how many were there at once."""
    lanes = max(1, len(timeline.lanes))
    figure = style.new_figure(WIDTH, _LANE * lanes + _LINES + 1.0)
    above, below = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": (_LANE * lanes, _LINES)})
    draw_lanes(above, timeline.lanes, seconds=timeline.seconds)
    draw_count_lines(below, timeline.lines, seconds=timeline.seconds)
    below.set_xlabel("Time from the beginning (minutes:seconds)")
    return figure


@styled
def draw_lanes(ax: Axes, lanes: Sequence[Lane], *, seconds: float) -> Axes:
    """Draw a bar for each figure in the lane of its class.

    Args:
        ax: Where to draw.
        lanes: The classes, from top to bottom.
        seconds: How long was watched.
    """
    for row, lane in enumerate(lanes):
        bars = [(first, max(last - first, _THIN_S * seconds)) for first, last in lane.spans]
        ax.broken_barh(bars, (row - 0.36, 0.72), facecolors=lane.category.color, edgecolor="white", linewidth=0.5)
    ax.set_yticks(range(len(lanes)), [style.shorten(lane.category.title, 28) for lane in lanes])
    ax.set_ylim(max(1, len(lanes)) - 0.4, -0.6)
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
        ax.step(whole, counts, where="post", color=line.category.color, label=line.category.title, linewidth=1.4)
    ax.set_ylim(bottom=0)
    ax.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
    ax.set_title("How many at once")
    ax.grid(visible=True, axis="y")
    if lines:
        ax.legend(loc="upper right", ncols=len(lines))
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


def _time_axis(ax: Axes, seconds: float) -> None:
    ax.set_xlim(0, max(1.0, seconds))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{int(value) // 60}:{int(value) % 60:02}"))
