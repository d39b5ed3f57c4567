import numpy as np

from explain.networks import pictures, shaken, up_to
from toonvision.explain.activations import chain, layer_activations
from toonvision.models.registry import build_network


def test_every_convolution_and_pooling_is_given_in_order_with_its_values():
    model = shaken(build_network("tuned", size_hw=(48, 40), classes=4))
    (picture,) = pictures(1, (48, 40))
    found = layer_activations(model, picture)
    assert [one.kind for one in found] == ["convolution", "pooling", "pooling"] * 2
    assert [one.values.shape for one in found][:3] == [(48, 40, 16), (16, 13, 16), (8, 6, 16)]
    for one in found:
        assert one.values.dtype == np.float32
        np.testing.assert_allclose(one.values, up_to(model, one.name, picture[np.newaxis])[0], rtol=1e-4, atol=1e-4)


def test_a_pooling_before_the_first_convolution_is_given_too():
    model = build_network("binary", size_hw=(46, 46), classes=2)
    kinds = [one.kind for one in layer_activations(model, pictures(1, (46, 46))[0])]
    assert kinds == ["pooling", *["convolution", "pooling"] * 3]


def test_a_branching_network_is_no_chain():
    import keras
    from keras import layers

    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(3, 3, padding="same")(inputs)
    y = layers.Add()([x, inputs])
    model = keras.Model(inputs, layers.Dense(2)(layers.Flatten()(y)))
    assert chain(model, model.layers[0], model.layers[-1]) is None
    assert chain(model, model.layers[-2], model.layers[-1]) == [model.layers[-1]]
