"""Watching a game: sources, the loop, tracks, the log, the page.

The package can be called: `toonvision.watch(source)` is `toonvision.watch.bot.watch`, whether or not a module of this
package, which has the same name, was imported before.
"""

import sys
from collections.abc import Generator
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toonvision.watch.loop import WatchedFrame


class _Callable(ModuleType):
    """The package itself."""

    def __call__(self, *source: Any, **options: Any) -> "Generator[WatchedFrame, None, None]":
        """Watch a source; see `toonvision.watch.bot.watch`."""
        from toonvision.watch.bot import watch

        return watch(*source, **options)


sys.modules[__name__].__class__ = _Callable
