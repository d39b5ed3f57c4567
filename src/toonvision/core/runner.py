"""Jobs that are spread over several processes, or over a cluster; nothing else depends on how they run."""

import contextlib
import os
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import connection
from multiprocessing.connection import Connection
from typing import Any, Generic, TypeVar

from toonvision.core.errors import EnvironmentFaultError, Finding, ToonVisionError
from toonvision.core.processes import WorkerProcess, start_process

Job = TypeVar("Job")
Result = TypeVar("Result")
Report = Callable[[Any], None]
"""Sends a message about a job that is not done yet; what is sent must be picklable."""
_PATIENCE_S = 15.0


@dataclass(frozen=True)
class Message(Generic[Result]):
    """What was sent about a job, by its index: what the job reported or, when it is `done`, its result.

    `by` names who did it, where that is no process of this machine.
    """

    job: int
    content: Any
    done: bool
    by: str = ""


@dataclass(frozen=True)
class Lost:
    """Stands for the result of a job that was given up, since whatever did it died each time."""

    reason: str


@dataclass(frozen=True)
class Room:
    """Asks for so many jobs more."""

    jobs: int


@dataclass(frozen=True)
class Leader:
    """A process that has jobs done elsewhere.

    Attributes:
        lead: A function of a module, called as ``lead(function, again, pipe)``. It sends a `Room` for what it can take,
            a `Message` for each job, and a `Finding` for what is to be known; it receives indices with jobs, and None
            at the end. It gives up a job by itself.
        died: What the error says when the process dies.
    """

    lead: Callable[..., None]
    died: str


def available_cores() -> int:
    """Return how many cores this process may use, which can be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def work_through(
    function: Callable[[Job, Report], Result],
    jobs: Iterable[Job],
    *,
    processes: int = 1,
    leader: Leader | None = None,
    again: int = 0,
    ahead: int | None = None,
    note: Callable[[Finding], None] = lambda _: None,
) -> Iterator[Message[Result]]:
    """Do jobs in several processes, each of which does one after the other; or have one lead them elsewhere.

    Args:
        function: Does one job; a function of a module, so that a new process can import it. Jobs are pickled.
        jobs: What to do.
        processes: How many processes.
        leader: What takes the place of these.
        again: How often a job is done again whose process died, before it is given up.
        ahead: How far a job may be ahead of the first that is not done; by default as far as it comes.
        note: Receives what a leader has to say.

    Yields:
        What the jobs report, and their results, in the order in which they arrive; a `Lost` for one that was given up.
        All processes are killed when the iterator ends or is closed.

    Raises:
        ToonVisionError: If a job raised one.
        OSError: If a job raised one, for example on a full disk.
        EnvironmentFaultError: If a process died, and its job may not be done again, or it had none.
    """
    waiting = deque(enumerate(jobs))
    deaths: Counter[int] = Counter()
    running: list[_Worker] = []
    start = partial(start_process, _serve, function)
    if leader:
        start = partial(start_process, leader.lead, function, again, grace_s=_PATIENCE_S)
    try:
        running.extend(_Worker(start()) for _ in range(min(1 if leader else processes, len(waiting))))
        while waiting or any(worker.jobs for worker in running):
            ready = connection.wait([worker.process.pipe for worker in running])
            for worker in [one for one in running if one.process.pipe in ready]:
                message = _received(worker.process)
                if isinstance(message, Finding):
                    note(message)
                elif isinstance(message, Room):
                    worker.room += message.jobs
                elif isinstance(message, Message):
                    worker.note(message)
                    yield message
                else:
                    running.remove(worker)
                    yield from _buried(worker, waiting, deaths, again, leader)
                    running.append(_Worker(start()))
            _hand_out(waiting, running, ahead)
    finally:
        for worker in running:
            worker.process.end(_PATIENCE_S if leader else 0)


@dataclass
class _Worker:
    """A process, the jobs that it has, and how many more it may be given."""

    process: WorkerProcess
    jobs: dict[int, Any] = field(default_factory=dict)
    room: int = 0

    def note(self, message: Message[Any]) -> None:
        if message.done:
            del self.jobs[message.job]
            self.room += 1

    def send(self, number: int, job: object) -> None:
        self.jobs[number] = job
        self.room -= 1
        with contextlib.suppress(OSError):  # it died: the next message of it is None
            self.process.pipe.send((number, job))


def _hand_out(waiting: deque[tuple[int, Any]], workers: Sequence[_Worker], ahead: int | None) -> None:
    """Send jobs to whoever has room, but none that is too far ahead."""
    for worker in workers:
        while waiting and worker.room:
            number, job = waiting[0]
            first = min((one for each in workers for one in each.jobs), default=number)
            if ahead is not None and number >= first + ahead:
                return
            waiting.popleft()
            worker.send(number, job)


def _buried(
    worker: _Worker, waiting: deque[tuple[int, Any]], deaths: Counter[int], again: int, leader: Leader | None
) -> Iterator[Message[Any]]:
    """Put the jobs of a process that died back; yield those that are given up."""
    worker.process.process.join(_PATIENCE_S)  # for its exit code
    worker.process.kill()
    worker.room = 0
    died = f"a worker process died (exit code {worker.process.process.exitcode}); memory may be short"
    if leader or not again or not worker.jobs:
        raise EnvironmentFaultError(leader.died if leader else f"{died}. Close other programs, then run again.")
    for number, job in worker.jobs.items():
        deaths[number] += 1
        if deaths[number] > again:
            yield Message(number, Lost(died), done=True)
        else:
            waiting.appendleft((number, job))
    worker.jobs.clear()


def _received(worker: WorkerProcess) -> object:
    """Return what a process sent; None if it died. Raise the error that ended its job."""
    try:
        message: object = worker.pipe.recv()
    except (EOFError, OSError):
        return None
    if isinstance(message, Exception):
        raise message
    return message


def _serve(function: Callable[[Any, Report], Any], pipe: Connection) -> None:
    """Do the jobs that arrive, until one fails or the parent ends."""
    pipe.send(Room(1))
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
