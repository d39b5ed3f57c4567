"""What figures are made of."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from toonvision.world.geometry import Vec
from toonvision.world.palette import RGB

ByteArray = npt.NDArray[np.uint8]
PARTS: Final = ("none", "other", "cloth", "head", "hands")
"""Parts of a figure by their value in a mask; 0 is outside the figure."""


@dataclass(frozen=True, eq=False)
class Texture:
    """An image that covers a solid, in halving sizes.

    Attributes:
        levels: uint8 images of shape (height, width, 3), each half as large as the one before.
        texels_per_unit: Pixels of the first level along one unit of the surface.
        tiled: Repeated by surface length; otherwise stretched once around and once from top to bottom.
    """

    levels: tuple[ByteArray, ...]
    texels_per_unit: float
    tiled: bool


@dataclass(frozen=True, eq=False)
class Material:
    """What a solid is made of.

    Attributes:
        colour: Its colour if it has no texture.
        texture: An image instead of the colour.
        folds: How deep its folds are, 0 to 1.
        shift: Offset in the noise of the folds.
        part: Which part of the figure it covers, one of `PARTS`.
        tint: Factors of red, green and blue.
    """

    colour: RGB
    texture: Texture | None = None
    folds: float = 0.0
    shift: int = 0
    part: str = "other"
    tint: Vec = (1.0, 1.0, 1.0)

    @property
    def needs_uv(self) -> bool:
        """Whether its colour varies over the surface."""
        return self.texture is not None or self.folds > 0

    @property
    def plain_colour(self) -> Vec:
        """Its tinted colour, without folds and texture."""
        (red, green, blue), (x, y, z) = self.colour, self.tint
        return red * x, green * y, blue * z
