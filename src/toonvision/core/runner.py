"""Processes of our own: started from nothing, told one job after the other, and ended with their parent."""

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
Tell = Callable[[Any], None]
"""How a job tells its parent something while it is done."""


@dataclass
class Running:
    """A process and the line to it."""

    process: SpawnProcess
    line: Connection

    def last_word(self) -> object:
        """Give what the process sent last and was not read; None for one that just died."""
        self.process.join()
        try:
            return self.line.recv() if self.line.poll() else None
        except (EOFError, OSError):
            return None
        finally:
            self.line.close()

    def end(self) -> None:
        """Kill the process, whatever it does."""
        self.process.kill()
        self.process.join()
        self.line.close()


def start_process(work: Callable[..., None], *args: Any) -> Running:
    """Start a process that runs `work(*args, line)`; Ctrl-C does not reach it, its parent decides what it ends.

    Args:
        work: A function of a module; the last argument that it gets is its end of the line to us.
        *args: What else it gets, pickled.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_begin, args=(work, args, theirs), daemon=True)
    with interrupts_held():
        process.start()
    theirs.close()
    return Running(process, ours)


@dataclass(frozen=True)
class Told(Generic[Result]):
    """What came from a job.

    Attributes:
        job: Its place among the jobs.
        what: What it told, or its result.
        done: Whether that is its result.
    """

    job: int
    what: Any
    done: bool


def work_through(
    function: Callable[[Job, Tell], Result], jobs: Iterable[Job], *, processes: int
) -> Iterator[Told[Result]]:
    """Do jobs in several processes, each of which takes one after the other.

    Args:
        function: A function of a module; does a job and may tell how it goes.
        jobs: What is to be done, each pickled to the process that takes it.
        processes: How many processes at most.

    Yields:
        What the jobs tell, and their results, as they come. All processes end when the iterator does.

    Raises:
        ToonVisionError: What a job ended with.
        OSError: What the machine stopped a job with.
        EnvironmentFaultError: If a process died.
    """
    waiting = deque(enumerate(jobs))
    running: dict[Connection, Running] = {}
    try:
        for _ in range(min(processes, len(waiting))):
            one = start_process(_serve, function)
            running[one.line] = one
            _hand(one, waiting.popleft())
        while running:
            for ready in connection.wait(list(running)):
                line = cast("Connection", ready)
                word = _heard(running[line])
                if isinstance(word, Exception):
                    raise word
                if word.done and waiting:
                    _hand(running[line], waiting.popleft())
                elif word.done:
                    running.pop(line).end()
                yield word
    finally:
        for one in running.values():
            one.end()


@contextlib.contextmanager
def interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back, and let a process that is started meanwhile inherit that: its parent decides what it ends.

    Blocking the signal is what is inherited; it alone would not do here, since any other thread may still be sent it.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "pthread_sigmask"):
        yield
        return
    came: list[int] = []
    resource_tracker.ensure_running()  # it would let interrupts through while it starts
    before = signal.signal(signal.SIGINT, lambda number, _frame: came.append(number))
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        signal.signal(signal.SIGINT, before)
        if came:
            signal.raise_signal(signal.SIGINT)


def _hand(one: Running, job: object) -> None:
    with contextlib.suppress(BrokenPipeError):  # that it died is told where it is listened to
        one.line.send(job)


def _heard(one: Running) -> Told[Any] | Exception:
    try:
        word: Told[Any] | Exception = one.line.recv()
    except (EOFError, OSError):
        one.process.join()
        raise EnvironmentFaultError(
            f"a process that trained died (exit code {one.process.exitcode}); memory may be short. Close other "
            "programs, then try again."
        ) from None
    return word


def _begin(work: Callable[..., None], args: tuple[Any, ...], line: Connection) -> None:
    """Run in the new process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # for where it could not be held back
    threading.Thread(target=_end_with_parent, daemon=True).start()
    work(*args, line)


def _serve(function: Callable[[Any, Tell], Any], line: Connection) -> None:
    """Do the jobs that come along the line, until an error or the parent's end."""
    while True:
        number, job = line.recv()

        def tell(said: Any, number: int = number) -> None:
            line.send(Told(number, said, done=False))

        try:
            result = function(job, tell)
        except (ToonVisionError, OSError) as error:
            line.send(error)
            return
        line.send(Told(number, result, done=True))


def _end_with_parent() -> None:
    """Die when the parent does: nobody would watch, and whoever goes on would compute the same twice."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
