"""Points, rays and surfaces of figures.

A figure has its own coordinates: x to the viewer's right, y up from the ground, z towards the viewer, in units of
about a metre. Rotating its solids about the vertical axis gives every view.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
Vec = tuple[float, float, float]


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


def turned_point(point: Vec, angle: float) -> Vec:
    """Return a point rotated about the vertical axis, in radians."""
    c, s = math.cos(angle), math.sin(angle)
    return (point[0] * c + point[2] * s, point[1], -point[0] * s + point[2] * c)


def leant_point(point: Vec, angle: float, hinge: float) -> Vec:
    """Return a point leant to the front by radians above the height `hinge`."""
    above = point[1] - hinge
    return (point[0], hinge + above * math.cos(angle), point[2] + above * math.sin(angle))
