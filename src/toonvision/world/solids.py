"""The rounded solids that figures are put together from, and where a ray meets them.

A figure stands in its own frame: x to the viewer's right, y up from the ground, z to the viewer, in units of
about a metre, facing the viewer. Turning its solids about the upright axis gives each view from one description.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from toonvision.world.palette import RGB

FloatArray = npt.NDArray[np.float32]
ByteArray = npt.NDArray[np.uint8]
Vec = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Texture:
    """A picture that covers a solid, in halving sizes.

    Attributes:
        levels: uint8 pictures of shape (height, width, 3), each half as large as the one before.
        texels_per_unit: Pixels of the first level along one unit of the surface.
        tiled: Repeated by surface length; otherwise stretched once around and once from top to bottom.
    """

    levels: tuple[ByteArray, ...]
    texels_per_unit: float
    tiled: bool


@dataclass(frozen=True, eq=False)
class Material:
    """What a solid is made of: a colour or a texture, how it shines (0 to 1), how deep its folds are."""

    colour: RGB
    texture: Texture | None = None
    gloss: float = 0.08
    folds: float = 0.0
    shift: int = 0

    @property
    def needs_uv(self) -> bool:
        """Whether its colour depends on the place."""
        return self.texture is not None or self.folds > 0


class Hit(NamedTuple):
    """Where rays meet a solid: inside (h, w) bool, then depth, normal and texture coordinates, (h, w) each."""

    inside: npt.NDArray[np.bool_]
    z: FloatArray
    normal: tuple[FloatArray, FloatArray, FloatArray]
    uv: tuple[FloatArray, FloatArray]


def rotation(pitch: float, yaw: float, roll: float) -> npt.NDArray[np.float64]:
    """Make the 3x3 matrix that rolls about z, then pitches about x, then yaws about y (degrees)."""
    (cp, sp), (cy, sy), (cr, sr) = ((math.cos(math.radians(a)), math.sin(math.radians(a))) for a in (pitch, yaw, roll))
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.asarray(about_y @ about_x @ about_z)


def _turn(point: Vec, angle: float) -> Vec:
    c, s = math.cos(angle), math.sin(angle)
    return (point[0] * c + point[2] * s, point[1], -point[0] * s + point[2] * c)


@dataclass(frozen=True, eq=False)
class Ellipsoid:
    """An ellipsoid: centre, three radii, and tilt (pitch, yaw, roll) in degrees."""

    centre: Vec
    radii: Vec
    material: Material
    tilt: Vec = (0.0, 0.0, 0.0)
    turn: float = 0.0

    def turned(self, angle: float) -> "Ellipsoid":
        """Turn about the figure's upright axis, in radians."""
        return replace(self, centre=_turn(self.centre, angle), turn=self.turn + angle)

    def moved(self, dx: float, dy: float, dz: float) -> "Ellipsoid":
        """Move by units."""
        x, y, z = self.centre
        return replace(self, centre=(x + dx, y + dy, z + dz))

    def _axes(self) -> npt.NDArray[np.float64]:
        return np.asarray(
            rotation(0, math.degrees(self.turn), 0) @ rotation(*self.tilt) @ np.diag(np.maximum(self.radii, 1e-4))
        )

    def extent(self) -> tuple[float, float, float, float]:
        """Give left, right, bottom and top in units."""
        half_x, half_y = np.linalg.norm(self._axes()[:2], axis=1)
        return (
            self.centre[0] - float(half_x),
            self.centre[0] + float(half_x),
            self.centre[1] - float(half_y),
            self.centre[1] + float(half_y),
        )

    def hit(self, x: FloatArray, y: FloatArray) -> Hit:
        """Meet the rays at columns `x`, shape (1, w), and rows `y`, shape (h, 1)."""
        inverse = np.linalg.inv(self._axes()).astype(np.float32)
        form = (inverse.T @ inverse).astype(np.float32)
        px, py = x - np.float32(self.centre[0]), y - np.float32(self.centre[1])
        half = form[0, 2] * px + form[1, 2] * py
        rest = form[0, 0] * px * px + 2 * form[0, 1] * (px * py) + (form[1, 1] * py * py - 1)
        inside_of_root = half * half - form[2, 2] * rest
        pz = (np.sqrt(np.maximum(inside_of_root, 0)) - half) / form[2, 2]
        nx, ny, nz = (form[i, 0] * px + form[i, 1] * py + form[i, 2] * pz for i in range(3))
        local = [inverse[i, 0] * px + inverse[i, 1] * py + inverse[i, 2] * pz for i in range(3)]
        uv = self._surface(*local) if self.material.needs_uv else (pz, pz)
        return Hit(inside_of_root > 0, pz + np.float32(self.centre[2]), (nx, ny, nz), uv)

    def _surface(self, x: FloatArray, y: FloatArray, z: FloatArray) -> tuple[FloatArray, FloatArray]:
        u, v = np.arctan2(x, z), 0.5 - 0.5 * y
        if self.material.texture is not None and self.material.texture.tiled:
            return u * np.float32(self.radii[0]), v * np.float32(2 * self.radii[1])
        return u, v


