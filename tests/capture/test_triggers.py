import os
import threading
import time
from contextlib import contextmanager
from itertools import islice

import pytest
from Xlib import XK, X
from Xlib.display import Display

from screens import press
from toonvision.capture import triggers
from toonvision.capture.triggers import every, on_enter, on_key
from toonvision.capture.x11 import grabbed_key
from toonvision.core.errors import UsageError


def soon(seconds):
    return time.monotonic() + seconds


class Clock:
    """A clock that goes on only while somebody sleeps."""

    def __init__(self):
        self.at = 1_000.0

    def monotonic(self):
        return self.at

    def sleep(self, seconds):
        self.at += seconds


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(triggers, "time", made)
    return made


def test_every_so_often_begins_at_once_and_ends_in_time(clock):
    moments = [clock.at for _ in every(0.25, until=1_000.875)]
    assert moments == [1_000, 1_000.25, 1_000.5, 1_000.75]
    assert clock.at == 1_000.875


def test_moments_that_were_missed_are_left_out(clock):
    moments = []
    for _ in every(0.25, until=1_001.25):
        moments.append(clock.at)
        clock.sleep(0.5)
    assert moments == [1_000, 1_000.5, 1_001]


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


@contextmanager
def pressed(key, *held):
    """Press a key again and again while the block runs."""
    end = threading.Event()

    def go_on():
        while not end.wait(0.05):
            press(key, *held)

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def test_a_key_is_noticed_wherever_it_is_pressed(display):
    with pressed("F9"):
        assert len(list(islice(on_key("F9", until=soon(30)), 2))) == 2
    with pressed("F8"):
        assert list(on_key("F9", until=soon(0.5))) == []


@pytest.mark.parametrize("held", [("Shift_L",), ("Control_L",), ("Shift_L", "Control_L")])
def test_a_key_is_noticed_while_who_plays_runs_or_jumps(display, held):
    with pressed("F9", *held):
        assert len(list(islice(on_key("F9", until=soon(30)), 1))) == 1


def test_a_key_that_another_program_has_with_shift_alone_can_be_taken(display):
    other = Display(display)
    code = other.keysym_to_keycode(XK.string_to_keysym("F6"))
    other.screen().root.grab_key(code, X.ShiftMask, True, X.GrabModeAsync, X.GrabModeAsync)
    other.sync()
    with pressed("F6"):
        assert len(list(islice(on_key("F6", until=soon(30)), 1))) == 1
    other.close()


def test_a_key_that_is_none_or_is_taken_is_refused(display):
    with pytest.raises(UsageError, match="a key is named as X11 does, such as F9 or Print; got 'Fnord'"):
        next(on_key("Fnord", until=soon(1)))
    with grabbed_key("F7"), pytest.raises(UsageError, match="another program has taken the key F7. Choose another"):
        next(on_key("F7", until=soon(1)))
