"""Promise: kill a search at any moment; when it goes on, no finished trial is lost and none counts twice.

Run: python benchmarks/reliability/tuning_kills.py FOLDER [--kills 50] [--storage postgresql://user:password@host/database]

A search of two processes is killed (SIGKILL) at random moments: in four of five cases one of its processes, else all of
them and their parent, after which it is started again. The finished trials are recorded before each kill. In the end
each of them must still have its value, the requested number of networks must have been tried, each by one trial that
counts, and each must be the network that its seed gives. A search that ends too early gets more trials. With --storage
the same is done on a server. Heartbeats come every second, so that a dead process is noticed within five. The search
uses FOLDER/tiny, a twentieth of the sample world.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from measure import arguments, write_result
from tiny_search import LEVEL, SIZE_HW, tiny_settings, tiny_workspace

from toonvision.core.errors import ToonVisionError
from toonvision.core.seeds import generator
from toonvision.data.workspace import open_workspace
from toonvision.tasks.registry import load_dataset
from toonvision.tuning.folders import STORE
from toonvision.tuning.space import random_value
from toonvision.tuning.storage import Address, file_url, open_study
from toonvision.tuning.stored_trials import StoredStudy, counted, first_attempt
from toonvision.tuning.study import run_study

_WORKERS, _FIRST_TRIALS, _MORE_TRIALS = 2, 40, 20
_WITHIN_S, _PATIENCE_S = 4.0, 25.0


@dataclass
class Attack:
    """A search under attack, and its state before each kill."""

    root: Path
    name: str
    storage: str | None
    trials: int = _FIRST_TRIALS
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.known: dict[int, float] = {}
        self.kills: Counter[str] = Counter()
        self.violations: list[str] = []
        self.starts = 0

    @property
    def address(self) -> Address:
        """Where the study is kept."""
        return _address(self.folder, self.storage)

    @property
    def folder(self) -> Path:
        """The study's folder."""
        return self.root / "studies" / LEVEL / self.name

    def start(self) -> None:
        """Start the search, or go on with it."""
        command = [sys.executable, __file__, str(self.root), "--search", self.name, str(self.trials)]
        if self.storage:
            command += ["--storage", self.storage]
        self.process = subprocess.Popen(command)
        self.starts += 1

    def study(self) -> StoredStudy | None:
        """Open the study, where it has been begun."""
        try:
            return open_study(self.address)
        except ToonVisionError:
            return None

    def observe(self) -> int:
        """Record the finished trials, check that those known before are unchanged, and return how many there are."""
        study = self.study()
        ended = _ended(study) if study else {}
        for number, value in self.known.items():
            if ended.get(number) != value:
                self.violations.append(f"trial {number} had {value}, and has {ended.get(number)}")
        self.known |= ended
        return len(ended)

    def kill(self, rng: random.Random) -> None:
        """Kill one process of the search, or all."""
        assert self.process is not None
        workers = _workers(self.process.pid)
        if workers and rng.random() < 0.8:
            _send(rng.choice(workers))
            self.kills["one process"] += 1
            return
        for pid in (self.process.pid, *workers):
            _send(pid)
        self.process.wait()
        self.kills["all"] += 1

    def keep_running(self) -> None:
        """Start the search again if it is not running, with more trials if it ended; a failed search is a violation."""
        assert self.process is not None
        code = self.process.poll()
        if code is None:
            return
        if code == 0:
            self.trials += _MORE_TRIALS
        elif code != -signal.SIGKILL:
            self.violations.append(f"the search ended with exit code {code}")
        self.start()


