"""A run: the same training with several seeds, since one training alone proves little."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np

from toonvision.core.errors import InputRejectedError, UsageError
from toonvision.core.files import write_bytes
from toonvision.core.progress import unwatched
from toonvision.core.seeds import SEED_LIMIT, own_randomness
from toonvision.data.splits import DEFAULT_SPLIT
from toonvision.data.workspace import Workspace
from toonvision.metrics.novelty import FEWEST
from toonvision.metrics.predictions import Predictions
from toonvision.models.backend import backend_faults, installed_versions, start_backend
from toonvision.models.registry import TREES, short_name
from toonvision.models.saving import MEANING, ModelCard, load_model, read_card, save_model, store_novelty, weights_file
from toonvision.tasks.base import Dataset
from toonvision.tasks.networks import build, predict
from toonvision.tasks.registry import kind_of, load_dataset
from toonvision.tasks.settings import TrainingSettings
from toonvision.taxonomy.labels import Task
from toonvision.training.fit import fit
from toonvision.training.history import HISTORY, EpochWatcher, write_history
from toonvision.training.parallel import train_all, trainings_at_once
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
    """Follows a run while it is trained. The methods do nothing; override those that you want to see."""

    def started(self, record: RunRecord) -> None:
        """The data is ready; training begins."""

    def epoch_ended(self, repeat: int, epoch: int, logs: Mapping[str, float]) -> None:
        """An epoch, from 1, of a repeat, from 0, ended with these metrics."""

    def repeat_ended(self, repeat: int, record: RepeatRecord) -> None:
        """A repeat, from 0, was saved."""


def load_run_data(workspace: Workspace, record: RunRecord) -> Dataset:
    """Load the data that a run was trained with.

    Raises:
        InputRejectedError: If its split or images are not those that it was trained with.
    """
    data = load_dataset(
        workspace,
        record.as_task,
        size_hw=record.size_hw,
        split=record.split,
        resize=record.resize,
        network=record.settings.network,
    )
    if data.digest != record.data_hash:
        raise InputRejectedError(
            f"{record.title}: the split {record.split!r} is not what it was when the run was trained, so images that "
            "it has learned could now be in the test subset. Train again."
        )
    return data


def train_run(
    workspace: Workspace,
    task: Task,
    settings: TrainingSettings,
    *,
    seeds: Sequence[int],
    split_name: str = DEFAULT_SPLIT,
    size_hw: tuple[int, int] | None = None,
    name: str | None = None,
    force: bool = False,
    watcher: TrainingWatcher = unwatched,
) -> Path:
    """Train a network once for each seed and save everything that is needed to evaluate and use it.

    Args:
        workspace: Where the data is and the run goes.
        task: What to predict.
        settings: How to train.
        seeds: One training each.
        split_name: Which split to use.
        size_hw: Height and width of the input in pixels; by default what the network wants of the workspace's.
        name: What to call the run; by default the network's name and a number.
        force: Replace an earlier run of that name.
        watcher: Follows the run.

    Returns:
        The run's folder: models, histories and logs of all repeats, and the model of the one with the lowest
        validation loss as the run's own.

    Raises:
        UsageError: If the name is taken, the split unknown, the input too small for the network, or the seeds are
            none, repeated, or out of range.
        InputRejectedError: If a class could not be learned or evaluated, or the loss of every training became NaN.
    """
    _require_seeds(seeds)
    size = size_hw or kind_of(task).input_size(workspace, settings.network)
    data = load_dataset(workspace, task, size_hw=size, split=split_name, network=settings.network)
    device = start_backend(settings.network, size)
    folder = choose_run_folder(workspace.runs, task.name, network=short_name(settings.network), name=name, force=force)
    record = _new_record(workspace, data, settings, name=folder.name, device=device)
    watcher.started(record)
    with unfinished_run(workspace.root, folder.parent) as built:
        train = partial(_train_once, built, workspace.cache, record, data)
        at_once = trainings_at_once(settings, size_hw=size, images=record.samples["train"], trainings=len(seeds))
        done = train_all(train, seeds, at_once=at_once, epoch_ended=watcher.epoch_ended, ended=watcher.repeat_ended)
        repeats = tuple(done)
        best = best_repeat(repeats)
        if best.val_loss is None:
            raise InputRejectedError(
                f"{task.name}: the loss of every training became NaN; nothing was saved. Try half the "
                f"learning rate: {settings.at_half_rate}."
            )
        for file in (weights_file(settings.network), HISTORY, MEANING):
            write_bytes(built / file, (repeat_folder(built, best.seed) / file).read_bytes())
        _store_novelty(workspace, data, record, built)
        status: Status = "failed" if best.failed else "done"
        parameters = read_card(built).parameters
        write_record(built, replace(record, status=status, repeats=repeats, best_seed=best.seed, parameters=parameters))
        return publish_run(workspace.root, built, folder, force=force)


def _require_seeds(seeds: Sequence[int]) -> None:
    if not seeds or len(set(seeds)) != len(seeds) or not all(0 <= seed < SEED_LIMIT for seed in seeds):
        raise UsageError(f"seeds are different whole numbers from 0 to {SEED_LIMIT - 1}; got {list(seeds)[:5]}.")


@own_randomness()
def _new_record(
    workspace: Workspace, data: Dataset, settings: TrainingSettings, *, name: str, device: str
) -> RunRecord:
    """Describe a run that is about to be trained."""
    split = data.stored_split
    return RunRecord(
        task=data.task.name,
        kind=data.task.kind,
        name=name,
        status="done",
        level=data.task.level,
        classes=data.classes,
        left_out=data.left_out,
        settings=settings,
        size_hw=data.size_hw,
        resize=data.resize,
        split=split.name,
        split_seed=split.seed,
        ratios=split.ratios.shares if split.ratios else None,
        samples={subset: len(indices) for subset, indices in data.indices.items()},
        data_hash=data.digest,
        taxonomy=(workspace.taxonomy.name, workspace.taxonomy.digest),
        parameters=0 if settings.network == TREES else build(settings.network, data).count_params(),
        device=device,
        versions=installed_versions(),
        started=datetime.now(UTC).isoformat(timespec="milliseconds"),
    )


def _store_novelty(workspace: Workspace, data: Dataset, record: RunRecord, built: Path) -> None:
    """Fit the novelty score of a network and store it, where validation images are left to fit it on."""
    settings = record.settings
    if settings.network == TREES or settings.with_validation or record.samples["val"] < FEWEST:
        return
    with backend_faults():
        score = kind_of(data.task).novelty(load_model(built), workspace, data)
    if score is not None:
        store_novelty(built, score)


def _train_once(
    run: Path, cache: Path, record: RunRecord, data: Dataset, seed: int, watcher: EpochWatcher
) -> RepeatRecord:
    """Train with one seed, and save the model, its history and its log in the run's folder."""
    from toonvision.training.checkpoint import checkpoint_file

    train, val = data.indices["train"], data.indices["val"]
    logs = run / LOGS / f"seed-{seed}"
    truth = data.truth_digest(np.concatenate([train, val]))
    facts = (record.task, record.data_hash, truth, record.size_hw, record.resize, dict(record.versions))
    model, history = fit(
        data,
        train=train,
        val=val,
        settings=record.settings,
        seed=seed,
        log_folder=logs,
        checkpoint=checkpoint_file(cache, record.settings, seed, *facts),
        watcher=watcher,
    )
    kind = kind_of(data.task)
    validated = predict(kind, model, data.images[val])
    collapsed = kind.collapsed(validated) and kind.collapsed(
        predict(kind, model, data.images[np.concatenate([val, train])])
    )
    folder = repeat_folder(run, seed)
    save_model(model, _card(record, data, validated, seed=seed, parameters=model.count_params()), folder)
    write_history(folder / HISTORY, history.epochs)
    loss = history.epochs[history.best_epoch - 1]["val_loss"] if history.best_epoch else None
    return RepeatRecord(
        seed, len(history.epochs), history.best_epoch, loss, history.seconds, history.diverged, collapsed
    )


def _card(record: RunRecord, data: Dataset, validated: Predictions, *, seed: int, parameters: int) -> ModelCard:
    """Return what is kept beside a trained model; `validated` is what it predicts for the validation images.

    Temperature and thresholds are fitted on these, unless they were learned from.
    """
    kind, val, is_fitted = kind_of(data.task), data.indices["val"], not record.settings.with_validation
    return ModelCard(
        network=record.settings.network,
        task=record.task,
        kind=record.kind,
        level=record.level,
        classes=record.classes,
        size_hw=record.size_hw,
        resize=record.resize,
        taxonomy=record.taxonomy[1],
        seed=seed,
        parameters=parameters,
        versions=record.versions,
        temperature=kind.temperature(validated, data, val) if is_fitted else None,
        thresholds=kind.thresholds(validated, data, val) if is_fitted else None,
        pixels=data.pixel_classes,
    )
