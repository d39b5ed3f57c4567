"""What the long rows of label files have in common, which no single row shows.

A polygon may be followed by a confidence, the number of a track, or both, and a box by key points that no file
declares: programs write all rows of a source alike, so that all of them together show it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

BOXED = 5
"""Columns of a class and its box."""
TRIANGLE = 7
"""Columns of a class and the smallest polygon."""
_ROUNDING = 0.01
"""How far a box may leave the picture, as a share of its size, and still be taken for one that does not."""
_AROUND = 0.25
"""How far a key point may lie outside of its box, as a share of the box's size."""
_FEWEST = 4
"""Rows from which on a number that could be a coordinate too is taken for something else."""


@dataclass(frozen=True)
class Form:
    """How the rows of label files that are longer than a box are to be read.

    Attributes:
        key_points: Number of undeclared key points, each of three columns, that follow a box.
        one_follows: Whether a confidence or the number of a track follows a polygon.
        two_follow: Whether a confidence and the number of a track follow a polygon.
    """

    key_points: int = 0
    one_follows: bool = False
    two_follow: bool = False


@dataclass
class LongRows:
    """The rows of label files that are longer than a box, and what was found in all of them so far."""

    counts: Counter[int] = field(default_factory=Counter)
    _posed: bool = True
    _stated: bool = True
    _plain: bool = False
    _scores: bool = True
    _numbers: bool = True
    _inner: bool = True
    _highest: dict[int, float] = field(default_factory=lambda: {0: 0.0, 1: 0.0})

    def add(self, columns: Sequence[str]) -> None:
        """Take a row, as the texts of its columns, into account."""
        count = len(columns)
        if count < TRIANGLE:
            return
        try:
            values = [*map(float, columns if self._posed or count == TRIANGLE else columns[-2:])]
        except ValueError:
            return  # reading it says why
        if count == TRIANGLE and is_tracked(values):
            return
        self.counts[count] += 1
        last = values[-1]
        if count % 2:
            self._plain |= count == TRIANGLE or not (is_share(values[-2]) and is_number(last))
            self._inner &= 0 < values[-2] < 1
        else:
            self._scores &= is_share(last)
            self._numbers &= is_number(last)
        self._highest[count % 2] = max(self._highest[count % 2], last)
        self._posed = self._posed and (count - BOXED) // 3 > 1 and has_points(values)
        self._stated = self._posed and self._stated and (count - BOXED) % 3 == 0 and are_stated(values)

    def form(self) -> Form:
        """Return how the rows are to be read."""
        rows = self.counts.total()
        if self._posed and len(self.counts) == 1 and (self._stated or rows >= _FEWEST):
            (count,) = self.counts
            plain = self._stated and count % 2 == 0  # each such row shows it alone
            return Form(key_points=0 if plain else (count - BOXED) // 3)
        odd = sum(number for count, number in self.counts.items() if count % 2)
        # Where all numbers are 1, they may be those of corners at the lower edge: some of these lie in a corner.
        two = odd > 0 and not self._plain and (self._highest[1] > 1 or (odd >= _FEWEST and self._inner))
        even = rows - odd
        alike = self._scores or (self._numbers and self._highest[0] > 2)
        one = alike and (even > 0 if two else not odd and even >= _FEWEST)
        return Form(one_follows=one, two_follow=two)


def is_share(value: float) -> bool:
    """Return whether a number can be a confidence."""
    return 0 <= value <= 1


def is_number(value: float) -> bool:
    """Return whether a number can be that of a track."""
    return value >= 1 and value.is_integer()


def is_tracked(values: Sequence[float]) -> bool:
    """Return whether a row holds a box, a confidence and the number of a track."""
    return len(values) == BOXED + 2 and is_number(values[-1]) and is_inside(values)


def is_inside(values: Sequence[float]) -> bool:
    """Return whether the box of a row lies in the picture, but for rounding."""
    _, x, y, w, h = values[:BOXED]
    return min(w, h) > 0 and all(
        half - _ROUNDING <= centre <= 1 - half + _ROUNDING for centre, half in ((x, w / 2), (y, h / 2))
    )


def has_points(values: Sequence[float]) -> bool:
    """Return whether a box in the picture is followed by key points in it, and perhaps by a confidence and a track."""
    count = len(values) - BOXED
    points, rest = values[BOXED : BOXED + count // 3 * 3], values[BOXED + count // 3 * 3 :]
    if not is_inside(values) or not all(0 <= seen <= 2 for seen in points[2::3]) or not are_following(rest):
        return False
    _, centre_x, centre_y, w, h = values[:BOXED]
    near = 0.5 + _AROUND
    return all(
        (x == y == 0) or (abs(x - centre_x) <= near * w and abs(y - centre_y) <= near * h)
        for x, y in zip(points[::3], points[1::3], strict=True)
    )


def are_following(rest: Sequence[float]) -> bool:
    """Return whether up to two numbers can be a confidence and the number of a track."""
    if len(rest) == 2:
        return is_share(rest[0]) and is_number(rest[1])
    return not rest or (len(rest) == 1 and (is_share(rest[0]) or is_number(rest[0])))


def are_stated(values: Sequence[float]) -> bool:
    """Return whether each third number after a box is 0, 1 or 2, as annotations state the visibility of key points."""
    return all(seen in (0, 1, 2) for seen in values[BOXED + 2 :: 3])
