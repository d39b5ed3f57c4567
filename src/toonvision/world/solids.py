"""The rounded solids that figures are made of, and where a ray meets them.

A figure has its own coordinates: x to the viewer's right, y up from the ground, z towards the viewer, in units of
about a metre. Rotating its solids about the vertical axis gives every view.
"""

import functools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from toonvision.world.palette import RGB

FloatArray = npt.NDArray[np.float32]
ByteArray = npt.NDArray[np.uint8]
Vec = tuple[float, float, float]
Rings = tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]
RING_STEPS: Final = 6
PARTS: Final = ("none", "other", "cloth", "head", "hands")
"""Parts of a figure by their value in a mask; 0 is outside the figure."""


@dataclass(frozen=True, eq=False)
class Texture:
    """An image that covers a solid, in halving sizes.

    Attributes:
        levels: uint8 images of shape (height, width, 3), each half as large as the one before.
        texels_per_unit: Pixels of the first level along one unit of the surface.
        tiled: Repeated by surface length; otherwise stretched once around and once from top to bottom.
    """

    levels: tuple[ByteArray, ...]
    texels_per_unit: float
    tiled: bool


@dataclass(frozen=True, eq=False)
class Material:
    """What a solid is made of.

    Attributes:
        colour: Its colour if it has no texture.
        texture: An image instead of the colour.
        folds: How deep its folds are, 0 to 1.
        shift: Offset in the noise of the folds.
        part: Which part of the figure it covers, one of `PARTS`.
        tint: Factors of red, green and blue.
    """

    colour: RGB
    texture: Texture | None = None
    folds: float = 0.0
    shift: int = 0
    part: str = "other"
    tint: Vec = (1.0, 1.0, 1.0)

    @property
    def needs_uv(self) -> bool:
        """Whether its colour varies over the surface."""
        return self.texture is not None or self.folds > 0

    @property
    def plain_colour(self) -> Vec:
        """Its tinted colour, without folds and texture."""
        (red, green, blue), (x, y, z) = self.colour, self.tint
        return red * x, green * y, blue * z


class Extent(NamedTuple):
    """The bounding box of a solid, in units; no point of it is nearer to the viewer than `near` (z)."""

    left: float
    right: float
    bottom: float
    top: float
    near: float


class Seen(NamedTuple):
    """The visible points of a solid: x, y and z of n pixels, the heights of their k rows, and each pixel's row (n,)."""

    x: FloatArray
    y: FloatArray
    z: FloatArray
    rows: FloatArray
    row: npt.NDArray[np.intp]


class Surface(NamedTuple):
    """The surface at n pixels: normal of any length, and texture coordinates if the material needs them."""

    normal: tuple[FloatArray, FloatArray, FloatArray]
    uv: tuple[FloatArray, FloatArray] | None


def rotation(pitch: float, yaw: float, roll: float) -> npt.NDArray[np.float64]:
    """Return the 3x3 matrix that rolls about z, then pitches about x, then yaws about y (degrees)."""
    (cp, sp), (cy, sy), (cr, sr) = ((math.cos(math.radians(a)), math.sin(math.radians(a))) for a in (pitch, yaw, roll))
    return np.array(
        [
            [cy * cr + sy * sp * sr, sy * sp * cr - cy * sr, sy * cp],
            [cp * sr, cp * cr, -sp],
            [cy * sp * sr - sy * cr, cy * sp * cr + sy * sr, cy * cp],
        ]
    )


def _turn(point: Vec, angle: float) -> Vec:
    c, s = math.cos(angle), math.sin(angle)
    return (point[0] * c + point[2] * s, point[1], -point[0] * s + point[2] * c)


def _lean(point: Vec, angle: float, hinge: float) -> Vec:
    above = point[1] - hinge
    return (point[0], hinge + above * math.cos(angle), point[2] + above * math.sin(angle))


