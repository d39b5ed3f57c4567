"""The catalogue's file: an SQLite database, opened, checked and brought up to date; for `catalog.py` alone.

Durability before speed: a rollback journal and `synchronous=EXTRA`, since WAL mode of versions before 3.51.3 can
lose commits.
"""

import contextlib
import functools
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from toonvision.core.errors import (
    EnvironmentFaultError,
    InputRejectedError,
    RejectedItemError,
    WorkspaceBusyError,
)

Connection = sqlite3.Connection

_BUSY_TIMEOUT_S = 4.0

MIGRATIONS: tuple[tuple[str, str], ...] = (
    (
        "0001_screenshots_crops_splits",
        """
        CREATE TABLE screenshots (
            id INTEGER PRIMARY KEY,
            source TEXT NOT NULL,
            name TEXT NOT NULL,
            context TEXT NOT NULL,
            width INTEGER NOT NULL,
            height INTEGER NOT NULL,
            picture_hash TEXT NOT NULL,
            fingerprint TEXT NOT NULL,
            UNIQUE (source, name)
        ) STRICT;
        CREATE TABLE crops (
            id INTEGER PRIMARY KEY,
            screenshot_id INTEGER NOT NULL REFERENCES screenshots ON DELETE CASCADE,
            label TEXT NOT NULL,
            number INTEGER NOT NULL,
            file TEXT NOT NULL UNIQUE,
            hash TEXT NOT NULL,
            x_min INTEGER NOT NULL,
            y_min INTEGER NOT NULL,
            x_max INTEGER NOT NULL,
            y_max INTEGER NOT NULL,
            UNIQUE (label, number)
        ) STRICT;
        CREATE INDEX crops_by_screenshot ON crops (screenshot_id);
        CREATE TABLE label_numbers (
            label TEXT PRIMARY KEY,
            last INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE splits (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            ratios TEXT NOT NULL,
            seed INTEGER NOT NULL,
            grouped INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE split_crops (
            split_id INTEGER NOT NULL REFERENCES splits ON DELETE CASCADE,
            crop_id INTEGER NOT NULL REFERENCES crops ON DELETE CASCADE,
            part TEXT NOT NULL CHECK (part IN ('train', 'validate', 'test')),
            PRIMARY KEY (split_id, crop_id)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE extractions (
            id INTEGER PRIMARY KEY,
            counts TEXT NOT NULL,
            findings TEXT NOT NULL
        ) STRICT;
        """,
    ),
    (
        "0002_crop_attributes",
        "ALTER TABLE crops ADD COLUMN attributes TEXT NOT NULL DEFAULT '{}';",
    ),
)


@contextlib.contextmanager
def open_database(path: Path, *, read_only: bool) -> Iterator[Connection]:
    """Open a catalogue's file and bring its schema up to date.

    Args:
        path: The file; made where it is missing, unless `read_only`.
        read_only: Promise to change nothing; an older schema is then refused.

    Raises:
        InputRejectedError: If the file is damaged, is no catalogue, or comes from a newer version.
        EnvironmentFaultError: If the disk is full or the file cannot be opened.
        WorkspaceBusyError: If another process keeps it locked.
    """
    # What a killed writer left half done is rolled back by the next one to open, who must be allowed to write.
    mode = "rwc" if not read_only else "rw" if path.with_name(f"{path.name}-journal").exists() else "ro"
    _refuse_write_ahead_log(path)
    with _translated(path):
        connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode={mode}",
            uri=True,
            timeout=_BUSY_TIMEOUT_S,
            isolation_level=None,
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


