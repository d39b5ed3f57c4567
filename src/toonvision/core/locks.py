"""One writer per workspace: a lock that says who holds it."""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from toonvision.core.errors import EnvironmentFaultError, RejectedItemError, WorkspaceBusyError
from toonvision.core.files import naming, read_regular

LOCK = ".toonvision.lock"
"""The file that is locked."""
_LONGEST_NOTE = 1_000


@contextlib.contextmanager
def exclusive(folder: Path, *, purpose: str, patience_s: float = 3.0) -> Iterator[None]:
    """Hold the right to write to a folder; readers need no lock.

    The operating system releases the lock when the process ends, even if it is killed.

    Args:
        folder: The workspace, or a folder in it.
        purpose: What this process is doing; shown to a process that waits.
        patience_s: Seconds to wait for another writer.

    Raises:
        WorkspaceBusyError: If another process still writes after `patience_s`.
        EnvironmentFaultError: If the folder cannot be written to.
    """
    from filelock import FileLock, Timeout

    path = folder / LOCK
    holder = folder / ".toonvision.holder"
    lock = FileLock(path)
    try:
        lock.acquire(timeout=patience_s)
    except Timeout:
        raise WorkspaceBusyError(
            f"{folder}: another process writes here ({_read(holder)}). Wait for it to end."
        ) from None
    except OSError as error:
        raise EnvironmentFaultError(
            f"{folder}: cannot write here ({error.strerror}). Free space or allow writing, then run again."
        ) from error
    try:
        started = time.strftime("%H:%M:%S")
        # Written in place: a temporary file would stay after a kill. Created anew: what is there may be a pipe, or a
        # link to a file that is not ours.
        with naming(holder):
            holder.unlink(missing_ok=True)
            with holder.open("x", encoding="utf-8") as file:
                file.write(f"process {os.getpid()}, {purpose}, since {started}")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _read(holder: Path) -> str:
    try:
        return read_regular(holder, limit=_LONGEST_NOTE).decode() or "holder unknown"
    except (RejectedItemError, UnicodeDecodeError):
        return "holder unknown"
