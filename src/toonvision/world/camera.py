"""A camera in a straight street: how points and planes of the world are projected."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

SIZE_WH: Final = (1720, 720)
HALF_STREET: Final = 6.5
STREET_LENGTH: Final = 34.0


@dataclass(frozen=True)
class Camera:
    """A level camera at the near end of a street that runs away from it.

    Attributes:
        x: Position across the street in units; 0 is the middle.
        height: Above the ground in units.
        yaw: Rotation to the right in radians.
        focal: Focal length in pixels.
        horizon: Row of the horizon in pixels.
    """

    x: float
    height: float
    yaw: float
    focal: float
    horizon: float

    def matrix(self) -> npt.NDArray[np.float64]:
        """Return the 3x4 matrix from world (x, y, z, 1) to (column * w, row * w, w)."""
        c, s = math.cos(self.yaw), math.sin(self.yaw)
        turn = np.array([[c, 0, -s, -c * self.x], [0, 1, 0, -self.height], [s, 0, c, -s * self.x]], dtype=np.float64)
        lens = np.array([[self.focal, 0, SIZE_WH[0] / 2], [0, -self.focal, self.horizon], [0, 0, 1]])
        return np.asarray(lens @ turn)

    def ground_row(self, distance: float) -> float:
        """Return the row of the ground at a distance straight ahead, in pixels."""
        return self.horizon + self.focal * self.height / distance

    def column(self, x: float, distance: float) -> float:
        """Return the column of a point at `x` across the street, `distance` from the image plane."""
        across = ((x - self.x) - distance * math.sin(self.yaw)) / math.cos(self.yaw)
        return SIZE_WH[0] / 2 + self.focal * across / distance

    def project(self, x: float, z: float) -> tuple[float, float, float]:
        """Return the column and row in pixels of the ground at world (x, z), and its depth in units.

        The depth is the distance from the image plane; column and row are valid only if it is above 0.
        """
        column, row, depth = (self.matrix() @ np.array([x, 0.0, z, 1.0])).tolist()
        return column / depth, row / depth, depth

    def unproject(self, column: float, depth: float) -> tuple[float, float]:
        """Return the world (x, z) of a column at `depth` from the image plane: the inverse of `project`."""
        right = (column - SIZE_WH[0] / 2) * depth / self.focal
        c, s = math.cos(self.yaw), math.sin(self.yaw)
        return self.x + c * right + s * depth, c * depth - s * right

    def wall_distance(self, x: float, columns: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the distance of a wall along the street at `x` per column; negative or huge if there is none."""
        slope = (columns - SIZE_WH[0] / 2) / self.focal * math.cos(self.yaw) + math.sin(self.yaw)
        return (x - self.x) / np.where(np.abs(slope) < 1e-6, 1e-6, slope)


def random_camera(rng: np.random.Generator) -> Camera:
    """Return a random camera: where a player stands and looks; a player is small."""
    return Camera(
        x=float(rng.uniform(-3.0, 3.0)),
        height=float(rng.uniform(0.6, 1.3)),
        yaw=float(rng.uniform(-0.6, 0.6)),
        focal=float(rng.uniform(820, 1050)),
        horizon=float(rng.uniform(250, 450)),
    )


def plane_to_texture(
    camera: Camera, origin: npt.NDArray[np.float64], right: npt.NDArray[np.float64], down: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the 3x3 matrix from screen pixels to texture pixels of a plane.

    Args:
        camera: The camera.
        origin: World position of the texture's upper left corner, shape (3,).
        right: World step of one texture pixel to the right, shape (3,).
        down: World step of one texture pixel down, shape (3,).
    """
    plane = np.zeros((4, 3))
    plane[:3, 0], plane[:3, 1], plane[:3, 2] = right, down, origin
    plane[3, 2] = 1
    return np.asarray(np.linalg.inv(camera.matrix() @ plane))
