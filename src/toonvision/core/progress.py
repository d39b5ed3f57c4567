"""How long work reports its progress."""

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called with the numbers of items done and of all items, by the thread that does the work."""


def silent(done: int, total: int) -> None:
    """Report nothing."""
