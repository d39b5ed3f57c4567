"""A letter box for one frame, between the thread that grabs and the one that looks."""

import math
import time
from threading import Condition
from typing import Generic, TypeVar

T = TypeVar("T")
_LOOK_EVERY_S = 0.5
"""Ctrl-C is noticed in between."""


class Mailbox(Generic[T]):
    """Holds at most one thing.

    Attributes:
        drops: How many things were replaced before anybody took them.
    """

    def __init__(self, *, newest: bool) -> None:
        """Begin empty.

        Args:
            newest: Whether a new thing replaces one that still lies there; otherwise it waits until there is room.
        """
        self.drops = 0
        self._newest = newest
        self._there: T | None = None
        self._closed = False
        self._error: BaseException | None = None
        self._changed = Condition()

    def put(self, thing: T) -> bool:
        """Put a thing in; return whether anybody still takes things out."""
        with self._changed:
            while self._there is not None and not self._newest and not self._closed:
                self._changed.wait(_LOOK_EVERY_S)
            if self._closed:
                return False
            self.drops += self._there is not None
            self._there = thing
            self._changed.notify_all()
            return True

    def take(self, until: float = math.inf) -> T | None:
        """Wait for the next thing; return None once it is closed and empty, or raise the error that it was closed with.

        Args:
            until: When to return None, too, as `time.monotonic` has it.

        Raises:
            BaseException: What ended the other side.
        """
        with self._changed:
            while self._there is None and not self._closed and (left := until - time.monotonic()) > 0:
                self._changed.wait(min(left, _LOOK_EVERY_S))
            thing, self._there = self._there, None
            self._changed.notify_all()
            if thing is None and self._error is not None:
                raise self._error
            return thing

    def close(self, error: BaseException | None = None) -> None:
        """Let nothing in any more; what lies there can still be taken."""
        with self._changed:
            self._closed = True
            self._error = self._error or error
            self._changed.notify_all()
