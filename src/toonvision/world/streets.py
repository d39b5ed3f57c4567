"""The six streets: textures of houses and ground, and the things that stand in them."""

import functools
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from toonvision.core.seeds import generator
from toonvision.world.camera import HALF_STREET, STREET_LENGTH
from toonvision.world.palette import RGB, STREETS, mix, scaled

PX_PER_UNIT: Final = 44
WALL_HEIGHT: Final = 12.0
SHARP_GROUND: Final = 12.0  # distance from the near end, in units, up to which the ground has full resolution
KERB: Final = 2.9  # width in units of the strip beside the carriageway


@dataclass(frozen=True)
class StreetStyle:
    """Shapes of one street: the walls' pattern, windows, roofs, the ground's pattern, and its props."""

    wall: str
    window: str
    roof: str
    ground: str
    props: tuple[str, ...]


STYLES: Final[dict[str, StreetStyle]] = {
    "br": StreetStyle("stone", "arch", "snow", "stones", ("pine", "snowman", "lamp", "pine", "block")),
    "dd": StreetStyle("planks", "round", "gable", "planks", ("barrel", "mooring", "crate", "lamp", "barrel")),
    "ddl": StreetStyle("plain", "arch", "dome", "stones", ("nightlamp", "pillow", "nightlamp", "bush")),
    "dg": StreetStyle("planks", "square", "gable", "path", ("bush", "flowers", "tree", "hedge", "tree")),
    "mml": StreetStyle("stripes", "round", "dome", "stones", ("drum", "lamp", "notes", "drum")),
    "ttc": StreetStyle("brick", "square", "flat", "stones", ("tree", "lamp", "crate", "tree", "hedge")),
}

Draw = ImageDraw.ImageDraw


@functools.lru_cache(maxsize=2)
def wall_textures(street: str) -> tuple[tuple[Image.Image, ...], ...]:
    """Draw the houses of the left, right and far side; each RGBX (X is alpha) at full, half and quarter size."""
    lengths = (STREET_LENGTH, STREET_LENGTH, 2 * HALF_STREET)
    return tuple(
        _levels(_house_row(street, length, generator(0, "world", street, "wall", side)))
        for side, length in enumerate(lengths)
    )


@functools.lru_cache(maxsize=2)
def ground_texture(street: str) -> tuple[Image.Image, ...]:
    """Draw the ground between the walls, seen from above, RGBX at full, half and quarter size.

    All end at the near end of the street. The one of full size begins `SHARP_GROUND` units from there, the others at
    the far end.
    """
    whole, half, quarter = _levels(_ground(street, generator(0, "world", street, "ground")))
    near_by = whole.crop((0, whole.height - round(SHARP_GROUND * PX_PER_UNIT), *whole.size))
    return near_by.filter(ImageFilter.BoxBlur(0.8)), half, quarter


@functools.lru_cache(maxsize=2)
def sky_texture(street: str) -> Image.Image:
    """Draw the sky, RGBX, twice as wide as a screenshot."""
    rng, colours = generator(0, "world", street, "sky"), STREETS[street]
    rows = np.linspace(0, 1, 460)[:, None, None] ** 0.8
    top, bottom = (np.asarray(colour, dtype=np.float64) for colour in colours.sky)
    sky = Image.fromarray((top + (bottom - top) * rows).repeat(860, axis=1).astype(np.uint8))
    puffs = Image.new("L", sky.size)
    draw = ImageDraw.Draw(puffs)
    for _ in range(14):
        x, y, wide = rng.uniform(0, 860), rng.uniform(20, 330), rng.uniform(15, 40)
        for _ in range(9):
            dx, dy, size = rng.normal(0, wide), rng.normal(0, wide * 0.16), rng.uniform(0.3, 0.7) * wide
            draw.ellipse((x + dx - size, y + dy - size * 0.5, x + dx + size, y + dy + size * 0.5), fill=170)
    cloud = mix(colours.sky[1], (255, 255, 255), 0.1 if street == "ddl" else 0.6)
    sky.paste(cloud, mask=puffs.filter(ImageFilter.GaussianBlur(4)))
    broad = sky.resize((3440, 460), Image.Resampling.BILINEAR)
    if street == "ddl":
        draw = ImageDraw.Draw(broad)
        for x, y, size in rng.uniform((0, 0, 0.6), (3440, 300, 2.2), (260, 3)):
            draw.ellipse((x - size, y - size, x + size, y + size), fill=(250, 244, 220))
    return broad.convert("RGBX")


