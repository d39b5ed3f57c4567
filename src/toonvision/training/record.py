"""What a run leaves behind in its folder, and how it is found again."""

import json
import math
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from toonvision.core.errors import InputRejectedError, ModelRefusedError, UsageError
from toonvision.core.files import plain_name, write_text
from toonvision.data.images import Resize
from toonvision.training.settings import TrainingSettings

if TYPE_CHECKING:
    from pydantic import ValidationError

RECORD, LOGS = "run.json", "tensorboard"

Status = Literal["training", "done"]


@dataclass(frozen=True)
class RepeatRecord:
    """One training of a run.

    Attributes:
        seed: What it was trained with.
        epochs: Epochs that were run.
        best_epoch: The epoch, from 1, whose weights were kept.
        val_loss: Validation loss of that epoch.
        seconds: How long it took.
        diverged: Whether the loss stopped being a number.
    """

    seed: int
    epochs: int
    best_epoch: int
    val_loss: float
    seconds: float
    diverged: bool


@dataclass(frozen=True)
class RunRecord:
    """All that is needed to understand a run and to make it again.

    Attributes:
        task: What is predicted.
        name: The run's name within the task.
        status: ``training`` until everything is saved, then ``done``.
        level: The level whose classes are predicted.
        classes: Names of the classes, in the order of the network's outputs.
        left_out: Classes of the level without any sample.
        settings: How it was trained.
        size_hw: Height and width of the input in pixels.
        resize: How crops are brought to that size.
        split: Name of the split.
        split_seed: The seed that the split was drawn with.
        ratios: Shares that the split was asked for, in percent.
        grouped: Whether the split keeps screenshots together; if not, it leaks.
        samples: Part to number of samples.
        data_hash: Hash of which crops were in which part.
        taxonomy: Name and digest of the taxonomy.
        parameters: How many weights the network has.
        device: What computed.
        versions: Versions of what took part.
        started: When, in UTC.
        repeats: The trainings, in the order of their seeds.
        chosen: The seed of the model that is kept as the run's own: that of the lowest validation loss.
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
    split_seed: int
    ratios: tuple[int, int, int]
    grouped: bool
    samples: Mapping[str, int]
    data_hash: str
    taxonomy: tuple[str, str]
    parameters: int
    device: str
    versions: Mapping[str, str]
    started: str
    repeats: tuple[RepeatRecord, ...] = ()
    chosen: int = 0

    @property
    def title(self) -> str:
        """What the run is called on the command line."""
        return f"{self.task}/{self.name}"


def repeat_folder(run: Path, seed: int) -> Path:
    """Give the folder of one training of a run."""
    return run / "repeats" / f"seed-{seed}"


def write_record(run: Path, record: RunRecord) -> None:
    """Write what is known of a run."""
    write_text(run / RECORD, json.dumps(asdict(record), indent=2) + "\n")


def read_record(run: Path) -> RunRecord:
    """Read what is known of a run.

    Raises:
        InputRejectedError: If the folder holds no run.
        ModelRefusedError: If its record cannot be understood.
    """
    from pydantic import TypeAdapter, ValidationError

    path = run / RECORD
    try:
        return TypeAdapter(RunRecord).validate_json(path.read_bytes())
    except FileNotFoundError:
        raise InputRejectedError(f"{run}: holds no run. See: toonvision runs") from None
    except ValidationError as error:
        raise ModelRefusedError(f"{path}: not the record of a run ({_first_fault(error)}). Train again.") from error


def find_run(runs: Path, name: str) -> Path:
    """Find a run by its name, as in ``suit/baseline-1``, or by its path.

    Raises:
        UsageError: If there is none.
    """
    for folder in (runs / name, Path(name)):
        if (folder / RECORD).is_file():
            return folder
    known = [path.parent.relative_to(runs).as_posix() for path in run_records(runs)]
    listed = f"There are: {', '.join(known)}." if known else "There is none yet. Run: toonvision train TASK"
    raise UsageError(f"no run is called {name!r}. {listed}")


def run_records(runs: Path) -> list[Path]:
    """List the records of all runs, by task and name."""
    return sorted(runs.glob(f"*/*/{RECORD}"))


def new_run_folder(runs: Path, task: str, *, network: str, name: str | None, force: bool) -> Path:
    """Choose the folder of a new run, so that nothing is overwritten unasked.

    Args:
        runs: The folder of all runs.
        task: The task.
        network: The network, which unnamed runs are named after.
        name: The name asked for; by default the network's with the next free number.
        force: Remove an earlier run of that name.

    Raises:
        UsageError: If the name cannot be a folder's, or is taken and `force` is not set.
    """
    if name is None:
        taken = {path.name for path in (runs / task).glob("*")}
        number = next(number for number in range(1, len(taken) + 2) if f"{network}-{number}" not in taken)
        return runs / task / f"{network}-{number}"
    folder = runs / task / plain_name(name, "a run")
    if folder.exists():
        if not force:
            raise UsageError(f"there is a run called {task}/{name} already. Choose another --name, or give --force.")
        shutil.rmtree(folder)
    return folder


def best_repeat(repeats: tuple[RepeatRecord, ...]) -> RepeatRecord:
    """Choose the training to keep: the lowest validation loss. The test part has no say in it."""
    return min(repeats, key=lambda repeat: (repeat.diverged, _ranked(repeat.val_loss), repeat.seed))


def _first_fault(error: "ValidationError") -> str:
    fault = error.errors()[0]
    return f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"


def _ranked(loss: float) -> float:
    return math.inf if math.isnan(loss) else loss
