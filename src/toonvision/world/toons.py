"""Toons: eleven animals, in any colour, build and clothes."""

import itertools
import math
from typing import Final

import numpy as np

from toonvision.world.animals import ANIMALS, Animal
from toonvision.world.heads import Feature, paint
from toonvision.world.headwear import glasses, hat
from toonvision.world.materials import Material
from toonvision.world.palette import BLACK, RGB, TOON_BODY, TOON_CLOTH, jittered, mix, random_tint, scaled
from toonvision.world.poses import HIGHEST_JUMP, Pose
from toonvision.world.solids import Ellipsoid, Limb, Solid, as_part, on_ground
from toonvision.world.toon_bodies import Build, arm, leg, random_build, torso
from toonvision.world.toon_heads import random_face

HAT_RATE: Final = 0.04
GLASSES_RATE: Final = 0.06
BACKPACK_RATE: Final = 0.04
FADED: Final = -0.2  # mean logarithm of the brightness of fur and clothes
HATS: Final = ((1.35, 0.55, 0.85, True), (1.35, 0.75, 0.92, False), (0.0, 1.3, 0.1, False), (0.0, 0.6, 0.8, False))
"""Bowler, top hat, party hat and fez: brim and crown, width of the top, and whether it is round."""


def toon_solids(label: str, *, pose: Pose, rng: np.random.Generator, dressed: bool = True) -> list[Solid]:
    """Return the solids of a Toon that faces the viewer, above the origin, on the ground or in the air.

    Args:
        label: One of the eleven Toon labels, for example ``toon_bear``.
        pose: Its pose.
        rng: Decides build, colours, clothes, what it wears, and the rotation of its head.
        dressed: Whether it may wear a hat, glasses or a backpack.

    Returns:
        The solids in units of about a metre.
    """
    animal = ANIMALS[label]
    body = _dyed(TOON_BODY[int(rng.integers(len(TOON_BODY)))], rng)
    shirt, bottom = (_dyed(TOON_CLOTH[int(i)], rng) for i in rng.choice(len(TOON_CLOTH), 2, replace=False))
    arms, shanks = (_other_than(body, rng) for _ in range(2))
    face = random_face(animal, Material(body, None, 0.03, int(rng.integers(1000)), tint=random_tint(rng)), rng)
    bare, low = face.solids(), face.animal.head.height * 1.04 + rng.uniform(0.02, 0.1)
    build = random_build(animal.height - max(part.extent().top for part in bare) - low, rng)
    worn, packed = _random_extras(face.animal, build, rng) if dressed else ((), [])
    turn = math.radians(float(np.clip(rng.normal(0, 14), -32, 32)))
    nod = float(np.clip(rng.normal(animal.lean, 0.1), -0.5, 0.15))
    head = [part.leant(nod, 0.0) for part in (face.solids(worn) if worn else bare)]
    above = [*torso(build, shirt, bottom, body, rng), *_tail(animal, build, body), *packed]
    above += as_part((part.turned(turn).moved(0, build.neck + low, 0.02) for part in head), "head")
    legs: list[Solid] = []
    for side in (-1, 1):
        legs += leg(build, shanks, bottom, side, pose)
        above += arm(build, arms, shirt, side, pose)
    lean = pose.lean + (0.1 * (build.stride - 1) if pose.kind == "walking" else 0.0)
    return on_ground([part.leant(lean, build.hip) for part in above], legs, lift=min(pose.lift, HIGHEST_JUMP))


def _other_than(body: RGB, rng: np.random.Generator) -> RGB:
    """Return the colour of arms or legs: often that of the head, else any other."""
    return body if rng.random() < 0.6 else _dyed(TOON_BODY[int(rng.integers(len(TOON_BODY)))], rng)


def _dyed(colour: RGB, rng: np.random.Generator) -> RGB:
    """Return a colour as fur or cloth shows it: greyer, and often darker."""
    return jittered(
        scaled(mix(colour, (120, 100, 90), rng.uniform(0, 0.25)), math.exp(rng.normal(FADED, 0.22))), rng, 6
    )


def _random_extras(animal: Animal, build: Build, rng: np.random.Generator) -> tuple[tuple[Feature, ...], list[Solid]]:
    """Return random hats and glasses of a Toon, and the solids on its back."""
    hatted, spectacled, packed = (bool(rng.random() < rate) for rate in (HAT_RATE, GLASSES_RATE, BACKPACK_RATE))
    choice = int(rng.integers(len(HATS)))
    colours = [TOON_CLOTH[int(i)] for i in rng.choice(len(TOON_CLOTH), 4, replace=False)]
    worn: list[Feature] = []
    if hatted and animal.hat_v is not None:
        worn.append(_hat(choice, colours[0], colours[1], v=animal.hat_v, size=0.76))
    if spectacled:
        spread, v, _ = animal.eyes
        lens = BLACK if rng.random() < 0.3 else None
        worn.append(glasses(scaled(colours[2], 0.6), size=0.4, spread=spread, v=v, thick=0.045, lens=lens))
    return tuple(worn), _backpack(colours[3], build) if packed else []


def _hat(choice: int, colour: RGB, band: RGB, *, v: float, size: float) -> Feature:
    brim, crown, top, is_round = HATS[choice]
    return hat(colour, v=v, brim=brim, crown=crown, top=top, band=band, round_top=is_round, size=size)


def _backpack(colour: RGB, build: Build) -> list[Solid]:
    sack, strap = Material(colour, None, 0.1), paint(scaled(colour, 0.7))
    tall, deep, top = build.neck - build.hip, build.girth, build.neck
    straps: list[Solid] = []
    for side in (-1, 1):
        line = [(side * 0.08, top - y * tall, z * deep) for y, z in ((0.1, -0.9), (0.04, 0.0), (0.2, 0.8), (0.6, 1.0))]
        straps += [Limb(a, b, 0.024, 0.024, strap) for a, b in itertools.pairwise(line)]
    return [
        Ellipsoid((0, top - 0.45 * tall, -deep - 0.06), (0.13, 0.4 * tall, 0.1), sack),
        Ellipsoid((0, top - 0.55 * tall, -deep - 0.14), (0.09, 0.15 * tall, 0.05), strap),
        *straps,
    ]


def _tail(animal: Animal, build: Build, fur: RGB) -> list[Solid]:
    return [
        Limb(
            (0.0, build.hip + y0, z0 - build.girth / 2),
            (0.05, build.hip + y1, z1 - build.girth / 2),
            r0,
            r1,
            paint(fur),
        )
        for (y0, z0, r0), (y1, z1, r1) in itertools.pairwise(animal.tail)
    ]
