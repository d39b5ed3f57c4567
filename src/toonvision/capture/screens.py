"""Grabbing what is on the screen, with the reasons for which it cannot be seen said before anything starts."""

import contextlib
import os
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from PIL import Image

from toonvision.capture.areas import Area, Monitor, Region, Titled
from toonvision.core.errors import EnvironmentFaultError, UsageError

if TYPE_CHECKING:
    from toonvision.capture.x11 import FollowedWindow

ON_X11 = sys.platform.startswith("linux")


def require_screen() -> None:
    """Check that this session lets programs see its screen.

    Raises:
        EnvironmentFaultError: If it runs Wayland, or there is no display; names the remedy.
    """
    if not ON_X11:
        return
    if os.environ.get("WAYLAND_DISPLAY") or os.environ.get("XDG_SESSION_TYPE") == "wayland":
        raise EnvironmentFaultError(
            "this session runs Wayland, where no program can see the screen. Log out, choose a session on X11 (Xorg) "
            "on the login screen, log in, and run again."
        )
    if not os.environ.get("DISPLAY"):
        raise EnvironmentFaultError(
            "there is no screen: DISPLAY is not set. Run this in a terminal of a graphical session, or on a virtual "
            "screen: xvfb-run -a toonvision ..."
        )


class Screen:
    """Grabs an area of the screen, again and again; use it as a context manager, in one thread at a time.

    Attributes:
        area: What is grabbed.
    """

    def __init__(self, area: Area) -> None:
        """Connect to the screen and find the area.

        Raises:
            EnvironmentFaultError: If the screen cannot be seen.
            UsageError: If there is no such monitor or window, or the region lies outside of all monitors.
        """
        require_screen()
        self.area = area
        self._is_closed = False
        self._window: FollowedWindow | None = None
        self._grabber = _grabber()
        try:
            self._monitors = [Region(**{side: one[side] for side in _SIDES}) for one in self._grabber.monitors]
            self._fixed = self._found(area)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Leave the screen; a second time does nothing, for mss would free its connection again."""
        from mss.exception import ScreenShotError

        if self._is_closed:
            return
        self._is_closed = True
        if self._window:
            self._window.close()
        with contextlib.suppress(ScreenShotError):  # the X server may have ended before
            self._grabber.close()

    def grab(self) -> Image.Image | None:
        """Return what is there now, in RGB; None while a window is hidden or outside of the screen.

        A window is grabbed as it is seen: what lies over it is in the picture.

        Raises:
            WindowGoneError: If the window was closed.
            EnvironmentFaultError: If the screen cannot be seen any more.
        """
        from mss.exception import ScreenShotError

        where = self._fixed
        if self._window:
            rectangle = self._window.rectangle()
            where = rectangle.within(self._monitors[0]) if rectangle else None
        if where is None:
            return None
        try:
            shot = self._grabber.grab({side: getattr(where, side) for side in _SIDES})
        except (ScreenShotError, AssertionError) as error:  # the latter where the X server has ended
            why = str(error) or "the X server has ended"
            raise EnvironmentFaultError(f"the screen cannot be seen any more ({why}). Run again.") from error
        # Four bytes a pixel, row by row: blue, green, red, and one that is not used.
        return Image.frombuffer("RGB", (shot.width, shot.height), shot.raw, "raw", "BGRX", 0, 1)

    def _found(self, area: Area) -> Region | None:
        """Return the rectangle of what does not move; connect to a window."""
        if isinstance(area, Titled):
            self._window = _followed(area.title)
            return None
        if isinstance(area, Monitor):
            if area.number >= len(self._monitors):
                raise UsageError(f"a monitor is a number from 0 to {len(self._monitors) - 1}; got {area.number}.")
            return self._monitors[area.number]
        inside = area.within(self._monitors[0])
        if inside != area:
            raise UsageError(f"the region {area} is not within the screen, which is {self._monitors[0]}. Correct it.")
        return area


_SIDES = ("left", "top", "width", "height")


def _grabber() -> Any:
    import mss
    from mss.exception import ScreenShotError

    try:
        return mss.MSS()
    except ScreenShotError as error:
        raise EnvironmentFaultError(
            f"the screen cannot be seen ({error}). Run this as the user whose session it is, in a terminal of that "
            "session."
        ) from error


def _followed(title: str) -> "FollowedWindow":
    if not ON_X11:
        raise UsageError("windows are found by their titles on X11 alone. Name a --region instead.")
    from toonvision.capture.x11 import FollowedWindow

    return FollowedWindow(title)
