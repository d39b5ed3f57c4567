"""Promise: a full disk ends a command with exit code 4 and one line; what was done is there, a rerun completes.

Run: python benchmarks/reliability/disk_full.py FOLDER

In fresh copies of a workspace, each write, fsync, rename, truncation, new file and new folder of a job fails, one at a
time, with "disk full"; SQLite's calls are among them. Then jobs run on a real disk (in memory) with room for more and
more of what they write, and so do commands that start Keras, for a few sizes of room; this needs the right to mount.
Afterwards the workspace must be as kill_sweep.py demands, and a rerun with enough room must leave the same bytes as an
undisturbed job. Commands may leave nothing half done, and must succeed once there is room. Needs strace.
"""

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
from measure import arguments, new_folder, write_result

from reliability import disks
from reliability.injection import FULL, GROWING, Ending, calls_of, why_not
from reliability.sweeps import SUBJECTS, Subject, Tally, fault_told, fill, sweep, with_everything

_STEP = 4096
_ROOMS = (0, 20_000, 80_000, 200_000)
_SIZE = 12_000_000
_COMMANDS = {
    "train": ("train", "label", "--name", "again", "--epochs", "5", "--batch-size", "4"),
    "evaluate": ("evaluate", "label/mine"),
    "export": ("export", "label/mine"),
    "report": ("report", "label/mine"),
}


def main(given: Sequence[str] | None = None) -> None:
    """Fill the disk at every call; print and write the results."""
    folder = parser().parse_args(given).folder
    if why_not():
        sys.exit(why_not())
    new_folder(parser(), folder)
    started = time.monotonic()
    injected, real = {}, {}
    for name in SUBJECTS:
        subject = Subject.prepared(name, folder)
        calls = calls_of(subject.job, subject.copied(folder / f"calls-of-{subject.pristine.name}"), GROWING)
        injected[name] = _summary(name, sweep(subject, folder, FULL, calls))
        if not disks.why_not():
            real[name] = _summary(f"{name} on a real disk", fill(subject, folder, step=_STEP))
    if not disks.why_not():
        real |= {name: _summary(f"{name} on a real disk", tally) for name, tally in _commands_filled(folder)}
    minutes = round((time.monotonic() - started) / 60, 1)
    write_result("disk_full", {"at every call": injected, "real disk": real or disks.why_not(), "minutes": minutes})


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    return arguments(__doc__, folder=True)


def _commands_filled(folder: Path) -> Iterator[tuple[str, Tally]]:
    """Run commands that start Keras on a disk with little room."""
    pristine, disk = with_everything(folder / "trained").root, folder / "disk"
    shutil.rmtree(pristine / "runs")
    _toonvision(pristine, "train", "label", "--name", "mine", "--epochs", "2", "--batch-size", "4")
    shutil.rmtree(pristine / "cache")
    disk.mkdir(exist_ok=True)
    for name, command in _COMMANDS.items():
        tally = Tally()
        for room in _ROOMS:
            with disks.small_disk(disk, size=_SIZE):
                root = Path(shutil.copytree(pristine, disk / "workspace"))
                filler = disks.fill_but(disk, room)
                ending = _toonvision(root, *command)
                broken = fault_told(ending, root)
                if ending.code and set(_runs(root / "runs")) - set(_runs(pristine / "runs")):
                    broken.append("something half done is left")
                filler.unlink()
                again = _toonvision(root, *command)
                if again.code and ending.code:
                    broken.append(f"with room it ends with {again.code}: {again.said}")
                tally.add(f"{name} with room for {room} bytes", hit=ending.code != 0, broken=broken)
        yield name, tally


def _toonvision(root: Path, *command: str) -> Ending:
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "toonvision", *command, "-w", root], capture_output=True, text=True, check=False
    )
    return Ending(done.returncode, done.stderr, time.monotonic() - started)


def _runs(runs: Path) -> list[str]:
    """Return the runs; hidden folders among them are what a run is built in."""
    return [path.relative_to(runs).as_posix() for path in runs.glob("*/*")]


def _summary(name: str, tally: Tally) -> dict[str, Any]:
    for line in tally.violations:
        print(f"VIOLATION: {line}")
    print(f"{name}: {tally.hits} of {tally.faults} ended with exit code 4, {len(tally.violations)} violations")
    return {"jobs": tally.faults, "ended with exit code 4": tally.hits, "violations": len(tally.violations)}


if __name__ == "__main__":
    main()
