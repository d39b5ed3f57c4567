"""One training of whatever the settings name: a network in epochs, or trees at once."""

from pathlib import Path
from typing import TYPE_CHECKING

from toonvision.core.progress import unwatched
from toonvision.metrics.classification import Indices
from toonvision.models.backend import backend_faults, start_backend
from toonvision.models.registry import TREES
from toonvision.tasks.base import Dataset
from toonvision.tasks.settings import TrainingSettings
from toonvision.training.history import EpochWatcher, History

if TYPE_CHECKING:
    import keras

    from toonvision.models.forest import Forest


def fit(
    dataset: Dataset,
    *,
    train: Indices,
    val: Indices,
    settings: TrainingSettings,
    seed: int,
    log_folder: Path | None = None,
    checkpoint: Path | None = None,
    watcher: EpochWatcher = unwatched.epoch_ended,
) -> "tuple[keras.Model | Forest, History]":
    """Train a fresh network, or grow trees; see `toonvision.training.loop.train_fresh` and `grow_forest`.

    Raises:
        UsageError: If there is no such network, the input is too small for it, or it does not fit the dataset.
        EnvironmentFaultError: If the backend cannot start, or the disk or the memory is full.
    """
    if settings.network == TREES:
        from toonvision.training.forest import grow_forest

        forest, history = grow_forest(dataset, train=train, val=val, settings=settings, seed=seed)
        watcher(1, history.epochs[0])
        return forest, history
    start_backend(settings.network, dataset.size_hw)
    from toonvision.training.loop import train_fresh

    with backend_faults():
        return train_fresh(
            dataset,
            train=train,
            val=val,
            settings=settings,
            seed=seed,
            log_folder=log_folder,
            checkpoint=checkpoint,
            watcher=watcher,
        )
