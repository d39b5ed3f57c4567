"""Heads: one rounded shape, and the features that are set on its surface.

A feature is a function from a head and its skin to solids, so that a design is a list of features. Positions on
a head are azimuth in degrees (0 is the front, positive to the viewer's right) and height from -1
(chin) to 1 (crown); sizes are in the head's `unit`.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from toonvision.world.geometry import Vec
from toonvision.world.lathe import Lathe
from toonvision.world.materials import Material
from toonvision.world.palette import BLACK, RGB, WHITE, scaled
from toonvision.world.solids import Ellipsoid, Limb, Solid


@dataclass(frozen=True)
class Head:
    """A rounded head about the origin.

    Attributes:
        width: Half width in units.
        height: Half height in units.
        depth: Half depth in units.
        power: 2 is an egg; larger is boxier.
        taper: How much wider the crown is than the chin (negative: narrower).
        pinch: How much narrower it is at mid-height.
    """

    width: float
    height: float
    depth: float
    power: float = 2.2
    taper: float = 0.0
    pinch: float = 0.0

    @property
    def unit(self) -> float:
        """The unit of what is set on it: the geometric mean of its half width and half height."""
        return math.sqrt(self.width * self.height)

    def ring(self, v: float) -> float:
        """Return the width at height `v`, as a share of the full width."""
        rounded = math.pow(max(0.0, 1 - math.pow(abs(v), self.power)), 1 / self.power)
        return rounded * (1 + self.taper * v) * (1 - self.pinch * math.exp(-((v / 0.35) ** 2)))

    def solid(self, material: Material) -> Lathe:
        """Return the bare head."""
        steps = [math.sin(math.pi / 2 * (i / 16 - 1)) for i in range(33)]
        rings = [self.ring(v) for v in steps]
        return Lathe(
            tuple(v * self.height for v in steps),
            tuple(r * self.width for r in rings),
            tuple(r * self.depth for r in rings),
            material,
        )

    def at(self, azimuth: float, v: float, *, out: float = 0.0) -> Vec:
        """Return the point on the surface, or `out` of its units above it."""
        angle, ring = math.radians(azimuth), self.ring(v)
        lift = out * self.unit
        return (
            (ring * self.width + lift) * math.sin(angle),
            v * self.height,
            (ring * self.depth + lift) * math.cos(angle),
        )


Feature = Callable[[Head, Material], list[Solid]]


def paint(colour: RGB) -> Material:
    """Return a plain material."""
    return Material(colour)


def ball(
    head: Head,
    azimuth: float,
    v: float,
    size: Vec | float,
    material: Material,
    *,
    out: float = 0.0,
) -> Ellipsoid:
    """Return an ellipsoid on the surface of the head that points outwards; sizes in its units."""
    radii = (size, size, size) if isinstance(size, float) else size
    x, y, z = (radius * head.unit for radius in radii)
    return Ellipsoid(head.at(azimuth, v, out=out), (x, y, z), material, (0.0, azimuth, 0.0))


def stroke(
    head: Head, points: Sequence[tuple[float, float]], thickness: float, material: Material, *, out: float = 0.0
) -> list[Solid]:
    """Return a line along the surface through (azimuth, height) points."""
    places = [head.at(azimuth, v, out=out) for azimuth, v in points]
    radius = thickness * head.unit
    return [Limb(a, b, radius, radius, material) for a, b in itertools.pairwise(places)]


def pair(feature: Callable[[int], list[Solid]]) -> list[Solid]:
    """Return a feature on both sides: left (-1) and right (1)."""
    return [*feature(-1), *feature(1)]


def eyes(
    *,
    size: float = 0.2,
    spread: float = 22,
    v: float = 0.2,
    lid: float = 0.0,
    iris: RGB = BLACK,
    white: RGB = WHITE,
    pupil: float = 0.42,
    tall: float = 1.25,
) -> Feature:
    """Two eyes, painted flat; `lid` from 0 (wide open) to 1 (nearly shut)."""

    def make(head: Head, skin: Material) -> list[Solid]:
        lid_skin = paint(scaled(skin.colour, 0.82))

        def one(side: int) -> list[Solid]:
            at = side * spread
            parts: list[Solid] = [ball(head, at, v, (size, size * tall, 0.06), paint(white))]
            dot = size * pupil
            parts.append(
                ball(
                    head,
                    at * 0.93,
                    v - 0.02,
                    (dot, dot * 1.2, 0.05),
                    paint(iris),
                    out=0.05,
                )
            )
            if lid:
                drop = size * tall * (1.0 - lid)
                parts.append(ball(head, at, v + drop, (size * 1.12, size * tall * 0.8, 0.1), lid_skin, out=0.02))
            return parts

        return pair(one)

    return make


def brows(
    *,
    tilt: float = 0.0,
    v: float = 0.5,
    spread: float = 22,
    thick: float = 0.05,
    colour: RGB = (50, 38, 34),
) -> Feature:
    """Two eyebrows; positive `tilt` is angry, negative is worried."""

    def make(head: Head, _: Material) -> list[Solid]:
        return pair(
            lambda side: stroke(
                head,
                [(side * (spread - 14), v - tilt), (side * (spread + 14), v + tilt)],
                thick,
                paint(colour),
                out=0.06,
            )
        )

    return make


def mouth(
    *,
    curve: float = 0.12,
    v: float = -0.45,
    width: float = 28,
    thick: float = 0.045,
    teeth: float = 0.0,
    colour: RGB = (92, 30, 36),
    tooth: RGB = WHITE,
) -> Feature:
    """A mouth along the surface; positive `curve` smiles; `teeth` is the height of a row of teeth."""

    def make(head: Head, _: Material) -> list[Solid]:
        shares = [i / 6 - 1 for i in range(13)]
        line = [(share * width, v + curve * (share * share - 0.5) * 2) for share in shares]
        if not teeth:
            return stroke(head, line, thick, paint(colour))
        parts = stroke(head, line, teeth + thick, paint(colour))
        row = line[1:-1]
        parts += stroke(head, row, teeth * 0.85, paint(tooth), out=thick + teeth * 0.3)
        for (azimuth, low), (after, high) in itertools.pairwise(row):
            at, level = (azimuth + after) / 2, (low + high) / 2
            ends = [(at, level - teeth * 0.8), (at, level + teeth * 0.8)]
            parts += stroke(head, ends, 0.014, paint(colour), out=thick + teeth * 1.02)
        return parts

    return make


def nose(
    *,
    length: float = 0.3,
    size: float = 0.13,
    v: float = -0.08,
    drop: float = 0.0,
    colour: RGB | None = None,
    tip: float = 1.0,
) -> Feature:
    """A nose that points forward by `length` and down by `drop`; `tip` is its end's share of the root's size."""

    def make(head: Head, skin: Material) -> list[Solid]:
        x, y, z = head.at(0, v)
        end = (x, y - drop * head.unit, z + length * head.unit)
        material = paint(colour or scaled(skin.colour, 0.92))
        return [
            Limb(
                (x, y, z - 0.3 * size * head.unit),
                end,
                size * head.unit,
                max(0.004, size * tip * head.unit),
                material,
            )
        ]

    return make


def balls(
    places: Sequence[tuple[float, float, float]],
    colour: RGB,
    *,
    flat: float = 1.0,
    out: float = 0.0,
    tall: float = 1.0,
) -> Feature:
    """Balls at (azimuth, height, size): hair, curls, warts, holes, rivets, cheeks."""

    def make(head: Head, _: Material) -> list[Solid]:
        return [
            ball(head, azimuth, v, (size, size * tall, size * flat), paint(colour), out=out)
            for azimuth, v, size in places
        ]

    return make


def both(azimuth: float, v: float, size: float) -> tuple[tuple[float, float, float], ...]:
    """Return the same position left and right, for `balls`."""
    return ((-azimuth, v, size), (azimuth, v, size))


def line(
    points: Sequence[tuple[float, float]], colour: RGB, *, thick: float = 0.05, out: float = 0.0, mirrored: bool = False
) -> Feature:
    """A line along the surface, on both sides if `mirrored`."""

    def make(head: Head, _: Material) -> list[Solid]:
        parts = stroke(head, points, thick, paint(colour), out=out)
        if mirrored:
            parts += stroke(head, [(-azimuth, v) for azimuth, v in points], thick, paint(colour), out=out)
        return parts

    return make


def spike(
    azimuth: float,
    v: float,
    end: Vec,
    colour: RGB,
    *,
    size: float = 0.1,
    tip: float = 0.0,
    mirrored: bool = False,
) -> Feature:
    """A cone or rod from the surface by the vector `end` (in its units): teeth, ears, tufts, horns."""

    def make(head: Head, _: Material) -> list[Solid]:
        parts: list[Solid] = []
        for side in (-1, 1) if mirrored else (1,):
            x, y, z = head.at(side * azimuth, v)
            goal = (x + side * end[0] * head.unit, y + end[1] * head.unit, z + end[2] * head.unit)
            parts.append(Limb((x, y, z), goal, size * head.unit, max(0.003, tip * head.unit), paint(colour)))
        return parts

    return make
