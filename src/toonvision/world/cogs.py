"""Cogs: a suit on one of three builds, and a head of their own."""

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from toonvision.world.bossbots import BOSSBOTS
from toonvision.world.cashbots import CASHBOTS
from toonvision.world.cloth import cloth, jacket, two_halves
from toonvision.world.cog_design import STEEL, CogDesign
from toonvision.world.heads import paint
from toonvision.world.lawbots import LAWBOTS
from toonvision.world.palette import SHOE, SUITS, WHITE, SuitColours, jittered, mix, random_tint, scaled
from toonvision.world.poses import Pose
from toonvision.world.sellbots import SELLBOTS
from toonvision.world.solids import Ellipsoid, Lathe, Limb, Material, Solid, Vec, as_part, on_ground, smooth_rings

COGS: Final[dict[str, CogDesign]] = {**BOSSBOTS, **LAWBOTS, **CASHBOTS, **SELLBOTS}

WORN: Final = -0.15  # worn cloth is darker than new cloth; mean of the logarithm of its brightness


@dataclass(frozen=True)
class Build:
    """Proportions of a body in units: lengths of leg and torso, half widths, half depth, arm and its radius."""

    leg: float
    torso: float
    shoulder: float
    chest: float
    belly: float
    depth: float
    arm: float
    sleeve: float
    hand: float


BUILDS: Final[dict[str, Build]] = {
    "tall": Build(0.98, 0.88, 0.33, 0.27, 0.23, 0.17, 0.84, 0.085, 0.085),
    "middle": Build(0.7, 0.72, 0.34, 0.29, 0.29, 0.21, 0.7, 0.095, 0.088),
    "stout": Build(0.44, 0.66, 0.31, 0.31, 0.37, 0.29, 0.58, 0.105, 0.092),
}


def cog_solids(label: str, *, pose: Pose, rng: np.random.Generator) -> list[Solid]:
    """Return the solids of a Cog that faces the viewer, above the origin, on the ground or in the air.

    Args:
        label: One of the thirty-two Cog labels, for example ``cog_bb_flunky``.
        pose: Its pose; a flying Cog has a propeller.
        rng: Decides small differences: colour of the face, tints of cloth and hands, folds, rotation of the head.

    Returns:
        The solids in units of about a metre.
    """
    design, build = COGS[label], BUILDS[COGS[label].build]
    fabric = Material(SUITS[design.suit].cloth, cloth(design.suit), 0.05, 0.2, int(rng.integers(1000)), "cloth")
    fabric = replace(fabric, tint=random_tint(rng, mean=WORN))
    skin = _hand_paint(SUITS[design.suit], rng)
    head = _head(design, build, rng)
    above = [*_torso(design, build, fabric), *head, *(_propeller(head, pose) if pose.kind == "flying" else ())]
    legs: list[Solid] = []
    for side in (-1, 1):
        legs += _leg(build, fabric, side, pose)
        above += _arm(build, fabric, skin, side, pose)
    return on_ground([part.leant(pose.lean, build.leg) for part in above], legs, lift=pose.lift)


def _propeller(head: list[Solid], pose: Pose) -> list[Solid]:
    low = max(part.extent().top for part in head)
    hub, steel = (0.0, low + 0.2, 0.0), paint(STEEL, gloss=0.5)
    blades = [
        Ellipsoid((0.2 * c, hub[1], -0.2 * s), (0.22, 0.02, 0.055), steel, (15, math.degrees(angle), 0))
        for angle in (3 * pose.phase, 3 * pose.phase + math.pi)
        for c, s in ((math.cos(angle), math.sin(angle)),)
    ]
    return [Limb((0, low - 0.12, 0), hub, 0.02, 0.02, steel), Ellipsoid(hub, (0.045, 0.045, 0.045), steel), *blades]


def _torso(design: CogDesign, build: Build, fabric: Material) -> list[Solid]:
    low, high = build.leg - 0.16, build.leg + build.torso
    height = high - low
    knots = [
        (low, build.belly * 1.14, build.depth * 1.2),
        (low + 0.12 * height, build.belly * 1.07, build.depth * 1.13),
        (low + 0.42 * height, (build.belly + build.chest) / 2 * 0.98, build.depth * 1.05),
        (low + 0.74 * height, build.chest * 1.07, build.depth * 1.0),
        (low + 0.88 * height, build.shoulder * 0.92, build.depth * 0.88),
        (low + 0.95 * height, build.shoulder * 0.7, build.depth * 0.68),
        (high, 0.12, 0.11),
    ]
    widths = smooth_rings(knots)
    girth = 2 * math.pi * math.sqrt((build.chest**2 + build.depth**2) / 2)
    cut = jacket(design.suit, girth=round(girth, 3), height=round(height, 3))
    coat = replace(fabric, texture=cut, folds=0.17)
    neck = Lathe((high - 0.08, high + 0.06), (0.13, 0.095), (0.12, 0.09), paint(WHITE))
    seat = Ellipsoid((0, build.leg, 0), (build.belly * 0.9, 0.2, build.depth * 0.9), fabric)
    return [Lathe(*widths, coat), neck, seat]


