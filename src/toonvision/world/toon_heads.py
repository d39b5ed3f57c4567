"""Heads of Toons: muzzles, ears and eyes about the head of an animal."""

import itertools
import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from toonvision.world.animals import INK, Animal, Ear, Flap, Muzzle
from toonvision.world.geometry import Vec, rotation
from toonvision.world.heads import Feature, Head, ball, brows, paint
from toonvision.world.materials import Material
from toonvision.world.palette import PINK, WHITE, jittered, mix, scaled
from toonvision.world.solids import Ellipsoid, Limb, Solid

LONG_RATE: Final = 0.5  # long heads, and long muzzles


@dataclass(frozen=True)
class Face:
    """An animal's head as one Toon has it: its size, fur, the colour of its muzzle, and where it looks."""

    animal: Animal
    fur: Material
    muzzle: Material
    gaze: tuple[float, float]

    def solids(self, worn: tuple[Feature, ...] = ()) -> list[Solid]:
        """Return the head about the origin, with what it wears."""
        head = self.animal.head
        parts: list[Solid] = [head.solid(self.fur), *_ears(self), *_muzzle(self), *_eyes(self)]
        for feature in (*self.animal.features, *worn):
            parts += feature(head, self.fur)
        return parts


def random_face(animal: Animal, fur: Material, rng: np.random.Generator) -> Face:
    """Return a face whose head, muzzle and ears are long or short, large or small at random."""
    size, tall, wide = (
        rng.uniform(0.77, 1.1),
        (rng.uniform(1.1, 1.32) if rng.random() < LONG_RATE else rng.uniform(0.92, 1.05)),
        rng.uniform(1.0, 1.14),
    )
    head, muzzle = animal.head, animal.muzzle
    reach = rng.uniform(1.05, 1.35) if rng.random() < LONG_RATE else rng.uniform(0.65, 1.0)
    grown = replace(
        animal,
        head=replace(
            head, width=head.width * size * wide, height=head.height * size * tall, depth=head.depth * size * wide
        ),
        muzzle=replace(
            muzzle,
            reach=muzzle.reach * reach,
            wide=muzzle.wide * rng.uniform(0.9, 1.1),
            drop=muzzle.drop + rng.normal(0, 0.1),
        ),
        ears=tuple(
            _grown(ear, rng.uniform(0.88, 1.14), (rng.normal(0, 0.1), rng.normal(0, 0.1))) for ear in animal.ears
        ),
    )
    tan = mix(muzzle.colour, fur.colour, muzzle.fur)
    tan = scaled(jittered(tan, rng, 6), math.exp(rng.normal(-0.02, 0.1)))
    return Face(grown, fur, paint(tan), (float(rng.normal(0, 5)), float(rng.normal(-0.03, 0.05))))


def _grown(ear: Ear | Flap, size: float, swing: tuple[float, float]) -> Ear | Flap:
    """Return an ear of another size, of which the end is moved aside and to the front, in shares of its height."""
    aside, ahead = swing
    if isinstance(ear, Ear):
        return replace(
            ear, joints=tuple((x * size + y * aside, y * size, z * size + y * ahead) for x, y, z in ear.joints)
        )
    (wide, tall, thick), (pitch, turn, out) = ear.radii, ear.tilt
    return replace(
        ear,
        radii=(wide * size, tall * size, thick * size),
        tilt=(pitch + math.degrees(ahead), turn, out + math.degrees(aside)),
    )


def _muzzle(face: Face) -> list[Solid]:
    head, unit, shape = face.animal.head, face.animal.head.unit, face.animal.muzzle
    front = head.at(0, shape.v)
    root: Vec = (0.0, front[1], 0.25 * head.depth)
    tip: Vec = (0.0, front[1] - shape.drop * unit, front[2] + shape.reach * unit)
    if shape.bill:
        return _bill(face, front)
    wide, tall, share = shape.wide * unit, shape.tall * unit, shape.tip
    parts: list[Solid] = [
        Ellipsoid((0, root[1] - 0.1 * unit, root[2]), (wide * 1.36, tall * 1.2, head.depth * 0.85), face.muzzle),
        Ellipsoid(tip, (wide * share, tall * share, tall * share * 0.8), face.muzzle),
    ]
    for side in (-1, 1):
        out = side * (wide - tall * 0.8)
        parts.append(
            Limb((out, root[1], root[2]), (out * share, tip[1], tip[2]), tall, tall * share * 0.96, face.muzzle)
        )
    return [*parts, *_smile(shape, root, tip, unit), *_nose(face, tip, tall * share)]


def _smile(shape: Muzzle, root: Vec, tip: Vec, unit: float) -> list[Solid]:
    """Return the mouth, a dark line along both sides of the muzzle that rises at the cheeks."""
    points: list[Vec] = []
    for i in range(11):
        s = i / 5 - 1
        along = 1 - 0.8 * abs(s) ** 2.2
        size = 1 + (shape.tip - 1) * along
        wide, tall = shape.wide * unit * size, shape.tall * unit * size
        sine = math.sin(s * math.pi / 2)
        y = root[1] + (tip[1] - root[1]) * along - tall * (0.5 - 0.75 * abs(s) ** 3)
        z = root[2] + (tip[2] - root[2]) * along + tall * 0.75 * math.cos(s * math.pi / 2)
        points.append((wide * sine, y, z))
    return [Limb(a, b, 0.007, 0.007, paint((70, 40, 40))) for a, b in itertools.pairwise(points)]


