import dataclasses
import itertools
import math
import threading
from functools import partial
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from builders import CLASSIFIERS, finding_things
from toonvision.models.registry import build_network
from toonvision.tasks import detect
from toonvision.tasks.base import Dataset
from toonvision.tasks.classify import predict_probabilities, quick_form
from toonvision.tasks.registry import load_dataset
from toonvision.tasks.settings import TrainingSettings
from toonvision.taxonomy.labels import Task
from toonvision.training import checkpoint
from toonvision.training.loop import ahead, train_fresh


@pytest.mark.parametrize("network", CLASSIFIERS)
def test_a_published_network_is_what_comes_out_with_the_weights_of_its_best_epoch(small_workspace, network):
    data = load_dataset(small_workspace, Task("label", "label"), size_hw=(48, 48))
    val = data.indices["val"]
    settings = TrainingSettings(network=network, epochs=3, batch_size=4)
    model, history = train_fresh(data, train=data.indices["train"], val=val, settings=settings, seed=3)
    assert [type(layer) for layer in model.layers] == [
        type(layer) for layer in build_network(network, size_hw=(48, 48), classes=3).layers
    ]
    predicted = predict_probabilities(model, data.images[val])
    loss = -np.log(predicted[np.arange(len(val)), data.targets[val]]).mean()
    assert loss == pytest.approx(history.epochs[history.best_epoch - 1]["val_loss"], rel=1e-4)


