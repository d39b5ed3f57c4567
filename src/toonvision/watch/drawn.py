"""The drawn world as a source to watch: figures walk through a street, for as long as somebody looks."""

import itertools
import time
from collections.abc import Iterator
from threading import Event

from toonvision.core.errors import Finding
from toonvision.watch.frames import Frame
from toonvision.world.screenshot_plans import plan_video
from toonvision.world.video import FRAMES_PER_SECOND, random_sequence


class DrawnSource:
    """A walking scene of the drawn world, ten frames a second, without end."""

    live = False

    def __init__(self, seed: int = 0) -> None:
        """Choose a scene.

        Args:
            seed: The same seed gives the same frames, those of ``toonvision sample --video``.
        """
        self.title = "the drawn world" if not seed else f"the drawn world, seed {seed}"
        self.findings: list[Finding] = []
        (plan,) = plan_video(1, seed=seed)
        self._sequence = random_sequence(plan.street, plan.labels, seed=plan.seed)

    def frames(self, stop: Event) -> Iterator[Frame]:
        """Yield its frames, each drawn when it is asked for."""
        for at in itertools.count():
            if stop.is_set():
                return
            image = self._sequence.frame(at).image
            yield Frame(at + 1, at / FRAMES_PER_SECOND, image, time.monotonic())

    def close(self) -> None:
        """Do nothing: there is nothing to leave."""
