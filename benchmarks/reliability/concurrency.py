"""Promise: one writes, a second one waits briefly and is told who is at it; readers never fail.

Run: python benchmarks/reliability/concurrency.py FOLDER [--processes 8] [--operations 100]

Processes do what commands do in one workspace, at random: extract, annotate and extract, split, save a run, count,
read a split, list runs. Each operation must end as promised: done; another one is at it (within 5 s, naming it); or,
for a split, a name that is taken. In the end the catalogue must be sound and agree with the files.
"""

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
from measure import write_result

from reliability.crowd import crowded
from reliability.sweeps import with_everything
from toonvision.core.errors import WorkspaceBusyError

_OUTCOMES = {0: "done", 2: "name taken", 5: "busy"}


def main(folder: Path, processes: int, operations: int) -> None:
    """Crowd a workspace; print and keep what came out."""
    started = time.monotonic()
    done, violations = crowded(with_everything(folder).root, processes=processes, operations=operations)
    for line in violations:
        print(f"VIOLATION: {line}")
    table = {
        name: Counter(_OUTCOMES.get(one.code, f"exit code {one.code}") for one in done if one.name == name)
        for name in sorted({one.name for one in done})
    }
    for name, outcomes in table.items():
        print(f"{name}: " + ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common()))
    print(f"{len(done)} operations, {len(violations)} violations")
    waits = [one.seconds for one in done if one.code == WorkspaceBusyError.exit_code]
    write_result(
        "concurrency",
        {
            "processes": processes,
            "operations": len(done),
            "outcomes": table,
            "longest wait until told that it is busy, s": round(max(waits, default=0), 1),
            "violations": len(violations),
            "minutes": round((time.monotonic() - started) / 60, 1),
        },
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--operations", type=int, default=100)
    given = parser.parse_args()
    main(given.folder, given.processes, given.operations)
