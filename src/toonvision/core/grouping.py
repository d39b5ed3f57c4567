"""Items that belong together."""

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

Item = TypeVar("Item")
Key = TypeVar("Key", bound=Hashable)


def grouped(items: Iterable[Item], by: Callable[[Item], Key]) -> dict[Key, list[Item]]:
    """Return items by their key, both in the order in which they come.

    Examples:
        >>> grouped(["apple", "pear", "avocado"], lambda name: name[0])
        {'a': ['apple', 'avocado'], 'p': ['pear']}
    """
    found: dict[Key, list[Item]] = {}
    for item in items:
        found.setdefault(by(item), []).append(item)
    return found
