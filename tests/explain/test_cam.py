import gc
import weakref

import keras
import numpy as np
import pytest
from keras import layers

from explain.networks import after, logits, pictures, pooled, relu_without_biases, shaken, smooth, up_to
from toonvision.core.errors import ModelRefusedError, UsageError
from toonvision.explain.cam import class_maps
from toonvision.models.features import map_layers
from toonvision.models.registry import build_network


def finite_differences(run, activations, *, step=0.01):
    """Return the derivative of each logit by each activation of one image: shape (classes, height, width, channels)."""
    count = activations.size
    steps = step * np.eye(count, dtype=np.float32).reshape(count, *activations.shape)
    slopes = (run(activations + steps) - run(activations - steps)) / (2 * step)
    return slopes.T.reshape(-1, *activations.shape)


def grad_cam_by_loops(activations, gradients):
    height, width, channels = activations.shape
    maps = np.zeros((len(gradients), height, width))
    for index, gradient in enumerate(gradients):
        for channel in range(channels):
            alpha = sum(gradient[y, x, channel] for y in range(height) for x in range(width)) / (height * width)
            maps[index] += alpha * activations[:, :, channel]
    return maps


@pytest.mark.parametrize(
    ("name", "classes"),
    [("baseline", 4), ("tuned", 4), ("binary", 2), ("baseline", 2), ("tuned", 3), ("compact", 4), ("compact", 2)],
)
def test_the_exact_map_of_every_reference_network_sums_to_the_logit_without_bias(name, classes):
    model = shaken(build_network(name, size_hw=(64, 48), classes=classes))
    given = pictures(3, (64, 48))
    maps = class_maps(model, given)
    assert maps.exact
    assert maps.values.shape[:2] == (3, classes)
    assert maps.values.dtype == maps.bias.dtype == np.float32
    np.testing.assert_allclose(maps.values.sum((2, 3)) + maps.bias, logits(model, given), rtol=1e-4, atol=1e-4)


