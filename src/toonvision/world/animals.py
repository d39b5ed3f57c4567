"""The eleven animals as rows of a table: head, ears, muzzle or bill, and tail."""

from dataclasses import dataclass
from typing import Final

from toonvision.world.heads import Feature, Head, balls, both, eyes, mouth, nose, spike
from toonvision.world.palette import BLACK, PINK, RGB, WHITE
from toonvision.world.solids import Vec

Tail = tuple[tuple[float, float, float, float], ...]


@dataclass(frozen=True)
class Animal:
    """One kind of Toon.

    Attributes:
        head: Its head.
        features: What does not depend on the colour of the fur.
        ears: Tips of the ears: azimuth, height, direction, size at root and tip; set on both sides.
        ear_rounds: Round ears instead: azimuth, height, size, and share of depth.
        muzzle: Height, half width, half height and reach of the muzzle, in the head's units.
        bill: Colour of the muzzle, if it is not fur.
        tail: Joints of the tail: y, z, radius and share of dark fur.
        muzzle_share: How tan the muzzle is, 0 to 1.
        glasses: Azimuth and height of glasses, if they can be worn.
        hat_v: Height at which a hat sits, if one fits.
        hat_size: Width of a hat, in widths of the head.
    """

    head: Head
    features: tuple[Feature, ...]
    muzzle: tuple[float, float, float, float]
    tail: Tail
    ears: tuple[tuple[float, float, Vec, float, float], ...] = ()
    ear_rounds: tuple[tuple[float, float, float, float], ...] = ()
    bill: RGB | None = None
    muzzle_share: float = 0.55
    glasses: tuple[float, float] | None = (22.0, 0.3)
    hat_v: float | None = 0.84
    hat_size: float = 0.76


LOOK: Final = eyes(size=0.25, spread=22, v=0.3, tall=1.5, pupil=0.4)
ASIDE: Final = eyes(size=0.22, spread=32, v=0.34, tall=1.4)
HORN: Final[RGB] = (236, 216, 170)
BEAK: Final[RGB] = (244, 176, 50)
SHORT: Final[Tail] = ((0.5, -0.22, 0.1, 0.0), (0.53, -0.27, 0.09, 0.3))
THIN: Final[Tail] = (
    (0.44, -0.2, 0.03, 0.2),
    (0.42, -0.38, 0.028, 0.2),
    (0.56, -0.5, 0.025, 0.3),
    (0.72, -0.46, 0.02, 0.4),
)

