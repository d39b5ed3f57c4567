"""How long a call takes."""

import statistics
import time
from collections.abc import Callable

_WARM_UP, _CALLS = 3, 15


def median_ms(call: Callable[[], object]) -> float:
    """Return how many milliseconds a call takes: the median of 15, after three others that are not timed."""
    for _ in range(_WARM_UP):
        call()
    return 1000 * statistics.median(_seconds(call) for _ in range(_CALLS))


def _seconds(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun
