import os
import signal
import subprocess
import sys
import time

import pytest

from builders import open_to_all, unprivileged
from toonvision.core.errors import EnvironmentFaultError, WorkspaceBusyError
from toonvision.core.folders import exclusive

HOLD = """
import sys, time
from pathlib import Path
from toonvision.core.folders import exclusive
with exclusive(Path(sys.argv[1]), purpose="extract"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_process_learns_within_5_s_who_holds_the_workspace(tmp_path, holder):
    start = time.monotonic()
    with pytest.raises(WorkspaceBusyError) as caught, exclusive(tmp_path, purpose="split", patience_s=0.2):
        pass
    assert time.monotonic() - start < 5
    message = str(caught.value)
    assert str(tmp_path) in message
    assert f"process {holder.pid}, extract, since " in message
    assert message.endswith("Wait for it to end.")


def test_the_default_patience_ends_within_5_s(tmp_path, holder):
    start = time.monotonic()
    with pytest.raises(WorkspaceBusyError), exclusive(tmp_path, purpose="split"):
        pass
    assert 1 < time.monotonic() - start < 5


def test_a_killed_holder_blocks_nobody(tmp_path, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with exclusive(tmp_path, purpose="split", patience_s=0.5):
        assert f"process {os.getpid()}, split" in (tmp_path / ".toonvision.holder").read_text(encoding="utf-8")


def test_the_lock_is_free_again_after_a_fault_in_the_block(tmp_path):
    with pytest.raises(ZeroDivisionError), exclusive(tmp_path, purpose="extract"):
        raise ZeroDivisionError
    with exclusive(tmp_path, purpose="extract", patience_s=0.1):
        assert (tmp_path / ".toonvision.holder").exists()
    assert not (tmp_path / ".toonvision.holder").exists()


def test_the_note_of_the_holder_is_never_written_through_a_link_or_into_a_pipe(tmp_path):
    mine, holder = tmp_path / "mine.xml", tmp_path / ".toonvision.holder"
    mine.write_text("boxes")
    for make in (lambda: holder.symlink_to(mine), lambda: os.mkfifo(holder)):
        make()
        with exclusive(tmp_path, purpose="extract"):
            assert holder.read_text(encoding="utf-8").startswith(f"process {os.getpid()}, extract")
    assert mine.read_text() == "boxes"


def test_a_second_writer_in_the_same_process_waits_too(tmp_path):
    with (
        exclusive(tmp_path, purpose="one"),
        pytest.raises(WorkspaceBusyError, match="one, since"),
        exclusive(tmp_path, purpose="two", patience_s=0.1),
    ):
        pass


def test_a_folder_that_cannot_be_written_to_is_a_fault_of_the_environment():
    with open_to_all() as folder:
        folder.chmod(0o555)
        with (
            unprivileged(),
            pytest.raises(EnvironmentFaultError, match=r"cannot write here \(Permission denied\)"),
            exclusive(folder, purpose="extract"),
        ):
            pass
        assert list(folder.iterdir()) == []
