"""Images with their predictions: the wrong ones, the least confident ones, and those with suspect labels."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toonvision.data.arrays import Pictures
from toonvision.figures import style
from toonvision.figures.style import INK, MUTED, PAPER, WIDTH, WRONG, styled
from toonvision.studies.suspects import Suspect, SuspectCrops
from toonvision.tasks.classify_panels import Case, Gallery, LeastConfident
from toonvision.taxonomy.labels import Category

_MOST_CLASSES, _SHOWN, _PICTURED = 8, 5, 5
_OTHERS = Category("", "Others", "#D5D9E0")


@styled
def draw_gallery(gallery: Gallery) -> Figure:
    """Draw images in a grid, each with its true and its predicted class."""
    cases = gallery.cases
    figure, panels, cell = style.picture_grid(
        len(cases), cases[0].picture.shape[:2], columns=(10, 7, 5), tallest=3.0, side=0.14, above=0.06, below=0.1,
        lines=4 + (cases[0].repeats > 1),
    )  # fmt: skip
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
    predicted, shares = classes[case.predicted], case.probabilities
    style.show_picture(ax, case.picture, predicted.color)
    if case.right:
        lines = ["right", f"{100 * shares[case.predicted]:.0f} %"]
    else:
        fits = len(predicted.title) + 10 <= room
        lines = [
            f"predicted {predicted.title}" if fits else f"predicted\n{style.shorten(predicted.title, room)}",
            f"{100 * shares[case.predicted]:.0f} %, true {100 * shares[case.y_true]:.0f} %",
        ]
    if case.repeats > 1:
        lines.append(f"wrong in {case.wrong_in} of {case.repeats}")
    style.write_below(
        ax,
        (style.shorten(classes[case.y_true].title, room), {"fontweight": "bold"}),
        ("\n".join(lines), {"fontsize": 7.5, "color": MUTED if case.right else WRONG, "linespacing": 1.25}),
    )
    if title:
        ax.set_title(title, fontsize=9, loc="center", pad=4)
    return ax


@styled
def draw_unsure(value: LeastConfident) -> Figure:
    """Draw the least confident predictions as bars of probabilities, and the first five of them as images."""
    cases, classes = value.cases, value.classes
    height, width = cases[0].picture.shape[:2]
    tall = min(2.6, 0.85 * (WIDTH / 5) * height / width)
    heights = (tall + 1.15, 0.8 + len(cases) * (0.29 if len(classes) <= _MOST_CLASSES else 0.38))
    figure = style.new_figure(WIDTH, sum(heights))
    upper, lower = figure.subfigures(2, 1, squeeze=False, height_ratios=heights)[:, 0]
    cells = upper.subplots(1, _PICTURED)
    for ax in cells[len(cases) :]:
        ax.set_axis_off()
    for number, (ax, one) in enumerate(zip(cells, cases, strict=False), start=1):
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
            look: style.Look = (
                {"edgecolor": INK, "linewidth": 2.0} if framed else {"edgecolor": PAPER, "linewidth": 0.6}
            )
            ax.barh(row, share, 0.74, start, color=category.color, zorder=2 + framed, **look)
            _name_segment(ax, category, start, share, row, tall=len(classes) > _MOST_CLASSES)
            start += share
        look = {"color": MUTED} if one.right else {"color": WRONG, "fontweight": "bold"}
        ax.text(1.01, row, "right" if one.right else "wrong", va="center_baseline", fontsize=8.5, **look)
    names = [f"{row}  {style.shorten(classes[one.y_true].title, 24)}" for row, one in enumerate(cases, start=1)]
    style.name_rows(ax, names, fontsize=9)
    ax.set_xlim(0, 1.0)
    ax.set_xticks((0, 0.25, 0.5, 0.75, 1), ("0 %", "25 %", "50 %", "75 %", "100 %"))
    style.quiet_axis(ax)
    ax.grid(visible=False)
    ax.tick_params(axis="x", labelcolor=MUTED)
    ax.set_title("Probabilities of the least confident predictions (the true class is framed)")
    return ax


@styled
def draw_suspects(crops: SuspectCrops) -> Figure:
    """Draw suspect labels as a grid of crops, the most suspect first, numbered as in the CSV."""
    if not crops.pictures:
        figure = style.new_figure(WIDTH, 1.0)
        ax = figure.subplots()
        ax.set_axis_off()
        style.write_inside(ax, 0.5, 0.5, "There is no suspect label.", fontsize=10, color=MUTED)
        return figure
    figure, panels, cell = style.picture_grid(
        len(crops.pictures), crops.pictures[0].shape[:2], columns=(8, 6, 4), tallest=2.6, side=0.2, above=0.24,
        below=0.12, lines=4,
    )  # fmt: skip
    for rank, (ax, one, picture) in enumerate(zip(panels, crops.suspects, crops.pictures, strict=False), start=1):
        draw_suspect(ax, one, picture, crops.classes, rank=rank, room=int(cell * 72 / 4.6))
    return figure


@styled
def draw_suspect(
    ax: Axes, suspect: Suspect, picture: Pictures, classes: Mapping[str, Category], *, rank: int, room: int = 28
) -> Axes:
    """Draw one crop, framed in the colour of the predicted class; its label stands above.

    Args:
        ax: Where to draw.
        suspect: Its label and its prediction.
        picture: Shape ``(height, width, 3)``, 0 to 255.
        classes: Class name to its title and colour.
        rank: Its number in the list, from 1.
        room: How many characters a line may have.
    """
    given, likely = classes[suspect.given], classes[suspect.likely]
    style.show_picture(ax, picture, likely.color)
    look: style.Look = {"xycoords": "axes fraction", "fontsize": 8, "fontweight": "bold", "color": PAPER}
    box: style.Look = {"boxstyle": "square,pad=0.15", "color": INK, "linewidth": 0}
    style.note(ax, f" {rank} ", (0, 1), (2, -3), va="top", bbox=box, **look)
    look = {"xycoords": "axes fraction", "ha": "center", "color": style.ink_on(given.color)}
    box = {"boxstyle": "round,pad=0.22", "color": given.color, "linewidth": 0}
    style.note(ax, style.shorten(given.title, room), (0.5, 1), (0, 5), va="bottom", bbox=box, **look)
    against = f"{100 * suspect.likely_confidence:.0f} % against {100 * suspect.self_confidence:.0f} %"
    # A file's number, at the end of its name, identifies it.
    file = suspect.file.removesuffix(".png")
    style.write_below(
        ax,
        (style.shorten(f"predicted {likely.title}", room), {"fontweight": "bold", "color": WRONG}),
        (against, {"fontsize": 7.5, "color": MUTED}),
        (file if len(file) <= room + 2 else "…" + file[-(room + 1) :], {"fontsize": 6.5, "color": MUTED}),
    )
    return ax


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
    title = style.shorten(category.title, max(8, room)) if tall else style.shorten(category.title, 20)
    whole = f"{title}\n{percent}" if tall else f"{title} {percent}"
    needed = len(title) if tall else len(whole) + 1
    text = whole if needed <= room else percent if len(percent) + 1 <= room else ""
    look: style.Look = {"fontsize": 6.5, "va": "center"} if tall else {"fontsize": 8}
    look |= {"linespacing": 1.15, "color": style.ink_on(category.color), "zorder": 4}
    style.write_inside(ax, start + share / 2, row, text, **look)
