"""The loop: a thread grabs, this one finds, follows and names, and each frame gives one result.

Of a live source the newest frame wins, and what was dropped is counted. Of files every frame is looked at.
"""

import math
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from functools import cached_property
from threading import Event, Thread
from typing import Any

from PIL import Image

from toonvision.watch.asking import Asking
from toonvision.watch.camera import Stance
from toonvision.watch.distance import DEFAULT_GROUND, Ground, Heights, Whereabouts, whereabouts
from toonvision.watch.frames import Frame, Source, at_their_times
from toonvision.watch.mailbox import Mailbox
from toonvision.watch.models import WatchModels
from toonvision.watch.seeing import Seeing
from toonvision.watch.track import Track
from toonvision.watch.tracking import Tracker
from toonvision.watch.walkable import Ahead

_LONGEST_END_S = 5.0


@dataclass(frozen=True, eq=False, repr=False)
class WatchedFrame:
    """What is known after one frame.

    Attributes:
        number: Of the frame in its source, from 1.
        seconds: When it was taken, from the beginning of the source on.
        delay: Seconds from when it was grabbed, decoded or drawn to this result.
        drops: How many frames were dropped so far, because a newer one came before they were looked at.
        tracks: The figures that are there, or were a moment ago, by number.
        image: The frame, in RGB.
        name: Its file, where each frame has its own.
        heights: How high the objects are that the models know; None where no taxonomy says that.
        ahead: Where one can walk, as this frame or one shortly before shows it; None where no model says that.
        ground: How the camera stands, estimated from the frames before.
    """

    number: int
    seconds: float
    delay: float
    drops: int
    tracks: tuple[Track, ...]
    image: Image.Image
    name: str = ""
    heights: Heights | None = None
    ahead: Ahead | None = None
    ground: Ground = DEFAULT_GROUND

    def __repr__(self) -> str:
        """Return its number, its time, and what is there."""
        there = ", ".join(track.evidence.label for track in self.tracks) or "nothing"
        return f"WatchedFrame {self.number} at {self.seconds:.2f} s: {there}"

    @cached_property
    def where(self) -> Mapping[int, Whereabouts]:
        """Where each figure is, by the number of its track: direction, distance, and whether it comes nearer."""
        return whereabouts(self.tracks, self.image.size, self.heights, ground=self.ground)

    def plain(self) -> dict[str, Any]:
        """Return it as plain data for JSON, without the picture."""
        return {
            "frame": self.number,
            "seconds": round(self.seconds, 3),
            "delay_ms": round(1000 * self.delay, 2),
            "drops": self.drops,
            **({"file": self.name} if self.name else {}),
            "tracks": [plain_track(one) | self.where[one.number].plain() for one in self.tracks],
            **(self.ahead.plain() if self.ahead else {}),
            **(self.ground.plain() if self.heights else {}),
        }


def plain_track(track: Track) -> dict[str, Any]:
    """Return a track as plain data for JSON: its label and class with probability at every level, box and times."""
    known = track.evidence
    return {
        "track": track.number,
        "label": known.label,
        "levels": dict(known.path),
        "confidences": {level: round(share, 4) for level, share in known.confidences.items()},
        "box": [round(edge, 1) for edge in track.box],
        "score": round(track.found.score, 4) if track.found else None,
        "missing_s": round(track.missing, 3),
        "since_s": round(track.first_seen, 3),
    }


def watch_frames(
    source: Source, models: WatchModels, *, realtime: bool = False, seconds: float | None = None
) -> Generator[WatchedFrame, None, None]:
    """Watch a source, which is closed at the end.

    Args:
        source: Where frames come from.
        models: What finds and names.
        realtime: Whether a file is watched at the speed at which it was taken; a live source always is.
        seconds: Stop after so much time of the source.

    Yields:
        A result for each frame that was looked at.

    Raises:
        EnvironmentFaultError: If the source cannot be read any more.
        ModelRefusedError: If an output is NaN, or a model cannot be run.
    """
    stop, box = Event(), Mailbox[Frame](newest=source.live)
    grabber = Thread(target=_grab, args=(source, box, stop, realtime and not source.live), daemon=True)
    tracker, asking = Tracker(models.paths, models.tracking), Asking(models.namers, models.level)
    seeing, stance = Seeing(models), Stance(models.heights)
    try:
        models.warm_up()
        grabber.start()
        # A live source may have nothing to show, and its time goes on.
        until = time.monotonic() + seconds if source.live and seconds is not None else math.inf
        while (frame := box.take(until)) is not None:
            if seconds is not None and frame.seconds >= seconds:
                return
            tracks = tracker.update(seeing.see(frame.image, frame.seconds, stance.ground), frame.seconds, frame.image)
            if said := asking.ask(frame.image, tracks, frame.seconds):
                tracks = tracker.learn(said)
            delay = time.monotonic() - frame.taken
            known = (frame.name, models.heights, seeing.ahead, stance.ground)
            watched = WatchedFrame(frame.number, frame.seconds, delay, box.drops, tracks, frame.image, *known)
            yield watched
            if stance.is_due(frame.seconds):
                stance = stance.after(tracks, watched.where, frame.image.height, frame.seconds)
    finally:
        stop.set()
        box.close()
        if grabber.ident is not None:  # it was started
            grabber.join(_LONGEST_END_S)
        source.close()


def _grab(source: Source, box: Mailbox[Frame], stop: Event, paced: bool) -> None:
    """Put the frames of a source into a mailbox, and close it at the end."""
    frames = source.frames(stop)
    try:
        for frame in at_their_times(frames, stop.wait) if paced else frames:
            if stop.is_set() or not box.put(frame):
                break
    except BaseException as error:
        box.close(error)
    else:
        box.close()
