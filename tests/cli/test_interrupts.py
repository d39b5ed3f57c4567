import signal
from contextlib import suppress

import pytest

from toonvision.cli.interrupts import heed, listen


@pytest.fixture(autouse=True)
def _handlers_as_before():
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    listen()
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_that_a_library_swallows_is_raised_again_in_the_next_round(number):
    listen()
    heed()
    with suppress(KeyboardInterrupt):
        signal.raise_signal(number)
        pytest.fail("nothing was raised at once")
    with pytest.raises(KeyboardInterrupt):
        heed()
    listen()
    heed()


def test_ctrl_c_stays_ignored_where_whoever_started_us_has_it_ignored():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    listen()
    signal.raise_signal(signal.SIGINT)
    heed()
