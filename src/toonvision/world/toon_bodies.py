"""Bodies of Toons: build, clothes, arms and legs."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from toonvision.world.cloth import texture_of
from toonvision.world.geometry import Vec
from toonvision.world.heads import paint
from toonvision.world.lathe import Lathe, smooth_rings
from toonvision.world.materials import Material, Texture
from toonvision.world.palette import RGB, WHITE, mix, random_tint, scaled
from toonvision.world.poses import Pose
from toonvision.world.solids import Ellipsoid, Limb, Solid

LEGS: Final = (0.45, 0.55, 0.65)
"""Three lengths of legs, as shares of what is below the head."""
GIRTHS: Final = (0.11, 0.15, 0.23)
"""Three torsos: narrow, in between, and pear-shaped."""
SHEET_WH: Final = (256, 128)
PETALS: Final = tuple((math.cos(angle) * 0.9, math.sin(angle) * 0.9) for angle in (0.3, 1.56, 2.8, 4.07, 5.3))
FLOWERS, SPOTS, STRIPES, BADGE, PLAIN = range(5)


@dataclass(frozen=True)
class Build:
    """How one Toon is built and how it moves.

    Attributes:
        hip: Height of the joint of the legs when it stands, in units.
        neck: Height of the shoulders.
        girth: Half width of the belly.
        flare: Half width of the hem of shorts or skirt.
        hem: Length of shorts or skirt, as a share of the legs.
        skirt: Whether it wears a skirt.
        stride: Factor on the steps.
        glove: Colour of its gloves.
        slack: Random angles of arms and legs on each side: swing and bend at rest.
    """

    hip: float
    neck: float
    girth: float
    flare: float
    hem: float
    skirt: bool
    stride: float
    glove: RGB
    slack: tuple[tuple[float, float], tuple[float, float]]


def random_build(below: float, rng: np.random.Generator) -> Build:
    """Return one of three torsos on legs of one of three lengths, each a little different, `below` units high."""
    hip = below * (LEGS[int(rng.integers(3))] + rng.normal(0, 0.025))
    girth = GIRTHS[int(rng.integers(3))] * rng.uniform(0.88, 1.14)
    skirt = bool(rng.random() < 0.45)
    slack = tuple((float(rng.normal(0.02, 0.15)), float(abs(rng.normal(0, 0.35)))) for _ in range(2))
    return Build(
        hip,
        below,
        girth,
        girth * rng.uniform(1.15, 1.55) + 0.03,
        rng.uniform(0.22, 0.46),
        skirt,
        rng.uniform(1.0, 2.0),
        scaled(WHITE, rng.uniform(0.82, 1.0)),
        (slack[0], slack[1]),
    )


def _pattern(colour: RGB, other: RGB, rng: np.random.Generator, *, collar: bool) -> Texture:
    sheet = Image.new("RGB", SHEET_WH, colour)
    draw = ImageDraw.Draw(sheet)
    (width, tall), kind = SHEET_WH, int(rng.choice(5, p=(0.11, 0.15, 0.12, 0.1, 0.52)))
    size = rng.uniform(8, 18)
    if kind in (FLOWERS, SPOTS):
        for x, y in rng.uniform((0, 0), SHEET_WH, (int(1900 / size**1.6) + 4, 2)):
            around = [(x, y)] if kind == SPOTS else [(x + size * a, y + size * b) for a, b in PETALS]
            for p, q in around:
                draw.ellipse((p - size, q - size * 0.8, p + size, q + size * 0.8), fill=other)
    elif kind == STRIPES and rng.random() < 0.5:
        for y in np.arange(size, tall, 3 * size):
            draw.rectangle((0, y, width, y + size), fill=other)
    elif kind == STRIPES:
        for x in range(0, width, 32):
            draw.rectangle((x, 0, x + 15, tall), fill=other)
    elif kind == BADGE:
        draw.ellipse((width / 2 - 22, 40, width / 2 + 22, 88), fill=other)
    if collar:
        draw.line((width / 2, 0, width / 2, tall), fill=scaled(colour, 0.75), width=2)
        draw.rectangle((0, 0, width, 10), fill=mix(other, WHITE, 0.2))
    else:
        draw.rectangle((0, tall - 9, width, tall), fill=mix(colour, other, rng.random()))
    return texture_of(sheet, texels_per_unit=220, tiled=False)


def torso(build: Build, shirt: RGB, bottom: RGB, fur: RGB, rng: np.random.Generator) -> list[Solid]:
    """Return shirt, shorts or skirt, and neck."""
    hip, neck, girth = build.hip, build.neck, build.girth
    tall, deep = neck - hip, 0.88
    shoulder = 0.07 + 0.26 * girth
    rings = [(hip, girth, girth * deep), (hip + 0.35 * tall, girth * 0.92, girth * deep)]
    rings += [(neck - 0.12 * tall, shoulder, shoulder * deep), (neck, 0.05, 0.05)]
    upper = Material(shirt, _pattern(shirt, bottom, rng, collar=True), 0.1, part="cloth", tint=random_tint(rng))
    lower = Material(bottom, _pattern(bottom, shirt, rng, collar=False), 0.14, part="cloth", tint=random_tint(rng))
    length = build.hem * hip * (1.0 if build.skirt else 0.75)
    wide = build.flare if build.skirt else (build.flare + girth) / 2
    hem = [
        (hip - length, wide, wide * 0.92),
        (hip, girth * 1.1, girth),
        (hip + 0.12 * tall, girth * 1.02, girth * 0.92),
    ]
    return [
        Lathe(*smooth_rings(rings), upper),
        Lathe(*smooth_rings(hem), lower),
        Limb((0, neck - 0.03, 0), (0, neck + 0.1, 0.01), 0.04, 0.034, paint(fur)),
    ]


def leg(build: Build, skin: RGB, shorts: RGB, side: int, pose: Pose) -> list[Solid]:
    """Return a bare leg with a long foot, in one half of the shorts."""
    thigh, bend = (angle * (build.stride if pose.kind == "walking" else 1.0) for angle in pose.leg(side))
    if pose.kind == "standing":
        more, bent = build.slack[side < 0]
        thigh, bend = thigh + 0.8 * more, bend + 0.5 * bent
    bend = min(bend, 1.7)
    length = (build.hip - 0.06) / 2
    out = 0.035 + 0.4 * build.girth

    def reach(start: Vec, angle: float, share: float = 1.0) -> Vec:
        step = length * share
        return (start[0] + side * 0.006, start[1] - step * math.cos(angle), start[2] + step * math.sin(angle))

    hip = (side * out, build.hip - 0.01, 0.0)
    knee = reach(hip, thigh)
    shin = thigh - bend
    ankle = reach(knee, shin)
    tilt = 0.6 * shin if shin < 0 else 0.9 * shin
    toe = (ankle[0] + side * 0.02, ankle[1] - 0.07 * math.sin(-tilt) - 0.008, ankle[2] + 0.075 * math.cos(tilt))
    foot = Ellipsoid(toe, (0.075, 0.052, 0.145), paint(scaled(skin, 0.95)), (math.degrees(-tilt), side * 10, 0))
    fur = paint(skin)
    parts: list[Solid] = [
        Limb(hip, knee, 0.048, 0.04, fur),
        Limb(knee, ankle, 0.04, 0.046, fur),
        Ellipsoid(ankle, (0.055, 0.055, 0.06), fur),
        foot,
    ]
    if not build.skirt:
        cut = reach(hip, thigh, build.hem * 1.5)
        parts.append(Limb(hip, cut, build.girth * 0.5, 0.03 + build.girth * 0.4, Material(shorts, part="cloth")))
    return parts


def arm(build: Build, skin: RGB, shirt: RGB, side: int, pose: Pose) -> list[Solid]:
    """Return a thin arm in a short sleeve, with a big white glove."""
    swing, spread, bend = pose.arm(side)
    if pose.kind in ("standing", "walking"):
        more, bent = build.slack[side > 0]
        factor = 1.0 if pose.kind == "standing" else build.stride
        swing, bend = swing * (0.5 + 0.5 * factor) + more, bend * factor + bent * (2 * factor - 1)
        spread += 0.5 * build.girth - 0.02

    def reach(start: Vec, length: float, angle: float) -> Vec:
        out, down = math.sin(spread), math.cos(spread)
        return (
            start[0] + side * length * out,
            start[1] - length * down * math.cos(angle),
            start[2] + length * down * math.sin(angle),
        )

    tall = 0.45 * (build.neck - build.hip) + 0.06
    shoulder = (side * (0.055 + 0.15 * build.girth), build.neck - 0.06, 0.0)
    elbow = reach(shoulder, tall, swing)
    wrist = reach(elbow, tall * 0.9, swing + bend)
    palm = reach(wrist, 0.06, swing + bend)
    glove = Material(build.glove, part="hands")
    shade = Material(scaled(build.glove, 0.82), part="hands")
    thumb = (palm[0] - side * 0.035, palm[1] - 0.015, palm[2] + 0.07)
    parts: list[Solid] = [
        Limb(shoulder, reach(shoulder, tall * 0.55, swing), 0.05, 0.062, Material(shirt, part="cloth")),
        Limb(shoulder, elbow, 0.04, 0.038, paint(skin)),
        Limb(elbow, wrist, 0.038, 0.036, paint(skin)),
        Ellipsoid(wrist, (0.052, 0.036, 0.052), glove),
        Ellipsoid(palm, (0.064, 0.084, 0.08), glove),
        Limb(palm, thumb, 0.032, 0.027, glove),
    ]
    for finger in (-1, 0, 1):
        tip = reach(palm, 0.125, swing + bend + 0.15 + finger * 0.28)
        parts.append(Limb(palm, tip, 0.034, 0.03, glove if finger else shade))
    return parts
