"""Promise: one process writes, a second one waits briefly and learns which process that is; readers never fail.

Run: python benchmarks/reliability/concurrency.py FOLDER [--processes 8] [--operations 100]

Processes do what commands do in one workspace, at random: extract, annotate and extract, split, save a run, count,
read a split, list runs. Each operation must end as promised: done; the workspace is busy (said within 5 s, naming the
other process); or, for a split, the name is taken. In the end the catalogue must be sound and agree with the files.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
from measure import arguments, new_folder, write_result

from reliability.crowd import crowded
from reliability.sweeps import with_everything
from toonvision.core.errors import WorkspaceBusyError

_OUTCOMES = {0: "done", 2: "name taken", 5: "busy"}


def main(given: Sequence[str] | None = None) -> None:
    """Crowd a workspace; print and write the result."""
    options = parser().parse_args(given)
    new_folder(parser(), options.folder)
    started = time.monotonic()
    root = with_everything(options.folder / "workspace").root
    done, violations = crowded(root, processes=options.processes, operations=options.operations)
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
            "processes": options.processes,
            "operations": len(done),
            "outcomes": table,
            "longest wait until refused as busy, s": round(max(waits, default=0), 1),
            "violations": len(violations),
            "minutes": round((time.monotonic() - started) / 60, 1),
        },
    )


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    options = arguments(__doc__, folder=True)
    options.add_argument("--processes", type=int, default=8, help="at once (default: %(default)s)")
    options.add_argument("--operations", type=int, default=100, help="of each process (default: %(default)s)")
    return options


if __name__ == "__main__":
    main()
