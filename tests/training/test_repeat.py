import dataclasses
import hashlib
import json

import numpy as np
import pytest

from builders import contents, copied
from toonvision.core.errors import InputRejectedError, UsageError
from toonvision.models.saving import load_model, read_card
from toonvision.tasks import classify
from toonvision.tasks.settings import Augmentation, TrainingSettings
from toonvision.training.history import read_history
from toonvision.training.record import best_repeat, find_run, read_record, repeat_folder, run_records
from toonvision.training.repeat import load_run_data, train_run

pytestmark = pytest.mark.usefixtures("eager")

QUICK = TrainingSettings(epochs=2, batch_size=4, learning_rate=1e-2)


def train(workspace, settings=QUICK, **options):
    options.setdefault("seeds", [0])
    return train_run(workspace, workspace.taxonomy.task(options.pop("task", "label")), settings, **options)


def weights_digest(folder):
    return hashlib.sha256(b"".join(weight.tobytes() for weight in load_model(folder).get_weights())).hexdigest()


@pytest.fixture(scope="module")
def trained(small_workspace, tmp_path_factory):
    workspace = copied(small_workspace, tmp_path_factory.mktemp("trained") / "workspace")
    return workspace, train(workspace, seeds=[5, 6], name="twice")


def test_a_run_leaves_a_model_a_history_and_a_log_for_every_seed(trained):
    workspace, run = trained
    assert run == workspace.runs / "label" / "twice"
    for seed in (5, 6):
        folder = repeat_folder(run, seed)
        assert read_card(folder).seed == seed
        assert len(read_history(folder / "history.csv")) == 2
        assert list((run / "tensorboard" / f"seed-{seed}" / "train").glob("events.*"))
        assert list((run / "tensorboard" / f"seed-{seed}" / "validation").glob("events.*"))


def test_the_record_holds_all_that_is_needed_to_train_again(trained):
    workspace, run = trained
    record = read_record(run)
    assert record.status == "done"
    assert record.title == "label/twice"
    assert record.classes == ("apple", "pear", "stone")
    assert record.settings == QUICK
    assert [repeat.seed for repeat in record.repeats] == [5, 6]
    assert sum(record.samples.values()) == 24
    assert record.taxonomy == ("small", workspace.taxonomy.digest)
    assert record.versions["keras"]
    assert record.device.startswith("tensorflow on cpu")


def test_the_runs_model_is_that_of_the_lowest_validation_loss(trained):
    _, run = trained
    record = read_record(run)
    losses = {repeat.seed: repeat.val_loss for repeat in record.repeats}
    assert record.best_seed == min(losses, key=losses.get)
    assert weights_digest(run) == weights_digest(repeat_folder(run, record.best_seed))
    assert losses[record.best_seed] == pytest.approx(
        min(epoch["val_loss"] for epoch in read_history(run / "history.csv")), rel=1e-5
    )


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(trained):
    workspace, run = trained
    again = train(workspace, seeds=[5], name="again")
    assert weights_digest(again) == weights_digest(repeat_folder(run, 5))
    assert weights_digest(again) != weights_digest(repeat_folder(run, 6))


def test_a_finished_run_is_found_by_name_and_by_path(trained):
    workspace, run = trained
    assert find_run(workspace.runs, "label/twice") == run
    assert find_run(workspace.runs, str(run)) == run
    assert run / "run.json" in run_records(workspace.runs)
    with pytest.raises(UsageError, match=r"no run is called 'label/none'\. There are: .*label/twice"):
        find_run(workspace.runs, "label/none")


def test_a_run_is_never_overwritten_unasked(own_workspace):
    first = train(own_workspace)
    assert first.name == "baseline-1"
    assert train(own_workspace).name == "baseline-2"
    before = (first / "run.json").read_bytes()
    with pytest.raises(UsageError, match="there is a run called label/baseline-1 already"):
        train(own_workspace, name="baseline-1")
    assert (first / "run.json").read_bytes() == before
    assert train(own_workspace, name="baseline-1", force=True) == first


@pytest.mark.parametrize("name", ["../escape", "", ".hidden", "a/b", "ü"])
def test_a_name_that_is_no_plain_folder_is_refused(own_workspace, name):
    with pytest.raises(UsageError, match="the name of a run is made of"):
        train(own_workspace, name=name)


def test_two_classes_are_trained_with_one_sigmoid(own_workspace):
    run = train(own_workspace, task="kind")
    assert load_model(run).output_shape == (None, 1)
    assert read_card(run).classes == ("fruit", "mineral")


def test_augmentation_and_class_weights_change_what_is_learned_by_the_seed_alone(own_workspace):
    richer = dataclasses.replace(
        QUICK, class_weights=True, augmentation=Augmentation(flip=True, rotation_degrees=10, zoom=0.1, color=0.2)
    )
    plain, first, second = (train(own_workspace, settings) for settings in (QUICK, richer, richer))
    assert weights_digest(first) == weights_digest(second)
    assert weights_digest(first) != weights_digest(plain)


def test_training_stops_early_and_keeps_the_best_epoch(own_workspace):
    run = train(own_workspace, TrainingSettings(epochs=60, batch_size=4, patience=2, learning_rate=0.3))
    (repeat,) = read_record(run).repeats
    losses = [epoch["val_loss"] for epoch in read_history(run / "history.csv")]
    assert repeat.best_epoch == int(np.argmin(losses)) + 1
    assert repeat.epochs == len(losses) < 60
    assert repeat.epochs == repeat.best_epoch + 2


