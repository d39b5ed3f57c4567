"""Masks: which figure, which kind of thing and which part of a figure is seen in every pixel."""

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
    """What is seen in every pixel; uint8 of shape (720, 1720) each.

    Attributes:
        instances: Number of the object in the annotation, from 1; 0 where no figure is seen.
        classes: Place in `CLASSES`; a name panel is a prop.
        parts: Place in `solids.PARTS`; 0 where no figure is seen.
    """

    instances: Mask
    classes: Mask
    parts: Mask

    def pictures(self) -> dict[str, Image.Image]:
        """Give each mask as a picture with a palette: its pixels are the values, its colours are for people."""
        return {
            "instances": indexed(self.instances, INSTANCE_COLOURS),
            "classes": indexed(self.classes, CLASS_COLOURS),
            "parts": indexed(self.parts, PART_COLOURS),
        }


def indexed(mask: Mask, colours: tuple[RGB, ...]) -> Image.Image:
    """Make a palette picture (mode P) whose pixels are the values of a mask.

    Raises:
        ValueError: If a value has no colour.
    """
    if mask.size and int(mask.max()) >= len(colours):
        raise ValueError(f"a mask with the value {mask.max()} needs more than {len(colours)} colours")
    picture = Image.fromarray(mask, mode="L")
    picture.putpalette([part for colour in colours for part in colour])
    return picture
