import pytest
from virtual_screen import virtual_screen

import screens
from builders import scene
from toonvision.api import capturing
from toonvision.api.capturing import CaptureOrder
from toonvision.capture.areas import area_of

SIZE = (320, 200)


@pytest.fixture(scope="module")
def shown():
    screens.require()
    with virtual_screen((640, 400)) as name, screens.on_screen(name):
        window = screens.ShownWindow("A game", scene("a", SIZE))
        yield window
        window.close()


def moments(monkeypatch, count, before=lambda _: None):
    """Let so many moments come at once, whatever was asked for, and call a function before each."""

    def every(*_, **__):
        for number in range(1, count + 1):
            before(number)
            yield

    monkeypatch.setattr(capturing, "every", every)


def test_screenshots_are_taken_into_the_context_without_repetitions(run, shown, own_workspace, monkeypatch):
    shown.show(scene("a", SIZE))
    asked = ("--context", "garden", "--window", "a game", "-w", own_workspace.root)
    moments(monkeypatch, 6, lambda number: number == 4 and shown.show(scene("b", SIZE)))
    outcome = run("capture", *asked, "--every", "0.2", "--seconds", "1.5", "--json")
    assert outcome.code == 0, outcome.err
    assert len(outcome.json["screenshots"]) == 2
    assert outcome.json["left_out"] == 4
    assert "left out: it repeats" in outcome.err
    before = len(list((own_workspace.root / "screenshots" / "garden").glob("*.png")))
    assert run("capture", *asked, "--changes", "--seconds", "0.5", "--json").json["screenshots"] == []
    assert len(list((own_workspace.root / "screenshots" / "garden").glob("*.png"))) == before
    extracted = run("extract", "-w", own_workspace.root, "--json")
    assert extracted.json["pictures_read"] >= 12, "a screenshot without annotation hinders nothing"


def test_a_count_ends_it_and_so_does_a_window_that_is_closed(run, shown, own_workspace, monkeypatch):
    asked = ("--context", "house", "-w", own_workspace.root, "--every", "0.1")
    other = screens.ShownWindow("Closing", scene("c", SIZE))
    counted = run("capture", *asked, "--window", "closing", "--count", "1", "--json")
    assert len(counted.json["screenshots"]) == 1
    moments(monkeypatch, 6, lambda number: number == 3 and other.close())
    closed = run("capture", *asked, "--window", "closing")
    assert closed.code == 0
    assert "the window 'Closing' was closed" in closed.err


def test_ctrl_c_ends_it_well(run, shown, own_workspace, monkeypatch):
    def interrupted(*_, **__):
        yield
        raise KeyboardInterrupt

    monkeypatch.setattr(capturing, "every", interrupted)
    outcome = run("capture", "--context", "house", "-w", own_workspace.root, "--region", "40,30,320x200", "--every", 1)
    assert outcome.code == 0
    assert "Took 1 screenshot" in outcome.out


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--every", "1"), "add --context, one of garden, house."),
        (("--context", "gardn"), "got 'gardn'. Did you mean garden?"),
        (("--context", "garden", "--every", "1", "--key", "enter"), "got --every and --key. Leave one out."),
        (("--context", "garden", "--changes", "--key", "F9"), "got --key and --changes. Leave one out."),
        (("--context", "garden", "--window", "x", "--screen", "1"), "got --screen and --window. Leave one out."),
    ],
)
def test_orders_that_contradict_themselves_are_refused(run, own_workspace, asked, said):
    outcome = run("capture", "-w", own_workspace.root, *asked)
    assert outcome.code == 2
    assert said in outcome.err


def test_a_key_that_is_none_is_refused_before_it_is_said_that_pictures_are_taken(run, shown, own_workspace):
    outcome = run("capture", "--context", "house", "-w", own_workspace.root, "--key", "F99")
    assert outcome.code == 2
    assert "a key is named as X11 does" in outcome.err
    assert "Taking pictures" not in outcome.err


def test_without_a_screen_nothing_is_begun(run, own_workspace, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("XDG_SESSION_TYPE", "tty")
    outcome = run("capture", "-w", own_workspace.root, "--context", "garden")
    assert outcome.code == 4
    assert "DISPLAY is not set" in outcome.err


def test_how_often_it_is_looked_whether_the_picture_has_changed_is_said():
    order = CaptureOrder(area_of(), every=2.0, changes=True)
    assert order.trigger() == "whenever the picture has changed, which is looked at every 2 s"
    assert CaptureOrder(area_of(), changes=True).trigger() == "whenever the picture has changed"
