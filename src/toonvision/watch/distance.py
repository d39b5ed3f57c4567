"""Where figures are: in which direction, how far away, whether they come nearer, and who is in front of whom.

The direction follows from the column of a box and the field of view. The distance follows from the height of a box and
the size of what it shows: what looks half as high is twice as far away. What it shows is not certain, so the answer is
an interval over all labels that it may have (`Evidence.shares`) and over what else is not known: the exact field of
view, how upright a figure stands, and how exact the box is. Where the camera stands is known (`Ground`), the row of the
feet says how high a figure is that is wholly in view: labels too small or too large for it count less.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from toonvision.metrics.boxes import inside
from toonvision.taxonomy.labels import Taxonomy
from toonvision.watch.level_paths import LevelPaths
from toonvision.watch.track import Track

Values = npt.NDArray[np.float64]
Trend = Literal["approaching", "leaving", "steady"]

DEAD_BAND: Final = 0.04
"""How much of its distance a figure comes nearer or goes away in a second before it is said to."""
HIDDEN: Final = 0.05
"""Share of a box that another one covers from which on it is behind it."""
EDGE_PX: Final = 2.0
"""How near to an edge of the picture a box ends that may go on behind it."""
FEET: Final = 0.06
"""Standard deviation of the row of a figure's feet, in heights of its box."""
_ASTRAY: Final = 0.01
"""What a height counts at least, whatever the row of the feet: not all figures stand on flat ground."""
_KNOWN: Final = 0.5
"""Share of labels with a height from which on a figure counts as one of these, 0 to 1."""
_NODES: Final = tuple(NormalDist().inv_cdf((at + 0.5) / 15) for at in range(15))
_MIDDLE, _LOW, _HIGH = 0.5, 0.05, 0.95


@dataclass(frozen=True)
class Lens:
    """How a game's camera shows distances.

    Attributes:
        view_degrees: The angle that a picture shows from top to bottom; that of the drawn world in the middle.
        spread: Standard deviation of the logarithm of a distance where the label is known: by the field of view, which
            may be another one, by the pose, and by the box.
    """

    view_degrees: float = 42.0
    spread: float = 0.16

    def focal(self, size_wh: tuple[int, int]) -> float:
        """Return the focal length in pixels in pictures of some width and height."""
        return size_wh[1] / 2 / math.tan(math.radians(self.view_degrees) / 2)


DEFAULT_LENS: Final = Lens()


@dataclass(frozen=True)
class Ground:
    """How a camera stands above flat ground, as far as that is known.

    Attributes:
        horizon: The row of the horizon, as a share of the picture's height; the drawn world's in the middle.
        height: The camera's height, in the unit of distances; the drawn world's in the middle.
        horizon_spread: Standard deviation of `horizon`.
        height_spread: Standard deviation of the logarithm of `height`.
    """

    horizon: float = 0.49
    height: float = 0.95
    horizon_spread: float = 0.15
    height_spread: float = 0.5

    def agreement(self, looks: float, row: float, logs: Values) -> Values:
        """Return how well figures of some heights agree with the row of their feet: 1 at best, hardly above 0 at worst.

        Args:
            looks: How high the figure looks, as a share of the picture's height.
            row: The row of its feet, in the same way.
            logs: Logarithms of heights, shape ``(heights,)``.
        """
        below = self.height * looks / np.exp(logs)
        variance = (FEET * looks) ** 2 + self.horizon_spread**2 + (self.height_spread * below) ** 2
        fits = np.exp(-((row - self.horizon - below) ** 2) / variance / 2) * np.sqrt(variance.min() / variance)
        return np.asarray((1 - _ASTRAY) * fits + _ASTRAY)

    def plain(self) -> dict[str, Any]:
        """Return it as plain data for JSON."""
        return {"horizon": round(self.horizon, 3), "camera_height": round(self.height, 2)}


DEFAULT_GROUND: Final = Ground()


@dataclass(frozen=True)
class Heights:
    """How high objects are, for each way through the levels (`LevelPaths.paths`).

    Attributes:
        rows: The heights of the labels of each path, in the taxonomy's unit.
    """

    rows: tuple[tuple[float, ...], ...]

    @classmethod
    def of(cls, taxonomy: Taxonomy, paths: LevelPaths) -> "Heights | None":
        """Return the heights that a taxonomy names, by path, a path without any having an empty row; None without."""
        found: dict[tuple[int, ...], list[float]] = {}
        for name, height in taxonomy.heights.items():
            classes = [taxonomy.class_of(name, level) for level in paths.levels]
            path = [
                -1 if one is None else paths.index[level].get(one, -1)
                for one, level in zip(classes, paths.levels, strict=True)
            ]
            found.setdefault(tuple(path), []).append(height)
        rows = tuple(tuple(found.get(path, ())) for path in paths.paths)
        return cls(rows) if any(rows) else None

    @cached_property
    def known(self) -> tuple[npt.NDArray[np.int64], Values]:
        """The path of each label with a height, and the logarithm of its height, both of shape ``(labels,)``."""
        at = np.array([path for path, row in enumerate(self.rows) for _ in row], np.int64)
        return at, np.log(np.array([height for row in self.rows for height in row], np.float64))

    def weighted(self, shares: Values) -> tuple[Values, Values] | None:
        """Return how probable each label with a height is, and its height's logarithm, both of shape ``(labels,)``.

        None where it is probably something whose height nobody knows.

        Args:
            shares: The probability of each path, shape ``(paths,)``; the labels of a path are equally probable.
        """
        at, logs = self.known
        weights = shares[at] / np.bincount(at, minlength=len(self.rows))[at]
        return None if weights.sum() < _KNOWN else (weights, logs)


