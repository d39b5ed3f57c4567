"""The log of a watch: an SQLite file in `watch/<name>/`, to which each second adds one transaction.

A kill or a full disk loses the last second and nothing else. The file is bounded: when it has grown to its limit, the
oldest tenth makes room.
"""

import contextlib
import errno
import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from toonvision.core.errors import EnvironmentFaultError, InputRejectedError, UsageError
from toonvision.watch.records import Batch, PaceRow, SecondRow, Session, TrackRow

Row = TypeVar("Row")
LOG: Final = "log.sqlite"
_APPLICATION = 0x546F6F57
_VERSION = 1
_SCHEMA = """
CREATE TABLE session (number INTEGER PRIMARY KEY, started TEXT NOT NULL, source TEXT NOT NULL, context TEXT NOT NULL,
                      models TEXT NOT NULL) STRICT;
CREATE TABLE track (session INTEGER NOT NULL, number INTEGER NOT NULL, label TEXT NOT NULL, levels TEXT NOT NULL,
                    first_seen REAL NOT NULL, last_seen REAL NOT NULL, hits INTEGER NOT NULL, best_score REAL NOT NULL,
                    labels TEXT NOT NULL, thumbnail BLOB, PRIMARY KEY (session, number)) STRICT;
CREATE TABLE second (session INTEGER NOT NULL, second INTEGER NOT NULL, level TEXT NOT NULL, name TEXT NOT NULL,
                     count INTEGER NOT NULL, PRIMARY KEY (session, second, level, name)) STRICT, WITHOUT ROWID;
CREATE TABLE pace (session INTEGER NOT NULL, second INTEGER NOT NULL, frames INTEGER NOT NULL, drops INTEGER NOT NULL,
                   delay_ms REAL NOT NULL, PRIMARY KEY (session, second)) STRICT, WITHOUT ROWID;
"""
_TENTH = 10
_PAGE = 4096
_LARGEST = 1e10
"""No number of a log is as large, and none is negative."""


class LogFile:
    """An opened log; one program writes to it at a time."""

    def __init__(self, folder: Path, *, limit_mb: float) -> None:
        """Open the log of a folder, or begin one.

        Args:
            folder: ``watch/<name>``; made where it is missing.
            limit_mb: How large the file may become, in MB.

        Raises:
            InputRejectedError: If a file of that name is no log of ours.
            EnvironmentFaultError: If it cannot be written, or another program writes to it.
        """
        self.path = folder / LOG
        self._limit = int(limit_mb * 1e6 / _PAGE)
        folder.mkdir(parents=True, exist_ok=True)
        with _translated(self.path):
            self._connection = _connected(self.path, "rwc")
            self._connection.execute("PRAGMA synchronous = FULL")

    def begin(self, source: str, context: str, models: str) -> Session:
        """Begin a session."""
        with _translated(self.path), self._transaction():
            started = datetime.now(UTC).isoformat(timespec="seconds")
            added = self._connection.execute(
                "INSERT INTO session (started, source, context, models) VALUES (?, ?, ?, ?)",
                (started, source, context, models),
            )
            return Session(int(added.lastrowid or 0), started, source, context, models)

    def add(self, batch: Batch) -> None:
        """Add a second, all of it or nothing.

        Raises:
            OSError: If the disk is full.
        """
        with _translated(self.path), self._transaction():
            self._connection.executemany(
                "INSERT OR REPLACE INTO track VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [_values(one) for one in batch.tracks],
            )
            seconds = [(one.session, one.second, one.level, one.name, one.count) for one in batch.seconds]
            self._connection.executemany("INSERT OR REPLACE INTO second VALUES (?, ?, ?, ?, ?)", seconds)
            pace = batch.pace
            self._connection.execute(
                "INSERT OR REPLACE INTO pace VALUES (?, ?, ?, ?, ?)",
                (pace.session, pace.second, pace.frames, pace.drops, pace.delay_ms),
            )
            if self._pages() > self._limit:
                self._make_room()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):  # a full disk has rolled it back already
                self._connection.execute("ROLLBACK")
            raise

    def _pages(self) -> int:
        """Return how many pages of the file are in use."""
        return int(self._one("PRAGMA page_count")) - int(self._one("PRAGMA freelist_count"))

    def _make_room(self) -> None:
        """Remove the oldest tenth of all; its pages are used again."""
        for table, order in (("track", "session, number"), ("second", "session, second"), ("pace", "session, second")):
            count = int(self._one(f"SELECT count(*) FROM {table}")) // _TENTH + 1
            last = self._connection.execute(
                f"SELECT {order} FROM {table} ORDER BY {order} LIMIT 1 OFFSET ?", (count,)
            ).fetchone()
            if last is not None:
                self._connection.execute(f"DELETE FROM {table} WHERE ({order}) < (?, ?)", last)

    def _one(self, query: str) -> Any:
        return self._connection.execute(query).fetchone()[0]


