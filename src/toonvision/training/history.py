"""What a training measured after each epoch."""

import csv
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from toonvision.core.errors import InputRejectedError
from toonvision.core.panels import write_rows

HISTORY = "history.csv"
VALIDATION = "val_"
"""What the name of a metric begins with where it is of the validation subset."""

Epochs = Sequence[Mapping[str, float]]
"""One mapping for each epoch: ``loss`` and the other metrics of the task's kind, and the same with ``val_`` before.
What is not measured after every epoch is NaN where it is not."""
EpochWatcher = Callable[[int, Mapping[str, float]], None]
"""Called after each epoch with its number from 1 and its metrics."""


@dataclass(frozen=True)
class History:
    """A finished training.

    Attributes:
        best_epoch: The epoch, from 1, whose weights were saved; 0 for the initial weights.
        diverged: Whether the loss became NaN.
    """

    epochs: Epochs
    best_epoch: int
    diverged: bool
    seconds: float


def metric_names(epochs: Epochs) -> list[str]:
    """Return the names of the metrics, in their order, whether of the training or of the validation subset.

    Examples:
        >>> metric_names([{"loss": 0.9, "val_loss": 0.8, "val_ap50": 0.1}])
        ['loss', 'ap50']
    """
    return list(dict.fromkeys(name.removeprefix(VALIDATION) for name in epochs[0]))


def peaks(epochs: Epochs) -> list[tuple[str, float, int]]:
    """Return for each metric its best value (the lowest for losses) and the first epoch, from 1, that reached it.

    Examples:
        >>> peaks([{"loss": 0.9}, {"loss": 0.4}, {"loss": 0.6}])
        [('loss', 0.4, 2)]
    """
    found = []
    for name in (f"{prefix}{metric}" for metric in metric_names(epochs) for prefix in ("", VALIDATION)):
        values = [epoch.get(name, math.nan) for epoch in epochs]
        known = [value for value in values if math.isfinite(value)]
        if known:
            best = min(known) if name.endswith("loss") else max(known)
            found.append((name, best, values.index(best) + 1))
    return found


def write_history(path: Path, epochs: Epochs) -> None:
    """Write one row for each epoch, its number first."""
    names = tuple(epochs[0])
    rows = ((number, *(float(epoch[name]) for name in names)) for number, epoch in enumerate(epochs, start=1))
    write_rows(path, (("epoch", *names), *rows))


def read_history(path: Path) -> Epochs:
    """Read what `write_history` wrote, without the numbers.

    Raises:
        InputRejectedError: If the file is missing or damaged.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        if not rows:
            raise ValueError("it is empty")
        return tuple({name: float(value) for name, value in row.items() if name != "epoch"} for row in rows)
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise InputRejectedError(f"{path}: not the history of a training ({error}). Train again.") from error