ANIMALS: Final[dict[str, Animal]] = {
    "toon_bear": Animal(
        Head(0.3, 0.27, 0.27, 2.1),
        (LOOK, balls(((0, -0.08, 0.16),), BLACK, out=0.34)),
        (-0.3, 0.42, 0.3, 0.36),
        SHORT,
        ear_rounds=((62, 0.8, 0.33, 0.5),),
    ),
    "toon_cat": Animal(
        Head(0.31, 0.25, 0.26, 2.1, -0.08),
        (
            LOOK,
            balls(((0, -0.18, 0.09),), PINK, out=0.26),
            *(spike(24, -0.32, (0.75, dy, 0.1), WHITE, size=0.022, tip=0.01, mirrored=True) for dy in (0.1, -0.08)),
        ),
        (-0.36, 0.36, 0.22, 0.24),
        THIN,
        ears=((48, 0.62, (0.28, 0.75, 0), 0.32, 0.02),),
    ),
    "toon_crocodile": Animal(
        Head(0.23, 0.2, 0.24, 2.2, -0.1),
        (
            balls(both(34, 0.9, 0.34), (236, 240, 220)),
            balls(both(26, 0.93, 0.15), BLACK, out=0.36),
            *(spike(az, -0.3, (0.0 + az / 120, -0.26, 0.85), WHITE, size=0.09, mirrored=True) for az in (14, 30)),
        ),
        (-0.25, 0.52, 0.3, 1.5),
        ((0.42, -0.2, 0.15, 0.1), (0.26, -0.45, 0.1, 0.2), (0.12, -0.75, 0.03, 0.3)),
        muzzle_share=0.12,
        glasses=None,
        hat_v=None,
    ),
    "toon_deer": Animal(
        Head(0.23, 0.29, 0.24, 2.2, 0.12),
        (
            ASIDE,
            balls(((0, -0.3, 0.13),), BLACK, out=0.42),
            *(
                spike(30, 0.85, end, HORN, size=0.07, tip=0.05, mirrored=True)
                for end in ((0.35, 0.75, -0.1), (0.75, 0.35, 0))
            ),
            balls(((-18, 0.72, 0.06), (15, 0.78, 0.06), (0, 0.64, 0.05)), WHITE, flat=0.4),
        ),
        (-0.45, 0.34, 0.28, 0.45),
        SHORT,
        ears=((80, 0.55, (0.75, 0.2, -0.1), 0.17, 0.06),),
        glasses=(32.0, 0.34),
        hat_v=None,
    ),
    "toon_dog": Animal(
        Head(0.25, 0.29, 0.25, 2.3),
        (
            LOOK,
            balls(((0, -0.12, 0.16),), BLACK, out=0.5),
            balls(((0, -0.72, 0.12),), (226, 90, 100), out=0.3, tall=1.6),
        ),
        (-0.32, 0.36, 0.28, 0.52),
        ((0.48, -0.2, 0.05, 0.2), (0.66, -0.38, 0.04, 0.3), (0.84, -0.36, 0.03, 0.4)),
        ears=((78, 0.55, (0.42, -0.95, -0.05), 0.13, 0.26),),
    ),
    "toon_duck": Animal(
        Head(0.26, 0.28, 0.25, 2.0),
        (
            LOOK,
            spike(0, 0.95, (0.12, 0.35, -0.12), WHITE, size=0.1, tip=0.02),
            spike(0, 0.95, (-0.08, 0.3, -0.2), WHITE, size=0.09, tip=0.02),
        ),
        (-0.3, 0.48, 0.13, 0.72),
        ((0.45, -0.2, 0.16, 0.0), (0.58, -0.42, 0.02, 0.1)),
        bill=BEAK,
    ),
    "toon_horse": Animal(
        Head(0.22, 0.32, 0.25, 2.4, 0.06),
        (
            ASIDE,
            balls(both(15, -0.35, 0.07), (80, 50, 50), out=0.42),
            balls(
                ((0, 0.98, 0.24), (180, 0.75, 0.3), (180, 0.35, 0.3), (180, -0.05, 0.28), (0, 0.78, 0.15)), (90, 60, 44)
            ),
        ),
        (-0.52, 0.42, 0.36, 0.62),
        ((0.5, -0.2, 0.06, 0.9), (0.42, -0.36, 0.08, 0.9), (0.2, -0.42, 0.03, 0.9)),
        ears=((48, 0.86, (0.1, 0.5, 0), 0.14, 0.03),),
        glasses=(32.0, 0.34),
    ),
    "toon_monkey": Animal(
        Head(0.26, 0.25, 0.25, 2.1),
        (
            eyes(size=0.22, spread=20, v=0.22, tall=1.4),
            nose(length=0.1, size=0.06, v=-0.12),
            balls(((0, 0.98, 0.16), (20, 0.94, 0.12)), (100, 70, 50)),
        ),
        (-0.36, 0.56, 0.36, 0.24),
        ((0.46, -0.2, 0.04, 0.2), (0.5, -0.48, 0.04, 0.2), (0.78, -0.54, 0.035, 0.2), (0.84, -0.4, 0.03, 0.3)),
        ear_rounds=((90, 0.1, 0.42, 0.35),),
    ),
    "toon_mouse": Animal(
        Head(0.27, 0.24, 0.25, 2.0, -0.12),
        (LOOK, balls(((0, -0.28, 0.13),), BLACK, out=0.4)),
        (-0.4, 0.3, 0.22, 0.44),
        THIN,
        ear_rounds=((58, 0.78, 0.66, 0.16),),
        hat_size=0.6,
    ),
    "toon_pig": Animal(
        Head(0.3, 0.27, 0.28, 2.2, -0.14),
        (LOOK, balls(both(9, -0.16, 0.065), (150, 70, 90), out=0.46), mouth(curve=0.1, v=-0.62, width=24, thick=0.035)),
        (-0.16, 0.27, 0.25, 0.42),
        ((0.46, -0.22, 0.04, 0.1), (0.52, -0.3, 0.035, 0.1), (0.46, -0.34, 0.03, 0.1), (0.54, -0.38, 0.02, 0.1)),
        ears=((52, 0.74, (0.3, 0.22, 0.42), 0.27, 0.03),),
        muzzle_share=0.25,
    ),
    "toon_rabbit": Animal(
        Head(0.26, 0.26, 0.25, 2.0, -0.1),
        (
            LOOK,
            balls(((0, -0.18, 0.09),), PINK, out=0.3),
            balls(((-4, -0.66, 0.1), (4, -0.66, 0.1)), WHITE, out=0.2, tall=1.5),
        ),
        (-0.36, 0.36, 0.22, 0.26),
        ((0.5, -0.26, 0.13, -0.9), (0.5, -0.28, 0.13, -0.9)),
        ears=((35, 0.82, (0.16, 1.5, -0.1), 0.18, 0.13),),
        hat_size=0.55,
    ),
}
