"""Channels of a layer, weights of filters, and images that activate them: one tile each."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from toonvision.figures import style
from toonvision.figures.style import FAINT, MUTED, WIDTH, styled
from toonvision.figures.values import ActivationTiles, FilterImages, FirstFilters

_GAP, _HEAD, _NAME = 0.08, 0.42, 0.2
"""Inches: between tiles, above the first row, and below a tile for its name."""

_BRIGHTEST = 0.998


@styled
def draw_activation(tiles: ActivationTiles) -> Figure:
    """Draw every channel of a layer, dark where it is inactive."""
    activation, values = tiles.activation, tiles.activation.values
    height, width, channels = activation.values.shape
    title = f"{activation.kind.capitalize()} {tiles.number or ''}".strip()
    own = np.abs(activation.values).max(axis=(0, 1))
    inactive = own == 0
    strongest = float(np.quantile(np.abs(values), _BRIGHTEST)) or float(own.max()) or 1.0
    return draw_tiles(
        np.moveaxis(values, -1, 0),
        [f"{channel}, inactive" if quiet else f"{channel}" for channel, quiet in enumerate(inactive.tolist())],
        tiles.size_hw,
        title=f"{title}: {channels} channels of {height} x {width}, bright where active (up to {strongest:.2g})",
        cmap="cividis",
        vmin=min(0.0, float(values.min())),
        vmax=strongest,
    )


@styled
def draw_tiles(
    tiles: npt.NDArray[Any], names: Sequence[str], size_hw: tuple[int, int], *, title: str, **options: Any
) -> Figure:
    """Draw small images in a grid with a name below each.

    Args:
        tiles: Shape ``(tiles, height, width)`` or ``(tiles, height, width, 3)``.
        names: One for each tile.
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
    figure = style.sheet(max(7.0, columns * (wide + _GAP) + _GAP), _HEAD + rows * (tall + _NAME + _GAP))
    figure.text(_GAP / figure.get_figwidth(), 1 - 0.13 / figure.get_figheight(), title, va="top", fontsize=10.5,
                fontweight="bold")  # fmt: skip
    for index, (tile, name) in enumerate(zip(tiles, names, strict=True)):
        row, column = divmod(index, columns)
        ax = style.axes_at(figure, _GAP + column * (wide + _GAP), _HEAD + row * (tall + _NAME + _GAP), wide, tall)
        ax.imshow(tile, interpolation="nearest", aspect="auto", **options)
        style.bare(ax)
        style.frame(ax, FAINT)
        ax.set_xlabel(name, fontsize=7.5, color=MUTED, labelpad=2)
    return figure


@styled
def draw_first_filters(filters: FirstFilters) -> Figure:
    """Draw the weights of a network's first convolution as small colour images."""
    height, width, _, count = filters.weights.shape
    return draw_tiles(
        np.moveaxis(filters.weights, -1, 0),
        [f"{number}" for number in range(count)],
        (height, width),
        title=f"Weights of the first {count} filters (grey is a weight of 0; each on its own scale)",
    )


@styled
def draw_filter_images(images: FilterImages) -> Figure:
    """Draw the images that activate the filters of a convolution most."""
    pictures = images.pictures
    where = f" of convolution {images.number}" if images.number else ""
    return draw_tiles(
        pictures,
        [f"{index}" for index in range(len(pictures))],
        (pictures.shape[1], pictures.shape[2]),
        title=f"Images that activate the {len(pictures)} filters{where} most",
    )
