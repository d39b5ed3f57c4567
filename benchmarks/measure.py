"""What every benchmark does: alternatives in turn, several times; medians and ratios; a table and a JSON file."""

import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from toonvision.models.backend import installed_versions

RESULTS = Path(__file__).parent / "results"


def alternate(alternatives: Mapping[str, Callable[[], object]], *, repetitions: int) -> dict[str, list[float]]:
    """Time alternatives in turn, so that a slow minute of the machine hits all of them.

    Returns:
        Name to seconds of each repetition.
    """
    seconds: dict[str, list[float]] = {name: [] for name in alternatives}
    for _ in range(repetitions):
        for name, run in alternatives.items():
            started = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - started)
    return seconds


def medians(seconds: Mapping[str, list[float]]) -> dict[str, float]:
    """Give the median of each alternative."""
    return {name: statistics.median(values) for name, values in seconds.items()}


def machine() -> dict[str, Any]:
    """Describe what the numbers were measured on."""
    return {"cores": os.cpu_count(), "machine": platform.machine(), "versions": installed_versions()}


def write_result(name: str, content: Mapping[str, Any]) -> None:
    """Keep a result beside the benchmarks."""
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps({**content, "measured_on": machine()}, indent=2)
    (RESULTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")
