"""Suit cloth: four woven patterns, and a jacket of each."""

import functools
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from toonvision.core.seeds import generator
from toonvision.world.palette import BADGE, RGB, SUITS, WHITE, SuitColours, mix, scaled
from toonvision.world.solids import Texture

TILE_PX = 128
TILES_PER_UNIT = 2.2
JACKET_WH = (1024, 512)


def _pinstripes(draw: ImageDraw.ImageDraw, colours: SuitColours) -> None:
    for x in range(8, TILE_PX, 16):
        draw.line((x, 0, x, TILE_PX), fill=colours.pattern, width=3)


def _rivets(draw: ImageDraw.ImageDraw, colours: SuitColours) -> None:
    for row, y in enumerate(range(0, TILE_PX, 16)):
        for x in range(8 if row % 2 else 0, TILE_PX, 32):
            draw.ellipse((x + 2, y + 4, x + 8, y + 10), fill=scaled(colours.cloth, 0.6))
            draw.ellipse((x + 1, y + 2, x + 7, y + 8), fill=colours.pattern)


def _damask(draw: ImageDraw.ImageDraw, colours: SuitColours) -> None:
    for cx, cy in ((32, 32), (96, 96), (96, -32), (32, 160)):
        for turn in range(4):
            dx, dy = ((0, -17), (17, 0), (0, 17), (-17, 0))[turn]
            box = (cx + dx - 10, cy + dy - 10, cx + dx + 10, cy + dy + 10)
            draw.arc(box, 90 * turn - 30, 90 * turn + 250, fill=colours.pattern, width=4)
        draw.ellipse((cx - 6, cy - 6, cx + 6, cy + 6), fill=colours.pattern)
        draw.line((cx - 34, cy + 34, cx - 18, cy + 18), fill=colours.pattern, width=3)
        draw.line((cx + 34, cy - 34, cx + 18, cy - 18), fill=colours.pattern, width=3)


def _check(draw: ImageDraw.ImageDraw, colours: SuitColours) -> None:
    soft = mix(colours.cloth, colours.pattern, 0.45)
    for at in range(0, TILE_PX, 32):
        draw.rectangle((at, 0, at + 9, TILE_PX), fill=soft)
    for at in range(0, TILE_PX, 32):
        draw.rectangle((0, at, TILE_PX, at + 9), fill=soft)
        for other in range(0, TILE_PX, 32):
            draw.rectangle((other, at, other + 9, at + 9), fill=colours.pattern)


PATTERNS: dict[str, Callable[[ImageDraw.ImageDraw, SuitColours], None]] = {
    "bb": _pinstripes,
    "lb": _rivets,
    "cb": _damask,
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
def _tile(suit: str) -> Image.Image:
    colours = SUITS[suit]
    tile = Image.new("RGB", (TILE_PX, TILE_PX), colours.cloth)
    PATTERNS[suit](ImageDraw.Draw(tile), colours)
    weave = generator(0, "world", "cloth", suit).normal(0, 7, (TILE_PX, TILE_PX, 1))
    return Image.fromarray(np.clip(np.asarray(tile) + weave, 0, 255).astype(np.uint8))


@functools.cache
def cloth(suit: str) -> Texture:
    """Return the cloth of a suit (``bb``, ``lb``, ``cb`` or ``sb``) as a repeating texture."""
    return texture_of(_tile(suit), texels_per_unit=TILE_PX * TILES_PER_UNIT, tiled=True)


@functools.cache
def jacket(suit: str, *, girth: float, height: float) -> Texture:
    """Return a jacket: cloth all around, with shirt, tie, lapels, buttons, badge and pocket on the chest.

    Args:
        suit: ``bb``, ``lb``, ``cb`` or ``sb``.
        girth: Length around the body, in units, which sets the size of the pattern.
        height: From hem to collar, in units.

    Returns:
        A texture to stretch once around; the middle column is the front.
    """
    width, tall = JACKET_WH
    side = max(8, round(TILE_PX * width / (girth * TILE_PX * TILES_PER_UNIT)))
    down = max(8, round(TILE_PX * tall / (height * TILE_PX * TILES_PER_UNIT)))
    patch = _tile(suit).resize((side, down), Image.Resampling.BICUBIC)
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
    dark, edge = scaled(colours.cloth, 0.72), scaled(colours.cloth, 0.42)

    def at(*points: tuple[float, float]) -> list[tuple[float, float]]:
        return [(width * (0.5 + x / 8), tall * y) for x, y in points]

    draw.polygon(at((-0.85, -0.02), (0.85, -0.02), (0.0, 0.62)), fill=WHITE)
    draw.polygon(
        at((-0.2, 0.1), (0.2, 0.1), (0.13, 0.2), (0.26, 0.5), (0, 0.62), (-0.26, 0.5), (-0.13, 0.2)),
        fill=colours.tie,
        outline=edge,
    )
    for sign in (-1, 1):
        lapel = at(
            *(
                (sign * x, y)
                for x, y in (
                    (0.62, -0.02),
                    (1.15, -0.02),
                    (1.2, 0.17),
                    (0.98, 0.2),
                    (1.05, 0.28),
                    (0.0, 0.66),
                    (0.0, 0.6),
                )
            )
        )
        draw.polygon(lapel, fill=dark)
        draw.line([*lapel, lapel[0]], fill=edge, width=4)
        draw.line(at((sign * 1.4, 0.72), (sign * 0.9, 0.75)), fill=edge, width=6)
    draw.line(at((0.0, 0.64), (0.03, 1.0)), fill=edge, width=5)
    draw.line(at((-4, 0.6), (-4, 1.0), (4, 1.0), (4, 0.6)), fill=edge, width=5)
    for y in (0.72, 0.84):
        ((x, row),) = at((-0.07, y))
        draw.ellipse((x - 9, row - 9, x + 9, row + 9), fill=edge)
    ((x, row),) = at((1.02, 0.4))
    draw.ellipse((x - 30, row - 34, x + 30, row + 34), fill=BADGE, outline=scaled(BADGE, 0.55), width=5)
    draw.ellipse((x - 15, row - 17, x + 15, row + 17), fill=scaled(BADGE, 0.75))