def _head(design: CogDesign, build: Build, rng: np.random.Generator) -> list[Solid]:
    head = design.head
    colour, shift = jittered(design.face, rng, 4), int(rng.integers(1000))
    skin = Material(colour, None, 0.18, 0.05, shift)
    halves = two_halves(colour, design.other_face) if design.other_face else None
    parts: list[Solid] = [head.solid(Material(colour, halves, 0.18, 0.05, shift))]
    for feature in design.features:
        parts += feature(head, skin)
    turn = math.radians(float(np.clip(rng.normal(0, 10), -25, 25)))
    rise = build.leg + build.torso + head.height * 0.94 + 0.02
    return as_part((part.turned(turn).moved(0, rise, 0.02) for part in parts), "head")


def _leg(build: Build, fabric: Material, side: int, pose: Pose) -> list[Solid]:
    thigh, knee_bend = pose.leg(side)
    half = build.leg / 2
    hip = (side * build.belly * 0.48, build.leg, 0.0)
    knee = (hip[0], hip[1] - half * math.cos(thigh), half * math.sin(thigh))
    shin = thigh - knee_bend
    ankle = (knee[0], knee[1] - (half - 0.06) * math.cos(shin), knee[2] + half * math.sin(shin))
    wide = build.belly * 0.42
    over = max(0.0, wide * 0.74 - 0.05)
    turn_up = (ankle[0], ankle[1] + over * math.cos(shin), ankle[2] - over * math.sin(shin))
    toe = math.degrees(shin) * 0.6
    shoe = Ellipsoid(
        (ankle[0] + side * 0.015, ankle[1] - 0.01, ankle[2] + 0.07),
        (0.1, 0.068, 0.17),
        paint(SHOE, gloss=0.6),
        (-toe, side * 8, 0),
    )
    return [
        Limb(hip, knee, wide, wide * 0.85, fabric),
        Limb(knee, turn_up, wide * 0.85, wide * 0.74, fabric),
        shoe,
    ]


def _arm(build: Build, fabric: Material, skin: tuple[Material, ...], side: int, pose: Pose) -> list[Solid]:
    swing, spread, bend = pose.arm(side)
    shoulder = (side * build.shoulder * 0.92, build.leg + build.torso * 0.83, 0.0)
    half = build.arm / 2
    elbow = _reach(shoulder, half, swing, spread, side)
    wrist = _reach(elbow, half * 0.86, swing + bend, spread * 0.8, side)
    cuff = _reach(wrist, 0.035, swing + bend, spread * 0.8, side)
    sleeve, slant = build.sleeve, (0.0, 0.0, -26.0 * side)
    return [
        Ellipsoid((shoulder[0] * 0.9, shoulder[1], 0), (sleeve * 1.5, sleeve * 1.08, sleeve * 1.2), fabric, slant),
        Limb(shoulder, elbow, sleeve * 1.08, sleeve * 0.95, fabric),
        Limb(elbow, wrist, sleeve * 0.95, sleeve * 0.98, fabric),
        Limb(wrist, cuff, sleeve * 0.86, sleeve * 0.84, paint(WHITE)),
        *_hand(skin, build.hand, cuff, swing + bend, spread * 0.8, side),
    ]


def _hand_paint(suit: SuitColours, rng: np.random.Generator) -> tuple[Material, ...]:
    """Return the materials of palm, finger roots, finger tips and thumb."""
    wrist, fingers = jittered(suit.wrist, rng, 4), jittered(suit.fingers, rng, 4)
    tint = random_tint(rng)
    colours = (wrist, mix(wrist, fingers, 0.5), fingers, scaled(fingers, 0.97))
    return tuple(Material(colour, part="hands", tint=tint) for colour in colours)


def _hand(skin: tuple[Material, ...], size: float, at: Vec, swing: float, spread: float, side: int) -> list[Solid]:
    wrist, between, fingers, inner = skin
    palm = _reach(at, size * 0.85, swing, spread, side)
    parts: list[Solid] = [Ellipsoid(palm, (size * 0.9, size, size * 0.9), wrist)]
    for finger in (-1, 0, 1):
        root = _reach(palm, size * 0.55, swing + finger * 0.5, spread, side)
        middle = _reach(root, size * 0.7, swing + finger * 0.35, spread, side)
        tip = _reach(middle, size * 0.75, swing + 0.25, spread - 0.15, side)
        parts.append(Limb(root, middle, size * 0.4, size * 0.37, between))
        parts.append(Limb(middle, tip, size * 0.37, size * 0.3, fingers))
    thumb = (palm[0] - side * size * 0.6, palm[1] - size * 0.35, palm[2] + size * 0.7)
    parts.append(Limb(palm, thumb, size * 0.42, size * 0.34, inner))
    return parts


def _reach(start: Vec, length: float, swing: float, spread: float, side: int) -> Vec:
    """Return the point `length` below `start`, swung to the front and spread to the side by radians."""
    out = math.sin(spread)
    down = math.cos(spread)
    return (
        start[0] + side * length * out,
        start[1] - length * down * math.cos(swing),
        start[2] + length * down * math.sin(swing),
    )
