"""The front of size against error: the networks that no other one beats in both."""

import math
from collections.abc import Hashable, Mapping
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)


def pareto_front(costs: Mapping[Key, tuple[float, float]]) -> list[Key]:
    """Choose what nothing else is at least as good in both costs and better in one.

    Args:
        costs: Each one's two costs; less is better; who has NaN or infinity is never chosen.

    Returns:
        The chosen, by rising first cost.

    Examples:
        >>> pareto_front({"small": (1, 9), "middle": (4, 4), "wasteful": (5, 4), "large": (9, 1)})
        ['small', 'middle', 'large']
    """
    chosen: list[Key] = []
    best = float("inf")
    known = [(pair, key) for key, pair in costs.items() if all(map(math.isfinite, pair))]
    for (_, second), key in sorted(known, key=lambda item: item[0]):
        if second < best:
            chosen.append(key)
            best = second
    return chosen
