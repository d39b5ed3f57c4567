"""What is worn on a head: hair as a cap, hats, glasses."""

import itertools
import math

from toonvision.world.heads import Feature, Head, ball, paint, stroke
from toonvision.world.lathe import Lathe
from toonvision.world.materials import Material
from toonvision.world.palette import RGB
from toonvision.world.solids import Ellipsoid, Limb, Solid


def cap(colour: RGB, *, v: float = 0.35, grow: float = 1.06) -> Feature:
    """Cover the head above height `v`, as hair or a close cap, a little off the face."""

    def make(head: Head, _: Material) -> list[Solid]:
        low = math.asin(max(-0.99, min(0.99, v)))
        steps = [math.sin(low + (math.pi / 2 - low) * i / 12) for i in range(13)]
        rings = [head.ring(step) for step in steps]
        return [
            Lathe(
                tuple(step * head.height * (1.0 + (grow - 1) * (step - v)) for step in steps),
                tuple(ring * head.width * grow for ring in rings),
                tuple(ring * head.depth * grow for ring in rings),
                paint(colour),
                axis=(0.0, -0.06 * head.unit),
            )
        ]

    return make


def hat(
    colour: RGB,
    *,
    v: float = 0.55,
    brim: float = 1.3,
    crown: float = 0.7,
    top: float = 0.8,
    band: RGB | None = None,
    round_top: bool = False,
    size: float = 1.0,
) -> Feature:
    """A hat: `brim` and `top` in its widths, `crown` its height in units of the head, `size` its share of the width."""

    def make(head: Head, _: Material) -> list[Solid]:
        material, low = paint(colour), v * head.height
        wide = size * max(head.ring(v), 0.75) * max(head.width, head.depth)
        tall = crown * head.unit
        shares = [i / 8 for i in range(9)]
        rings = [math.sqrt(max(0.0, 1 - share**3)) if round_top else 1 + (top - 1) * share for share in shares]
        heights = [low + share * tall for share in shares]
        if not round_top:
            heights.append(low + tall * 1.03)
            rings.append(0.02)
        sizes = tuple(ring * wide for ring in rings)
        parts: list[Solid] = [Lathe(tuple(heights), sizes, sizes, material)]
        if brim:
            parts.append(Ellipsoid((0, low, 0), (wide * brim, 0.07 * head.unit, wide * brim), material))
        if band:
            ring = wide * 1.03
            parts.append(Lathe((low, low + 0.22 * tall), (ring, ring * 0.99), (ring, ring * 0.99), paint(band)))
        return parts

    return make


def glasses(
    colour: RGB,
    *,
    size: float = 0.27,
    spread: float = 24,
    v: float = 0.2,
    thick: float = 0.035,
    lens: RGB | None = None,
    sides: tuple[int, ...] = (-1, 1),
) -> Feature:
    """Round glasses (or a monocle, with one side), clear or with dark lenses."""

    def make(head: Head, _: Material) -> list[Solid]:
        parts: list[Solid] = []
        frame = paint(colour)
        for side in sides:
            x, y, z = head.at(side * spread, v, out=0.16)
            if lens:
                parts.append(ball(head, side * spread, v, (size, size * 0.85, 0.06), paint(lens), out=0.16))
            ring = [
                (x + math.cos(a) * size * head.unit * 0.97, y + math.sin(a) * size * head.unit, z)
                for a in (math.tau * i / 12 for i in range(13))
            ]
            radius = thick * head.unit
            parts += [Limb(a, b, radius, radius, frame) for a, b in itertools.pairwise(ring)]
        if len(sides) == 2:
            parts += stroke(head, [(-6, v + 0.05), (6, v + 0.05)], thick, frame, out=0.18)
            for side in sides:
                parts += stroke(head, [(side * (spread + 20), v + 0.05), (side * 95, v + 0.05)], thick, frame, out=0.05)
        return parts

    return make
