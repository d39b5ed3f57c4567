"""What is particular to classes: their order, their targets and weights, a collapsed network."""

import dataclasses

import numpy as np
import pytest

from toonvision.metrics.predictions import Predictions
from toonvision.tasks import classify
from toonvision.tasks.base import Dataset
from toonvision.tasks.settings import Augmentation, TrainingSettings
from toonvision.taxonomy.labels import Task


def load(workspace, crops, level="label"):
    task = Task(level, level)
    return classify.dataset_of(workspace, task, workspace.known(), crops, size_hw=(24, 16), resize="stretch")


@pytest.mark.parametrize(("level", "classes"), [("label", ("apple", "pear", "stone")), ("kind", ("fruit", "mineral"))])
def test_classes_stand_in_the_taxonomys_order_and_targets_count_them(own_workspace, level, classes):
    dataset = load(own_workspace, own_workspace.known_crops()[::-1], level)
    assert dataset.classes == classes
    assert dataset.targets.dtype == np.int64
    taxonomy = own_workspace.taxonomy
    assert [classes[target] for target in dataset.targets] == [taxonomy.class_of(c.label, level) for c in dataset.items]


def test_classes_without_crops_are_left_out(own_workspace):
    dataset = load(own_workspace, [crop for crop in own_workspace.known_crops() if crop.label != "pear"])
    assert dataset.classes == ("apple", "stone")
    assert sorted(set(dataset.targets.tolist())) == [0, 1]


def test_crops_without_a_class_at_the_level_are_left_out(own_workspace):
    crops = own_workspace.known_crops()
    stray = dataclasses.replace(crops[0], label="plum")
    assert load(own_workspace, [stray, *crops]).items == tuple(crops)


def made_up(targets, classes):
    images = np.zeros((len(targets), 2, 2, 3), np.uint8)
    return Dataset(Task("made", "up"), images, np.array(targets), (), tuple(map(str, range(classes))))


@pytest.mark.parametrize(
    ("classes", "expected"), [(2, [[1.0], [0.0], [1.0]]), (3, [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])]
)
def test_two_classes_are_one_number_and_more_are_one_hot(classes, expected):
    dataset = made_up([1, 0, 1], classes)
    _, targets = classify.batch(dataset, np.arange(3), augmentation=Augmentation(), rng=None)
    assert targets.tolist() == expected


@pytest.mark.parametrize("classes", [2, 3])
def test_targets_are_mixed_in_training_alone(classes):
    dataset = made_up([0, 1] * 8, classes)
    mixing = Augmentation(mixup=1.0)
    _, mixed = classify.batch(dataset, np.arange(16), augmentation=mixing, rng=np.random.default_rng(0))
    _, plain = classify.batch(dataset, np.arange(16), augmentation=mixing, rng=None)
    assert set(np.unique(plain)) == {0, 1}
    assert ((mixed > 0) & (mixed < 1)).any()
    assert (np.round(mixed) == plain).all()


@pytest.mark.parametrize("classes", [2, 3])
def test_metrics_take_the_larger_share_of_a_mixed_target(classes):
    import keras

    model = keras.Sequential([keras.Input((classes - 1 if classes == 2 else classes,))])
    model.add(keras.layers.Identity())
    classify.set_loss(model, "adam", settings=TrainingSettings(), dataset=made_up([0, 1], classes))
    targets = np.array([[0.9], [0.2]] if classes == 2 else [[0.9, 0.1, 0.0], [0.2, 0.1, 0.7]], np.float32)
    found = model.test_on_batch(np.round(targets), targets, return_dict=True)
    assert found["accuracy"] == 1
    assert (found["hits"], found["false_alarms"], found["misses"]) == (1 if classes == 2 else 2, 0, 0)


def test_rare_classes_weigh_more_and_the_mean_weight_of_the_training_images_is_one():
    dataset = made_up([0, 0, 0, 1, 2], 3)
    train = np.array([0, 1, 2, 3])
    weights = classify.weights(dataset, train, TrainingSettings(class_weights=True))
    assert weights[train].mean() == pytest.approx(1)
    assert weights[3] == pytest.approx(3 * weights[0])
    assert classify.weights(dataset, train, TrainingSettings()) is None


@pytest.mark.parametrize(("labels", "collapsed"), [([1, 1, 1], True), ([1, 1, 0], False)])
def test_a_network_has_collapsed_if_it_predicts_one_class_for_every_image(labels, collapsed):
    labels = np.array(labels)
    assert classify.collapsed(Predictions(3, np.arange(3), labels, np.ones(3, np.float32))) is collapsed


def test_a_sigmoid_is_the_probability_of_the_second_class():
    found = classify.decode((np.array([[0.9], [0.2]], np.float32),))
    np.testing.assert_allclose(found.probabilities, [[0.1, 0.9], [0.8, 0.2]], atol=1e-6)
    assert (found.labels.tolist(), found.images) == ([1, 0], 2)