def _levels(picture: Image.Image) -> tuple[Image.Image, ...]:
    # RGBX is not weighted by alpha, which Pillow does for RGBA over the whole texture at every transform.
    plain = Image.fromarray(np.asarray(picture.convert("RGBA")), "RGBX")
    return plain, plain.reduce(2), plain.reduce(4)


def _grain(picture: Image.Image, rng: np.random.Generator, strength: float) -> Image.Image:
    small = rng.normal(0, strength, (picture.height // 24 + 1, picture.width // 24 + 1)).astype(np.float32)
    cells = Image.fromarray(np.clip(small + 128, 0, 255).astype(np.uint8))
    noise = cells.resize(picture.size, Image.Resampling.BICUBIC)
    bands = picture.split()
    return Image.merge(picture.mode, [*(ImageChops.add(band, noise, 1, -128) for band in bands[:3]), *bands[3:]])


def _house_row(street: str, length: float, rng: np.random.Generator) -> Image.Image:
    width, height = round(length * PX_PER_UNIT), round(WALL_HEIGHT * PX_PER_UNIT)
    row = Image.new("RGBA", (width, height), (*STREETS[street].haze, 0))
    draw, left = ImageDraw.Draw(row), 0
    while left < width:
        wide = min(width - left, int(rng.uniform(4.5, 8.5) * PX_PER_UNIT))
        if width - left - wide < 2 * PX_PER_UNIT:
            wide = width - left
        tall = int(rng.uniform(5.5, 9.5) * PX_PER_UNIT)
        _house(draw, street, (left, height - tall, left + wide, height), rng)
        left += wide
    return _grain(row, rng, 7)


def _house(draw: Draw, street: str, box: tuple[int, int, int, int], rng: np.random.Generator) -> None:
    colours, style = STREETS[street], STYLES[street]
    wall = scaled(colours.walls[int(rng.integers(len(colours.walls)))], float(rng.uniform(0.78, 1.12)))
    roof = colours.roofs[int(rng.integers(len(colours.roofs)))]
    left, top, right, bottom = box
    _roof(draw, style.roof, box, roof, colours.trim)
    draw.rectangle(box, fill=wall)
    _wall_pattern(draw, style.wall if rng.random() < 0.5 else "plain", box, wall)
    draw.rectangle((left, top, right, top + 12), fill=colours.trim)
    draw.rectangle((left, bottom - 26, right, bottom), fill=scaled(wall, 0.7))
    draw.rectangle((left, top, left + 5, bottom), fill=scaled(wall, 0.75))
    floor, columns = round(3.4 * PX_PER_UNIT), max(1, round((right - left) / (3 * PX_PER_UNIT)))
    step, door = (right - left) / columns, int(rng.integers(columns))
    for level, y in enumerate(range(bottom - floor, top + 20, -floor)):
        for column in range(columns):
            x = left + step * (column + 0.5)
            if level == 0 and column == door:
                _door(draw, x, bottom, (roof, colours.trim, scaled(wall, 0.3)))
            elif rng.random() < 0.8:
                pane = _pane(colours.glass, street, rng)
                _window(draw, style.window, x, y + 34, (colours.trim, pane, scaled(wall, 0.3)))
    if rng.random() < 0.3:
        _awning(draw, (left + 10, bottom - floor - 6, right - 10), roof, colours.trim)
    if rng.random() < 0.5:
        sign = scaled(roof, 1.25)
        y = top + 26
        middle = (left + right) / 2
        draw.rounded_rectangle((middle - 70, y, middle + 70, y + 42), 12, fill=sign, outline=colours.trim, width=5)
        for dash in range(-2, 3):
            draw.rectangle((middle + dash * 24 - 8, y + 15, middle + dash * 24 + 8, y + 26), fill=colours.trim)


def _pane(glass: RGB, street: str, rng: np.random.Generator) -> RGB:
    if street == "ddl" and rng.random() < 0.5:
        return scaled(glass, 0.35)
    return scaled(glass, float(rng.uniform(0.8, 1.2)))


def _roof(draw: Draw, kind: str, box: tuple[int, int, int, int], roof: RGB, trim: RGB) -> None:
    left, top, right, _ = box
    rise = min(top - 4, (right - left) // 3)
    if kind == "gable":
        draw.polygon(((left - 4, top), ((left + right) // 2, top - rise), (right + 4, top)), fill=roof)
        for share in (0.3, 0.6):
            inset, y = (right - left) * share / 2, top - rise * share
            draw.line((left + inset, y, right - inset, y), fill=scaled(roof, 0.8), width=4)
    elif kind == "dome":
        draw.pieslice((left + 20, top - rise, right - 20, top + rise), 180, 360, fill=roof)
        draw.ellipse(((left + right) / 2 - 12, top - rise - 14, (left + right) / 2 + 12, top - rise + 10), fill=trim)
    elif kind == "snow":
        draw.polygon(((left, top), ((left + right) // 2, top - rise), (right, top)), fill=scaled(roof, 0.82))
        draw.line((left, top - 6, (left + right) // 2, top - rise, right, top - 6), fill=(250, 252, 255), width=26)
        for x in range(left, right, 22):
            draw.ellipse((x - 6, top - 14, x + 26, top + 14), fill=(250, 252, 255))
    else:
        middle = (left + right) // 2
        draw.rectangle((left, top - 18, right, top), fill=roof)
        draw.rectangle((middle - rise * 0.6, top - 40, middle + rise * 0.6, top - 14), fill=roof)
        draw.pieslice(
            (middle - rise * 0.4, top - 40 - rise * 0.3, middle + rise * 0.4, top - 38 + rise * 0.3),
            180,
            360,
            fill=roof,
        )
        draw.rectangle((left - 4, top - 24, right + 4, top - 14), fill=trim)


def _wall_pattern(draw: Draw, kind: str, box: tuple[int, int, int, int], wall: RGB) -> None:
    left, top, right, bottom = box
    seam = scaled(wall, 0.84)
    if kind in ("brick", "stone"):
        high = 11 if kind == "brick" else 26
        for row, y in enumerate(range(bottom, top, -high)):
            draw.line((left, y, right, y), fill=seam, width=2)
            for x in range(left + (high if row % 2 else 0), right, high * 2):
                draw.line((x, y - high, x, y), fill=seam, width=2)
    elif kind == "planks":
        for y in range(top, bottom, 18):
            draw.line((left, y, right, y), fill=seam, width=3)
    elif kind == "stripes":
        for x in range(left, right, 48):
            draw.rectangle((x, top, min(right, x + 22), bottom), fill=mix(wall, (255, 250, 240), 0.25))


def _window(draw: Draw, kind: str, x: float, y: float, colours: tuple[RGB, RGB, RGB]) -> None:
    """Paint a window in the colours of its frame, its pane and its outline."""
    trim, pane, line = colours
    half, tall = 33, 78
    for grow, fill in ((13, line), (8, trim), (1, line), (-2, pane)):
        left, top, right, bottom = x - half - grow, y - grow, x + half + grow, y + tall + grow
        if kind == "round":
            draw.ellipse((left, top, right, top + right - left), fill=fill)
        elif kind == "arch":
            draw.pieslice((left, top - half, right, top - half + right - left), 180, 360, fill=fill)
            draw.rectangle((left, top - half + (right - left) / 2, right, bottom), fill=fill)
        else:
            draw.rectangle((left, top, right, bottom), fill=fill)
    low = y + (66 if kind == "round" else tall)
    glint = ((x - 18, y + 46), (x - 4, y + 12), (x + 4, y + 12), (x - 10, y + 46))
    draw.polygon(glint, fill=mix(pane, (255, 255, 255), 0.3))
    draw.line((x, y - 4, x, low), fill=trim, width=6)
    draw.line((x - half + 2, y + 34, x + half - 2, y + 34), fill=trim, width=6)


def _door(draw: Draw, x: float, bottom: int, colours: tuple[RGB, RGB, RGB]) -> None:
    """Paint an arched door in its colour and those of its frame and its outline."""
    door, trim, line = colours
    for grow, fill in ((17, line), (11, trim), (3, line), (0, door)):
        wide = 40 + grow
        draw.pieslice((x - wide, bottom - 84 - wide, x + wide, bottom - 84 + wide), 180, 360, fill=fill)
        draw.rectangle((x - wide, bottom - 84, x + wide, bottom), fill=fill)
    draw.line((x, bottom - 122, x, bottom), fill=line, width=4)
    for side in (-1, 1):
        left, right = sorted((x + side * 9, x + side * 31))
        draw.rectangle((left, bottom - 84, right, bottom - 18), fill=scaled(door, 0.7), outline=line, width=3)
        draw.ellipse((x + side * 6 - 3, bottom - 50, x + side * 6 + 3, bottom - 44), fill=(230, 200, 90))


def _awning(draw: Draw, place: tuple[int, int, int], colour: RGB, trim: RGB) -> None:
    left, y, right = place
    for i, x in enumerate(range(left, right - 20, 22)):
        fill = scaled(colour, 1.15) if i % 2 else trim
        draw.polygon(((x, y), (x + 22, y), (x + 22, y + 24), (x, y + 24)), fill=fill)
        draw.pieslice((x, y + 13, x + 22, y + 35), 0, 180, fill=fill)


def _ground(street: str, rng: np.random.Generator) -> Image.Image:
    colours, kind = STREETS[street], STYLES[street].ground
    base, joint = colours.road
    width, height = round(2 * HALF_STREET * PX_PER_UNIT), round(STREET_LENGTH * PX_PER_UNIT)
    sheet = Image.new("RGB", (width, height), joint if kind == "stones" else base)
    draw, kerb = ImageDraw.Draw(sheet), round(KERB * PX_PER_UNIT)
    if kind == "planks":
        for x in range(0, width, 34):
            draw.rectangle((x, 0, x + 31, height), fill=scaled(base, float(rng.uniform(0.9, 1.08))))
            draw.line((x, 0, x, height), fill=joint, width=3)
            for y in range(int(rng.integers(200)), height, 230):
                draw.line((x, y, x + 34, y), fill=joint, width=3)
    elif kind == "stones":
        for row, y in enumerate(range(0, height, 50)):
            for x in range(-30 * (row % 2), width, 60):
                left, top, right, bottom = rng.uniform(2, 7, 4).tolist()
                box = (x + left, y + top, x + 60 - right, y + 50 - bottom)
                draw.rounded_rectangle(box, 16, fill=scaled(base, float(rng.uniform(0.96, 1.05))))
    else:
        _blots(draw, (0, width, height), (base, joint), rng)
    for low, high in ((0, kerb), (width - kerb, width)):
        draw.rectangle((low, 0, high, height), fill=colours.ground[0])
        _blots(draw, (low + 20, high - 20, height), colours.ground, rng)
    for x, step in ((kerb, 1), (width - kerb, -1)):
        for at, wide, share in ((0, 16, 1.05), (step * 12, 12, 0.72), (step * 19, 6, 0.5)):
            draw.line((x + at, 0, x + at, height), fill=scaled(colours.ground[0], share), width=wide)
    return _grain(sheet, rng, 8)


def _blots(draw: Draw, area: tuple[int, int, int], colours: tuple[RGB, RGB], rng: np.random.Generator) -> None:
    """Paint soft blots between two columns, from the first row to the last."""
    left, right, height = area
    for x, y, r in rng.uniform((left, 0, 4), (right, height, 20), (500, 3)):
        shade = mix(*colours, float(rng.uniform(0.05, 0.4)))
        draw.ellipse((x - r, y - r * 0.7, x + r, y + r * 0.7), fill=shade)


def prop_height(kind: str) -> float:
    """Return the height in units of a kind of prop."""
    return {
        "tree": 4.6,
        "pine": 4.4,
        "lamp": 3.9,
        "nightlamp": 4.2,
        "bush": 1.1,
        "hedge": 1.3,
        "notes": 2.6,
        "flowers": 0.9,
        "snowman": 1.7,
        "mooring": 1.2,
    }.get(kind, 1.2)
