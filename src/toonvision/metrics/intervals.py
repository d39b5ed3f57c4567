"""Proportions with their 95 % intervals."""

import math
from dataclasses import dataclass
from typing import Any

from toonvision.core.wording import between

_Z_95 = 1.959963984540054


@dataclass(frozen=True)
class Proportion:
    """A count out of a total, with its share and 95 % interval.

    Attributes:
        count: From 0 to `total`; the median of an even number of counts can end in one half.
        total: At least 0.
    """

    count: int | float  # not float alone, or a whole count would be read from a file as one
    total: int

    @property
    def share(self) -> float:
        """The share from 0 to 1; NaN if `total` is 0."""
        return self.count / self.total if self.total else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % Wilson interval of the share, within 0 to 1."""
        return wilson_interval(self.count, self.total)

    def plain(self) -> dict[str, Any]:
        """Return count, total, share and interval as plain data, for JSON; the share is None if `total` is 0."""
        share = self.share if self.total else None
        return {"count": self.count, "total": self.total, "share": share, "interval_95": list(self.interval)}

    def __str__(self) -> str:
        """Return the share in percent with its interval, as in ``89.8 % (84.8–93.3)``."""
        if not self.total:
            return "no samples"
        low, high = self.interval
        return f"{100 * self.share:.1f} % ({between(100 * low, 100 * high, '.1f')})"


def wilson_interval(count: float, total: int) -> tuple[float, float]:
    """Return the 95 % interval of a proportion; it is valid at 0, at 1 and for few samples too.

    Args:
        count: Successes, from 0 to `total`; halves are possible.
        total: Trials; if 0, the interval is 0 to 1.

    Returns:
        Lower and upper bound of the share, each from 0 to 1.

    Source:
        Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).

    Examples:
        >>> low, high = wilson_interval(177, 197)
        >>> round(low, 4), round(high, 4)
        (0.8484, 0.9333)
    """
    if total == 0:
        return 0.0, 1.0
    share = count / total
    z_squared = _Z_95**2
    scale = 1 / (1 + z_squared / total)
    middle = scale * (share + z_squared / (2 * total))
    half = scale * _Z_95 * math.sqrt(share * (1 - share) / total + z_squared / (4 * total**2))
    return max(0.0, middle - half), min(1.0, middle + half)
