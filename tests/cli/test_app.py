import dataclasses
import errno
import json
import os
import resource
import signal
import subprocess
import sys
import time
from functools import partial
from importlib.metadata import version
from pathlib import Path

import pytest

import make_commands
from builders import copied, make_workspace, small_shots, tree
from toonvision.cli import app

COMMANDS = Path(__file__).parents[2] / "docs" / "commands.md"
PROGRAM = [sys.executable, "-m", "toonvision"]


def test_the_version_is_that_of_the_package(run):
    assert run("--version").out == f"toonvision {version('toonvision')}\n"


def test_an_unknown_command_or_option_is_wrong_usage(run):
    assert run("frobnicate").code == 2
    assert run("runs", "--frobnicate").code == 2


def test_the_page_of_commands_is_what_the_program_says():
    assert COMMANDS.read_text(encoding="utf-8") == make_commands.page()


def test_help_imports_nothing_heavy():
    code = "import sys, toonvision.cli.app as a; print([m for m in sys.modules if m in a_heavy])".replace(
        "a_heavy", "('numpy', 'keras', 'PIL', 'pydantic', 'rich', 'matplotlib', 'sklearn', 'sqlite3')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_limit_on_the_size_of_files_is_a_fault_of_the_environment_and_the_old_files_stay(own_workspace):
    before = tree(own_workspace.root)
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (4096, 4096))
    ended = subprocess.run(
        [*PROGRAM, "rebuild", "-w", own_workspace.root], capture_output=True, text=True, preexec_fn=limit,
        # Python 3.11 would leave compiled modules cut off at the limit, which cannot be imported again.
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert (ended.returncode, ended.stderr.count("\n")) == (4, 1)
    assert "catalog.sqlite: File too large" in ended.stderr
    assert tree(own_workspace.root) == before


def test_a_folder_that_somebody_has_removed_is_a_fault_of_the_environment(tmp_path):
    removed = tmp_path / "removed"
    removed.mkdir()
    ended = subprocess.run(
        [*PROGRAM, "init", "mine"], cwd=removed, capture_output=True, text=True, preexec_fn=removed.rmdir
    )
    assert (ended.returncode, ended.stderr.count("\n")) == (4, 1)
    assert "mine: No such file or directory" in ended.stderr


def test_a_folder_that_somebody_else_fills_meanwhile_is_a_fault_of_the_environment(run, monkeypatch):
    def filled():
        raise OSError(errno.ENOTEMPTY, "Directory not empty", "drawn")

    monkeypatch.setattr(app, "_run", filled)
    outcome = run("runs")
    assert (outcome.code, outcome.err.count("\n")) == (4, 1)
    assert "drawn: Directory not empty. What was saved is kept; fix this and run again." in outcome.err


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A workspace with large screenshots, of which nothing is extracted: read it, do not change it."""
    shots = [dataclasses.replace(shot, size_wh=(1600, 1200)) for shot in small_shots()]
    many = [dataclasses.replace(shot, stem=f"{shot.stem}_{n}") for n in range(3) for shot in shots]
    return make_workspace(tmp_path_factory.mktemp("large") / "workspace", many)


@pytest.mark.parametrize("wanted", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_extraction_ends_with_130_and_the_next_one_completes(large, tmp_path, wanted):
    workspace = copied(large, tmp_path / "mine")
    process = subprocess.Popen(
        [*PROGRAM, "extract", "-w", workspace.root, "--json"],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # A shell lets its background jobs ignore Ctrl-C, and what they start inherits that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 120
    while not any(workspace.crops.glob("apple_*.png")) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(wanted)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    told = "interrupted; what was saved is kept, run again to go on"
    assert json.loads(out) == {"error": told, "exit_code": 130}
    assert err.splitlines()[-1] == f"toonvision: {told}"
    assert "Traceback" not in err
    again = subprocess.run([*PROGRAM, "extract", "-w", workspace.root], capture_output=True, text=True, check=False)
    assert again.returncode == 0
    assert "Pictures: 36 read = 36 kept + 0 skipped" in again.stdout


def test_a_pipe_that_closes_early_is_no_error(own_workspace):
    command = f"{sys.executable} -m toonvision balance -w '{own_workspace.root}' | head -n 1"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_standard_output_that_is_full_ends_with_four_and_one_line(small_workspace, unbuffered):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*PROGRAM, "runs", "-w", small_workspace.root],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )
    assert done.returncode == 4
    assert done.stderr.count("\n") == 1
    assert "No space left on device. What was saved is kept; free space on the disk and run again." in done.stderr


def test_messages_that_nobody_reads_stop_no_work(tmp_path):
    workspace = make_workspace(tmp_path / "mine")
    command = f"{sys.executable} -m toonvision extract -w '{workspace.root}' 2> >(true)"
    done = subprocess.run(["bash", "-c", f"{command}; exit $?"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "12 read = 12 kept" in done.stdout


def test_streams_that_are_closed_from_the_start_are_no_error(small_workspace):
    command = f"{sys.executable} -m toonvision runs -w '{small_workspace.root}' >&- 2>&-"
    assert subprocess.run(["bash", "-c", command], check=False).returncode == 0


def test_a_program_without_a_command_shows_its_help_as_wrong_usage(run):
    outcome = run()
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("Usage: toonvision [OPTIONS] COMMAND")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("train",), "Missing argument 'task'. See: toonvision train --help"),
        (
            ("split", "--ratio", "1"),
            "No such option: --ratio (Possible options: --ratios). See: toonvision split --help",
        ),
        (("frobnicate",), "No such command 'frobnicate'. See: toonvision --help"),
        (("trian",), "No such command 'trian'. Did you mean train? See: toonvision --help"),
        (
            ("stress",),
            "No such command 'stress'. It is an option: toonvision evaluate --stress. See: toonvision --help",
        ),
        (("seed",), "No such command 'seed'. See: toonvision --help"),
    ],
)
def test_wrong_usage_is_reported_in_one_line_and_as_one_json_object(run, asked, said):
    outcome = run(*asked)
    assert (outcome.code, outcome.out, outcome.err) == (2, "", f"toonvision: {said}\n")
    outcome = run(*asked, "--json")
    assert (outcome.code, outcome.json) == (2, {"error": said, "exit_code": 2})


def test_labels_that_the_terminal_cannot_show_are_written_out(tmp_path):
    from builders import SETTINGS_TEXT, Shot

    text = SETTINGS_TEXT.replace('apple = { title = "Apple"', 'apple = { title = "日本"')
    shots = [Shot(f"s{n}", "garden", (("apple", (1, 1, 20, 20)),)) for n in range(3)]
    workspace = make_workspace(tmp_path / "mine", shots, settings_text=text)
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    for verb in ("extract", "balance"):
        done = subprocess.run(
            [*PROGRAM, verb, "-w", workspace.root], capture_output=True, text=True, check=False, env=environment
        )
        assert done.returncode == 0, done.stderr
    assert "\\u65e5\\u672c" in done.stdout
