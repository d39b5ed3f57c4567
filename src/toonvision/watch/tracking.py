"""Following figures from frame to frame: who is the same as a moment ago.

In each frame every track is expected a little further on (`motion`). Boxes that are surely something are assigned to
the tracks that they overlap most, all at once; then boxes that are less sure to tracks that were found a moment ago and
have no box yet. A sure box that is left begins a track, which counts when it is found again. A track that is not found
goes on where it is expected, and ends after some seconds.

Source:
    Zhang et al., "ByteTrack: multi-object tracking by associating every detection box", ECCV 2022.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from toonvision.core.errors import UsageError
from toonvision.metrics.detection import overlaps
from toonvision.metrics.found_objects import FoundObject
from toonvision.watch.evidence import Evidence, said_of
from toonvision.watch.level_paths import LevelPaths
from toonvision.watch.motion import DEFAULT_NOISE, Motion, MotionNoise

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class TrackSettings:
    """How boxes become tracks.

    Attributes:
        sure: Score from which on a box is assigned first and can begin a track, 0 to 1.
        least: Score from which on a box can go on with a track, 0 to 1.
        overlap: Least intersection over union of a sure box with where its track is expected, 0 to 1.
        overlap_unsure: The same of a box that is not sure.
        other_class: How much intersection over union a box of another class than the track's has to make up for.
        births: In how many frames one after another a new track is found until it counts, at least 2.
        patience: Seconds after which a track that is not found ends.
        noise: How boxes move.
    """

    sure: float = 0.5
    least: float = 0.1
    overlap: float = 0.1
    overlap_unsure: float = 0.4
    other_class: float = 0.2
    births: int = 2
    patience: float = 2.0
    noise: MotionNoise = DEFAULT_NOISE


DEFAULT_TRACKING: Final = TrackSettings()


@dataclass(frozen=True)
class Track:
    """One figure, as far as it is known now.

    Attributes:
        number: Its number, from 1; no other track of this tracker has it. 0 before it counts.
        box: Left, upper, right and lower edge in pixels: where it was found, or where it is expected.
        velocity: Of its centre to the right and down, and of its width and height, in pixels per second.
        first_seen: When it was first found, in seconds.
        last_seen: When it was last found, in seconds.
        hits: In how many frames it was found.
        missing: Seconds since it was last found; 0 in a frame in which it is.
        best_score: The highest score of its boxes, 0 to 1.
        found: What was found of it in this frame, or None.
        evidence: What it is, by all of its frames.
    """

    number: int
    box: tuple[float, float, float, float]
    velocity: tuple[float, float, float, float]
    first_seen: float
    last_seen: float
    hits: int
    missing: float
    best_score: float
    found: FoundObject | None
    evidence: Evidence


class Tracker:
    """Follows the figures of one video. For another video make another tracker: all that it knows is in it.

    Examples:
        >>> tracker = Tracker(LevelPaths.of("kind", {"kind": ["cog", "toon"]}, {}))
        >>> walking = [FoundObject("cog", 0.9, (10.0 + 2 * at, 20.0, 40.0 + 2 * at, 90.0)) for at in range(3)]
        >>> for at, one in enumerate(walking):
        ...     tracks = tracker.update([one], seconds=at / 30)
        >>> [(track.number, track.hits, track.evidence.label) for track in tracks]
        [(1, 3, 'cog')]
    """

    def __init__(self, paths: LevelPaths, settings: TrackSettings = DEFAULT_TRACKING) -> None:
        """Begin without tracks.

        Args:
            paths: The levels that are named, and which of their classes go together.
            settings: How boxes become tracks.
        """
        self._paths = paths
        self._settings = settings
        self._motion = Motion.none()
        self._tracks: tuple[Track, ...] = ()
        self._number = 0
        self._seconds: float | None = None

    def update(self, objects: Sequence[FoundObject], seconds: float) -> tuple[Track, ...]:
        """Go on to the next frame.

        Args:
            objects: What was found in it, in any order; boxes of low scores help where a figure is hard to see. Of an
                object that was named (`toonvision.deploy.scene.NamedObject`) all levels count as evidence.
            seconds: When it was taken, later than the frame before.

        Returns:
            The tracks that are found in it or were shortly before (`Track.missing`), by number.

        Raises:
            UsageError: If it is not later than the frame before.
        """
        if self._seconds is not None and not seconds > self._seconds:
            raise UsageError(f"frames come in the order of time; got {seconds} s after {self._seconds} s.")
        self._predict(seconds)
        able = [one for one in objects if one.score >= self._settings.least and _has_pixels(one.box)]
        # The order decides numbers, and nothing else: the same boxes in another order give the same tracks.
        able.sort(key=lambda one: (-one.score, one.box, one.label))
        sure = [one for one in able if one.score >= self._settings.sure]
        unsure = able[len(sure) :]
        free = np.arange(len(self._tracks))
        pairs = self._assigned(free, sure, self._settings.overlap)
        taken = {box for _, box in pairs}
        rest = np.array([at for at in np.setdiff1d(free, [at for at, _ in pairs]) if self._was_found(at)], np.int64)
        matched = [(at, sure[box]) for at, box in pairs]
        matched += [(at, unsure[box]) for at, box in self._assigned(rest, unsure, self._settings.overlap_unsure)]
        self._go_on(matched, seconds)
        self._begin([one for box, one in enumerate(sure) if box not in taken], seconds)
        return self.tracks

    @property
    def tracks(self) -> tuple[Track, ...]:
        """The tracks of the last frame that count, by number."""
        return tuple(track for track in self._tracks if track.hits >= self._settings.births)

    def learn(self, said: Mapping[int, Mapping[str, Mapping[str, float]]]) -> tuple[Track, ...]:
        """Count what classifiers say of tracks in the last frame.

        Args:
            said: Number of a track, to level, to class, to probability; what is left out of a level shares the rest.

        Returns:
            The tracks of the last frame that count, as they are now.
        """
        self._tracks = tuple(
            replace(track, evidence=track.evidence.with_said(said[track.number], track.last_seen))
            if track.number in said
            else track
            for track in self._tracks
        )
        return self.tracks

    def _predict(self, seconds: float) -> None:
        passed = 0.0 if self._seconds is None else seconds - self._seconds
        missing = np.array([track.found is None for track in self._tracks], np.bool_)
        self._motion = self._motion.moved(passed, missing, self._settings.noise)
        self._seconds = seconds

    def _was_found(self, at: int) -> bool:
        return self._tracks[at].found is not None

    def _found_class(self, at: int) -> str:
        return self._tracks[at].evidence.path.get(self._paths.found, "")

    def _assigned(self, tracks: Indices, objects: Sequence[FoundObject], least: float) -> list[tuple[int, int]]:
        """Return pairs of a track and an object, of indices, whose overlaps have the highest sum."""
        if not len(tracks) or not objects:
            return []
        from scipy.optimize import linear_sum_assignment

        boxes = np.array([one.box for one in objects], np.float32)
        shared = overlaps(self._motion.boxes[tracks].astype(np.float32), boxes)
        other = [[one.label != self._found_class(at) for one in objects] for at in tracks]
        value = shared - self._settings.other_class * np.array(other)
        value[value < least] = -1.0  # so that no pair that may not be is part of a better sum
        rows, columns = linear_sum_assignment(value, maximize=True)
        return [
            (int(tracks[row]), int(column))
            for row, column in zip(rows, columns, strict=True)
            if value[row, column] >= least
        ]

    def _go_on(self, matched: Sequence[tuple[int, FoundObject]], seconds: float) -> None:
        """Correct the tracks that were found, and end those that were not for too long."""
        which = np.array([at for at, _ in matched], np.int64)
        boxes = np.array([one.box for _, one in matched], np.float64).reshape(-1, 4)
        self._motion = self._motion.corrected(which, boxes, self._settings.noise)
        found = dict(matched)
        tracks = [self._next(at, found.get(at), seconds) for at in range(len(self._tracks))]
        kept = [at for at, track in enumerate(tracks) if self._lives(track)]
        self._motion = self._motion.only(np.array(kept, np.int64))
        self._tracks = tuple(tracks[at] for at in kept)

    def _lives(self, track: Track) -> bool:
        return track.missing <= self._settings.patience and (
            track.found is not None or track.hits >= self._settings.births
        )

    def _next(self, at: int, found: FoundObject | None, seconds: float) -> Track:
        track = self._numbered(self._tracks[at], found)
        velocity = _four(self._motion.speed[at])
        if found is None:
            box, missing = _four(self._motion.boxes[at]), seconds - track.last_seen
            return replace(track, box=box, velocity=velocity, missing=missing, found=None)
        return replace(
            track,
            box=found.box,
            velocity=velocity,
            last_seen=seconds,
            hits=track.hits + 1,
            missing=0.0,
            best_score=max(track.best_score, found.score),
            found=found,
            evidence=track.evidence.with_said(said_of(found, self._paths), seconds),
        )

    def _numbered(self, track: Track, found: FoundObject | None) -> Track:
        """Return a track with a number if it counts from this frame on."""
        if track.number or found is None or track.hits + 1 < self._settings.births:
            return track
        self._number += 1
        return replace(track, number=self._number)

    def _begin(self, objects: Sequence[FoundObject], seconds: float) -> None:
        boxes = np.array([one.box for one in objects], np.float64).reshape(-1, 4)
        self._motion = self._motion.joined(boxes, self._settings.noise)
        for one in objects:
            evidence = Evidence(self._paths).with_said(said_of(one, self._paths), seconds)
            still = (0.0, 0.0, 0.0, 0.0)
            track = Track(0, one.box, still, seconds, seconds, 1, 0.0, one.score, one, evidence)
            self._tracks = (*self._tracks, track)


def _has_pixels(box: tuple[float, float, float, float]) -> bool:
    return box[2] > box[0] and box[3] > box[1]


def _four(row: npt.NDArray[np.float64]) -> tuple[float, float, float, float]:
    a, b, c, d = (float(one) for one in row)
    return a, b, c, d
