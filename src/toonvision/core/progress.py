"""How long work reports what it does, without knowing who follows it."""

from collections.abc import Callable
from typing import Any

Progress = Callable[[int, int], None]
"""Called with (done, total) from the thread that does the work."""


def silent(done: int, total: int) -> None:
    """Ignore progress."""


class _Unwatched:
    """Stands in for a watcher of any kind: each of its methods does nothing."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return _ignore


def _ignore(*_: object, **__: object) -> None:
    """Ignore what happened."""


unwatched: Any = _Unwatched()
"""For work that nobody follows. Whoever follows it derives from the work's own protocol, whose methods do nothing."""
