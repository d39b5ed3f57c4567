"""Round numbers for the ticks of an axis."""

import math
from collections.abc import Sequence

_STEPS = (1, 2, 5)
_FEW = 3


def round_ticks(low: float, high: float, *, most: int = 6) -> list[float]:
    """Return round numbers within a range, in steps of 1, 2 or 5 times a power of ten.

    Args:
        low: The smallest value.
        high: The largest value, at least `low`.
        most: The largest number of ticks, at least 4; with fewer, some ranges would have none.

    Examples:
        >>> round_ticks(1.37, 1.53)
        [1.4, 1.45, 1.5]
        >>> round_ticks(0, 43)
        [0.0, 10.0, 20.0, 30.0, 40.0]
    """
    if not high > low:
        return [low]
    power = 10 ** (math.floor(math.log10(high - low)) - 1)
    sizes = (power * 10**more * step for more in (0, 1, 2) for step in _STEPS)
    step = next(size for size in sizes if (high - low) / size <= most - 1 + 1e-9)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{number * step:.12g}") for number in range(first, last + 1)]


def log_ticks(low: float, high: float, *, most: int = 6) -> list[float]:
    """Return round numbers for a logarithmic axis: 1, 2 and 5 times powers of ten, or an even step if those are few.

    Takes what `round_ticks` takes; `low` is over 0.

    Examples:
        >>> log_ticks(0.09, 1.4)
        [0.1, 0.2, 0.5, 1.0]
        >>> log_ticks(1e-5, 10)
        [0.0001, 0.01, 1.0]
    """
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    within = [s * 10.0**power for power in range(first, last + 1) for s in _STEPS if low <= s * 10.0**power <= high]
    if len(within) < _FEW:
        return round_ticks(low, high, most=most)
    if len(within) <= most:
        return _rounded(within)
    apart = math.ceil((last - first + 1) / most)
    return _rounded([10.0**power for power in range(first, last + 1) if not power % apart and low <= 10**power <= high])


def _rounded(values: Sequence[float]) -> list[float]:
    return [float(f"{value:.12g}") for value in values]