@dataclass(frozen=True, eq=False)
class Limb:
    """A round rod between two points, its radius changing evenly."""

    start: Vec
    end: Vec
    radius: float
    end_radius: float
    material: Material

    def turned(self, angle: float) -> "Limb":
        """Turn about the figure's upright axis, in radians."""
        return replace(self, start=_turn(self.start, angle), end=_turn(self.end, angle))

    def moved(self, dx: float, dy: float, dz: float) -> "Limb":
        """Move by units."""
        (x, y, z), (p, q, r) = self.start, self.end
        return replace(self, start=(x + dx, y + dy, z + dz), end=(p + dx, q + dy, r + dz))

    def extent(self) -> tuple[float, float, float, float]:
        """Give left, right, bottom and top in units."""
        (x0, y0, _), (x1, y1, _), r0, r1 = self.start, self.end, self.radius, self.end_radius
        return min(x0 - r0, x1 - r1), max(x0 + r0, x1 + r1), min(y0 - r0, y1 - r1), max(y0 + r0, y1 + r1)

    def hit(self, x: FloatArray, y: FloatArray) -> Hit:
        """Meet the rays at columns `x`, shape (1, w), and rows `y`, shape (h, 1)."""
        start, end = np.asarray(self.start, dtype=np.float32), np.asarray(self.end, dtype=np.float32)
        along = end - start
        length = np.float32(along[0] ** 2 + along[1] ** 2)
        if length < 1e-8:
            share = np.full((y.size, x.size), 1.0 if along[2] > 0 else 0.0, np.float32)
        else:
            share = np.clip(((x - start[0]) * along[0] + (y - start[1]) * along[1]) / length, 0, 1)
        radius = np.maximum(np.float32(self.radius) + np.float32(self.end_radius - self.radius) * share, 1e-4)
        dx, dy = x - start[0] - share * along[0], y - start[1] - share * along[1]
        squared = radius * radius - dx * dx - dy * dy
        rise = np.sqrt(np.maximum(squared, 0))
        side = (dx * -along[1] + dy * along[0]) / max(math.sqrt(float(length)), 1e-4)
        uv = (side, share * np.float32(np.linalg.norm(along)))
        return Hit(squared > 0, start[2] + share * along[2] + rise, (dx / radius, dy / radius, rise / radius), uv)


