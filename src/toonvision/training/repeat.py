"""A run: the same training with several seeds, since one training alone proves little."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from toonvision.core.errors import InputRejectedError, UsageError
from toonvision.core.files import write_bytes
from toonvision.core.runner import Report, work_through
from toonvision.core.seeds import SEED_LIMIT
from toonvision.data.arrays import Samples, load_samples
from toonvision.data.images import Resize
from toonvision.data.split_summary import require_trainable, subset_table
from toonvision.data.splits import SUBSETS, Split, read_split, split_digest
from toonvision.data.workspace import Workspace
from toonvision.models.backend import backend_faults, installed_versions, start_keras
from toonvision.models.registry import build_network, input_size, short_name
from toonvision.models.saving import MEANING, WEIGHTS, ModelCard, save_model
from toonvision.tasks.settings import TrainingSettings
from toonvision.taxonomy.labels import Task
from toonvision.training.history import HISTORY, write_history
from toonvision.training.parallel import threads_for, trainings_at_once
from toonvision.training.record import (
    LOGS,
    RepeatRecord,
    RunRecord,
    Status,
    best_repeat,
    choose_run_folder,
    publish_run,
    repeat_folder,
    unfinished_run,
    write_record,
)


class TrainingWatcher(Protocol):
    """Whoever wants to see a run grow."""

    def started(self, record: RunRecord) -> None:
        """The data is ready; training begins."""

    def epoch_ended(self, repeat: int, epoch: int, logs: Mapping[str, float]) -> None:
        """An epoch, from 1, of a repeat, from 0, ended with these measures."""

    def repeat_ended(self, repeat: int, record: RepeatRecord) -> None:
        """A repeat, from 0, was saved."""


class Unwatched:
    """Watches nothing."""

    def started(self, record: RunRecord) -> None:
        """Do nothing."""

    def epoch_ended(self, repeat: int, epoch: int, logs: Mapping[str, float]) -> None:
        """Do nothing."""

    def repeat_ended(self, repeat: int, record: RepeatRecord) -> None:
        """Do nothing."""


@dataclass(frozen=True)
class TaskData:
    """A task's samples and the parts that a split assigns them to.

    Attributes:
        samples: Pictures and targets of all crops that the split knows.
        places: Part name to the places of its samples.
        split: The split.
        left_out: Classes of the task's level that have no sample.
        newer: Crops that the split does not know, since they were extracted after it was made.
    """

    samples: Samples
    places: Mapping[str, npt.NDArray[np.int64]]
    split: Split
    left_out: tuple[str, ...]
    newer: int

    @property
    def digest(self) -> str:
        """A hash of which crop is in which part."""
        return split_digest(self.samples.crops, self.split)


def load_task_data(
    workspace: Workspace, level_name: str, *, split_name: str, size_hw: tuple[int, int], resize: Resize
) -> TaskData:
    """Load the samples of a level and check that something can be learned from them.

    Args:
        workspace: Where the data is.
        level_name: The level whose classes are predicted.
        split_name: Which split to use.
        size_hw: Height and width of the input in pixels.
        resize: How crops are brought to that size.

    Raises:
        UsageError: If there is no such split.
        InputRejectedError: If a class could not be learned or judged, with all classes and counts.
    """
    with workspace.reading() as catalog:
        crops = catalog.crops()
    split = read_split(workspace.splits, split_name)
    known = [crop for crop in crops if split.subset_of(crop)]
    level = workspace.taxonomy.level(level_name)
    require_trainable(subset_table(level, split, known, workspace.taxonomy))
    samples = load_samples(workspace, known, level=level_name, size_hw=size_hw, resize=resize)
    subset_of = np.array([split.subset_of(crop) for crop in samples.crops])
    return TaskData(
        samples=samples,
        places={part: np.flatnonzero(subset_of == part) for part in SUBSETS},
        split=split,
        left_out=tuple(c.name for c in level.classes if c.name not in samples.classes),
        newer=len(crops) - len(known),
    )


def train_run(
    workspace: Workspace,
    task: Task,
    settings: TrainingSettings,
    *,
    seeds: Sequence[int],
    split_name: str = "default",
    size_hw: tuple[int, int] | None = None,
    name: str | None = None,
    force: bool = False,
    watcher: TrainingWatcher | None = None,
) -> Path:
    """Train a network once a seed and save everything that is needed to judge and to use it.

    Args:
        workspace: Where the data is and the run goes.
        task: What to predict.
        settings: How to train.
        seeds: One training each.
        split_name: Which split to use.
        size_hw: Height and width of the input in pixels; by default what the network wants of the workspace's.
        name: What to call the run; by default the network's name and a number.
        force: Replace an earlier run of that name.
        watcher: Told how it goes.

    Returns:
        The run's folder: models, histories and logs of all repeats, and the model of the one with the lowest
        validation loss as the run's own.

    Raises:
        UsageError: If the name is taken, the split unknown, the input too small for the network, or the seeds are
            none, repeated, or out of range.
        InputRejectedError: If a class could not be learned or judged, or the loss of every training was no number.
    """
    if not seeds or len(set(seeds)) != len(seeds) or not all(0 <= seed < SEED_LIMIT for seed in seeds):
        raise UsageError(f"seeds are different whole numbers from 0 to {SEED_LIMIT - 1}; got {list(seeds)[:5]}.")
    watch = watcher or Unwatched()
    size = size_hw or input_size(settings.network, workspace.size_hw)
    data = load_task_data(workspace, task.level, split_name=split_name, size_hw=size, resize=workspace.resize)
    device = start_keras(threads=threads_for(size))
    parameters = build_network(settings.network, size_hw=size, classes=len(data.samples.classes)).count_params()
    run = choose_run_folder(workspace.runs, task.name, network=short_name(settings.network), name=name, force=force)
    record = RunRecord(
        task=task.name,
        name=run.name,
        status="done",
        level=task.level,
        classes=data.samples.classes,
        left_out=data.left_out,
        settings=settings,
        size_hw=size,
        resize=workspace.resize,
        split=data.split.name,
        split_seed=data.split.seed,
        ratios=data.split.ratios.shares if data.split.ratios else None,
        samples={part: len(places) for part, places in data.places.items()},
        data_hash=data.digest,
        taxonomy=(workspace.taxonomy.name, workspace.taxonomy.digest),
        parameters=parameters,
        device=device,
        versions=installed_versions(),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    watch.started(record)
    with unfinished_run(workspace.root, run.parent) as built:
        repeats = _train_all([_Order(built, record, data, seed) for seed in seeds], watch)
        chosen = best_repeat(repeats)
        if chosen.val_loss is None:
            raise InputRejectedError(
                f"{task.name}: the loss of every training became no number; nothing was saved. Lower --learning-rate "
                "and train again."
            )
        for file in (WEIGHTS, HISTORY, MEANING):
            write_bytes(built / file, (repeat_folder(built, chosen.seed) / file).read_bytes())
        status: Status = "failed" if chosen.failed else "done"
        write_record(built, replace(record, status=status, repeats=repeats, chosen=chosen.seed))
        return publish_run(workspace.root, built, run, force=force)


@dataclass(frozen=True)
class _Order:
    """One training of a run: where it goes, what it is, what it learns from, and its seed."""

    run: Path
    record: RunRecord
    data: TaskData
    seed: int


def _train_all(orders: Sequence[_Order], watch: TrainingWatcher) -> tuple[RepeatRecord, ...]:
    """Train all repeats, several at once where that is quicker."""
    first = orders[0]
    at_once = trainings_at_once(
        first.record.settings,
        size_hw=first.record.size_hw,
        pictures=len(first.data.places["train"]),
        trainings=len(orders),
    )
    done: dict[int, RepeatRecord] = {}
    if at_once == 1:
        for index, order in enumerate(orders):
            done[index] = _train_once(order, partial(watch.epoch_ended, index))
            watch.repeat_ended(index, done[index])
    else:
        for message in work_through(_train_in_process, orders, processes=at_once):
            if message.done:
                done[message.job] = message.content
                watch.repeat_ended(message.job, message.content)
            else:
                watch.epoch_ended(message.job, *message.content)
    return tuple(done[index] for index in range(len(orders)))


def _train_in_process(order: _Order, report: Report) -> RepeatRecord:
    start_keras(threads=threads_for(order.record.size_hw))
    return _train_once(order, lambda epoch, logs: report((epoch, dict(logs))))


def _train_once(order: _Order, watcher: Callable[[int, Mapping[str, float]], None]) -> RepeatRecord:
    from toonvision.training.loop import gives_one_answer, train_fresh

    run, record, data, seed = order.run, order.record, order.data, order.seed
    with backend_faults():
        model, history = train_fresh(
            data.samples,
            train=data.places["train"],
            val=data.places["val"],
            settings=record.settings,
            seed=seed,
            log_folder=run / LOGS / f"seed-{seed}",
            watcher=watcher,
        )
    folder = repeat_folder(run, seed)
    card = ModelCard(
        network=record.settings.network,
        task=record.task,
        level=record.level,
        classes=record.classes,
        size_hw=record.size_hw,
        resize=record.resize,
        taxonomy=record.taxonomy[1],
        seed=seed,
        parameters=record.parameters,
        versions=record.versions,
    )
    save_model(model, card, folder)
    write_history(folder / HISTORY, history.epochs)
    loss = history.epochs[history.best_epoch - 1]["val_loss"] if history.best_epoch else None
    parts = (data.samples.pictures[data.places[part]] for part in ("val", "train"))
    collapsed = gives_one_answer(model, parts, batch_size=record.settings.batch_size)
    return RepeatRecord(
        seed, len(history.epochs), history.best_epoch, loss, history.seconds, history.diverged, collapsed
    )
