"""Several processes that do jobs: what comes back, what ends them, and what they leave behind."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque

import pytest

from toonvision.core.errors import EnvironmentFaultError, UsageError
from toonvision.core.runner import Lost, Message, work_through


def square(number, report):
    report(f"{number} squared")
    return number * number, os.getpid()


def refuse(number, _report):
    if number == 2:
        raise UsageError("two is not to be had.")
    time.sleep(0.1)
    return number


def die(number, _report):
    if number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(30)


def die_afterwards(_job, report):
    report("nearly done")
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGKILL)).start()


def sleep(_job, report):
    report("asleep")
    time.sleep(60)


@pytest.mark.parametrize("processes", [1, 2, 9])
def test_every_job_is_done_once_and_reports_before_its_result(processes):
    messages = list(work_through(square, range(5), processes=processes))
    results = {one.job: one.content for one in messages if one.done}
    assert {job: what[0] for job, what in results.items()} == {n: n * n for n in range(5)}
    assert 1 <= len({what[1] for what in results.values()}) <= min(processes, 5)
    for number in range(5):
        assert [one.done for one in messages if one.job == number] == [False, True]
    assert not multiprocessing.active_children()


SCRIPT = """
from pathlib import Path
from toonvision.core.runner import work_through
from toonvision.world.sample_set import draw_sample_set
from toonvision.world.screenshot_plans import ScreenshotPlan
from core.test_runner import square

print("once")
print(sum(one.content[0] for one in work_through(square, range(3), processes=2) if one.done))
plans = [ScreenshotPlan(f"shot_{at}", "ttc", ("cog_bb_flunky",), seed=at) for at in range(2)]
print(len(list(draw_sample_set(plans, Path("drawn"), workers=2))))
"""


def test_a_program_without_a_guard_is_not_run_again_by_its_processes(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    ended = subprocess.run(
        [sys.executable, "script.py"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "once\n5\n2\n", "")


def test_no_jobs_start_no_process():
    assert list(work_through(square, (), processes=2)) == []


def test_the_error_of_a_job_ends_all_with_its_own_words():
    with pytest.raises(UsageError, match=r"^two is not to be had\.$"):
        list(work_through(refuse, range(6), processes=2))
    assert not multiprocessing.active_children()


def test_a_process_that_dies_is_a_fault_of_the_environment_in_one_line():
    with pytest.raises(EnvironmentFaultError, match=r"^a worker process died \(exit code -9\)[^\n]+$"):
        list(work_through(die, range(2), processes=2))
    assert not multiprocessing.active_children()


def test_a_process_that_dies_between_two_jobs_is_one_too():
    messages = work_through(die_afterwards, range(2), processes=1)
    with pytest.raises(EnvironmentFaultError, match=r"^a worker process died \(exit code -9\)[^\n]+$"):
        deque((time.sleep(1) for _ in messages), maxlen=0)  # slow: the worker is dead when it gets the next job
    assert not multiprocessing.active_children()


def test_closing_the_iterator_ends_the_processes():
    messages = work_through(sleep, range(2), processes=2)
    assert isinstance(next(messages), Message)
    messages.close()
    assert not multiprocessing.active_children()


def die_once(marker, _report):
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return marker.name


def die_on_one(number, _report):
    if number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_a_job_whose_process_died_is_done_again_by_another(tmp_path):
    jobs = [tmp_path / str(number) for number in range(3)]
    messages = list(work_through(die_once, jobs, processes=2, again=1))
    assert {one.job: one.content for one in messages} == {number: str(number) for number in range(3)}
    assert not multiprocessing.active_children()


def test_a_job_that_kills_its_process_each_time_is_given_up_and_all_others_are_done():
    messages = {one.job: one.content for one in work_through(die_on_one, range(4), processes=2, again=2)}
    assert messages.pop(1) == Lost("a worker process died (exit code -9); memory may be short")
    assert messages == {number: number for number in (0, 2, 3)}
    assert not multiprocessing.active_children()
