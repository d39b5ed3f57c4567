"""Promise: kill it at any moment; what was done is there, the next run completes with the same bytes.

Run: python benchmarks/reliability/kill_sweep.py FOLDER [--random 500]

A job is killed (SIGKILL) at every write, fsync, rename, unlink and mkdir in its workspace, SQLite's among them, one at
a time in a fresh copy; then jobs are killed at random moments, with all their threads. After each kill the sources must
be as they were, the catalogue sound, every row's file there, splits and runs the old or the new ones; then the job runs
again and must leave the same bytes as one that nobody disturbed. Needs strace; takes about a second a kill.
"""

import argparse
import random
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
from measure import write_result

from reliability.injection import KILL, calls_of, why_not
from reliability.sweeps import Subject, Tally, kill_at_random, sweep

_NAMES = ("extract", "extract again", "split", "save a run", "migrate")


def main(folder: Path, kills: int) -> None:
    """Kill everywhere, then at random; print and keep what came out."""
    started, rng = time.monotonic(), random.Random(0)
    everywhere, at_random = {}, {}
    for name in _NAMES:
        subject = Subject.prepared(name, folder)
        calls = calls_of(subject.job, subject.copied(folder / f"calls of {name}".replace(" ", "-")))
        everywhere[name] = _told(name, sweep(subject, folder, KILL, calls))
        at_random[name] = _told(name, kill_at_random(subject, folder, rng, kills=kills // len(_NAMES)))
    minutes = round((time.monotonic() - started) / 60, 1)
    write_result("kill_sweep", {"at every call": everywhere, "at random moments": at_random, "minutes": minutes})


def _told(name: str, tally: Tally) -> dict[str, Any]:
    for line in tally.violations:
        print(f"VIOLATION: {line}")
    print(f"{name}: {tally.hits} of {tally.faults} were killed before their end, {len(tally.violations)} violations")
    return {"jobs": tally.faults, "killed before their end": tally.hits, "violations": len(tally.violations)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--random", type=int, default=500)
    given = parser.parse_args()
    if why_not():
        sys.exit(why_not())
    given.folder.mkdir(parents=True)
    main(given.folder, given.random)