def _refuse_write_ahead_log(path: Path) -> None:
    """Refuse, by its header, a file that SQLite would make others beside as soon as it is opened."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        header = file.read(20)
        if header.startswith(b"SQLite format 3\0") and header[18:20] != b"\1\1":
            raise InputRejectedError(_rebuild_advice(path, "it is in a journal mode that this program never uses"))


@contextlib.contextmanager
def sound(path: Path) -> Iterator[None]:
    """Say of a value or a text that nobody can have stored that the catalogue is damaged."""
    try:
        yield
    except (ValueError, TypeError, RecursionError, RejectedItemError) as error:
        raise InputRejectedError(_rebuild_advice(path, str(error))) from error


@contextlib.contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Say what SQLite says in words that help."""
    try:
        yield
    except sqlite3.OperationalError as error:
        code = _primary_code(error)
        if code is None:  # Python's own complaint, of text that is not UTF-8
            raise InputRejectedError(_rebuild_advice(path, str(error))) from error
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise WorkspaceBusyError(
                f"{path}: another process keeps it locked. Try again when it has ended."
            ) from error
        if code in {
            sqlite3.SQLITE_FULL,
            sqlite3.SQLITE_IOERR,
            sqlite3.SQLITE_CANTOPEN,
            sqlite3.SQLITE_READONLY,
            sqlite3.SQLITE_PERM,
        }:
            raise EnvironmentFaultError(f"{path}: {error}. Free space or allow writing, then run again.") from error
        raise
    except sqlite3.DatabaseError as error:
        raise InputRejectedError(_rebuild_advice(path, str(error))) from error


def _primary_code(error: sqlite3.OperationalError) -> int | None:
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _check(connection: Connection, path: Path) -> set[str]:
    """Refuse a damaged catalogue, a newer one, and what is none; give the names of the applied migrations."""
    try:
        (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if verdict != "ok":
            raise InputRejectedError(_rebuild_advice(path, verdict))
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        applied = (
            {name for (name,) in connection.execute("SELECT name FROM migrations")} if "migrations" in tables else set()
        )
    except sqlite3.OperationalError as error:
        if _primary_code(error) == sqlite3.SQLITE_ERROR:
            raise InputRejectedError(_rebuild_advice(path, str(error))) from error
        raise
    unknown = applied - {name for name, _ in MIGRATIONS}
    if unknown or (tables and "migrations" not in tables):
        what = f"a newer version wrote it ({max(unknown)})" if unknown else "it is no catalogue of this program"
        raise InputRejectedError(f"{path}: {what}; it was not changed. Update toonvision, or move the file away.")
    if applied and _schema(connection) != _schema_after(tuple(m for m in MIGRATIONS if m[0] in applied)):
        raise InputRejectedError(_rebuild_advice(path, "its tables are not those of its version"))
    if connection.execute("PRAGMA foreign_key_check").fetchone():
        raise InputRejectedError(_rebuild_advice(path, "its tables do not agree with each other"))
    return applied


def _schema(connection: Connection) -> set[tuple[str, str, str | None]]:
    rows = connection.execute("SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%'")
    return set(rows)


@functools.cache
def _schema_after(migrations: tuple[tuple[str, str], ...]) -> set[tuple[str, str, str | None]]:
    """Give the tables and indexes that migrations make."""
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        _apply(connection, migrations)
        return _schema(connection)


def _rebuild_advice(path: Path, reason: str) -> str:
    return (
        f"{path}: the catalogue is damaged ({reason}); it was not changed. Move it and the folder crops/ "
        "away and run toonvision extract: crops are made again, splits must be made again with their seeds."
    )


def _migrate(connection: Connection, path: Path, applied: set[str], *, read_only: bool) -> None:
    missing = [(name, script) for name, script in MIGRATIONS if name not in applied]
    if not missing:
        return
    if read_only:
        raise InputRejectedError(
            f"{path}: its schema is older than this version. Run: toonvision extract -w {path.parent}"
        )
    connection.execute("PRAGMA journal_mode = DELETE")
    _apply(connection, missing)


def _apply(connection: Connection, migrations: Iterable[tuple[str, str]]) -> None:
    """Apply migrations, each in a transaction of its own."""
    for name, script in migrations:
        connection.executescript(
            "BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY) STRICT;"
            f"{script}; INSERT INTO migrations VALUES ('{name}'); COMMIT;"
        )
