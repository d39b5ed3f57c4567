"""Cogs: a suit on one of three builds, and a head of their own."""

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from toonvision.world.bossbots import BOSSBOTS
from toonvision.world.cashbots import CASHBOTS
from toonvision.world.cloth import STRENGTHS, cloth, jacket, two_halves
from toonvision.world.cog_design import STEEL, CogDesign
from toonvision.world.geometry import Vec
from toonvision.world.heads import paint
from toonvision.world.lathe import Lathe, smooth_rings
from toonvision.world.lawbots import LAWBOTS
from toonvision.world.materials import Material
from toonvision.world.palette import SHOE, SUITS, WHITE, jittered, random_tint
from toonvision.world.poses import Pose
from toonvision.world.sellbots import SELLBOTS
from toonvision.world.solids import Ellipsoid, Limb, Solid, as_part, on_ground

COGS: Final[dict[str, CogDesign]] = {**BOSSBOTS, **LAWBOTS, **CASHBOTS, **SELLBOTS}

UNEVEN: Final = (0.1, 0.025)
"""How unlike two Cogs of a suit are: standard deviations of the logarithms of their brightness and of each channel."""


@dataclass(frozen=True)
class Build:
    """Proportions of a body from the ground to the neck, which is one unit.

    Attributes:
        leg: Height of the hip.
        shoulder: Half width at the shoulders.
        chest: Half width of the chest.
        belly: Half width of the jacket's hem.
        depth: Half depth of the torso.
        arm: Length of the arm to the wrist.
        sleeve: Radius of the sleeve.
        hand: Size of the hand.
        splay: How far the arms stand off, in radians.
    """

    leg: float
    shoulder: float
    chest: float
    belly: float
    depth: float
    arm: float
    sleeve: float
    hand: float
    splay: float


BUILDS: Final[dict[str, Build]] = {
    "broad": Build(0.5, 0.225, 0.19, 0.14, 0.125, 0.45, 0.055, 0.078, 0.02),
    "narrow": Build(0.5, 0.13, 0.108, 0.105, 0.09, 0.45, 0.042, 0.06, -0.07),
    "stout": Build(0.3, 0.31, 0.34, 0.36, 0.29, 0.45, 0.09, 0.112, 0.3),
}


def cog_solids(label: str, *, pose: Pose, rng: np.random.Generator) -> list[Solid]:
    """Return the solids of a Cog that faces the viewer, above the origin, on the ground or in the air.

    Args:
        label: One of the thirty-two Cog labels, for example ``cog_bb_flunky``.
        pose: Its pose; a flying Cog has a propeller.
        rng: Decides small differences: tints of face, cloth and hands, the pattern, folds, rotation of the head.

    Returns:
        The solids; the body without its head is one unit high.
    """
    design, build = COGS[label], BUILDS[COGS[label].build]
    suit, strength = design.suit, STRENGTHS[int(rng.integers(len(STRENGTHS)))]
    tint = random_tint(rng, brightness=UNEVEN[0], hue=UNEVEN[1])
    fabric = Material(SUITS[suit].cloth, cloth(suit, strength), 0.12, int(rng.integers(1000)), "cloth", tint)
    hands = jittered(design.hands or SUITS[suit].hands, rng, 3)
    skin = Material(hands, part="hands", tint=random_tint(rng, brightness=0.03))
    head = _head(design, rng)
    above = [*_torso(suit, strength, build, fabric), *head, *(_propeller(head, pose) if pose.kind == "flying" else ())]
    legs: list[Solid] = []
    for side in (-1, 1):
        legs += _leg(build, fabric, side, pose)
        above += _arm(build, fabric, skin, side, pose)
    return on_ground([part.leant(pose.lean, build.leg) for part in above], legs, lift=pose.lift)


def _propeller(head: list[Solid], pose: Pose) -> list[Solid]:
    low = max(part.extent().top for part in head)
    hub, steel = (0.0, low + 0.14, 0.0), paint(STEEL)
    blades = [
        Ellipsoid((0.14 * c, hub[1], -0.14 * s), (0.16, 0.015, 0.04), steel, (15, math.degrees(angle), 0))
        for angle in (3 * pose.phase, 3 * pose.phase + math.pi)
        for c, s in ((math.cos(angle), math.sin(angle)),)
    ]
    return [Limb((0, low - 0.08, 0), hub, 0.015, 0.015, steel), Ellipsoid(hub, (0.03, 0.03, 0.03), steel), *blades]


