"""One training: from a network with fresh weights to its best epoch.

The loop is our own, over `train_on_batch`: measured on CPUs it trains the published networks 2.3 times as fast as `fit`
on float32 arrays (benchmarks/training_loop.py), images stay uint8 until they are inside the network, and augmentation
has its own seed. What is around the loop (early stopping, TensorBoard) are Keras' own callbacks.
"""

import math
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from toonvision.core.seeds import generator
from toonvision.data.arrays import batch_order
from toonvision.metrics.classification import Indices
from toonvision.tasks.base import Dataset, TaskKind
from toonvision.tasks.registry import kind_of
from toonvision.tasks.settings import TrainingSettings
from toonvision.training.history import History

EpochWatcher = Callable[[int, Mapping[str, float]], None]
"""Called after each epoch with its number from 1 and its metrics."""


def train_fresh(
    dataset: Dataset,
    *,
    train: Indices,
    val: Indices,
    settings: TrainingSettings,
    seed: int,
    log_folder: Path | None = None,
    watcher: EpochWatcher = lambda _epoch, _logs: None,
) -> tuple[keras.Model, History]:
    """Build a network with fresh weights and train it.

    Args:
        dataset: Images and targets.
        train: Indices of the images to learn from.
        val: Indices of the images that decide when to stop, or are learned from too.
        settings: What to train, and how.
        seed: Decides the weights, the order of batches and the augmentation.
        log_folder: Where TensorBoard's files go (scalars, graph, histograms); none are written without it.
        watcher: Called after every epoch.

    Returns:
        The network with the weights of its best epoch, and what was measured.

    Raises:
        UsageError: If there is no such network, the input is too small for it, or it does not fit the dataset.
    """
    # A fresh start: nothing of the last training stays in memory, and layers are named as in the first.
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    learner = kind_of(dataset.task).learner(settings, dataset)
    history = fit(
        learner.model,
        dataset,
        train=train,
        val=val,
        settings=learner.settings,
        seed=seed,
        log_folder=log_folder,
        watcher=watcher,
    )
    return learner.finish(), history


def fit(
    model: keras.Model,
    dataset: Dataset,
    *,
    train: Indices,
    val: Indices,
    settings: TrainingSettings,
    seed: int,
    log_folder: Path | None = None,
    watcher: EpochWatcher = lambda _epoch, _logs: None,
) -> History:
    """Train a network in place and leave it with the weights of its best epoch; see `train_fresh`."""
    started = time.monotonic()
    steps = _Steps(model, dataset, train, settings, seed)
    learned = np.concatenate([train, val]) if settings.with_validation else train
    kind = kind_of(dataset.task)
    kind.set_loss(model, _optimizer(settings, images=len(learned)), settings=settings, dataset=dataset)
    # Otherwise TensorFlow traces the first step twice: once to make the optimizer's variables, once to compute.
    model.optimizer.build(model.trainable_variables)
    callbacks = _callbacks(model, settings, log_folder)
    best_weights = model.get_weights()
    epochs: list[Mapping[str, float]] = []
    diverged = False
    callbacks.on_train_begin()
    for epoch in range(settings.epochs):
        callbacks.on_epoch_begin(epoch)
        logs = {**steps.train(learned, callbacks), **steps.validate(val)}
        epochs.append(logs)
        if _best_epoch(epochs, settings) == len(epochs):
            best_weights = model.get_weights()
        callbacks.on_epoch_end(epoch, logs)
        watcher(epoch + 1, logs)
        diverged = not math.isfinite(logs["loss"] + logs["val_loss"])
        if diverged or model.stop_training:
            break
    callbacks.on_train_end()
    if settings.averaging and not diverged:
        model.optimizer.finalize_variable_values(model.trainable_variables)
        epochs[-1] = {**epochs[-1], **steps.validate(val)}
        diverged = not math.isfinite(epochs[-1]["val_loss"])
    if diverged or not settings.takes_all_epochs:
        model.set_weights(best_weights)
    return History(tuple(epochs), _best_epoch(epochs, settings), diverged, time.monotonic() - started)