@dataclass(frozen=True, eq=False)
class Lathe:
    """A stack of ellipses about an upright axis.

    Attributes:
        heights: Ascending y of the rings.
        half_widths: Half extent along x of each ring.
        half_depths: Half extent along z of each ring.
        material: What it is made of.
        axis: x and z of the axis.
        turn: Its own turn about the axis, in radians.
    """

    heights: tuple[float, ...]
    half_widths: tuple[float, ...]
    half_depths: tuple[float, ...]
    material: Material
    axis: tuple[float, float] = (0.0, 0.0)
    turn: float = 0.0

    def turned(self, angle: float) -> "Lathe":
        """Turn about the figure's upright axis, in radians."""
        x, _, z = _turn((self.axis[0], 0.0, self.axis[1]), angle)
        return replace(self, axis=(x, z), turn=self.turn + angle)

    def moved(self, dx: float, dy: float, dz: float) -> "Lathe":
        """Move by units."""
        heights = tuple(y + dy for y in self.heights)
        return replace(self, heights=heights, axis=(self.axis[0] + dx, self.axis[1] + dz))

    def extent(self) -> tuple[float, float, float, float]:
        """Give left, right, bottom and top in units."""
        c, s = math.cos(self.turn), math.sin(self.turn)
        half = max(math.hypot(a * c, b * s) for a, b in zip(self.half_widths, self.half_depths, strict=True))
        return self.axis[0] - half, self.axis[0] + half, self.heights[0], self.heights[-1]

    def hit(self, x: FloatArray, y: FloatArray) -> Hit:
        """Meet the rays at columns `x`, shape (1, w), and rows `y`, shape (h, 1)."""
        a, b, slope_a, slope_b = self._rings(y)
        c, s = np.float32(math.cos(self.turn)), np.float32(math.sin(self.turn))
        px = x - np.float32(self.axis[0])
        one = np.float32(1)
        ia, ib = one / (a * a), one / (b * b)
        square, half = s * s * ia + c * c * ib, px * (c * s * (ib - ia))
        inside_of_root = half * half - square * (px * px * (c * c * ia + s * s * ib) - 1)
        pz = (np.sqrt(np.maximum(inside_of_root, 0)) - half) / square
        local_x, local_z = px * c - pz * s, px * s + pz * c
        gx, gz = local_x * ia, local_z * ib
        ny = -(gx * local_x * slope_a / a + gz * local_z * slope_b / b)
        v = (np.float32(self.heights[-1]) - y) / np.float32(self.heights[-1] - self.heights[0])
        within = (y > self.heights[0]) & (y < self.heights[-1])
        angle = np.arctan2(local_x, local_z) if self.material.needs_uv else pz
        uv = (angle, np.broadcast_to(v, pz.shape))
        normal = (gx * c + gz * s, ny, gz * c - gx * s)
        return Hit((inside_of_root > 0) & within, pz + np.float32(self.axis[1]), normal, uv)

    def _rings(self, y: FloatArray) -> tuple[FloatArray, ...]:
        step = np.float32((self.heights[-1] - self.heights[0]) / 60)
        found: list[FloatArray] = [
            np.maximum(np.interp(at, self.heights, widths), 1e-3).astype(np.float32)
            for widths in (self.half_widths, self.half_depths)
            for at in (y, y - step, y + step)
        ]
        a, a_low, a_high, b, b_low, b_high = found
        double = np.float32(2) * step
        return a, b, np.divide(a_high - a_low, double), np.divide(b_high - b_low, double)


Solid = Ellipsoid | Limb | Lathe


def smooth_rings(
    knots: Sequence[tuple[float, float, float]], *, steps: int = 6
) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
    """Round a coarse profile of (height, half width, half depth) rows with a Catmull-Rom curve."""
    rows = np.asarray([knots[0], *knots, knots[-1]], dtype=np.float64)
    points = [rows[1]]
    for i in range(1, len(rows) - 2):
        p0, p1, p2, p3 = rows[i - 1 : i + 3]
        for t in np.arange(1, steps + 1) / steps:
            cubic = (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2 + (3 * p1 - p0 - 3 * p2 + p3) * t**3
            points.append(0.5 * (2 * p1 + (p2 - p0) * t + cubic))
    table = np.asarray(points)
    heights = np.maximum.accumulate(table[:, 0] + np.arange(len(table)) * 1e-6)
    return (
        tuple(heights.tolist()),
        tuple(np.maximum(table[:, 1], 0).tolist()),
        tuple(np.maximum(table[:, 2], 0).tolist()),
    )
