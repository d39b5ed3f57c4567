"""The eleven animals as rows of a table: head, eyes, ears, muzzle or bill."""

from dataclasses import dataclass
from typing import Final

from toonvision.world.geometry import Vec
from toonvision.world.heads import Feature, Head, balls, both, mouth, spike
from toonvision.world.palette import RGB, WHITE


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
        colour: Its colour, if it is not tan, as of a bill.
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
    colour: RGB | None = None
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
class Disc:
    """A round ear, set on both sides: azimuth, height, size, share of depth, rotation in degrees, and if it is tan."""

    azimuth: float
    v: float
    size: float
    flat: float
    turn: float = 10.0
    tan: bool = False


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
    """

    head: Head
    muzzle: Muzzle
    height: float = 1.5
    ears: tuple[Ear | Disc, ...] = ()
    features: tuple[Feature, ...] = ()
    eyes: tuple[float, float, float] = (24.0, 0.28, 0.28)
    tail: tuple[Vec, ...] = ()
    hat_v: float | None = 0.84


def cheeks() -> Feature:
    """Broad cheeks of fur."""
    return lambda head, fur: spike(80, -0.6, (0.26, -0.06, 0.0), fur.colour, size=0.34, tip=0.12, mirrored=True)(
        head, fur
    )


HORN: Final[RGB] = (236, 216, 170)
BILL: Final[RGB] = (240, 130, 36)
INK: Final[RGB] = (16, 14, 16)

ANIMALS: Final[dict[str, Animal]] = {
    "toon_bear": Animal(
        Head(0.165, 0.215, 0.18, 2.3, -0.12),
        Muzzle(-0.55, 0.76, 0.5, 0.4, tip=0.64, nose=0.22),
        ears=(Disc(56, 0.86, 0.32, 0.6),),
    ),
    "toon_cat": Animal(
        Head(0.18, 0.205, 0.18, 2.5, -0.2),
        Muzzle(-0.62, 0.6, 0.32, 0.28, nose=0.12, tip=0.66),
        1.54,
        ears=(Ear(44, 0.74, ((0.14, 0.52, -0.05),), (0.28, 0.02), inside=True),),
        features=(cheeks(),),
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
        Head(0.165, 0.19, 0.175, 2.3),
        Muzzle(-0.52, 0.62, 0.44, 0.85, tip=0.68, nose=0.27),
        ears=(
            Ear(82, 0.72, ((0.36, 0.24, -0.05), (0.34, -0.5, 0), (0.06, -0.8, 0.02)), (0.06, 0.07, 0.12, 0.07), INK),
        ),
    ),
    "toon_duck": Animal(
        Head(0.18, 0.215, 0.185, 2.0, 0.08),
        Muzzle(-0.58, 0.72, 0.18, 0.75, drop=0.0, tip=0.85, nose=0, colour=BILL),
        features=(
            lambda head, fur: [
                *spike(0, 0.95, (0.12, 0.3, -0.15), fur.colour, size=0.12, tip=0.03)(head, fur),
                *spike(0, 0.95, (-0.1, 0.26, -0.25), fur.colour, size=0.12, tip=0.03)(head, fur),
            ],
        ),
    ),
    "toon_horse": Animal(
        Head(0.15, 0.18, 0.165, 2.3, 0.1),
        Muzzle(-0.45, 0.58, 0.54, 1.3, drop=0.65, tip=0.78, nose=0),
        1.62,
        ears=(Ear(34, 0.84, ((0.16, 0.66, -0.25), (0.14, 0.6, -0.35)), (0.11, 0.15, 0.05), INK),),
    ),
    "toon_monkey": Animal(
        Head(0.17, 0.195, 0.17, 2.2, -0.05),
        Muzzle(-0.55, 0.74, 0.46, 0.32, tip=0.8, nose=0),
        ears=(Disc(98, 0.05, 0.42, 0.4, turn=48, tan=True),),
        features=(balls(both(4, -0.12, 0.035), (70, 40, 30), out=0.12),),
        eyes=(22.0, 0.3, 0.28),
    ),
    "toon_mouse": Animal(
        Head(0.185, 0.185, 0.185, 2.1, -0.06),
        Muzzle(-0.52, 0.66, 0.42, 0.75, drop=-0.05, tip=0.42, nose=0.23),
        1.58,
        ears=(Disc(62, 0.78, 0.66, 0.16),),
    ),
    "toon_pig": Animal(
        Head(0.195, 0.185, 0.19, 2.2, -0.1),
        Muzzle(-0.5, 0.7, 0.46, 0.6, drop=0.0, tip=0.78, nose=0, snout=True),
        ears=(Ear(46, 0.74, ((0.38, 0.3, 0.0), (0.3, -0.3, 0.12)), (0.16, 0.17, 0.03)),),
        features=(mouth(curve=0.1, v=-0.85, width=24, thick=0.03),),
    ),
    "toon_rabbit": Animal(
        Head(0.165, 0.2, 0.17, 2.2, -0.12),
        Muzzle(-0.6, 0.56, 0.27, 0.3, tip=0.66, nose=0.08, fur=0.55),
        1.82,
        ears=(Ear(32, 0.86, ((0.12, 0.75, -0.1), (0.16, 0.85, -0.15)), (0.14, 0.24, 0.06), inside=True),),
        features=(balls(((-5, -0.95, 0.12), (5, -0.95, 0.12)), WHITE, out=0.42, tall=1.7, flat=0.5),),
    ),
}
