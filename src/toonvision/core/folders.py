"""Folders: one writer at a time, and new or replaced in one step."""

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from toonvision.core.errors import EnvironmentFaultError, RejectedItemError, UsageError, WorkspaceBusyError
from toonvision.core.files import naming, read_regular, sync_folder
from toonvision.core.names import derived_name

LOCK = ".toonvision.lock"
"""The file that is locked."""
_LONGEST_NOTE = 1_000
UNFINISHED = ".unfinished-"
"""Prefix of the names of folders that are not complete yet."""
_REPLACED = "-replaced"
HALF_SWAPPED = f".*{_REPLACED}"
"""The names of old folders of swaps that are running or were stopped, as a pattern."""


@contextlib.contextmanager
def exclusive(folder: Path, *, purpose: str, patience_s: float = 3.0) -> Iterator[None]:
    """Hold the right to write to a workspace, or a folder in it; readers need no lock.

    The operating system releases the lock when the process ends, even if it is killed. Another one waits for
    `patience_s` seconds; then it reads for what `purpose` the lock is held.

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
        note = "holder unknown"
        with contextlib.suppress(RejectedItemError, UnicodeDecodeError):
            note = read_regular(holder, limit=_LONGEST_NOTE).decode() or note
        raise WorkspaceBusyError(f"{folder}: another process writes here ({note}). Wait for it to end.") from None
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


@contextlib.contextmanager
def replacing_folder(folder: Path, *, purpose: str) -> Iterator[Path]:
    """Yield a new hidden folder beside `folder`, which replaces `folder` when the block ends without an error.

    Until then, and after an error or a kill, the old folder is unchanged. After a kill in the middle of the swap, the
    next call first restores it. The parent folder is locked meanwhile; a process that waits for it reads the `purpose`.

    Raises:
        WorkspaceBusyError: If another process holds the lock.
        EnvironmentFaultError: If the parent folder cannot be written to.
    """
    built = folder.with_name(f"{UNFINISHED}{folder.name}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(folder.parent, purpose=purpose):
        settle_swaps(folder.parent)
        shutil.rmtree(built, ignore_errors=True)
        built.mkdir()
        try:
            yield built
            sync_folder(built)
            swap_in(built, folder)
        finally:
            shutil.rmtree(built, ignore_errors=True)


def require_outside(flag: str, path: Path, other_flag: str, other: Path) -> None:
    """Make sure that what one flag asks to write does not lie in what another one asks for, and is not that itself.

    Raises:
        UsageError: If it does or is.
    """
    if Path(os.path.realpath(path)).is_relative_to(os.path.realpath(other)):
        raise UsageError(
            f"{flag} must be outside what {other_flag} writes, which is {other}; got {path}. Choose another {flag}."
        )


@contextlib.contextmanager
def new_folders(*folders: Path | None) -> Iterator[list[Path | None]]:
    """Yield a hidden folder to write to for each of some that a person asked for, which are missing or empty.

    All take their places when the block ends without an error; after one, nothing of them stays, so that the same
    command can be run again. For None, which was not asked for, None is yielded.
    """
    with contextlib.ExitStack() as stack:
        yield [None if folder is None else stack.enter_context(new_folder(folder)) for folder in folders]


@contextlib.contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Yield a hidden folder to write to, as `new_folders` does.

    It lies beside the folder; in that where it is there: it may be a disk of its own, or the only one to write to.

    Raises:
        OSError: If something cannot be written; it names what of the folder.
    """
    folder = folder.absolute()
    is_new = not folder.exists()
    built = (folder.parent if is_new else folder) / derived_name(f"{UNFINISHED}{folder.name}", "")
    shutil.rmtree(built, ignore_errors=True)  # of a process that was killed
    try:
        built.mkdir(parents=True)
        yield built
        if is_new:
            built.replace(folder)
        else:
            for path in built.iterdir():
                path.replace(folder / path.name)
        sync_folder(folder)
    except OSError as error:
        if error.filename and (path := Path(error.filename)).is_relative_to(built):
            error.filename, error.filename2 = str(folder / path.relative_to(built)), None
        raise
    finally:
        shutil.rmtree(built, ignore_errors=True)


def swap_in(built: Path, folder: Path) -> None:
    """Move a finished folder to its place in the same parent; an old folder there is removed.

    Two folders cannot be swapped in one step. After a kill between the two renames the old folder has a hidden name,
    by which `settle_swaps` finds it. Call both functions under the same lock.
    """
    settle_swaps(folder.parent)
    try:
        if folder.exists():
            folder.replace(folder.with_name(f".{folder.name}{_REPLACED}"))
        built.replace(folder)
        sync_folder(folder.parent)
    finally:
        settle_swaps(folder.parent)


def settle_swaps(parent: Path) -> None:
    """Restore old folders whose swap was stopped halfway, and remove those that were replaced."""
    for old in half_swapped(parent):
        folder = old.with_name(old.name[1:].removesuffix(_REPLACED))
        if not folder.exists():
            old.replace(folder)
        elif old.is_symlink():
            old.unlink()  # the folder that it points to is not ours
        else:
            shutil.rmtree(old, ignore_errors=True)


def half_swapped(parent: Path) -> list[Path]:
    """Return the old folders of swaps that are running or were stopped."""
    return list(parent.glob(HALF_SWAPPED))
