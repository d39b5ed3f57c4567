"""What long work tells whoever watches, without knowing who that is."""

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called with (done, total) from the thread that does the work."""


def silent(done: int, total: int) -> None:
    """Watch nothing."""
