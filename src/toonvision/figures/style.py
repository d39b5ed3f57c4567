"""The look of every figure: sizes, colours, and what makes text readable on a colour."""

import math
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Literal, ParamSpec, TypeVar

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import get_font_names
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.patheffects import AbstractPathEffect, withStroke
from matplotlib.text import Annotation, Text
from PIL import ImageColor

from toonvision.metrics.intervals import Proportion

Look = dict[str, Any]
"""Options of a text, a line or a bar, as matplotlib takes them."""
P = ParamSpec("P")
R = TypeVar("R")

WIDTH, DPI = 11.0, 150
"""Inches of a figure over the whole width of a report, where a point is about as large as on paper; dots an inch."""

INK, MUTED, FAINT, PAPER = "#1F2430", "#5D6675", "#E3E6EB", "#FFFFFF"
TRAIN, VALIDATE, WRONG, RIGHT = "#0072B2", "#D55E00", "#B2182B", "#0072B2"
DASHED = (0, (3, 2))

_FIRST_FONT = "DejaVu Sans"
_OTHER_FONTS = ("Noto Sans CJK JP", "Yu Gothic", "Microsoft YaHei", "Malgun Gothic", "Hiragino Sans",
                "Arial Unicode MS")  # fmt: skip
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
    channels = (channel / 255 for channel in ImageColor.getrgb(color))
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


def note(ax: Axes, text: str, at: tuple[float, float], offset: tuple[float, float] = (6, 0), **look: Any) -> Annotation:
    """Write a text some points beside a point of the data, which no line crosses; `look` may name other coordinates."""
    outline = None if "xycoords" in look else halo()
    look = {"va": "center_baseline", "fontsize": 8.5, "path_effects": outline, **look}
    return ax.annotate(text, at, offset, textcoords="offset points", **look)


def note_row(ax: Axes, row: float, text: str, **look: Any) -> Annotation:
    """Write a text to the right of the axes, beside a row."""
    return note(ax, text, (1, row), **{"xycoords": ("axes fraction", "data"), "color": MUTED, **look})


def write_below(ax: Axes, *lines: tuple[str, Look]) -> None:
    """Write centred texts below an axes, one below the other, each with its look."""
    above: Any = "axes fraction"
    for gap, (text, look) in zip((-5, *[-2] * len(lines)), lines, strict=False):
        above = note(ax, text, (0.5, 0), (0, gap), xycoords=above, ha="center", **{"va": "top", **look})


def name_rows(ax: Axes, names: Sequence[str], **look: Any) -> None:
    """Name rows at the left, the first on top."""
    ax.set_yticks(range(len(names)), names, **look)
    ax.set_ylim(len(names) - 0.45, -0.55)


def interval_dot(
    ax: Axes, y: float, share: Proportion, color: str, *, marker: str = "o", mean: float | None = None, alpha: float = 1
) -> None:
    """Draw a share as a dot on its 95 % interval; a stroke stands at the mean over trainings, if given."""
    ax.plot(share.interval, [y, y], color=color, linewidth=2.2, alpha=0.5 * alpha, solid_capstyle="butt")
    if mean is not None:
        ax.plot([mean], [y], "|", color=INK, markersize=9, markeredgewidth=1.4, alpha=alpha)
    ax.plot([share.share], [y], marker, color=color, markersize=6, alpha=alpha, markeredgewidth=0)


def side_title(ax: Axes, text: str) -> None:
    """Write a second title, small, at the right above an axes."""
    ax.set_title(text, loc="right", fontsize=9, fontweight="normal", color=MUTED)


def key(label: str, **look: Any) -> Line2D:
    """Return a legend's entry; one with a marker has no line, unless its width is given."""
    if "marker" in look and "linewidth" not in look:
        look["linestyle"] = "none"
    return Line2D([], [], label=label, **look)


