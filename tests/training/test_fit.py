import numpy as np
import pytest

from toonvision.evaluation.predict import predict_probabilities
from toonvision.models.registry import NETWORKS, build_network
from toonvision.training.fit import quick_form, train_fresh
from toonvision.training.repeat import load_task_data
from toonvision.training.settings import TrainingSettings


@pytest.mark.parametrize("network", NETWORKS)
def test_a_published_network_is_what_comes_out_with_the_weights_of_its_best_epoch(small_workspace, network):
    data = load_task_data(small_workspace, "label", split_name="default", size_hw=(48, 48), resize="stretch")
    validate = data.places["validate"]
    settings = TrainingSettings(network=network, epochs=3, batch_size=4)
    model, history = train_fresh(data.samples, train=data.places["train"], validate=validate, settings=settings, seed=3)
    assert [type(layer) for layer in model.layers] == [
        type(layer) for layer in build_network(network, size_hw=(48, 48), classes=3).layers
    ]
    predicted = predict_probabilities(model, data.samples.pictures[validate])
    loss = -np.log(predicted[np.arange(len(validate)), data.samples.targets[validate]]).mean()
    assert loss == pytest.approx(history.epochs[history.best_epoch - 1]["val_loss"], rel=1e-4)


def test_the_same_seed_trains_the_same_weights(small_workspace):
    data = load_task_data(small_workspace, "label", split_name="default", size_hw=(48, 48), resize="stretch")
    settings = TrainingSettings(network="tuned", epochs=2, batch_size=4)
    parts = {"train": data.places["train"], "validate": data.places["validate"]}
    first, second = (train_fresh(data.samples, **parts, settings=settings, seed=7)[0] for _ in range(2))
    for one, other in zip(first.trainable_variables, second.trainable_variables, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_quick_form_flips_in_the_loader_where_the_network_flips():
    assert quick_form(TrainingSettings(network="tuned")).augmentation.flip
    assert not quick_form(TrainingSettings(network="baseline")).augmentation.flip
    binary = TrainingSettings(network="binary")
    assert quick_form(binary) == binary
