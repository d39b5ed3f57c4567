import os
import subprocess
import sys

import numpy as np
import pytest
from virtual_screen import virtual_screen

from builders import scene
from screens import ShownWindow
from toonvision.capture.areas import Monitor, Region, Titled, area_of
from toonvision.capture.screens import Screen
from toonvision.capture.x11 import WindowGoneError
from toonvision.core.errors import EnvironmentFaultError, UsageError

PICTURE = scene("shown", (320, 200))


@pytest.fixture
def window(display):
    shown = ShownWindow("Toontown Offline", PICTURE)
    yield shown
    shown.close()


def same(one, other):
    return one.mode == other.mode and np.array_equal(np.asarray(one), np.asarray(other))


def test_a_window_is_grabbed_as_it_is_shown_by_whatever_area(window):
    for area in (Titled("toontown"), Region(40, 30, 320, 200)):
        with Screen(area) as screen:
            assert same(screen.grab(), PICTURE)
    with Screen(Monitor()) as screen:
        whole = screen.grab()
        assert whole.size == (1280, 720)
        assert same(whole.crop((40, 30, 360, 230)), PICTURE)


def test_a_window_is_followed_when_it_is_moved_and_cut_where_it_leaves_the_screen(window):
    with Screen(Titled("Toontown Offline")) as screen:
        window.move(500, 100)
        assert same(screen.grab(), PICTURE)
        window.move(-100, 0)
        window.show(PICTURE)
        assert same(screen.grab(), PICTURE.crop((100, 0, 320, 200)))
        window.move(5000, 0)
        assert screen.grab() is None


def test_a_hidden_window_gives_no_picture_and_a_closed_one_ends_it(display):
    shown = ShownWindow("A game", PICTURE)
    with Screen(Titled("A game")) as screen:
        shown.hide()
        assert screen.grab() is None
        shown.close()
        with pytest.raises(WindowGoneError, match=r"the window 'A game' was closed\. Open it again"):
            screen.grab()


@pytest.mark.parametrize(("kind", "encoding"), [("UTF8_STRING", "utf-8"), ("STRING", "latin-1")])
def test_a_window_that_has_its_title_in_the_old_place_alone_is_found(display, kind, encoding):
    shown = ShownWindow("", PICTURE)
    atom = shown.display.intern_atom
    shown.window.change_property(atom("WM_NAME"), atom(kind), 8, "Das Spiel für alle".encode(encoding))
    shown.display.sync()
    with Screen(Titled("Spiel für")) as screen:
        assert same(screen.grab(), PICTURE)
    shown.close()


def test_a_title_that_no_window_or_several_windows_have_is_refused_with_what_is_open(window):
    with pytest.raises(UsageError, match="no window has 'chess' in its title. Open are: 'Toontown Offline'"):
        Screen(Titled("chess"))
    other = ShownWindow("Toontown Wiki", PICTURE)
    with pytest.raises(UsageError, match="2 windows have 'toontown' in their title: .* Write more of it"):
        Screen(Titled("toontown"))
    other.close()
    with Screen(Titled("toontown off")) as screen:
        assert screen.grab() is not None


def test_of_windows_with_one_title_none_is_asked_for_by_more_of_it(window):
    other = ShownWindow("Toontown Offline", PICTURE)
    with pytest.raises(UsageError, match="Close all but one, or name a region instead"):
        Screen(Titled("toontown off"))
    other.close()


def test_a_monitor_or_region_that_is_not_there_is_refused(display):
    with pytest.raises(UsageError, match="a monitor is a number from 0 to 1; got 7"):
        Screen(Monitor(7))
    with pytest.raises(UsageError, match="the region 1000,0,600x400 is not within the screen, which is 0,0,1280x720"):
        Screen(Region(1000, 0, 600, 400))


def test_a_session_without_a_screen_is_refused_before_anything_starts(monkeypatch):
    for variable in ("WAYLAND_DISPLAY", "XDG_SESSION_TYPE", "DISPLAY"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(EnvironmentFaultError, match="DISPLAY is not set.*xvfb-run -a toonvision"):
        Screen(Monitor())
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    with pytest.raises(EnvironmentFaultError, match="runs Wayland.*choose a session on X11"):
        Screen(Monitor())
    monkeypatch.delenv("WAYLAND_DISPLAY")
    monkeypatch.setenv("DISPLAY", ":987")
    for area in (Monitor(), Titled("a game")):
        with pytest.raises(EnvironmentFaultError, match="as the user whose session it is"):
            Screen(area)


def test_a_screen_that_ends_while_it_is_grabbed_is_a_fault_of_the_environment(monkeypatch, display):
    with virtual_screen((320, 240)) as other:
        monkeypatch.setenv("DISPLAY", other)
        screen = Screen(Monitor())
        assert screen.grab().size == (320, 240)
    with pytest.raises(EnvironmentFaultError, match="cannot be seen any more"):
        screen.grab()
    screen.close()


def test_an_x_server_that_ends_during_a_watch_ends_it_with_a_message():
    with virtual_screen((320, 240)) as name:
        environment = {
            one: value for one, value in os.environ.items() if one not in ("WAYLAND_DISPLAY", "XDG_SESSION_TYPE")
        }
        watching = subprocess.Popen(
            [sys.executable, "-m", "toonvision", "watch", "screen", "--headless", "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**environment, "DISPLAY": name},
        )
        watching.stdout.readline()
    _, complaints = watching.communicate(timeout=60)
    assert watching.returncode == 4, complaints
    assert "the screen cannot be seen any more" in complaints


def test_an_area_is_named_in_one_way():
    assert area_of() == Monitor(1)
    assert area_of(screen=0) == Monitor(0)
    assert area_of(region="-5,0,64x48") == Region(-5, 0, 64, 48)
    assert area_of(window="game") == Titled("game")
    with pytest.raises(UsageError, match="one area is watched; got --screen and --window. Leave one out"):
        area_of(screen=1, window="game")
    for wrong in ("1,2,3", "0,0,8x8", "a,b,cxd"):
        with pytest.raises(UsageError, match="a region is"):
            area_of(region=wrong)
