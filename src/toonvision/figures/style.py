"""The look of every figure: sizes, colours, and what makes text readable on a colour."""

import math
from collections.abc import Callable
from functools import wraps
from typing import Any, Literal, ParamSpec, TypeVar

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import get_font_names
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patheffects import AbstractPathEffect, withStroke
from matplotlib.text import Text

P = ParamSpec("P")
R = TypeVar("R")

WIDTH = 11.0
"""Inches of a figure over the whole width of a report, where a point is about as large as on paper."""

INK, MUTED, FAINT, PAPER = "#1F2430", "#5D6675", "#E3E6EB", "#FFFFFF"
TRAIN, VALIDATE, WRONG, RIGHT = "#0072B2", "#D55E00", "#B2182B", "#0072B2"

_FIRST_FONT = "DejaVu Sans"
_OTHER_FONTS = (
    "Noto Sans CJK JP",
    "Yu Gothic",
    "Microsoft YaHei",
    "Malgun Gothic",
    "Hiragino Sans",
    "Arial Unicode MS",
)
"""For labels in other scripts, where the computer has them; the first comes with matplotlib."""

SETTINGS: Any = {
    "font.family": [_FIRST_FONT, *(name for name in _OTHER_FONTS if name in get_font_names())],
    "font.size": 9.0,
    "text.color": INK,
    "text.parse_math": False,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": MUTED,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 8.0,
    "axes.facecolor": PAPER,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.linewidth": 0.8,
    "grid.color": FAINT,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "figure.facecolor": PAPER,
    "figure.titlesize": 12.0,
    "figure.titleweight": "bold",
    "hatch.linewidth": 0.6,
}


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Make a function draw in the common style, without changing matplotlib's own settings."""

    @wraps(draw)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        with mpl.rc_context(SETTINGS):
            return draw(*args, **kwargs)

    return wrapper


@styled
def new_figure(width: float, height: float) -> Figure:
    """Make an empty figure of a size in inches, that makes room for its labels by itself."""
    room = ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08, wspace=0.03, hspace=0.03)
    return Figure(figsize=(width, height), layout=room)


def ink_on(color: str) -> str:
    """Choose black or white for text on a colour, whichever contrasts more.

    Args:
        color: ``#rrggbb``.

    Source:
        The relative luminance and contrast of WCAG 2.2.

    Examples:
        >>> ink_on("#DDCC77"), ink_on("#332288")
        ('#000000', '#ffffff')
    """
    channels = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "#000000" if (luminance + 0.05) ** 2 > 0.05 * 1.05 else "#ffffff"


def shorten(text: str, length: int) -> str:
    """Cut a text to a length, with an ellipsis at the end if it was cut.

    Examples:
        >>> shorten("Ambulance Chaser", 10)
        'Ambulance…'
    """
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def halo(color: str = PAPER) -> list[AbstractPathEffect]:
    """Return an outline for text in the colour of its background, so that lines behind it do not cross it."""
    return [withStroke(linewidth=2.5, foreground=color)]


def write_inside(ax: Axes, x: float, y: float, text: str, **options: Any) -> Text:
    """Centre a text on a point within an axes; the layout ignores its size, which makes it fast."""
    written = ax.text(x, y, text, **{"ha": "center", "va": "center_baseline", **options})
    written.set_in_layout(False)
    return written


def picture_grid(
    count: int, size_hw: tuple[float, float], *, columns: int, above: float, below: float, lines: int
) -> tuple[Figure, list[Axes]]:
    """Make a figure over the whole width with axes in a grid, row by row.

    Args:
        count: How many axes, at least one.
        size_hw: Height and width of each, in inches.
        columns: How many in a row.
        above: Inches above each.
        below: Inches below each, beside its lines of text.
        lines: How many lines of text stand below each.
    """
    tall, wide = size_hw
    rows, cell, step = -(-count // columns), WIDTH / columns, tall + above + below + 0.152 * lines
    figure = new_figure(WIDTH, rows * step)
    figure.set_layout_engine("none")
    return figure, [
        figure.add_axes(
            ((column * cell + (cell - wide) / 2) / WIDTH, 1 - (row * step + above + tall) / (rows * step),
             wide / WIDTH, tall / (rows * step))
        )
        for row, column in (divmod(index, columns) for index in range(count))
    ]  # fmt: skip


def percent_axis(ax: Axes, low: float, high: float, *, step: float) -> None:
    """Make an x axis of shares run from `low` to `high`, with a tick in percent at each multiple of `step`."""
    ticks = [n * step for n in range(math.ceil(low / step - 1e-9), math.floor(min(1.0, high) / step + 1e-9) + 1)]
    ax.set_xticks(ticks, [f"{100 * tick:.0f} %" for tick in ticks])
    ax.set_xlim(low, high)
    ax.tick_params(axis="x", labelcolor=MUTED)


def quiet_axis(ax: Axes, *, grid: Literal["x", "y", "both"] = "x") -> None:
    """Show values by a faint grid instead of by frames and ticks."""
    ax.tick_params(length=0)
    for side in ("left", "right", "top", "bottom"):
        ax.spines[side].set_visible(False)
    ax.grid(visible=True, axis=grid)


def points_wide(ax: Axes) -> float:
    """Estimate how many points wide an axes will be, its labels taken off."""
    figure = ax.get_figure(root=True)
    if not isinstance(figure, Figure):
        return 400.0
    return float(ax.get_position().width * ax.figure.bbox.width / figure.dpi * 72 * 0.9)
