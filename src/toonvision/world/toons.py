"""Toons: eleven animals by head, ears, muzzle and tail, in any colour and clothes."""

import itertools
import math
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from toonvision.world.animals import ANIMALS, Animal
from toonvision.world.cloth import texture_of
from toonvision.world.heads import Feature, brows, paint
from toonvision.world.headwear import glasses, hat
from toonvision.world.palette import BLACK, PINK, RGB, TOON_BODY, TOON_CLOTH, WHITE, jittered, mix, random_tint, scaled
from toonvision.world.poses import HIGHEST_JUMP, Pose
from toonvision.world.solids import (
    Ellipsoid,
    Lathe,
    Limb,
    Material,
    Solid,
    Texture,
    Vec,
    as_part,
    on_ground,
    smooth_rings,
)

HIP: Final = 0.53
NECK: Final = 0.96
HAT_RATE: Final = 0.25
GLASSES_RATE: Final = 0.2
FADED: Final = -0.15  # mean logarithm of the brightness of fur and clothes
TAN: Final[RGB] = (214, 156, 104)
BACKPACK_RATE: Final = 0.2
HATS: Final = ((1.35, 0.55, 0.85, True), (1.35, 0.75, 0.92, False), (0.0, 1.3, 0.1, False), (0.0, 0.6, 0.8, False))
"""Bowler, top hat, party hat and fez: brim and crown, width of the top, and whether it is round."""


def toon_solids(label: str, *, pose: Pose, rng: np.random.Generator, dressed: bool = True) -> list[Solid]:
    """Return the solids of a Toon that faces the viewer, above the origin, on the ground or in the air.

    Args:
        label: One of the eleven Toon labels, for example ``toon_bear``.
        pose: Its pose.
        rng: Decides colours, clothes, what it wears, and the rotation of its head.
        dressed: Whether it may wear a hat, glasses or a backpack.

    Returns:
        The solids in units of about a metre.
    """
    animal = ANIMALS[label]
    body = _dyed(TOON_BODY[int(rng.integers(len(TOON_BODY)))], rng)
    shirt, bottom = (_dyed(TOON_CLOTH[int(i)], rng) for i in rng.choice(len(TOON_CLOTH), 2, replace=False))
    arms, shanks, muzzle = (_other_than(body, rng) for _ in range(3))
    fur = Material(body, None, 0.05, int(rng.integers(1000)), tint=random_tint(rng))
    skirt = bool(rng.random() < 0.5)
    above = [*_body(shirt, bottom, rng, skirt=skirt, stripes=int(rng.integers(3)))]
    above += _tail(animal, body)
    worn, packed = _random_extras(animal, rng) if dressed else ((), [])
    turn = math.radians(float(np.clip(rng.normal(0, 12), -28, 28)))
    rise = NECK + animal.head.height * 0.92
    above += packed
    above += as_part((part.turned(turn).moved(0, rise, 0.02) for part in _head(animal, fur, muzzle, worn)), "head")
    legs: list[Solid] = []
    for side in (-1, 1):
        legs += _leg(shanks, None if skirt else bottom, side, pose)
        above += _arm(arms, shirt, side, pose)
    return on_ground([part.leant(pose.lean, HIP) for part in above], legs, lift=min(pose.lift, HIGHEST_JUMP))


def _other_than(body: RGB, rng: np.random.Generator) -> RGB:
    """Return the colour of arms, legs or muzzle: often that of the head, else any other."""
    return body if rng.random() < 0.5 else _dyed(TOON_BODY[int(rng.integers(len(TOON_BODY)))], rng)


def _dyed(colour: RGB, rng: np.random.Generator) -> RGB:
    """Return a colour as fur or cloth shows it: greyer, and often darker."""
    return jittered(
        scaled(mix(colour, (120, 100, 90), rng.uniform(0, 0.35)), math.exp(rng.normal(FADED, 0.22))), rng, 6
    )


def _random_extras(animal: Animal, rng: np.random.Generator) -> tuple[tuple[Feature, ...], list[Solid]]:
    """Return random hats and glasses of a Toon, and the solids on its back."""
    hatted, spectacled, packed = (bool(rng.random() < rate) for rate in (HAT_RATE, GLASSES_RATE, BACKPACK_RATE))
    choice = int(rng.integers(len(HATS)))
    colours = [TOON_CLOTH[int(i)] for i in rng.choice(len(TOON_CLOTH), 4, replace=False)]
    worn: list[Feature] = []
    if hatted and animal.hat_v is not None:
        worn.append(_hat(choice, colours[0], colours[1], v=animal.hat_v, size=animal.hat_size))
    if spectacled and animal.glasses is not None:
        spread, v = animal.glasses
        lens = BLACK if rng.random() < 0.3 else None
        worn.append(glasses(scaled(colours[2], 0.6), size=0.33, spread=spread, v=v, thick=0.045, lens=lens))
    return tuple(worn), _backpack(colours[3]) if packed else []


