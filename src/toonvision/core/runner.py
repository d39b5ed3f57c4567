"""WorkerProcess processes: started fresh, given jobs one after the other, and ended with their parent.

`work_through` is where jobs are spread over several processes; nothing else depends on how they run.
"""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing import connection, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any, Generic, TypeVar, cast

from toonvision.core.errors import EnvironmentFaultError, ToonVisionError

Job = TypeVar("Job")
Result = TypeVar("Result")
Report = Callable[[Any], None]
"""Sends a message about a job that is not done yet; what is sent must be picklable."""


@dataclass(frozen=True)
class Message(Generic[Result]):
    """What a process sent about a job, by its index: what the job reported or, when it is `done`, its result."""

    job: int
    content: Any
    done: bool


def available_cores() -> int:
    """Return how many cores this process may use, which can be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def work_through(
    function: Callable[[Job, Report], Result], jobs: Iterable[Job], *, processes: int
) -> Iterator[Message[Result]]:
    """Do jobs in several processes, each of which does one after the other.

    `function`, which does one job, is a function of a module, so that a new process can import it; jobs are pickled.

    Yields:
        What the jobs report, and their results, in the order in which they arrive. All processes are killed when
        the iterator ends or is closed.

    Raises:
        ToonVisionError: If a job raised one.
        OSError: If a job raised one, for example on a full disk.
        EnvironmentFaultError: If a process died.
    """
    waiting = deque(enumerate(jobs))
    running: dict[Connection, WorkerProcess] = {}
    try:
        for _ in range(min(processes, len(waiting))):
            worker = start_process(_serve, function)
            running[worker.pipe] = worker
            _assign(worker, waiting.popleft())
        while running:
            for ready in connection.wait(list(running)):
                pipe = cast("Connection", ready)
                message = _received(running[pipe])
                if isinstance(message, Exception):
                    raise message
                if message.done and waiting:
                    _assign(running[pipe], waiting.popleft())
                elif message.done:
                    running.pop(pipe).kill()
                yield message
    finally:
        for worker in running.values():
            worker.kill()


@dataclass
class WorkerProcess:
    """A running process and our end of the pipe to it."""

    process: SpawnProcess
    pipe: Connection

    def last_message(self) -> object:
        """Wait for the process to end; return the message that was not read yet, or None if it died without one."""
        self.process.join()
        try:
            return self.pipe.recv() if self.pipe.poll() else None
        except (EOFError, OSError):
            return None
        finally:
            self.pipe.close()

    def kill(self) -> None:
        """Kill the process, and wait until it is gone."""
        self.process.kill()
        self.process.join()
        self.pipe.close()


def start_process(work: Callable[..., None], *args: Any) -> WorkerProcess:
    """Start a process that runs ``work(*args, pipe)`` and is killed when this one ends.

    Ctrl-C does not reach it: its parent decides what to end. `work` is a function of a module; the arguments are
    pickled.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_begin, args=(work, args, theirs), daemon=True)
    with _interrupts_held():
        process.start()
    theirs.close()
    return WorkerProcess(process, ours)


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back; a process that is started meanwhile never receives it.

    A new process inherits the blocked signal. Blocking alone would not hold it back here, since another thread may
    receive it.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "pthread_sigmask"):
        yield
        return
    received: list[int] = []
    resource_tracker.ensure_running()  # it would let interrupts through while it starts
    before = signal.signal(signal.SIGINT, lambda number, _frame: received.append(number))
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        signal.signal(signal.SIGINT, before)
        if received:
            signal.raise_signal(signal.SIGINT)


def _assign(worker: WorkerProcess, job: object) -> None:
    with contextlib.suppress(BrokenPipeError):  # the worker died: `_received` reports it
        worker.pipe.send(job)


def _received(worker: WorkerProcess) -> Message[Any] | Exception:
    try:
        message: Message[Any] | Exception = worker.pipe.recv()
    except (EOFError, OSError):
        worker.process.join()
        raise EnvironmentFaultError(
            f"a worker process died (exit code {worker.process.exitcode}); memory may be short. Close other programs, "
            "then run again."
        ) from None
    return message


def _begin(work: Callable[..., None], args: tuple[Any, ...], pipe: Connection) -> None:
    """Run in the new process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # for systems where it could not be held back
    threading.Thread(target=_end_with_parent, daemon=True).start()
    work(*args, pipe)


def _serve(function: Callable[[Any, Report], Any], pipe: Connection) -> None:
    """Do the jobs that arrive, until one fails or the parent ends."""
    while True:
        number, job = pipe.recv()

        def report(content: Any, number: int = number) -> None:
            pipe.send(Message(number, content, done=False))

        try:
            result = function(job, report)
        except (ToonVisionError, OSError) as error:
            pipe.send(error)
            return
        pipe.send(Message(number, result, done=True))


def _end_with_parent() -> None:
    """End this process when its parent ends: nobody would receive its results."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
