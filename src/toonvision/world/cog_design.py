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


# What several heads share: half width, half height and half depth, the body from ground to neck being one unit.
JAW: Final = Head(0.15, 0.145, 0.13, 2.6, 0.08)
PEG: Final = Head(0.06, 0.15, 0.075, 3.0, -0.1)
LONG: Final = Head(0.06, 0.2, 0.085, 2.4, 0.12)
EGG: Final = Head(0.135, 0.172, 0.13, 2.3, 0.05)
SLAB: Final = Head(0.13, 0.185, 0.13, 4.0, 0.05)
OVAL: Final = Head(0.112, 0.195, 0.115, 2.3, 0.1)
CRATE: Final = Head(0.125, 0.172, 0.17, 8, -0.06)
DOME: Final = Head(0.138, 0.11, 0.14, 2.4, -0.15)


@dataclass(frozen=True)
class CogDesign:
    """How one Cog looks.

    Attributes:
        suit: ``bb``, ``lb``, ``cb`` or ``sb``.
        build: ``broad``, ``narrow`` or ``stout``.
        height: Of the standing figure, in units of about a metre.
        head: Shape of its head.
        face: Colour of its face.
        features: What is on the head.
        other_face: Colour of the face's other half, if it has two.
        hands: Colour of its hands, if it is not that of the suit.
    """

    suit: str
    build: str
    height: float
    head: Head
    face: RGB
    features: tuple[Feature, ...]
    other_face: RGB | None = None
    hands: RGB | None = None
