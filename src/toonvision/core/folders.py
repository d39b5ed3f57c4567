"""Folders that are replaced as a whole."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from toonvision.core.files import sync_folder
from toonvision.core.locks import exclusive

UNFINISHED = ".unfinished-"
"""How the names of folders begin that are not complete yet."""
_REPLACED = "-replaced"


@contextlib.contextmanager
def replacing_folder(folder: Path, *, purpose: str) -> Iterator[Path]:
    """Give a new hidden folder beside `folder` that takes its place, with all that is in it, when the block ends.

    Until then, and after an error or a kill, the old folder is as it was; killed in the middle of the swap, the next
    call first puts it back.

    Args:
        folder: The folder to replace, or to make; what lies beside it is locked meanwhile against other such calls.
        purpose: What the holder is doing, told to whoever waits.

    Raises:
        WorkspaceBusyError: If another process is replacing a folder there.
        EnvironmentFaultError: If the folder above it cannot be written to.
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
    """Let a finished folder take the place of another one, or of none.

    Python renames no two folders at once: killed between the two renames, the old folder has a hidden name, by which
    `settle_swaps` knows it. Both are called under one lock.

    Args:
        built: The finished folder.
        folder: Where it goes, in the same folder.
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
    """Put back the folders whose swap was stopped halfway, and remove those that were replaced."""
    for old in half_swapped(parent):
        folder = old.with_name(old.name[1:].removesuffix(_REPLACED))
        if not folder.exists():
            old.replace(folder)
        elif old.is_symlink():
            old.unlink()  # the folder that it leads to is not ours
        else:
            shutil.rmtree(old, ignore_errors=True)


def half_swapped(parent: Path) -> list[Path]:
    """List the old folders of swaps that go on, or were stopped."""
    return list(parent.glob(f".*{_REPLACED}"))
