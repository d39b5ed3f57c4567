"""Promise: kill it at any moment; what was done is there, the next run completes with the same bytes.

Run: python benchmarks/reliability/kill_sweep.py FOLDER [--random 500]

A job is killed (SIGKILL) at every write, fsync, rename, unlink and mkdir in its workspace, one at a time in a fresh
copy; SQLite's calls are among them. Then jobs are killed at random moments, with all their threads. After each kill the
sources must be unchanged, the catalogue sound, every row's file present, splits and runs the old or the new ones. Then
the job runs again and must leave the same bytes as an undisturbed job. Needs strace; a kill takes about a second.
"""

import argparse
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
from measure import arguments, new_folder, write_result

from reliability.injection import KILL, calls_of, why_not
from reliability.sweeps import Subject, Tally, kill_at_random, sweep

_NAMES = ("extract", "extract again", "split", "save a run", "migrate")


def main(given: Sequence[str] | None = None) -> None:
    """Kill at every call, then at random; print and write the results."""
    options = parser().parse_args(given)
    if why_not():
        sys.exit(why_not())
    new_folder(parser(), options.folder)
    folder, kills = options.folder, options.random
    started, rng = time.monotonic(), random.Random(0)
    everywhere, at_random = {}, {}
    for name in _NAMES:
        subject = Subject.prepared(name, folder)
        calls = calls_of(subject.job, subject.copied(folder / f"calls of {name}".replace(" ", "-")))
        everywhere[name] = _summary(name, sweep(subject, folder, KILL, calls))
        at_random[name] = _summary(name, kill_at_random(subject, folder, rng, kills=kills // len(_NAMES)))
    minutes = round((time.monotonic() - started) / 60, 1)
    write_result("kill_sweep", {"at every call": everywhere, "at random moments": at_random, "minutes": minutes})


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    options = arguments(__doc__, folder=True)
    options.add_argument("--random", type=int, default=500, help="kills at random moments (default: %(default)s)")
    return options


def _summary(name: str, tally: Tally) -> dict[str, Any]:
    for line in tally.violations:
        print(f"VIOLATION: {line}")
    print(f"{name}: {tally.hits} of {tally.faults} were killed before their end, {len(tally.violations)} violations")
    return {"jobs": tally.faults, "killed before their end": tally.hits, "violations": len(tally.violations)}


if __name__ == "__main__":
    main()
