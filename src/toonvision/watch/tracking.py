"""Following figures from frame to frame: who is the same as a moment ago.

In each frame every track is expected a little further on (`motion`). Boxes that are surely something are assigned to
the tracks that they overlap most, all at once; then boxes that are less sure to tracks that were found a moment ago and
have no box yet. Sure boxes that are left are compared with hidden tracks: one that looks the same and can have come
there is the same figure. What is left now, is still surer, and is not where a figure was just found, begins a track,
which counts when it is found again. A track that is not found goes on where it is expected, and ends after some
seconds. Appearances also decide between two that cross: a box that looks more like another track, found or not, hardly
goes to the one that is expected there. The box of a track is that of the filter, which all of its frames make: it is
calmer than what is found in each.

Source:
    Zhang et al., "ByteTrack: multi-object tracking by associating every detection box", ECCV 2022.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from PIL import Image

from toonvision.core.errors import UsageError
from toonvision.metrics.boxes import overlaps
from toonvision.metrics.found_objects import FoundObject
from toonvision.watch.appearance import Appearances, mixed
from toonvision.watch.association import DEFAULT_TRACKING, Known, Pairs, Seen, TrackSettings, associated
from toonvision.watch.evidence import Evidence, said_of
from toonvision.watch.level_paths import LevelPaths
from toonvision.watch.motion import Motion
from toonvision.watch.track import Track


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
        self._appearances: Appearances | None = None
        self._number = 0
        self._seconds: float | None = None

    def update(
        self, objects: Sequence[FoundObject], seconds: float, image: Image.Image | None = None
    ) -> tuple[Track, ...]:
        """Go on to the next frame.

        Args:
            objects: What was found in it, in any order; boxes of low scores help where a figure is hard to see. Of an
                object that was named (`toonvision.deploy.scene.NamedObject`) all levels count as evidence.
            seconds: When it was taken, later than the frame before.
            image: The frame, in RGB: with it a figure is known again by its colours. Pass it with every frame or none.

        Returns:
            The tracks that are found in it or were shortly before (`Track.missing`), by number.

        Raises:
            UsageError: If it is not later than the frame before.
        """
        if self._seconds is not None and not seconds > self._seconds:
            raise UsageError(f"frames come in the order of time; got {seconds} s after {self._seconds} s.")
        seen = Seen.of(objects, image, self._settings)
        passed = 0.0 if self._seconds is None else seconds - self._seconds
        known = self._expected(seconds, passed)
        pairs = associated(known, seen, self._settings)
        self._learn_appearances(pairs, seen, passed)
        self._go_on(pairs, seen, seconds)
        self._begin(self._new(pairs, seen), seen, seconds)
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

    def _expected(self, seconds: float, passed: float) -> Known:
        """Move all tracks to a later time."""
        recent = np.array([track.found is not None for track in self._tracks], np.bool_)
        self._motion = self._motion.moved(passed, ~recent, self._settings.noise)
        self._seconds = seconds
        missing = np.array([seconds - track.last_seen for track in self._tracks])
        classes = tuple(track.evidence.path.get(self._paths.found, "") for track in self._tracks)
        return Known(self._motion.boxes, classes, self._appearances, missing, recent)

    def _new(self, pairs: Pairs, seen: Seen) -> list[int]:
        """Return the boxes that begin a track: what is mostly hidden, or near one that was found, is seldom new."""
        boxes = seen.boxes.astype(np.float32)
        near = overlaps(boxes, boxes[[*pairs.values()]]).max(axis=1, initial=0.0) >= self._settings.apart
        found: list[int] = np.flatnonzero(seen.surer & (seen.view >= self._settings.clear) & ~near).tolist()
        return found

    def _learn_appearances(self, pairs: Pairs, seen: Seen, passed: float) -> None:
        if self._appearances is None or seen.appearances is None:
            return
        appearances = self._appearances.copy()
        for at, box in pairs.items():
            if seen.view[box] >= self._settings.clear:
                news = min(1.0, max(passed / self._settings.lasting, 1 / (self._tracks[at].hits + 1)))
                appearances[at] = mixed(appearances[at], seen.appearances[box], news)
        self._appearances = appearances

    def _go_on(self, pairs: Pairs, seen: Seen, seconds: float) -> None:
        """Correct the tracks that were found, and end those that were not for too long."""
        which, boxes = np.array([*pairs], np.int64), np.array([*pairs.values()], np.int64)
        self._motion = self._motion.corrected(which, seen.boxes[boxes], self._settings.noise)
        found = {at: seen.objects[box] for at, box in pairs.items()}
        tracks = [self._next(at, found.get(at), seconds) for at in range(len(self._tracks))]
        kept = np.array([at for at, track in enumerate(tracks) if self._lives(track)], np.int64)
        self._motion = self._motion.only(kept)
        self._appearances = None if self._appearances is None else self._appearances[kept]
        self._tracks = tuple(tracks[at] for at in kept)

    def _lives(self, track: Track) -> bool:
        return track.missing <= self._settings.patience and (
            track.found is not None or track.hits >= self._settings.births
        )

    def _next(self, at: int, found: FoundObject | None, seconds: float) -> Track:
        track = self._numbered(self._tracks[at], found)
        velocity = _four(self._motion.speed[at])
        box = _four(self._motion.boxes[at])
        if found is None:
            return replace(track, box=box, velocity=velocity, missing=seconds - track.last_seen, found=None)
        return replace(
            track,
            box=box,
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

    def _begin(self, which: Sequence[int], seen: Seen, seconds: float) -> None:
        at = np.array(which, np.int64)
        self._motion = self._motion.joined(seen.boxes[at], self._settings.noise)
        if seen.appearances is not None:
            known = seen.appearances[:0] if self._appearances is None else self._appearances
            self._appearances = np.concatenate([known, seen.appearances[at]])
        for one in (seen.objects[box] for box in which):
            evidence = Evidence(self._paths).with_said(said_of(one, self._paths), seconds)
            track = Track(0, one.box, (0.0, 0.0, 0.0, 0.0), seconds, seconds, 1, 0.0, one.score, one, evidence)
            self._tracks = (*self._tracks, track)


def _four(row: npt.NDArray[np.float64]) -> tuple[float, float, float, float]:
    a, b, c, d = (float(one) for one in row)
    return a, b, c, d
