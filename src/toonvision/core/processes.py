"""Processes: started fresh, and ended with their parent."""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any

_starting = threading.Lock()


class _FreshProcess(SpawnProcess):
    """A process that does not run the program that starts it, which may be a script without a guard, once more."""

    def start(self) -> None:
        """Start it; a spawned process imports ``__main__``, unless that is the ``__main__`` of a package."""
        program = sys.modules["__main__"]
        with _starting:
            before, program.__spec__ = program.__spec__, ModuleSpec("toonvision.__main__", None)
            try:
                super().start()
            finally:
                program.__spec__ = before


class FreshContext(SpawnContext):
    """What starts fresh processes, for `concurrent.futures` too. What they run lies in modules that are imported."""

    Process = _FreshProcess


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

    def end(self, patience_s: float) -> None:
        """Ask the process to end, and kill it if it has not after so many seconds."""
        if patience_s:
            with contextlib.suppress(OSError):
                self.pipe.send(None)
            self.process.join(patience_s)
        self.kill()

    def kill(self) -> None:
        """Kill the process, and wait until it is gone."""
        self.process.kill()
        self.process.join()
        self.pipe.close()


def start_process(work: Callable[..., None], *args: Any, grace_s: float = 0) -> WorkerProcess:
    """Start a process that runs ``work(*args, pipe)`` and is killed when this one ends.

    Ctrl-C does not reach it: its parent decides what to end. `work` is a function of a module; the arguments are
    pickled. One that has more to end than itself sees the end of its pipe, and is killed after `grace_s` seconds.
    """
    context = FreshContext()
    ours, theirs = context.Pipe()
    process = context.Process(target=_begin, args=(work, args, theirs, grace_s), daemon=True)
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


def _begin(work: Callable[..., None], args: tuple[Any, ...], pipe: Connection, grace_s: float) -> None:
    """Run in the new process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # for systems where it could not be held back
    threading.Thread(target=_end_with_parent, args=(grace_s,), daemon=True).start()
    work(*args, pipe)


def _end_with_parent(grace_s: float) -> None:
    """End this process when its parent ends: nobody would receive its results."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    time.sleep(grace_s)
    os._exit(1)
