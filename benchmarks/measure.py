"""What all benchmarks share: their arguments, timing alternatives in turn, and writing a result as JSON."""

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from toonvision.models.backend import installed_versions

RESULTS = Path(__file__).parent / "results"


def arguments(description: str | None, *, folder: bool = False) -> argparse.ArgumentParser:
    """Return a parser whose help shows the benchmark's docstring.

    Args:
        description: The benchmark's docstring.
        folder: Whether the benchmark needs a folder to work in, its first argument.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    if folder:
        parser.add_argument(
            "folder", metavar="FOLDER", type=Path, help="where to work; created if missing, reused by later runs"
        )
    return parser


def some_of(parser: argparse.ArgumentParser, dest: str, names: Sequence[str], *, metavar: str) -> None:
    """Add positional arguments that may be any of some names; all of them by default."""

    def checked(name: str) -> str:
        if name not in names:
            raise argparse.ArgumentTypeError(f"choose from {', '.join(names)}; got {name!r}")
        return name

    parser.add_argument(
        dest, metavar=metavar, nargs="*", type=checked, default=list(names), help=f"{', '.join(names)} (default: all)"
    )


def new_folder(parser: argparse.ArgumentParser, folder: Path) -> None:
    """Create the folder of a benchmark that must start from nothing; end with one line if it exists."""
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        parser.error(f"{folder} exists already; this benchmark starts from nothing, so name a new folder")


def alternate(
    alternatives: Mapping[str, Callable[[], object]],
    *,
    repetitions: int,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """Time alternatives in turn, so that a slow minute of the machine hits all of them.

    `time.thread_time` is a clock for what runs on the calling thread alone: time of other programs does not count.

    Returns:
        Name to seconds of each repetition.
    """
    seconds: dict[str, list[float]] = {name: [] for name in alternatives}
    for _ in range(repetitions):
        for name, run in alternatives.items():
            started = clock()
            run()
            seconds[name].append(clock() - started)
    return seconds


def medians(seconds: Mapping[str, list[float]]) -> dict[str, float]:
    """Return the median of each alternative."""
    return {name: statistics.median(values) for name, values in seconds.items()}


def machine() -> dict[str, Any]:
    """Describe what the numbers were measured on."""
    return {"cores": os.cpu_count(), "machine": platform.machine(), "versions": installed_versions()}


def read_result(name: str) -> dict[str, Any]:
    """Return the last result of a benchmark, without what it was measured on; empty where there is none."""
    path = RESULTS / f"{name}.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    found.pop("measured_on", None)
    return found


def write_result(name: str, content: Mapping[str, Any]) -> None:
    """Write a result into the folder `results`."""
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps({**content, "measured_on": machine()}, indent=2)
    (RESULTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")
