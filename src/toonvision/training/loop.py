"""One training: from a network with fresh weights to its best epoch.

The loop is our own, over `train_on_batch`: measured on CPUs it trains the published networks 2.3 times as fast as `fit`
on float32 arrays (benchmarks/training_loop.py), pictures stay uint8 until they are inside the network, and augmentation
has its own seed. What is around the loop (early stopping, TensorBoard) are Keras' own callbacks.
"""

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt

from toonvision.core.errors import UsageError
from toonvision.core.seeds import generator
from toonvision.data.arrays import Pictures, Samples, batch_order
from toonvision.models.compact import with_levels
from toonvision.models.registry import NETWORKS, branches_of, build_network
from toonvision.tasks.augmentation import augment
from toonvision.tasks.settings import TrainingSettings
from toonvision.training.history import History

Targets = npt.NDArray[np.float32]
EpochWatcher = Callable[[int, Mapping[str, float]], None]
"""Called after each epoch with its number from 1 and its metrics."""


def train_fresh(
    samples: Samples,
    *,
    train: npt.NDArray[np.int64],
    val: npt.NDArray[np.int64],
    settings: TrainingSettings,
    seed: int,
    log_folder: Path | None = None,
    watcher: EpochWatcher = lambda _epoch, _logs: None,
) -> tuple[keras.Model, History]:
    """Build a network with fresh weights and train it.

    A published network is trained in the form of the layout that computes the same from the same weights, with its flip
    in the loader: what comes out is the published network with the trained weights, 1.2 times as fast or more. With
    branches, `compact` is trained in the form that learns several levels.

    Args:
        samples: Pictures and targets.
        train: Places of the samples to learn from.
        val: Places of the samples that decide when to stop, or are learned from too.
        settings: What to train, and how.
        seed: Decides the weights, the order of batches and the augmentation.
        log_folder: Where TensorBoard's files go (scalars, graph, histograms); none are written without it.
        watcher: Told of every epoch.

    Raises:
        UsageError: If there is no such network, the input is too small for it, or it has branches for another number
            of coarser levels than the samples have.
    """
    # A fresh start: nothing of the last training stays in memory, and layers are named as in the first.
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    quick = quick_form(settings)
    trained, finished = _two_forms(settings.network, quick.network, samples)
    history = fit(
        trained,
        samples,
        train=train,
        val=val,
        settings=quick,
        seed=seed,
        log_folder=log_folder,
        watcher=watcher,
    )
    return finished(), history


def _two_forms(network: str, quick: str, samples: Samples) -> tuple[keras.Model, Callable[[], keras.Model]]:
    """Give a network in the form that is trained, and what gives the form that is kept, which computes the same."""
    size_hw, classes = (samples.pictures.shape[1], samples.pictures.shape[2]), len(samples.classes)
    branches = branches_of(network)
    if branches and branches != len(samples.groups):
        raise UsageError(
            f"{network} learns {branches} coarser levels too, and these classes have {len(samples.groups)}. Give "
            "--levels instead of --model, or train compact."
        )
    if branches and classes > 2:
        return with_levels(size_hw, classes, samples.groups)
    trained = build_network(quick, size_hw=size_hw, classes=classes)

    def finished() -> keras.Model:
        if quick == network:
            return trained
        model = build_network(network, size_hw=size_hw, classes=classes)
        for variable, weights in zip(model.trainable_variables, trained.trainable_variables, strict=True):
            variable.assign(weights)
        return model

    return trained, finished


def quick_form(settings: TrainingSettings) -> TrainingSettings:
    """Give settings that train the same function more quickly, where there are such; else these."""
    network = NETWORKS.get(settings.network)
    if network is None or network.layout is None:
        return settings
    changes = replace(settings.augmentation, flip=settings.augmentation.flip or network.flips)
    return replace(settings, network=network.layout, augmentation=changes)


