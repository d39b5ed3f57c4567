"""How boxes move: a Kalman filter of constant velocity for many boxes at once.

A box is its centre, width and height. Each of the four moves on its own, pushed by white noise. Noise is in heights of
the box, so that near and far figures are alike; times are in seconds, so that the frame rate does not matter.

Source:
    Bar-Shalom, Li and Kirubarajan, "Estimation with applications to tracking and navigation", 2001, chapter 6.2.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.float64]
"""Shape ``(boxes, 4)``: of the centre across and down, the width and the height, in pixels."""


@dataclass(frozen=True)
class MotionNoise:
    """What is expected of boxes and of whoever finds them, all in heights of the box.

    Attributes:
        found: Standard deviation of the centre of a found box.
        found_size: Of its width and height.
        push: Standard deviation of how much a figure's velocity changes in a second, per second.
        push_size: Of how much the velocity of its size changes.
        speed: Of the velocity of a new box, per second.
        memory: Seconds after which a box that is not found has 37 % of its velocity left.
    """

    found: float = 0.06
    found_size: float = 0.13
    push: float = 0.5
    push_size: float = 0.2
    speed: float = 1.0
    memory: float = 0.5


DEFAULT_NOISE: Final = MotionNoise()


@dataclass(frozen=True, eq=False)
class Motion:
    """Where boxes are and how they move.

    Attributes:
        at: Centres and sizes.
        speed: Their velocities in pixels per second, of the same shape.
        spread: Variance of `at`, covariance of both, and variance of `speed`, shape ``(3, boxes, 4)``.
    """

    at: Rows
    speed: Rows
    spread: npt.NDArray[np.float64]

    @classmethod
    def none(cls) -> "Motion":
        """Return no boxes."""
        return cls(np.zeros((0, 4)), np.zeros((0, 4)), np.zeros((3, 0, 4)))

    @property
    def boxes(self) -> npt.NDArray[np.float64]:
        """Left, upper, right and lower edges in pixels, shape ``(boxes, 4)``."""
        half = np.maximum(self.at[:, 2:], 1.0) / 2
        return np.concatenate([self.at[:, :2] - half, self.at[:, :2] + half], axis=1)

    def moved(self, seconds: float, missing: npt.NDArray[np.bool_], noise: MotionNoise) -> "Motion":
        """Return where they are expected some seconds later.

        Args:
            seconds: At least 0.
            missing: Which of them are not found any more; these slow down.
            noise: What is expected.
        """
        slower = np.where(missing, np.exp(-seconds / noise.memory), 1.0)[:, None]
        # The variance of a velocity that is pushed by white noise, and what it adds to the position.
        push = (self._heights * _four(noise.push, noise.push_size)) ** 2
        place, both, speed = self.spread
        spread = np.stack(
            [
                place + 2 * seconds * both + seconds**2 * speed + push * seconds**3 / 3,
                both + seconds * speed + push * seconds**2 / 2,
                speed + push * seconds,
            ]
        )
        return Motion(self.at + self.speed * seconds, self.speed * slower, spread)

    def corrected(self, which: npt.NDArray[np.int64], boxes: npt.NDArray[np.float64], noise: MotionNoise) -> "Motion":
        """Return them after some were found.

        Args:
            which: Indices of those that were, each once.
            boxes: Where: edges in pixels, shape ``(len(which), 4)``.
            noise: What is expected.
        """
        at, speed, spread = self.at.copy(), self.speed.copy(), self.spread.copy()
        place, both, own = spread[:, which]
        error = (self._heights[which] * _four(noise.found, noise.found_size)) ** 2
        gain, gain_speed = place / (place + error), both / (place + error)
        surprise = centred(boxes) - at[which]
        at[which] += gain * surprise
        speed[which] += gain_speed * surprise
        spread[:, which] = (1 - gain) * place, (1 - gain) * both, own - gain_speed * both
        return Motion(at, speed, spread)

    def joined(self, boxes: npt.NDArray[np.float64], noise: MotionNoise) -> "Motion":
        """Return them and, after them, new boxes that stand still as far as is known; edges, shape ``(new, 4)``."""
        at = centred(boxes)
        heights = np.maximum(at[:, 3:], 1.0)
        new = np.stack(
            [
                (heights * _four(noise.found, noise.found_size)) ** 2,
                np.zeros_like(at),
                (heights * _four(noise.speed, noise.speed * noise.push_size / noise.push)) ** 2,
            ]
        )
        return Motion(
            np.concatenate([self.at, at]),
            np.concatenate([self.speed, np.zeros_like(at)]),
            np.concatenate([self.spread, new], axis=1),
        )

    def only(self, kept: npt.NDArray[np.int64]) -> "Motion":
        """Return those of some indices, in the order of these."""
        return Motion(self.at[kept], self.speed[kept], self.spread[:, kept])

    @property
    def _heights(self) -> npt.NDArray[np.float64]:
        return np.maximum(self.at[:, 3:], 1.0)


def centred(boxes: npt.NDArray[np.float64]) -> Rows:
    """Return edges as centres and sizes, shape ``(boxes, 4)``."""
    low, high = boxes[:, :2], boxes[:, 2:]
    return np.concatenate([(low + high) / 2, high - low], axis=1)


def _four(place: float, size: float) -> npt.NDArray[np.float64]:
    return np.array([place, place, size, size])
