"""Faults at single system calls of real processes: a job runs while strace kills it, or fails the call, at call N.

strace sees what Python and what SQLite does. It counts the calls of each thread and name by themselves, so that a job
that runs in one thread meets the same calls in the same order each time. Jobs are forked from a process that has
imported what they need: a case takes the time of the job itself.
"""

import functools
import multiprocessing
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

Job = Callable[[Path], None]
"""A function of a module that works in a folder."""

KILLED = -signal.SIGKILL
KILL, FULL = "signal=KILL", "error=ENOSPC"
CHANGING = ("write", "pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "unlink", "unlinkat", "mkdir")
"""The calls by which Python and SQLite change files here."""
GROWING = ("write", "pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "mkdir", "openat")
"""Those that a full disk may fail; `openat` only where it makes a file."""

_PATIENCE_S = 120
_OUTPUTS = ("1<", "2<")
_LINE = re.compile(r"(\d+) +(\w+)\((.*)")


@dataclass(frozen=True)
class Call:
    """A system call of a job.

    Attributes:
        name: Its name.
        number: Its place among the calls of that name of its thread, from 1.
        text: Its arguments and its result, as strace writes them.
    """

    name: str
    number: int
    text: str


@dataclass(frozen=True)
class Ending:
    """How a job ended.

    Attributes:
        code: Its exit code; that of a killed one is negative.
        said: All that it printed.
        seconds: How long it ran.
    """

    code: int | None
    said: str
    seconds: float


@functools.cache
def why_not() -> str:
    """Say why no fault can be injected here; nothing where it can."""
    if sys.platform != "linux" or not shutil.which("strace"):
        return "there is no strace on this machine"
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        _attached(sleeper.pid, Path(os.devnull), ["-e", "trace=fsync"]).kill()
    except OSError as error:
        return f"strace may not trace processes here ({error})"
    finally:
        sleeper.kill()
        sleeper.wait()
    return ""


def calls_of(job: Job, root: Path, names: Sequence[str] = CHANGING) -> list[Call]:
    """Run a job to its end and give its calls that have to do with its folder, in their order.

    Args:
        job: The job.
        root: Its folder.
        names: Which calls count.
    """
    log = root.with_name(f"{root.name}.calls")
    ending = _run(job, root, log, ["-y", "-s", "4096", "-e", f"trace={','.join(names)}"])
    if ending.code:
        raise RuntimeError(f"undisturbed, the job ends with {ending.code}: {ending.said}")
    numbers: Counter[tuple[str, str]] = Counter()
    found = []
    for thread, name, text in _LINE.findall(log.read_text(encoding="utf-8", errors="replace")):
        numbers[thread, name] += 1
        if str(root) in text and not text.startswith(_OUTPUTS) and (name != "openat" or "O_CREAT" in text):
            found.append(Call(name, numbers[thread, name], text))
    return found


def disturbed(job: Job, root: Path, call: Call, fault: str) -> Ending:
    """Run a job that meets a fault at a call.

    Args:
        job: The job.
        root: Its folder.
        call: When: one of `calls_of` the job in a folder like this one.
        fault: `KILL` just before the call, or `FULL` instead of it.
    """
    log = root.with_name(f"{root.name}.calls")
    inject = f"inject={call.name}:{fault}:when={call.number}"
    return _run(job, root, log, ["-e", f"trace={call.name}", "-e", inject])


def killed_after(job: Job, root: Path, delay_s: float) -> Ending:
    """Run a job that is killed after a delay, if it has not ended by then."""
    process, line, said = _started(job, root)
    started = time.monotonic()
    line.send("begin")
    process.join(delay_s)
    process.kill()
    return _ended(process, said, started)


def undisturbed(job: Job, root: Path) -> Ending:
    """Run a job to its end."""
    process, line, said = _started(job, root)
    started = time.monotonic()
    line.send("begin")
    return _ended(process, said, started)


def _run(job: Job, root: Path, log: Path, options: Sequence[str]) -> Ending:
    process, line, said = _started(job, root)
    tracer = _attached(process.pid or 0, log, options)
    started = time.monotonic()
    line.send("begin")
    ending = _ended(process, said, started)
    tracer.wait(_PATIENCE_S)
    return ending


def _attached(pid: int, log: Path, options: Sequence[str]) -> subprocess.Popen[str]:
    """Attach strace to a process.

    Raises:
        OSError: If it cannot be traced.
    """
    command = ["strace", "-f", "-p", str(pid), "-o", str(log), *options]
    tracer = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert tracer.stderr
    said = tracer.stderr.readline()
    if "attached" not in said:
        tracer.wait()
        raise PermissionError(said.strip())
    return tracer


def _started(job: Job, root: Path) -> tuple[ForkServerProcess, Connection, Path]:
    """Start a process that waits for the word to begin."""
    context = _forking(job.__module__)
    ours, theirs = context.Pipe()
    said = Path(tempfile.gettempdir()) / f"toonvision-said-{os.getpid()}"  # not where the disk may be full
    process = context.Process(target=_do, args=(job, root, said, theirs), daemon=True)
    process.start()
    theirs.close()
    if ours.recv() != "ready":
        raise RuntimeError(f"{job.__name__}: could not be started")
    return process, ours, said


@functools.cache
def _forking(module: str) -> multiprocessing.context.ForkServerContext:
    """Start the process from which all others are forked, with a module and all that it imports."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([module])
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)  # or it would not find the module, and say nothing
    try:
        forkserver.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before
    return context


def _do(job: Job, root: Path, said: Path, line: Connection) -> None:
    """Run in the new process."""
    output = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(output, stream)
    line.send("ready")
    line.recv()
    job(root)


def _ended(process: ForkServerProcess, said: Path, started: float) -> Ending:
    process.join(_PATIENCE_S)
    if process.exitcode is None:
        process.kill()
        process.join()
    seconds = time.monotonic() - started
    return Ending(process.exitcode, said.read_text(encoding="utf-8", errors="replace"), seconds)