def fit(
    model: keras.Model,
    samples: Samples,
    *,
    train: npt.NDArray[np.int64],
    val: npt.NDArray[np.int64],
    settings: TrainingSettings,
    seed: int,
    log_folder: Path | None = None,
    watcher: EpochWatcher = lambda _epoch, _logs: None,
) -> History:
    """Train a network in place and leave it with the weights of its best epoch.

    Args:
        model: A network with fresh weights.
        samples: Pictures and targets.
        train: Places of the samples to learn from.
        val: Places of the samples that decide when to stop, or are learned from too.
        settings: How to train.
        seed: Decides the order of batches and the augmentation.
        log_folder: Where TensorBoard's files go (scalars, graph, histograms); none are written without it.
        watcher: Told of every epoch.
    """
    started = time.monotonic()
    classes = len(samples.classes)
    taught = np.concatenate([train, val]) if settings.with_validation else train
    compile_network(
        model,
        classes=classes,
        learning_rate=_learning_rate(settings, pictures=len(taught)),
        label_smoothing=settings.label_smoothing,
        averaging=settings.averaging,
    )
    targets = encode_targets(samples.targets, classes)
    weights = _sample_weights(samples.targets, train, classes) if settings.class_weights else None
    callbacks = _callbacks(model, settings, log_folder)
    order_rng, change_rng = generator(seed, "order"), generator(seed, "augment")
    kept = model.get_weights()
    epochs: list[Mapping[str, float]] = []
    diverged = False
    callbacks.on_train_begin()
    for epoch in range(settings.epochs):
        callbacks.on_epoch_begin(epoch)
        totals = _Totals()
        for step, batch in enumerate(batch_order(taught, batch_size=settings.batch_size, rng=order_rng)):
            callbacks.on_train_batch_begin(step)
            pictures = samples.pictures[batch]
            if settings.augmentation.active:
                pictures = augment(pictures, settings.augmentation, change_rng)
            weight = None if weights is None else weights[batch]
            totals.add(
                model.train_on_batch(pictures, targets[batch], sample_weight=weight, return_dict=True), len(batch)
            )
            callbacks.on_train_batch_end(step)
        judged = _validate(model, samples.pictures, targets, val, settings.batch_size)
        logs = {**totals.measures(), **{f"val_{name}": value for name, value in judged.items()}}
        epochs.append(logs)
        if _best_epoch(epochs, settings) == len(epochs):
            kept = model.get_weights()
        callbacks.on_epoch_end(epoch, logs)
        watcher(epoch + 1, logs)
        diverged = not math.isfinite(logs["loss"]) or not math.isfinite(logs["val_loss"])
        if diverged or model.stop_training:
            break
    callbacks.on_train_end()
    if settings.averaging and not diverged:
        model.optimizer.finalize_variable_values(model.trainable_variables)
        judged = _validate(model, samples.pictures, targets, val, settings.batch_size)
        epochs[-1] = {**epochs[-1], **{f"val_{name}": value for name, value in judged.items()}}
    if diverged or not settings.takes_all_epochs:
        model.set_weights(kept)
    return History(tuple(epochs), _best_epoch(epochs, settings), diverged, time.monotonic() - started)


def gives_one_answer(model: keras.Model, parts: Iterable[Pictures], *, batch_size: int) -> bool:
    """Tell whether a network has collapsed: one class is the most probable one of every picture.

    Args:
        model: The network.
        parts: Pictures, shape ``(samples, height, width, 3)``, 0 to 255; looked at only until two answers differ.
        batch_size: How many pictures are looked at together.
    """
    answers: set[int] = set()
    for pictures in parts:
        for start in range(0, len(pictures), batch_size):
            rows = np.asarray(model.predict_on_batch(pictures[start : start + batch_size]))
            answers.update((rows.argmax(axis=1) if rows.shape[1] > 1 else rows[:, 0] > 0.5).tolist())
            if len(answers) > 1:
                return False
    return True


