"""Claim: the memory of a search does not grow with its trials: under 5 % from trial 20 to 200.

Run: python benchmarks/tuning_memory.py FOLDER [--trials 200]

Measures the resident memory of the parent and its processes together, from /proc, twice a second, over short trials. A
process is replaced every 25 trainings, so that memory rises and falls in between: the last such cycle is compared with
the first one, by its median and by its highest value. It also prints how much one process grows from its 5th to its
25th training. The search uses FOLDER/tiny, a twentieth of the sample world.
"""

import argparse
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from measure import arguments, write_result
from tiny_search import LEVEL, SIZE_HW, tiny_settings, tiny_workspace

from toonvision.tasks.registry import load_dataset
from toonvision.tuning.result import StudyResult
from toonvision.tuning.study import run_study
from toonvision.tuning.workers import TRAININGS_A_PROCESS

_PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / 2**20
_SETTLED = 5


def main(given: Sequence[str] | None = None) -> None:
    """Search, measure, print and write the result."""
    options = parser().parse_args(given)
    trials = options.trials
    workspace = tiny_workspace(options.folder / "tiny")
    data = load_dataset(workspace, workspace.taxonomy.task(LEVEL), size_hw=SIZE_HW)
    settings = replace(tiny_settings(workspace, data), trials=trials)
    seen: dict[int, list[float]] = defaultdict(list)
    alone: dict[int, list[float]] = defaultdict(list)

    def watch(result: StudyResult) -> None:
        seen[result.ended].append(_resident_mib(_family(os.getpid())))
        alone[result.ended].append(_resident_mib([os.getpid()]))

    started = time.monotonic()
    name = f"memory-{time.time_ns()}"
    run_study(workspace, workspace.studies / LEVEL / name, settings, data, watch=watch)
    by_trial = {number: statistics.median(values) for number, values in sorted(seen.items())}
    cycles = [_of_cycle(by_trial, n) for n in range(trials // TRAININGS_A_PROCESS)]
    first, last = cycles[0], cycles[-1]
    growth = {
        "median": statistics.median(last) / statistics.median(first) - 1,
        "highest": max(last) / max(first) - 1,
        "parent alone": statistics.median(alone[trials - 1]) / statistics.median(alone[20]) - 1,
        "one process, 5th to 25th training": statistics.median([cycle[-1] / cycle[0] - 1 for cycle in cycles]),
    }
    print(f"trials 5 to 25: median {statistics.median(first):.0f} MiB, highest {max(first):.0f} MiB")
    print(f"last {TRAININGS_A_PROCESS} of {trials} trials: {statistics.median(last):.0f} and {max(last):.0f} MiB")
    print("growth: " + "; ".join(f"{name} {share:+.1%}" for name, share in growth.items()))
    write_result(
        "tuning_memory",
        {
            "trials": trials,
            "minutes": round((time.monotonic() - started) / 60, 1),
            "growth": growth,
            "MiB_by_trial": {number: round(value) for number, value in by_trial.items()},
        },
    )


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    options = arguments(__doc__, folder=True)
    options.add_argument("--trials", type=int, default=200, help="of the search (default: %(default)s)")
    return options


def _of_cycle(by_trial: dict[int, float], number: int) -> list[float]:
    """Return what was measured while a process did its 5th to 25th training; the first cycle is 0."""
    start = number * TRAININGS_A_PROCESS
    return [by_trial[n] for n in range(start + _SETTLED, start + TRAININGS_A_PROCESS) if n in by_trial]


def _family(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return [pid]
    return [pid, *(one for child in children for one in _family(int(child)))]


def _resident_mib(pids: list[int]) -> float:
    pages = 0
    for pid in pids:
        try:
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        except OSError:
            continue
    return pages * _PAGE_MIB


if __name__ == "__main__":
    main()
