from itertools import accumulate, chain, repeat

import pytest

from toonvision.core import timing
from toonvision.core.timing import median_ms


def test_how_long_a_call_takes_is_the_median_of_fifteen_after_three_that_are_not_timed(monkeypatch):
    lasts = [0.5, *[0.002] * 8, *[0.9] * 6]
    clock = accumulate(chain.from_iterable((0.0, seconds) for seconds in lasts))
    monkeypatch.setattr(timing.time, "perf_counter", lambda: next(clock))
    calls = repeat(None, 18)
    assert median_ms(lambda: next(calls)) == pytest.approx(2)
    assert list(calls) == []
