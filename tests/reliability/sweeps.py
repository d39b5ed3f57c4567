"""What must hold after a fault, whatever was disturbed, and the workspaces in which jobs are disturbed."""

import hashlib
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from builders import Shot, as_once, contents, make_workspace, small_shots, write_voc
from reliability import disks, jobs
from reliability.injection import KILL, KILLED, Call, Ending, Job, disturbed, killed_after, undisturbed
from toonvision.core.errors import EnvironmentFaultError, InputRejectedError, UsageError
from toonvision.data.catalog import Catalog
from toonvision.data.catalog.database import is_older
from toonvision.data.extraction import extract
from toonvision.data.split_plan import draw_split
from toonvision.data.splits import SIXTY_TWENTY_TWENTY, read_split
from toonvision.data.workspace import Workspace, open_workspace

_SPARE = 4_000_000
CATALOG, SOURCES = "catalog.sqlite", ("screenshots", jobs.READY)


@dataclass(frozen=True)
class State:
    """All that a workspace holds and that somebody may rely on; row numbers and times are left out.

    Attributes:
        screenshots: Rows of the catalogue.
        crops: Rows of the catalogue.
        split: How the split was made, with the subset of each screenshot; nothing where there is none.
        numbers: The last number that each label has used.
        files: Path below the workspace to content, of crops, runs and settings.
    """

    screenshots: tuple[Any, ...]
    crops: tuple[Any, ...]
    split: dict[str, Any]
    numbers: dict[str, int]
    files: dict[str, bytes]


@dataclass(frozen=True)
class Subject:
    """A job, the workspace in which it is disturbed, and what it makes of it undisturbed.

    Attributes:
        name: What it is called in results.
        job: The job.
        pristine: The workspace, copied for each fault.
        before: Its state.
        done: Its state after an undisturbed job.
    """

    name: str
    job: Job
    pristine: Path
    before: State
    done: State

    @classmethod
    def prepared(cls, name: str, folder: Path) -> "Subject":
        """Make the workspace of a subject of that name, and run its job undisturbed in a copy."""
        prepare, job = SUBJECTS[name]
        pristine = folder / name.replace(" ", "-")
        prepare(pristine)
        before = state(pristine)
        done = shutil.copytree(pristine, folder / f"{pristine.name}-done")
        ending = undisturbed(job, done)
        if ending.code:
            raise RuntimeError(f"undisturbed, {name} ends with {ending.code}: {ending.said}")
        return cls(name, job, pristine, before, state(done))

    def copied(self, folder: Path) -> Path:
        """Copy the workspace, for one fault."""
        return shutil.copytree(self.pristine, folder)

    def feigned(self, ending: Ending, root: Path) -> list[str]:
        """Say whether a job ended as done and is not."""
        return ["it says that it is done, and is not"] if ending.code == 0 and state(root) != self.done else []

    def broken(self, root: Path) -> list[str]:
        """Say which promises do not hold in a workspace whose job was disturbed; run the job again, to its end."""
        found = self._broken_now(root)
        again = undisturbed(self.job, root)
        if again.code and not (again.code == UsageError.exit_code and state(root) == self.done):  # it is there already
            return [*found, f"the rerun ends with {again.code}: {again.said}"]
        if state(root) != self.done:
            found.append(f"the rerun leaves something else: {_difference(state(root), self.done)}")
        return found

    def _broken_now(self, root: Path) -> list[str]:
        found = [] if _sources(root) == _sources(self.pristine) else ["a source was changed"]
        found += damage(root)
        now = state(root)
        old, new = self.before.split, self.done.split
        if now.split not in (old, new) and not new.items() <= now.split.items() <= old.items():
            found.append("a split is neither the old one nor the new one")
        if _runs(now) not in (_runs(self.before), _runs(self.done)):
            found.append("a run is neither the old one nor the new one")
        return found


@dataclass
class Tally:
    """What came of a sweep.

    Attributes:
        faults: How many jobs were disturbed.
        hits: How many of them met the fault before their end.
        violations: Promises that did not hold, in words.
    """

    faults: int = 0
    hits: int = 0
    violations: list[str] = field(default_factory=list)

    def add(self, what: str, *, hit: bool, broken: Iterable[str]) -> None:
        """Count one fault."""
        self.faults += 1
        self.hits += hit
        self.violations += [f"{what}: {words}" for words in broken]


