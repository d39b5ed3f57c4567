"""What only X11 knows: the windows by their titles, where they are, and keys that are pressed anywhere."""

import contextlib
import select
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from toonvision.capture.areas import Region
from toonvision.core.errors import EnvironmentFaultError, UsageError
from toonvision.core.wording import some

if TYPE_CHECKING:
    from Xlib.display import Display
    from Xlib.xobject.drawable import Window

_MOST_LISTED = 8


class WindowGoneError(EnvironmentFaultError):
    """The window that was followed is closed."""


class FollowedWindow:
    """A window of the X server, found by its title.

    Attributes:
        title: Its whole title when it was found.
    """

    def __init__(self, title: str) -> None:
        """Find the window whose title is this, or else the only one whose title holds it.

        Raises:
            UsageError: If there is none, or several.
        """
        self._display = _connected()
        found = {window.id: (said, window) for said, window in _titled(self._display)}.values()
        matching = [one for one in found if one[0] == title] or [
            one for one in found if title.lower() in one[0].lower()
        ]
        if len(matching) != 1:
            self.close()
            raise UsageError(_not_one(title, [said for said, _ in matching or found], several=bool(matching)))
        self.title, self._window = matching[0]

    def rectangle(self) -> Region | None:
        """Return where it is on the desktop now; None while it is hidden.

        Raises:
            WindowGoneError: If it was closed.
        """
        from Xlib.error import ConnectionClosedError, XError
        from Xlib.X import IsViewable

        try:
            if self._window.get_attributes().map_state != IsViewable:
                return None
            size = self._window.get_geometry()
            corner = self._display.screen().root.translate_coords(self._window, 0, 0)
        except (XError, ConnectionClosedError):
            raise WindowGoneError(f"the window {self.title!r} was closed. Open it again, then run again.") from None
        return Region(corner.x, corner.y, size.width, size.height)

    def close(self) -> None:
        """Leave the X server."""
        with contextlib.suppress(Exception):  # it may have ended before
            self._display.close()


@contextlib.contextmanager
def grabbed_key(name: str) -> Iterator["KeyGrab"]:
    """Take a key for ourselves, in whatever window it is pressed.

    Args:
        name: The key as X11 calls it, such as ``F9`` or ``Print``.

    Raises:
        UsageError: If no key is called so, or another program has taken it.
    """
    from Xlib import XK, X
    from Xlib.error import BadAccess, CatchError

    display = _connected()
    try:
        symbol = XK.string_to_keysym(name)
        code = display.keysym_to_keycode(symbol) if symbol else 0
        if not code:
            raise UsageError(f"a key is named as X11 does, such as F9 or Print; got {name!r}.")
        root, taken = display.screen().root, CatchError(BadAccess)
        # NumLock and CapsLock count as held keys; each mixture of them is another key to the server. Who plays may hold
        # Shift or Ctrl to run or jump; another program may have such a mixture for itself.
        for held in (0, X.ShiftMask, X.ControlMask, X.ShiftMask | X.ControlMask):
            for locks in (0, X.LockMask, X.Mod2Mask, X.LockMask | X.Mod2Mask):
                refused = CatchError(BadAccess) if held else taken
                root.grab_key(code, held | locks, True, X.GrabModeAsync, X.GrabModeAsync, onerror=refused)
        display.sync()
        if taken.get_error():
            raise UsageError(f"another program has taken the key {name}. Choose another --key.")
        yield KeyGrab(display, code)
    finally:
        display.close()


class KeyGrab:
    """A key that was taken."""

    def __init__(self, display: "Display", code: int) -> None:
        self._display, self._code = display, code

    def pressed(self, *, within_s: float) -> bool:
        """Wait for the key; return whether it was pressed in time."""
        from Xlib.X import KeyPress

        until = time.monotonic() + within_s
        while True:
            while self._display.pending_events():
                event: Any = self._display.next_event()
                if event.type == KeyPress and event.detail == self._code:
                    return True
            left = until - time.monotonic()
            if left <= 0:
                return False
            select.select([self._display.fileno()], [], [], left)


def _connected() -> "Display":
    from Xlib.display import Display
    from Xlib.error import DisplayError

    try:
        return Display()
    except (DisplayError, OSError) as error:
        raise EnvironmentFaultError(
            f"the X server cannot be asked for its windows ({error}). Start it again."
        ) from None


def _titled(display: "Display") -> Iterator[tuple[str, "Window"]]:
    """Yield all windows that have a title: those that the window manager lists, or else all that there are."""
    root = display.screen().root
    listed = root.get_full_property(display.intern_atom("_NET_CLIENT_LIST"), 0)
    waiting = [display.create_resource_object("window", one) for one in listed.value] if listed else [root]
    known = {one.id for one in waiting}
    while waiting:
        window = waiting.pop(0)
        with contextlib.suppress(Exception):  # a window may close while we look
            if title := _title(display, window):
                yield title, window
            children = [] if listed else window.query_tree().children
            waiting += [one for one in children if one.id not in known]
            known |= {one.id for one in children}


def _title(display: "Display", window: "Window") -> str:
    from Xlib.X import AnyPropertyType
    from Xlib.Xatom import STRING

    for name in ("_NET_WM_NAME", "WM_NAME"):
        said = window.get_full_property(display.intern_atom(name), AnyPropertyType)
        if said and said.value:
            encoding = "latin-1" if said.property_type == STRING else "utf-8"
            return bytes(said.value).decode(encoding, errors="replace")
    return ""


def _not_one(title: str, titles: list[str], *, several: bool) -> str:
    listed = some([repr(one) for one in titles], _MOST_LISTED) or "none"
    if several:
        remedy = "Write more of it" if len(set(titles)) > 1 else "Close all but one, or name a region instead"
        return f"{len(titles)} windows have {title!r} in their title: {listed}. {remedy}."
    return f"no window has {title!r} in its title. Open are: {listed}. Name one of them, or open it first."
