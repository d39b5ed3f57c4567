"""The eleven animals as rows of a table: head, eyes, ears, muzzle or bill."""

from dataclasses import dataclass
from typing import Final

from toonvision.world.geometry import Vec
from toonvision.world.heads import Feature, Head, balls, both, spike
from toonvision.world.palette import RGB, WHITE
from toonvision.world.solids import Ellipsoid

TAN: Final[RGB] = (206, 168, 127)
PEACH: Final[RGB] = (222, 162, 130)
PINKISH: Final[RGB] = (240, 166, 166)
BILL: Final[RGB] = (240, 130, 36)
HORN: Final[RGB] = (236, 216, 170)
INK: Final[RGB] = (16, 14, 16)


@dataclass(frozen=True)
class Muzzle:
    """What stands out of a face below the eyes, in the head's units.

    Attributes:
        v: Height on the head from -1 (chin) to 1.
        wide: Half width at its root.
        tall: Half height at its root.
        reach: How far it stands out at the front.
        drop: How much lower its tip is than its root.
        tip: Size of the tip, as a share of that of the root.
        nose: Half width of the black nose on its tip; 0 for none.
        snout: Whether it ends in a disc with nostrils.
        bill: Whether it is a flat bill.
        colour: Its colour.
        fur: How much of the fur's colour it has, 0 to 1.
    """

    v: float
    wide: float
    tall: float
    reach: float
    drop: float = 0.1
    tip: float = 0.6
    nose: float = 0.2
    snout: bool = False
    bill: bool = False
    colour: RGB = TAN
    fur: float = 0.0


@dataclass(frozen=True)
class Ear:
    """An ear of joints, set on both sides, in the head's units.

    Attributes:
        azimuth: Where it begins, in degrees.
        v: Height of that point.
        joints: Steps from one joint to the next, for the right side.
        radii: Radius at its root and at each joint.
        colour: Its colour, if it is not that of the fur.
        inside: Whether its front is pink.
    """

    azimuth: float
    v: float
    joints: tuple[Vec, ...]
    radii: tuple[float, ...]
    colour: RGB | None = None
    inside: bool = False


@dataclass(frozen=True)
class Flap:
    """An ear of one flat leaf or disc, set on both sides.

    Attributes:
        place: Where it is held, for the right side: x, y and z as shares of the head's half width, height and depth.
        radii: Half its width, height and thickness in the head's units.
        tilt: How far its top leans to the front, its front looks to the side, and its top leans aside, in degrees.
        hold: At which height of it it is held: -1 its bottom, as if it stands, 1 its top, as if it hangs.
        colour: Its colour, if it is not that of the fur.
        tan: Whether it has the muzzle's colour.
        inside: Whether its front is pink.
    """

    place: Vec
    radii: Vec
    tilt: Vec = (0.0, 10.0, 0.0)
    hold: float = 0.0
    colour: RGB | None = None
    tan: bool = False
    inside: bool = False


@dataclass(frozen=True)
class Animal:
    """One kind of Toon.

    Attributes:
        head: Its head.
        muzzle: Its muzzle or bill.
        height: From the ground to the top of head and ears, in units.
        ears: Its ears.
        features: What else its head has.
        eyes: Azimuth, height and size of the eyes.
        tail: Joints of the tail: y from the hip, z and radius.
        hat_v: Height at which a hat sits, if one fits.
        lean: How far the head leans to the front, in radians; less than 0 is to the back.
    """

    head: Head
    muzzle: Muzzle
    height: float = 1.5
    ears: tuple[Ear | Flap, ...] = ()
    features: tuple[Feature, ...] = ()
    eyes: tuple[float, float, float] = (20.0, 0.3, 0.26)
    tail: tuple[Vec, ...] = ()
    hat_v: float | None = 0.84
    lean: float = -0.1


def rim() -> Feature:
    """The rim of fur at the height of the chin, wider than the head, as of a bell."""
    return lambda head, fur: [
        Ellipsoid(
            (0, -0.52 * head.height, -0.25 * head.depth), (head.width * 1.3, head.height * 0.44, head.depth * 0.95), fur
        )
    ]


def tuft() -> Feature:
    """A fan of feathers on the crown."""
    return lambda head, fur: [
        part
        for x, z in ((-0.24, 0.0), (0.0, 0.14), (0.24, 0.0))
        for part in spike(0, 0.93, (x, 0.3, z), fur.colour, size=0.09, tip=0.08)(head, fur)
    ]


