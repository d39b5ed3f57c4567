"""What every kind of task promises: one suite for all, and a made-up kind that shares nothing with classes."""

import json
import pickle

import numpy as np
import pytest

from builders import SETTINGS_TEXT, naming_pixels
from contracts import spotting
from toonvision.core.errors import InputRejectedError, UsageError
from toonvision.core.panels import FigurePanel
from toonvision.data.subsets import SUBSETS
from toonvision.data.workspace import open_workspace
from toonvision.evaluation.breakdown import break_down
from toonvision.evaluation.evaluate import evaluate_run, metrics_of, write_results
from toonvision.figures.panels import write_panel
from toonvision.metrics.predictions import Predictions
from toonvision.models.backend import start_keras
from toonvision.models.registry import NETWORKS
from toonvision.models.saving import load_model, read_card
from toonvision.tasks.networks import network_outputs, predict
from toonvision.tasks.registry import TASK_KINDS, kind_of, load_dataset
from toonvision.tasks.settings import Augmentation, TrainingSettings
from toonvision.taxonomy.labels import KINDS, Task
from toonvision.training.history import read_history
from toonvision.training.loop import train_fresh
from toonvision.training.record import read_record, repeat_folder
from toonvision.training.repeat import load_run_data, train_run

pytestmark = pytest.mark.usefixtures("eager")
CASES = {
    "classify": ("label", "4c3-p4-8c3-p2"),
    "spot": ("spots", "spotter"),
    "detect": ("things", "detector"),
    "segment": ("pixels", "segmenter"),
}
SIZES = {"classify": (32, 32), "spot": (32, 32), "detect": (64, 64), "segment": (64, 64)}
SETTINGS = {
    kind: TrainingSettings(
        network=network, epochs=1, batch_size=4, learning_rate=0.01, augmentation=Augmentation(flip=True, color=0.2)
    )
    for kind, (_, network) in CASES.items()
}
OUTPUTS = {
    "classify": ["probabilities"], "spot": ["box", "sure"], "detect": ["centers", "sides"], "segment": ["pixels"]
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def made_up_kind():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(TASK_KINDS, spotting.name, spotting)
        patch.setitem(NETWORKS, spotting.NETWORK.name, spotting.NETWORK)
        KINDS.append(spotting.name)
        yield
        KINDS.remove(spotting.name)


@pytest.fixture(scope="module")
def workspace(small_workspace, made_up_kind, tmp_path_factory):
    root = naming_pixels(small_workspace, tmp_path_factory.mktemp("kinds") / "workspace").root
    declared = (
        '[taxonomy.tasks]\nspots = { level = "label", kind = "spot" }\nthings = { level = "label", kind = "detect" }\n'
    )
    settings = root / "toonvision.toml"
    settings.write_text(settings.read_text().replace("[taxonomy.tasks]\n", declared))
    return open_workspace(root)


@pytest.fixture(scope="module", params=CASES)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def task(workspace, name):
    return workspace.taxonomy.task(CASES[name][0])


@pytest.fixture(scope="module")
def dataset(workspace, task, name):
    return load_dataset(workspace, task, size_hw=SIZES[name])


@pytest.fixture(scope="module")
def run(workspace, task, name):
    return train_run(workspace, task, SETTINGS[name], seeds=[3, 4], size_hw=SIZES[name])


@pytest.fixture(scope="module")
def trained_again(workspace, run):
    """The best network of the run, from a training of its own with the same seed."""
    record = read_record(run)
    data = load_run_data(workspace, record)
    subsets = {"train": data.indices["train"], "val": data.indices["val"]}
    return train_fresh(data, **subsets, settings=record.settings, seed=record.best_seed)[0]


@pytest.fixture(scope="module")
def evaluation(workspace, run):
    return evaluate_run(workspace, run)


def test_a_task_has_the_kind_that_the_settings_name(task, name):
    assert task.kind == kind_of(task).name == name


def test_a_dataset_has_a_target_for_each_image_and_each_image_is_in_one_subset(dataset, name):
    assert (dataset.images.dtype, dataset.images.shape[1:]) == (np.uint8, (*SIZES[name], 3))
    assert len(dataset.images) == len(dataset.targets) == len(dataset.items) > 0
    listed = np.concatenate([dataset.indices[subset] for subset in SUBSETS])
    assert sorted(listed) == list(range(len(dataset.images)))


def test_a_dataset_is_the_same_each_time_and_in_another_process(workspace, task, dataset, name):
    for other in (load_dataset(workspace, task, size_hw=SIZES[name]), pickle.loads(pickle.dumps(dataset))):
        assert (other.digest, other.classes, other.items) == (dataset.digest, dataset.classes, dataset.items)
        np.testing.assert_array_equal(other.images, dataset.images)
        np.testing.assert_array_equal(other.targets, dataset.targets)
    assert len(pickle.dumps(dataset)) < dataset.images.nbytes


def test_without_a_split_a_dataset_has_all_items_and_no_subsets(workspace, task, dataset, name):
    whole = load_dataset(workspace, task, size_hw=SIZES[name], split=None)
    assert set(dataset.items) <= set(whole.items)
    assert (dict(whole.indices), whole.digest, whole.split) == ({}, "", None)


def test_augmentation_changes_the_images_of_a_batch_and_never_those_of_the_dataset(dataset, name):
    indices = dataset.indices["train"][:6]
    before = np.array(dataset.images[indices])
    kind, changes = TASK_KINDS[name], SETTINGS[name].augmentation
    plain, _ = kind.batch(dataset, indices, augmentation=changes, rng=None)
    changed, _ = kind.batch(dataset, indices, augmentation=changes, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(plain, before)
    assert (changed.shape, changed.dtype) == (plain.shape, np.uint8)
    assert (changed != plain).any()
    np.testing.assert_array_equal(dataset.images[indices], before)


def test_the_network_that_is_kept_computes_what_the_trained_one_does(dataset, name):
    start_keras()
    learner = TASK_KINDS[name].learner(SETTINGS[name], dataset)
    images = dataset.images[:5]
    for kept, trained in zip(
        network_outputs(learner.finish(), images), network_outputs(learner.model, images), strict=True
    ):
        np.testing.assert_allclose(kept, trained, atol=1e-6)


def test_the_same_seed_trains_the_same_weights(run, trained_again):
    one, other = load_model(run).get_weights(), trained_again.get_weights()
    for left, right in zip(one, other, strict=True):
        np.testing.assert_array_equal(left, right)


def test_a_run_records_its_kind_and_the_metrics_of_each_epoch(run, task, name):
    record = read_record(run)
    assert (record.as_task, read_card(run).kind) == (task, name)
    (epoch,) = read_history(run / "history.csv")
    metrics = [metric for metric in epoch if not metric.startswith("val_")]
    assert metrics[0] == "loss"
    watched = kind_of(task).watched
    assert [*epoch] == metrics + [f"val_{metric}" for metric in (*metrics, *([watched] if watched else ()))]
    assert all(np.isfinite(value) for value in epoch.values())


def test_predictions_belong_to_images_and_classes_that_there_are(workspace, run, dataset, name):
    found = predict(TASK_KINDS[name], load_model(run), dataset.images)
    require_sound(found, classes=len(dataset.classes))
    assert found.images == len(dataset.images)
    assert predict(TASK_KINDS[name], load_model(run), dataset.images[:0]).images == 0


def require_sound(found: Predictions, *, classes):
    count = len(found.image)
    assert len(found.labels) == len(found.scores) == count
    assert (np.diff(found.image) >= 0).all()
    assert set(found.image) <= set(range(found.images))
    assert set(found.labels) <= set(range(classes))
    assert ((found.scores >= 0) & (found.scores <= 1)).all()
    if found.probabilities is not None:
        np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, atol=1e-5)
        assert found.probabilities.shape == (count, classes)
    if found.pixels is not None:
        assert (found.pixels.dtype, len(found.pixels)) == (np.uint8, found.images)
        assert found.pixels.max(initial=0) < classes
    if found.boxes is not None:
        assert (found.boxes[:, :2] <= found.boxes[:, 2:]).all()


def test_scores_say_of_each_image_whether_it_is_wrong(evaluation):
    images = len(evaluation.items)
    for scores in evaluation.scores:
        assert scores.wrong.shape == scores.agreement.shape == (images,)
        assert scores.wrong.dtype == bool
        assert ((scores.agreement >= 0) & (scores.agreement <= 1)).all()
        assert 0 <= scores.error <= 1
        assert scores.wrong.any() or scores.error == 0
        assert json.dumps(scores.details())
    assert sum(evaluation.spread.wrong) == evaluation.wrong_in.sum()
    assert len(evaluation.wrong) == evaluation.best.wrong.sum()
    assert set(evaluation.hardest) == set(np.flatnonzero(evaluation.wrong_in))


def test_results_are_written_with_a_row_for_each_prediction(run, evaluation):
    write_results(evaluation, run)
    columns, rows = evaluation.best.table()
    lines = (run / "predictions.csv").read_text().splitlines()
    assert lines[0].split(",")[-len(columns) :] == list(columns)
    assert len(lines) == len(rows) + 1
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics == json.loads(json.dumps(metrics_of(evaluation)))
    assert [repeat["seed"] for repeat in metrics["repeats"]] == [3, 4]


def test_the_panels_of_a_report_are_tables_and_figures_that_can_be_drawn(workspace, evaluation, name, tmp_path):
    panels = TASK_KINDS[name].panels(evaluation, workspace.taxonomy, temperature=None)
    assert panels
    for panel in panels:
        if isinstance(panel, FigurePanel):
            assert panel.alternative
            assert write_panel(panel, tmp_path).png.startswith(b"\x89PNG")
        else:
            assert all(len(row) == len(panel.columns) for row in panel.rows)


def test_errors_are_broken_down_by_what_is_known_of_the_items(workspace, evaluation, name):
    cases = TASK_KINDS[name].cases(evaluation)
    assert cases.wrong.shape == (2, len(cases.crops))
    found = break_down(evaluation, workspace.taxonomy)
    assert "label" in {one.name for one in found}
    for one in found:
        assert sum(group.wrong.total for group in one.groups) == len(cases.crops)
        assert sum(group.wrong.count for group in one.groups) == cases.wrong[cases.best_index].sum()


def test_a_saved_model_computes_what_it_did_when_it_was_trained(run, trained_again, dataset):
    for folder in (run, repeat_folder(run, read_record(run).best_seed)):
        saved = network_outputs(load_model(folder), dataset.images)
        for loaded, trained in zip(saved, network_outputs(trained_again, dataset.images), strict=True):
            np.testing.assert_array_equal(loaded, trained)


def test_an_exported_network_predicts_the_same(run, dataset, name):
    import onnxruntime

    from toonvision.deploy.conversion import to_onnx

    model, kind = load_model(run), TASK_KINDS[name]
    session = onnxruntime.InferenceSession(to_onnx(model, {}, OUTPUTS[name]), providers=["CPUExecutionProvider"])
    exported = session.run(OUTPUTS[name], {session.get_inputs()[0].name: np.asarray(dataset.images)})
    wanted = network_outputs(model, dataset.images)
    for ours, theirs in zip(exported, wanted, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
    clear = kind.decode(wanted)
    found = kind.decode(tuple(exported))
    np.testing.assert_array_equal(found.labels, clear.labels)
    np.testing.assert_allclose(found.scores, clear.scores, atol=1e-5)


def test_a_network_of_another_kind_is_refused_before_anything_is_trained(workspace, task, name):
    other = next(CASES[kind][1] for kind in CASES if kind != name)
    before = sorted((workspace.runs / task.name).glob("*"))
    with pytest.raises(UsageError, match=f"{task.name} is of the kind {name}. Choose another --model."):
        train_run(workspace, task, TrainingSettings(network=other), seeds=[0], size_hw=(32, 32))
    assert sorted((workspace.runs / task.name).glob("*")) == before


def test_every_kind_that_a_taxonomy_may_name_is_there():
    assert set(KINDS) == set(TASK_KINDS)


def test_an_unknown_kind_is_refused_with_those_that_there_are(tmp_path):
    with pytest.raises(
        UsageError,
        match=r"a kind of task is one of classify, detect, segment, spot; got 'clasify'\. Did you mean class",
    ):
        kind_of(Task("mine", "label", "clasify"))
    text = SETTINGS_TEXT.replace("[taxonomy.tasks]\n", '[taxonomy.tasks]\nmine = { level = "kind", kind = "detcet" }\n')
    (tmp_path / "toonvision.toml").write_text(text)
    with pytest.raises(InputRejectedError, match=r"line \d+, taxonomy.tasks.mine.kind: a kind of task is one of"):
        open_workspace(tmp_path)
