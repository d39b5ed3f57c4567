"""A camera in a straight street: where things appear, and how planes are seen."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

SIZE_WH: Final = (1720, 720)
HALF_STREET: Final = 9.0
STREET_LENGTH: Final = 64.0


@dataclass(frozen=True)
class Camera:
    """A level camera at the near end of a street that runs away from it.

    Attributes:
        x: Place across the street in units; 0 is the middle.
        height: Above the ground in units.
        yaw: Turn to the right in radians.
        focal: Focal length in pixels.
        horizon: Row of the horizon in pixels.
    """

    x: float
    height: float
    yaw: float
    focal: float
    horizon: float

    def matrix(self) -> npt.NDArray[np.float64]:
        """Give the 3x4 matrix from world (x, y, z, 1) to (column * w, row * w, w)."""
        c, s = math.cos(self.yaw), math.sin(self.yaw)
        turn = np.array([[c, 0, -s, -c * self.x], [0, 1, 0, -self.height], [s, 0, c, -s * self.x]], dtype=np.float64)
        lens = np.array([[self.focal, 0, SIZE_WH[0] / 2], [0, -self.focal, self.horizon], [0, 0, 1]])
        return np.asarray(lens @ turn)

    def ground_row(self, distance: float) -> float:
        """Give the row of the ground at a distance straight ahead, in pixels."""
        return self.horizon + self.focal * self.height / distance

    def column(self, x: float, distance: float) -> float:
        """Give the column of a place `x` across the street that is `distance` from the picture plane."""
        across = ((x - self.x) - distance * math.sin(self.yaw)) / math.cos(self.yaw)
        return SIZE_WH[0] / 2 + self.focal * across / distance

    def place(self, x: float, z: float) -> tuple[float, float, float]:
        """Give where the ground at world (x, z) is seen: column and row in pixels, and depth in units.

        The depth is the distance from the picture plane; column and row mean something where it is above 0.
        """
        column, row, depth = (self.matrix() @ np.array([x, 0.0, z, 1.0])).tolist()
        return column / depth, row / depth, depth

    def across(self, column: float, depth: float) -> tuple[float, float]:
        """Give the world (x, z) of what is seen in a column, `depth` from the picture plane; undoes `place`."""
        right = (column - SIZE_WH[0] / 2) * depth / self.focal
        c, s = math.cos(self.yaw), math.sin(self.yaw)
        return self.x + c * right + s * depth, c * depth - s * right

    def wall_distance(self, x: float, columns: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Give how far a wall along the street at `x` is in each column; negative or huge where it is not."""
        slope = (columns - SIZE_WH[0] / 2) / self.focal * math.cos(self.yaw) + math.sin(self.yaw)
        return (x - self.x) / np.where(np.abs(slope) < 1e-6, 1e-6, slope)


def random_camera(rng: np.random.Generator) -> Camera:
    """Draw where a player stands and looks."""
    return Camera(
        x=float(rng.uniform(-3.5, 3.5)),
        height=float(rng.uniform(1.0, 2.3)),
        yaw=float(rng.uniform(-0.36, 0.36)),
        focal=float(rng.uniform(820, 1050)),
        horizon=float(rng.uniform(220, 400)),
    )


def plane_to_texture(
    camera: Camera, origin: npt.NDArray[np.float64], right: npt.NDArray[np.float64], down: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Give the 3x3 map from screen pixels to texture pixels of a plane.

    Args:
        camera: The camera.
        origin: World place of the texture's upper left corner, shape (3,).
        right: World step of one texture pixel to the right, shape (3,).
        down: World step of one texture pixel down, shape (3,).
    """
    plane = np.zeros((4, 3))
    plane[:3, 0], plane[:3, 1], plane[:3, 2] = right, down, origin
    plane[3, 2] = 1
    return np.asarray(np.linalg.inv(camera.matrix() @ plane))
