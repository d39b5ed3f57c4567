"""Trees, lamps and other things in the streets, made of the same solids as the figures."""

import functools
import math

from toonvision.core.seeds import generator
from toonvision.world.heads import paint
from toonvision.world.lathe import Lathe
from toonvision.world.materials import Material
from toonvision.world.palette import RGB, scaled
from toonvision.world.shading import Light, Sprite, render
from toonvision.world.solids import Ellipsoid, Limb, Solid

PROP_PX = 420
WOOD: RGB = (112, 78, 52)
LEAF: RGB = (88, 142, 70)


@functools.lru_cache(maxsize=32)
def prop_sprite(kind: str, variant: int) -> Sprite:
    """Draw one thing, at most 420 pixels high; the same kind and variant always look the same."""
    solids = _solids(kind, variant)
    tall = max(solid.extent().top for solid in solids)
    return render(solids, yaw=variant * 1.3, pixels_per_unit=PROP_PX / max(tall, 1.6), light=Light(), finer=1.5)


def _solids(kind: str, variant: int) -> list[Solid]:
    rng = generator(0, "world", "prop", kind, variant)
    if kind in ("tree", "bush", "flowers", "hedge"):
        return _leafy(kind, [float(x) for x in rng.uniform(-1, 1, 64)])
    if kind == "pine":
        green, snow = paint((70, 112, 98)), paint((240, 246, 252))
        parts: list[Solid] = [Limb((0, 0, 0), (0, 1, 0), 0.18, 0.15, paint(WOOD))]
        for low, wide in ((0.6, 1.15), (1.6, 0.95), (2.6, 0.7)):
            parts.append(Lathe((low, low + 0.1, low + 1.7), (wide * 0.9, wide, 0.02), (wide * 0.9, wide, 0.02), green))
            parts.append(
                Lathe(
                    (low + 0.7, low + 0.8, low + 1.75),
                    (wide * 0.6, wide * 0.66, 0.02),
                    (wide * 0.6, wide * 0.66, 0.02),
                    snow,
                )
            )
        return parts
    if kind == "snowman":
        snow = paint((240, 245, 252))
        balls: list[Solid] = [
            Ellipsoid((0, y, 0), (r, r, r), snow) for y, r in ((0.45, 0.48), (1.1, 0.34), (1.55, 0.24))
        ]
        return [
            *balls,
            Limb((0, 1.55, 0.2), (0, 1.52, 0.5), 0.06, 0.01, paint((236, 130, 50))),
            Lathe((1.7, 1.72, 1.95), (0.26, 0.2, 0.19), (0.26, 0.2, 0.19), paint((60, 70, 110))),
        ]
    if kind in ("lamp", "nightlamp"):
        iron = paint((66, 70, 84) if kind == "lamp" else (96, 84, 130))
        glow = Material((255, 244, 200))
        return [
            Limb((0, 0, 0), (0, 3.2, 0), 0.09, 0.06, iron),
            Ellipsoid((0, 0.1, 0), (0.26, 0.16, 0.26), iron),
            Ellipsoid((0, 3.5, 0), (0.27, 0.34, 0.27), glow),
            Lathe((3.72, 3.76, 3.98), (0.34, 0.3, 0.03), (0.34, 0.3, 0.03), iron),
        ]
    return _goods(kind)


