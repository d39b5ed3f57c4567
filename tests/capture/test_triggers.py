import os
import threading
import time

import pytest

from screens import press
from toonvision.capture.triggers import every, on_enter, on_key
from toonvision.capture.x11 import grabbed_key
from toonvision.core.errors import UsageError


def soon(seconds):
    return time.monotonic() + seconds


def test_every_so_often_begins_at_once_and_ends_in_time():
    started = time.monotonic()
    moments = [time.monotonic() - started for _ in every(0.1, until=soon(0.35))]
    assert len(moments) == 4
    assert moments[0] < 0.05
    assert 0.3 <= time.monotonic() - started < 0.6


def test_moments_that_were_missed_are_left_out():
    moments = []
    for _ in every(0.1, until=soon(0.45)):
        moments.append(time.monotonic())
        time.sleep(0.2)
    assert len(moments) == 3


def test_each_line_is_a_moment_and_a_closed_terminal_ends_it():
    reading, writing = os.pipe()
    with os.fdopen(reading) as stream:
        os.write(writing, b"\n\n")
        os.close(writing)
        assert len(list(on_enter(until=soon(10), stream=stream))) == 2


def test_a_terminal_at_which_nothing_happens_ends_in_time():
    reading, writing = os.pipe()
    stream = os.fdopen(reading)
    assert list(on_enter(until=soon(0.1), stream=stream)) == []
    os.close(writing)


def test_a_key_is_noticed_wherever_it_is_pressed(display):
    threading.Timer(0.2, press, ["F9"]).start()
    threading.Timer(0.4, press, ["F8"]).start()
    threading.Timer(0.6, press, ["F9"]).start()
    assert len(list(on_key("F9", until=soon(1.2)))) == 2


def test_a_key_that_is_none_or_is_taken_is_refused(display):
    with pytest.raises(UsageError, match="a key is named as X11 does, such as F9 or Print; got 'Fnord'"):
        next(on_key("Fnord", until=soon(1)))
    with grabbed_key("F7"), pytest.raises(UsageError, match="another program has taken the key F7. Choose another"):
        next(on_key("F7", until=soon(1)))
