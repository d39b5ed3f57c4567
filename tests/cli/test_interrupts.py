import json
import signal
import subprocess
import sys
import textwrap
from contextlib import suppress

import pytest

from toonvision.cli.interrupts import SIGNALS, heed, hold, listen
from toonvision.cli.watching import SearchDisplay, StudyDisplay, TrainingDisplay
from tuning.made import plausible


@pytest.fixture(autouse=True)
def _handlers_as_before():
    before, hook = {number: signal.getsignal(number) for number in SIGNALS}, sys.unraisablehook
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs the tests may ignore these
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    hold()
    sys.unraisablehook = hook
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_an_interrupt_that_a_library_swallows_is_raised_again_in_the_next_round(number):
    listen()
    heed()
    with suppress(KeyboardInterrupt):
        signal.raise_signal(number)
        pytest.fail("nothing was raised at once")
    with pytest.raises(KeyboardInterrupt):
        heed()
    hold()
    heed()


@pytest.mark.parametrize(
    "epoch_ended",
    [
        lambda: TrainingDisplay(repeats=1).epoch_ended(0, 1, {"val_loss": 1.0}),
        lambda: StudyDisplay().epoch_ended(None, 1, {"val_loss": 1.0}),
        lambda: SearchDisplay().update(plausible(3)),
    ],
    ids=["training", "study", "search"],
)
def test_whatever_trains_for_long_asks_whether_it_was_interrupted(epoch_ended):
    listen()
    with suppress(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        epoch_ended()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_ctrl_c_and_a_closed_terminal_stay_ignored_where_whoever_started_us_has_them_ignored(number):
    signal.signal(number, signal.SIG_IGN)
    listen()
    signal.raise_signal(number)
    heed()


class _Ends:
    """Raises an error when it is destroyed, as a library's destructor does while an interrupt comes."""

    def __init__(self, do):
        self.do = do

    def __del__(self):
        self.do()


def _refuse():
    raise ValueError("a bug")


def test_an_interrupt_within_a_destructor_prints_nothing_and_other_errors_do(capfd):
    listen()
    one = _Ends(lambda: signal.raise_signal(signal.SIGINT))
    del one
    with pytest.raises(KeyboardInterrupt):
        heed()
    assert capfd.readouterr().err == ""
    one = _Ends(_refuse)
    del one
    assert "ValueError: a bug" in capfd.readouterr().err


@pytest.mark.parametrize("number", SIGNALS)
def test_an_interrupt_while_the_program_is_imported_ends_with_one_line_and_130(number):
    script = f"""
        import importlib.abc, signal, sys
        from toonvision.__main__ import main

        class Striking(importlib.abc.MetaPathFinder):
            def find_spec(self, name, path, target=None):
                if name == "toonvision.cli.app":
                    signal.raise_signal({int(number)})

        sys.meta_path.insert(0, Striking())
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        sys.argv = ["toonvision", "runs", "--json"]
        main()
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=120, check=False
    )
    said = "interrupted; what was saved is kept, run again to go on"
    assert (done.returncode, done.stderr) == (130, f"toonvision: {said}\n")
    assert json.loads(done.stdout) == {"error": said, "exit_code": 130}


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("when", ["before Python's shutdown", "while modules are removed"])
def test_a_signal_after_all_work_is_done_changes_nothing(number, when):
    script = f"""
        import atexit, os, signal, sys
        from toonvision.cli import app

        def strike(kill=os.kill, me=os.getpid()):
            kill(me, {int(number)})

        class Last:
            def __del__(self, strike=strike):
                strike()

        if {when.startswith("before")}:
            atexit.register(strike)
        else:
            last = Last()
        sys.argv = ["toonvision", "--version"]
        app.main()
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("toonvision ")