def _hat(choice: int, colour: RGB, band: RGB, *, v: float, size: float) -> Feature:
    brim, crown, top, is_round = HATS[choice]
    return hat(colour, v=v, brim=brim, crown=crown, top=top, band=band, round_top=is_round, size=size)


def _backpack(colour: RGB) -> list[Solid]:
    sack, strap = Material(colour, None, 0.1), paint(scaled(colour, 0.7))
    straps: list[Solid] = []
    for side in (-1, 1):
        line = [(side * 0.1, y, z) for y, z in ((0.92, -0.14), (0.945, 0.0), (0.88, 0.1), (0.76, 0.14), (0.64, 0.15))]
        line.append((side * 0.14, 0.59, 0.04))
        straps += [Limb(a, b, 0.024, 0.024, strap) for a, b in itertools.pairwise(line)]
    return [
        Ellipsoid((0, 0.78, -0.18), (0.15, 0.18, 0.1), sack),
        Ellipsoid((0, 0.72, -0.26), (0.1, 0.07, 0.05), strap),
        *straps,
    ]


def _shirt(colour: RGB, other: RGB, stripes: int) -> Texture:
    sheet = Image.new("RGB", (256, 128), colour)
    draw = ImageDraw.Draw(sheet)
    if stripes == 1:
        for y in range(16, 128, 32):
            draw.rectangle((0, y, 256, y + 12), fill=other)
    if stripes == 2:
        draw.ellipse((128 - 18, 44, 128 + 18, 80), fill=other)
    draw.line((128, 0, 128, 128), fill=scaled(colour, 0.75), width=2)
    draw.rectangle((0, 0, 256, 12), fill=mix(other, WHITE, 0.4))
    return texture_of(sheet, texels_per_unit=170, tiled=False)


def _body(shirt: RGB, bottom: RGB, rng: np.random.Generator, *, skirt: bool, stripes: int) -> list[Solid]:
    rings = smooth_rings(
        [(HIP - 0.02, 0.165, 0.145), (HIP + 0.12, 0.17, 0.15), (HIP + 0.3, 0.13, 0.115), (NECK + 0.02, 0.06, 0.06)]
    )
    upper = Material(shirt, _shirt(shirt, bottom, stripes), 0.12, part="cloth", tint=random_tint(rng))
    parts: list[Solid] = [Lathe(*rings, upper)]
    cloth = Material(bottom, None, 0.16, part="cloth")
    if skirt:
        hem = smooth_rings([(HIP - 0.2, 0.25, 0.23), (HIP - 0.02, 0.19, 0.17), (HIP + 0.1, 0.168, 0.148)])
        parts.append(Lathe(*hem, cloth))
    else:
        hem = smooth_rings([(HIP - 0.06, 0.14, 0.12), (HIP - 0.01, 0.178, 0.155), (HIP + 0.08, 0.178, 0.155)])
        parts.append(Lathe(*hem, cloth))
    return parts


def _tail(animal: Animal, body: RGB) -> list[Solid]:
    parts: list[Solid] = []
    for (y0, z0, r0, share), (y1, z1, r1, _) in zip(animal.tail, animal.tail[1:], strict=False):
        colour = mix(body, WHITE, -share) if share < 0 else mix(body, BLACK, share * 0.8)
        parts.append(Limb((0.03, y0 + 0.14, z0 + 0.06), (0.06, y1 + 0.14, z1 + 0.06), r0, r1, paint(colour)))
    return parts


def _head(animal: Animal, fur: Material, muzzle: RGB, worn: tuple[Feature, ...]) -> list[Solid]:
    head, unit = animal.head, animal.head.unit
    light = paint(animal.bill or mix(muzzle, TAN, animal.muzzle_share))
    parts: list[Solid] = [head.solid(fur), *_ears(animal, fur)]
    v, wide, tall, reach = animal.muzzle
    root = head.at(0, v)
    middle = (0.0, root[1], root[2] - 0.1 * unit + 0.35 * reach * unit)
    parts.append(Ellipsoid(middle, (wide * unit, tall * unit, (0.25 + reach * 0.65) * unit), light))
    if animal.bill:
        lower = (0.0, middle[1] - tall * 1.3 * unit, middle[2] - 0.05 * unit)
        parts.append(
            Ellipsoid(
                lower,
                (wide * 0.8 * unit, tall * 0.8 * unit, (0.2 + reach * 0.55) * unit),
                paint(scaled(light.colour, 0.85)),
                (12, 0, 0),
            )
        )
    else:
        parts += _smile(middle, (wide * unit, tall * unit, (0.25 + reach * 0.65) * unit))
    parts += brows(tilt=-0.05, v=0.78, thick=0.035)(head, fur)
    for feature in (*animal.features, *worn):
        parts += feature(head, fur)
    return parts


