import keras
import numpy as np
import pytest
from keras import layers

from explain.networks import pictures, pooled, shaken, smooth, up_to
from toonvision.core.errors import EnvironmentFaultError, UsageError
from toonvision.explain import gradients
from toonvision.explain.filters import ascent, convolutions, first_filters, responses
from toonvision.models.registry import build_network


def test_first_filters_are_scaled_one_by_one_around_grey():
    model = pooled()
    kernel, _ = model.get_layer("first").get_weights()
    kernel[..., 1] = 0
    kernel[0, 0, 0, 2] = 9
    model.get_layer("first").set_weights([kernel, np.zeros(5)])
    filters = first_filters(model)
    assert filters.shape == (3, 3, 3, 5)
    assert filters.dtype == np.float32
    np.testing.assert_array_equal(filters[..., 1], 0.5)
    assert filters[0, 0, 0, 2] == 1
    strongest = np.abs(filters - 0.5).max((0, 1, 2))
    np.testing.assert_allclose(strongest[[0, 2, 3, 4]], 0.5, rtol=1e-6)
    np.testing.assert_array_equal(np.sign(filters - 0.5), np.sign(kernel))


def test_a_network_without_a_convolution_has_no_first_filters():
    inputs = keras.Input((4, 4, 3))
    model = keras.Model(inputs, layers.Dense(2)(layers.Flatten()(inputs)), name="plain")
    with pytest.raises(UsageError, match="plain: its first convolution does not read the image"):
        first_filters(model)


def mean_response(model, layer, given):
    return up_to(model, layer, given).mean((1, 2))


@pytest.mark.parametrize("layer", ["first", "second"])
def test_ascent_excites_its_filter_more_than_the_noise_that_it_began_with(layer):
    model = smooth(size_hw=(16, 16))
    filters = list(range(model.get_layer(layer).filters))
    before = mean_response(model, layer, ascent(model, layer, filters, seed=0, steps=0, side=16))
    climbed = ascent(model, layer, filters, seed=0, steps=20, side=16)
    assert climbed.shape == (len(filters), 16, 16, 3)
    assert climbed.dtype == np.uint8
    gain = np.diag(mean_response(model, layer, climbed) - before)
    assert (gain > 0.05).all()


def test_ascent_for_filters_of_a_branch_follows_its_own_layers():
    model = build_network("compact+1", size_hw=(32, 16), classes=5)
    first, *_, own, _, branch = (layer.name for layer in convolutions(model))
    for name in (first, own, branch):
        noise, climbed = (ascent(model, name, [0], seed=1, steps=steps, side=24) for steps in (0, 8))
        assert responses(model, name, [0], climbed)[0] > responses(model, name, [0], noise)[0]


def test_ascent_excites_a_filter_that_is_zero_on_noise():
    model = pooled(size_hw=(16, 16))
    kernel, bias = model.get_layer("first").get_weights()
    bias[:] = -np.abs(kernel).sum((0, 1, 2)) * 0.6
    model.get_layer("first").set_weights([kernel, bias])
    noise = ascent(model, "first", [0], seed=0, steps=0, side=16)
    assert mean_response(model, "first", noise)[0, 0] == 0
    assert np.abs(ascent(model, "first", [0], seed=0, steps=5, side=16).astype(int) - noise).max() > 5


def test_each_filter_has_its_own_noise_whatever_others_are_asked_for():
    model = shaken(build_network("baseline", size_hw=(32, 24), classes=4))
    layer = convolutions(model)[1].name
    together = ascent(model, layer, [1, 3], seed=7, steps=3, side=12)
    alone = ascent(model, layer, [3], seed=7, steps=3, side=12)
    assert np.abs(together[1].astype(int) - alone[0]).max() <= 1
    other = ascent(model, layer, [3], seed=8, steps=3, side=12)
    assert np.abs(other[0].astype(int) - alone[0]).max() > 20


def test_ascent_does_not_change_the_network():
    model, given = smooth(), pictures(1, (6, 4))
    before = model.predict_on_batch(given)
    ascent(model, "second", [0], seed=0, steps=2, side=8)
    np.testing.assert_array_equal(model.predict_on_batch(given), before)
    assert model.get_layer("second").activation is keras.activations.tanh


@pytest.mark.parametrize(
    ("layer", "filters", "message"),
    [
        ("pool", [0], "a convolution is one of first, second; got 'pool'"),
        ("second", [2], "second has the filters 0 to 1; got 2"),
    ],
)
def test_an_unknown_layer_or_filter_is_refused_with_those_that_there_are(layer, filters, message):
    with pytest.raises(UsageError, match=message):
        ascent(smooth(), layer, filters, seed=0)


@pytest.mark.parametrize("layer", ["first", "second"])
def test_responses_are_of_each_filter_to_its_own_image_before_its_activation(layer):
    model, given = smooth(size_hw=(16, 16)), pictures(3, (16, 16))
    before = np.arctanh(up_to(model, layer, given).astype(np.float64)).mean((1, 2))
    count = model.get_layer(layer).filters
    filters = [count - 1, 0, count - 1]
    found = responses(model, layer, filters, given)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, before[np.arange(3), filters], rtol=1e-3, atol=1e-4)


def test_no_filters_have_no_images():
    assert ascent(smooth(), "first", [], seed=0, side=8).shape == (0, 8, 8, 3)


def test_ascent_needs_a_rescaling():
    inputs = keras.Input((8, 8, 3))
    model = keras.Model(inputs, layers.Conv2D(2, 3, name="first")(inputs), name="raw")
    with pytest.raises(UsageError, match="raw: filters are shown only if their layers follow a Rescaling"):
        ascent(model, "first", [0], seed=0)


def test_a_backend_without_gradients_is_named(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "numpy")
    with pytest.raises(EnvironmentFaultError, match="gradients need Keras on tensorflow, torch; got numpy"):
        list(gradients.column_gradients(lambda values: values, np.zeros((1, 2), np.float32), [0]))


def test_the_weights_of_a_normalised_copy_stand_to_the_right():
    model = build_network("z-16c3n-p2", size_hw=(32, 16), classes=3)
    shown = first_filters(model)
    kernel = np.asarray(convolutions(model)[0].kernel)
    assert shown.shape == (3, 6, 3, 16)
    largest = np.abs(kernel).max(axis=(0, 1, 2))
    np.testing.assert_allclose(shown[:, :3], kernel[:, :, :3] / (2 * largest) + 0.5, atol=1e-6)
    np.testing.assert_allclose(shown[:, 3:], kernel[:, :, 3:] / (2 * largest) + 0.5, atol=1e-6)
