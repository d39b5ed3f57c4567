"""The catalogue's tables, and how those of earlier versions become them."""

import contextlib
import functools
import sqlite3
from collections.abc import Iterable

Connection = sqlite3.Connection

VERSION = 4
"""Stands in the file's header (`user_version`), so that an earlier catalogue is recognised without opening it."""
WITHOUT_SPLITS = 3
"""The version from which on splits are files."""

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
    (
        "0003_split_files_and_origins",
        "DROP TABLE split_crops; DROP TABLE splits; ALTER TABLE crops ADD COLUMN origin TEXT NOT NULL DEFAULT '';"
        f"PRAGMA user_version = {WITHOUT_SPLITS};",
    ),
    (
        "0004_regions",
        f"""
        CREATE TABLE regions (
            id INTEGER PRIMARY KEY,
            screenshot_id INTEGER NOT NULL REFERENCES screenshots ON DELETE CASCADE,
            label TEXT NOT NULL,
            x_min INTEGER NOT NULL,
            y_min INTEGER NOT NULL,
            x_max INTEGER NOT NULL,
            y_max INTEGER NOT NULL,
            origin TEXT NOT NULL,
            attributes TEXT NOT NULL
        ) STRICT;
        CREATE INDEX regions_by_screenshot ON regions (screenshot_id);
        PRAGMA user_version = {VERSION};
        """,
    ),
)
SPLITS_ARE_FILES = MIGRATIONS[2]

Schema = frozenset[tuple[str, str, str, str | None]]


def schema_of(connection: Connection) -> Schema:
    """Return the tables and indexes that a database has: type, name, table, SQL."""
    # LIKE would take the underscore for any letter, and so overlook a trigger called sqliteXstat.
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT GLOB 'sqlite_stat*'")
    return frozenset(rows)


@functools.cache
def schema_after(migrations: tuple[tuple[str, str], ...]) -> Schema:
    """Return the tables and indexes that migrations make."""
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        apply(connection, migrations)
        return schema_of(connection)


def apply(connection: Connection, migrations: Iterable[tuple[str, str]]) -> None:
    """Apply migrations, each in a transaction of its own."""
    for name, script in migrations:
        connection.executescript(
            "BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY) STRICT;"
            f"{script}; INSERT INTO migrations VALUES ('{name}'); COMMIT;"
        )
