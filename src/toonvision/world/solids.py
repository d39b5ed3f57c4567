"""The rounded solids that figures are made of, and where a ray meets them."""

import functools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from toonvision.world.geometry import Extent, FloatArray, Seen, Surface, Vec, leant_point, rotation, turned_point
from toonvision.world.lathe import Lathe
from toonvision.world.materials import Material


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
        return self._mapped(turned_point(self.centre, angle), np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]))

    def moved(self, dx: float, dy: float, dz: float) -> "Ellipsoid":
        """Return it moved, in units."""
        x, y, z = self.centre
        return Ellipsoid((x + dx, y + dy, z + dz), self.radii, self.material, self.tilt, self.frame)

    def leant(self, angle: float, hinge: float) -> "Ellipsoid":
        """Return it leant to the front by radians above the height `hinge`; horizontal rings stay horizontal."""
        bend = np.array([[1, 0, 0], [0, math.cos(angle), 0], [0, math.sin(angle), 1]])
        return self._mapped(leant_point(self.centre, angle, hinge), bend)

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
        return self._between(turned_point(self.start, angle), turned_point(self.end, angle))

    def moved(self, dx: float, dy: float, dz: float) -> "Limb":
        """Return it moved, in units."""
        (x, y, z), (p, q, r) = self.start, self.end
        return self._between((x + dx, y + dy, z + dz), (p + dx, q + dy, r + dz))

    def leant(self, angle: float, hinge: float) -> "Limb":
        """Return it leant to the front by radians above the height `hinge`."""
        return self._between(leant_point(self.start, angle, hinge), leant_point(self.end, angle, hinge))

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