def _smile(centre: Vec, radii: Vec) -> list[Solid]:
    points: list[Vec] = []
    for i in range(9):
        angle = math.radians(-48 + 12 * i)
        sink = -0.42 + 0.28 * (abs(i - 4) / 4) ** 2
        ring = math.sqrt(1 - sink * sink)
        points.append(
            (
                centre[0] + radii[0] * ring * math.sin(angle),
                centre[1] + radii[1] * sink,
                centre[2] + radii[2] * ring * math.cos(angle),
            )
        )
    return [Limb(a, b, 0.011, 0.011, paint((90, 40, 50))) for a, b in itertools.pairwise(points)]


def _ears(animal: Animal, fur: Material) -> list[Solid]:
    parts: list[Solid] = []
    head, unit = animal.head, animal.head.unit
    inner = paint(mix(fur.colour, PINK, 0.6))
    for side in (-1, 1):
        for azimuth, v, (dx, dy, dz), root, tip in animal.ears:
            x, y, z = head.at(side * azimuth, v, out=-0.08)
            end = (x + side * dx * unit, y + dy * unit, z + dz * unit)
            parts.append(Limb((x, y, z), end, root * unit, tip * unit, fur))
            lift = root * 0.5 * unit
            inside = (x + side * dx * 0.75 * unit, y + dy * 0.75 * unit, z + dz * 0.75 * unit + lift)
            parts.append(Limb((x, y, z + lift), inside, root * 0.62 * unit, tip * 0.5 * unit, inner))
        for azimuth, v, size, flat in animal.ear_rounds:
            x, y, z = head.at(side * azimuth, v, out=size * 0.45)
            radius = size * unit
            parts.append(Ellipsoid((x, y, z), (radius, radius, radius * flat), fur))
            parts.append(
                Ellipsoid((x, y, z + radius * flat * 0.55), (radius * 0.68, radius * 0.68, radius * flat * 0.6), inner)
            )
    return parts


def _leg(skin: RGB, shorts: RGB | None, side: int, pose: Pose) -> list[Solid]:
    thigh, bend = pose.leg(side)
    hip = (side * 0.085, HIP - 0.02, 0.0)
    knee = (side * 0.09, hip[1] - 0.24 * math.cos(thigh), 0.24 * math.sin(thigh))
    shin = thigh - bend
    ankle = (side * 0.095, knee[1] - 0.23 * math.cos(shin), knee[2] + 0.23 * math.sin(shin))
    foot = Ellipsoid(
        (ankle[0] + side * 0.01, ankle[1] - 0.005, ankle[2] + 0.06),
        (0.075, 0.055, 0.14),
        paint(scaled(skin, 0.93)),
        (-math.degrees(shin) * 0.5, side * 10, 0),
    )
    worn = [Limb(hip, knee, 0.09, 0.1, Material(shorts, part="cloth"))] if shorts else []
    return [*worn, Limb(hip, knee, 0.046, 0.042, paint(skin)), Limb(knee, ankle, 0.042, 0.04, paint(skin)), foot]


def _arm(skin: RGB, shirt: RGB, side: int, pose: Pose) -> list[Solid]:
    swing, spread, bend = pose.arm(side)
    spread += 0.2 if pose.kind in ("standing", "walking") else 0.0

    def reach(start: Vec, length: float, angle: float) -> Vec:
        out, down = math.sin(spread), math.cos(spread)
        return (
            start[0] + side * length * out,
            start[1] - length * down * math.cos(angle),
            start[2] + length * down * math.sin(angle),
        )

    shoulder = (side * 0.11, NECK - 0.08, 0.0)
    elbow = reach(shoulder, 0.2, swing)
    wrist = reach(elbow, 0.18, swing + bend)
    palm = reach(wrist, 0.07, swing + bend)
    glove = Material(WHITE, part="hands")
    thumb = (palm[0] - side * 0.05, palm[1] - 0.01, palm[2] + 0.075)
    parts: list[Solid] = [
        Limb(shoulder, reach(shoulder, 0.11, swing), 0.065, 0.068, Material(shirt, part="cloth")),
        Limb(shoulder, elbow, 0.038, 0.036, paint(skin)),
        Limb(elbow, wrist, 0.036, 0.034, paint(skin)),
        Ellipsoid(wrist, (0.055, 0.035, 0.055), glove),
        Ellipsoid(palm, (0.082, 0.082, 0.082), glove),
        Limb(palm, thumb, 0.034, 0.028, glove),
    ]
    for finger in (-1, 0, 1):
        tip = reach(palm, 0.125, swing + bend + finger * 0.55)
        parts.append(Limb(palm, tip, 0.036, 0.03, glove))
    return parts
