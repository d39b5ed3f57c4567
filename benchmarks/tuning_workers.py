"""Claims: the default number of processes is the best one here; machines that share a study share its time.

Run: python benchmarks/tuning_workers.py FOLDER

- processes: the same trials by one process with all threads, and by one process for each core with one thread each, at
  600 x 200 and at 150 x 50; alternately, medians of several rounds.
- machines: two processes pinned to one core each, which stand for two machines with a workspace each, against one of
  them alone. They share the study through a PostgreSQL server, which is started for it.

Every trial is the published `tuned` network for a few epochs. The start of the processes is part of the time, as it is
for a user. Needs PostgreSQL's server programs.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from measure import alternate, arguments, medians, write_result
from sample_workspace import sample_workspace

from toonvision.core.runner import available_cores
from toonvision.data.workspace import Workspace, open_workspace
from toonvision.tasks.registry import load_dataset
from toonvision.tasks.settings import TrainingSettings
from toonvision.tuning.settings import RaceSettings, StudySettings
from toonvision.tuning.space import Choices, Space
from toonvision.tuning.storage import Address
from toonvision.tuning.study import run_study
from tuning.servers import PostgresServer, why_not

_ROUNDS = 3
_SMALL_HW = (150, 50)
_TUNED = {
    "filters_1": 16, "kernel_1": 3, "pool_1a": 3, "pool_1b": 2, "dropout_1": 0.2,
    "filters_2": 12, "kernel_2": 3, "pool_2a": 2, "pool_2b": 3, "dropout_2": 0.3, "learning_rate": 1e-3,
}  # fmt: skip


def main(given: Sequence[str] | None = None) -> None:
    """Measure, print and write both claims."""
    options = parser().parse_args(given)
    if options.join:
        storage, study, trials = options.join
        _search(open_workspace(options.folder), study, _SMALL_HW, int(trials), workers=1, epochs=4, storage=storage)
        return
    if why_not():
        sys.exit(why_not())
    folder = options.folder
    workspace = sample_workspace(folder / "world")
    result: dict[str, Any] = {"processes": {}}
    for size_hw, trials in (((600, 200), 4), (_SMALL_HW, 24)):
        rates = _processes(workspace, size_hw, trials)
        result["processes"][f"{size_hw[0]}x{size_hw[1]}"] = rates
        print(f"{size_hw[0]}x{size_hw[1]}: " + "; ".join(f"{name} {rate:.0f} trials/h" for name, rate in rates.items()))
    server = PostgresServer.made()
    try:
        result["machines"] = _machines(workspace, folder, server.database())
    finally:
        server.remove()
    one, two = (result["machines"][name] for name in ("one", "two"))
    print(f"pinned to a core each: one {one:.0f}, two {two:.0f} trials/h; {two / one:.2f} times")
    write_result("tuning_workers", result)


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    options = arguments(__doc__, folder=True)
    # How this program starts itself: work on a study, from the workspace FOLDER.
    options.add_argument("--join", nargs=3, metavar=("STORAGE", "STUDY", "TRIALS"), help=argparse.SUPPRESS)
    return options


def _processes(workspace: Workspace, size_hw: tuple[int, int], trials: int) -> dict[str, float]:
    cores = available_cores()
    alternatives = {
        f"{workers} x {cores // workers} threads": lambda workers=workers: _search(
            workspace, f"{time.time_ns()}", size_hw, trials, workers=workers
        )
        for workers in (1, cores)
    }
    seconds = medians(alternate(alternatives, repetitions=_ROUNDS))
    return {name: 3600 * trials / taken for name, taken in seconds.items()}


def _machines(workspace: Workspace, folder: Path, storage: str) -> dict[str, float]:
    """Let one pinned process, then two with a workspace each, work on a study of the same length."""
    other = folder / "other"
    if not other.exists():
        subprocess.run(["cp", "-r", str(workspace.root), str(other)], check=True)
    trials = 40
    rates: dict[str, list[float]] = {"one": [], "two": []}
    for _ in range(_ROUNDS):
        for name, roots in (("one", [workspace.root]), ("two", [workspace.root, other])):
            study = f"{name}-{time.time_ns()}"
            started = time.monotonic()
            running = [
                subprocess.Popen(
                    [
                        *("taskset", "-c", str(core), sys.executable, __file__),
                        *(str(root), "--join", storage, study, str(trials)),
                    ]
                )
                for core, root in enumerate(roots)
            ]
            if any(one.wait() for one in running):
                raise SystemExit("a process failed")
            rates[name].append(time.monotonic() - started)
    return {name: 3600 * trials / taken for name, taken in medians(rates).items()}


def _search(
    workspace: Workspace,
    name: str,
    size_hw: tuple[int, int],
    trials: int,
    *,
    workers: int,
    epochs: int = 2,
    storage: str | None = None,
) -> None:
    data = load_dataset(workspace, workspace.taxonomy.task("suit"), size_hw=size_hw)
    settings = StudySettings(
        task="suit",
        data=data.digest,
        taxonomy=workspace.taxonomy.digest,
        size_hw=size_hw,
        trials=trials,
        space=Space({key: Choices((value,)) for key, value in _TUNED.items()}),
        race=replace(RaceSettings(), trainings=0),
        training=TrainingSettings(epochs=epochs),
    )
    address = Address(storage, f"suit/{name}") if storage else None
    run_study(workspace, workspace.studies / "suit" / name, settings, data, address=address, workers=workers)


if __name__ == "__main__":
    main()