def test_the_same_seed_trains_the_same_weights(small_workspace):
    data = load_dataset(small_workspace, Task("label", "label"), size_hw=(48, 48))
    settings = TrainingSettings(network="tuned", epochs=2, batch_size=4)
    subsets = {"train": data.indices["train"], "val": data.indices["val"]}
    first, second = (train_fresh(data, **subsets, settings=settings, seed=7)[0] for _ in range(2))
    for one, other in zip(first.trainable_variables, second.trainable_variables, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_quick_form_flips_in_the_loader_where_the_network_flips():
    assert quick_form(TrainingSettings(network="tuned")).augmentation.flip
    assert not quick_form(TrainingSettings(network="baseline")).augmentation.flip
    binary = TrainingSettings(network="binary")
    assert quick_form(binary) == binary


COSINE = TrainingSettings(
    network="4c3-p4-8c3-p4", epochs=4, batch_size=4, schedule="cosine", learning_rate=0.01, label_smoothing=0.1
)


def small_subsets(workspace):
    data = load_dataset(workspace, Task("label", "label"), size_hw=(48, 48))
    return data, {"train": data.indices["train"], "val": data.indices["val"]}


def test_with_a_cosine_all_epochs_are_run_and_the_last_ones_weights_are_saved(small_workspace):
    dataset, subsets = small_subsets(small_workspace)
    model, history = train_fresh(dataset, **subsets, settings=dataclasses.replace(COSINE, patience=1), seed=0)
    assert (len(history.epochs), history.best_epoch) == (4, 4)
    assert float(model.optimizer.learning_rate) < 1e-4


def test_averaged_weights_are_saved_and_evaluated(small_workspace):
    dataset, subsets = small_subsets(small_workspace)
    settings = dataclasses.replace(COSINE, averaging=0.9, label_smoothing=0.0)
    model, history = train_fresh(dataset, **subsets, settings=settings, seed=0)
    plain, _ = train_fresh(dataset, **subsets, settings=dataclasses.replace(settings, averaging=0.0), seed=0)
    val = subsets["val"]
    predicted = predict_probabilities(model, dataset.images[val])
    loss = -np.log(predicted[np.arange(len(val)), dataset.targets[val]]).mean()
    assert loss == pytest.approx(history.epochs[-1]["val_loss"], rel=1e-4)
    assert not np.allclose(model.trainable_variables[0], plain.trainable_variables[0])


@pytest.mark.parametrize("changes", [{}, {"with_validation": True}, {"schedule": "cosine"}])
def test_a_training_whose_last_step_breaks_it_keeps_the_weights_of_the_epoch_before(monkeypatch, changes):
    targets = np.arange(24) % 3
    pictures = np.random.default_rng(0).integers(0, 90, (24, 32, 32, 3), dtype=np.uint8)
    pictures[np.arange(24), :, :, targets] += 100
    dataset = Dataset(Task("colour", "colour"), pictures, targets, (), ("red", "green", "blue"))
    train, val = np.arange(16), np.arange(16, 24)
    settings = TrainingSettings(network="4c3-p4-8c3-p4", epochs=6, batch_size=8, learning_rate=0.01)
    settings = dataclasses.replace(settings, **changes)
    last = 3 * (3 if settings.with_validation else 2)  # of the third epoch
    real_step, steps = keras.Model.train_on_batch, itertools.count(1)

    def step(model, *given, **options):
        answer = real_step(model, *given, **options)
        if next(steps) == last:
            model.set_weights([np.full_like(weights, np.nan) for weights in model.get_weights()])
        return answer

    monkeypatch.setattr(keras.Model, "train_on_batch", step)
    model, history = train_fresh(dataset, train=train, val=val, settings=settings, seed=1)
    assert (history.diverged, len(history.epochs)) == (True, 3)
    assert history.best_epoch in {1, 2}
    predicted = predict_probabilities(model, pictures[val])
    loss = -np.log(predicted[np.arange(8), targets[val]]).mean()
    assert loss == pytest.approx(history.epochs[history.best_epoch - 1]["val_loss"], rel=1e-4)


COMPACT = TrainingSettings(network="compact", epochs=4, batch_size=4, schedule="cosine", averaging=0.9)


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("settings", [COMPACT, dataclasses.replace(COSINE, schedule="constant", patience=2)])
def test_an_interrupted_training_goes_on_and_ends_with_the_same_weights(
    small_workspace, tmp_path, monkeypatch, settings
):
    monkeypatch.setattr(checkpoint, "_EVERY_S", 0)
    dataset, subsets = small_subsets(small_workspace)
    train = partial(train_fresh, dataset, **subsets, settings=settings, seed=5)
    file, seen = tmp_path / "state.npz", []

    def interrupt(epoch, logs):
        seen.append(epoch)
        if epoch == 3 and len(seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(checkpoint=file, watcher=interrupt)
    model, history = train(checkpoint=file, watcher=interrupt)
    wanted, uninterrupted = train()
    assert seen[:4] == [1, 2, 3, 3]
    assert history.epochs == uninterrupted.epochs
    for one, other in zip(model.get_weights(), wanted.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not file.exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive", None])
def test_a_state_that_is_damaged_or_of_another_network_is_as_good_as_none(
    small_workspace, tmp_path, monkeypatch, content
):
    monkeypatch.setattr(checkpoint, "_EVERY_S", 0)
    dataset, subsets = small_subsets(small_workspace)
    file, seen = tmp_path / "state.npz", []

    def interrupt(epoch, logs):
        if epoch == 2:
            raise KeyboardInterrupt

    if content is None:
        with pytest.raises(KeyboardInterrupt):
            train_fresh(dataset, **subsets, settings=COMPACT, seed=0, checkpoint=file, watcher=interrupt)
    else:
        file.write_bytes(content)
    train_fresh(
        dataset, **subsets, settings=COSINE, seed=0, checkpoint=file, watcher=lambda epoch, _: seen.append(epoch)
    )
    assert seen == [1, 2, 3, 4]


def test_a_long_training_writes_its_histograms_ten_times(small_workspace, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    data = load_dataset(small_workspace, small_workspace.taxonomy.task("label"), size_hw=(24, 12))
    subsets = {"train": data.indices["train"], "val": data.indices["val"]}
    settings = TrainingSettings(network="compact", epochs=20, batch_size=32, schedule="cosine")
    train_fresh(data, **subsets, settings=settings, seed=0, log_folder=tmp_path)
    events = EventAccumulator(str(tmp_path / "train"), {"tensors": 0}).Reload()
    written = [tag for tag in events.Tags()["tensors"] if tag.endswith("histogram")]
    assert {len(events.Tensors(tag)) for tag in written} == {10}
    assert len(events.Tensors("epoch_loss")) == 20


def test_the_next_batch_is_prepared_while_one_is_learned_from():
    prepared = [threading.Event() for _ in range(3)]

    def batches():
        for at, event in enumerate(prepared):
            event.set()
            yield (np.array([at]), None, None)

    for at, (chosen, _, _) in enumerate(ahead(batches())):
        assert chosen.tolist() == [at]
        assert prepared[min(at + 1, 2)].wait(5)


def test_a_batch_that_cannot_be_prepared_ends_the_training_with_its_reason():
    def batches():
        yield (np.array([0]), None, None)
        raise OSError("the cache is gone")

    found = ahead(batches())
    next(found)
    with pytest.raises(OSError, match="the cache is gone"):
        next(found)


@pytest.mark.usefixtures("eager", "small_bodies")
def test_tensorboard_shows_pictures_of_what_a_detector_finds_as_it_learns(small_workspace, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    workspace = finding_things(small_workspace, tmp_path / "workspace", level="kind")
    data = load_dataset(workspace, workspace.taxonomy.task("things"), size_hw=(64, 64))
    settings = TrainingSettings(network="detector", epochs=2, batch_size=4)
    subsets = {"train": data.indices["train"], "val": data.indices["val"]}
    train_fresh(data, **subsets, settings=settings, seed=0, log_folder=tmp_path / "logs")
    events = EventAccumulator(str(tmp_path / "logs" / "pictures"), {"images": 0}).Reload()
    assert events.Tags()["images"][0] == "validation image 1"
    shown = events.Images("validation image 1")
    assert [(one.step, one.width, one.height) for one in shown] == [(0, 64, 64), (1, 64, 64)]


def detector_data(small_workspace, tmp_path):
    workspace = finding_things(small_workspace, tmp_path / "boxes", level="kind")
    data = load_dataset(workspace, workspace.taxonomy.task("things"), size_hw=(64, 64))
    return data, {"train": data.indices["train"], "val": data.indices["val"]}


DETECTOR = TrainingSettings(network="detector", epochs=30, batch_size=4, learning_rate=0.003, patience=4)


def with_precisions(monkeypatch, values):
    """Let the AP50 of whole validation screenshots be these, one after the other; return how often it was asked for."""
    asked = []

    def score(predictions, dataset, subset, **_):
        assert (subset, predictions.images) == ("val", len(dataset.indices["val"]))
        asked.append(values[len(asked)])
        return SimpleNamespace(summary=lambda: {"ap": 0.0, "ap50": asked[-1]})

    monkeypatch.setattr(detect, "score", score)
    return asked


@pytest.mark.usefixtures("eager", "small_bodies")
def test_a_detector_stops_by_the_precision_of_whole_screenshots_and_keeps_its_best_epoch(
    small_workspace, tmp_path, monkeypatch
):
    dataset, subsets = detector_data(small_workspace, tmp_path)
    with_precisions(monkeypatch, [0.1, 0.3, 0.2, 0.3, 0.1, 0.1])
    model, history = train_fresh(dataset, **subsets, settings=DETECTOR, seed=0)
    assert (len(history.epochs), history.best_epoch) == (6, 2)
    assert [epoch["val_ap50"] for epoch in history.epochs] == [0.1, 0.3, 0.2, 0.3, 0.1, 0.1]
    with_precisions(monkeypatch, [0.1, 0.3])
    short, _ = train_fresh(dataset, **subsets, settings=dataclasses.replace(DETECTOR, epochs=2), seed=0)
    for one, other in zip(model.get_weights(), short.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.usefixtures("eager", "small_bodies")
def test_the_precision_is_measured_now_and_then_and_after_the_last_epoch(small_workspace, tmp_path, monkeypatch):
    dataset, subsets = detector_data(small_workspace, tmp_path)
    asked = with_precisions(monkeypatch, [0.1, 0.2, 0.3])
    settings = dataclasses.replace(DETECTOR, epochs=7, patience=12)
    seen = []
    train_fresh(
        dataset, **subsets, settings=settings, seed=0, log_folder=tmp_path / "logs",
        watcher=lambda epoch, logs: seen.append((epoch, logs["val_ap50"])),
    )  # fmt: skip
    assert len(asked) == 3
    assert [epoch for epoch, value in seen if not math.isnan(value)] == [3, 6, 7]


@pytest.mark.usefixtures("eager", "small_bodies")
def test_a_schedule_that_takes_all_epochs_measures_no_precision(small_workspace, tmp_path, monkeypatch):
    dataset, subsets = detector_data(small_workspace, tmp_path)
    asked = with_precisions(monkeypatch, [])
    settings = dataclasses.replace(DETECTOR, epochs=2, schedule="cosine")
    _, history = train_fresh(dataset, **subsets, settings=settings, seed=0)
    assert (asked, history.best_epoch, "val_ap50" in history.epochs[0]) == ([], 2, False)


@pytest.mark.usefixtures("eager", "small_bodies")
def test_without_an_object_to_validate_on_the_loss_decides(small_workspace, tmp_path, monkeypatch):
    dataset, subsets = detector_data(small_workspace, tmp_path)
    with_precisions(monkeypatch, [math.nan] * 3)
    _, history = train_fresh(dataset, **subsets, settings=dataclasses.replace(DETECTOR, epochs=3), seed=0)
    losses = [epoch["val_loss"] for epoch in history.epochs]
    assert history.best_epoch == 1 + losses.index(min(losses))


def test_a_training_stops_once_the_patience_is_used_up_as_keras_counts_it(small_workspace):
    dataset, subsets = small_subsets(small_workspace)
    settings = dataclasses.replace(COSINE, schedule="constant", epochs=40, patience=2, learning_rate=0.05)
    _, history = train_fresh(dataset, **subsets, settings=settings, seed=0)
    losses = [epoch["val_loss"] for epoch in history.epochs]
    counted = keras.callbacks.EarlyStopping(monitor="val_loss", mode="min", patience=2)
    counted.set_model(SimpleNamespace(stop_training=False))
    counted.on_train_begin()
    for epoch, loss in enumerate(losses):
        assert not counted.model.stop_training
        counted.on_epoch_end(epoch, {"val_loss": loss})
    assert counted.model.stop_training == (len(losses) < 40)
    assert len(losses) < 40
