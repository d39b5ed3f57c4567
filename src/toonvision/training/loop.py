"""One training: from a network with fresh weights to its best epoch.

The loop is our own, over `train_on_batch`: measured on CPUs it trains the published networks 2.3 times as fast as `fit`
on float32 arrays (benchmarks/training_loop.py), images stay uint8 until they are inside the network, and augmentation
has its own seed. TensorBoard gets its files from Keras' own callback.
"""

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from toonvision.core.progress import unwatched
from toonvision.core.seeds import generator, own_randomness
from toonvision.data.arrays import batch_order
from toonvision.metrics.classification import Indices
from toonvision.models.starting import RANDOM, begin_with
from toonvision.tasks.base import Dataset
from toonvision.tasks.covering import with_foreground
from toonvision.tasks.networks import predict
from toonvision.tasks.registry import TASK_KINDS, kind_of
from toonvision.tasks.settings import TrainingSettings
from toonvision.training.checkpoint import Checkpoint, State
from toonvision.training.history import VALIDATION, EpochWatcher, History
from toonvision.training.sketching import IMAGES, Sketches, epochs_between

_SCORES = frozenset(f"{VALIDATION}{kind.watched}" for kind in TASK_KINDS.values() if kind.watched)
_MOST_BETWEEN, _WITHIN_PATIENCE = 5, 4
"""Epochs from one measurement of a watched score to the next, at most, and how many of them the patience lasts for."""
Batch = tuple[Indices, Any, Any]
"""The indices of some images, these images, and their targets."""
BatchLogs = tuple[Mapping[str, float], int]
"""The metrics of a batch, and its number of images."""


@own_randomness()
def train_fresh(
    dataset: Dataset,
    *,
    train: Indices,
    val: Indices,
    settings: TrainingSettings,
    seed: int,
    log_folder: Path | None = None,
    checkpoint: Path | None = None,
    watcher: EpochWatcher = unwatched.epoch_ended,
) -> tuple[keras.Model, History]:
    """Build a network with fresh weights, or with those that it is to begin with, and train it.

    Args:
        dataset: Images and targets.
        train: Indices of the images to learn from.
        val: Indices of the images that decide when to stop, or are learned from too.
        settings: What to train, and how.
        seed: Decides the weights, the order of batches and the augmentation.
        log_folder: Where TensorBoard's files go (scalars, graph, histograms); none are written without it.
        checkpoint: Where its state is saved from time to time, and read if a training of this name was interrupted.
        watcher: Called after every epoch.

    Returns:
        The network with the weights of its best epoch, and what was measured.

    Raises:
        UsageError: If there is no such network, the input is too small for it, or it does not fit the dataset.
    """
    dataset = with_foreground(dataset, settings)
    # A fresh start: nothing of the last training stays in memory, and layers are named as in the first.
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    learner = kind_of(dataset.task).learner(settings, dataset)
    if settings.start != RANDOM:
        begin_with(settings.start, learner.model, settings.network, dataset.classes)
    training = Training(learner.model, dataset, learner.settings, train, val, seed, whole=learner.finish)
    history = training.run(log_folder, watcher, checkpoint)
    return learner.finish(), history


