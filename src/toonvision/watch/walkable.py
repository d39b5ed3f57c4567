"""Where one can walk: how far the road and the ground are free, in each direction.

A segmenter says what each pixel shows. In each direction the way is free from the lower edge of the picture up to the
first pixel that is neither road nor ground. How far that is follows from the row: on flat ground a row below the
horizon is as far away as the camera is high, times the focal length, divided by how many rows below the horizon it is.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from toonvision.metrics.named_pixels import Pixels
from toonvision.watch.distance import DEFAULT_GROUND, DEFAULT_LENS, Ground, Lens

FREE: Final = ("road", "ground")
"""Classes of pixels that one can walk on, where a taxonomy names them."""


@dataclass(frozen=True)
class Way:
    """How far one can walk in a direction.

    Attributes:
        bearing: Degrees to the right of the middle of the picture; below 0 to the left.
        distance: How far it is free, in the unit of the camera's height; infinite up to the horizon, 0 where the way is
            not free at all.
        top: Where it ends in the picture, as a share of its height: 1 at the lower edge, which is where it begins.
    """

    bearing: float
    distance: float
    top: float

    def plain(self) -> dict[str, Any]:
        """Return it as plain data for JSON; a distance without end is None."""
        return {
            "bearing_deg": round(self.bearing, 1),
            "free": None if math.isinf(self.distance) else round(self.distance, 2),
            "top": round(self.top, 3),
        }


@dataclass(frozen=True)
class Ahead:
    """Where one can walk, as a frame shows it.

    Attributes:
        seconds: When that frame was taken, from the beginning of the source on.
        ways: How far in each direction, from left to right.
    """

    seconds: float
    ways: tuple[Way, ...]

    def plain(self) -> dict[str, Any]:
        """Return it as plain data for JSON."""
        return {"ways": [one.plain() for one in self.ways], "ways_seconds": round(self.seconds, 3)}


def ways(
    pixels: Pixels,
    classes: Sequence[str],
    *,
    directions: int = 15,
    lens: Lens = DEFAULT_LENS,
    ground: Ground = DEFAULT_GROUND,
) -> tuple[Way, ...]:
    """Return how far one can walk, from left to right.

    Args:
        pixels: The class of each pixel of a picture, shape ``(height, width)``, as `Segmenter.predict` returns it.
        classes: Names of the classes, in the order of their values.
        directions: Of how many directions, evenly spread over the width; of fewer where that has fewer pixels.
        lens: How the camera shows distances.
        ground: How it stands above the ground.
    """
    high, wide = pixels.shape
    free = np.isin(pixels, [at for at, name in enumerate(classes) if name in FREE])
    focal = lens.focal((wide, high))
    found = []
    for part in np.array_split(np.arange(wide), min(directions, wide)):
        aside = math.atan2((int(part[0]) + int(part[-1]) + 1 - wide) / 2, focal)
        first = _first_free(free[:, part])
        away = _distance(first, high, focal, ground)
        found.append(Way(math.degrees(aside), away / math.cos(aside), first / high))
    return tuple(found)


def _first_free(free: npt.NDArray[np.bool_]) -> int:
    """Return the row from which on down the columns of one direction are free together."""
    blocked = np.flatnonzero(~(free.mean(axis=1) >= 0.5))
    return int(blocked[-1]) + 1 if len(blocked) else 0


def _distance(first: int, high: int, focal: float, ground: Ground) -> float:
    """Return how far away straight ahead a row of a picture is, on flat ground."""
    if first >= high:
        return 0.0
    below = first - ground.horizon * high
    return math.inf if below < 1 else ground.height * focal / below