class _Steps:
    """The passes of one training over images: in random order with augmentation, or in order without."""

    def __init__(
        self, model: keras.Model, dataset: Dataset, train: Indices, settings: TrainingSettings, seed: int
    ) -> None:
        self._model, self._dataset, self._settings = model, dataset, settings
        self._kind = kind_of(dataset.task)
        self._weights = self._kind.weights(dataset, train, settings)
        self._order_rng, self._change_rng = generator(seed, "order"), generator(seed, "augment")

    def train(self, indices: Indices, callbacks: keras.callbacks.CallbackList) -> dict[str, float]:
        """Take a step for each batch and return the epoch's metrics."""
        totals, settings = _Totals(self._kind), self._settings
        order = batch_order(indices, batch_size=settings.batch_size, rng=self._order_rng)
        for step, chosen in enumerate(order):
            callbacks.on_train_batch_begin(step)
            images, targets = self._kind.batch(
                self._dataset, chosen, augmentation=settings.augmentation, rng=self._change_rng
            )
            weight = None if self._weights is None else self._weights[chosen]
            totals.add(self._model.train_on_batch(images, targets, sample_weight=weight, return_dict=True), len(chosen))
            callbacks.on_train_batch_end(step)
        return totals.metrics()

    def validate(self, indices: Indices) -> dict[str, float]:
        """Return the metrics of images that the network does not learn from, with ``val_`` before their names."""
        totals, settings = _Totals(self._kind), self._settings
        for start in range(0, len(indices), settings.batch_size):
            chosen = indices[start : start + settings.batch_size]
            images, targets = self._kind.batch(self._dataset, chosen, augmentation=settings.augmentation, rng=None)
            totals.add(self._model.test_on_batch(images, targets, return_dict=True), len(chosen))
        return {f"val_{name}": value for name, value in totals.metrics().items()}


class _Totals:
    """Adds up the metrics of batches, since Keras forgets them at each `train_on_batch`."""

    def __init__(self, kind: TaskKind) -> None:
        self._kind = kind
        self._images = 0
        self._sums: defaultdict[str, float] = defaultdict(float)

    def add(self, logs: Mapping[str, float], images: int) -> None:
        """Add a batch: means count by its size, counts as they are."""
        self._images += images
        for name, value in logs.items():
            self._sums[name] += float(value) * (1 if name in self._kind.counts else images)

    def metrics(self) -> dict[str, float]:
        """Return the metrics over all batches."""
        counts = self._kind.counts
        return self._kind.metrics(
            {name: total if name in counts else total / self._images for name, total in self._sums.items()}
        )


def _optimizer(settings: TrainingSettings, *, images: int) -> Any:
    """Return Adam with the learning-rate schedule for so many images per epoch."""
    rate: Any = settings.learning_rate
    if settings.takes_all_epochs:
        steps = settings.epochs * math.ceil(images / settings.batch_size)
        rising = max(1, steps // 10)
        rate = keras.optimizers.schedules.CosineDecay(
            rate / 25, max(1, steps - rising), warmup_target=rate, warmup_steps=rising
        )
    return keras.optimizers.Adam(rate, use_ema=bool(settings.averaging), ema_momentum=settings.averaging or 0.99)


def _watched(settings: TrainingSettings) -> str:
    """Return the metric that decides which epoch is the best one."""
    return "loss" if settings.with_validation else "val_loss"


def _best_epoch(epochs: Sequence[Mapping[str, float]], settings: TrainingSettings) -> int:
    """Return the epoch, from 1, whose weights the network has in the end; 0 for the initial ones.

    The losses of an epoch that broke the network are NaN: that of training is measured before the last step, that of
    validation after it.
    """
    watched = _watched(settings)
    sound = [i for i, epoch in enumerate(epochs) if math.isfinite(epoch["val_loss"] + epoch[watched])]
    if not sound:
        return 0
    return 1 + (sound[-1] if settings.takes_all_epochs else min(sound, key=lambda i: (epochs[i][watched], i)))


def _callbacks(model: keras.Model, settings: TrainingSettings, log_folder: Path | None) -> keras.callbacks.CallbackList:
    callbacks: list[keras.callbacks.Callback] = []
    if not settings.takes_all_epochs:
        stop = keras.callbacks.EarlyStopping(monitor=_watched(settings), mode="min", patience=settings.patience)
        callbacks.append(stop)
    if log_folder:
        callbacks.append(keras.callbacks.TensorBoard(log_folder, histogram_freq=1))
    model.stop_training = False
    return keras.callbacks.CallbackList(callbacks, model=model, epochs=settings.epochs)