def add_legend(figure: Figure, handles: Sequence[Artist], where: str = "upper center", **look: Any) -> None:
    """Write a legend in one line outside of the axes of a figure."""
    look = {"loc": f"outside {where}", "ncols": len(handles), **look}
    figure.legend(handles=handles, **look)


def show_picture(ax: Axes, picture: Any, color: str, **options: Any) -> None:
    """Show an image without ticks, in a frame of a colour."""
    ax.imshow(picture, interpolation="lanczos", **options)
    bare(ax)
    frame(ax, color, 2.5)


def bare(ax: Axes) -> None:
    """Remove the ticks."""
    ax.set_xticks([])
    ax.set_yticks([])


def frame(ax: Axes, color: str, width: float = 0.8) -> None:
    """Draw a line around an axes."""
    for spine in ax.spines.values():
        spine.set(visible=True, color=color, linewidth=width)


def write_inside(ax: Axes, x: float, y: float, text: str, **options: Any) -> Text:
    """Centre a text on a point within an axes; the layout ignores its size, which makes it fast."""
    written = ax.text(x, y, text, **{"ha": "center", "va": "center_baseline", **options})
    written.set_in_layout(False)
    return written


def picture_grid(
    count: int,
    size_hw: tuple[int, int],
    *,
    columns: tuple[int, int, int],
    tallest: float,
    side: float,
    above: float,
    below: float,
    lines: int,
) -> tuple[Figure, list[Axes], float]:
    """Make a figure over the whole width with axes in the shape of images in a grid, row by row.

    Args:
        count: How many axes, at least one.
        size_hw: Height and width of an image, in pixels.
        columns: How many stand in a row: tall images, those about as high as wide, and wide ones.
        tallest: Inches of the height of an axes at most.
        side: Inches between two axes at least.
        above: Inches above each.
        below: Inches below each, beside its lines of text.
        lines: How many lines of text stand below each.

    Returns:
        The figure, the axes, and the inches that each has from left to right.
    """
    height, width = size_hw
    across = columns[0] if height > 1.8 * width else columns[1] if height > 0.7 * width else columns[2]
    cell = WIDTH / across
    wide = min(cell - side, tallest * width / height)
    tall = wide * height / width
    step = tall + above + below + 0.152 * lines
    figure = sheet(WIDTH, -(-count // across) * step)
    places = [divmod(index, across) for index in range(count)]
    return (
        figure,
        [axes_at(figure, column * cell + (cell - wide) / 2, row * step + above, wide, tall) for row, column in places],
        cell,
    )


def sheet(width: float, height: float) -> Figure:
    """Make a figure whose axes are placed in inches: images keep their shapes and stand in line."""
    figure = new_figure(width, height)
    figure.set_layout_engine("none")
    return figure


def axes_at(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Add axes at a position in inches from the upper left corner."""
    whole_width, whole_height = figure.get_size_inches()
    bottom = 1 - (top + height) / whole_height
    return figure.add_axes((left / whole_width, bottom, width / whole_width, height / whole_height))


def percent_axis(ax: Axes, low: float, high: float, *, step: float) -> None:
    """Make an x axis of shares run from `low` to `high`, with a tick in percent at each multiple of `step`."""
    ticks = [n * step for n in range(math.ceil(low / step - 1e-9), math.floor(min(1.0, high) / step + 1e-9) + 1)]
    ax.set_xticks(ticks, [f"{100 * tick:.0f} %" for tick in ticks])
    ax.set_xlim(low, high)
    ax.tick_params(axis="x", labelcolor=MUTED)


def quiet_axis(ax: Axes, *, grid: Literal["x", "y", "both"] = "x") -> None:
    """Show values by a faint grid instead of by frames and ticks."""
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.grid(visible=True, axis=grid)


def points_wide(ax: Axes) -> float:
    """Estimate how many points wide an axes will be, its labels taken off."""
    figure = ax.get_figure(root=True)
    if not isinstance(figure, Figure):
        return 400.0
    return float(ax.get_position().width * ax.figure.bbox.width / figure.dpi * 72 * 0.9)
