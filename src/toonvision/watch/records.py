"""What a log of a watch holds."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Session:
    """One time that something was watched.

    Attributes:
        number: From 1, in the order of time.
        started: When, as ISO 8601 in UTC.
        source: What was watched.
        context: Where the game was played; empty where nobody said.
        models: What found and named.
    """

    number: int
    started: str
    source: str
    context: str
    models: str


@dataclass(frozen=True)
class TrackRow:
    """One figure that was seen.

    Attributes:
        session: The number of its session.
        number: Its own number there.
        label: Its class at the most specific level that is known.
        levels: Level to class and probability.
        first_seen: When it was first found, in seconds from the beginning of the session on.
        last_seen: When it was last found.
        hits: In how many frames it was found.
        best_score: The highest score of its boxes, 0 to 1.
        labels: In how many frames which class was predicted.
        thumbnail: Its picture when its score was highest, as JPEG; None where it was removed to keep the log small.
    """

    session: int
    number: int
    label: str
    levels: Mapping[str, tuple[str, float]]
    first_seen: float
    last_seen: float
    hits: int
    best_score: float
    labels: Mapping[str, int]
    thumbnail: bytes | None

    @property
    def seconds(self) -> float:
        """How long it was seen, from first to last."""
        return self.last_seen - self.first_seen

    @property
    def confidence(self) -> float:
        """The probability of its most specific class, 0 to 1."""
        return list(self.levels.values())[-1][1] if self.levels else 0.0

    @property
    def agreement(self) -> float:
        """The share of its frames in which its present class was predicted, 0 to 1."""
        total = sum(self.labels.values())
        return self.labels.get(self.label, 0) / total if total else 0.0


@dataclass(frozen=True)
class SecondRow:
    """How many figures of a class were there at once within a second.

    Attributes:
        session: The number of the session.
        second: From its beginning on.
        level: Of the class.
        name: The class.
        count: The highest number that was there at once.
    """

    session: int
    second: int
    level: str
    name: str
    count: int


@dataclass(frozen=True)
class PaceRow:
    """How quickly frames were handled within a second.

    Attributes:
        session: The number of the session.
        second: From its beginning on.
        frames: How many were looked at.
        drops: How many were dropped until its end, from the beginning of the session on.
        delay_ms: The longest delay of these, in milliseconds.
    """

    session: int
    second: int
    frames: int
    drops: int
    delay_ms: float


@dataclass(frozen=True)
class Batch:
    """What one second of a watch adds to its log.

    Attributes:
        tracks: The tracks that were there, as they are now; they take the place of what is known of them.
        seconds: The counts.
        pace: How quickly frames were handled.
    """

    tracks: tuple[TrackRow, ...]
    seconds: tuple[SecondRow, ...]
    pace: PaceRow
