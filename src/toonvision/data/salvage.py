"""What can still be read of a catalogue that may be damaged: row by row, and from both ends of a table."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from toonvision.core.errors import Finding, InputRejectedError, RejectedItemError, UsageError
from toonvision.core.files import write_bytes
from toonvision.core.names import free_name
from toonvision.data.attributes import Attributes, decoded
from toonvision.data.boxes import Box
from toonvision.data.catalog import MOST_NUMBERS, SUBSETS, Crop, StoredScreenshot
from toonvision.data.database import Connection, DatabaseError, is_newer, journal_of, open_damaged, roll_back
from toonvision.data.extraction import crop_file, numbered_stem
from toonvision.data.fingerprints import UNMEASURED, checked_fingerprint
from toonvision.data.splits import Ratios

T = TypeVar("T")
Row = Mapping[str, Any]

_ORDER = {
    "migrations": "rowid", "screenshots": "id", "crops": "id", "label_numbers": "label", "splits": "id",
    "split_crops": "split_id {0}, crop_id",
}  # fmt: skip
"""The tables that hold decisions, and the order in which each lies in the file."""


@dataclass(frozen=True)
class SalvagedSplit:
    """A split as far as it can be read.

    Attributes:
        name: Its name.
        ratios: What was asked for.
        seed: What it was drawn with.
        grouped: Whether crops of one screenshot stay together.
        parts: A crop's file to its part.
        whole: Whether no place of it was lost.
    """

    name: str
    ratios: Ratios
    seed: int
    grouped: bool
    parts: Mapping[str, str]
    whole: bool


@dataclass(frozen=True)
class Salvage:
    """What an old catalogue still says; nothing of it has been compared with any file.

    Attributes:
        screenshots: Those that can be read.
        crops: Those that can be read and whose screenshot can.
        numbers: The last number that each label has used.
        splits: Those whose name and making can be read.
        all_splits: Whether no split can be missing.
        findings: What could not be read.
    """

    screenshots: tuple[StoredScreenshot, ...] = ()
    crops: tuple[Crop, ...] = ()
    numbers: Mapping[str, int] = field(default_factory=dict)
    splits: tuple[SalvagedSplit, ...] = ()
    all_splits: bool = False
    findings: tuple[Finding, ...] = ()


def salvage(path: Path) -> Salvage:
    """Read what can be read of a catalogue's file, which stays as it is.

    Raises:
        InputRejectedError: If a newer version wrote it, whose decisions would be lost.
    """
    if not path.is_file():
        return Salvage()
    tables = {}
    with open_damaged(path) as connection:
        for table, order in _ORDER.items():
            tables[table] = _Table.read(connection, table, order, most=path.stat().st_size)
        # SQLite reads these two columns from the index that keeps files unique, which lies elsewhere in the file.
        index = _Table.read(connection, "crops", "file", columns="id, file", most=path.stat().st_size)
    if is_newer(applied := set(tables["migrations"].parsed(lambda row: str(row["name"])))):
        raise InputRejectedError(
            f"{path}: a newer version wrote it ({max(applied)}); it was not changed. Update toonvision, then rebuild."
        )
    screenshots = {shot.id: shot for shot in tables["screenshots"].parsed(_screenshot)}
    files = {**dict(index.parsed(_indexed)), **dict(tables["crops"].parsed(_numbered))}
    crops = tables["crops"].parsed(lambda row: _crop(row, screenshots[row["screenshot_id"]]))
    splits = _splits(tables["splits"], tables["split_crops"], files)
    numbers = {label: last for label, last in tables["label_numbers"].parsed(_last_number) if label}
    for crop in crops:
        numbers[crop.label] = max(crop.number, numbers.get(crop.label, 0))
    return Salvage(
        tuple(screenshots.values()),
        tuple(crops),
        numbers,
        tuple(splits),
        tables["splits"].whole,
        _losses(path, tables),
    )


def set_beside(path: Path) -> Path | None:
    """Make a catalogue's file ready to be replaced: copy it, as it is, to a free name beside it, and give that name.

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


