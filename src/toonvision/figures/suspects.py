"""Suspect labels: the crops, their labels, and the classes that the models predict."""

from collections.abc import Mapping

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
    picture_grid,
    shorten,
    styled,
    write_inside,
)
from toonvision.studies.suspects import Suspect, SuspectCrops
from toonvision.taxonomy.labels import Category

_LINES = 4
_NONE = "There is no suspect label."


@styled
def draw_suspects(crops: SuspectCrops) -> Figure:
    """Draw suspect labels as a grid of crops, the most suspect first, numbered as in the CSV."""
    suspects, pictures, classes = crops.suspects, crops.pictures, crops.classes
    if not suspects:
        figure = new_figure(WIDTH, 1.0)
        ax = figure.subplots()
        ax.set_axis_off()
        write_inside(ax, 0.5, 0.5, _NONE, fontsize=10, color=MUTED)
        return figure
    height, width = pictures[0].shape[:2]
    columns = 8 if height > 1.8 * width else 6 if height > 0.7 * width else 4
    cell = WIDTH / columns
    wide = min(cell - 0.2, 2.6 * width / height)
    figure, panels = picture_grid(
        len(suspects), (height / width * wide, wide), columns=columns, above=0.24, below=0.12, lines=_LINES
    )
    for index, (ax, one, picture) in enumerate(zip(panels, suspects, pictures, strict=True)):
        draw_suspect(ax, one, picture, classes, rank=index + 1, room=int(cell * 72 / 4.6))
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
    ax.imshow(picture, interpolation="lanczos")
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set(visible=True, color=likely.color, linewidth=2.5)
    ax.annotate(
        f" {rank} ", (0, 1), (2, -3), xycoords="axes fraction", textcoords="offset points", ha="left", va="top",
        fontsize=8, fontweight="bold", color=PAPER, bbox={"boxstyle": "square,pad=0.15", "color": INK, "linewidth": 0},
    )  # fmt: skip
    ax.annotate(
        shorten(given.title, room), (0.5, 1), (0, 5), xycoords="axes fraction", textcoords="offset points", ha="center",
        va="bottom", fontsize=8.5, color=ink_on(given.color),
        bbox={"boxstyle": "round,pad=0.22", "color": given.color, "linewidth": 0},
    )  # fmt: skip
    first = ax.annotate(
        shorten(f"predicted {likely.title}", room), (0.5, 0), (0, -5), xycoords="axes fraction",
        textcoords="offset points", ha="center", va="top", fontsize=8.5, fontweight="bold", color=WRONG,
    )  # fmt: skip
    second = ax.annotate(
        f"{100 * suspect.likely_confidence:.0f} % against {100 * suspect.self_confidence:.0f} %", (0.5, 0), (0, -2),
        xycoords=first, textcoords="offset points", ha="center", va="top", fontsize=7.5, color=MUTED,
    )  # fmt: skip
    ax.annotate(
        _tail(suspect.file.removesuffix(".png"), room + 2), (0.5, 0), (0, -2), xycoords=second,
        textcoords="offset points", ha="center", va="top", fontsize=6.5, color=MUTED,
    )  # fmt: skip
    return ax


def _tail(text: str, length: int) -> str:
    """Cut a file's name at the front: its number, at the end, identifies it."""
    return text if len(text) <= length else "…" + text[-(length - 1) :]
