"""The catalogue: what was read and what was decided, as rows of its database. The only queries of the project."""

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args

from toonvision.core.errors import Finding, UsageError, shown
from toonvision.data.attributes import Attributes, decoded, encoded
from toonvision.data.boxes import Box, checked_label
from toonvision.data.database import Connection, open_database, sound
from toonvision.data.fingerprints import checked_fingerprint

Subset = Literal["train", "val", "test"]
"""What a crop is for in a split."""
SUBSETS: tuple[Subset, ...] = get_args(Subset)
MOST_NUMBERS = 999_999_999
"""Above any number that a crop has ever had."""

_LONGEST_FILE_NAME = 255

_KEEP_NUMBER = (
    "INSERT INTO label_numbers VALUES (?, ?) ON CONFLICT (label) DO UPDATE SET last = max(last, excluded.last)"
)


_STORED, _READ = {"val": "validate"}, {"validate": "val"}
"""What the file calls a subset."""


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

    def __init__(self, connection: Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    @classmethod
    @contextlib.contextmanager
    def open(cls, path: Path, *, read_only: bool = False, untouched: bool = False) -> Iterator["Catalog"]:
        """Open a catalogue and bring its schema up to date.

        Args:
            path: The file; made where it is missing, unless `read_only`.
            read_only: Promise to change nothing; an older schema is then refused.
            untouched: Read a copy, so that not even what a killed writer left half done is rolled back in the file.

        Raises:
            InputRejectedError: If the file is damaged, is no catalogue, or comes from a newer version.
            EnvironmentFaultError: If the disk is full or the file cannot be opened.
            WorkspaceBusyError: If another process keeps it locked.
        """
        with open_database(path, read_only=read_only, untouched=untouched) as connection:
            yield cls(connection, path)

    def screenshots(self) -> list[StoredScreenshot]:
        """Give all screenshots by source and name."""
        rows = self._connection.execute(
            "SELECT id, source, name, context, width, height, picture_hash, fingerprint "
            "FROM screenshots ORDER BY source, name"
        )
        with sound(self._path):
            return [
                StoredScreenshot(id_, source, name, context, _size(wh), digest, checked_fingerprint(mark))
                for id_, source, name, context, *wh, digest, mark in rows
            ]

    def crops(self) -> list[Crop]:
        """Give all crops by label and number."""
        rows = self._connection.execute(
            "SELECT c.id, c.label, c.number, c.file, c.hash, c.x_min, c.y_min, c.x_max, c.y_max, s.id, s.name, "
            "s.context, s.fingerprint, c.attributes FROM crops c JOIN screenshots s ON s.id = c.screenshot_id "
            "ORDER BY c.label, c.number"
        )
        with sound(self._path):
            return [
                Crop(
                    id_,
                    checked_label(label),
                    _number(number),
                    _file_name(file),
                    digest,
                    Box(*xyxy),
                    shot,
                    name,
                    context,
                    checked_fingerprint(mark),
                    decoded(words),
                )
                for id_, label, number, file, digest, *xyxy, shot, name, context, mark, words in rows
            ]

    def last_numbers(self) -> dict[str, int]:
        """Give the last number that each label has used."""
        rows = self._connection.execute("SELECT label, last FROM label_numbers WHERE label <> ''")
        with sound(self._path):
            return {label: _number(last) for label, last in rows}

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
                run.executemany(_KEEP_NUMBER, [(crop.label, crop.number) for crop in shot.crops])

    def keep_numbers(self, last: Mapping[str, int]) -> None:
        """Note the last number that each label has used, so that none up to it is given again."""
        with self._transaction() as run:
            run.executemany(_KEEP_NUMBER, list(last.items()))

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
        with sound(self._path):
            return _counts(json.loads(row[0])), [_finding(entry) for entry in json.loads(row[1])]

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
                [(cursor.lastrowid, crop, _STORED.get(part, part)) for crop, part in split.parts.items()],
            )

    def splits(self) -> list[StoredSplit]:
        """Give all splits by name."""
        names = [name for (name,) in self._connection.execute("SELECT name FROM splits ORDER BY name")]
        return [self.split(name) for name in names]

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
        parts = self._connection.execute("SELECT crop_id, part FROM split_crops WHERE split_id = ?", (row[0],))
        with sound(self._path):
            return StoredSplit(name, _ratios(row[1]), row[2], bool(row[3]), _parts(dict(parts)))

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
    """Pass a crop's file name on; a path would lead out of the workspace."""
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


def _counts(counts: object) -> dict[str, int]:
    if not isinstance(counts, dict) or not all(type(count) is int and count >= 0 for count in counts.values()):
        raise ValueError("an extraction has counts that are no numbers")
    return counts


def _finding(entry: Mapping[str, Any]) -> Finding:
    finding = Finding(**entry)
    if not all(type(getattr(finding, one.name)) is one.type for one in fields(Finding)):
        raise ValueError("an extraction has a finding that says nothing")
    return finding


def _ratios(text: str) -> tuple[int, int, int]:
    train, val, test = (int(share) for share in text.split("/"))
    if min(train, val, test) <= 0 or train + val + test != 100:
        raise ValueError(f"a split has the ratios {text!r}")
    return train, val, test


def _parts(parts: dict[int, str]) -> dict[int, str]:
    """Pass on which crop is in which part; SQLite does not check this of a file that it only reads."""
    parts = {crop: _READ.get(part, part) for crop, part in parts.items()}
    if strange := set(parts.values()) - set(SUBSETS):
        raise ValueError(f"a split has a part {min(strange)!r}")
    return parts
