"""Images with their predictions: the wrong ones, and the least confident ones."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toonvision.figures.style import (
    INK,
    MUTED,
    PAPER,
    WIDTH,
    WRONG,
    ink_on,
    new_figure,
    picture_grid,
    quiet_axis,
    shorten,
    styled,
    write_inside,
)
from toonvision.figures.values import Case, Gallery, LeastConfident
from toonvision.taxonomy.labels import Category

_MOST_CLASSES, _SHOWN, _PICTURED = 8, 5, 5
_OTHERS = Category("", "Others", "#D5D9E0")


@styled
def draw_gallery(gallery: Gallery) -> Figure:
    """Draw images in a grid, each with its true and its predicted class."""
    cases = gallery.cases
    height, width = cases[0].picture.shape[:2]
    columns = 10 if height > 1.8 * width else 7 if height > 0.7 * width else 5
    cell = WIDTH / columns
    wide = min(cell - 0.14, 3.0 * width / height)
    size_hw, lines = (height / width * wide, wide), 4 + (cases[0].repeats > 1)
    figure, panels = picture_grid(len(cases), size_hw, columns=columns, above=0.06, below=0.1, lines=lines)
    for ax, one in zip(panels, cases, strict=True):
        draw_case(ax, one, gallery.classes, room=int(cell * 72 / 4.3))
    return figure


@styled
def draw_case(ax: Axes, case: Case, classes: Sequence[Category], *, room: int = 28, title: str = "") -> Axes:
    """Draw one image, framed in the colour of the predicted class.

    Args:
        ax: Where to draw.
        case: The image and its prediction.
        classes: The classes, in the order of the probabilities.
        room: How many characters a line may have.
        title: A line above the image.
    """
    predicted = classes[case.predicted]
    ax.imshow(case.picture, interpolation="lanczos")
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set(visible=True, color=predicted.color, linewidth=2.5)
    given = case.probabilities
    lines = [
        shorten(classes[case.y_true].title, room),
        "right" if case.right else _predicted(predicted.title, room),
        f"{100 * given[case.predicted]:.0f} %" + ("" if case.right else f", true {100 * given[case.y_true]:.0f} %"),
    ]
    if case.repeats > 1:
        lines.append(f"wrong in {case.wrong_in} of {case.repeats}")
    first = ax.annotate(
        lines[0], (0.5, 0), (0, -5), xycoords="axes fraction", textcoords="offset points",
        ha="center", va="top", fontsize=8.5, fontweight="bold", color=INK,
    )  # fmt: skip
    ax.annotate(
        "\n".join(lines[1:]), (0.5, 0), (0, -2), xycoords=first, textcoords="offset points",
        ha="center", va="top", fontsize=7.5, color=MUTED if case.right else WRONG, linespacing=1.25,
    )  # fmt: skip
    if title:
        ax.set_title(title, fontsize=9, loc="center", pad=4)
    return ax


@styled
def draw_unsure(value: LeastConfident) -> Figure:
    """Draw the least confident predictions as bars of probabilities, and the first five of them as images."""
    cases, classes = value.cases, value.classes
    shown = cases[:_PICTURED]
    height, width = cases[0].picture.shape[:2]
    tall = min(2.6, 0.85 * (WIDTH / 5) * height / width)
    heights = (tall + 1.15, 0.8 + len(cases) * (0.29 if len(classes) <= _MOST_CLASSES else 0.38))
    figure = new_figure(WIDTH, sum(heights))
    upper, lower = figure.subfigures(2, 1, squeeze=False, height_ratios=heights)[:, 0]
    cells = upper.subplots(1, _PICTURED, squeeze=False)[0]
    for ax in cells[len(shown) :]:
        ax.set_axis_off()
    for number, (ax, one) in enumerate(zip(cells, shown, strict=False), start=1):
        draw_case(ax, one, classes, title=f"{number}")
    draw_probabilities(lower.subplots(), cases, classes)
    return figure


@styled
def draw_probabilities(ax: Axes, cases: Sequence[Case], classes: Sequence[Category]) -> Axes:
    """Draw a bar for each image, cut by the classes' probabilities; the true class has a frame.

    Args:
        ax: Where to draw.
        cases: The images, the first on top.
        classes: The classes, in the order of the probabilities; of many only the most probable are shown.
    """
    for row, one in enumerate(cases):
        start = 0.0
        for index, category, share in _segments(one, classes):
            framed = index == one.y_true
            ax.barh(
                row, share, 0.74, start, color=category.color, zorder=3 if framed else 2,
                edgecolor=INK if framed else PAPER, linewidth=2.0 if framed else 0.6,
            )  # fmt: skip
            _name_segment(ax, category, start, share, row, tall=len(classes) > _MOST_CLASSES)
            start += share
        verdict = "right" if one.right else "wrong"
        ax.text(1.01, row, verdict, va="center_baseline", fontsize=8.5, color=MUTED if one.right else WRONG,
                fontweight="normal" if one.right else "bold")  # fmt: skip
    names = [f"{row}  {shorten(classes[one.y_true].title, 24)}" for row, one in enumerate(cases, start=1)]
    ax.set_yticks(range(len(cases)), names, fontsize=9)
    ax.set_ylim(len(cases) - 0.45, -0.55)
    ax.set_xlim(0, 1.0)
    ax.set_xticks((0, 0.25, 0.5, 0.75, 1), ("0 %", "25 %", "50 %", "75 %", "100 %"))
    quiet_axis(ax)
    ax.grid(visible=False)
    ax.tick_params(axis="x", labelcolor=MUTED)
    ax.set_title("Probabilities of the least confident predictions (the true class is framed)")
    return ax


def _predicted(title: str, room: int) -> str:
    """Name the predicted class, in two lines where one has no room for it."""
    return f"predicted {title}" if len(title) + 10 <= room else f"predicted\n{shorten(title, room)}"


def _segments(one: Case, classes: Sequence[Category]) -> list[tuple[int, Category, float]]:
    """Return index, class and share of each segment; of many classes the most probable ones, the rest as one."""
    values = one.probabilities.tolist()
    if len(classes) <= _MOST_CLASSES:
        return [(index, classes[index], value) for index, value in enumerate(values)]
    first = np.argsort(-one.probabilities, kind="stable")[:_SHOWN].tolist()
    indices = first if one.y_true in first else [*first[:-1], one.y_true]
    shown = [(int(index), classes[index], values[index]) for index in indices]
    return [*shown, (-1, _OTHERS, max(0.0, 1 - sum(value for _, _, value in shown)))]


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
