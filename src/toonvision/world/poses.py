"""Poses of figures: arms, legs, leaning and flying, and which side is visible."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np

PoseKind = Literal["standing", "walking", "fighting", "flying"]
POSE_KINDS: Final[tuple[PoseKind, ...]] = get_args(PoseKind)
POSE_RATES: Final[Mapping[PoseKind, float]] = {"standing": 0.42, "walking": 0.40, "fighting": 0.12, "flying": 0.06}
TOON_POSE_RATES: Final[Mapping[PoseKind, float]] = {"standing": 0.38, "walking": 0.52, "fighting": 0.06, "flying": 0.04}
VIEWS: Final = ("front", "front right", "right", "back right", "back", "back left", "left", "front left")
LEANS: Final[Mapping[PoseKind, tuple[float, float]]] = {
    "standing": (0.0, 0.035),
    "walking": (0.05, 0.04),
    "fighting": (0.12, 0.16),
    "flying": (0.1, 0.12),
}
LIFTS: Final = (0.2, 1.6)
HIGHEST_JUMP: Final = 0.6


@dataclass(frozen=True)
class Pose:
    """A kind of pose and the phase of its movement.

    Attributes:
        kind: ``standing``, ``walking``, ``fighting`` or ``flying``; Toons jump instead of flying.
        phase: In radians; for walking, a full turn is two steps.
        lean: To the front, in radians, of everything above the hip.
        lift: From the ground to the lowest foot, in units.
    """

    kind: PoseKind = "standing"
    phase: float = 0.0
    lean: float = 0.0
    lift: float = 0.0

    def leg(self, side: int) -> tuple[float, float]:
        """Return the angle of the thigh to the front and the bend of the knee, in radians."""
        angle = self.phase if side > 0 else self.phase + math.pi
        if self.kind == "walking":
            return 0.5 * math.sin(angle), max(0.0, 0.75 * math.sin(angle + 1.9))
        if self.kind == "fighting":
            return 0.08 + 0.34 * math.sin(angle), 0.2 - 0.14 * math.sin(angle)
        if self.kind == "flying":
            return 0.3 + 0.25 * math.sin(angle), 0.75 + 0.3 * math.sin(angle + 0.7)
        return 0.0, 0.0

    def arm(self, side: int) -> tuple[float, float, float]:
        """Return the swing of the arm to the front, its spread to the side, and the bend of the elbow, in radians."""
        if self.kind == "fighting":
            angle = self.phase + 0.7 * side
            return 1.7 + 0.9 * math.sin(angle), 0.5 + 0.35 * math.cos(angle), 0.45 + 0.4 * math.cos(angle + 0.5)
        if self.kind == "flying":
            return 0.2 * math.sin(2 * self.phase + side), 1.8 + 0.65 * math.sin(self.phase) + 0.1 * side, 0.2
        if self.kind == "walking":
            angle = self.phase + (math.pi if side > 0 else 0.0)
            return 0.55 * math.sin(angle), 0.18, 0.35
        return 0.08 + 0.06 * math.sin(self.phase + side), 0.2 + 0.06 * math.sin(self.phase), 0.2


def random_pose(
    rng: np.random.Generator, *, may_fly: bool = True, rates: Mapping[PoseKind, float] = POSE_RATES
) -> Pose:
    """Return a random pose.

    Args:
        rng: Decides it.
        may_fly: Whether flying is possible; if not, the other kinds share its rate.
        rates: Relative frequency of each kind.

    Returns:
        The pose, with a small lean, and with a lift of 0.2 to 1.6 units if it is flying.
    """
    shares = np.asarray([rates.get(kind, 0.0) * (may_fly or kind != "flying") for kind in POSE_KINDS])
    kind = POSE_KINDS[int(rng.choice(len(POSE_KINDS), p=shares / shares.sum()))]
    middle, spread = LEANS[kind]
    lean = float(np.clip(rng.normal(middle, spread), -0.3, 0.45))
    phase, lift = float(rng.uniform(0, math.tau)), float(rng.uniform(*LIFTS))
    return Pose(kind, phase, lean, lift if kind == "flying" else 0.0)


def view_of(yaw: float) -> str:
    """Return which side a figure shows, in sectors of 45 degrees; "right" looks to the right of the image.

    >>> view_of(0.0), view_of(math.pi / 2), view_of(-math.pi / 4), view_of(math.pi)
    ('front', 'right', 'front left', 'back')
    """
    return VIEWS[round(yaw / (math.tau / len(VIEWS))) % len(VIEWS)]
