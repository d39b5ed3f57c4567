"""Suit cloth: four woven patterns, and a jacket of each."""

import functools
import itertools
import math
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from toonvision.core.seeds import generator
from toonvision.world.materials import Texture
from toonvision.world.palette import BADGE, RGB, SUITS, WHITE, SuitColours, mix, scaled

TILE_PX = 128
TILES_PER_UNIT = 3.3
JACKET_WH = (512, 512)
STRENGTHS = (0.6, 0.9, 1.2)  # of a pattern; the game's is 1


def _pinstripes(draw: ImageDraw.ImageDraw, colours: SuitColours) -> None:
    for x in range(8, TILE_PX, 16):
        draw.line((x, 0, x, TILE_PX), fill=colours.light, width=3)


def _plain(draw: ImageDraw.ImageDraw, colours: SuitColours) -> None:
    for y in range(0, TILE_PX, 32):
        draw.line((0, y, TILE_PX, y + 32), fill=mix(colours.cloth, colours.dark, 0.25), width=13)


def _diamonds(draw: ImageDraw.ImageDraw, colours: SuitColours) -> None:
    for x, y in ((32, 32), (96, 32), (0, 96), (64, 96), (128, 96)):
        for out, fill in ((6, colours.light), (0, colours.dark)):
            wide, tall = 23 + out, 27 + out
            draw.polygon(((x, y - tall), (x + wide, y), (x, y + tall), (x - wide, y)), fill=fill)
        draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=colours.cloth)


def _check(draw: ImageDraw.ImageDraw, colours: SuitColours) -> None:
    for at in range(0, TILE_PX, 32):
        draw.rectangle((0, at, TILE_PX, at + 9), fill=colours.dark)
        draw.rectangle((at, 0, at + 5, TILE_PX), fill=colours.light)
        draw.line((0, at + 20, TILE_PX, at + 20), fill=colours.light, width=3)


PATTERNS: dict[str, Callable[[ImageDraw.ImageDraw, SuitColours], None]] = {
    "bb": _pinstripes,
    "lb": _plain,
    "cb": _diamonds,
    "sb": _check,
}


def texture_of(picture: Image.Image, *, texels_per_unit: float, tiled: bool) -> Texture:
    """Return a texture with all its halved sizes, from an image whose sides are powers of two."""
    levels = [np.asarray(picture)]
    while min(picture.size) > 4:
        picture = picture.reduce(2)
        levels.append(np.asarray(picture))
    return Texture(tuple(levels), texels_per_unit, tiled)


@functools.cache
def _tile(suit: str, strength: float) -> Image.Image:
    colours = SUITS[suit]
    drawn = Image.new("RGB", (TILE_PX, TILE_PX), colours.cloth)
    PATTERNS[suit](ImageDraw.Draw(drawn), colours)
    plain = np.asarray(colours.cloth) + generator(0, "world", "cloth", suit).normal(0, 3, (TILE_PX, TILE_PX, 1))
    woven = plain + strength * (np.asarray(drawn, np.float64) - colours.cloth)
    return Image.fromarray(np.clip(woven, 0, 255).astype(np.uint8))


@functools.cache
def cloth(suit: str, strength: float) -> Texture:
    """Return the cloth of a suit (``bb``, ``lb``, ``cb`` or ``sb``) as a repeating texture, its pattern so strong."""
    return texture_of(_tile(suit, strength), texels_per_unit=TILE_PX * TILES_PER_UNIT, tiled=True)


@functools.cache
def jacket(suit: str, strength: float, *, girth: float, height: float) -> Texture:
    """Return a jacket: cloth all around, with shirt, tie, lapels, pockets, seams and medallion on the chest.

    Args:
        suit: ``bb``, ``lb``, ``cb`` or ``sb``.
        strength: Of the pattern; 1 is the game's.
        girth: Length around the body, in units, which sets the size of the pattern.
        height: From hem to collar, in units.

    Returns:
        A texture to stretch once around; the middle column is the front.
    """
    width, tall = JACKET_WH
    side = max(8, round(width / (girth * TILES_PER_UNIT)))
    down = max(8, round(tall / (height * TILES_PER_UNIT)))
    patch = _tile(suit, strength).resize((side, down), Image.Resampling.BICUBIC)
    sheet = Image.new("RGB", JACKET_WH)
    for x in range(0, width, side):
        for y in range(0, tall, down):
            sheet.paste(patch, (x, y))
    _front(ImageDraw.Draw(sheet), suit, width=width, tall=tall)
    return texture_of(sheet, texels_per_unit=width / girth, tiled=False)


def two_halves(left: RGB, right: RGB) -> Texture:
    """Return a texture with different colours left and right, to stretch once around."""
    sheet = Image.new("RGB", (64, 4), left)
    sheet.paste(right, (32, 0, 64, 4))
    return texture_of(sheet, texels_per_unit=64, tiled=False)


def _front(draw: ImageDraw.ImageDraw, suit: str, *, width: int, tall: int) -> None:
    colours = SUITS[suit]

    def at(*points: tuple[float, float]) -> list[tuple[float, float]]:
        return [(width * (0.5 + x / 8), tall * y) for x, y in points]

    def dashes(*points: tuple[float, float]) -> None:
        """Sew a seam; a Lawbot's is a row of rivets."""
        for (x0, y0), (x1, y1) in itertools.pairwise(at(*points)):
            count = max(2, round(math.dist((x0, y0), (x1, y1)) / 13))
            for i in range(count):
                x, y = x0 + (x1 - x0) * i / count, y0 + (y1 - y0) * i / count
                size = 2.6 if suit == "lb" else 2.0
                draw.ellipse((x - size, y - size, x + size, y + size), fill=colours.seam)

    draw.polygon(at((-0.5, -0.02), (0.5, -0.02), (0.0, 0.42)), fill=WHITE)
    if suit == "lb":
        draw.polygon(at((-0.4, 0.05), (0, 0.1), (0.4, 0.05), (0.4, 0.19), (0, 0.13), (-0.4, 0.19)), fill=colours.tie)
    else:
        draw.polygon(at((-0.16, 0.02), (0.16, 0.02), (0.2, 0.3), (0, 0.42), (-0.2, 0.3)), fill=colours.tie)
    for sign in (-1, 1):
        edge = ((0.5, 0.0), (0.95, 0.1), (0.8, 0.2), (0.0, 0.45))
        lapel = [(sign * x, y) for x, y in edge]
        draw.polygon(at(*lapel, (0.0, 0.4)), fill=colours.dark)
        dashes(*lapel, (sign * 0.04, 1.0))
        pocket = [(sign * x, y) for x, y in ((1.5, 0.74), (0.7, 0.77), (0.7, 0.86), (1.5, 0.83), (1.5, 0.74))]
        draw.polygon(at(*pocket), fill=colours.dark)
        dashes(*pocket)
    dashes((-4, 0.97), (4, 0.97))
    draw.polygon(at((0.85, 0.34), (1.0, 0.29), (1.15, 0.33), (1.3, 0.28), (1.4, 0.36)), fill=WHITE)
    for y in (0.6, 0.72, 0.84):
        ((x, row),) = at((0.0, y))
        draw.ellipse((x - 5, row - 5, x + 5, row + 5), fill=colours.seam)
    ((x, row),) = at((-0.3, 0.38))
    for size, fill in ((30, scaled(BADGE, 0.7)), (26, BADGE), (13, scaled(BADGE, 1.3))):
        draw.ellipse((x - size * 0.8, row - size, x + size * 0.8, row + size), fill=fill)
