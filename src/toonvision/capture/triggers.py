"""When a picture is taken: every few seconds, when it has changed, on Enter, or on a key that is pressed anywhere.

Each trigger is an iterator that waits and yields at each moment, until a time of `time.monotonic` is reached.
"""

import queue
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, TextIO

from toonvision.capture.screens import ON_X11, require_screen
from toonvision.core.errors import UsageError

if TYPE_CHECKING:
    from toonvision.capture.x11 import KeyGrab

ENTER = "enter"
LOOKS_A_SECOND = 4.0
_LONGEST_WAIT_S = 0.5
"""Ctrl-C is noticed in between."""


def every(seconds: float, *, until: float) -> Iterator[None]:
    """Yield at once, and then every so many seconds; moments that were missed are left out."""
    due = time.monotonic()
    while due < until:
        _sleep_until(due)
        yield
        due = max(due + seconds, time.monotonic())
    _sleep_until(min(until, due))


def on_enter(*, until: float, stream: TextIO | None = None) -> Iterator[None]:
    """Yield at each line of the terminal, until it is closed (Ctrl-D)."""
    lines: queue.Queue[bool] = queue.Queue()
    source = sys.stdin if stream is None else stream

    def read() -> None:
        for _ in source:
            lines.put(True)
        lines.put(False)

    # Reading cannot be given up; the thread ends with the program.
    threading.Thread(target=read, daemon=True).start()
    while (left := until - time.monotonic()) > 0:
        try:
            if not lines.get(timeout=min(left, _LONGEST_WAIT_S)):
                return
        except queue.Empty:
            continue
        yield


def on_key(name: str, *, until: float) -> Iterator[None]:
    """Take a key at once, and yield whenever it is pressed, in whatever window.

    Raises:
        UsageError: If this is not X11, no key is called so, or another program has taken it.
    """
    if not ON_X11:
        raise UsageError("a key is noticed in other windows on X11 alone. Use --key enter, and press Enter here.")
    require_screen()
    from toonvision.capture.x11 import grabbed_key

    taken = ExitStack()
    return _presses(taken, taken.enter_context(grabbed_key(name)), until)


def _presses(taken: ExitStack, key: "KeyGrab", until: float) -> Iterator[None]:
    with taken:
        while (left := until - time.monotonic()) > 0:
            if key.pressed(within_s=min(left, _LONGEST_WAIT_S)):
                yield


def _sleep_until(moment: float) -> None:
    while (left := moment - time.monotonic()) > 0:
        time.sleep(min(left, _LONGEST_WAIT_S))
