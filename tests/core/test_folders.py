import errno
import signal
import subprocess
import sys

import pytest

from toonvision.core.errors import WorkspaceBusyError
from toonvision.core.folders import UNFINISHED, new_folder, new_folders, replacing_folder

BUILD = """
import sys, time
from pathlib import Path
from toonvision.core.folders import replacing_folder
with replacing_folder(Path(sys.argv[1]), purpose="explain") as built:
    (built / "new.png").write_text("new")
    print("half done", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def folder(tmp_path):
    """A folder with two files of an earlier call."""
    made = tmp_path / "figures" / "explain"
    made.mkdir(parents=True)
    for name in ("old.png", "stale.png"):
        (made / name).write_text("old")
    return made


@pytest.fixture
def builder(folder):
    process = subprocess.Popen([sys.executable, "-c", BUILD, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "half done\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def replaced(folder, *files):
    with replacing_folder(folder, purpose="explain") as built:
        for name in files:
            (built / name).write_text("new")


def test_the_new_folder_takes_the_place_of_the_old_with_nothing_left_of_it(folder):
    with replacing_folder(folder, purpose="explain") as built:
        (built / "new.png").write_text("new")
        assert names(folder) == ["old.png", "stale.png"]
        assert built.parent == folder.parent
        assert built.name.startswith(".")
    assert names(folder) == ["new.png"]
    assert [name for name in names(folder.parent) if not name.startswith(".toonvision")] == ["explain"]


def test_a_link_to_a_folder_elsewhere_is_replaced_again_and_again_and_the_folder_elsewhere_is_left(folder, tmp_path):
    elsewhere = folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(elsewhere)
    for name in ("one.png", "two.png", "three.png"):
        replaced(folder, name)
        assert names(folder) == [name]
    assert names(elsewhere) == ["old.png", "stale.png"]
    assert [name for name in names(folder.parent) if not name.startswith(".toonvision")] == ["explain"]


def test_a_folder_that_was_not_there_is_made_with_those_above_it(tmp_path):
    replaced(tmp_path / "a" / "b", "new.png")
    assert names(tmp_path / "a" / "b") == ["new.png"]


def test_an_error_leaves_the_old_folder(folder):
    def interrupted():
        with replacing_folder(folder, purpose="explain") as built:
            (built / "new.png").write_text("new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert names(folder) == ["old.png", "stale.png"]
    assert not list(folder.parent.glob(".explain*"))


def test_a_kill_leaves_the_old_folder_and_the_next_call_removes_what_it_left(folder, builder):
    builder.send_signal(signal.SIGKILL)
    builder.wait()
    assert names(folder) == ["old.png", "stale.png"]
    replaced(folder, "next.png")
    assert names(folder) == ["next.png"]
    assert not list(folder.parent.glob(".explain*"))


def test_killed_in_the_middle_of_the_swap_the_old_folder_is_restored_by_the_next_call(folder):
    folder.replace(folder.with_name(".explain-replaced"))

    def interrupted():
        with replacing_folder(folder, purpose="explain"):
            assert names(folder) == ["old.png", "stale.png"]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert names(folder) == ["old.png", "stale.png"]


def test_killed_after_the_swap_the_new_folder_stays(folder):
    earlier = folder.with_name(".explain-replaced")
    earlier.mkdir()
    (earlier / "older.png").write_text("older")
    with pytest.raises(ZeroDivisionError), replacing_folder(folder, purpose="explain"):
        raise ZeroDivisionError
    assert names(folder) == ["old.png", "stale.png"]
    assert not earlier.exists()


def test_a_second_process_learns_who_holds_the_lock(folder, builder):
    with pytest.raises(WorkspaceBusyError, match=rf"process {builder.pid}, explain, since .*Wait for it to end\."):
        replaced(folder, "mine.png")


@pytest.mark.parametrize("is_there", [False, True])
def test_a_new_folder_appears_whole_whether_it_was_there_and_empty_or_not(tmp_path, is_there):
    out = tmp_path / "made" / "out"
    left = (out if is_there else out.parent) / f"{UNFINISHED}out"  # by a process that was killed
    left.mkdir(parents=True)
    (left / "half.png").write_text("half")
    with new_folder(out) as built:
        (built / "new.png").write_text("new")
        assert not out.exists() or names(out) == [built.name]
    assert (names(out), names(out.parent)) == (["new.png"], ["out"])


def fill_the_disk(first, nothing, second):
    assert nothing is None
    (second / "new.png").write_text("new")
    raise OSError(errno.ENOSPC, "No space left on device", str(first / "deep" / "a.png"))


@pytest.mark.parametrize("is_there", [False, True])
def test_of_new_folders_nothing_stays_after_an_error_which_names_what_was_asked_for(tmp_path, is_there):
    one, other = tmp_path / "one", tmp_path / "other"
    if is_there:
        one.mkdir()
    with pytest.raises(OSError, match="No space") as caught, new_folders(one, None, other) as folders:
        fill_the_disk(*folders)
    assert caught.value.filename == str(one / "deep" / "a.png")
    assert names(tmp_path) == (["one"] if is_there else [])
    assert not is_there or names(one) == []
