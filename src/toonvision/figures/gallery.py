"""Pictures with what was said about them: the wrong ones, and the ones that a model is unsure of."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toonvision.data.arrays import Pictures
from toonvision.figures.style import (
    INK,
    MUTED,
    PAPER,
    WIDTH,
    WRONG,
    ink_on,
    new_figure,
    quiet_axis,
    shorten,
    styled,
    write_inside,
)
from toonvision.taxonomy.labels import Category

_MOST_CLASSES, _SHOWN = 8, 5
_OTHERS = Category("", "Others", "#D5D9E0")


@dataclass(frozen=True)
class Evaluated:
    """One picture and what a model said about it.

    Attributes:
        picture: Shape ``(height, width, 3)``, 0 to 255.
        y_true: Place of the true class.
        probabilities: Shape ``(classes,)``.
        wrong_in: In how many repeats it was wrong.
        repeats: How many repeats there are.
    """

    picture: Pictures
    y_true: int
    probabilities: npt.NDArray[np.float32]
    wrong_in: int = 0
    repeats: int = 1

    @property
    def predicted(self) -> int:
        """Place of the most probable class."""
        return int(self.probabilities.argmax())

    @property
    def right(self) -> bool:
        """Whether that is the true class."""
        return self.predicted == self.y_true


@styled
def draw_gallery(judged: Sequence[Evaluated], classes: Sequence[Category]) -> Figure:
    """Draw pictures in a grid, each with what it is and what it was taken for.

    Args:
        judged: The pictures, in the order in which to show them; at least one.
        classes: The classes, in the order of the probabilities.
    """
    height, width = judged[0].picture.shape[:2]
    columns = 10 if height > 1.8 * width else 7 if height > 0.7 * width else 5
    rows = math.ceil(len(judged) / columns)
    cell = WIDTH / columns
    picture = min(cell - 0.14, 3.0 * width / height)
    tall = picture * height / width
    step = tall + 0.16 + 0.152 * (4 + (judged[0].repeats > 1))
    figure = new_figure(WIDTH, rows * step)
    figure.set_layout_engine("none")
    for place, one in enumerate(judged):
        row, column = divmod(place, columns)
        x, y = column * cell + (cell - picture) / 2, (rows - row) * step - 0.06 - tall
        ax = figure.add_axes((x / WIDTH, y / (rows * step), picture / WIDTH, tall / (rows * step)))
        draw_judged(ax, one, classes, room=int(cell * 72 / 4.3))
    return figure


@styled
def draw_judged(ax: Axes, judged: Evaluated, classes: Sequence[Category], *, room: int = 28, title: str = "") -> Axes:
    """Draw one picture, framed in the colour of the class that it was taken for.

    Args:
        ax: Where to draw.
        judged: The picture.
        classes: The classes, in the order of the probabilities.
        room: How many characters a line may have.
        title: A line above the picture.
    """
    said = classes[judged.predicted]
    ax.imshow(judged.picture, interpolation="lanczos")
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set(visible=True, color=said.color, linewidth=2.5)
    given = judged.probabilities
    lines = [
        shorten(classes[judged.y_true].title, room),
        "recognised" if judged.right else _taken_for(said.title, room),
        f"{100 * given[judged.predicted]:.0f} %"
        + ("" if judged.right else f", truth {100 * given[judged.y_true]:.0f} %"),
    ]
    if judged.repeats > 1:
        lines.append(f"wrong in {judged.wrong_in} of {judged.repeats}")
    first = ax.annotate(
        lines[0], (0.5, 0), (0, -5), xycoords="axes fraction", textcoords="offset points",
        ha="center", va="top", fontsize=8.5, fontweight="bold", color=INK,
    )  # fmt: skip
    ax.annotate(
        "\n".join(lines[1:]), (0.5, 0), (0, -2), xycoords=first, textcoords="offset points",
        ha="center", va="top", fontsize=7.5, color=MUTED if judged.right else WRONG, linespacing=1.25,
    )  # fmt: skip
    if title:
        ax.set_title(title, fontsize=9, loc="center", pad=4)
    return ax


@styled
def draw_unsure(judged: Sequence[Evaluated], classes: Sequence[Category], *, pictures: int = 5) -> Figure:
    """Draw the least confident predictions as bars of probabilities, and the first of them as pictures.

    Args:
        judged: Least confident first; at least one.
        classes: The classes, in the order of the probabilities.
        pictures: How many pictures to show.
    """
    shown = judged[:pictures]
    height, width = judged[0].picture.shape[:2]
    tall = min(2.6, 0.85 * (WIDTH / 5) * height / width)
    heights = (tall + 1.15, 0.8 + len(judged) * (0.29 if len(classes) <= _MOST_CLASSES else 0.38))
    figure = new_figure(WIDTH, sum(heights))
    upper, lower = figure.subfigures(2, 1, squeeze=False, height_ratios=heights)[:, 0]
    cells = upper.subplots(1, pictures, squeeze=False)[0]
    for ax in cells[len(shown) :]:
        ax.set_axis_off()
    for number, (ax, one) in enumerate(zip(cells, shown, strict=False), start=1):
        draw_judged(ax, one, classes, title=f"{number}")
    draw_probabilities(lower.subplots(), judged, classes)
    return figure


@styled
def draw_probabilities(ax: Axes, judged: Sequence[Evaluated], classes: Sequence[Category]) -> Axes:
    """Draw one bar a picture, cut by the classes' probabilities; the true class has a frame.

    Args:
        ax: Where to draw.
        judged: The pictures, the first on top.
        classes: The classes, in the order of the probabilities; of many only the likeliest are told apart.
    """
    for row, one in enumerate(judged):
        start = 0.0
        for place, category, share in _segments(one, classes):
            framed = place == one.y_true
            ax.barh(
                row, share, 0.74, start, color=category.color, zorder=3 if framed else 2,
                edgecolor=INK if framed else PAPER, linewidth=2.0 if framed else 0.6,
            )  # fmt: skip
            _name_segment(ax, category, start, share, row, tall=len(classes) > _MOST_CLASSES)
            start += share
        verdict = "right" if one.right else "wrong"
        ax.text(1.01, row, verdict, va="center_baseline", fontsize=8.5, color=MUTED if one.right else WRONG,
                fontweight="normal" if one.right else "bold")  # fmt: skip
    names = [f"{row}  {shorten(classes[one.y_true].title, 24)}" for row, one in enumerate(judged, start=1)]
    ax.set_yticks(range(len(judged)), names, fontsize=9)
    ax.set_ylim(len(judged) - 0.45, -0.55)
    ax.set_xlim(0, 1.0)
    ax.set_xticks((0, 0.25, 0.5, 0.75, 1), ("0 %", "25 %", "50 %", "75 %", "100 %"))
    quiet_axis(ax)
    ax.grid(visible=False)
    ax.tick_params(axis="x", labelcolor=MUTED)
    ax.set_title("Probabilities of the least confident predictions (the true class is framed)")
    return ax


def _taken_for(title: str, room: int) -> str:
    """Say what a picture was taken for, in two lines where one has no room for it."""
    return f"taken for {title}" if len(title) + 10 <= room else f"taken for\n{shorten(title, room)}"


def _segments(one: Evaluated, classes: Sequence[Category]) -> list[tuple[int, Category, float]]:
    """Give place, class and share of each segment; of many classes the likeliest, the rest as one."""
    values = one.probabilities.tolist()
    if len(classes) <= _MOST_CLASSES:
        return [(place, classes[place], value) for place, value in enumerate(values)]
    likeliest = np.argsort(-one.probabilities, kind="stable")[:_SHOWN].tolist()
    places = likeliest if one.y_true in likeliest else [*likeliest[:-1], one.y_true]
    told = [(int(place), classes[place], values[place]) for place in places]
    return [*told, (-1, _OTHERS, max(0.0, 1 - sum(value for _, _, value in told)))]


def _name_segment(ax: Axes, category: Category, start: float, share: float, row: int, *, tall: bool) -> None:
    """Write name and percentage into a segment, as much of it as fits: in two lines where the bar is tall."""
    percent = f"{100 * share:.0f} %"
    room = int(share * (138 if tall else 130))
    title = shorten(category.title, max(8, room)) if tall else shorten(category.title, 20)
    whole = f"{title}\n{percent}" if tall else f"{title} {percent}"
    needed = len(title) if tall else len(whole) + 1
    text = whole if needed <= room else percent if len(percent) + 1 <= room else ""
    write_inside(
        ax, start + share / 2, row, text, va="center" if tall else "center_baseline",
        fontsize=6.5 if tall else 8, linespacing=1.15, color=ink_on(category.color), zorder=4,
    )  # fmt: skip