@dataclass(frozen=True)
class Whereabouts:
    """Where a figure is, as seen from the camera.

    Attributes:
        bearing: Degrees to the right of the middle of the picture; below 0 to the left.
        distance: In units of the taxonomy's heights, as good as below as above the truth; None where none are known.
        nearest: 5 % are nearer than this; 0 where the figure is cut or hidden, for it may be higher than its box.
        farthest: 5 % are farther away than this.
        whole: Whether it is in the picture as a whole and nobody is in front of it.
        trend: Whether it comes nearer.
        closing: Share of its distance by which it comes nearer in a second; below 0 it goes away.
        in_front_of: Numbers of the tracks that it covers a part of.
    """

    bearing: float
    distance: float | None
    nearest: float | None
    farthest: float | None
    whole: bool
    trend: Trend
    closing: float
    in_front_of: tuple[int, ...]

    def plain(self) -> dict[str, Any]:
        """Return it as plain data for JSON."""
        rounded = {name: None if value is None else round(value, 2) for name, value in self._lengths.items()}
        return {
            "bearing_deg": round(self.bearing, 1),
            **rounded,
            "whole": self.whole,
            "trend": self.trend,
            "closing_per_s": round(self.closing, 3),
            "in_front_of": list(self.in_front_of),
        }

    @property
    def _lengths(self) -> Mapping[str, float | None]:
        return {"distance": self.distance, "nearest": self.nearest, "farthest": self.farthest}


def whereabouts(
    tracks: Sequence[Track],
    size_wh: tuple[int, int],
    heights: Heights | None = None,
    lens: Lens = DEFAULT_LENS,
    ground: Ground = DEFAULT_GROUND,
) -> dict[int, Whereabouts]:
    """Return where the figures of a frame are, by number of their track.

    Args:
        tracks: All of a frame.
        size_wh: Width and height of the frame in pixels.
        heights: How high objects are; None where that is not known.
        lens: How the camera shows distances.
        ground: How it stands above the ground.
    """
    if not tracks:
        return {}
    boxes = np.array([track.found_box for track in tracks], np.float32)
    # Of two that overlap the one that stands lower in the picture is nearer.
    covers = (inside(boxes, boxes).T >= HIDDEN) & (boxes[:, None, 3] > boxes[None, :, 3])
    found = {}
    for at, track in enumerate(tracks):
        whole = not covers[:, at].any() and not _is_cut(track.found_box, size_wh)
        behind = tuple(tracks[other].number for other in np.flatnonzero(covers[at]).tolist())
        found[track.number] = _of(track, size_wh, heights, lens, ground, whole=whole, behind=behind)
    return found


def _of(
    track: Track,
    size_wh: tuple[int, int],
    heights: Heights | None,
    lens: Lens,
    ground: Ground,
    *,
    whole: bool,
    behind: tuple[int, ...],
) -> Whereabouts:
    left, top, right, bottom = track.found_box
    focal, high = lens.focal(size_wh), max(1.0, bottom - top)
    aside = math.atan2((left + right - size_wh[0]) / 2, focal)
    closing = track.velocity[3] / high
    trend: Trend = "steady" if abs(closing) < DEAD_BAND else "approaching" if closing > 0 else "leaving"
    middle = nearest = farthest = None
    if heights is not None and (known := heights.weighted(track.evidence.shares)) is not None:
        weights, logs = known
        if whole:
            weights = weights * ground.agreement(high / size_wh[1], bottom / size_wh[1], logs)
        # The height in pixels says how far it is straight ahead; to the side it is farther.
        scale = focal / high / math.cos(aside)
        middle, nearest, farthest = (scale * one for one in _sizes(weights, logs, lens.spread))
        nearest = nearest if whole else 0.0
    return Whereabouts(math.degrees(aside), middle, nearest, farthest, whole, trend, closing, behind)


def _sizes(weights: Values, logs: Values, spread: float) -> tuple[float, float, float]:
    """Return the middle, the lowest and the highest of heights, of which these are the logarithms."""
    # The mixture of a normal distribution around each label's height, as so many points of the same weight.
    points = (logs[:, None] + spread * np.array(_NODES)).ravel()
    order = points.argsort(kind="stable")
    shares = np.repeat(weights, len(_NODES))[order].cumsum()
    at = np.searchsorted(shares / max(shares[-1], np.spacing(1.0)), [_MIDDLE, _LOW, _HIGH])
    middle, low, high = np.exp(points[order][np.minimum(at, len(points) - 1)]).tolist()
    return middle, low, high


def _is_cut(box: tuple[float, float, float, float], size_wh: tuple[int, int]) -> bool:
    left, top, right, bottom = box
    wide, high = size_wh
    return min(left, top) < EDGE_PX or right > wide - EDGE_PX or bottom > high - EDGE_PX