class Training:
    """The training of one network in place; see `train_fresh`."""

    def __init__(
        self,
        model: keras.Model,
        dataset: Dataset,
        settings: TrainingSettings,
        train: Indices,
        val: Indices,
        seed: int,
        *,
        whole: Callable[[], keras.Model] | None = None,
    ) -> None:
        """Compile the network; `whole` returns the one for whole images that has its weights by then."""
        self._model, self._dataset, self._settings, self._val, self._whole = model, dataset, settings, val, whole
        self._kind = kind_of(dataset.task)
        self._learned = np.concatenate([train, val]) if settings.with_validation else train
        self._weights = self._kind.weights(dataset, train, settings)
        self._order_rng, self._change_rng = generator(seed, "order"), generator(seed, "augment")
        optimizer = _optimizer(settings, images=len(self._learned))
        self._kind.set_loss(model, optimizer, settings=settings, dataset=dataset)
        # Otherwise TensorFlow traces the first step twice: once to make the optimizer's variables, once to compute.
        optimizer.build(model.trainable_variables)

    def run(
        self,
        log_folder: Path | None = None,
        watcher: EpochWatcher = unwatched.epoch_ended,
        checkpoint: Path | None = None,
    ) -> History:
        """Train the network and leave it with the weights of its best epoch."""
        started = time.monotonic()
        model, settings = self._model, self._settings
        saved = Checkpoint(checkpoint, model, (self._order_rng, self._change_rng))
        callbacks = _callbacks(model, settings, log_folder, self._sketches(log_folder))
        callbacks.on_train_begin()
        begun = saved.load() or State((), model.get_weights(), 0.0)
        epochs, best_weights, diverged = list(begun.epochs), begun.best_weights, False
        for epoch, logs in enumerate(epochs):
            callbacks.on_epoch_begin(epoch)
            callbacks.on_epoch_end(epoch, _known(logs))
        for epoch in range(len(epochs), settings.epochs):
            callbacks.on_epoch_begin(epoch)
            logs = {**self._metrics(self._train(callbacks)), **self._validation_metrics()}
            logs |= self._watched_score(epoch + 1, logs["val_loss"])
            epochs.append(logs)
            if _best_epoch(epochs, settings) == len(epochs):
                best_weights = model.get_weights()
            callbacks.on_epoch_end(epoch, _known(logs))
            watcher(epoch + 1, logs)
            diverged = not math.isfinite(logs["loss"] + logs["val_loss"])
            if diverged or _is_over(epochs, settings):
                break
            saved.save(State(tuple(epochs), best_weights, begun.seconds + time.monotonic() - started))
        saved.remove()
        callbacks.on_train_end()
        if settings.averaging and not diverged:
            model.optimizer.finalize_variable_values(model.trainable_variables)
            epochs[-1] = {**epochs[-1], **self._validation_metrics()}
            diverged = not math.isfinite(epochs[-1]["val_loss"])
        if diverged or not settings.takes_all_epochs:
            model.set_weights(best_weights)
        return History(
            tuple(epochs), _best_epoch(epochs, settings), diverged, begun.seconds + time.monotonic() - started
        )

    def _train(self, callbacks: keras.callbacks.CallbackList) -> Iterator[BatchLogs]:
        """Take a step for each batch, in random order and with augmentation."""
        order = batch_order(self._learned, batch_size=self._settings.batch_size, rng=self._order_rng)
        for step, (chosen, images, targets) in enumerate(ahead(self._batches(order, self._change_rng))):
            callbacks.on_train_batch_begin(step)
            weight = None if self._weights is None else self._weights[chosen]
            yield self._model.train_on_batch(images, targets, sample_weight=weight, return_dict=True), len(chosen)
            callbacks.on_train_batch_end(step)

    def _batches(self, order: Iterable[Indices], rng: np.random.Generator | None) -> Iterator[Batch]:
        """Yield batches of some images; with a random generator they are changed at random."""
        for chosen in order:
            yield (chosen, *self._kind.batch(self._dataset, chosen, augmentation=self._settings.augmentation, rng=rng))

    def _sketches(self, log_folder: Path | None) -> list[keras.callbacks.Callback]:
        """Return what draws predictions for some validation images into TensorBoard's folder."""
        draw = self._kind.sketch
        if log_folder is None or draw is None or not len(self._val):
            return []
        chosen = self._val[np.linspace(0, len(self._val) - 1, min(IMAGES, len(self._val))).astype(int)]
        images, _ = self._kind.batch(self._dataset, chosen, augmentation=self._settings.augmentation, rng=None)
        return [Sketches(log_folder, images, self._kind.decode, draw)]

    def _validate(self) -> Iterator[BatchLogs]:
        """Evaluate each batch of the validation subset, in order and without augmentation."""
        size = self._settings.batch_size
        order = (self._val[start : start + size] for start in range(0, len(self._val), size))
        for chosen, images, targets in ahead(self._batches(order, None)):
            yield self._model.test_on_batch(images, targets, return_dict=True), len(chosen)

    def _validation_metrics(self) -> dict[str, float]:
        return {f"{VALIDATION}{name}": value for name, value in self._metrics(self._validate()).items()}

    def _watched_score(self, epoch: int, val_loss: float) -> dict[str, float]:
        """Return the score of whole validation images that the kind of task watches; NaN where it is not measured now.

        Empty where nothing stops early, or the loss decides when.
        """
        kind, settings, val = self._kind, self._settings, self._val
        if kind.watched is None or self._whole is None or settings.takes_all_epochs or settings.with_validation:
            return {}
        score, every = math.nan, max(1, min(_MOST_BETWEEN, settings.patience // _WITHIN_PATIENCE))
        if math.isfinite(val_loss) and (epoch % every == 0 or epoch == settings.epochs):
            found = predict(kind, self._whole(), self._dataset.images[val])
            score = kind.score(found, replace(self._dataset, indices={"val": val}), "val").summary()[kind.watched]
        return {f"{VALIDATION}{kind.watched}": score}

    def _metrics(self, batches: Iterable[BatchLogs]) -> dict[str, float]:
        """Return the metrics over all batches, since Keras forgets them at each: means count by a batch's size."""
        counts, images = self._kind.counts, 0
        sums: defaultdict[str, float] = defaultdict(float)
        for logs, size in batches:
            images += size
            for name, value in logs.items():
                sums[name] += float(value) * (1 if name in counts else size)
        return self._kind.metrics({name: total if name in counts else total / images for name, total in sums.items()})


def ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """Yield batches; while one is learned from, a thread prepares the next one."""
    with ThreadPoolExecutor(1) as thread:
        following = thread.submit(next, batches, None)
        while batch := following.result():
            following = thread.submit(next, batches, None)
            yield batch


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


def _best_epoch(epochs: Sequence[Mapping[str, float]], settings: TrainingSettings) -> int:
    """Return the epoch, from 1, whose weights the network has in the end; 0 for the initial ones.

    That is the one with the highest score that the kind of task watches, as soon as it was measured; else the one with
    the lowest loss. The losses of an epoch that broke the network are NaN: that of training is measured before the last
    step, that of validation after it.
    """
    loss = "loss" if settings.with_validation else "val_loss"
    sound = [at for at, epoch in enumerate(epochs) if math.isfinite(epoch["val_loss"] + epoch[loss])]
    if not sound:
        return 0
    if settings.takes_all_epochs:
        return 1 + sound[-1]
    scores = {at: score for at in sound for name, score in epochs[at].items() if name in _SCORES}
    if measured := [at for at, score in scores.items() if math.isfinite(score)]:
        return 1 + max(measured, key=lambda at: (scores[at], -at))
    return 1 + min(sound, key=lambda at: (epochs[at][loss], at))


def _is_over(epochs: Sequence[Mapping[str, float]], settings: TrainingSettings) -> bool:
    """Whether as many epochs as the patience were no better than the best one."""
    return not settings.takes_all_epochs and len(epochs) - _best_epoch(epochs, settings) >= settings.patience


def _known(logs: Mapping[str, float]) -> dict[str, float]:
    """Return the metrics that were measured: TensorBoard would draw NaN."""
    return {name: value for name, value in logs.items() if name not in _SCORES or math.isfinite(value)}


def _callbacks(
    model: keras.Model,
    settings: TrainingSettings,
    log_folder: Path | None,
    callbacks: list[keras.callbacks.Callback],
) -> keras.callbacks.CallbackList:
    if log_folder:
        callbacks.append(keras.callbacks.TensorBoard(log_folder, histogram_freq=epochs_between(settings.epochs)))
    return keras.callbacks.CallbackList(callbacks, model=model, epochs=settings.epochs)
