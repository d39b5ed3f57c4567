"""Numbers and lists in good English."""

import math
from collections.abc import Sequence
from typing import Protocol


class Share(Protocol):
    """A share of a total with its 95 % interval, such as `toonvision.metrics.intervals.Proportion`."""

    @property
    def total(self) -> int:
        """Out of how many."""

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper bound, each from 0 to 1."""


def counted(number: int, noun: str, plural: str = "") -> str:
    """Write a number with its noun.

    Examples:
        >>> counted(1, "crop"), counted(1200, "crop"), counted(2, "class", "classes")
        ('1 crop', '1,200 crops', '2 classes')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def number(value: float) -> str:
    """Write a number with the decimals that it has.

    Examples:
        >>> number(1200), number(3.5), number(4.0)
        ('1,200', '3.5', '4')
    """
    return f"{value:,.12g}"


def listed(items: Sequence[str]) -> str:
    """Join items as in a sentence.

    Examples:
        >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])
        ('a', 'a and b', 'a, b and c')
    """
    return ", ".join(items[:-1]) + (" and " if len(items) > 1 else "") + (items[-1] if items else "")


def some(items: Sequence[str], most: int = 3) -> str:
    """Join the first items as in a sentence, and say how many more there are.

    Examples:
        >>> some(["a", "b"]), some(["a", "b", "c", "d"], most=2)
        ('a and b', 'a, b and 2 more')
    """
    return listed(items if len(items) <= most else [*items[:most], f"{len(items) - most:,} more"])


def percent(share: float, decimals: int = 1) -> str:
    """Write a share in percent; NaN as a dash.

    Examples:
        >>> percent(0.8985), percent(0.8985, 0)
        ('89.8 %', '90 %')
    """
    return f"{100 * share:.{decimals}f} %" if math.isfinite(share) else "–"


def between(low: float, high: float, form: str = ".3f") -> str:
    """Write the bounds of an interval: with a dash, but with "to" where they have signs.

    Examples:
        >>> between(0.8121, 0.9), between(-1.23, 4, "+.1f")
        ('0.812–0.900', '-1.2 to +4.0')
    """
    first, last = f"{low:{form}}", f"{high:{form}}"
    return f"{first} to {last}" if first[0] in "+-" else f"{first}–{last}"


def two_digits(value: float, *, least: int) -> str:
    """Return a format that shows two digits of a number: with at least so many decimals, and at most two more.

    Examples:
        >>> [f"{value:{two_digits(value, least=1)}}" for value in (12.34, 0.184, 0.0213, 0.0)]
        ['12.3', '0.18', '0.021', '0.0']
    """
    missing = math.floor(math.log10(value)) if value > 0 else 0
    return f".{min(max(least, 1 - missing), least + 2)}f"


def change(
    first: float, last: float, bounds: tuple[float, float], *, least: int, unit: str = "", of_change: str = ""
) -> str:
    """Write a number that changes to another one, and by how much, which is the difference of the numbers as written.

    Args:
        first: The number before.
        last: The number afterwards.
        bounds: The 95 % interval of the size of the change.
        least: How many decimals are written at least; see `two_digits`.
        unit: Follows either number.
        of_change: Follows the change.

    Examples:
        >>> change(3.764, 3.743, (0.0, 0.1), least=1, unit=" %", of_change=" points")
        'from 3.764 % to 3.743 %, by 0.021 points (95 % interval: 0.000–0.100)'
    """
    form = two_digits(abs(last - first), least=least)
    before, after = f"{first:{form}}", f"{last:{form}}"
    size = f"{abs(float(after) - float(before)):{form}}"
    return f"from {before}{unit} to {after}{unit}, by {size}{of_change} (95 % interval: {between(*bounds, form)})"


def interval(value: Share) -> str:
    """Write the bounds of a share's 95 % interval, in percent; a dash where the share is of nothing.

    Examples:
        >>> from toonvision.metrics.intervals import Proportion
        >>> interval(Proportion(177, 197))
        '84.8–93.3 %'
    """
    low, high = value.interval
    return f"{between(100 * low, 100 * high, '.1f')} %" if value.total else "–"
