"""Ctrl-C and what else asks the program to end: told at once, and again where a library has swallowed it.

A handler's exception comes up in whatever runs just then. Where that is a destructor or a callback from C, Python
prints it and goes on: a training was seen to run for minutes after Ctrl-C. So whoever works in rounds asks each round.
"""

import signal
from types import FrameType
from typing import NoReturn

_asked: list[int] = []


def listen() -> None:
    """Let Ctrl-C and SIGTERM raise KeyboardInterrupt from now on, unless whoever started us has Ctrl-C ignored."""
    _asked.clear()
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _interrupt)


def heed() -> None:
    """Raise KeyboardInterrupt if it was asked for before."""
    if _asked:
        raise KeyboardInterrupt


def _interrupt(number: int, _frame: FrameType | None) -> NoReturn:
    _asked.append(number)
    raise KeyboardInterrupt