def test_a_diverged_training_is_said_to_be_one_and_leaves_no_finished_run(own_workspace):
    with pytest.raises(InputRejectedError, match="became NaN; nothing was saved. Try half the learning rate: --"):
        train(own_workspace, TrainingSettings(epochs=3, batch_size=4, learning_rate=1e30))
    assert [path.name for path in (own_workspace.runs / "label").iterdir()] == []


def test_a_failed_training_by_force_leaves_the_earlier_run_as_it_was(own_workspace):
    run = train(own_workspace, name="mine")
    before = contents(run)
    with pytest.raises(InputRejectedError):
        train(own_workspace, TrainingSettings(epochs=2, learning_rate=1e30), name="mine", force=True)
    assert contents(run) == before


def test_what_a_killed_training_left_is_removed_by_the_next_one_and_never_a_live_one(own_workspace):
    from filelock import FileLock

    folder = own_workspace.runs / "label"
    for name in ("dead", "live"):
        (folder / f".unfinished-{name}").mkdir(parents=True)
    with FileLock(folder / ".unfinished-live" / ".lock"):
        train(own_workspace)
        assert sorted(path.name for path in folder.iterdir()) == [".unfinished-live", "baseline-1"]


@pytest.mark.parametrize("seeds", [[], [1, 1], [-1], [2**32]])
def test_seeds_that_cannot_be_are_refused(own_workspace, seeds):
    with pytest.raises(UsageError, match="seeds are different whole numbers from 0 to 4294967295"):
        train(own_workspace, seeds=seeds)


def test_the_saved_weights_are_those_of_the_best_epoch(own_workspace):
    run = train(own_workspace, TrainingSettings(epochs=12, batch_size=4, patience=3, learning_rate=0.1))
    record = read_record(run)
    data = load_run_data(own_workspace, record)
    model = load_model(run)
    classify.set_loss(model, "adam", settings=record.settings, dataset=data)
    images, targets = classify.batch(data, data.indices["val"], augmentation=Augmentation(), rng=None)
    loss = model.evaluate(images, targets, verbose=0, return_dict=True)["loss"]
    assert loss == pytest.approx(record.repeats[0].val_loss, rel=1e-4)
    assert record.repeats[0].best_epoch < record.repeats[0].epochs


def test_a_training_that_predicts_one_class_for_every_image_has_failed_and_says_so(own_workspace):
    record = read_record(train(own_workspace, dataclasses.replace(QUICK, learning_rate=1e-3), seeds=[6], name="idle"))
    assert [(repeat.collapsed, repeat.diverged) for repeat in record.repeats] == [(True, False)]
    assert record.status == "failed"


def test_a_diverged_repeat_is_never_the_best_one(trained):
    repeats = read_record(trained[1]).repeats
    broken = dataclasses.replace(repeats[0], diverged=True, val_loss=None)
    assert best_repeat((broken, repeats[1])) == repeats[1]


def test_a_repeat_that_predicts_one_class_is_never_the_best_one(trained):
    repeats = read_record(trained[1]).repeats
    idle = dataclasses.replace(repeats[0], collapsed=True, val_loss=0.0)
    assert best_repeat((idle, repeats[1])) == repeats[1]


def test_a_split_that_does_not_exist_is_refused_with_those_that_do(own_workspace):
    with pytest.raises(UsageError, match=r"no split is called 'mine'\. There are: default\."):
        train(own_workspace, split_name="mine")


def test_tensorboard_finds_scalars_the_graph_and_histograms(trained):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.graph.keras_util import keras_model_to_graph_def
    from tensorboard.util.tensor_util import make_ndarray

    _, run = trained
    events = {
        part: EventAccumulator(str(run / "tensorboard" / "seed-5" / part), {"tensors": 0}).Reload()
        for part in ("train", "validation")
    }
    train, validation = (set(events[part].Tags()["tensors"]) for part in ("train", "validation"))
    assert {"epoch_loss", "epoch_accuracy", "epoch_precision", "epoch_recall"} <= train & validation
    assert any("kernel/histogram" in tag for tag in train)
    (graph,) = events["train"].Tensors("keras")
    nodes = keras_model_to_graph_def(json.loads(make_ndarray(graph.tensor_proto).item())).node
    assert [nodes[0].name, nodes[1].name, nodes[-1].name] == [
        "layout/input_layer",
        "layout/rescaling",
        "layout/dense",
    ]


def test_with_the_validation_subset_the_training_loss_decides(small_workspace, tmp_path):
    workspace = copied(small_workspace, tmp_path / "workspace")
    run = train(workspace, dataclasses.replace(QUICK, epochs=3, with_validation=True))
    losses = [epoch["loss"] for epoch in read_history(run / "history.csv")]
    assert read_record(run).repeats[0].best_epoch == losses.index(min(losses)) + 1
    assert read_record(run).settings.with_validation


def test_with_the_validation_subset_more_images_are_learned_from(small_workspace, tmp_path):
    workspace = copied(small_workspace, tmp_path / "workspace")
    one = dataclasses.replace(QUICK, epochs=1)
    runs = [train(workspace, dataclasses.replace(one, with_validation=both)) for both in (False, True)]
    assert weights_digest(runs[0]) != weights_digest(runs[1])