def _torso(suit: str, strength: float, build: Build, fabric: Material) -> list[Solid]:
    low = build.leg - 0.09
    height = 1 - low
    knots = [
        (low, build.belly * 1.08, build.depth),
        (low + 0.15 * height, build.belly * 1.03, build.depth),
        (low + 0.45 * height, (build.belly + build.chest) / 2, build.depth * 1.05),
        (low + 0.72 * height, build.chest, build.depth),
        (low + 0.86 * height, build.shoulder * 0.92, build.depth * 0.9),
        (low + 0.95 * height, build.shoulder * 0.66, build.depth * 0.66),
        (1.0, 0.07, 0.06),
    ]
    girth = 2 * math.pi * math.sqrt((build.chest**2 + build.depth**2) / 2)
    cut = jacket(suit, strength, girth=round(girth, 3), height=round(height, 3))
    seat = Ellipsoid((0, build.leg - 0.02, 0), (build.belly * 0.9, 0.13, build.depth * 0.9), fabric)
    return [Lathe(*smooth_rings(knots), replace(fabric, texture=cut)), seat]


def _head(design: CogDesign, rng: np.random.Generator) -> list[Solid]:
    head = design.head
    colour, shift = jittered(design.face, rng, 3), int(rng.integers(1000))
    halves = two_halves(colour, design.other_face) if design.other_face else None
    skin = Material(colour, halves, 0.05, shift, tint=random_tint(rng, brightness=0.04, hue=0.01))
    parts: list[Solid] = [head.solid(skin)]
    for feature in design.features:
        parts += feature(head, skin)
    turn = math.radians(float(np.clip(rng.normal(0, 10), -25, 25)))
    return as_part((part.turned(turn).moved(0, 0.98 + head.height * 0.96, 0.01) for part in parts), "head")


def _leg(build: Build, fabric: Material, side: int, pose: Pose) -> list[Solid]:
    thigh, knee_bend = pose.leg(side)
    half, wide = build.leg / 2, 0.025 + build.belly * 0.33
    hip = (side * build.belly * 0.5, build.leg, 0.0)
    knee = (hip[0], hip[1] - half * math.cos(thigh), half * math.sin(thigh))
    shin = thigh - knee_bend
    ankle = (knee[0], knee[1] - (half - 0.04) * math.cos(shin), knee[2] + half * math.sin(shin))
    foot, toe = 0.05 + 0.06 * build.belly, math.degrees(shin) * 0.6
    shoe = Ellipsoid(
        (ankle[0] + side * 0.01, ankle[1] - 0.005, ankle[2] + 0.7 * foot),
        (foot, 0.045, 1.75 * foot),
        paint(SHOE),
        (-toe, side * 8, 0),
    )
    return [Limb(hip, knee, wide, wide * 0.9, fabric), Limb(knee, ankle, wide * 0.9, wide * 0.85, fabric), shoe]


def _arm(build: Build, fabric: Material, skin: Material, side: int, pose: Pose) -> list[Solid]:
    swing, spread, bend = pose.arm(side)
    spread += build.splay
    shoulder = (side * (build.shoulder - 0.4 * build.sleeve), 0.87, 0.0)
    half = build.arm / 2
    elbow = _reach(shoulder, half, swing, spread, side)
    wrist = _reach(elbow, half * 0.9, swing + bend, spread * 0.7, side)
    cuff = _reach(wrist, 0.03, swing + bend, spread * 0.7, side)
    sleeve, slant = build.sleeve, (0.0, 0.0, -26.0 * side)
    return [
        Ellipsoid((shoulder[0] * 0.95, shoulder[1], 0), (sleeve * 1.5, sleeve * 1.1, sleeve * 1.25), fabric, slant),
        Limb(shoulder, elbow, sleeve * 1.12, sleeve, fabric),
        Limb(elbow, wrist, sleeve, sleeve * 0.95, fabric),
        Limb(wrist, cuff, sleeve * 0.84, sleeve * 0.82, paint(WHITE)),
        *_hand(skin, build.hand, cuff, swing + bend, spread * 0.7, side),
    ]


def _hand(skin: Material, size: float, at: Vec, swing: float, spread: float, side: int) -> list[Solid]:
    palm = _reach(at, size * 0.75, swing, spread, side)
    fingers = _reach(palm, size * 0.95, swing + 0.3, spread - 0.1, side)
    thumb = (palm[0] - side * size * 0.5, palm[1] - size * 0.5, palm[2] + size * 0.9)
    return [
        Ellipsoid(palm, (size * 0.78, size, size * 0.95), skin),
        Limb(palm, fingers, size * 0.75, size * 0.5, skin),
        Limb(palm, thumb, size * 0.36, size * 0.28, skin),
    ]


def _reach(start: Vec, length: float, swing: float, spread: float, side: int) -> Vec:
    """Return the point `length` below `start`, swung to the front and spread to the side by radians."""
    out = math.sin(spread)
    down = math.cos(spread)
    return (
        start[0] + side * length * out,
        start[1] - length * down * math.cos(swing),
        start[2] + length * down * math.sin(swing),
    )
