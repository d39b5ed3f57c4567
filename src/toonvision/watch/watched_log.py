"""A whole log as its report and its tables need it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path

from toonvision.core.panels import Rows
from toonvision.taxonomy.labels import Category, Level, Taxonomy, unlisted
from toonvision.watch.log import LogReader, damaged
from toonvision.watch.records import PaceRow, SecondRow, Session, TrackRow

AGREE = 0.8
"""Share of the frames of a figure, from which on a prediction counts as certain."""
SURE = 0.8
"""Probability from which on the models count as sure."""


@dataclass(frozen=True, eq=False)
class WatchedLog:
    """All that a log holds.

    Attributes:
        name: What it is called.
        sessions: The times at which was watched.
        tracks: The figures, in the order in which they were first seen.
        seconds: The counts.
        pace: How quickly frames were handled.
        taxonomy: What the classes mean.
    """

    name: str
    sessions: tuple[Session, ...]
    tracks: tuple[TrackRow, ...]
    seconds: tuple[SecondRow, ...]
    pace: tuple[PaceRow, ...]
    taxonomy: Taxonomy

    @classmethod
    def read(cls, folder: Path, taxonomy: Taxonomy) -> "WatchedLog":
        """Read the log of a folder.

        Raises:
            UsageError: If nothing was logged there.
            InputRejectedError: If the log is damaged.
        """
        log = LogReader(folder)
        tracks, seconds, pace = log.tracks(), log.seconds(), log.pace()
        sessions = log.sessions()  # read last: whoever watches now may have begun one
        rows: list[TrackRow | SecondRow | PaceRow] = [*tracks, *seconds, *pace]
        if {row.session for row in rows} - {one.number for one in sessions}:
            raise damaged(log.path)
        return cls(folder.name, tuple(sessions), tuple(tracks), tuple(seconds), tuple(pace), taxonomy)

    @property
    def starts(self) -> dict[int, float]:
        """At which second of the whole each session begins: one after the other, without the time between."""
        return dict(zip((one.number for one in self.sessions), self._edges, strict=False))

    @property
    def whole_s(self) -> float:
        """How many seconds were watched; one that began counts."""
        return self._edges[-1]

    @cached_property
    def _edges(self) -> list[float]:
        """Where in the whole the sessions begin, and where the last one ends."""
        ends = {row.session: row.second + 1.0 for row in sorted(self.pace, key=lambda row: row.second)}
        return [*accumulate((ends.get(one.number, 0.0) for one in self.sessions), initial=0.0)]

    def in_sight_s(self, track: TrackRow) -> float:
        """Return the seconds in which a figure was found: those in which it was hidden do not count."""
        frames, seconds = self.handled[track.session]
        return min(track.hits * seconds / frames, track.seconds) if seconds else track.seconds

    @cached_property
    def handled(self) -> dict[int, tuple[int, int]]:
        """By session, how many frames were handled, and in how many seconds; those in between without a frame count.

        The last second, which seldom is a whole one, does not count.
        """
        own = {one.number: [row for row in self.pace if row.session == one.number] for one in self.sessions}
        return {
            number: (sum(row.frames for row in rows[:-1]), rows[-1].second - rows[0].second if rows else 0)
            for number, rows in own.items()
        }

    def classes(self, level: str) -> tuple[Category, ...]:
        """Return the classes of a level; none of one that the taxonomy lacks."""
        return self._levels[level].classes if level in self._levels else ()

    def category(self, level: str, name: str) -> Category:
        """Return the title and the colour of a class, which may be `unlisted`."""
        return next((one for one in self.classes(level) if one.name == name), None) or unlisted(name)

    def title(self, name: str) -> str:
        """Return the title of a class of any level."""
        return next((one.title for level in self._levels.values() for one in level.classes if one.name == name), name)

    @cached_property
    def _levels(self) -> dict[str, Level]:
        """Level by name, also the one that every taxonomy has."""
        return {one.name: one for one in self.taxonomy.all_levels}

    def finest(self, track: TrackRow) -> Category:
        """Return the predicted class of a track."""
        level = list(track.levels)[-1] if track.levels else ""
        return self.category(level, track.label)


def doubts(tracks: Sequence[TrackRow]) -> list[TrackRow]:
    """Return the tracks with different predictions, or none with confidence, the most doubtful first."""
    doubtful = [one for one in tracks if one.agreement < AGREE or one.confidence < SURE]
    return sorted(doubtful, key=lambda one: one.agreement * one.confidence)


def track_rows(tracks: Sequence[TrackRow]) -> Rows:
    """Return tracks as rows of a CSV file, with its head."""
    head = (
        "session",
        "track",
        "label",
        "confidence",
        "agreement",
        "first_seen_s",
        "last_seen_s",
        "frames",
        "best_score",
    )
    return (head, *(
        (one.session, one.number, one.label, one.confidence, one.agreement, one.first_seen, one.last_seen, one.hits,
         one.best_score) for one in tracks
    ))  # fmt: skip


def second_rows(seconds: Sequence[SecondRow]) -> Rows:
    """Return counts as rows of a CSV file, with its head."""
    head = ("session", "second", "level", "class", "count")
    return (head, *((one.session, one.second, one.level, one.name, one.count) for one in seconds))