def _leafy(kind: str, r: list[float]) -> list[Solid]:
    if kind == "hedge":
        return [
            Ellipsoid(
                ((i % 10) * 0.36 - 1.6 + 0.12 * r[i], 0.25 + 0.42 * (i // 10), 0.2 * r[i + 30]),
                (0.42, 0.34, 0.42),
                Material(scaled(LEAF, 0.92 + 0.14 * r[i]), None, 0.08, i * 31),
            )
            for i in range(30)
        ]
    parts: list[Solid] = []
    middle, size, count = (3.2, 0.52, 40) if kind == "tree" else (0.5, 0.26, 26)
    if kind == "tree":
        parts.append(Limb((0, 0, 0), (0, 2.4, 0), 0.26, 0.17, Material(WOOD, None, 0.3)))
    for i in range(count):
        angle, reach = i * 2.4, 2.1 * size * math.sqrt((i + 0.5) / count)
        x, y = reach * math.cos(angle), 0.75 * reach * math.sin(angle)
        z = 0.9 * size * r[i]
        y = max(y, -0.3) if kind != "tree" else y
        leaf = Material(scaled(LEAF, 1 + 0.16 * r[-1 - i]), None, 0.08, i * 31)
        parts.append(Ellipsoid((x, middle + y, z), (size, size * 0.85, size), leaf))
    if kind == "flowers":
        for i in range(16):
            colour = ((236, 90, 110), (250, 210, 80), (240, 240, 250), (200, 110, 220))[i % 4]
            angle = i * 2.4
            parts.append(
                Ellipsoid(
                    (math.sin(angle) * 0.55, 0.65 + 0.25 * r[i], 0.45 * math.cos(angle) + 0.35),
                    (0.1, 0.1, 0.1),
                    paint(colour),
                )
            )
    return parts


def _goods(kind: str) -> list[Solid]:
    if kind == "barrel":
        wood, iron = Material((150, 100, 62), None, 0.25), paint((84, 86, 92))
        rings: list[Solid] = [Lathe((y, y + 0.09), (w, w), (w, w), iron) for y, w in ((0.18, 0.45), (0.9, 0.45))]
        return [Lathe((0, 0.6, 1.2, 1.21), (0.38, 0.48, 0.38, 0.02), (0.38, 0.48, 0.38, 0.02), wood), *rings]
    if kind == "drum":
        skin, side = paint((244, 236, 220)), paint((206, 60, 90))
        return [
            Lathe((0, 1.0), (0.6, 0.6), (0.6, 0.6), side),
            Lathe((0.95, 1.1, 1.11), (0.64, 0.64, 0.02), (0.64, 0.64, 0.02), skin),
            Lathe((0, 0.14), (0.64, 0.64), (0.64, 0.64), paint((240, 190, 70))),
        ]
    if kind == "notes":
        ink = paint((120, 50, 120))
        return [
            Limb((-0.1, 0, 0), (-0.1, 1.0, 0), 0.1, 0.06, ink),
            Ellipsoid((-0.3, 1.1, 0), (0.34, 0.24, 0.2), ink, (0, 0, 20)),
            Limb((0, 1.15, 0), (0, 2.5, 0), 0.05, 0.05, ink),
            Limb((0, 2.5, 0), (0.5, 2.1, 0), 0.1, 0.04, ink),
        ]
    if kind == "mooring":
        rope = paint((214, 196, 150))
        return [
            Lathe(
                (0, 1.0, 1.15, 1.16),
                (0.25, 0.22, 0.28, 0.02),
                (0.25, 0.22, 0.28, 0.02),
                Material(WOOD, None, 0.3),
            ),
            Lathe((0.6, 0.66, 0.78, 0.84), (0.24, 0.3, 0.3, 0.24), (0.24, 0.3, 0.3, 0.24), rope),
        ]
    if kind == "pillow":
        return [
            Ellipsoid((0, 0.4, 0), (0.9, 0.42, 0.6), Material((170, 140, 200), None, 0.2)),
            Ellipsoid((0.2, 0.95, 0), (0.7, 0.32, 0.5), Material((120, 130, 200), None, 0.2), (0, 0, 8)),
        ]
    colour = (176, 206, 236) if kind == "block" else (168, 124, 80)
    side = Material(colour, None, 0.2)
    return [
        Lathe((0, 0.02, 0.98, 1.0), (0.55, 0.6, 0.6, 0.5), (0.55, 0.6, 0.6, 0.5), side),
        Lathe((0.98, 1.04, 1.05), (0.62, 0.62, 0.02), (0.62, 0.62, 0.02), paint(scaled(colour, 0.85))),
    ]
