"""How a data set grew: what every screenshot shows, when it was taken, and where its labels came from."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import accumulate
from pathlib import Path

from toonvision.core.panels import Rows
from toonvision.data.own_annotations import Origin, read_annotations
from toonvision.data.records import Crop, Frame, frames_of
from toonvision.data.workspace import Workspace
from toonvision.taxonomy.labels import Taxonomy

ORIGINS: tuple[Origin, ...] = ("source", "drawn", "corrected", "accepted", "unasked")
_TIME = re.compile(r"(20\d\d)-?([01]\d)-?([0-3]\d)(?:[T_ -]?([0-2]\d)[-_:.]?([0-5]\d)[-_:.]?([0-5]\d))?")


@dataclass(frozen=True)
class ScreenshotRow:
    """What is known of a screenshot.

    Attributes:
        source: Its source.
        name: Its path below the source.
        context: Where it was taken.
        time: When, in UTC: by its name, if that says so, else when its file was last changed; None if it is gone.
        objects: How many objects it shows.
        counts: How many of each class that it shows, by level.
    """

    source: str
    name: str
    context: str
    time: datetime | None
    objects: int
    counts: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class ErrorPoint:
    """The error of a run on its test subset when it was trained, 0 to 1."""

    time: datetime
    run: str
    error: float


@dataclass(frozen=True)
class Growth:
    """A data set over time.

    Attributes:
        days: The days on which something was added, ascending.
        labels: By origin how many labels there were at the end of each day.
        screenshots: By context how many screenshots had been taken at the end of each day.
        errors: The errors of runs.
    """

    days: tuple[date, ...]
    labels: Mapping[str, tuple[int, ...]]
    screenshots: Mapping[str, tuple[int, ...]]
    errors: tuple[ErrorPoint, ...] = ()

    def rows(self) -> Rows:
        """Return a row for each day: labels by origin, then screenshots by context."""
        head = ("day", *(f"labels_{name}" for name in self.labels), *(f"screenshots_{one}" for one in self.screenshots))
        columns = [*self.labels.values(), *self.screenshots.values()]
        return (head, *((day.isoformat(), *(one[at] for one in columns)) for at, day in enumerate(self.days)))


def time_of(path: Path) -> datetime | None:
    """Return when a screenshot was taken, in UTC; see `ScreenshotRow`."""
    if found := _TIME.search(path.stem):
        with suppress(ValueError):
            return datetime(*(int(part or 0) for part in found.groups()), tzinfo=UTC)  # type: ignore[arg-type, misc] # six groups
    return _changed(path)


def _changed(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None


def screenshot_rows(workspace: Workspace) -> list[ScreenshotRow]:
    """Return what the catalogue knows of every screenshot, by source and name.

    Raises:
        InputRejectedError: If nothing was extracted yet.
    """
    with workspace.reading() as catalog:
        frames = frames_of(catalog.screenshots(), catalog.crops())
    roots = {source.key: source.root for source in workspace.sources}
    return [_row(frame, roots, workspace.taxonomy) for frame in frames]


def _row(frame: Frame, roots: Mapping[str, Path], taxonomy: Taxonomy) -> ScreenshotRow:
    counts = {}
    for level in taxonomy.levels:
        names = (taxonomy.class_of(crop.label, level.name) for crop in frame.crops)
        counts[level.name] = dict(Counter(name for name in names if name))
    root = roots.get(frame.source)
    time = time_of(root / frame.screenshot) if root else None
    return ScreenshotRow(frame.source, frame.screenshot, frame.context, time, len(frame.crops), counts)


def rows_table(rows: Sequence[ScreenshotRow], taxonomy: Taxonomy) -> Rows:
    """Return the same as a table: a column for each class of each level."""
    classes = [(level.name, one.name) for level in taxonomy.levels for one in level.classes]
    head = ("source", "screenshot", "context", "time", "objects", *(f"{level}_{name}" for level, name in classes))
    listed = [
        (
            one.source, one.name, one.context, one.time.isoformat(timespec="seconds") if one.time else "", one.objects,
            *(one.counts[level].get(name, 0) for level, name in classes),
        )
        for one in rows
    ]  # fmt: skip
    return (head, *listed)


def measure_growth(
    workspace: Workspace, rows: Sequence[ScreenshotRow], crops: Sequence[Crop], errors: Sequence[ErrorPoint] = ()
) -> Growth:
    """Count labels by day and origin, and screenshots by day and context.

    A label's day is that on which its annotation was last changed.
    """
    labels: Counter[tuple[date, str]] = Counter()
    files, _ = read_annotations(workspace.annotations)
    own = {file.name for file in files}
    for file in files:
        if file.annotation.review == "done" and (when := _changed(file.path)):
            labels.update((when.date(), box.origin) for box in file.annotation.boxes)
    roots = {source.key: source.root for source in workspace.sources}
    of_file: dict[tuple[str, str], int] = defaultdict(int)
    for crop in crops:
        of_file[crop.source, crop.origin.rpartition(", object ")[0]] += 1
    for (source, name), count in of_file.items():
        if name not in own and source in roots and (when := _changed(roots[source] / name)):
            labels[when.date(), "source"] += count
    taken = Counter((row.time.date(), row.context) for row in rows if row.time)
    days = sorted({day for day, _ in (*labels, *taken)})
    contexts = sorted({context for _, context in taken})
    known = [origin for origin in ORIGINS if any(name == origin for _, name in labels)]
    ordered = tuple(sorted(errors, key=lambda one: one.time))
    return Growth(tuple(days), _sums(labels, days, known), _sums(taken, days, contexts), ordered)


def _sums(
    counts: Mapping[tuple[date, str], int], days: Sequence[date], names: Sequence[str]
) -> dict[str, tuple[int, ...]]:
    """Return by name the sum of all counts up to each day."""
    return {name: tuple(accumulate(counts.get((day, name), 0) for day in days)) for name in names}
