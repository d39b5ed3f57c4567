"""A screen, a region or a window as a source."""

import time
from collections.abc import Iterator
from threading import Event

from toonvision.capture.areas import Area
from toonvision.capture.screens import Screen
from toonvision.capture.triggers import every
from toonvision.capture.x11 import WindowGoneError
from toonvision.core.errors import Finding
from toonvision.watch.frames import Frame, clock

_FOREVER = float("inf")
_HIDDEN = "it cannot be seen from here on; until it is back nothing is watched"


class ScreenSource:
    """Grabs an area of the screen at a steady rate."""

    live = True

    def __init__(self, area: Area, *, rate: float) -> None:
        """Find the area.

        Args:
            area: What of the screen.
            rate: Frames a second.

        Raises:
            EnvironmentFaultError: If the screen cannot be seen.
            UsageError: If there is no such monitor, region or window.
        """
        self.title = str(area)
        self.findings: list[Finding] = []
        self._screen = Screen(area)
        self._rate = rate

    def frames(self, stop: Event) -> Iterator[Frame]:
        """Yield what is on the screen; nothing while a window is hidden, no more once it is closed, and say either."""
        started, was_seen = time.monotonic(), True
        for number, _ in enumerate(every(1 / self._rate, until=_FOREVER), start=1):
            if stop.is_set():
                return
            taken = time.monotonic()
            try:
                image = self._screen.grab()
            except WindowGoneError as error:
                reason = f"ended at {clock(taken - started)}: {error}"
                self.findings.append(Finding(self.title, reason, code="window-closed"))
                return
            if image is None and was_seen:
                self.findings.append(Finding(f"{self.title}, {clock(taken - started)}", _HIDDEN, code="window-hidden"))
            was_seen = image is not None
            if image is not None:
                yield Frame(number, taken - started, image, taken)

    def close(self) -> None:
        """Leave the screen."""
        self._screen.close()