def compile_network(
    model: keras.Model,
    *,
    classes: int,
    learning_rate: float | keras.optimizers.schedules.LearningRateSchedule,
    label_smoothing: float = 0.0,
    averaging: float = 0.0,
) -> None:
    """Give a network the published loss and optimiser, and counts from which the published metrics follow."""
    two = classes == 2
    loss = keras.losses.BinaryCrossentropy if two else keras.losses.CategoricalCrossentropy
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate, use_ema=bool(averaging), ema_momentum=averaging or 0.99),
        loss=loss(label_smoothing=label_smoothing),
        metrics=[
            (keras.metrics.BinaryAccuracy if two else keras.metrics.CategoricalAccuracy)(name="accuracy"),
            keras.metrics.TruePositives(name="hits"),
            keras.metrics.FalsePositives(name="false_alarms"),
            keras.metrics.FalseNegatives(name="misses"),
        ],
    )


def encode_targets(targets: npt.NDArray[np.int64], classes: int) -> Targets:
    """Turn class places into what the loss compares with: ``(samples, 1)`` for two classes, else one-hot."""
    if classes == 2:
        return targets[:, None].astype(np.float32)
    return np.eye(classes, dtype=np.float32)[targets]


class _Totals:
    """Adds up what batches report, since Keras forgets its metrics at each `train_on_batch`."""

    def __init__(self) -> None:
        self._samples = 0
        self._sums: defaultdict[str, float] = defaultdict(float)

    def add(self, logs: Mapping[str, float], samples: int) -> None:
        """Add a batch: means count by its size, counts as they are."""
        self._samples += samples
        for name, value in logs.items():
            self._sums[name] += float(value) * (samples if name in {"loss", "accuracy"} else 1)

    def measures(self) -> dict[str, float]:
        """Give loss, accuracy, precision and recall over all batches; the last two at a threshold of one half."""
        sums, hits = self._sums, self._sums["hits"]
        return {
            "loss": sums["loss"] / self._samples,
            "accuracy": sums["accuracy"] / self._samples,
            "precision": hits / max(1.0, hits + sums["false_alarms"]),
            "recall": hits / max(1.0, hits + sums["misses"]),
        }


def _validate(
    model: keras.Model, pictures: Pictures, targets: Targets, places: npt.NDArray[np.int64], batch_size: int
) -> dict[str, float]:
    totals = _Totals()
    for start in range(0, len(places), batch_size):
        batch = places[start : start + batch_size]
        totals.add(model.test_on_batch(pictures[batch], targets[batch], return_dict=True), len(batch))
    return totals.measures()


def _sample_weights(
    targets: npt.NDArray[np.int64], train: npt.NDArray[np.int64], classes: int
) -> npt.NDArray[np.float32]:
    """Weigh each sample by the inverse frequency of its class in the training part; the mean weight there is 1."""
    counts = np.bincount(targets[train], minlength=classes)
    by_class = len(train) / (np.count_nonzero(counts) * np.maximum(counts, 1))
    return by_class[targets].astype(np.float32)


def _learning_rate(
    settings: TrainingSettings, *, pictures: int
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    if settings.schedule == "constant":
        return settings.learning_rate
    steps = settings.epochs * math.ceil(pictures / settings.batch_size)
    rising = max(1, steps // 10)
    return keras.optimizers.schedules.CosineDecay(
        settings.learning_rate / 25, max(1, steps - rising), warmup_target=settings.learning_rate, warmup_steps=rising
    )


def _watched(settings: TrainingSettings) -> str:
    """Name the measure that decides which epoch is the best one."""
    return "loss" if settings.with_validation else "val_loss"


def _best_epoch(epochs: Sequence[Mapping[str, float]], settings: TrainingSettings) -> int:
    """Tell which epoch's weights the network has in the end, from 1; 0 for those that it began with.

    The losses of an epoch that is not sound are no numbers: that of training is measured before the last step, that of
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
