"""Masks: which figure, which class of thing and which part of a figure each pixel shows."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from toonvision.world.palette import RGB

Mask = npt.NDArray[np.uint8]

CLASSES: Final = ("sky", "building", "road", "ground", "obstacle", "prop", "cog", "toon")
CLASS_COLOURS: Final[tuple[RGB, ...]] = (
    (86, 180, 233), (150, 150, 150), (240, 228, 66), (0, 158, 115),
    (0, 114, 178), (204, 121, 167), (213, 94, 0), (230, 159, 0),
)  # fmt: skip
INSTANCE_COLOURS: Final[tuple[RGB, ...]] = (
    (0, 0, 0), (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66),
    (0, 114, 178), (213, 94, 0), (204, 121, 167), (255, 255, 255),
)  # fmt: skip
PART_COLOURS: Final[tuple[RGB, ...]] = ((0, 0, 0), (150, 150, 150), (0, 114, 178), (230, 159, 0), (204, 121, 167))


@dataclass(frozen=True, eq=False)
class SceneMasks:
    """What each pixel shows; three arrays of uint8, shape (720, 1720).

    Attributes:
        instances: Number of the object in the annotation, from 1; 0 where there is no figure.
        classes: Index into `CLASSES`; a name panel is a prop.
        parts: Index into `solids.PARTS`; 0 where there is no figure.
    """

    instances: Mask
    classes: Mask
    parts: Mask

    def pictures(self) -> dict[str, Image.Image]:
        """Return each mask as an image with a palette: its pixels are the values, the colours are only for display."""
        return {
            "instances": indexed(self.instances, INSTANCE_COLOURS),
            "classes": indexed(self.classes, CLASS_COLOURS),
            "parts": indexed(self.parts, PART_COLOURS),
        }


def indexed(mask: Mask, colours: tuple[RGB, ...]) -> Image.Image:
    """Return an image with a palette (mode P) whose pixels are the values of a mask.

    Raises:
        ValueError: If a value has no colour.
    """
    if mask.size and int(mask.max()) >= len(colours):
        raise ValueError(f"a mask with the value {mask.max()} needs more than {len(colours)} colours")
    picture = Image.fromarray(mask, mode="L")
    picture.putpalette([part for colour in colours for part in colour])
    return picture