@dataclass(frozen=True, eq=False)
class Ellipsoid:
    """An ellipsoid: centre, three radii, tilt (pitch, yaw, roll) in degrees, then a 3x3 matrix on all of it."""

    centre: Vec
    radii: Vec
    material: Material
    tilt: Vec = (0.0, 0.0, 0.0)
    frame: npt.NDArray[np.float64] | None = None

    def turned(self, angle: float) -> "Ellipsoid":
        """Return it rotated about the figure's vertical axis, in radians."""
        c, s = math.cos(angle), math.sin(angle)
        return self._mapped(_turn(self.centre, angle), np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]))

    def moved(self, dx: float, dy: float, dz: float) -> "Ellipsoid":
        """Return it moved, in units."""
        x, y, z = self.centre
        return Ellipsoid((x + dx, y + dy, z + dz), self.radii, self.material, self.tilt, self.frame)

    def leant(self, angle: float, hinge: float) -> "Ellipsoid":
        """Return it leant to the front by radians above the height `hinge`; horizontal rings stay horizontal."""
        bend = np.array([[1, 0, 0], [0, math.cos(angle), 0], [0, math.sin(angle), 1]])
        return self._mapped(_lean(self.centre, angle, hinge), bend)

    def _mapped(self, centre: Vec, matrix: npt.NDArray[np.float64]) -> "Ellipsoid":
        frame = matrix if self.frame is None else matrix @ self.frame
        return Ellipsoid(centre, self.radii, self.material, self.tilt, frame)

    @functools.cached_property
    def _axes(self) -> npt.NDArray[np.float64]:
        axes = rotation(*self.tilt) * np.maximum(self.radii, 1e-4)
        return axes if self.frame is None else np.asarray(self.frame @ axes)

    @functools.cached_property
    def _inverse(self) -> FloatArray:
        return np.linalg.inv(self._axes).astype(np.float32)

    def extent(self) -> Extent:
        """Return its bounding box."""
        half_x, half_y, half_z = np.sqrt((self._axes**2).sum(axis=1)).tolist()
        x, y, z = self.centre
        return Extent(x - half_x, x + half_x, y - half_y, y + half_y, z + half_z)

    def depth(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Return z where rays at columns `x` (1, w) and rows `y` (h, 1) meet it; NaN where they miss."""
        (a, b, d), (_, c, e), (_, _, f) = (self._inverse.T @ self._inverse).tolist()
        px, py = x - np.float32(self.centre[0]), y - np.float32(self.centre[1])
        root = px * np.float32(d * d - f * a) + py * np.float32(2 * (d * e - f * b))
        root *= px
        root += py * py * np.float32(e * e - f * c) + np.float32(f)
        np.sqrt(root, out=root)
        root -= px * np.float32(d)
        root += np.float32(self.centre[2] * f) - py * np.float32(e)
        root *= np.float32(1 / f)
        return root

    def surface(self, seen: Seen) -> Surface:
        """Return its surface at the visible pixels."""
        inverse = self._inverse
        at = np.stack([seen.x, seen.y, seen.z]) - np.asarray(self.centre, np.float32)[:, None]
        local = inverse @ at
        nx, ny, nz = inverse.T @ local
        return Surface((nx, ny, nz), self._uv(*local) if self.material.needs_uv else None)

    def _uv(self, x: FloatArray, y: FloatArray, z: FloatArray) -> tuple[FloatArray, FloatArray]:
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
        """Return it rotated about the figure's vertical axis, in radians."""
        return self._between(_turn(self.start, angle), _turn(self.end, angle))

    def moved(self, dx: float, dy: float, dz: float) -> "Limb":
        """Return it moved, in units."""
        (x, y, z), (p, q, r) = self.start, self.end
        return self._between((x + dx, y + dy, z + dz), (p + dx, q + dy, r + dz))

    def leant(self, angle: float, hinge: float) -> "Limb":
        """Return it leant to the front by radians above the height `hinge`."""
        return self._between(_lean(self.start, angle, hinge), _lean(self.end, angle, hinge))

    def _between(self, start: Vec, end: Vec) -> "Limb":
        return Limb(start, end, self.radius, self.end_radius, self.material)

    def extent(self) -> Extent:
        """Return its bounding box."""
        (x0, y0, z0), (x1, y1, z1), r0, r1 = self.start, self.end, self.radius, self.end_radius
        left, right = min(x0 - r0, x1 - r1), max(x0 + r0, x1 + r1)
        return Extent(left, right, min(y0 - r0, y1 - r1), max(y0 + r0, y1 + r1), max(z0 + r0, z1 + r1))

    def depth(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Return z where rays at columns `x` (1, w) and rows `y` (h, 1) meet it; NaN where they miss."""
        (_, _, az), (_, _, z) = self._along, self.start
        share, dx, dy, radius = self._nearest(x, y)
        dx *= dx
        dy *= dy
        radius *= radius
        radius -= dx
        radius -= dy
        np.sqrt(radius, out=radius)
        share *= np.float32(az)
        radius += share
        radius += np.float32(z)
        return radius

    def surface(self, seen: Seen) -> Surface:
        """Return its surface at the visible pixels."""
        ax, ay, az = self._along
        share, dx, dy, _ = self._nearest(seen.x, seen.y)
        normal = (dx, dy, seen.z - (np.float32(self.start[2]) + share * np.float32(az)))
        if not self.material.needs_uv:
            return Surface(normal, None)
        across = 1 / max(math.hypot(ax, ay), 1e-4)
        side = dy * np.float32(ax * across) - dx * np.float32(ay * across)
        return Surface(normal, (side, share * np.float32(math.sqrt(ax * ax + ay * ay + az * az))))

    @property
    def _along(self) -> Vec:
        (x, y, z), (p, q, r) = self.start, self.end
        return p - x, q - y, r - z

    def _nearest(self, x: FloatArray, y: FloatArray) -> tuple[FloatArray, ...]:
        """Return the nearest point on the axis as a share of its length, the offset in x and y, the radius."""
        ax, ay, az = self._along
        squared = ax * ax + ay * ay
        px, py = x - np.float32(self.start[0]), y - np.float32(self.start[1])
        if squared < 1e-8:
            share = px * 0 + py * 0 + np.float32(az > 0)
        else:
            share = px * np.float32(ax / squared) + py * np.float32(ay / squared)
            np.maximum(share, np.float32(0), out=share)
            np.minimum(share, np.float32(1), out=share)
        radius = share * np.float32(self.end_radius - self.radius)
        radius += np.float32(max(self.radius, 1e-4))
        return share, px - share * np.float32(ax), py - share * np.float32(ay), radius


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
        (x, _, z), (sx, _, sz) = (_turn((across, 0.0, near), angle) for across, near in (self.axis, self.slope))
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


Solid = Ellipsoid | Limb | Lathe


def as_part(solids: Iterable[Solid], part: str) -> list[Solid]:
    """Return solids marked as a part of the figure, one of `PARTS`."""
    known: dict[Material, Material] = {}
    parts: list[Solid] = []
    for solid in solids:
        if solid.material not in known:
            known[solid.material] = replace(solid.material, part=part)
        parts.append(replace(solid, material=known[solid.material]))
    return parts


def on_ground(body: Sequence[Solid], legs: Sequence[Solid], *, lift: float) -> list[Solid]:
    """Return a figure's solids, moved so that the lowest of its legs and feet is `lift` units above the ground."""
    rise = lift - min(part.extent().bottom for part in legs)
    return [part.moved(0.0, rise, 0.0) for part in (*body, *legs)]


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
