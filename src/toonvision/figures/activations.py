"""What a layer makes of a picture: one tile a channel."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from toonvision.explain.activations import LayerActivation
from toonvision.figures.maps import axes_at, bare, sheet
from toonvision.figures.style import FAINT, MUTED, WIDTH, styled

_GAP, _HEAD, _NAME = 0.08, 0.42, 0.2
"""Inches: between tiles, above the first row, and below a tile for its name."""

_BRIGHTEST = 0.998


@styled
def draw_activation(
    activation: LayerActivation, size_hw: tuple[int, int], *, number: int = 0, normalise_each: bool = False
) -> Figure:
    """Draw every channel of a layer, dark where it is silent.

    Args:
        activation: What the layer makes of a picture.
        size_hw: Height and width of that picture, which gives the tiles their shape.
        number: Which convolution or pooling it is, from 1; 0 leaves the number out.
        normalise_each: Give each channel its own scale; otherwise all share one.
    """
    height, width, channels = activation.values.shape
    title = f"{activation.kind.capitalize()} {number or ''}".strip()
    own = np.abs(activation.values).max(axis=(0, 1))
    silent = own == 0
    values = activation.values / np.where(silent, 1, own) if normalise_each else activation.values
    strongest = 1.0 if normalise_each else float(np.quantile(np.abs(values), _BRIGHTEST)) or float(own.max()) or 1.0
    scale = "each on its own scale" if normalise_each else f"up to {strongest:.2g}"
    return draw_tiles(
        np.moveaxis(values, -1, 0),
        [f"{channel}, silent" if quiet else f"{channel}" for channel, quiet in enumerate(silent.tolist())],
        size_hw,
        title=f"{title}: {channels} channels of {height} x {width}, bright where they answer ({scale})",
        cmap="cividis",
        vmin=min(0.0, float(values.min())),
        vmax=strongest,
    )


@styled
def draw_tiles(
    tiles: npt.NDArray[Any], names: Sequence[str], size_hw: tuple[int, int], *, title: str, **options: Any
) -> Figure:
    """Draw small pictures in a grid with a name below each.

    Args:
        tiles: Shape ``(tiles, height, width)`` or ``(tiles, height, width, 3)``.
        names: One a tile.
        size_hw: Any height and width of the shape in which to draw the tiles.
        title: What they are.
        options: How matplotlib's `imshow` turns values into colours.
    """
    wide = min(1.3, max(0.62, 1.9 * size_hw[1] / size_hw[0]))
    tall = wide * size_hw[0] / size_hw[1]
    columns = min(len(tiles), int(WIDTH / (wide + _GAP)))
    rows = math.ceil(len(tiles) / columns)
    # Full rows to the last: 16 tiles stand 8 by 8 where a row had room for 13.
    columns = math.ceil(len(tiles) / rows)
    figure = sheet(max(7.0, columns * (wide + _GAP) + _GAP), _HEAD + rows * (tall + _NAME + _GAP))
    figure.text(_GAP / figure.get_figwidth(), 1 - 0.13 / figure.get_figheight(), title, va="top", fontsize=10.5,
                fontweight="bold")  # fmt: skip
    for place, (tile, name) in enumerate(zip(tiles, names, strict=True)):
        row, column = divmod(place, columns)
        ax = axes_at(figure, _GAP + column * (wide + _GAP), _HEAD + row * (tall + _NAME + _GAP), wide, tall)
        ax.imshow(tile, interpolation="nearest", aspect="auto", **options)
        bare(ax, tile.shape[:2])
        for spine in ax.spines.values():
            spine.set(visible=True, color=FAINT, linewidth=0.8)
        ax.set_xlabel(name, fontsize=7.5, color=MUTED, labelpad=2)
    return figure
