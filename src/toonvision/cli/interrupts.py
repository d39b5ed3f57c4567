"""Ctrl-C and SIGTERM: raised at once, and again if a library has swallowed the exception.

A handler's exception is raised in the code that is running. If that is a destructor or a callback from C, Python
prints it and continues: a training was seen to run for minutes after Ctrl-C. So code that works in rounds calls `heed`
in each, and what Python prints is dropped. While the command line itself is imported, they are only noted.
"""

import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

_asked: list[int] = []


def hold() -> None:
    """Keep Ctrl-C and SIGTERM for `heed` from now on, and forget earlier ones: an import must not stop halfway."""
    _asked.clear()
    _handle(_note)


def listen() -> None:
    """Make Ctrl-C and SIGTERM raise KeyboardInterrupt from now on, unless our parent process ignores Ctrl-C."""
    sys.unraisablehook = _unless_asked
    _handle(_interrupt)


def heed() -> None:
    """Raise KeyboardInterrupt if Ctrl-C or SIGTERM came before."""
    if _asked:
        raise KeyboardInterrupt


def ignore() -> None:
    """Ignore Ctrl-C and SIGTERM from now on: the work is done, and Python's shutdown would let them kill us."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _unless_asked(unraisable: "sys.UnraisableHookArgs") -> None:
    """Print what a destructor or a callback raised, but not the interrupt, which `heed` raises again."""
    if not (_asked and issubclass(unraisable.exc_type, KeyboardInterrupt)):
        sys.__unraisablehook__(unraisable)


def _handle(handler: Callable[[int, FrameType | None], None]) -> None:
    signal.signal(signal.SIGTERM, handler)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, handler)


def _note(number: int, _frame: FrameType | None) -> None:
    _asked.append(number)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    _note(number, frame)
    raise KeyboardInterrupt
