"""The whole program on a cluster that dies, and what is left of it afterwards."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nodes.conftest import QUIET
from toonvision.api.detecting import objects_csv
from toonvision.api.two_stage import find_packaged
from toonvision.core.files import TEMPORARY
from toonvision.world.sample_set import draw_screenshot
from toonvision.world.screenshot_plans import ScreenshotPlan

MARK = "TOONVISION_TEST_OF_NODES"
PATIENCE_S = 600


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Return a folder of 256 screenshots, of which 4 differ."""
    folder = tmp_path_factory.mktemp("many")
    image = draw_screenshot(ScreenshotPlan("ttc_1", "ttc", ("cog_lb_bigwig",), seed=11)).image
    for number in range(256):
        path = folder / f"{number:03}.png"
        if number < 4:
            image.crop((20 * number, 0, 20 * number + 1280, 720)).save(path, compress_level=1)
        else:
            path.hardlink_to(folder / f"{number % 4:03}.png")
    return folder


def start(pictures, target, address, mark):
    command = ["-m", "toonvision", "predict", "--with", "toontown", "--find", pictures, "--csv", target]
    environment = {**os.environ, **QUIET, MARK: mark}
    return subprocess.Popen(
        [sys.executable, *command, "--ray", address], env=environment, stderr=subprocess.PIPE, text=True,
        stdout=subprocess.DEVNULL, process_group=0,
    )  # fmt: skip


def until(condition):
    """Wait for a condition; return whether it came true."""
    ends = time.monotonic() + PATIENCE_S
    while not condition() and time.monotonic() < ends:
        time.sleep(0.1)
    return condition()


def running(mark):
    """Return what runs with a mark in its environment, as Ray's own processes do that our program has started."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={mark}".encode() in (path / "environ").read_bytes():
                found.append((path / "cmdline").read_bytes().replace(b"\0", b" ")[:80])
        except OSError:
            continue
    return found


def finished(target):
    """Return how many shards are stored; those that are being written are not yet."""
    stored = target.with_name(f"{target.name}.shards").glob("*.json")
    return sum(not path.name.startswith(TEMPORARY) for path in stored)


@pytest.mark.slow
def test_where_the_head_dies_the_program_ends_with_4_and_the_same_command_goes_on(start_cluster, pictures, tmp_path):
    own, target = start_cluster("epsilon"), tmp_path / "out.csv"
    program = start(pictures, target, own.address, "head")
    assert until(lambda: finished(target))
    own.head_node.kill_all_processes(check_alive=False, allow_graceful=False)
    _, said = program.communicate(timeout=PATIENCE_S)
    assert program.returncode == 4, said
    assert said.splitlines()[-1].startswith(f"toonvision: the Ray cluster {own.address} is lost")
    assert "Traceback" not in said
    kept = finished(target)
    assert not target.exists()
    assert until(lambda: not running("head")), running("head")
    program = start(pictures, target, "local", "again")
    _, said = program.communicate(timeout=PATIENCE_S)
    assert program.returncode == 0, said
    assert f"{64 * kept} pictures of 256 were finished before." in said
    assert target.read_text() == objects_csv(find_packaged("toontown", pictures))
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
    assert until(lambda: not running("again")), running("again")


@pytest.mark.slow
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_a_program_that_is_stopped_leaves_nothing_running(pictures, tmp_path, sent, code):
    pytest.importorskip("ray")
    target, mark = tmp_path / "out.csv", f"stopped{code}"
    program = start(pictures, target, "local", mark)
    assert until(lambda: finished(target))
    assert len(running(mark)) > 3
    program.send_signal(sent)
    program.communicate(timeout=PATIENCE_S)
    assert program.returncode == code
    assert until(lambda: not running(mark)), running(mark)
    assert finished(target) or target.exists(), "what was finished is kept, or was all there already"
