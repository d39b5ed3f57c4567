"""What is seen on terminals of every kind, and on none: real ones, made by the system's `pty`."""

import os
import re
import struct
import subprocess
import sys

import pytest

from builders import copied, small_shots, write_voc

pty, fcntl, termios = (pytest.importorskip(name) for name in ("pty", "fcntl", "termios"))

SEVERAL = """\
import sys
from toonvision.cli.app import main
from toonvision.cli.output import live_display, progress_bar, training_bar
for words in (["extract"], ["balance"], ["split", "--force"], ["runs"], ["studies"], ["split"]):
    sys.argv = ["toonvision", *words, "-w", sys.argv[-1]]
    try:
        main()
    except SystemExit as ended:
        print(words, ended.code)
bar, live = training_bar(time_left=True), live_display()
print("bars", bar is not None, live is not None)
for one in (bar, live):
    if one:
        one.stop()
"""
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
PLAIN = {"TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"}


NOTHING = """\
from toonvision.cli.output import progress_bar
for number, total in enumerate((0, None, 3)):
    with progress_bar(f"work {number}", "screenshots") as progress:
        if total is not None:
            progress(total, total)
"""


def environment(changes):
    ours = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
    return {**ours, **PLAIN, **changes}


def on_terminal(root, *, columns, **changes):
    """Run several verbs on a terminal so many columns wide; give all that it was sent."""
    return sent_to_terminal([sys.executable, "-c", SEVERAL, root], columns=columns, **changes)


def sent_to_terminal(command, *, columns, **changes):
    """Run a command on a terminal so many columns wide; give all that it was sent."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment(changes),
    )
    os.close(theirs)
    sent = b""
    while True:
        try:
            read = os.read(ours, 65536)
        except OSError:  # how Linux says that nobody writes any more
            break
        if not read:
            break
        sent += read
    os.close(ours)
    assert process.wait() == 0
    text = sent.decode("utf-8").replace("\r\n", "\n")
    assert "Traceback" not in text
    return text


@pytest.fixture(scope="module")
def narrow(small_workspace, tmp_path_factory):
    """What a terminal of 40 columns was sent."""
    return on_terminal(copied(small_workspace, tmp_path_factory.mktemp("narrow") / "mine").root, columns=40)


def test_without_a_terminal_no_control_codes_are_sent_and_progress_is_written_in_lines(own_workspace):
    done = subprocess.run(
        [sys.executable, "-c", SEVERAL, own_workspace.root],
        capture_output=True,
        text=True,
        check=True,
        env=environment({"COLUMNS": "40"}),
    )
    assert CONTROL.findall(done.stdout + done.stderr) == []
    assert "\nextracting: 12/12 " in f"\n{done.stderr}"
    assert "bars False False" in done.stdout
    assert " What    Where    Samples there   Missing there   Samples in all   Missing in all" in done.stdout


def test_a_terminal_that_can_only_print_gets_no_control_codes(own_workspace):
    text = on_terminal(own_workspace.root, columns=80, TERM="dumb")
    assert CONTROL.findall(text) == []
    assert "extracting: 12/12 " in text
    assert "bars False False" in text


def test_a_terminal_without_colour_gets_none(own_workspace, narrow):
    text = on_terminal(own_workspace.root, columns=80, NO_COLOR="1")
    assert colours(text) == set()
    assert colours(narrow) != set()


def test_in_40_columns_no_word_is_broken(narrow):
    text = without_controls(narrow)
    tables = text[text.index("Samples by label") : text.index("Figures:")]
    assert max(map(len, tables.splitlines())) <= 40
    for words in (
        "Apple        6       2       8",
        "Apple, House: Samples there 2; Missing\nthere +3; Samples in all 8;",
    ):
        assert words in "\n".join(line.strip() for line in tables.splitlines())


def test_in_40_columns_progress_says_how_far_it_is(narrow):
    assert re.search(r"extracting +12/12", without_controls(narrow[: narrow.index("Pictures:")]))
    assert "bars True True" in narrow


def without_controls(text):
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)


def colours(text):
    """Return the codes of style that were sent, but for bold and plain."""
    return set(re.findall(r"\x1b\[[0-9;]*m", text)) - {"\x1b[1m", "\x1b[0m"}


def test_on_40_columns_init_shows_what_it_understood_with_no_line_broken_within_a_bar_or_a_word(tmp_path):
    write_voc(tmp_path / "s", small_shots())
    command = [sys.executable, "-m", "toonvision", "init", tmp_path / "w", "--from", tmp_path / "s", "--dry-run"]
    shown = sent_to_terminal(command, columns=40)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert re.search(r"^ Pictures +12 *$", plain, re.MULTILINE)
    assert len(re.findall(r"^ (?:apple|pear|stone) +8 +#{16} *$", plain, re.MULTILINE)) == 3
    assert max(map(len, plain.partition("Nothing was made")[0].splitlines())) <= 40


def test_work_of_which_there_was_nothing_to_do_leaves_no_bar():
    sent = sent_to_terminal([sys.executable, "-c", NOTHING], columns=100)
    stays = [without_controls(line.rpartition("\x1b[2K")[2]) for line in sent.split("\n")]
    assert [line.split(" ━")[0] for line in stays if line.strip()] == ["work 2"]
    piped = subprocess.run([sys.executable, "-c", NOTHING], capture_output=True, text=True, check=True).stderr
    assert "work 2: 3/3" in piped
    assert "work 0" not in piped
