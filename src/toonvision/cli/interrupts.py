"""Ctrl-C, SIGTERM and SIGHUP: raised at once, and again if a library has swallowed the exception.

A handler's exception is raised in the code that is running. If that is a destructor or a callback from C, Python
prints it and continues: a training was seen to run for minutes after Ctrl-C. So code that works in rounds calls `heed`
in each, and what Python prints is dropped. While the command line itself is imported, they are only noted. SIGHUP comes
where the terminal is closed; Windows does not have it.
"""

import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_asked: list[int] = []


def hold() -> None:
    """Keep the signals for `heed` from now on, and forget earlier ones: an import must not stop halfway."""
    _asked.clear()
    _handle(_note)


def listen() -> None:
    """Make the signals raise KeyboardInterrupt from now on; Ctrl-C and SIGHUP stay ignored where our parent does so."""
    sys.unraisablehook = _unless_asked
    _handle(_interrupt)


def heed() -> None:
    """Raise KeyboardInterrupt if one of the signals came before."""
    if _asked:
        raise KeyboardInterrupt


def ignore() -> None:
    """Ignore the signals from now on: the work is done, and Python's shutdown would let them kill us."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _unless_asked(unraisable: "sys.UnraisableHookArgs") -> None:
    """Print what a destructor or a callback raised, but not the interrupt, which `heed` raises again."""
    if not (_asked and issubclass(unraisable.exc_type, KeyboardInterrupt)):
        sys.__unraisablehook__(unraisable)


def _handle(handler: Callable[[int, FrameType | None], None]) -> None:
    for number in SIGNALS:
        if number == signal.SIGTERM or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _note(number: int, _frame: FrameType | None) -> None:
    _asked.append(number)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    _note(number, frame)
    raise KeyboardInterrupt