def sweep(subject: Subject, folder: Path, fault: str, calls: Iterable[Call]) -> Tally:
    """Disturb a job at each of some of its calls, which are in their order, and check what it leaves.

    What one kill leaves committed, a kill at a later call leaves too.
    """
    tally, committed = Tally(), 0
    for call in calls:
        root = subject.copied(folder / "swept")
        ending = disturbed(subject.job, root, call, fault)
        broken = subject.feigned(ending, root) + ([] if fault == KILL else fault_told(ending, root))
        before, committed = committed, len(state(root).crops)
        if fault == KILL and not subject.before.crops and committed < before:
            broken.append(f"{before} crops were committed by the call before, {committed} by this one")
        hit = ending.code == KILLED if fault == KILL else ending.code != 0
        tally.add(f"{subject.name}, {call.name} {call.number}", hit=hit, broken=[*broken, *subject.broken(root)])
        shutil.rmtree(root)
    return tally


def kill_at_random(subject: Subject, folder: Path, rng: random.Random, *, kills: int) -> Tally:
    """Kill a job, which may use all its threads, at random moments of its life, and check what it leaves.

    Args:
        subject: The job and its workspace.
        folder: Where copies go.
        rng: Draws the moments.
        kills: How many kills must have come before the job's end; after three times as many it is given up.
    """
    if subject.job is jobs.extract_in_order:
        subject = replace(subject, job=jobs.extract)
    tally = Tally()
    root = subject.copied(folder / "timed")
    seconds = undisturbed(subject.job, root).seconds
    shutil.rmtree(root)
    while tally.hits < kills and tally.faults < 3 * kills:
        root, delay = subject.copied(folder / "killed"), rng.uniform(0, seconds)
        ending = killed_after(subject.job, root, delay)
        if ending.code == 0:
            seconds = min(seconds, ending.seconds)  # on a busy machine the first run may have taken far longer
        broken = subject.feigned(ending, root)
        what = f"{subject.name} after {delay:.3f} s"
        tally.add(what, hit=ending.code == KILLED, broken=[*broken, *subject.broken(root)])
        shutil.rmtree(root)
    return tally


def fill(subject: Subject, folder: Path, *, step: int) -> Tally:
    """Run a job on a disk that has room for nothing more, then for `step` bytes more each time, until it is done.

    The disk lies in memory; a job that is disturbed runs again with room.
    """
    tally, room, done = Tally(), 0, False
    size = 4 * sum(len(content) for content in contents(subject.pristine).values()) + _SPARE
    while not done:
        with disks.small_disk(_made(folder / "disk"), size=size) as disk:
            root = subject.copied(disk / "workspace")
            filler = disks.fill_but(disk, room)
            ending = undisturbed(subject.job, root)
            filler.unlink()
            done = ending.code == 0 and state(root) == subject.done
            broken = subject.feigned(ending, root) + fault_told(ending, root) + subject.broken(root)
            tally.add(f"{subject.name} with room for {room} bytes", hit=ending.code != 0, broken=broken)
        room += step
    return tally


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


def fault_told(ending: Ending, root: Path) -> list[str]:
    """Say what is wrong with how a job that met a full disk ended: its exit code, or what it said."""
    lines = [line for line in ending.said.splitlines() if line.startswith("toonvision: ")]
    if ending.code == 0:
        return []  # it could do without; what it left is looked at
    if ending.code != EnvironmentFaultError.exit_code or "Traceback" in ending.said:
        return [f"ended with {ending.code}, saying {ending.said}"]
    if len(lines) != 1 or str(root) not in lines[0] or "run again" not in lines[0]:
        return [f"does not name the file and what to do: {ending.said}"]
    return []


def state(root: Path) -> State:
    """Read what a workspace holds; what was replaced halfway is settled first, an old catalogue stays old."""
    workspace = open_workspace(root, untouched=is_older(root / CATALOG))
    files = {
        path: content
        for path, content in contents(root).items()
        if path.startswith(("crops/", "runs/", "new/")) and not any(part.startswith(".") for part in Path(path).parts)
    }
    if not (root / CATALOG).is_file():
        return State((), (), {}, {}, files)
    try:
        with workspace.reading() as catalog:
            return _state(catalog, workspace.splits, files)
    except InputRejectedError as error:
        if "schema is older" not in str(error) and "is empty" not in str(error):  # nothing was committed yet
            raise
        return State((), (), {}, {}, files)


