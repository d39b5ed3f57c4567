"""The catalogue's queries: the only ones of the project."""

import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from toonvision.core.errors import Finding, shown
from toonvision.core.files import naming
from toonvision.data.attributes import decoded, encoded
from toonvision.data.boxes import Box, checked_label
from toonvision.data.catalog.database import open_database, sound
from toonvision.data.catalog.schema import Connection
from toonvision.data.fingerprints import checked_fingerprint
from toonvision.data.records import MOST_NUMBERS, Crop, Known, StoredScreenshot

_LONGEST_FILE_NAME = 255

_KEEP_NUMBER = (
    "INSERT INTO label_numbers VALUES (?, ?) ON CONFLICT (label) DO UPDATE SET last = max(last, excluded.last)"
)


class Catalog:
    """An open catalogue; close it by leaving the `with` block of `open`."""

    def __init__(self, connection: Connection, path: Path, recording_of: Callable[[str], str]) -> None:
        self._connection = connection
        self._path = path
        self._recording_of = recording_of

    @classmethod
    @contextlib.contextmanager
    def open(
        cls,
        path: Path,
        *,
        read_only: bool = False,
        untouched: bool = False,
        recording_of: Callable[[str], str] = lambda _: "",
    ) -> Iterator["Catalog"]:
        """Open a catalogue and bring its schema up to date.

        Args:
            path: The file; made where it is missing, unless `read_only`.
            read_only: Promise to change nothing; an older schema is then refused.
            untouched: Read a copy, so that not even what a killed writer left half done is rolled back in the file.
            recording_of: Returns the recording of a screenshot by its path below its source.

        Raises:
            InputRejectedError: If the file is damaged, is no catalogue, or comes from a newer version.
            EnvironmentFaultError: If the disk is full or the file cannot be opened.
            WorkspaceBusyError: If another process keeps it locked.
        """
        with open_database(path, read_only=read_only, untouched=untouched) as connection:
            yield cls(connection, path, recording_of)

    def known(self) -> Known:
        """Return all screenshots, crops, numbers and regions."""
        return Known(self.screenshots(), self.crops(), self.last_numbers(), self.regions())

    def screenshots(self) -> list[StoredScreenshot]:
        """Return all screenshots by source and name."""
        rows = self._connection.execute(
            "SELECT id, source, name, context, width, height, picture_hash, fingerprint "
            "FROM screenshots ORDER BY source, name"
        )
        with sound(self._path):
            return [
                StoredScreenshot(
                    id_, source, name, context, _size(wh), digest, checked_fingerprint(mark), self._recording_of(name)
                )
                for id_, source, name, context, *wh, digest, mark in rows
            ]

    def crops(self) -> list[Crop]:
        """Return all crops by label and number."""
        rows = self._connection.execute(
            "SELECT c.id, c.label, c.number, c.file, c.hash, c.x_min, c.y_min, c.x_max, c.y_max, s.id, s.source, "
            "s.name, s.context, s.fingerprint, c.origin, c.attributes "
            "FROM crops c JOIN screenshots s ON s.id = c.screenshot_id ORDER BY c.label, c.number"
        )
        with sound(self._path):
            return [
                Crop(
                    id_, checked_label(label), _number(number), _file_name(file), digest, Box(*xyxy), shot, source,
                    name, context, checked_fingerprint(mark), origin, decoded(words), self._recording_of(name),
                )
                for id_, label, number, file, digest, *xyxy, shot, source, name, context, mark, origin, words in rows
            ]  # fmt: skip

    def regions(self) -> list[Crop]:
        """Return what nobody need find, as crops without a file, in the order in which they were stored."""
        rows = self._connection.execute(
            "SELECT r.id, r.label, r.x_min, r.y_min, r.x_max, r.y_max, s.id, s.source, s.name, s.context, "
            "s.fingerprint, r.origin, r.attributes "
            "FROM regions r JOIN screenshots s ON s.id = r.screenshot_id ORDER BY r.id"
        )
        with sound(self._path):
            return [
                Crop(
                    id_, checked_label(label), 0, "", "", Box(*xyxy), shot, source, name, context,
                    checked_fingerprint(mark), origin, decoded(words), self._recording_of(name),
                )
                for id_, label, *xyxy, shot, source, name, context, mark, origin, words in rows
            ]  # fmt: skip

    def last_numbers(self) -> dict[str, int]:
        """Return the last number that each label has used."""
        rows = self._connection.execute("SELECT label, last FROM label_numbers WHERE label <> ''")
        with sound(self._path):
            return {label: _number(last) for label, last in rows}

    def save_screenshots(self, screenshots: Iterable[tuple[StoredScreenshot, Sequence[Crop]]]) -> None:
        """Store screenshots, each with the crops it has now, all or none; known crops keep their rows.

        Those without a file are stored as regions.
        """
        with self._transaction() as run:
            for shot, crops in screenshots:
                (row,) = run.execute(
                    "INSERT INTO screenshots (source, name, context, width, height, picture_hash, fingerprint) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source, name) DO UPDATE SET "
                    "context = excluded.context, width = excluded.width, height = excluded.height, "
                    "picture_hash = excluded.picture_hash, fingerprint = excluded.fingerprint RETURNING id",
                    (shot.source, shot.name, shot.context, *shot.size_wh, shot.picture_hash, shot.fingerprint),
                ).fetchone()
                regions = [crop for crop in crops if not crop.file]
                crops = [crop for crop in crops if crop.file]
                files = [crop.file for crop in crops]
                marks = ", ".join("?" * len(files))
                run.execute(f"DELETE FROM crops WHERE screenshot_id = ? AND file NOT IN ({marks})", (row, *files))
                run.executemany(
                    "INSERT INTO crops (screenshot_id, label, number, file, hash, x_min, y_min, x_max, y_max, "
                    "origin, attributes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (file) DO UPDATE SET "
                    "hash = excluded.hash, origin = excluded.origin, attributes = excluded.attributes",
                    [
                        (row, c.label, c.number, c.file, c.hash, *c.box.xyxy, c.origin, encoded(c.attributes))
                        for c in crops
                    ],
                )
                run.executemany(_KEEP_NUMBER, [(crop.label, crop.number) for crop in crops])
                run.execute("DELETE FROM regions WHERE screenshot_id = ?", (row,))
                run.executemany(
                    "INSERT INTO regions (screenshot_id, label, x_min, y_min, x_max, y_max, origin, attributes) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    [(row, one.label, *one.box.xyxy, one.origin, encoded(one.attributes)) for one in regions],
                )

    def keep_numbers(self, last: Mapping[str, int]) -> None:
        """Store the last number that each label has used, so that none up to it is used again."""
        with self._transaction() as run:
            run.executemany(_KEEP_NUMBER, list(last.items()))

    def forget_screenshots(self, ids: Iterable[int]) -> None:
        """Remove screenshots that are gone, with their crops."""
        with self._transaction() as run:
            run.executemany("DELETE FROM screenshots WHERE id = ?", [(id_,) for id_ in ids])

    def begin(self) -> None:
        """Store that an extraction began, before its first file is written."""
        with self._transaction() as run:
            run.execute("INSERT OR IGNORE INTO label_numbers VALUES ('', -1)")

    def has_begun(self) -> bool:
        """Return whether an extraction ever began, even if it was killed before its first commit."""
        return bool(self._connection.execute("SELECT 1 FROM label_numbers LIMIT 1").fetchone())

    def save_extraction(self, counts: Mapping[str, int], findings: Iterable[Finding]) -> None:
        """Store what an extraction counted and found."""
        listed = json.dumps([asdict(finding) for finding in findings])
        with self._transaction() as run:
            run.execute("INSERT INTO extractions (counts, findings) VALUES (?, ?)", (json.dumps(counts), listed))

    def last_extraction(self) -> tuple[dict[str, int], list[Finding]]:
        """Return the counts and findings of the newest extraction; empty where there was none."""
        row = self._connection.execute("SELECT counts, findings FROM extractions ORDER BY id DESC LIMIT 1").fetchone()
        if row is None:
            return {}, []
        with sound(self._path):
            counts = json.loads(row[0])
            if not isinstance(counts, dict) or not all(type(count) is int and count >= 0 for count in counts.values()):
                raise ValueError("an extraction has counts that are no numbers")
            return counts, [_finding(entry) for entry in json.loads(row[1])]

    def require_sound(self) -> None:
        """Read everything.

        Raises:
            InputRejectedError: If a value is one that nobody can have stored.
        """
        self.known()
        self.last_extraction()

    def copy_to(self, path: Path) -> None:
        """Copy the catalogue to another file."""
        with contextlib.closing(sqlite3.connect(path)) as copy, naming(path):
            self._connection.backup(copy)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[Connection]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
        except BaseException:
            if self._connection.in_transaction:  # a full disk has rolled it back already
                self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")


def _file_name(name: str) -> str:
    """Return a crop's file name unchanged; a path would lead out of the workspace."""
    if not name.endswith(".png") or not name.isprintable() or len(name) > _LONGEST_FILE_NAME or set(name) & {*"/\\"}:
        raise ValueError(f"{shown(name)} is no file name of a crop")
    return name


def _number(number: int) -> int:
    if not 0 <= number <= MOST_NUMBERS:
        raise ValueError(f"{number} is no number that a crop can have")
    return number


def _size(size_wh: Sequence[int]) -> tuple[int, int]:
    width, height = size_wh
    if width <= 0 or height <= 0:
        raise ValueError(f"a screenshot has {width} x {height} pixels")
    return width, height


def _finding(entry: Mapping[str, Any]) -> Finding:
    finding = Finding(**entry)
    if not all(type(getattr(finding, one.name)) is one.type for one in fields(Finding)):
        raise ValueError("an extraction has a finding that says nothing")
    return finding
