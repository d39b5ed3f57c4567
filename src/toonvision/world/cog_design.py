"""How a Cog is described; the tables are in the modules of the four suits.

The drawings are our own: each plays with the name of its label.
"""

from dataclasses import dataclass
from typing import Final

from toonvision.world.heads import Feature, Head
from toonvision.world.palette import RGB

DARK: Final[RGB] = (58, 44, 40)
STEEL: Final[RGB] = (120, 124, 132)
LIP: Final[RGB] = (176, 70, 84)


@dataclass(frozen=True)
class CogDesign:
    """How one Cog looks.

    Attributes:
        suit: ``bb``, ``lb``, ``cb`` or ``sb``.
        build: ``tall``, ``middle`` or ``stout``.
        head: Shape of its head.
        face: Colour of its face.
        features: What is on the head.
        other_face: Colour of the face's other half, if it has two.
    """

    suit: str
    build: str
    head: Head
    face: RGB
    features: tuple[Feature, ...]
    other_face: RGB | None = None
