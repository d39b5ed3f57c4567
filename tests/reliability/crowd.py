"""Many processes in one workspace at once: each does what commands do, drawn by its seed, and reports how it ended."""

import contextlib
import itertools
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from builders import Shot, write_voc
from reliability.sweeps import damage
from toonvision.core.errors import ToonVisionError
from toonvision.core.runner import Report, work_through
from toonvision.data.balance import measure_balance
from toonvision.data.extraction import extract
from toonvision.data.split_plan import draw_split
from toonvision.data.splits import SIXTY_TWENTY_TWENTY, read_split
from toonvision.data.subsets import SUBSETS
from toonvision.data.workspace import Workspace, open_workspace
from toonvision.training.record import RECORD, publish_run, run_records, unfinished_run

Operation = Callable[[Workspace, random.Random], None]


@dataclass(frozen=True)
class Visit:
    """What one of the processes is to do.

    Attributes:
        root: The workspace.
        operations: How many operations.
        seed: Draws which ones.
    """

    root: Path
    operations: int
    seed: int


@dataclass(frozen=True)
class Done:
    """An operation that ended.

    Attributes:
        name: Its name.
        code: The exit code that a command would end with.
        said: What it would say.
        seconds: How long it took.
    """

    name: str
    code: int
    said: str
    seconds: float


def crowded(root: Path, *, processes: int, operations: int) -> tuple[list[Done], list[str]]:
    """Let processes work in one workspace at once; give what they did, and the promises that did not hold.

    Args:
        root: A workspace made by `sweeps.with_everything`.
        processes: How many.
        operations: How many operations each does.
    """
    visits = [Visit(root, operations, seed) for seed in range(processes)]
    done = [one for message in work_through(visit, visits, processes=processes) for one in message.content]
    violations = [words for one in done if (words := broken(one))]
    extract(open_workspace(root))
    return done, [*violations, *damage(root)]


def visit(order: Visit, _report: Report) -> list[Done]:
    """Do operations in a workspace that others work in."""
    rng, done = random.Random(order.seed), []
    names = list(itertools.islice(itertools.cycle([*READERS, *WRITERS]), order.operations))
    rng.shuffle(names)
    for name in names:
        started = time.monotonic()
        code, said = _ended({**READERS, **WRITERS}[name], order.root, rng)
        done.append(Done(name, code, said, time.monotonic() - started))
    return done


def broken(done: Done) -> str:
    """Say which promise an operation broke; nothing where it broke none."""
    if done.name in READERS and done.code != 0:
        return f"{done.name}, which only reads, ended with {done.code}: {done.said}"
    if done.code not in (0, 2, 5) or (done.code == 2 and "already" not in done.said):
        return f"{done.name} ended with {done.code}: {done.said}"
    if done.code == 5 and not ("process " in done.said and "since " in done.said):
        return f"{done.name} does not say who is at it: {done.said}"
    if done.code == 5 and done.seconds > 5:
        return f"{done.name} was refused after {done.seconds:.1f} s: the workspace was busy"
    return ""


def _ended(operation: Operation, root: Path, rng: random.Random) -> tuple[int, str]:
    try:
        operation(open_workspace(root), rng)
    except ToonVisionError as error:
        return error.exit_code, str(error)
    except Exception as error:
        return 1, repr(error)
    return 0, ""


def _extract(workspace: Workspace, _rng: random.Random) -> None:
    extract(workspace)


def _annotate(workspace: Workspace, rng: random.Random) -> None:
    """Add a picture, as a person would, and extract."""
    stem = f"more_{rng.getrandbits(60):015x}"
    left = rng.randrange(20)
    write_voc(workspace.root / "screenshots", [Shot(stem, "garden", (("apple", (left, 3, left + 20, 30)),))])
    extract(workspace)


def _split(workspace: Workspace, rng: random.Random) -> None:
    """Make a split of one of few names, most of which are taken soon."""
    name, replace = f"split-{rng.randrange(20)}", rng.random() < 0.2
    draw_split(workspace, ratios=SIXTY_TWENTY_TWENTY, seed=0, name=name, replace=replace)


def _save_run(workspace: Workspace, _rng: random.Random) -> None:
    folder = workspace.runs / "label" / "kept"
    with unfinished_run(workspace.root, folder.parent) as built:
        (built / RECORD).write_text("new" * 2000)
        publish_run(workspace.root, built, folder, force=True)


def _balance(workspace: Workspace, _rng: random.Random) -> None:
    measured = measure_balance(workspace.known_crops(), workspace.taxonomy)
    if measured.crops < 24:
        raise RuntimeError(f"there were 24 crops, and are {measured.crops}")


def _read_split(workspace: Workspace, _rng: random.Random) -> None:
    split = read_split(workspace.splits, "default")
    if set(split.subsets.values()) != set(SUBSETS):
        raise RuntimeError("a split is not whole")


def _list_runs(workspace: Workspace, _rng: random.Random) -> None:
    for record in run_records(workspace.runs):
        with contextlib.suppress(FileNotFoundError):  # it is being replaced at this moment
            if record.read_text() not in ("old" * 2000, "new" * 2000):
                raise RuntimeError(f"{record} is not whole")


READERS: dict[str, Operation] = {"balance": _balance, "read a split": _read_split, "list runs": _list_runs}
WRITERS: dict[str, Operation] = {"extract": _extract, "annotate": _annotate, "split": _split, "save a run": _save_run}
