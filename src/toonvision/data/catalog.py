"""The catalogue: what was read and what was decided, in SQLite. The only SQL of the project.

Durability before speed: a rollback journal and `synchronous=EXTRA`, since WAL mode of versions before 3.51.3 can
lose commits.
"""

import contextlib
import functools
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from toonvision.core.errors import (
    EnvironmentFaultError,
    Finding,
    InputRejectedError,
    RejectedItemError,
    UsageError,
    WorkspaceBusyError,
)
from toonvision.data.attributes import Attributes, decoded, encoded
from toonvision.data.boxes import Box

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


@dataclass(frozen=True)
class StoredScreenshot:
    """A screenshot as the catalogue knows it.

    Attributes:
        id: Its row.
        picture_hash: SHA-256 of the file.
        size_wh: Width and height in pixels.
    """

    id: int
    source: str
    name: str
    context: str
    size_wh: tuple[int, int]
    picture_hash: str
    fingerprint: str


@dataclass(frozen=True)
class NewScreenshot:
    """A screenshot to be stored, with the crops it has now; those not listed are forgotten."""

    source: str
    name: str
    context: str
    size_wh: tuple[int, int]
    picture_hash: str
    fingerprint: str
    crops: tuple["NewCrop", ...]


@dataclass(frozen=True)
class NewCrop:
    """A crop to be stored; `number` and `file` name it for good."""

    label: str
    box: Box
    hash: str
    number: int
    file: str
    attributes: Attributes = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Crop:
    """A crop as the catalogue knows it.

    Attributes:
        id: Its row; what refers to it, such as its place in a split, goes with it.
        label: What it shows.
        number: Its number within the label, from 0; never used again.
        file: Its file name below `crops/`.
        hash: SHA-256 of its file.
        box: Where it was cut from.
        screenshot_id: The screenshot that it was cut from.
        screenshot: That screenshot's path below its source.
        context: Where the screenshot was taken.
        fingerprint: That screenshot's fingerprint.
        attributes: What else is known of the object; empty where nothing is.
    """

    id: int
    label: str
    number: int
    file: str
    hash: str
    box: Box
    screenshot_id: int
    screenshot: str
    context: str
    fingerprint: str
    attributes: Attributes = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class StoredSplit:
    """A split as the catalogue knows it: crop id to part, and how it was made."""

    name: str
    ratios: tuple[int, int, int]
    seed: int
    grouped: bool
    parts: Mapping[int, str]