class LogReader:
    """What a log holds, for its report and its tables."""

    def __init__(self, folder: Path) -> None:
        """Name the folder, ``watch/<name>``."""
        self.path = folder / LOG

    def sessions(self) -> list[Session]:
        """Return all sessions in their order."""
        return self._rows("session ORDER BY number", _session)

    def tracks(self) -> list[TrackRow]:
        """Return all tracks in the order in which they were first seen."""
        return self._rows("track ORDER BY session, first_seen, number", _track)

    def seconds(self) -> list[SecondRow]:
        """Return all counts in their order."""
        return self._rows("second ORDER BY session, second, level, name", _second)

    def pace(self) -> list[PaceRow]:
        """Return how quickly frames were handled, second by second."""
        return self._rows("pace ORDER BY session, second", _pace)

    def _rows(self, chosen: str, row_of: Callable[[Sequence[Any]], Row]) -> list[Row]:
        if not self.path.is_file():
            raise UsageError(f"{self.path.parent}: nothing was logged there. Watch first: toonvision watch SOURCE")
        with _translated(self.path), contextlib.closing(_connected(self.path, "ro")) as connection:
            try:
                return [row_of(row) for row in connection.execute(f"SELECT * FROM {chosen}")]
            except (TypeError, ValueError, AttributeError, RecursionError) as error:
                raise sqlite3.DatabaseError("not as it was written") from error


def _connected(path: Path, mode: str) -> sqlite3.Connection:
    journal = path.with_name(f"{path.name}-journal")
    if mode == "ro" and journal.exists():  # what a killed writer left half done is rolled back by who may write
        mode = "rw"
    uri = f"{path.resolve().as_uri()}?mode={mode}"
    connection = sqlite3.connect(uri, uri=True, timeout=4.0, isolation_level=None, check_same_thread=False)
    try:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if not tables and mode == "rwc":
            connection.executescript(
                f"BEGIN; PRAGMA application_id = {_APPLICATION}; PRAGMA user_version = {_VERSION}; {_SCHEMA} COMMIT;"
            )
        elif application != _APPLICATION or version != _VERSION:
            raise sqlite3.DatabaseError("not ours")
    except BaseException:
        connection.close()
        raise
    return connection


@contextlib.contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Turn errors of SQLite into ours."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error
        # Without a code a text cannot be decoded; with that of an error a table or a column is missing.
        if isinstance(error, sqlite3.OperationalError) and code not in (0, sqlite3.SQLITE_ERROR):
            raise EnvironmentFaultError(
                f"{path}: cannot be used ({error}). Close what uses it, then run again."
            ) from error
        raise damaged(path) from error


def damaged(path: Path) -> InputRejectedError:
    """Return the error of a file that is no log, or not as it was written."""
    return InputRejectedError(f"{path}: is no log of this program, or is damaged. Move it away.")


def _values(one: TrackRow) -> Sequence[Any]:
    levels = json.dumps({level: list(said) for level, said in one.levels.items()}, ensure_ascii=False)
    labels = json.dumps(dict(one.labels), ensure_ascii=False)
    seen = (one.first_seen, one.last_seen, one.hits, one.best_score)
    return (one.session, one.number, one.label, levels, *seen, labels, one.thumbnail)


def _session(row: Sequence[Any]) -> Session:
    _require(row, int, str, str, str, str)
    made = Session(*row)
    datetime.fromisoformat(made.started)
    return made


def _track(row: Sequence[Any]) -> TrackRow:
    _require(row[:9], int, int, str, str, float, float, int, float, str)
    session, number, label, levels, first_seen, last_seen, hits, best_score, labels, thumbnail = row
    said = {level: (name, share) for level, (name, share) in json.loads(levels).items()}
    for level, (name, share) in said.items():
        _require((level, name, share), str, str, float)
    counts = json.loads(labels)
    for pair in counts.items():
        _require(pair, str, int)
    if thumbnail is not None:
        _require((thumbnail,), bytes)
    return TrackRow(session, number, label, said, first_seen, last_seen, hits, best_score, counts, thumbnail)


def _second(row: Sequence[Any]) -> SecondRow:
    _require(row, int, int, str, str, int)
    return SecondRow(*row)


def _pace(row: Sequence[Any]) -> PaceRow:
    _require(row, int, int, int, int, float)
    return PaceRow(*row)


def _require(values: Sequence[Any], *types: type[Any]) -> None:
    """Refuse what no log of ours holds: other types, which SQLite allows, and numbers and texts that cannot be shown.

    Raises:
        TypeError: If a type is another one.
        ValueError: If there are more or fewer values, a number is out of range, or a text cannot be written.
    """
    for value, kind in zip(values, types, strict=True):
        if not (isinstance(value, kind) or (kind is float and isinstance(value, int))):
            raise TypeError(f"not {kind.__name__}: {value!r}")
        if isinstance(value, str):
            value.encode()
        elif not isinstance(value, bytes) and not 0 <= value < _LARGEST:
            raise ValueError(f"out of range: {value}")
