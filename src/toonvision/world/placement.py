"""Where the figures of a screenshot stand: seen well enough, in the street, at all distances."""

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
    """A drawn thing and where it stands.

    Attributes:
        sprite: Its picture.
        column: Column of its foot in pixels.
        row: Row of its foot in pixels.
        distance: From the picture plane in units; nearer things are drawn later.
        label: What it is, or None for a prop.
    """

    sprite: Sprite
    column: float
    row: float
    distance: float
    label: str | None = None

    @property
    def corner(self) -> tuple[int, int]:
        """Give the pixel of the picture's upper left corner in the frame."""
        return round(self.column - self.sprite.foot_xy[0]), round(self.row - self.sprite.foot_xy[1])


def coarse_mask(thing: Standing) -> Mask:
    """Give the cells of a coarse frame that a thing covers, bool of shape (90, 215)."""
    cells = thing.sprite.cells
    frame = np.zeros((GRID_WH[1], GRID_WH[0]), dtype=np.bool_)
    left, top = (at // CELL_PX for at in thing.corner)
    low, high = max(0, top), min(GRID_WH[1], top + cells.shape[0])
    first, last = max(0, left), min(GRID_WH[0], left + cells.shape[1])
    if low < high and first < last:
        frame[low:high, first:last] = cells[low - top : high - top, first - left : last - left]
    return frame


def seen_shares(things: list[Standing]) -> list[float]:
    """Give for each thing the share of its picture that is in the frame and not behind a nearer thing."""
    covered = np.zeros((GRID_WH[1], GRID_WH[0]), dtype=np.bool_)
    shares = [0.0] * len(things)
    for place in sorted(range(len(things)), key=lambda i: things[i].distance):
        mask = coarse_mask(things[place])
        whole = int(things[place].sprite.cells.sum())
        shares[place] = float((mask & ~covered).sum()) / whole
        covered |= mask
    return shares


def column_range(camera: Camera, distance: float, *, width: float, cut: bool) -> tuple[float, float]:
    """Give the columns in which a figure may stand: between the walls, and inside the frame unless `cut`."""
    walls = sorted(camera.column(side * (HALF_STREET - 0.8), distance) for side in (-1, 1))
    margin = -0.15 * width if cut else 0.55 * width
    low, high = max(walls[0], margin), min(walls[1], SIZE_WH[0] - margin)
    return (low, high) if low < high else (SIZE_WH[0] * 0.45, SIZE_WH[0] * 0.55)
