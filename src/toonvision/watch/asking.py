"""Asking classifiers about tracks: only about those that are new, have come nearer, or are not sure yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from PIL import Image

from toonvision.core.errors import RejectedItemError
from toonvision.data.boxes import fit_box
from toonvision.data.fitting import fit
from toonvision.deploy.scene import Namer
from toonvision.watch.evidence import Said
from toonvision.watch.track import Track

GROWN: Final = 1.25
"""How much higher a box is than when its track was asked about, so that one is asked again."""
SURE: Final = 0.95
"""Probability of a class from which on its track is asked about less often, until it has grown."""
SURE_AGAIN_AFTER_S: Final = 1.0
"""How often a track is asked about of which all is sure: two figures that cross may have changed places."""
AGAIN_AFTER_S: Final = 0.2
"""Frames of one figure that follow one another are alike; asking about each brings nothing new."""
MOST_A_FRAME: Final = 4
"""So that a crowd does not delay a frame; the others come next."""


@dataclass(frozen=True)
class _Asked:
    seconds: float
    height: float


@dataclass
class Asking:
    """Knows which tracks were asked about, and when.

    Attributes:
        namers: Who is asked.
        level: The level of what the detector finds.
    """

    namers: Sequence[Namer]
    level: str
    _asked: dict[int, _Asked] = field(default_factory=dict)

    def ask(self, image: Image.Image, tracks: Sequence[Track], seconds: float) -> Mapping[int, Said]:
        """Return what the classifiers say of the tracks that are due.

        Args:
            image: The frame in its full size, in RGB.
            tracks: All tracks of it.
            seconds: When it was taken.

        Returns:
            Number of a track, to level, to class, to probability.
        """
        said = {}
        for track in self._due(tracks, seconds):
            self._asked[track.number] = _Asked(seconds, _height(track))
            said[track.number] = self._answers(image, track)
        gone = self._asked.keys() - {track.number for track in tracks}
        for number in gone:
            del self._asked[number]
        return said

    def _due(self, tracks: Sequence[Track], seconds: float) -> list[Track]:
        due = [one for one in tracks if one.found is not None and self._is_due(one, seconds)]
        due.sort(key=lambda one: self._asked[one.number].seconds if one.number in self._asked else -1.0)
        return due[:MOST_A_FRAME]

    def _is_due(self, track: Track, seconds: float) -> bool:
        if not self._for(track):
            return False
        before = self._asked.get(track.number)
        if before is None:
            return True
        waited = seconds - before.seconds
        if waited < AGAIN_AFTER_S:
            return False
        sure = min(track.evidence.confidences.get(one.level, 0.0) for one in self._for(track)) >= SURE
        return not sure or waited >= SURE_AGAIN_AFTER_S or _height(track) >= GROWN * before.height

    def _for(self, track: Track) -> list[Namer]:
        found = track.evidence.path.get(self.level, "")
        return [one for one in self.namers if one.knows(found, self.level)]

    def _answers(self, image: Image.Image, track: Track) -> Said:
        try:
            box, _ = fit_box(track.found_box, image.size)
        except RejectedItemError:  # less than a pixel wide or high
            return {}
        crop = image.crop(box.xyxy)
        found = {}
        for one in self._for(track):
            # One picture at a time needs no thread but this.
            (row,) = one.answer(fit(crop, size_hw=one.size_hw, resize=one.resize)[None]).probabilities
            found[one.level] = {name: float(share) for name, share in zip(one.classes, row, strict=True)}
        return found


def _height(track: Track) -> float:
    return track.box[3] - track.box[1]
