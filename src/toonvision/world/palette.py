"""Every colour of the sample world, as 8-bit RGB."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

RGB = tuple[int, int, int]

WHITE: Final[RGB] = (246, 245, 240)
BLACK: Final[RGB] = (26, 24, 28)
SHOE: Final[RGB] = (34, 31, 33)
BADGE: Final[RGB] = (158, 160, 166)
PINK: Final[RGB] = (236, 150, 170)
RED: Final[RGB] = (196, 46, 44)
GOLD: Final[RGB] = (226, 180, 66)


@dataclass(frozen=True)
class SuitColours:
    """Colours of one suit: its cloth, the pattern on it, the tie, and hands from wrist to finger tips."""

    cloth: RGB
    pattern: RGB
    tie: RGB
    wrist: RGB
    fingers: RGB


SUITS: Final[dict[str, SuitColours]] = {
    "bb": SuitColours((92, 66, 48), (140, 110, 84), (70, 48, 38), (236, 160, 170), (242, 176, 182)),
    "lb": SuitColours((46, 54, 88), (104, 114, 150), (36, 40, 66), (84, 176, 180), (186, 160, 214)),
    "cb": SuitColours((44, 76, 58), (78, 116, 84), (30, 56, 42), (150, 216, 178), (232, 172, 186)),
    "sb": SuitColours((104, 46, 58), (142, 82, 90), (78, 30, 44), (188, 156, 212), (202, 170, 222)),
}

TOON_BODY: Final[tuple[RGB, ...]] = (
    (232, 84, 84), (240, 140, 70), (246, 200, 80), (146, 206, 90), (84, 178, 110), (90, 196, 200),
    (90, 140, 224), (130, 110, 214), (190, 120, 212), (240, 140, 186), (170, 122, 84), (214, 180, 140),
    (236, 236, 232), (120, 124, 134), (150, 60, 90), (70, 170, 160),
)  # fmt: skip
TOON_CLOTH: Final[tuple[RGB, ...]] = (
    (214, 60, 66), (240, 170, 60), (250, 220, 110), (110, 190, 90), (60, 140, 190), (70, 90, 180),
    (160, 80, 180), (236, 120, 170), (240, 240, 240), (90, 70, 60), (50, 56, 70), (100, 200, 190),
)  # fmt: skip


@dataclass(frozen=True)
class StreetColours:
    """Colours and light of one street.

    Attributes:
        sky: Top and bottom of the sky.
        haze: Colour of the haze.
        ground: Base colour and joint or speck colour of the ground.
        walls: Colours of the buildings.
        roofs: Colours of their roofs.
        trim: Window frames, doors and cornices.
        glass: Panes of the windows.
        tint: Factors of red, green and blue of everything, entities too.
        haze_reach: Distance in units at which half of a thing's colour is haze.
    """

    sky: tuple[RGB, RGB]
    haze: RGB
    ground: tuple[RGB, RGB]
    walls: tuple[RGB, ...]
    roofs: tuple[RGB, ...]
    trim: RGB
    glass: RGB
    tint: tuple[float, float, float]
    haze_reach: float


STREETS: Final[dict[str, StreetColours]] = {
    "br": StreetColours(
        ((150, 190, 226), (222, 236, 246)), (214, 230, 244), ((226, 234, 244), (186, 206, 228)),
        ((150, 176, 208), (176, 196, 220), (128, 150, 190), (190, 206, 226), (150, 160, 200)),
        ((236, 242, 250), (222, 232, 246)), (232, 240, 250), (92, 124, 170), (0.93, 0.98, 1.07), 60.0,
    ),
    "dd": StreetColours(
        ((120, 170, 186), (196, 212, 208)), (186, 206, 204), ((150, 120, 90), (106, 80, 60)),
        ((84, 140, 146), (120, 160, 150), (158, 120, 90), (106, 120, 140), (176, 166, 136)),
        ((70, 90, 106), (110, 80, 70)), (220, 214, 190), (70, 96, 110), (0.94, 1.0, 0.98), 46.0,
    ),
    "ddl": StreetColours(
        ((34, 26, 66), (88, 66, 128)), (84, 66, 124), ((92, 80, 120), (66, 58, 94)),
        ((104, 84, 140), (84, 72, 126), (120, 90, 130), (76, 84, 136), (130, 104, 150)),
        ((58, 46, 92), (70, 60, 110)), (156, 140, 186), (244, 214, 130), (0.74, 0.68, 0.92), 46.0,
    ),
    "dg": StreetColours(
        ((126, 190, 232), (206, 230, 226)), (196, 222, 206), ((206, 180, 132), (178, 150, 104)),
        ((228, 210, 160), (206, 186, 140), (190, 206, 150), (226, 190, 160), (170, 196, 160)),
        ((120, 150, 84), (160, 100, 70)), (246, 240, 214), (116, 150, 160), (1.02, 1.03, 0.93), 60.0,
    ),
    "mml": StreetColours(
        ((240, 170, 160), (252, 220, 180)), (248, 206, 186), ((222, 170, 150), (196, 136, 130)),
        ((236, 150, 160), (246, 184, 120), (222, 128, 140), (250, 206, 150), (206, 140, 180)),
        ((176, 80, 120), (206, 100, 80)), (252, 236, 216), (150, 110, 150), (1.07, 0.96, 0.93), 60.0,
    ),
    "ttc": StreetColours(
        ((96, 170, 240), (202, 228, 244)), (204, 220, 232), ((222, 206, 172), (186, 166, 132)),
        ((186, 110, 86), (214, 190, 150), (170, 94, 76), (200, 150, 110), (226, 206, 170)),
        ((130, 70, 60), (90, 110, 140)), (244, 236, 216), (110, 140, 170), (1.03, 1.0, 0.96), 60.0,
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


def random_tint(
    rng: np.random.Generator, *, mean: float = 0.0, brightness: float = 0.12, hue: float = 0.01
) -> tuple[float, float, float]:
    """Return lognormal factors of red, green and blue, with these standard deviations of all and of each."""
    red, green, blue = (float(math.exp(x)) for x in rng.normal(mean, brightness) + rng.normal(0, hue, 3))
    return red, green, blue
