"""Folders that are replaced as a whole."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from toonvision.core.files import sync_folder
from toonvision.core.locks import exclusive


@contextlib.contextmanager
def replacing_folder(folder: Path, *, purpose: str) -> Iterator[Path]:
    """Give a new hidden folder beside `folder` that takes its place, with all that is in it, when the block ends.

    Until then, and after an error or a kill, the old folder is as it was. No system renames two folders at once: killed
    between the two renames of the swap, the old folder has a hidden name, and the next call first puts it back.

    Args:
        folder: The folder to replace, or to make; what lies beside it is locked meanwhile against other such calls.
        purpose: What the holder is doing, told to whoever waits.

    Raises:
        WorkspaceBusyError: If another process is replacing a folder there.
        EnvironmentFaultError: If the folder above it cannot be written to.
    """
    built, old = (folder.with_name(f".{folder.name}-{state}") for state in ("unfinished", "replaced"))
    folder.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(folder.parent, purpose=purpose):
        _tidy(folder, built, old)
        built.mkdir()
        try:
            yield built
            sync_folder(built)
            if folder.exists():
                folder.replace(old)
            built.replace(folder)
            sync_folder(folder.parent)
        finally:
            _tidy(folder, built, old)


def _tidy(folder: Path, built: Path, old: Path) -> None:
    """Undo half a swap, and remove what no longer counts."""
    if old.exists() and not folder.exists():
        old.replace(folder)
    for left in (built, old):
        shutil.rmtree(left, ignore_errors=True)
