"""How the camera stands: where the horizon is and how high it is above the ground, estimated from figures that walk.

A level camera sees the feet of a figure that stands on flat ground at the row ``horizon + height * high / size``, where
`high` is how high the figure looks, in the unit of that row, and `size` how high it is, in the unit of the camera's
`height`. So the rows of feet lie on a line. A figure that walks away shows where the horizon is, whoever it is; one
whose label or suit is known shows the camera's height as well. What is looked for is what agrees with all figures of
the last minutes and, as long as these say little, with what is assumed (`DEFAULT_GROUND`).

Source:
    Hoiem, Efros and Hebert, "Putting objects in perspective", CVPR 2006.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from toonvision.watch.distance import DEFAULT_GROUND, FEET, Ground, Heights, Whereabouts
from toonvision.watch.track import Track

AGAIN_AFTER_S: Final = 0.5
"""How often figures are looked at for it."""
NEWS_S: Final = 1.0
"""Frames of a figure within this time make the same mistake, and count as one."""
MEMORY_S: Final = 60.0
"""Time after which what was seen counts 37 %."""
MOST: Final = 12
"""Of so many figures it is estimated: of those that were seen longest. More say little more and take time."""
_ASTRAY, _ASTRAY_SPREADS = 0.1, 2.0
"""Share of figures that may stand anywhere (on a step, behind a hedge), and how far off each of their frames may be."""
_LEAST_SHARE = 0.01
_HORIZONS = np.linspace(0.1, 0.9, 81)
_LOGS = math.log(DEFAULT_GROUND.height) + np.linspace(-1.5, 1.5, 31)


@dataclass(frozen=True, eq=False)
class Sight:
    """What the frames of one figure say.

    Attributes:
        sums: How many frames count; then the sums of their weights times 1, high, row, high², high * row and row².
        seconds: When it was last looked at.
        shares: The probability of each way through the levels then.
    """

    sums: npt.NDArray[np.float64]
    seconds: float
    shares: npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Stance:
    """How the camera of one source stands, as far as it was watched.

    Attributes:
        heights: How high figures are; without them nothing is estimated.
        sights: What figures said, by the number of their track.
        ground: How the camera stands.
        seconds: When figures were last looked at.
    """

    heights: Heights | None
    sights: Mapping[int, Sight] = field(default_factory=dict)
    ground: Ground = DEFAULT_GROUND
    seconds: float = -math.inf

    def after(self, tracks: Sequence[Track], where: Mapping[int, Whereabouts], high: int, seconds: float) -> "Stance":
        """Return it after one more frame.

        Args:
            tracks: All of the frame.
            where: Where their figures are: only those that are wholly in view say something.
            high: The frame's height in pixels.
            seconds: When it was taken.
        """
        if self.heights is None:
            return self
        passed = seconds - self.seconds
        old = {
            number: replace(one, sums=one.sums * math.exp(-passed / MEMORY_S)) for number, one in self.sights.items()
        }
        new = {
            one.number: _seen(one, old.get(one.number), high, seconds)
            for one in tracks
            if one.found and where[one.number].whole
        }
        sights = dict(sorted((old | new).items(), key=lambda item: (-item[1].sums[0], item[0]))[:MOST])
        return Stance(self.heights, sights, estimated(list(sights.values()), self.heights), seconds)

    def is_due(self, seconds: float) -> bool:
        """Whether it is time to look again."""
        return seconds - self.seconds >= AGAIN_AFTER_S


def _seen(track: Track, before: Sight | None, high: int, seconds: float) -> Sight:
    """Return what a figure says with one more frame."""
    _, top, _, bottom = track.found_box
    looks, row = max(1.0, bottom - top) / high, bottom / high
    frames = 1.0 if before is None else min(1.0, (seconds - before.seconds) / NEWS_S)
    weight = frames / (FEET * looks) ** 2
    said = weight * np.array([1.0, looks, row, looks * looks, looks * row, row * row])
    sums = np.append(frames, said) + (0.0 if before is None else before.sums)
    return Sight(sums, seconds, track.evidence.shares)


def estimated(sights: Sequence[Sight], heights: Heights) -> Ground:
    """Return how the camera stands: the mean of all that agrees with what is assumed and with some figures.

    Args:
        sights: What figures say; none for what is assumed.
        heights: How high figures are, by path.
    """
    if not sights:
        return DEFAULT_GROUND
    logs = -0.5 * (
        ((_HORIZONS - DEFAULT_GROUND.horizon) / DEFAULT_GROUND.horizon_spread)[:, None] ** 2
        + ((_LOGS - math.log(DEFAULT_GROUND.height)) / DEFAULT_GROUND.height_spread) ** 2
    )
    for one in sights:
        logs = logs + _agreement(one, heights)
    shares = np.exp(logs - logs.max())
    horizon, horizon_spread = _moments(_HORIZONS, shares.sum(axis=1))
    height, height_spread = _moments(_LOGS, shares.sum(axis=0))
    return Ground(horizon, math.exp(height), horizon_spread, height_spread)


def _agreement(sight: Sight, heights: Heights) -> npt.NDArray[np.float64]:
    """Return the logarithm of how well a figure agrees with each horizon and height, shape ``(horizons, logs)``."""
    known = heights.weighted(sight.shares)
    if known is None:
        return np.zeros((len(_HORIZONS), len(_LOGS)))
    weights, sizes = known
    likely = weights >= _LEAST_SHARE * weights.max()
    stands = (1 - _ASTRAY) * weights[likely]
    slope = np.exp(_LOGS[:, None] - sizes[likely])
    at = _HORIZONS[:, None, None]
    frames, one, looks, row, looks2, both, row2 = sight.sums
    # The sum of squares of how far each row of feet is from the line.
    squares = (row2 - 2 * at * row + at * at * one) + slope * (slope * looks2 - 2 * both) + at * (2 * slope * looks)
    astray = (1 - stands.sum()) * math.exp(-frames * _ASTRAY_SPREADS**2 / 2)
    return np.asarray(np.log(np.exp(-squares / 2) @ stands + astray))


def _moments(values: npt.NDArray[np.float64], shares: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return the mean and the standard deviation of values that have these shares."""
    mean = float(np.average(values, weights=shares))
    return mean, math.sqrt(float(np.average((values - mean) ** 2, weights=shares)))
