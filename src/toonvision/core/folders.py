"""Folders that are replaced in one step."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from toonvision.core.files import sync_folder
from toonvision.core.locks import exclusive

UNFINISHED = ".unfinished-"
"""Prefix of the names of folders that are not complete yet."""
_REPLACED = "-replaced"
HALF_SWAPPED = f".*{_REPLACED}"
"""The names of old folders of swaps that are running or were stopped, as a pattern."""


@contextlib.contextmanager
def replacing_folder(folder: Path, *, purpose: str) -> Iterator[Path]:
    """Yield a new hidden folder beside `folder`, which replaces `folder` when the block ends without an error.

    Until then, and after an error or a kill, the old folder is unchanged. After a kill in the middle of the swap, the
    next call first restores it.

    Args:
        folder: The folder to replace or create. Its parent is locked meanwhile.
        purpose: What this process is doing; shown to a process that waits.

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


def swap_in(built: Path, folder: Path) -> None:
    """Move a finished folder to its place; an old folder there is removed.

    Two folders cannot be swapped in one step. After a kill between the two renames the old folder has a hidden name,
    by which `settle_swaps` finds it. Call both functions under the same lock.

    Args:
        built: The finished folder.
        folder: Where it goes, in the same parent.
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
