"""Promise: a full disk ends a command with exit code 4 and one line; what was done is there, a rerun completes.

Run: python benchmarks/reliability/disk_full.py FOLDER

In fresh copies of a workspace, each write, fsync, rename, truncation, new file and new folder of a job is told, one at
a time, that the disk is full; SQLite's are among them. Then jobs run on a real disk, in memory, that has room for more
and more of what they write; needs the right to mount. Afterwards the workspace must be as kill_sweep.py asks for, and a
rerun with room must leave the same bytes as a job that nobody disturbed. Needs strace.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
from measure import write_result

from reliability import disks
from reliability.injection import FULL, GROWING, calls_of, why_not
from reliability.sweeps import SUBJECTS, Subject, Tally, fill, sweep

_STEP = 4096


def main(folder: Path) -> None:
    """Fill everywhere; print and keep what came out."""
    started = time.monotonic()
    injected, real = {}, {}
    for name in SUBJECTS:
        subject = Subject.prepared(name, folder)
        calls = calls_of(subject.job, subject.copied(folder / f"calls-of-{subject.pristine.name}"), GROWING)
        injected[name] = _told(name, sweep(subject, folder, FULL, calls))
        if not disks.why_not():
            real[name] = _told(f"{name} on a real disk", fill(subject, folder, step=_STEP))
    minutes = round((time.monotonic() - started) / 60, 1)
    write_result("disk_full", {"at every call": injected, "real disk": real or disks.why_not(), "minutes": minutes})


def _told(name: str, tally: Tally) -> dict[str, Any]:
    for line in tally.violations:
        print(f"VIOLATION: {line}")
    print(f"{name}: {tally.hits} of {tally.faults} ended with exit code 4, {len(tally.violations)} violations")
    return {"jobs": tally.faults, "ended with exit code 4": tally.hits, "violations": len(tally.violations)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    if why_not():
        sys.exit(why_not())
    given.folder.mkdir(parents=True)
    main(given.folder)
