"""The catalogue's file: an SQLite database, opened, checked and brought up to date.

Durability before speed: a rollback journal and `synchronous=EXTRA`, since WAL mode of versions before 3.51.3 can
lose commits.
"""

import contextlib
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from toonvision.core.errors import (
    EnvironmentFaultError,
    InputRejectedError,
    RejectedItemError,
    UsageError,
    WorkspaceBusyError,
)
from toonvision.core.files import is_closed, naming, write_bytes
from toonvision.core.names import free_name
from toonvision.data.catalog import schema
from toonvision.data.catalog.old_splits import bring_over_splits
from toonvision.data.catalog.schema import Connection

_BUSY_TIMEOUT_S = 4.0
_ENVIRONMENT = {
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM
}  # fmt: skip
_MAGIC = b"SQLite format 3\0"


class NewerCatalogError(InputRejectedError):
    """A newer version of this program wrote the catalogue."""


def is_older(path: Path) -> bool:
    """Return whether a file is a catalogue of an earlier version, by its header alone."""
    return _is_before(path, schema.VERSION)


def holds_splits(path: Path) -> bool:
    """Return whether a file is a catalogue of a version that had the splits in it, by its header alone."""
    return _is_before(path, schema.WITHOUT_SPLITS)


def _is_before(path: Path, version: int) -> bool:
    header = _header(path)
    return header.startswith(_MAGIC) and int.from_bytes(header[60:64]) < version


@contextlib.contextmanager
def open_database(path: Path, *, read_only: bool, untouched: bool = False) -> Iterator[Connection]:
    """Open a catalogue's file and bring its schema up to date: what `Catalog.open` does."""
    _refuse_foreign(path)
    # What a killed writer left half done is rolled back by the next one to open, who must be allowed to write.
    mode = "rwc" if not read_only else "rw" if journal_of(path).exists() else "ro"
    with _translated(path), _copied(path) if untouched else contextlib.nullcontext(path) as file:
        connection = sqlite3.connect(
            f"{file.resolve().as_uri()}?mode={mode}", uri=True, timeout=_BUSY_TIMEOUT_S, isolation_level=None
        )
        try:
            with sound(path):
                applied = _check(connection, path)
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = EXTRA")
            connection.execute(f"PRAGMA query_only = {'ON' if read_only else 'OFF'}")
            _migrate(connection, path, applied, read_only=read_only)
            yield connection
        finally:
            connection.close()


def _header(path: Path) -> bytes:
    with contextlib.suppress(OSError):
        if path.is_file():
            with path.open("rb") as file:
                return file.read(64)
    return b""


def refuse_irregular(path: Path) -> None:
    """Refuse what is no file of its own where the catalogue or its journal belongs.

    A link could lead to a file that is not ours, and a pipe would block.
    """
    for own in (path, journal_of(path)):
        if own.is_symlink() or (own.exists() and not own.is_file()):
            raise InputRejectedError(
                f"{own}: is no regular file, as a catalogue must be. Move it away, then run: toonvision rebuild -w "
                f"{path.parent}"
            )


def _refuse_foreign(path: Path) -> None:
    """Refuse what can be seen before SQLite makes files beside it, or fails in the midst of a change."""
    refuse_irregular(path)
    header = _header(path)
    if header.startswith(_MAGIC) and header[18:20] != b"\1\1":
        raise InputRejectedError(_rebuild_advice(path, "it is in a journal mode that this program never uses"))
    if header.startswith(_MAGIC) and int.from_bytes(header[56:60]) not in {0, 1}:  # no text yet, or UTF-8
        raise InputRejectedError(_rebuild_advice(path, "its texts are not in UTF-8"))


def journal_of(path: Path) -> Path:
    """Return the path of the file in which SQLite keeps what an incomplete change has overwritten."""
    return path.with_name(f"{path.name}-journal")


def roll_back(path: Path) -> None:
    """Undo what a killed writer left half done; whatever the file is, its journal is gone then.

    A journal that outlived its file would be played back into the next file of that name.
    """
    if not journal_of(path).exists():
        return
    with (
        contextlib.suppress(sqlite3.DatabaseError),
        contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True)) as connection,
    ):
        connection.execute("SELECT 1 FROM sqlite_schema").fetchone()
    journal_of(path).unlink(missing_ok=True)


def set_beside(path: Path) -> Path | None:
    """Make a catalogue's file ready to be replaced: copy it, as it is, to a free name beside it, and return that name.

    What a killed writer left half done is kept with the copy and then rolled back in the file.
    """
    if not path.is_file():
        roll_back(path)
        return None
    kept = path.with_name(free_name(path.parent, f"{path.name}.before-rebuild"))
    if journal_of(path).exists():
        write_bytes(journal_of(kept), journal_of(path).read_bytes())
    write_bytes(kept, path.read_bytes())
    roll_back(path)
    return kept


