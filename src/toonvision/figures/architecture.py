"""Networks: their feature maps to scale, the layers that make them, and where their weights are."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle

from toonvision.figures import style
from toonvision.figures.style import MUTED, WIDTH, styled
from toonvision.models.architecture import Architecture, Stage

_SLOT, _TALL, _ROOM, _BAR = 1.31, 2.55, 1.15, 0.17
_LEAST, _NAMED = 0.02, 0.4
_LEAN = (0.42, 0.26)
"""How far right and up a pixel of a map's width goes, as share of a pixel of its height."""
_THICKEST = 0.7
_PER_CHANNEL = 0.02
_MIDDLE, _TOP = 1.56, 2.16
_PICTURE, _HEAD = "#B9BFC9", "#D55E00"
_BLOCKS = ("#9CCAE8", "#56A5D8", "#1F7FBF", "#0B5C96", "#074573", "#04304F")


@styled
def draw_architectures(architectures: tuple[Architecture, ...]) -> Figure:
    """Draw networks, two in a row where they are short; those for images of one size have one scale."""
    longest = max(len(architecture.stages) for architecture in architectures)
    columns = 2 if len(architectures) > 1 and 2 * longest * _SLOT <= WIDTH else 1
    rows = -(-len(architectures) // columns)
    figure = style.new_figure(WIDTH, (_TALL + 0.4) * rows + 0.1)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax, architecture in zip(panels, architectures, strict=False):
        draw_architecture(ax, architecture)
    for ax in panels[len(architectures) :]:
        ax.set_axis_off()
    return figure


@styled
def draw_architecture(ax: Axes, architecture: Architecture) -> Axes:
    """Draw a network from its image to its outputs: each block's maps as a box, and below them a bar of its weights.

    Height and width of the boxes are to scale, and so is their thickness, the number of maps. The bar is as long for
    each network; its parts are the shares of the weights.

    Args:
        ax: Where to draw; it is about as wide as high for every two blocks.
        architecture: The network.
    """
    stages = architecture.stages
    height, width = stages[0].size_hw or (1, 1)
    scale = _ROOM / max(height + _LEAN[1] * width, 1)
    thick = min(_PER_CHANNEL, _THICKEST / max(stage.channels for stage in stages))
    reach = 0.0
    for index, (stage, color) in enumerate(zip(stages, _colors(len(stages)), strict=True)):
        middle = (index + 0.5) * _SLOT
        left, right = _draw_maps(ax, stage, middle, scale, thick, color)
        if index:
            ax.annotate("", (left - 0.06, _MIDDLE), (reach + 0.06, _MIDDLE),
                        arrowprops={"arrowstyle": "->", "color": MUTED, "linewidth": 0.9})  # fmt: skip
        reach = right
        outputs = f"{stage.channels:,} output{'s' * (stage.channels > 1)}"
        shape = " × ".join(map(str, (*stage.size_hw, stage.channels))) if stage.size_hw else outputs
        ax.text(middle, 0.87, shape, ha="center", va="top", fontsize=8, fontweight="bold")
        ax.text(middle, 0.72, "\n".join(stage.steps), ha="center", va="top", fontsize=8, color=MUTED,
                linespacing=1.25)  # fmt: skip
        if stage.weights:
            ax.text(middle, 0.1, f"{stage.weights:,} weights", ha="center", va="bottom", fontsize=8)
    _draw_weights(ax, architecture)
    ax.set_xlim(0, len(stages) * _SLOT)
    ax.set_ylim(_TOP - _TALL, _TOP)
    ax.set_aspect("equal", anchor="W")
    ax.set_axis_off()
    ax.set_title(style.shorten(architecture.title, 13 * len(stages)), fontsize=9.5)
    return ax


def _draw_maps(ax: Axes, stage: Stage, middle: float, scale: float, thick: float, color: str) -> tuple[float, float]:
    """Draw the output maps of a stage as a box in oblique projection; return its left and right end."""
    deep = stage.channels * thick
    high, wide = (max(_LEAST, side * scale) for side in stage.size_hw or (0, 0))
    if not stage.size_hw:  # outputs have no pixels to be drawn to scale
        deep, high, wide = 0.09, min(0.12 * stage.channels, _ROOM), 0.0
    right, up = wide * _LEAN[0], wide * _LEAN[1]
    x, y = middle - (deep + right) / 2, _MIDDLE - (high + up) / 2
    look: dict[str, Any] = {"linewidth": 0.6, "edgecolor": "white", "joinstyle": "round"}
    ax.add_patch(Polygon([(x, y + high), (x + deep, y + high), (x + deep + right, y + high + up),
                          (x + right, y + high + up)], facecolor=_shade(color, 0.35), **look))  # fmt: skip
    ax.add_patch(Polygon([(x + deep, y), (x + deep, y + high), (x + deep + right, y + high + up),
                          (x + deep + right, y + up)], facecolor=_shade(color, -0.2), **look))  # fmt: skip
    ax.add_patch(Rectangle((x, y), deep, high, facecolor=color, **look))
    return x, x + deep + right


def _draw_weights(ax: Axes, architecture: Architecture) -> None:
    """Draw the share of the weights of each stage as a part of a bar, in percent where there is room."""
    full = len(architecture.stages) * _SLOT
    total, at = max(1, architecture.weights), 0.0
    for stage, color in zip(architecture.stages, _colors(len(architecture.stages)), strict=True):
        wide = full * stage.weights / total
        ax.add_patch(Rectangle((at, -_BAR), wide, _BAR, facecolor=color, edgecolor="white", linewidth=0.8))
        if wide > _NAMED:
            ax.text(
                at + wide / 2,
                -_BAR / 2,
                f"{100 * stage.weights / total:.0f} %",
                ha="center",
                va="center_baseline",
                fontsize=7.5,
                color=style.ink_on(color),
            )
        at += wide
    ax.text(full, -_BAR - 0.05, f"{architecture.weights:,} weights", ha="right", va="top", fontsize=8)


def _colors(count: int) -> list[str]:
    """Return the colours of the image, each block and the head."""
    return [_PICTURE, *(_BLOCKS[index % len(_BLOCKS)] for index in range(count - 2)), _HEAD]


def _shade(color: str, by: float) -> str:
    """Lighten a colour, or darken it where `by` is below 0."""
    goal = 1.0 if by > 0 else 0.0
    red, green, blue = (one + (goal - one) * abs(by) for one in to_rgb(color))
    return to_hex((red, green, blue))
