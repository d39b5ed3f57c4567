"""Which box of a frame is which track.

Source:
    Zhang et al., "ByteTrack: multi-object tracking by associating every detection box", ECCV 2022.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from toonvision.metrics.boxes import overlaps
from toonvision.metrics.found_objects import FoundObject, distinct_objects
from toonvision.watch.appearance import Appearances, appearances_of, in_view, likeness
from toonvision.watch.motion import DEFAULT_NOISE, MotionNoise, centred

Pairs = dict[int, int]
"""Index of a track to index of the box that it is found in."""
Allowed = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class TrackSettings:
    """How boxes become tracks.

    Attributes:
        sure: Score from which on a box is assigned first, 0 to 1.
        begins: How much surer a box is that begins a track, as a share of what is left to 1.
        apart: Intersection over union with the box of a track from which on a box is of the same figure and begins no
            track, 0 to 1.
        least: Score from which on a box can go on with a track, 0 to 1.
        overlap: Least intersection over union of a sure box with where its track is expected, 0 to 1.
        overlap_unsure: The same of a box that is not sure.
        other_class: How much intersection over union a box of another class than the track's has to make up for.
        alike: Likeness from which on a box looks as its track does, 0 to 1: no figure looks the same in two frames.
        unlike: How much intersection over union a box that looks quite different has to make up for.
        others: The same of a box that looks just like another track, found or not, and quite different.
        unlike_hidden: How different a box counts of which all is hidden, whose colours are those of what is before it.
        worst: By how much all that may be more than it has.
        same: Least likeness of a hidden figure and a sure box that is it again, 0 to 1.
        fading: How much likeness a hidden figure has to make up for each second that it is hidden: of two that look
            alike, the one that was seen later is more probably there.
        surely_same: Least likeness of a hidden figure and a box that is not sure, where it is expected.
        clear: Share of a box that no other hides from which on its colours are the figure's own, 0 to 1: only then a
            figure is known again by them, and a track begins.
        lasting: Seconds of which what a track looks like is the mean; before it is as old, the mean of all its frames.
        reach: How far away it can be: in heights of its box, and more by as many each second that it is hidden.
        births: In how many frames one after another a new track is found until it counts, at least 2.
        patience: Seconds after which a track that is not found ends.
        noise: How boxes move.
    """

    sure: float = 0.35
    begins: float = 0.3
    apart: float = 0.3
    least: float = 0.1
    overlap: float = 0.1
    overlap_unsure: float = 0.38
    other_class: float = 0.25
    alike: float = 0.9
    unlike: float = 4.0
    others: float = 20.0
    unlike_hidden: float = 0.4
    worst: float = 1.0
    same: float = 0.7
    fading: float = 0.03
    surely_same: float = 0.8
    clear: float = 0.6
    lasting: float = 5.0
    reach: tuple[float, float] = (0.95, 2.5)
    births: int = 2
    patience: float = 10.0
    noise: MotionNoise = DEFAULT_NOISE


DEFAULT_TRACKING: Final = TrackSettings()
_MOST_GROWN: Final = 0.5
"""Logarithm of how much higher or lower a hidden figure can be when it is found again."""


@dataclass(frozen=True, eq=False)
class Seen:
    """The boxes of a frame, in an order that depends on nothing but themselves.

    Attributes:
        objects: What was found.
        boxes: Edges in pixels, shape ``(boxes, 4)``.
        sure: Which of them are surely something, shape ``(boxes,)``.
        surer: Which of them are so sure that they can begin a track, shape ``(boxes,)``.
        appearances: That of each; None without a picture.
        view: The share of each that no sure one hides, shape ``(boxes,)``.
    """

    objects: tuple[FoundObject, ...]
    boxes: npt.NDArray[np.float64]
    sure: npt.NDArray[np.bool_]
    surer: npt.NDArray[np.bool_]
    appearances: Appearances | None
    view: npt.NDArray[np.float64]

    @classmethod
    def of(cls, objects: Sequence[FoundObject], image: Image.Image | None, settings: TrackSettings) -> "Seen":
        """Return the boxes that are sure enough to go on with a track and have any pixel."""
        able = [one for one in objects if one.score >= settings.least and _has_pixels(one.box)]
        able = distinct_objects(sorted(able, key=lambda one: (-one.score, one.box, one.label)))
        boxes = np.array([one.box for one in able], np.float64).reshape(-1, 4)
        scores = np.array([one.score for one in able], np.float64)
        sure = scores >= settings.sure
        surer = scores >= settings.sure + settings.begins * (1 - settings.sure)
        appearances = None if image is None else appearances_of(image, boxes)
        return cls(tuple(able), boxes, sure, surer, appearances, in_view(boxes, sure))


def _has_pixels(box: tuple[float, float, float, float]) -> bool:
    return box[2] > box[0] and box[3] > box[1]


@dataclass(frozen=True, eq=False)
class Known:
    """The tracks, where they are expected in a frame.

    Attributes:
        boxes: Edges in pixels, shape ``(tracks, 4)``.
        classes: What a detector mostly called each.
        appearances: That of each; None without pictures.
        missing: Seconds since each was last found, shape ``(tracks,)``.
        recent: Whether each was found in the frame before, shape ``(tracks,)``.
    """

    boxes: npt.NDArray[np.float64]
    classes: tuple[str, ...]
    appearances: Appearances | None
    missing: npt.NDArray[np.float64]
    recent: npt.NDArray[np.bool_]


def associated(known: Known, seen: Seen, settings: TrackSettings) -> Pairs:
    """Assign the boxes of a frame to tracks, at most one to each."""
    if not len(known.boxes) or not seen.objects:
        return {}
    shared = overlaps(known.boxes.astype(np.float32), seen.boxes.astype(np.float32))
    other = np.array([[one.label != name for one in seen.objects] for name in known.classes])
    alike = _alike(known, seen)
    unlike = settings.unlike * np.maximum(0, 1 - alike / settings.alike)
    unlike = unlike * seen.view + settings.unlike_hidden * (1 - seen.view)
    unlike += settings.others * (alike.max(axis=0) - alike)
    value = settings.worst + shared - settings.other_class * other - unlike
    unsure = ~seen.sure & (known.recent[:, None] | (alike >= settings.surely_same))
    pairs: Pairs = {}
    _assign(pairs, value, (shared >= settings.overlap) & (value > 0) & seen.sure)
    _assign(pairs, value, (shared >= settings.overlap_unsure) & (value > 0) & unsure)
    if known.appearances is not None and seen.appearances is not None:
        again = seen.sure & (seen.view >= settings.clear)
        likely = alike - settings.fading * known.missing[:, None]
        _assign(pairs, likely, (alike >= settings.same) & again & _within_reach(known, seen, settings))
    return pairs


def _alike(known: Known, seen: Seen) -> npt.NDArray[np.float64]:
    if known.appearances is None or seen.appearances is None:
        return np.ones((len(known.boxes), len(seen.boxes)))
    return likeness(known.appearances, seen.appearances).astype(np.float64)


def _within_reach(known: Known, seen: Seen, settings: TrackSettings) -> Allowed:
    """Return which boxes a hidden track can have come to, shape ``(tracks, boxes)``."""
    own, others = centred(known.boxes), centred(seen.boxes)
    away = np.hypot(*(own[:, None, :2] - others[None, :, :2]).transpose(2, 0, 1)) / own[:, 3:]
    first, more = settings.reach
    grown = np.abs(np.log(others[None, :, 3] / own[:, None, 3]))
    near: Allowed = (away <= first + more * known.missing[:, None]) & (grown <= _MOST_GROWN)
    return near


def _assign(pairs: Pairs, value: npt.NDArray[np.float64], allowed: Allowed) -> None:
    """Add the allowed pairs of tracks and boxes without one whose values have the highest sum; values are above 0."""
    from scipy.optimize import linear_sum_assignment

    rows = np.setdiff1d(np.arange(value.shape[0]), [*pairs])
    columns = np.setdiff1d(np.arange(value.shape[1]), [*pairs.values()])
    if not len(rows) or not len(columns):
        return
    here = allowed[np.ix_(rows, columns)]
    worth = np.where(here, value[np.ix_(rows, columns)], 0.0)
    for row, column in zip(*linear_sum_assignment(worth, maximize=True), strict=True):
        if here[row, column]:
            pairs[int(rows[row])] = int(columns[column])