def main(given: Sequence[str] | None = None) -> None:
    """Attack a search on SQLite and, with --storage, on a server; print and write the results."""
    options = parser().parse_args(given)
    kills, storage = options.kills, options.storage
    if options.search:
        name, trials = options.search
        _search(options.folder, name, int(trials), storage)
        return
    root = tiny_workspace(options.folder / "tiny").root
    storages = {"SQLite": None, **({"PostgreSQL": storage} if storage else {})}
    result = {}
    for kind, url in storages.items():
        result[kind] = _attacked(Attack(root, f"kills-{time.time_ns()}", url), kills)
        print(f"{kind}: " + ", ".join(f"{value} {name}" for name, value in result[kind].items()))
    write_result("tuning_kills", {"workers": _WORKERS, **result})


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    options = arguments(__doc__, folder=True)
    options.add_argument("--kills", type=int, default=50, help="(default: %(default)s)")
    options.add_argument("--storage", help="URL of a database on a server, to attack too")
    # How this program starts itself: search in the workspace FOLDER.
    options.add_argument("--search", nargs=2, metavar=("NAME", "TRIALS"), help=argparse.SUPPRESS)
    return options


def _attacked(attack: Attack, kills: int) -> dict[str, Any]:
    rng, started = random.Random(kills), time.monotonic()
    attack.start()
    while sum(attack.kills.values()) < kills:
        before, until = attack.observe(), time.monotonic() + _PATIENCE_S
        while attack.observe() == before and time.monotonic() < until:
            attack.keep_running()
            time.sleep(0.2)
        time.sleep(rng.uniform(0, _WITHIN_S))
        attack.observe()
        attack.kill(rng)
        attack.keep_running()
    assert attack.process is not None
    if attack.process.wait():
        attack.violations.append(f"the last search ended with exit code {attack.process.returncode}")
    attack.observe()
    return {**_checked(attack), "minutes": round((time.monotonic() - started) / 60, 1)}


def _checked(attack: Attack) -> dict[str, Any]:
    """Check the study after all kills, and count what happened."""
    study = attack.study()
    assert study is not None
    trials = study.trials.get_trials()
    ended = _ended(study)
    networks = {first_attempt(trials[number]) for number in ended}
    if not len(counted(study.trials)) == len(ended) == len(networks) == attack.trials:
        attack.violations.append(
            f"{attack.trials} trials were asked for; {len(counted(study.trials))} count, {len(ended)} ended, "
            f"of {len(networks)} networks"
        )
    for number in ended:
        wanted = _drawn(study, first_attempt(trials[number]))
        if {name: trials[number].params[name] for name in wanted} != wanted:
            attack.violations.append(f"trial {number} is not the network that its seed gives")
    for line in attack.violations:
        print(f"VIOLATION: {line}")
    states = Counter(trial.user_attrs.get("outcome", trial.state.name.lower()) for trial in trials)
    return {
        "kills": sum(attack.kills.values()),
        "of one process": attack.kills["one process"],
        "of all processes": attack.kills["all"],
        "trials asked for": attack.trials,
        "trials that count": len(ended),
        "trials lost and retried": states["fail"],
        "trials drawn too many": states["surplus"],
        "violations": len(attack.violations),
    }


def _ended(study: StoredStudy) -> dict[int, float]:
    return {t.number: t.values[0] for t in study.trials.get_trials(deepcopy=False) if t.values}


def _drawn(study: StoredStudy, number: int) -> dict[str, Any]:
    """Draw a trial of a random search anew."""
    rng = generator(study.settings.seed, "draw", number)
    space = study.settings.space
    return {name: random_value(space.dimensions[name], rng) for name in space.varied}


def _workers(pid: int) -> list[int]:
    """Return the living processes that a search started."""
    try:
        children = [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    return [child for child in children if "spawn_main" in _command(child)]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def _send(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _search(root: Path, name: str, trials: int, storage: str | None) -> None:
    """Search in a process that will be killed."""
    workspace = open_workspace(root)
    data = load_dataset(workspace, workspace.taxonomy.task(LEVEL), size_hw=SIZE_HW)
    settings = replace(tiny_settings(workspace, data), trials=trials)
    folder = root / "studies" / LEVEL / name
    run_study(workspace, folder, settings, data, address=_address(folder, storage), workers=_WORKERS)


def _address(folder: Path, storage: str | None) -> Address:
    """Return where a study is, with processes that soon count as dead."""
    return Address(storage or file_url(folder / STORE), f"{LEVEL}/{folder.name}", heartbeat_s=1, grace_s=5)


if __name__ == "__main__":
    main()
