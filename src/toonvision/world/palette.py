"""Every colour of the sample world, as 8-bit RGB."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

RGB = tuple[int, int, int]

WHITE: Final[RGB] = (246, 245, 240)
BLACK: Final[RGB] = (26, 24, 28)
SHOE: Final[RGB] = (22, 21, 22)
BADGE: Final[RGB] = (112, 106, 104)
PINK: Final[RGB] = (236, 150, 170)
RED: Final[RGB] = (196, 46, 44)
GOLD: Final[RGB] = (226, 180, 66)


@dataclass(frozen=True)
class SuitColours:
    """Colours of one suit: its cloth, light and dark parts of the pattern, seams, tie, and hands."""

    cloth: RGB
    light: RGB
    dark: RGB
    seam: RGB
    tie: RGB
    hands: RGB


SUITS: Final[dict[str, SuitColours]] = {
    "bb": SuitColours((60, 26, 20), (94, 54, 47), (44, 15, 10), (142, 108, 92), (44, 20, 18), (233, 184, 184)),
    "lb": SuitColours((46, 46, 63), (53, 51, 73), (37, 36, 50), (116, 88, 168), (184, 34, 38), (184, 184, 233)),
    "cb": SuitColours((34, 49, 35), (52, 66, 50), (17, 29, 18), (104, 106, 62), (26, 54, 34), (159, 233, 208)),
    "sb": SuitColours((37, 13, 9), (54, 21, 17), (24, 9, 5), (112, 72, 58), (30, 54, 36), (233, 184, 233)),
}

TOON_BODY: Final[tuple[RGB, ...]] = (
    (238, 60, 66), (222, 100, 96), (170, 40, 90), (214, 52, 120), (246, 150, 120), (240, 112, 36), (166, 84, 40),
    (130, 70, 38), (184, 150, 96), (250, 218, 70), (240, 236, 150), (206, 224, 96), (140, 214, 50), (40, 206, 66),
    (50, 178, 120), (70, 200, 190), (60, 190, 236), (60, 110, 226), (50, 60, 160), (140, 146, 236), (120, 90, 220),
    (134, 50, 190), (196, 130, 226), (240, 130, 186), (244, 176, 164), (238, 238, 236),
)  # fmt: skip
"""Fur of Toons: vivid, seldom white, never grey."""
TOON_CLOTH: Final[tuple[RGB, ...]] = (
    (206, 40, 50), (236, 110, 30), (246, 196, 50), (232, 226, 130), (110, 200, 50), (30, 120, 60), (40, 150, 160),
    (90, 190, 226), (40, 80, 210), (30, 36, 130), (120, 70, 200), (170, 30, 180), (206, 110, 216), (236, 120, 160),
    (130, 24, 60), (124, 66, 28), (236, 172, 130), (236, 236, 236), (110, 140, 196), (60, 70, 50),
)  # fmt: skip


@dataclass(frozen=True)
class StreetColours:
    """Colours of one street.

    Attributes:
        sky: Top and bottom of the sky.
        haze: Colour of the haze.
        road: Base colour and joint colour of the road.
        ground: The same of the ground beside it.
        walls: Colours of the buildings.
        roofs: Colours of roofs, doors and signs.
        trim: Window frames, doors and cornices.
        glass: Panes of the windows.
        haze_reach: Distance in units at which half of a thing's colour is haze; infinite where the air is clear.
    """

    sky: tuple[RGB, RGB]
    haze: RGB
    road: tuple[RGB, RGB]
    ground: tuple[RGB, RGB]
    walls: tuple[RGB, ...]
    roofs: tuple[RGB, ...]
    trim: RGB
    glass: RGB
    haze_reach: float


STREETS: Final[dict[str, StreetColours]] = {
    "br": StreetColours(
        ((126, 138, 168), (160, 172, 196)), (150, 164, 190), ((132, 164, 188), (104, 136, 166)),
        ((238, 238, 240), (206, 214, 226)),
        ((70, 150, 196), (40, 150, 122), (104, 122, 206), (130, 176, 214), (62, 104, 176), (112, 96, 180)),
        ((40, 96, 160), (232, 240, 248), (60, 176, 186)), (120, 200, 226), (58, 84, 150), math.inf,
    ),
    "dd": StreetColours(
        ((122, 136, 166), (148, 160, 184)), (134, 148, 174), ((206, 134, 93), (166, 98, 68)),
        ((164, 98, 76), (126, 72, 56)),
        ((166, 114, 74), (158, 44, 40), (118, 104, 70), (186, 92, 52), (94, 74, 62), (72, 128, 120)),
        ((140, 36, 34), (60, 100, 96), (60, 130, 120)), (56, 118, 112), (52, 78, 74), 36.0,
    ),
    "ddl": StreetColours(
        ((18, 22, 78), (44, 52, 118)), (36, 40, 84), ((76, 73, 99), (54, 50, 76)), ((86, 87, 113), (62, 62, 88)),
        ((82, 62, 50), (62, 52, 80), (50, 76, 80), (92, 82, 56), (64, 68, 96), (86, 56, 78)),
        ((52, 40, 66), (40, 66, 72), (70, 54, 40)), (122, 108, 66), (240, 226, 120), math.inf,
    ),
    "dg": StreetColours(
        ((72, 124, 208), (142, 184, 226)), (122, 164, 210), ((176, 127, 67), (154, 106, 54)),
        ((48, 140, 50), (38, 116, 44)),
        ((202, 82, 166), (214, 210, 70), (42, 146, 150), (144, 114, 190), (226, 150, 190), (96, 170, 74)),
        ((126, 86, 176), (66, 150, 110), (232, 150, 60)), (240, 196, 72), (96, 60, 116), math.inf,
    ),
    "mml": StreetColours(
        ((230, 150, 80), (232, 176, 110)), (230, 164, 96), ((219, 149, 121), (186, 112, 92)),
        ((206, 144, 112), (172, 108, 86)),
        ((230, 112, 192), (228, 216, 104), (222, 74, 88), (154, 124, 222), (236, 160, 120), (120, 176, 226)),
        ((170, 70, 190), (100, 120, 220), (236, 90, 100)), (246, 226, 140), (96, 66, 140), math.inf,
    ),
    "ttc": StreetColours(
        ((80, 132, 212), (150, 186, 228)), (120, 164, 218), ((221, 187, 131), (184, 146, 94)),
        ((204, 180, 119), (164, 140, 86)),
        ((232, 198, 72), (236, 140, 62), (88, 156, 56), (206, 106, 64), (222, 186, 120), (196, 176, 70)),
        ((206, 70, 44), (60, 130, 70), (232, 168, 60)), (236, 178, 74), (58, 90, 76), math.inf,
    ),
}  # fmt: skip


def mix(first: RGB, second: RGB, share: float) -> RGB:
    """Return a mix of two colours; at `share` 0 the first, at 1 the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def scaled(colour: RGB, factor: float) -> RGB:
    """Return a darker (factor below 1) or lighter (above 1) colour."""
    red, green, blue = (min(255, max(0, round(part * factor))) for part in colour)
    return red, green, blue


def jittered(colour: RGB, rng: np.random.Generator, spread: float) -> RGB:
    """Return a colour with normal noise on each channel; `spread` is its standard deviation in 8-bit steps."""
    red, green, blue = (int(np.clip(part + rng.normal(0, spread), 0, 255)) for part in colour)
    return red, green, blue


def random_tint(rng: np.random.Generator, *, brightness: float = 0.12, hue: float = 0.01) -> tuple[float, float, float]:
    """Return lognormal factors of red, green and blue, with these standard deviations of all and of each."""
    red, green, blue = (float(math.exp(x)) for x in rng.normal(0, brightness) + rng.normal(0, hue, 3))
    return red, green, blue
