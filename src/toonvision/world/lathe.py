"""Solids that are turned on a lathe: profiles of rings, and where a ray meets them."""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from toonvision.world.geometry import Extent, FloatArray, Seen, Surface, turned_point
from toonvision.world.materials import Material

Rings = tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]
RING_STEPS: Final = 6


@dataclass(frozen=True, eq=False)
class Lathe:
    """A stack of horizontal ellipses about an axis that is vertical or leans.

    Attributes:
        heights: Ascending y of the rings.
        half_widths: Half extent along x of each ring.
        half_depths: Half extent along z of each ring.
        material: What it is made of.
        axis: x and z of the axis at the lowest ring.
        turn: Its rotation about the axis, in radians.
        slope: How far the axis moves along x and z with each unit of height.
    """

    heights: tuple[float, ...]
    half_widths: tuple[float, ...]
    half_depths: tuple[float, ...]
    material: Material
    axis: tuple[float, float] = (0.0, 0.0)
    turn: float = 0.0
    slope: tuple[float, float] = (0.0, 0.0)

    def turned(self, angle: float) -> "Lathe":
        """Return it rotated about the figure's vertical axis, in radians."""
        (x, _, z), (sx, _, sz) = (turned_point((across, 0.0, near), angle) for across, near in (self.axis, self.slope))
        return self._placed(self.heights, (x, z), self.turn + angle, (sx, sz))

    def moved(self, dx: float, dy: float, dz: float) -> "Lathe":
        """Return it moved, in units."""
        heights = tuple(y + dy for y in self.heights)
        return self._placed(heights, (self.axis[0] + dx, self.axis[1] + dz), self.turn, self.slope)

    def leant(self, angle: float, hinge: float) -> "Lathe":
        """Return it leant to the front by radians above the height `hinge`; horizontal rings stay horizontal."""
        c, s = math.cos(angle), math.sin(angle)
        heights = tuple(hinge + (y - hinge) * c for y in self.heights)
        axis = (self.axis[0], self.axis[1] + (self.heights[0] - hinge) * s)
        return self._placed(heights, axis, self.turn, (self.slope[0] / c, (self.slope[1] + s) / c))

    def _placed(
        self, heights: tuple[float, ...], axis: tuple[float, float], turn: float, slope: tuple[float, float]
    ) -> "Lathe":
        return Lathe(heights, self.half_widths, self.half_depths, self.material, axis, turn, slope)

    def extent(self) -> Extent:
        """Return its bounding box."""
        c, s = math.cos(self.turn), math.sin(self.turn)
        half = max(math.hypot(a * c, b * s) for a, b in zip(self.half_widths, self.half_depths, strict=True))
        low, high = self.axis[0], self.axis[0] + self.slope[0] * (self.heights[-1] - self.heights[0])
        return Extent(min(low, high) - half, max(low, high) + half, self.heights[0], self.heights[-1], math.inf)

    def depth(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Return z where rays at columns `x` (1, w) and rows `y` (h, 1) meet it; NaN where they miss."""
        a, b = self._radii(y)
        c, s = np.float32(math.cos(self.turn)), np.float32(math.sin(self.turn))
        ia, ib = np.reciprocal(a * a), np.reciprocal(b * b)
        square = s * s * ia + c * c * ib
        within = (y > self.heights[0]) & (y < self.heights[-1])
        axis_x, axis_z = self._axis_at(y)
        px = x - axis_x
        root: FloatArray = px * px * (-ia * ib)
        root += np.where(within, square, np.float32(-1))
        np.sqrt(root, out=root)
        root -= px * (c * s * (ib - ia))
        root *= np.float32(1) / square
        root += axis_z
        return root

    def surface(self, seen: Seen) -> Surface:
        """Return its surface at the visible pixels."""
        step = np.float32((self.heights[-1] - self.heights[0]) / 60)
        a, b = self._radii(seen.rows)
        (a_low, b_low), (a_high, b_high) = self._radii(seen.rows - step), self._radii(seen.rows + step)
        double = np.float32(2) * step
        axis_x, axis_z = self._axis_at(seen.rows)
        table = np.stack([1 / (a * a), 1 / (b * b), (a_low - a_high) / (double * a), (b_low - b_high) / (double * b)])
        ia, ib, bend_a, bend_b = table[:, seen.row]
        sloped = self.slope != (0.0, 0.0)
        px, pz = (
            (seen.x - axis_x[seen.row], seen.z - axis_z[seen.row]) if sloped else (seen.x - axis_x, seen.z - axis_z)
        )
        c, s = np.float32(math.cos(self.turn)), np.float32(math.sin(self.turn))
        local_x, local_z = px * c - pz * s, px * s + pz * c
        gx, gz = local_x * ia, local_z * ib
        nx, nz = gx * c + gz * s, gz * c - gx * s
        ny = gx * local_x * bend_a + gz * local_z * bend_b
        if sloped:
            ny -= nx * np.float32(self.slope[0]) + nz * np.float32(self.slope[1])
        if not self.material.needs_uv:
            return Surface((nx, ny, nz), None)
        v = (np.float32(self.heights[-1]) - seen.y) / np.float32(self.heights[-1] - self.heights[0])
        return Surface((nx, ny, nz), (np.arctan2(local_x, local_z), v))

    def _radii(self, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        return _between_rings(y, self.heights, self.half_widths), _between_rings(y, self.heights, self.half_depths)

    def _axis_at(self, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        (x, z), (sx, sz) = self.axis, self.slope
        if not (sx or sz):
            return np.asarray(x, np.float32), np.asarray(z, np.float32)
        above = y - np.float32(self.heights[0])
        return above * np.float32(sx) + np.float32(x), above * np.float32(sz) + np.float32(z)


def _between_rings(y: FloatArray, heights: Sequence[float], sizes: Sequence[float]) -> FloatArray:
    found: FloatArray = np.interp(y, heights, sizes).astype(np.float32)
    return np.maximum(found, np.float32(1e-3))


def smooth_rings(knots: Sequence[tuple[float, float, float]]) -> Rings:
    """Return a finer profile through rows of (height, half width, half depth), by a Catmull-Rom curve."""
    return _rounded(tuple(knots))


@functools.lru_cache(maxsize=64)
def _rounded(knots: tuple[tuple[float, float, float], ...]) -> Rings:
    rows = np.asarray([knots[0], *knots, knots[-1]], dtype=np.float64)
    points = [rows[1]]
    for i in range(1, len(rows) - 2):
        p0, p1, p2, p3 = rows[i - 1 : i + 3]
        for t in np.arange(1, RING_STEPS + 1) / RING_STEPS:
            cubic = (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2 + (3 * p1 - p0 - 3 * p2 + p3) * t**3
            points.append(0.5 * (2 * p1 + (p2 - p0) * t + cubic))
    table = np.asarray(points)
    heights = np.maximum.accumulate(table[:, 0] + np.arange(len(table)) * 1e-6)
    return (
        tuple(heights.tolist()),
        tuple(np.maximum(table[:, 1], 0).tolist()),
        tuple(np.maximum(table[:, 2], 0).tolist()),
    )
