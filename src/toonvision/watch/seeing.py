"""Seeing a frame: what is found in it and, a few times a second, where one can walk."""

from dataclasses import dataclass
from typing import Final

from PIL import Image

from toonvision.metrics.found_objects import FoundObject
from toonvision.watch.distance import DEFAULT_GROUND, Ground
from toonvision.watch.models import WatchModels
from toonvision.watch.walkable import Ahead, ways

AGAIN_AFTER_S: Final = 0.2
"""Naming all pixels of a picture takes longer than finding in it, and the ground changes little in so short a time."""


@dataclass
class Seeing:
    """Looks at the frames of one source.

    Attributes:
        models: What it looks with.
        ahead: Where one can walk, as the last frame shows it that was asked about; None before the first, and where no
            model says that.
    """

    models: WatchModels
    ahead: Ahead | None = None

    def see(self, image: Image.Image, seconds: float, ground: Ground = DEFAULT_GROUND) -> tuple[FoundObject, ...]:
        """Return what is found in a frame; look for ways too, if that is due.

        Args:
            image: The frame, in RGB.
            seconds: When it was taken.
            ground: How the camera stands.

        Raises:
            ModelRefusedError: If an output is NaN, or a model cannot be run.
        """
        if self.models.street is None or not self._is_due(seconds):
            return self.models.find(image)
        found, pixels = self.models.find_with_pixels(image)
        self.ahead = Ahead(seconds, ways(pixels, self.models.pixel_classes, ground=ground))
        return found

    def _is_due(self, seconds: float) -> bool:
        return self.ahead is None or seconds - self.ahead.seconds >= AGAIN_AFTER_S
