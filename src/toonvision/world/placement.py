"""Where the figures of a screenshot stand: visible enough, in the street, at all distances."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from toonvision.world.camera import HALF_STREET, SIZE_WH, Camera
from toonvision.world.shading import CELL_PX, Sprite

GRID_WH: Final = (SIZE_WH[0] // CELL_PX, SIZE_WH[1] // CELL_PX)
TRIES: Final = 60
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Standing:
    """A drawn thing and its position.

    Attributes:
        sprite: Its image.
        column: Column of its foot in pixels.
        row: Row of its foot in pixels.
        distance: From the image plane, in units; nearer things are drawn later.
        label: The figure's label, or None for a prop or an obstacle.
        obstacle: Whether it is as tall as a figure: a tree, a lamp post.
    """

    sprite: Sprite
    column: float
    row: float
    distance: float
    label: str | None = None
    obstacle: bool = False

    @property
    def corner(self) -> tuple[int, int]:
        """Return the pixel in the frame of the image's upper left corner."""
        return round(self.column - self.sprite.foot_xy[0]), round(self.row - self.sprite.foot_xy[1])


def seen_shares(things: list[Standing]) -> list[float]:
    """Return for each thing the share of its image that is in the frame and not behind a nearer thing."""
    free = np.ones((GRID_WH[1], GRID_WH[0]), dtype=np.bool_)
    shares = [0.0] * len(things)
    # Of two at the same distance the later one is painted over the earlier one.
    for index in sorted(range(len(things)), key=lambda i: (things[i].distance, -i)):
        window, cells = _cells_in_frame(things[index])
        seen = free[window] & cells
        shares[index] = np.count_nonzero(seen) / np.count_nonzero(things[index].sprite.cells)
        free[window] ^= seen
    return shares


def _cells_in_frame(thing: Standing) -> tuple[tuple[slice, slice], Mask]:
    """Return the rows and columns of the coarse frame that a thing covers, and its cells there; they may be empty."""
    cells = thing.sprite.cells
    left, top = (at // CELL_PX for at in thing.corner)
    high, wide = cells.shape
    low, first = max(0, min(top, GRID_WH[1])), max(0, min(left, GRID_WH[0]))
    last_row, last = max(low, min(GRID_WH[1], top + high)), max(first, min(GRID_WH[0], left + wide))
    return (slice(low, last_row), slice(first, last)), cells[
        max(0, low - top) : max(0, last_row - top), max(0, first - left) : max(0, last - left)
    ]


def column_range(camera: Camera, distance: float, *, width: float) -> tuple[float, float]:
    """Return the columns in which a figure may stand: between the walls, and inside the frame."""
    walls = sorted(camera.column(side * (HALF_STREET - 0.8), distance) for side in (-1, 1))
    margin = 0.55 * width
    low, high = max(walls[0], margin), min(walls[1], SIZE_WH[0] - margin)
    return (low, high) if low < high else (SIZE_WH[0] * 0.45, SIZE_WH[0] * 0.55)
