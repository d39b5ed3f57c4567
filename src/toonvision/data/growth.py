"""How a data set grew: what every screenshot shows, when it was taken, and where its labels came from."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import accumulate
from pathlib import Path

from toonvision.core.errors import InputRejectedError
from toonvision.core.panels import Rows
from toonvision.data.formats import layout
from toonvision.data.own_annotations import DONE, AnnotationFile, Origin, read_annotations
from toonvision.data.records import Crop, Frame, frames_of
from toonvision.data.reviews import decision_times
from toonvision.data.source_tree import SourceTree
from toonvision.data.workspace import Workspace
from toonvision.taxonomy.labels import Level, Taxonomy

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
    """The error of a run, as ``suit/compact-1``, on its test subset when it was trained, 0 to 1."""

    time: datetime
    run: str
    error: float

    @property
    def task(self) -> str:
        """The task that the run learned."""
        return self.run.partition("/")[0]


@dataclass(frozen=True)
class Growth:
    """A data set over time.

    Attributes:
        days: The days on which something was added, ascending.
        labels: By origin how many labels there were at the end of each day.
        screenshots: By context how many screenshots had been taken at the end of each day.
        objects: By level and class how many objects these show.
        errors: The errors of runs.
    """

    days: tuple[date, ...]
    labels: Mapping[str, tuple[int, ...]]
    screenshots: Mapping[str, tuple[int, ...]]
    objects: Mapping[str, Mapping[str, tuple[int, ...]]]
    errors: tuple[ErrorPoint, ...] = ()

    def rows(self) -> Rows:
        """Return a row for each day: labels by origin, then screenshots by context."""
        head = ("day", *(f"labels_{name}" for name in self.labels), *(f"screenshots_{one}" for one in self.screenshots))
        columns = [*self.labels.values(), *self.screenshots.values()]
        return (head, *((day.isoformat(), *(one[at] for one in columns)) for at, day in enumerate(self.days)))

    def object_rows(self) -> Rows:
        """Return a row for each day: objects by level and class."""
        classes = {
            f"{level}_{name}": sums for level, by_class in self.objects.items() for name, sums in by_class.items()
        }
        rows = ((day.isoformat(), *(sums[at] for sums in classes.values())) for at, day in enumerate(self.days))
        return (("day", *classes), *rows)


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
    """Count labels by day and origin, screenshots by day and context, and the objects that they show.

    A label's day is that on which a person last decided about it, as the log of the reviews says; that of a label of a
    source is the one on which the source's annotation was last changed, whether it was reviewed since or not. Where
    neither is known, the file of the workspace's annotation says it.
    """
    files, _ = read_annotations(workspace.annotations)
    own = {file.name for file in files}
    labels = _own_labels(workspace, [file for file in files if file.annotation.review == DONE])
    roots = {source.key: source.root for source in workspace.sources}
    of_file: dict[tuple[str, str], int] = defaultdict(int)
    for crop in crops:
        of_file[crop.source, crop.origin.rpartition(", object ")[0]] += 1
    for (source, name), count in of_file.items():
        if name not in own and source in roots and (when := _changed(roots[source] / name)):
            labels[when.date(), "source"] += count
    taken = Counter((row.time.date(), row.context) for row in rows if row.time)
    days = sorted({day for day, _ in (*labels, *taken)})
    objects = {level.name: _seen(rows, days, level) for level in workspace.taxonomy.levels}
    contexts = sorted({context for _, context in taken})
    known = [origin for origin in ORIGINS if any(name == origin for _, name in labels)]
    ordered = tuple(sorted(errors, key=lambda one: one.time))
    return Growth(tuple(days), _sums(labels, days, known), _sums(taken, days, contexts), objects, ordered)


def _own_labels(workspace: Workspace, done: Sequence[AnnotationFile]) -> Counter[tuple[date, str]]:
    """Count the labels of reviewed screenshots by day and origin."""
    labels: Counter[tuple[date, str]] = Counter()
    decided, given = decision_times(workspace.reviews), _given_times(workspace, done)
    for file in done:
        key = (file.annotation.source, file.annotation.picture)
        for box in file.annotation.boxes:
            when = given.get(key) if box.origin == "source" else decided.get((*key, box.id))
            if when := when or _changed(file.path):
                labels[when.date(), box.origin] += 1
    return labels


def _given_times(workspace: Workspace, done: Sequence[AnnotationFile]) -> dict[tuple[str, str], datetime]:
    """Return when a source's annotation of a picture was last changed, of sources that reviewed boxes come from."""
    wanted = {file.annotation.source for file in done if any(box.origin == "source" for box in file.annotation.boxes)}
    found = {}
    for source in workspace.sources:
        if source.key not in wanted:
            continue
        with suppress(InputRejectedError):  # what cannot be read any more was reviewed all the same
            for picture in layout.read_tree(source.format, SourceTree.of(source.root)).pictures:
                if picture.annotation and (when := _changed(source.root / picture.annotation)):
                    found[source.key, picture.name] = when
    return found


def _seen(rows: Sequence[ScreenshotRow], days: Sequence[date], level: Level) -> dict[str, tuple[int, ...]]:
    """Return by class of a level, in its order, how many objects were seen up to each day."""
    seen: Counter[tuple[date, str]] = Counter()
    for row in rows:
        if row.time:
            seen.update({(row.time.date(), name): count for name, count in row.counts[level.name].items()})
    return _sums(seen, days, [one.name for one in level.classes if any(one.name == name for _, name in seen)])


def _sums(
    counts: Mapping[tuple[date, str], int], days: Sequence[date], names: Sequence[str]
) -> dict[str, tuple[int, ...]]:
    """Return by name the sum of all counts up to each day."""
    return {name: tuple(accumulate(counts.get((day, name), 0) for day in days)) for name in names}