def _state(catalog: Catalog, splits: Path, files: dict[str, bytes]) -> State:
    crops = catalog.crops()
    split: dict[str, object] = {}
    with suppress(UsageError):  # there is none yet
        found = read_split(splits, "default")
        split = {"made": (found.ratios, found.seed), **found.subsets}
    return State(
        tuple((s.source, s.name, s.context, s.size_wh, s.picture_hash, s.fingerprint) for s in catalog.screenshots()),
        tuple((c.label, c.number, c.file, c.hash, c.box, c.screenshot, str(c.attributes)) for c in crops),
        split,
        catalog.last_numbers(),
        files,
    )


def damage(root: Path) -> list[str]:
    """Say what is wrong with a catalogue, and with the files of its crops."""
    if not (root / CATALOG).is_file():
        return []
    now, found = state(root), []
    for row in now.crops:
        file, digest = row[2], row[3]
        content = now.files.get(f"crops/{file}")
        if content is None or hashlib.sha256(content).hexdigest() != digest:
            found.append(f"the row of {file} has no file, or another one")
    with closing(sqlite3.connect(root / CATALOG)) as connection:
        verdicts = [word for (word,) in connection.execute("PRAGMA integrity_check")]
        dangling = connection.execute("PRAGMA foreign_key_check").fetchall()
    found += [f"the catalogue: {word}" for word in verdicts if word != "ok"]
    return found + [f"the catalogue: a row refers to none: {row}" for row in dangling]


def _sources(root: Path) -> dict[str, bytes]:
    return {f"{name}/{path}": content for name in SOURCES for path, content in contents(root / name).items()}


def _runs(held: State) -> dict[str, bytes]:
    return {path: content for path, content in held.files.items() if path.startswith("runs/")}


def _difference(now: State, wanted: State) -> str:
    fields = [name for name in vars(now) if getattr(now, name) != getattr(wanted, name)]
    files = sorted(now.files.keys() ^ wanted.files.keys())
    return f"{', '.join(fields)} {files}"


def _nothing_yet(root: Path) -> Workspace:
    return make_workspace(root)


def with_everything(root: Path) -> Workspace:
    """Make a workspace with crops, a split and a run, of which another one lies ready."""
    workspace = make_workspace(root)
    extract(workspace)
    draw_split(workspace, ratios=SIXTY_TWENTY_TWENTY, seed=0)
    for folder, word in ((workspace.runs / jobs.RUN, b"old"), (root / jobs.READY, b"new")):
        folder.mkdir(parents=True)
        for name in ("history.csv", "model.json", "model.keras", "run.json"):
            (folder / name).write_bytes(word * 2000)
    return workspace


def _outdated(root: Path) -> Workspace:
    """Make an extracted workspace whose pictures have changed since: one gone, one new, one with another box."""
    workspace = with_everything(root)
    shots = small_shots()
    for suffix in ("png", "xml"):
        (root / "screenshots" / shots[0].context / f"{shots[0].stem}.{suffix}").unlink()
    write_voc(root / "screenshots", [Shot("new", "garden", (("stone", (1, 2, 30, 31)),))])
    moved = tuple((label, (left + 1, top, right, bottom)) for label, (left, top, right, bottom) in shots[1].objects)
    write_voc(root / "screenshots", [Shot(shots[1].stem, shots[1].context, moved)])
    return workspace


def _of_the_first_version(root: Path) -> Workspace:
    """Make an extracted workspace whose catalogue is as the first version wrote it."""
    return as_once(with_everything(root), version=1)


SUBJECTS: dict[str, tuple[Callable[[Path], Workspace], Job]] = {
    "extract": (_nothing_yet, jobs.extract_in_order),
    "extract again": (_outdated, jobs.extract_in_order),
    "split": (with_everything, jobs.split),
    "save a run": (with_everything, jobs.save_run),
    "migrate": (_of_the_first_version, jobs.migrate),
    "init": (_nothing_yet, jobs.init),
}
"""What is disturbed by its name: how its workspace is made, and the job."""
