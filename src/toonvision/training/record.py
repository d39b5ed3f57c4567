"""What a run leaves behind in its folder, and how it is found again."""

import contextlib
import math
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from toonvision.core.errors import InputRejectedError, ModelRefusedError, UsageError
from toonvision.core.folders import UNFINISHED, exclusive, settle_swaps, swap_in
from toonvision.core.names import NamedFolders, free_name, plain_name
from toonvision.core.settings import read_json, write_json
from toonvision.data.fitting import Resize
from toonvision.data.subsets import SUBSETS
from toonvision.tasks.settings import TrainingSettings
from toonvision.taxonomy.labels import CLASSIFY, Task

RECORD, LOGS = "run.json", "tensorboard"

_RUNS = NamedFolders(RECORD, "run", "train TASK")
find_run, is_run, run_records, closed_runs = _RUNS.find, _RUNS.holds, _RUNS.records, _RUNS.closed
Status = Literal["done", "failed"]
_LOCK = ".lock"
_WORDS = {"chosen": "best_seed", "validate": "val"}
"""What earlier versions called something, and what it is called now."""


@dataclass(frozen=True)
class RepeatRecord:
    """One training of a run.

    Attributes:
        seed: What it was trained with.
        best_epoch: The epoch, from 1, whose weights were saved; 0 for the initial weights.
        val_loss: Validation loss with those weights; None where it was always NaN.
        diverged: Whether the loss became NaN.
        collapsed: Whether the saved weights predict the same for every image of the training and validation subsets.
    """

    seed: int
    epochs: int
    best_epoch: int
    val_loss: float | None
    seconds: float
    diverged: bool
    collapsed: bool = False

    @property
    def failed(self) -> bool:
        """Whether the model is of no use."""
        return self.diverged or self.collapsed


@dataclass(frozen=True)
class RunRecord:
    """All that is needed to understand a run and to train it again.

    Attributes:
        name: The run's name within the task.
        status: ``failed`` where the best training diverged or collapsed, else ``done``.
        level: The level whose classes are predicted.
        classes: Names of the classes, in the order of the network's outputs.
        left_out: Classes of the level without any sample.
        size_hw: Height and width of the input in pixels.
        resize: How crops are resized to that size.
        split_seed: The seed that the split was drawn with; None where it was made by hand.
        ratios: Shares that the split was asked for, in percent; None where it was made by hand.
        samples: Subset to number of samples.
        data_hash: Hash of which crops were in which subset.
        taxonomy: Name and digest of the taxonomy.
        parameters: How many weights the network has.
        device: What computed.
        versions: Versions of the libraries that trained it.
        started: When, in UTC.
        repeats: The trainings, in the order of their seeds.
        best_seed: The seed of the run's own model: that of the lowest validation loss.
    """

    task: str
    name: str
    status: Status
    level: str
    classes: tuple[str, ...]
    left_out: tuple[str, ...]
    settings: TrainingSettings
    size_hw: tuple[int, int]
    resize: Resize
    split: str
    split_seed: int | None
    ratios: tuple[int, int, int] | None
    samples: Mapping[str, int]
    data_hash: str
    taxonomy: tuple[str, str]
    parameters: int
    device: str
    versions: Mapping[str, str]
    started: str
    repeats: tuple[RepeatRecord, ...] = ()
    best_seed: int = 0
    kind: str = CLASSIFY

    @property
    def title(self) -> str:
        """What the run is called on the command line."""
        return f"{self.task}/{self.name}"

    @property
    def as_task(self) -> Task:
        """The task that it was trained for."""
        return Task(self.task, self.level, self.kind)

    @property
    def learned_from(self) -> int:
        """How many images it learned from."""
        return self.samples["train"] + (self.samples["val"] if self.settings.with_validation else 0)


def repeat_folder(run: Path, seed: int) -> Path:
    """Return the folder of one training of a run."""
    return run / "repeats" / f"seed-{seed}"