def _nose(face: Face, tip: Vec, tall: float) -> list[Solid]:
    shape, unit = face.animal.muzzle, face.animal.head.unit
    if shape.nose:
        size = shape.nose * unit
        at = (0.0, tip[1] + tall * 0.65, tip[2] + tall * 0.55)
        return [Ellipsoid(at, (size, size * 0.85, size * 0.85), paint(INK))]
    parts: list[Solid] = []
    end = tip[2] + tall * 0.72
    if shape.snout:
        parts.append(Ellipsoid((0, tip[1] + tall * 0.2, end), (tall * 1.15, tall * 0.95, tall * 0.3), face.muzzle))
    if shape.snout or shape.reach > 0.7:
        for side in (-1, 1):
            at = (side * tall * 0.38, tip[1] + tall * 0.4, end + tall * (0.26 if shape.snout else -0.04))
            parts.append(Ellipsoid(at, (tall * 0.16, tall * 0.26, tall * 0.2), paint((60, 34, 36))))
    return parts


def _bill(face: Face, front: Vec) -> list[Solid]:
    shape, head = face.animal.muzzle, face.animal.head
    unit, reach = head.unit, shape.reach * head.unit
    middle = (0.0, front[1], front[2] * 0.6)
    radii = (shape.wide * unit * 1.12, shape.tall * unit, front[2] * 0.6 + reach)
    lower = (0.0, front[1] - shape.tall * unit, middle[2])
    return [
        Ellipsoid(middle, radii, face.muzzle, (4, 0, 0)),
        Ellipsoid(
            lower, (radii[0] * 0.85, radii[1], radii[2] * 0.85), paint(scaled(face.muzzle.colour, 0.85)), (10, 0, 0)
        ),
        *(
            Ellipsoid(
                (x * 0.95 * radii[0], front[1] + 0.12 * unit, 0.3 * front[2]),
                (0.1 * unit, 0.2 * unit, 0.3 * unit),
                face.muzzle,
            )
            for x in (-1, 1)
        ),
        Ellipsoid((0, front[1] + 0.1 * unit, front[2]), (0.34 * unit, 0.26 * unit, 0.4 * unit), face.muzzle),
    ]


def _eyes(face: Face) -> list[Solid]:
    """Return big eyes that lie close together, each with a dark rim, a black pupil and a glint."""
    spread, v, size = face.animal.eyes
    aside, up = face.gaze
    parts: list[Solid] = []
    head = face.animal.head
    for side in (-1, 1):
        at = side * spread
        for radii, azimuth, height, out, colour in (
            ((size * 1.08, size * 1.5, 0.06), at, v, 0.0, INK),
            ((size, size * 1.42, 0.07), at, v, 0.01, WHITE),
            ((size * 0.45, size * 0.7, 0.06), at * 0.8 + aside, v - 0.06 + up, 0.05, INK),
            ((size * 0.14, size * 0.2, 0.05), at * 0.8 + aside + 4, v + up + 0.04, 0.09, WHITE),
        ):
            parts.append(ball(head, azimuth, height, radii, paint(colour), out=out))
    return parts + brows(tilt=-0.04, v=v + 0.52, spread=spread, thick=0.03)(head, face.fur)


def _ears(face: Face) -> list[Solid]:
    parts: list[Solid] = []
    head = face.animal.head
    inner = paint(mix(face.fur.colour, PINK, 0.65))
    for side in (-1, 1):
        for ear in face.animal.ears:
            parts += (
                _jointed(ear, side, head, face.fur, inner) if isinstance(ear, Ear) else _flat(ear, side, face, inner)
            )
    return parts


def _flat(ear: Flap, side: int, face: Face, inner: Material) -> list[Solid]:
    head, (pitch, turn, out) = face.animal.head, ear.tilt
    tilt, radii = (pitch, side * turn, -side * out), np.multiply(ear.radii, head.unit)
    axes = rotation(*tilt) * radii
    held = np.multiply(ear.place, (side * head.width, head.height, head.depth))
    x, y, z = (held - ear.hold * axes[:, 1]).tolist()
    wide, tall, thick = radii.tolist()
    material = paint(ear.colour) if ear.colour else face.muzzle if ear.tan else face.fur
    parts: list[Solid] = [Ellipsoid((x, y, z), (wide, tall, thick), material, tilt)]
    if ear.inside:
        x, y, z = (np.array((x, y, z)) + 0.5 * axes[:, 2]).tolist()
        parts.append(Ellipsoid((x, y, z), (wide * 0.7, tall * 0.75, thick * 0.65), inner, tilt))
    return parts


def _jointed(ear: Ear, side: int, head: Head, fur: Material, inner: Material) -> list[Solid]:
    parts: list[Solid] = []
    x, y, z = head.at(side * ear.azimuth, ear.v, out=-0.08)
    unit, material = head.unit, paint(ear.colour) if ear.colour else fur
    for (dx, dy, dz), (r0, r1) in zip(ear.joints, itertools.pairwise(ear.radii), strict=True):
        end = (x + side * dx * unit, y + dy * unit, z + dz * unit)
        parts.append(Limb((x, y, z), end, r0 * unit, r1 * unit, material))
        if ear.inside:
            a, b = ((p, q, r + 0.55 * size * unit) for (p, q, r), size in (((x, y, z), r0), (end, r1)))
            parts.append(Limb(a, b, r0 * 0.62 * unit, r1 * 0.55 * unit, inner))
        x, y, z = end
    return parts