ANIMALS: Final[dict[str, Animal]] = {
    "toon_bear": Animal(
        Head(0.155, 0.178, 0.165, 2.4, 0.06),
        Muzzle(-0.52, 0.74, 0.6, 0.5, drop=-0.1, tip=0.76, nose=0.3),
        ears=(Flap((0.96, 0.9, -0.3), (0.42, 0.42, 0.24), (0, 40, 0)),),
        lean=-0.3,
    ),
    "toon_cat": Animal(
        Head(0.172, 0.165, 0.165, 3.0, -0.24),
        Muzzle(-0.64, 0.62, 0.4, 0.32, nose=0.13, tip=0.68),
        1.5,
        ears=(Ear(78, 0.8, ((0.18, 0.5, -0.05),), (0.36, 0.03), inside=True),),
        features=(rim(),),
        eyes=(21.0, 0.06, 0.26),
    ),
    "toon_crocodile": Animal(
        Head(0.18, 0.165, 0.18, 2.2, -0.1),
        Muzzle(-0.3, 0.6, 0.28, 1.3, tip=0.72, nose=0, fur=0.85),
        features=(
            balls(both(30, 0.84, 0.36), (120, 150, 90)),
            *(
                spike(azimuth, -0.45, (0.0, -0.3, 0.5 + azimuth / 90), WHITE, size=0.1, mirrored=True)
                for azimuth in (24, 44)
            ),
        ),
        eyes=(24.0, 0.62, 0.32),
        tail=((-0.02, -0.12, 0.1), (-0.12, -0.32, 0.07), (-0.2, -0.5, 0.02)),
        hat_v=None,
    ),
    "toon_deer": Animal(
        Head(0.16, 0.19, 0.17, 2.2, 0.05),
        Muzzle(-0.5, 0.44, 0.32, 0.8, drop=0.35, nose=0.17),
        1.68,
        ears=(Ear(75, 0.6, ((0.45, 0.14, -0.1), (0.4, 0.0, -0.1)), (0.12, 0.2, 0.03), inside=True),),
        features=(
            *(
                spike(30, 0.85, end, HORN, size=0.09, tip=0.05, mirrored=True)
                for end in ((0.45, 1.0, -0.15), (0.85, 0.5, 0.0), (0.2, 0.6, 0.3))
            ),
            balls(((150, 0.5, 0.1), (180, 0.7, 0.09), (-150, 0.4, 0.09), (90, 0.5, 0.07)), WHITE, flat=0.4),
        ),
        hat_v=None,
    ),
    "toon_dog": Animal(
        Head(0.145, 0.17, 0.155, 2.1),
        Muzzle(-0.48, 0.84, 0.72, 0.7, drop=0.15, tip=0.8, nose=0.4),
        ears=(
            Ear(86, 0.74, ((0.36, 0.14, -0.05), (0.12, -0.1, 0.0)), (0.09, 0.1, 0.12), INK),
            Flap((1.25, 0.85, -0.1), (0.11, 0.95, 0.27), (0, 0, -3), 0.96, INK),
        ),
    ),
    "toon_duck": Animal(
        Head(0.168, 0.205, 0.175, 2.1, 0.05),
        Muzzle(-0.74, 0.86, 0.15, 0.8, drop=0.0, nose=0, bill=True, colour=BILL),
        features=(tuft(),),
        eyes=(21.0, -0.06, 0.27),
    ),
    "toon_horse": Animal(
        Head(0.14, 0.145, 0.145, 2.2, 0.05),
        Muzzle(-0.4, 0.88, 0.76, 1.1, drop=1.0, tip=0.9, nose=0),
        1.62,
        ears=(Flap((0.45, 0.9, -0.05), (0.15, 0.78, 0.17), (-14, 0, 19), -0.95, INK),),
    ),
    "toon_monkey": Animal(
        Head(0.155, 0.185, 0.165, 2.0, 0.05),
        Muzzle(-0.55, 0.6, 0.6, 0.28, drop=0.5, tip=0.96, nose=0, colour=PEACH),
        ears=(Flap((1.28, 0.02, -0.2), (0.46, 0.5, 0.15), (0, 40, 0), tan=True),),
        features=(balls(both(4, -0.12, 0.035), (70, 40, 30), out=0.12),),
        eyes=(20.0, 0.34, 0.28),
    ),
    "toon_mouse": Animal(
        Head(0.155, 0.18, 0.165, 2.2, 0.0),
        Muzzle(-0.6, 0.78, 0.54, 0.75, drop=-0.35, tip=0.62, nose=0.44),
        1.58,
        ears=(Flap((1.14, 1.24, -0.15), (0.8, 0.84, 0.16), (0, 14, 10)),),
    ),
    "toon_pig": Animal(
        Head(0.175, 0.175, 0.175, 2.2, -0.05),
        Muzzle(-0.52, 0.76, 0.62, 0.5, drop=-0.08, tip=0.68, nose=0, snout=True, colour=PINKISH),
        ears=(
            Flap((0.55, 0.8, -0.05), (0.3, 0.46, 0.15), (0, 0, 50), -0.7),
            Flap((1.14, 1.15, 0.0), (0.24, 0.42, 0.13), (10, 0, -32), 0.75),
        ),
    ),
    "toon_rabbit": Animal(
        Head(0.16, 0.18, 0.16, 2.1, -0.25),
        Muzzle(-0.64, 0.68, 0.42, 0.34, tip=0.68, nose=0.08, colour=PEACH, fur=0.1),
        1.8,
        ears=(Flap((0.5, 0.82, -0.1), (0.25, 1.12, 0.11), (-14, 16, 16), -0.95, inside=True),),
        features=(balls(((-5, -0.95, 0.12), (5, -0.95, 0.12)), WHITE, out=0.42, tall=1.9, flat=0.5),),
    ),
}
