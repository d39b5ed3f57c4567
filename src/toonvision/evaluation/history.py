"""The errors of all runs of a workspace over time."""

import json
from datetime import UTC, datetime
from pathlib import Path

from toonvision.core.errors import ToonVisionError
from toonvision.data.growth import ErrorPoint
from toonvision.training.record import read_record, run_records


def errors_so_far(runs: Path) -> list[ErrorPoint]:
    """Return the error of every run that was evaluated, by its time: the median share of wrong test images."""
    found = []
    for path in run_records(runs):
        try:
            record, metrics = read_record(path.parent), path.with_name("metrics.json")
            error = json.loads(metrics.read_text(encoding="utf-8"))["wrong"]["median"]["share"]
            when = datetime.fromisoformat(record.started)
        except (ToonVisionError, OSError, ValueError, KeyError, TypeError):
            continue  # not evaluated yet, or damaged
        if isinstance(error, float | int):
            found.append(ErrorPoint(when if when.tzinfo else when.replace(tzinfo=UTC), record.title, float(error)))
    return found
