"""Frames, and what every source of them has in common."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from threading import Event
from typing import Protocol

from PIL import Image

from toonvision.core.errors import Finding


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of a source.

    Attributes:
        number: From 1; numbers of frames that were never grabbed are not used.
        seconds: When it was taken, from the beginning of the source on; later than the frame before.
        image: In RGB.
        taken: The same moment, as `time.monotonic` has it: when it was grabbed, decoded or drawn.
        name: The file that it is from, where each frame has its own.
    """

    number: int
    seconds: float
    image: Image.Image
    taken: float
    name: str = ""


class Source(Protocol):
    """Where frames come from: a screen, a camera, a video, a folder, the drawn world."""

    @property
    def title(self) -> str:
        """What people call it."""

    @property
    def live(self) -> bool:
        """Whether it goes on while nobody looks, so that only the newest frame is of use."""

    @property
    def findings(self) -> list[Finding]:
        """What went wrong so far, with the time."""

    def frames(self, stop: Event) -> Iterator[Frame]:
        """Yield its frames in their order, until it ends or is stopped.

        Raises:
            EnvironmentFaultError: If it cannot be read any more, and has not just ended.
        """

    def close(self) -> None:
        """Leave it; a second time does nothing."""


def at_their_times(
    frames: Iterable[Frame], wait: Callable[[float], object], now: Callable[[], float] = time.monotonic
) -> Iterator[Frame]:
    """Yield frames not before their time has come, counted from now on; late ones at once.

    One that had to wait counts as taken when its time came, so that its delay is that of handling it.

    Args:
        frames: Of a file.
        wait: Waits for so many seconds.
        now: The clock, in seconds.
    """
    started = now()
    for frame in frames:
        due = started + frame.seconds
        wait(max(0.0, due - now()))
        yield replace(frame, taken=max(frame.taken, due))


def clock(seconds: float) -> str:
    """Write a time of a source.

    Examples:
        >>> clock(3.14159), clock(75.06), clock(3661.2)
        ('0:03.1', '1:15.1', '1:01:01.2')
    """
    tenths = round(10 * max(0.0, seconds))
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    return f"{f'{hours}:{minutes:02}' if hours else minutes}:{rest / 10:04.1f}"