def write_record(run: Path, record: RunRecord) -> None:
    """Write what is known of a run."""
    write_json(run / RECORD, asdict(record))


def read_record(run: Path) -> RunRecord:
    """Read what is known of a run.

    Raises:
        InputRejectedError: If the folder holds no run.
        ModelRefusedError: If its record cannot be understood.
    """
    missing = f"{run}: holds no run. See: toonvision runs"
    record = read_json(run / RECORD, RunRecord, what="the record of a run", missing=missing, current=_current)
    sound = (
        record.best_seed in {repeat.seed for repeat in record.repeats}
        and all(0 <= repeat.best_epoch <= repeat.epochs for repeat in record.repeats)
        and set(SUBSETS) <= record.samples.keys()
        and min(record.size_hw) > 0
    )
    if not sound:
        raise ModelRefusedError(f"{run / RECORD}: contradicts itself. Train again.")
    # Where the name was taken meanwhile, or a person renamed the folder, the folder says what the run is called.
    return replace(record, name=run.resolve().name)


def readable_records(runs: Path) -> list[tuple[Path, RunRecord]]:
    """Return the folder and the record of every run that can be read, the one that was started last first."""
    found = []
    for path in run_records(runs):
        with contextlib.suppress(ModelRefusedError, InputRejectedError):  # damaged, or being replaced at this moment
            found.append((path.parent, read_record(path.parent)))
    return sorted(found, key=lambda run: run[1].started, reverse=True)


def _current(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a record in the present words; those of earlier versions are read for good."""
    values = {_WORDS.get(name, name): value for name, value in values.items()}
    samples = values.get("samples")
    if isinstance(samples, dict):
        values["samples"] = {_WORDS.get(subset, subset): count for subset, count in samples.items()}
    return values


def choose_run_folder(runs: Path, task: str, *, network: str, name: str | None, force: bool) -> Path:
    """Choose the folder of a new run; without a name it is called after the network, with the next free number.

    Raises:
        UsageError: If the name cannot be a folder's, or is taken and `force` is not set.
    """
    free = free_name(runs / task, network, number_first=True)
    folder = runs / task / (free if name is None else plain_name(name, "a run"))
    if folder.exists() and not force:
        raise UsageError(f"there is a run called {task}/{name} already. Choose another --name, or add --force.")
    return folder


@contextlib.contextmanager
def unfinished_run(workspace: Path, task_folder: Path) -> Iterator[Path]:
    """Make a hidden folder to build a run in, which is removed in the end unless it was published.

    What killed processes left behind is removed first; a live process holds a lock in its folder.

    Raises:
        WorkspaceBusyError: If another process writes to the workspace.
    """
    with exclusive(workspace, purpose="start a run"):
        task_folder.mkdir(parents=True, exist_ok=True)
        for left in task_folder.glob(f"{UNFINISHED}*"):
            with contextlib.suppress(Timeout), FileLock(left / _LOCK, timeout=0):
                shutil.rmtree(left, ignore_errors=True)
        folder = task_folder / f"{UNFINISHED}{secrets.token_hex(4)}"
        folder.mkdir()
        lock = FileLock(folder / _LOCK)
        lock.acquire(timeout=0)
    try:
        yield folder
    finally:
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)


def publish_run(workspace: Path, built: Path, folder: Path, *, force: bool) -> Path:
    """Move a finished run to its folder, or without `force` to a free name beside an earlier run; return where it is.

    With `force` the earlier run stays until then, or is restored when the workspace is opened.
    """
    with exclusive(workspace, purpose="save a run"):
        settle_swaps(folder.parent)
        free = folder if force else folder.with_name(free_name(folder.parent, folder.name))
        (built / _LOCK).unlink(missing_ok=True)
        swap_in(built, free)
    return free


def best_repeat(repeats: tuple[RepeatRecord, ...]) -> RepeatRecord:
    """Return the training with the lowest validation loss that did not fail; the test subset has no say."""
    return min(repeats, key=lambda r: (r.failed, math.inf if r.val_loss is None else r.val_loss, r.seed))
