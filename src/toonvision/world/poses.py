"""How a figure holds its arms and legs."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

PoseKind = Literal["standing", "walking", "arms up"]


@dataclass(frozen=True)
class Pose:
    """A kind of pose and where in its movement it is.

    Attributes:
        kind: ``standing``, ``walking`` or ``arms up``.
        phase: Radians; in walking, one turn is two steps.
    """

    kind: PoseKind = "standing"
    phase: float = 0.0

    def leg(self, side: int) -> tuple[float, float]:
        """Give the angle of the thigh to the front and the bend of the knee, in radians."""
        if self.kind != "walking":
            return 0.0, 0.0
        angle = self.phase if side > 0 else self.phase + math.pi
        return 0.5 * math.sin(angle), max(0.0, 0.75 * math.sin(angle + 1.9))

    def arm(self, side: int) -> tuple[float, float, float]:
        """Give swing to the front, spread to the side, and bend of the elbow, in radians."""
        if self.kind == "arms up":
            return 0.25 * math.sin(self.phase + side), 2.45 + 0.25 * math.sin(self.phase * 2 + side), 0.15
        if self.kind == "walking":
            angle = self.phase + (math.pi if side > 0 else 0.0)
            return 0.55 * math.sin(angle), 0.18, 0.35
        return 0.08 + 0.06 * math.sin(self.phase + side), 0.2 + 0.06 * math.sin(self.phase), 0.2


def random_pose(rng: np.random.Generator) -> Pose:
    """Draw a pose: half stand, most others walk, a few hold their arms up."""
    kind: PoseKind = ("standing", "walking", "arms up")[int(rng.choice(3, p=(0.45, 0.43, 0.12)))]
    return Pose(kind, float(rng.uniform(0, math.tau)))
