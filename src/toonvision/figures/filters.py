"""What filters look for: the weights of the first ones, and the pictures that excite the others."""

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from toonvision.data.arrays import Pictures
from toonvision.figures.activations import draw_tiles
from toonvision.figures.style import styled


@styled
def draw_first_filters(filters: npt.NDArray[np.float32]) -> Figure:
    """Draw the weights of a network's first convolution as small colour pictures.

    Args:
        filters: Shape ``(height, width, 3, filters)``, 0 to 1, where 0.5 is a weight of 0.
    """
    height, width, _, count = filters.shape
    return draw_tiles(
        np.moveaxis(filters, -1, 0),
        [f"{number}" for number in range(count)],
        (height, width),
        title=f"Weights of the first {count} filters (grey is a weight of 0; each on its own scale)",
    )


@styled
def draw_ascent(pictures: Pictures, *, number: int = 0) -> Figure:
    """Draw the pictures that the filters of a convolution answer to most.

    Args:
        pictures: One a filter, shape ``(filters, height, width, 3)``, 0 to 255.
        number: Which convolution it is, from 1; 0 leaves the number out.
    """
    where = f" of convolution {number}" if number else ""
    return draw_tiles(
        pictures,
        [f"{place}" for place in range(len(pictures))],
        (pictures.shape[1], pictures.shape[2]),
        title=f"What the {len(pictures)} filters{where} answer to most",
    )