class Catalog:
    """An open catalogue; close it by leaving the `with` block of `open`."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    @classmethod
    @contextlib.contextmanager
    def open(cls, path: Path, *, read_only: bool = False) -> Iterator["Catalog"]:
        """Open a catalogue and bring its schema up to date.

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
        with _translated(path):
            connection = sqlite3.connect(
                f"{path.resolve().as_uri()}?mode={mode}",
                uri=True,
                timeout=_BUSY_TIMEOUT_S,
                isolation_level=None,
            )
            try:
                with _sound(path):
                    applied = _check(connection, path)
                connection.execute("PRAGMA foreign_keys = ON")
                connection.execute("PRAGMA synchronous = EXTRA")
                connection.execute(f"PRAGMA query_only = {'ON' if read_only else 'OFF'}")
                _migrate(connection, path, applied, read_only=read_only)
                yield cls(connection, path)
            finally:
                connection.close()

    def screenshots(self) -> list[StoredScreenshot]:
        """Give all screenshots by source and name."""
        rows = self._connection.execute(
            "SELECT id, source, name, context, width, height, picture_hash, fingerprint "
            "FROM screenshots ORDER BY source, name"
        )
        return [
            StoredScreenshot(id_, source, name, context, (width, height), digest, mark)
            for id_, source, name, context, width, height, digest, mark in rows
        ]

    def crops(self) -> list[Crop]:
        """Give all crops by label and number."""
        rows = self._connection.execute(
            "SELECT c.id, c.label, c.number, c.file, c.hash, c.x_min, c.y_min, c.x_max, c.y_max, s.id, s.name, "
            "s.context, s.fingerprint, c.attributes FROM crops c JOIN screenshots s ON s.id = c.screenshot_id "
            "ORDER BY c.label, c.number"
        )
        with _sound(self._path):
            return [
                Crop(
                    id_, label, number, _file_name(file), digest, Box(*xyxy), shot, name, context, mark, decoded(words)
                )
                for id_, label, number, file, digest, *xyxy, shot, name, context, mark, words in rows
            ]

    def last_numbers(self) -> dict[str, int]:
        """Give the last number that each label has used."""
        return dict(self._connection.execute("SELECT label, last FROM label_numbers WHERE label <> ''"))

    def save_screenshots(self, screenshots: Sequence[NewScreenshot]) -> None:
        """Store screenshots with their crops, all or none; known crops keep their rows."""
        with self._transaction() as run:
            for shot in screenshots:
                (row,) = run.execute(
                    "INSERT INTO screenshots (source, name, context, width, height, picture_hash, fingerprint) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source, name) DO UPDATE SET "
                    "context = excluded.context, width = excluded.width, height = excluded.height, "
                    "picture_hash = excluded.picture_hash, fingerprint = excluded.fingerprint RETURNING id",
                    (
                        shot.source,
                        shot.name,
                        shot.context,
                        *shot.size_wh,
                        shot.picture_hash,
                        shot.fingerprint,
                    ),
                ).fetchone()
                files = [crop.file for crop in shot.crops]
                marks = ", ".join("?" * len(files))
                run.execute(f"DELETE FROM crops WHERE screenshot_id = ? AND file NOT IN ({marks})", (row, *files))
                run.executemany(
                    "INSERT INTO crops (screenshot_id, label, number, file, hash, x_min, y_min, x_max, y_max, "
                    "attributes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                    "ON CONFLICT (file) DO UPDATE SET hash = excluded.hash, attributes = excluded.attributes",
                    [(row, c.label, c.number, c.file, c.hash, *c.box.xyxy, encoded(c.attributes)) for c in shot.crops],
                )
                run.executemany(
                    "INSERT INTO label_numbers VALUES (?, ?) ON CONFLICT (label) DO UPDATE "
                    "SET last = max(last, excluded.last)",
                    [(crop.label, crop.number) for crop in shot.crops],
                )

    def forget_screenshots(self, ids: Iterable[int]) -> None:
        """Remove screenshots that are gone, with their crops."""
        with self._transaction() as run:
            run.executemany("DELETE FROM screenshots WHERE id = ?", [(id_,) for id_ in ids])

    def begin(self) -> None:
        """Note that an extraction began, before its first file is written."""
        with self._transaction() as run:
            run.execute("INSERT OR IGNORE INTO label_numbers VALUES ('', -1)")

    def has_begun(self) -> bool:
        """Whether an extraction ever began, even if it was killed before its first commit."""
        return bool(self._connection.execute("SELECT 1 FROM label_numbers LIMIT 1").fetchone())

    def save_extraction(self, counts: Mapping[str, int], findings: Iterable[Finding]) -> None:
        """Store what an extraction counted and found."""
        listed = json.dumps([asdict(finding) for finding in findings])
        with self._transaction() as run:
            run.execute("INSERT INTO extractions (counts, findings) VALUES (?, ?)", (json.dumps(counts), listed))

    def last_extraction(self) -> tuple[dict[str, int], list[Finding]]:
        """Give the counts and findings of the newest extraction; empty where there was none."""
        row = self._connection.execute("SELECT counts, findings FROM extractions ORDER BY id DESC LIMIT 1").fetchone()
        if row is None:
            return {}, []
        with _sound(self._path):
            return json.loads(row[0]), [Finding(**entry) for entry in json.loads(row[1])]

    def save_split(self, split: StoredSplit, *, replace: bool = False) -> None:
        """Store a split by its name.

        Raises:
            UsageError: If there is one of that name and `replace` is not set.
        """
        with self._transaction() as run:
            if replace:
                run.execute("DELETE FROM splits WHERE name = ?", (split.name,))
            elif run.execute("SELECT 1 FROM splits WHERE name = ?", (split.name,)).fetchone():
                raise UsageError(f"there is a split called {split.name!r} already. Choose --name, or give --force.")
            cursor = run.execute(
                "INSERT INTO splits (name, ratios, seed, grouped) VALUES (?, ?, ?, ?)",
                (split.name, "/".join(map(str, split.ratios)), split.seed, int(split.grouped)),
            )
            run.executemany(
                "INSERT INTO split_crops VALUES (?, ?, ?)",
                [(cursor.lastrowid, crop, part) for crop, part in split.parts.items()],
            )

    def split(self, name: str) -> StoredSplit:
        """Give a split by name.

        Raises:
            UsageError: If there is none.
        """
        row = self._connection.execute(
            "SELECT id, ratios, seed, grouped FROM splits WHERE name = ?", (name,)
        ).fetchone()
        if row is None:
            known = [str(known) for (known,) in self._connection.execute("SELECT name FROM splits ORDER BY name")]
            listed = f"There are: {', '.join(known)}." if known else "There is none yet. Run: toonvision split"
            raise UsageError(f"no split is called {name!r}. {listed}")
        with _sound(self._path):
            train, validate, test = (int(value) for value in row[1].split("/"))
        parts = self._connection.execute("SELECT crop_id, part FROM split_crops WHERE split_id = ?", (row[0],))
        return StoredSplit(name, (train, validate, test), row[2], bool(row[3]), dict(parts))

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
        except BaseException:
            if self._connection.in_transaction:  # a full disk has rolled it back already
                self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")


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


def _file_name(name: str) -> str:
    """Pass a crop's file name on; a path would lead out of the workspace."""
    if not isinstance(name, str) or Path(name).name != name or "\\" in name:
        raise ValueError(f"{name!r} is no file name")
    return name


@contextlib.contextmanager
def _sound(path: Path) -> Iterator[None]:
    """Say of a value or a text that nobody can have stored that the catalogue is damaged."""
    try:
        yield
    except (ValueError, TypeError, RejectedItemError) as error:
        raise InputRejectedError(_rebuild_advice(path, str(error))) from error


def _primary_code(error: sqlite3.OperationalError) -> int | None:
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _check(connection: sqlite3.Connection, path: Path) -> set[str]:
    """Refuse a damaged catalogue, a newer one, and what is none; give the names of the applied migrations."""
    try:
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
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
    return applied


def _schema(connection: sqlite3.Connection) -> set[tuple[str, str, str | None]]:
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


def _migrate(connection: sqlite3.Connection, path: Path, applied: set[str], *, read_only: bool) -> None:
    missing = [(name, script) for name, script in MIGRATIONS if name not in applied]
    if not missing:
        return
    if read_only:
        raise InputRejectedError(
            f"{path}: its schema is older than this version. Run: toonvision extract -w {path.parent}"
        )
    connection.execute("PRAGMA journal_mode = DELETE")
    _apply(connection, missing)


def _apply(connection: sqlite3.Connection, migrations: Iterable[tuple[str, str]]) -> None:
    """Apply migrations, each in a transaction of its own."""
    for name, script in migrations:
        connection.executescript(
            "BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY) STRICT;"
            f"{script}; INSERT INTO migrations VALUES ('{name}'); COMMIT;"
        )
