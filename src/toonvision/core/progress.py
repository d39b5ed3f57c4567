"""How long work reports its progress."""

from collections.abc import Callable
from typing import Any

Progress = Callable[[int, int], None]
"""Called with the numbers of items done and of all items, by the thread that does the work."""


def silent(done: int, total: int) -> None:
    """Report nothing."""


class _Unwatched:
    """Stands in for a watcher of any kind: each of its methods does nothing."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_, **__: None


unwatched: Any = _Unwatched()
"""For work that nobody follows. A watcher derives from the protocol of the work; its methods do nothing by default."""
