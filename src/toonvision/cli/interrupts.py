"""Ctrl-C and SIGTERM: raised at once, and again if a library has swallowed the exception.

A handler's exception is raised in the code that is running. If that is a destructor or a callback from C, Python
prints it and continues: a training was seen to run for minutes after Ctrl-C. So code that works in rounds calls `heed`
in each.
"""

import signal
from types import FrameType
from typing import NoReturn

_asked: list[int] = []


def listen() -> None:
    """Make Ctrl-C and SIGTERM raise KeyboardInterrupt from now on, unless our parent process ignores Ctrl-C."""
    _asked.clear()
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _interrupt)


def heed() -> None:
    """Raise KeyboardInterrupt if Ctrl-C or SIGTERM came before."""
    if _asked:
        raise KeyboardInterrupt


def _interrupt(number: int, _frame: FrameType | None) -> NoReturn:
    _asked.append(number)
    raise KeyboardInterrupt