@dataclass
class _Table:
    """The rows of a table that can be read, and whether that is all of them and all make sense."""

    rows: list[Row]
    whole: bool

    @classmethod
    def read(cls, connection: Connection, table: str, order: str, *, most: int, columns: str = "*") -> "_Table":
        """Read from the front; where that fails, also from the back, up to the same damage."""
        found: dict[tuple[Any, ...], Row] = {}
        for direction in ("ASC", "DESC"):
            with contextlib.suppress(DatabaseError):
                kind = connection.execute("SELECT type FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
                if kind != ("table",):  # a view could compute without end
                    break
                cursor = connection.execute(
                    f"SELECT {columns} FROM {table} ORDER BY {order.format(direction)} {direction}"
                )
                names = [column for column, *_ in cursor.description]
                for row in islice(cursor, most):  # damaged pages can lead in circles
                    found[row] = dict(zip(names, row, strict=True))
                return cls(list(found.values()), whole=True)
        return cls(list(found.values()), whole=False)

    def parsed(self, parse: Callable[[Row], T]) -> list[T]:
        """Give what the rows say; one that nobody can have stored is left out."""
        return list(self._parsed(parse))

    def _parsed(self, parse: Callable[[Row], T]) -> Iterator[T]:
        for row in self.rows:
            try:
                yield parse(row)
            except (ValueError, TypeError, LookupError, UsageError):
                self.whole = False


def _screenshot(row: Row) -> StoredScreenshot:
    words = _typed(str, row["source"], row["name"], row["context"], row["picture_hash"], row["fingerprint"])
    source, name, context, digest, mark = words
    key, width, height = _typed(int, row["id"], row["width"], row["height"])
    shot = StoredScreenshot(key, source, name, context, (width, height), digest, mark)
    # A picture that cannot be used now keeps its row: without a hash it is measured again once it can.
    return shot if _is_measured(shot) else replace(shot, size_wh=(1, 1), picture_hash="", fingerprint=UNMEASURED)


def _is_measured(shot: StoredScreenshot) -> bool:
    """Whether size and fingerprint are such as a picture can have."""
    try:
        checked_fingerprint(shot.fingerprint)
    except ValueError:
        return False
    return min(shot.size_wh) > 0


def _numbered(row: Row) -> tuple[int, str]:
    """Give a crop's row and file; label and number must be those of the file."""
    key, number = _typed(int, row["id"], row["number"])
    label, file = _typed(str, row["label"], row["file"])
    if not 0 <= number <= MOST_NUMBERS or file != crop_file(label, number):
        raise ValueError(f"{file!r} is not the file of {label} {number}")
    return key, file


def _indexed(row: Row) -> tuple[int, str]:
    (key,), (file,) = _typed(int, row["id"]), _typed(str, row["file"])
    if numbered_stem(file) is None:
        raise ValueError(f"{file!r} is not the file of a crop")
    return key, file


def _crop(row: Row, shot: StoredScreenshot) -> Crop:
    key, file = _numbered(row)
    (digest,) = _typed(str, row["hash"])
    left, top, right, bottom = _typed(int, row["x_min"], row["y_min"], row["x_max"], row["y_max"])
    return Crop(
        key, row["label"], row["number"], file, digest, Box(left, top, right, bottom), shot.id, shot.name,
        shot.context, shot.fingerprint, _attributes(row),
    )  # fmt: skip


def _attributes(row: Row) -> Attributes:
    """Give a crop's attributes; the first version had none, and damaged ones are read again from the file beside."""
    with contextlib.suppress(TypeError, RejectedItemError):
        return decoded(*_typed(str, row.get("attributes", "{}")))
    return {}


def _last_number(row: Row) -> tuple[str, int]:
    (label,), (last,) = _typed(str, row["label"]), _typed(int, row["last"])
    if label and not 0 <= last <= MOST_NUMBERS:
        raise ValueError(f"{last} is no number that a crop can have had")
    return label, last


def _splits(splits: _Table, places: _Table, files: Mapping[int, str]) -> list[SalvagedSplit]:
    parts: dict[int, dict[str, str]] = {}

    def place(row: Row) -> None:
        part = "val" if row["part"] == "validate" else row["part"]
        if part not in SUBSETS:
            raise ValueError(f"{row['part']!r} is no part")
        parts.setdefault(row["split_id"], {})[files[row["crop_id"]]] = part

    places.parsed(place)

    def split(row: Row) -> SalvagedSplit:
        key, seed, grouped = _typed(int, row["id"], row["seed"], row["grouped"])
        name, ratios = _typed(str, row["name"], row["ratios"])
        return SalvagedSplit(name, Ratios.parse(ratios), seed, bool(grouped), parts.get(key, {}), places.whole)

    return splits.parsed(split)


def _losses(path: Path, tables: Mapping[str, _Table]) -> tuple[Finding, ...]:
    """Say of each table that could not be read whole how much of it could."""
    if not any(table.rows for table in tables.values()):
        return (Finding(path.name, "nothing of it could be read", code="unreadable-table"),)
    return tuple(
        Finding(path.name, f"the table {name} could not be read whole; rows read: {len(table.rows)}",
                code="unreadable-table")
        for name, table in tables.items()
        if not table.whole and name != "migrations"
    )  # fmt: skip


def _typed(kind: type[T], *values: object) -> tuple[T, ...]:
    """Pass values on that are of one type."""
    for value in values:
        if type(value) is not kind:
            raise TypeError(f"{value!r} is not {kind.__name__}")
    return values  # type: ignore[return-value]
