"""Files that are complete or absent, and paths that stay where they belong."""

import contextlib
import os
import secrets
import stat
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from pathlib import Path

from toonvision.core.errors import RejectedItemError, shown

TEMPORARY = ".tmp-"
"""What the names of files that are not complete yet begin with."""


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` that takes its place when the block ends without an error.

    The old file stays until the new one is on disk (written, fsynced, renamed, folder fsynced). The temporary
    name keeps the suffix, since some writers choose their format by it.

    Args:
        path: The file to write; its folder is made where it is missing.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{TEMPORARY}{secrets.token_hex(8)}{path.suffix}")
    try:
        with naming(path, temporary):
            yield temporary
            _sync(temporary)
            temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


@contextlib.contextmanager
def naming(path: Path, temporary: Path | None = None) -> Iterator[None]:
    """Let an error of the disk name the file that was to be written: a full disk names none, or the temporary one.

    Args:
        path: The file that a person knows.
        temporary: What stands for it until it is complete.
    """
    try:
        yield
    except OSError as error:
        if error.filename in (None, str(temporary)):
            error.filename, error.filename2 = str(path), None
        raise


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file so that it is either the old one or the whole new one."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_many(folder: Path, contents: Mapping[str, bytes], pool: Executor) -> None:
    """Write several files of one folder, each whole; names are made to last once, at the end.

    Args:
        folder: Where; must exist.
        contents: File name to bytes.
        pool: Threads that write.
    """

    def write(name: str) -> None:
        temporary = folder / f"{TEMPORARY}{secrets.token_hex(8)}"
        with naming(folder / name, temporary):
            temporary.write_bytes(contents[name])
            _sync(temporary)
            temporary.replace(folder / name)

    deque(pool.map(write, contents), maxlen=0)
    sync_folder(folder)


def write_text(path: Path, content: str) -> None:
    """Write UTF-8 text so that the file is either the old one or the whole new one."""
    write_bytes(path, content.encode())


def sync_folder(folder: Path) -> None:
    """Make the names in a folder last; does nothing where folders cannot be opened (Windows)."""
    with contextlib.suppress(PermissionError):
        _sync(folder)


def require_writable(folder: Path) -> None:
    """Find out before long work whether its result can be written.

    Raises:
        OSError: Naming the folder, if no file can be made in it.
    """
    probe = folder / f"{TEMPORARY}{secrets.token_hex(8)}"
    with naming(folder, probe):
        probe.touch()
        probe.unlink()


def path_inside(root: Path, name: str) -> Path:
    """Resolve a name that came from input, and refuse it if it leads out of its root.

    Args:
        root: The folder that the name must stay in, symbolic links followed.
        name: A relative path as found in an annotation file.

    Raises:
        RejectedItemError: If the name is absolute, climbs out, is a link to somewhere else, or is none that a
            file can have.

    Examples:
        >>> path_inside(Path("shots"), "../secret.png")
        Traceback (most recent call last):
        ...
        toonvision.core.errors.RejectedItemError: the path '../secret.png' leads out of its folder
    """
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise RejectedItemError(f"the path {shown(name)} is not Unicode text", "rename it", code="bad-path") from error
    return followed_inside(root, root / name.replace("\\", "/"), name=name)


def followed_inside(root: Path, path: Path, *, name: str) -> Path:
    """Follow the links of a path, and refuse it if it ends outside its root.

    Args:
        root: The folder that the path must stay in, symbolic links followed.
        path: The path to follow, `root` included.
        name: What to call it in a message.

    Raises:
        RejectedItemError: If it ends somewhere else, or is a link to itself.
    """
    named = shown(name)
    base = root.resolve()
    try:
        followed = path.resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise RejectedItemError(f"the path {named} leads nowhere", "correct it", code="bad-path") from error
    if not followed.is_relative_to(base):
        raise RejectedItemError(
            f"the path {named} leads out of its folder", "use a path inside it", code="path-escapes"
        )
    return followed


def read_regular(path: Path, *, limit: int) -> bytes:
    """Read a file that came from outside: only a regular one (a pipe would never end), and only up to a size.

    Args:
        path: The file.
        limit: Most bytes that such a file can sensibly have.

    Raises:
        RejectedItemError: If it cannot be read, is no regular file, or is larger.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise RejectedItemError("is no regular file", "put the file itself here", code="unreadable")
        if status.st_size > limit:
            size = f"{status.st_size / 1e6:,.1f} MB, over {limit / 1e6:,.0f} MB"
            raise RejectedItemError(f"is too large ({size})", "make it smaller", code="too-large")
        return path.read_bytes()
    except OSError as error:
        raise RejectedItemError(f"cannot be read ({error.strerror})", "check the file", code="unreadable") from error


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        with naming(path):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
