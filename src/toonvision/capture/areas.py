"""What of the screen is meant: a monitor, a region, or the window of a title."""

import re
from dataclasses import dataclass

from toonvision.core.errors import UsageError
from toonvision.core.wording import listed

_REGION = re.compile(r"(-?\d{1,5}),(-?\d{1,5}),(\d{1,5})x(\d{1,5})")
_SMALLEST = 16


@dataclass(frozen=True)
class Monitor:
    """A whole monitor.

    Attributes:
        number: From 1; 0 is the rectangle around all monitors.
    """

    number: int = 1

    def __str__(self) -> str:
        return f"monitor {self.number}" if self.number else "all monitors"


@dataclass(frozen=True)
class Region:
    """A rectangle of the desktop, in pixels.

    Attributes:
        left: Its left edge.
        top: Its upper edge.
        width: How wide it is.
        height: How high it is.
    """

    left: int
    top: int
    width: int
    height: int

    @classmethod
    def parse(cls, text: str) -> "Region":
        """Read ``LEFT,TOP,WIDTHxHEIGHT``.

        Raises:
            UsageError: If it is something else, or a side is shorter than 16 pixels.

        Examples:
            >>> Region.parse("0,30,1280x720")
            Region(left=0, top=30, width=1280, height=720)
        """
        found = _REGION.fullmatch(text)
        if not found:
            raise UsageError(f"a region is LEFT,TOP,WIDTHxHEIGHT in pixels, such as 0,30,1280x720; got {text!r}.")
        region = cls(*map(int, found.groups()))
        if min(region.width, region.height) < _SMALLEST:
            raise UsageError(f"a region is at least {_SMALLEST} pixels wide and high; got {text!r}.")
        return region

    def within(self, other: "Region") -> "Region | None":
        """Return the part of it that lies in another one; None where none does."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        right = min(self.left + self.width, other.left + other.width)
        bottom = min(self.top + self.height, other.top + other.height)
        return Region(left, top, right - left, bottom - top) if left < right and top < bottom else None

    def __str__(self) -> str:
        return f"{self.left},{self.top},{self.width}x{self.height}"


@dataclass(frozen=True)
class Titled:
    """The window of a title, wherever it is moved.

    Attributes:
        title: Its title, or a part of it, in any case.
    """

    title: str

    def __str__(self) -> str:
        return f"the window {self.title!r}"


Area = Monitor | Region | Titled


def area_of(*, screen: int | None = None, region: str | None = None, window: str | None = None) -> Area:
    """Return what is meant by at most one of three ways to say it; the first monitor where none is given.

    Raises:
        UsageError: If two are given, or the region is none.
    """
    named = (("--screen", screen), ("--region", region), ("--window", window))
    given = [flag for flag, value in named if value is not None]
    if len(given) > 1:
        raise UsageError(f"one area is watched; got {listed(given)}. Leave one out.")
    if region is not None:
        return Region.parse(region)
    return Monitor(1 if screen is None else screen) if window is None else Titled(window)
