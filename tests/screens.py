"""A virtual screen with real windows on it, for what looks at the screen: Xvfb, where it is installed."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from PIL import Image


def why_not() -> str:
    """Say why there is no virtual screen here; nothing where there is."""
    return "" if shutil.which("Xvfb") else "there is no Xvfb on this machine"


def require() -> None:
    """Skip a test where there is no virtual screen, unless TOONVISION_REQUIRE_SCREEN is set."""
    reason = why_not()
    if reason and os.environ.get("TOONVISION_REQUIRE_SCREEN"):
        pytest.fail(f"TOONVISION_REQUIRE_SCREEN is set, and {reason}")
    if reason:
        pytest.skip(reason)


@contextmanager
def on_screen(name: str) -> Iterator[None]:
    """Let this process use a screen, as in a session on X11."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DISPLAY", name)
        for variable in ("WAYLAND_DISPLAY", "XDG_SESSION_TYPE", "XAUTHORITY"):
            patch.delenv(variable, raising=False)
        yield


class ShownWindow:
    """A window with a title that shows a picture."""

    def __init__(self, title: str, picture: Image.Image, at: tuple[int, int] = (40, 30)) -> None:
        from Xlib import X
        from Xlib.display import Display

        self.display = Display()
        screen = self.display.screen()
        self.window = screen.root.create_window(
            *at, *picture.size, 0, screen.root_depth, X.InputOutput, background_pixel=screen.black_pixel
        )
        self.window.set_wm_name(title)
        self.window.map()
        self._context = self.window.create_gc()
        self.show(picture)

    def show(self, picture: Image.Image) -> None:
        """Draw another picture of the same size."""
        self.window.put_pil_image(self._context, 0, 0, picture)
        self.display.sync()

    def move(self, left: int, top: int) -> None:
        self.window.configure(x=left, y=top)
        self.display.sync()

    def hide(self) -> None:
        self.window.unmap()
        self.display.sync()

    def unhide(self) -> None:
        self.window.map()
        self.display.sync()

    def close(self) -> None:
        self.window.destroy()
        self.display.sync()
        self.display.close()


def press(key: str, *held: str) -> None:
    """Press and release a key while others are held, as a keyboard would."""
    from Xlib import XK, X
    from Xlib.display import Display
    from Xlib.ext.xtest import fake_input

    display = Display()
    codes = [display.keysym_to_keycode(XK.string_to_keysym(one)) for one in (*held, key)]
    for code in codes:
        fake_input(display, X.KeyPress, code)
    for code in reversed(codes):
        fake_input(display, X.KeyRelease, code)
    display.sync()
    display.close()