@contextlib.contextmanager
def _copied(path: Path) -> Iterator[Path]:
    """Copy a catalogue's file and journal, as they are at one moment, to the system's temporary folder."""
    try:
        temporary = tempfile.TemporaryDirectory()
    except FileNotFoundError as error:  # what Python says of a full disk too
        raise EnvironmentFaultError(
            f"{path}: is read from a copy, for which no temporary folder can be written to. Free space there, or name "
            "another one in TMPDIR."
        ) from error
    with temporary as folder:
        copy = Path(folder, path.name)
        give_up = time.monotonic() + _BUSY_TIMEOUT_S
        while True:
            before = _moment(path)
            with naming(copy):
                copy.write_bytes(path.read_bytes())
            with contextlib.suppress(FileNotFoundError), naming(journal_of(copy)):
                journal_of(copy).unlink(missing_ok=True)
                journal_of(copy).write_bytes(journal_of(path).read_bytes())
            if _moment(path) == before:
                break
            if time.monotonic() > give_up:
                raise WorkspaceBusyError(f"{path}: another process keeps changing it. Try again when it has ended.")
        yield copy


def _moment(path: Path) -> list[tuple[int, int] | None]:
    """Return what changes with a catalogue's file and journal: their times of change and sizes."""
    states: list[tuple[int, int] | None] = []
    for file in (path, journal_of(path)):
        try:
            status = file.stat()
            states.append((status.st_mtime_ns, status.st_size))
        except FileNotFoundError:
            states.append(None)
    return states


@contextlib.contextmanager
def sound(path: Path) -> Iterator[None]:
    """Report a value that cannot have been stored as damage to the catalogue."""
    try:
        yield
    except (ValueError, TypeError, RecursionError, RejectedItemError, UsageError) as error:
        raise InputRejectedError(_rebuild_advice(path, str(error))) from error


@contextlib.contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours, with a remedy."""
    try:
        yield
    except sqlite3.OperationalError as error:
        code = _primary_code(error)
        if code is None:  # Python's own complaint, of text that is not UTF-8
            raise InputRejectedError(_rebuild_advice(path, str(error))) from error
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            busy = f"{path}: another process keeps it locked. Try again when it has ended."
            raise WorkspaceBusyError(busy) from error
        if code in _ENVIRONMENT:
            remedy = "Allow reading" if is_closed(path) else "Free space or allow writing"
            raise EnvironmentFaultError(f"{path}: {error}. {remedy}, then run again.") from error
        raise
    except sqlite3.DatabaseError as error:
        raise InputRejectedError(_rebuild_advice(path, str(error))) from error


def _primary_code(error: sqlite3.OperationalError) -> int | None:
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _check(connection: Connection, path: Path) -> list[tuple[str, str]]:
    """Refuse a damaged catalogue, a newer one, and other files; return the migrations that were applied.

    Raises:
        ValueError: Saying what is damaged.
    """
    try:
        (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if verdict != "ok":
            raise ValueError(verdict)
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        names = connection.execute("SELECT name FROM migrations").fetchall() if "migrations" in tables else []
    except MemoryError as error:  # a size that a flipped bit made huge
        raise ValueError("it asks for more memory than there is") from error
    except sqlite3.OperationalError as error:
        if _primary_code(error) == sqlite3.SQLITE_ERROR:
            raise ValueError(str(error)) from error
        raise
    applied = {name for (name,) in names}
    remedy = "it was not changed. Update toonvision, or move the file away."
    if applied > {name for name, _ in schema.MIGRATIONS}:
        raise NewerCatalogError(f"{path}: a newer version wrote it ({max(applied)}); {remedy}")
    if tables and "migrations" not in tables:
        raise InputRejectedError(f"{path}: it is no catalogue of this program; {remedy}")
    first = schema.MIGRATIONS[: len(applied)]
    is_its = applied == {name for name, _ in first}
    if not is_its or (applied and schema.schema_of(connection) != schema.schema_after(first)):
        raise ValueError("its tables are not those of its version")
    if connection.execute("PRAGMA foreign_key_check").fetchone():
        raise ValueError("its tables do not agree with each other")
    return list(first)


def _rebuild_advice(path: Path, reason: str) -> str:
    return (
        f"{path}: the catalogue is damaged ({reason}); it was not changed. Make it again: toonvision rebuild -w "
        f"{path.parent}"
    )


def _migrate(connection: Connection, path: Path, applied: list[tuple[str, str]], *, read_only: bool) -> None:
    missing = schema.MIGRATIONS[len(applied) :]
    if not missing:
        return
    if read_only and not applied:
        verb = "rebuild" if any((path.parent / "crops").glob("*")) else "extract"
        raise InputRejectedError(f"{path}: is empty. Make it again: toonvision {verb} -w {path.parent}")
    if read_only:
        raise InputRejectedError(
            f"{path}: its schema is older than this version. Run: toonvision extract -w {path.parent}"
        )
    if applied and schema.SPLITS_ARE_FILES in missing:
        with sound(path):
            bring_over_splits(connection, path)
    connection.execute("PRAGMA journal_mode = DELETE")
    schema.apply(connection, missing)