def test_the_exact_map_under_global_average_pooling_is_that_of_zhou():
    model, given = pooled(), pictures(2, (12, 8))
    maps = class_maps(model, given)
    kernel, bias = model.layers[-1].get_weights()
    activations = up_to(model, "map", given)
    zhou = np.moveaxis(activations @ kernel, -1, 1) / np.prod(activations.shape[1:3])
    assert (maps.layer, maps.exact) == ("map", True)
    np.testing.assert_allclose(maps.values, zhou, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(maps.values.sum((2, 3)) + bias, logits(model, given), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("layer", ["first", "pool", "second"])
@pytest.mark.parametrize("method", ["exact", "gradcam"])
def test_maps_of_every_layer_equal_those_of_finite_differences(layer, method):
    model, given = smooth(), pictures(2, (6, 4))
    maps = class_maps(model, given, layer=layer, method=method)
    activations = up_to(model, layer, given)
    for picture, one in enumerate(activations):
        gradients = finite_differences(after(model, layer), one)
        expected = grad_cam_by_loops(one, gradients) if method == "gradcam" else (gradients * one).sum(-1)
        np.testing.assert_allclose(maps.values[picture], expected, rtol=0.01, atol=2e-4)
    assert maps.exact == (layer == "second" and method == "exact")


def test_grad_cam_without_any_gradient_equals_the_one_by_loops():
    model, given = shaken(build_network("baseline", size_hw=(32, 48), classes=4)), pictures(2, (32, 48))
    maps = class_maps(model, given, method="gradcam")
    kernel, _ = model.layers[-1].get_weights()
    for picture, activations in enumerate(up_to(model, maps.layer, given)):
        gradients = kernel.T.reshape(4, *activations.shape)
        expected = grad_cam_by_loops(activations, gradients)
        np.testing.assert_allclose(maps.values[picture], expected, rtol=1e-4, atol=1e-4)
    assert not maps.exact


@pytest.mark.parametrize("layer", ["first", "second"])
def test_without_biases_the_map_of_an_earlier_layer_sums_to_the_logit_too(layer):
    model, given = relu_without_biases(), pictures(3, (8, 8))
    maps = class_maps(model, given, layer=layer)
    np.testing.assert_allclose(maps.values.sum((2, 3)) + maps.bias, logits(model, given), rtol=1e-3, atol=1e-3)


def test_with_biases_the_map_of_an_earlier_layer_is_marked_as_not_exact():
    model, given = shaken(build_network("baseline", size_hw=(32, 24), classes=4)), pictures(2, (32, 24))
    first = next(layer.name for layer in map_layers(model) if isinstance(layer, layers.Conv2D))
    maps = class_maps(model, given, layer=first)
    assert not maps.exact
    assert maps.values.shape == (2, 4, 32, 24)
    assert np.abs(maps.values.sum((2, 3)) + maps.bias - logits(model, given)).max() > 0.01


@pytest.mark.parametrize("method", ["exact", "gradcam"])
@pytest.mark.parametrize("layer", ["first", "second"])
def test_the_batch_size_changes_nothing(method, layer):
    model, given = smooth(), pictures(5, (6, 4))
    whole = class_maps(model, given, layer=layer, method=method)
    one_by_one = class_maps(model, given, layer=layer, method=method, batch_size=1)
    np.testing.assert_allclose(whole.values, one_by_one.values, atol=1e-6)


def test_no_images_have_no_maps():
    model = smooth()
    assert class_maps(model, pictures(0, (6, 4))).values.shape == (0, 3, 3, 2)


@pytest.mark.parametrize("layer", ["first", "second"])
@pytest.mark.parametrize("method", ["exact", "gradcam"])
def test_what_speaks_for_one_of_two_classes_speaks_as_much_against_the_other(layer, method):
    model, given = smooth(classes=2), pictures(3, (6, 4))
    maps = class_maps(model, given, layer=layer, method=method)
    np.testing.assert_array_equal(maps.values[:, 0], -maps.values[:, 1])
    np.testing.assert_array_equal(maps.bias, [-maps.bias[1], maps.bias[1]])


def test_progress_counts_the_images():
    seen = []
    class_maps(smooth(), pictures(5, (6, 4)), batch_size=2, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(2, 5), (4, 5), (5, 5)]


def test_maps_follow_when_weights_change():
    model, given = smooth(), pictures(2, (6, 4))
    before = class_maps(model, given), class_maps(model, given, layer="first"), logits(model, given)
    shaken(model, seed=1)
    maps, early, found = class_maps(model, given), class_maps(model, given, layer="first"), logits(model, given)
    np.testing.assert_allclose(maps.values.sum((2, 3)) + maps.bias, found, rtol=1e-4, atol=1e-5)
    assert np.abs(maps.values - before[0].values).max() > 0.01
    assert np.abs(early.values - before[1].values).max() > 0.01


def test_a_model_is_freed_although_networks_up_to_its_layers_are_cached():
    model = smooth()
    class_maps(model, pictures(1, (6, 4)))
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


def test_a_layer_that_does_not_exist_is_named_with_those_that_do():
    with pytest.raises(UsageError, match=r"one of rescaling.*, first, pool, second; got 'secnd'. Did you mean second"):
        class_maps(smooth(), pictures(1, (6, 4)), layer="secnd")


@pytest.mark.parametrize("last", ["relu head", "no dense"])
def test_a_network_without_a_dense_head_is_refused(last):
    inputs = keras.Input((6, 4, 3), dtype="uint8")
    x = layers.Conv2D(3, 3)(layers.Rescaling(1 / 255)(inputs))
    outputs = layers.Dense(3, activation="relu")(layers.Flatten()(x)) if last == "relu head" else layers.Flatten()(x)
    with pytest.raises(ModelRefusedError, match="ends in a dense layer with softmax or sigmoid; it ends in"):
        class_maps(keras.Model(inputs, outputs, name="odd"), pictures(1, (6, 4)))


def test_a_network_without_any_map_is_refused():
    inputs = keras.Input((4,))
    model = keras.Model(inputs, layers.Dense(3, activation="softmax")(inputs))
    with pytest.raises(ModelRefusedError, match="none of its layers has a map"):
        class_maps(model, pictures(1, (6, 4)))


def test_a_head_of_several_dense_layers_is_differentiated():
    inputs = keras.Input((6, 4, 3), dtype="uint8")
    x = layers.Conv2D(3, 3, activation="tanh", name="map")(layers.Rescaling(1 / 255)(inputs))
    x = layers.Dense(4, activation="tanh")(layers.Flatten()(x))
    model = shaken(keras.Model(inputs, layers.Dense(3, activation="softmax")(x)))
    given = pictures(1, (6, 4))
    maps = class_maps(model, given)
    assert (maps.layer, maps.exact) == ("map", False)
    (activations,) = up_to(model, "map", given)
    gradients = finite_differences(after(model, "map"), activations)
    np.testing.assert_allclose(maps.values[0], (gradients * activations).sum(-1), rtol=0.01, atol=2e-4)
