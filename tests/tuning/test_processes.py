"""Searches in real processes that are killed, stopped and interrupted; what they share is the database alone."""

import dataclasses
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from builders import copied, tried
from toonvision.core.errors import ToonVisionError
from toonvision.core.seeds import generator
from toonvision.tuning.result import read_result
from toonvision.tuning.settings import RaceSettings, settings_text
from toonvision.tuning.space import random_value
from toonvision.tuning.storage import Address, file_url, open_study
from toonvision.tuning.stored_trials import counted, first_attempt
from tuning.searching import GRACE_S
from tuning.studies import found, tiny

TRIALS, PATIENCE_S = 6, 180
STUDY = "label/study"
"""What the search of that name is called in its storage."""
LOGS = "studies/label/study/tensorboard/*"


@dataclasses.dataclass
class Search:
    """A running search."""

    root: Path
    process: subprocess.Popen

    @property
    def workers(self):
        """Its processes that are alive, oldest first."""
        return [pid for pid in children_of(self.process.pid) if "spawn_main" in command_of(pid)]

    def worker(self):
        """Wait for a process of it."""
        return until(lambda: self.workers)[-1]

    def ended(self):
        """Wait for its end; return its exit code and what it said on standard error."""
        _, said = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, said


@contextmanager
def searching(root, settings, *, workers=1, storage=None):
    """Search in a process of its own; whatever still runs in the end is killed."""
    command = [sys.executable, "-m", "tuning.searching", root, "study", str(workers), settings_text(settings)]
    process = subprocess.Popen(
        [*command, *([storage] if storage else [])],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell lets its background jobs ignore Ctrl-C, and what they start inherits that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        yield Search(Path(root), process)
    finally:
        process.kill()
        process.wait()


def until(seen, *, patience_s=PATIENCE_S):
    """Wait until something is seen, and return it."""
    deadline = time.monotonic() + patience_s
    while not (answer := seen()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.1)
    return answer


def children_of(pid):
    """Return the processes that a process started, oldest first."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def command_of(pid):
    """Return what a process was started with; nothing where it is gone, or is only waited for."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def ended_trials(study):
    """Return the trials that ended: their numbers with their values."""
    return {trial.number: trial.value for trial in study.trials.get_trials(deepcopy=False) if trial.value is not None}


def wait_for(url, count):
    """Wait until some trials ended; return them."""
    study = until(lambda: tried(ToonVisionError, open_study, Address(url, STUDY))[0])
    return until(lambda: (ended := ended_trials(study)) and len(ended) >= count and ended)


def kill_in_a_trial(search, study):
    """Kill all its processes in the middle of a trial, however quick the machine is."""

    def running():
        return {trial.number for trial in study.trials.get_trials(deepcopy=False) if trial.state.name == "RUNNING"}

    def lost():
        if begun := running():
            for worker in search.workers:
                os.kill(worker, signal.SIGKILL)
        return begun & running()  # processes that take their place need seconds to start

    until(lost)


@pytest.mark.slow
def test_whoever_is_killed_or_stopped_nothing_that_ended_is_lost_and_nothing_counts_twice(own_workspace, task_data):
    root = own_workspace.root
    folder = root / "studies" / "label" / "study"
    url = file_url(folder / "study.sqlite")
    settings = tiny(task_data, trials=TRIALS, epochs=20)  # long enough to be met in the middle
    with searching(root, settings, workers=2) as first:
        known = wait_for(url, 1)
        kill_in_a_trial(first, open_study(Address(url, STUDY)))
        known |= wait_for(url, 2)
        stopped = first.worker()
        os.kill(stopped, signal.SIGSTOP)
        time.sleep(GRACE_S + 2)
        with suppress(ProcessLookupError):  # the other one may have ended the search, and with it this one
            os.kill(stopped, signal.SIGCONT)
        known |= wait_for(url, 3)
        orphans = first.workers
        os.kill(first.process.pid, signal.SIGKILL)
        until(lambda: not any("spawn_main" in command_of(pid) for pid in orphans), patience_s=15)
    study = open_study(Address(url, STUDY))
    known |= ended_trials(study)
    with searching(root, settings) as second:
        assert second.ended() == (0, "")
    ended = ended_trials(study)
    assert {number: ended.get(number) for number in known} == known
    trials = study.trials.get_trials()
    assert len(counted(study.trials)) == len(ended) == TRIALS
    assert len({first_attempt(trials[number]) for number in ended}) == TRIALS
    assert {trial.state.name for trial in trials} == {"COMPLETE", "FAIL"}
    for number in ended:  # a retry is the network that its seed gives, however far its predecessor came
        assert trials[number].params == {
            **trials[number].params,
            **drawn(study.settings, first_attempt(trials[number])),
        }
    result = read_result(folder)
    assert result.finished
    assert result.trials == found(study, task_data).trials
    assert {f"trial-{number:03d}" for number in ended} <= {path.name for path in (folder / "tensorboard").iterdir()}


def drawn(settings, number):
    """Draw a trial of a random search without any process."""
    rng = generator(settings.seed, "draw", number)
    return {name: random_value(settings.space.dimensions[name], rng) for name in settings.space.varied}


def test_an_interrupt_ends_all_processes_and_prints_nothing_of_them(own_workspace, task_data):
    with searching(own_workspace.root, tiny(task_data, trials=500)) as search:
        worker = search.worker()
        os.killpg(search.process.pid, signal.SIGINT)  # as a terminal does: to all, however young
        assert search.ended() == (130, "")
    assert command_of(worker) == ""
    assert not read_result(own_workspace.studies / "label" / "study").finished


@pytest.mark.slow
def test_machines_that_share_a_server_share_a_search_whatever_becomes_of_them(
    small_workspace, task_data, postgres, tmp_path
):
    settings = tiny(task_data, trials=2 * TRIALS, race=RaceSettings(2, 2, 1))
    url = postgres.database()
    here, there = (copied(small_workspace, tmp_path / name).root for name in ("here", "there"))
    with searching(here, settings, storage=url) as first, searching(there, settings, storage=url) as second:
        known = wait_for(url, 1)
        until(lambda: list(here.glob(LOGS)))  # both machines take part before one is disturbed
        os.kill(first.worker(), signal.SIGKILL)
        known |= wait_for(url, 3)
        postgres.stop(signal.SIGQUIT)
        time.sleep(1)
        postgres.start()
        outcomes = [first.ended(), second.ended()]
    assert outcomes == [(0, ""), (0, "")]
    study = open_study(Address(url, STUDY))
    ended = ended_trials(study)
    assert len(counted(study.trials)) == len(ended) == 2 * TRIALS
    assert {number: ended.get(number) for number in known} == known
    results = [read_result(root / "studies" / "label" / "study") for root in (here, there)]
    assert results[0].trials == results[1].trials == found(study, task_data).trials
    assert results[0].winner == results[1].winner
    assert sum(len(scores) for scores in results[0].scores.values()) == 2
    assert all(list(root.glob(LOGS)) for root in (here, there))
    assert "secret" not in results[0].storage
