"""Whatever a network is made of, its export gives the same probabilities."""

from functools import partial

import keras
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from keras import layers

from builders import tried
from deploy.made import SIZE, classifier, expected, network, pictures, with_drawn_weights
from toonvision.core.errors import ModelRefusedError
from toonvision.deploy.graph import Affine, Conv, Flatten, Pool, same_pads
from toonvision.deploy.keras_graph import read_graph
from toonvision.deploy.simplify import simplify
from toonvision.metrics.calibration import with_temperature
from toonvision.models.blocks import BesideNormalized
from toonvision.models.registry import NETWORKS, build_network

CLOSE = 2e-6
LAYOUT = "z-8c5n-p3-p2-d0.2-6c3-4c1n-p2"
networks_property = settings(max_examples=max(40, settings().max_examples // 5))


def assert_same(model, *, classes=3, temperature=None, close=CLOSE):
    given = pictures(size_hw=tuple(model.inputs[0].shape[1:3]))
    found = classifier(model, classes=classes, temperature=temperature).predict_batch(given)
    wanted = expected(model, given, temperature=temperature)
    assert found.shape == (len(given), classes)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, wanted, atol=close)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", [*NETWORKS, LAYOUT])
@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("temperature", [None, 0.4, 3.0])
def test_every_network_says_the_same_with_every_number_of_classes_and_any_temperature(name, classes, temperature):
    model = with_drawn_weights(build_network(name, size_hw=(61, 47), classes=classes))
    assert_same(model, classes=classes, temperature=temperature)


@pytest.mark.parametrize("temperature", [0.05, 20.0])
def test_the_temperature_is_the_one_of_our_own_formula_even_where_a_network_is_all_too_sure(temperature):
    model = network()
    kernel, bias = model.layers[-1].get_weights()
    model.layers[-1].set_weights([kernel * 100, bias])
    assert expected(model, pictures()).max() > 1 - 1e-7
    assert_same(model, temperature=temperature, close=1e-5)


@pytest.mark.parametrize("classes", [2, 3])
def test_the_temperature_of_an_export_is_the_formula_on_what_it_answers_without_one(classes):
    """Compared on the export's own answers: of a sure sigmoid, a temperature shows what float32 leaves off."""
    model = with_drawn_weights(network(classes=classes))
    kernel, bias = model.layers[-1].get_weights()
    model.layers[-1].set_weights([kernel * 30, bias + 3])
    given = pictures(50)
    rows = classifier(model, classes=classes).predict_batch(given)
    assert rows.max() > 1 - 1e-5
    found = classifier(model, classes=classes, temperature=3.0).predict_batch(given)
    np.testing.assert_allclose(found, with_temperature(rows, 3.0), atol=2e-6)


# What is drawn are orders for layers: Keras rolls its own dice when it makes one.


@st.composite
def convolutions(draw):
    kind = draw(st.sampled_from([layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D]))
    strides, dilation = draw(st.sampled_from([(1, 1), (1, 2), (2, 1), (3, 1)]))
    sides = st.integers(1, 4)
    options = {
        "kernel_size": draw(st.tuples(sides, sides) if kind is layers.Conv2D else sides),
        "strides": strides,
        "dilation_rate": dilation,
        "padding": draw(st.sampled_from(["same", "valid"])),
        "use_bias": draw(st.booleans()),
        "activation": draw(st.sampled_from([None, "relu", "relu6", "silu", "hard_silu", "tanh", "sigmoid"])),
    }
    if kind is layers.DepthwiseConv2D:
        return partial(kind, depth_multiplier=draw(st.integers(1, 2)), **options)
    return partial(kind, draw(st.integers(1, 6)), **options)


@st.composite
def poolings(draw):
    kind = draw(st.sampled_from([layers.MaxPooling2D, layers.AveragePooling2D]))
    size = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    strides = draw(st.sampled_from([None, 1, 2, (2, 1)]))
    return partial(kind, size, strides=strides, padding=draw(st.sampled_from(["same", "valid"])))


OTHERS = st.sampled_from(
    [
        layers.BatchNormalization,
        partial(layers.BatchNormalization, scale=False),
        partial(layers.BatchNormalization, center=False),
        BesideNormalized,
        partial(layers.Rescaling, -0.7, offset=0.3),
        partial(layers.Activation, "relu"),
        partial(layers.Activation, "hard_silu"),
        partial(layers.ReLU, max_value=1.5),
        layers.ReLU,
        partial(layers.Dropout, 0.5),
        partial(layers.SpatialDropout2D, 0.5),
        layers.RandomFlip,
        partial(layers.RandomRotation, 0.2),
    ]
)
ORDERS = st.lists(
    st.tuples(st.one_of(convolutions(), poolings(), OTHERS), st.sampled_from(["", "", "add", "concatenate"])),
    max_size=7,
)


def built(orders, *, classes, head, offset, seed):
    """Build what was drawn: layers one after the other, some with a way around them, and one of four heads."""
    inputs = keras.Input((*SIZE, 3), dtype="uint8")
    x = layers.Rescaling(1 / 255, offset=offset)(inputs)
    for order, around in orders:
        y = order()(x)
        if around == "add" and y.shape == x.shape:
            y = layers.Add()([x, y])
        elif around == "concatenate" and y.shape[:-1] == x.shape[:-1]:
            y = layers.Concatenate()([y, x])
        x = y
    x = {"average": layers.GlobalAveragePooling2D, "max": layers.GlobalMaxPooling2D}.get(head, layers.Flatten)()(x)
    if head == "hidden":
        x = layers.BatchNormalization()(layers.Dense(5, activation="relu")(layers.BatchNormalization()(x)))
    units, activation = (1, "sigmoid") if classes == 2 else (classes, "softmax")
    outputs = layers.Dense(units, activation=activation)(x)
    return with_drawn_weights(keras.Model(inputs, outputs), seed)


@networks_property
@given(
    orders=ORDERS,
    classes=st.integers(2, 4),
    head=st.sampled_from(["flatten", "average", "max", "hidden"]),
    offset=st.sampled_from([0.0, -0.5]),
    seed=st.integers(0, 9),
)
def test_a_network_of_any_layers_says_the_same(orders, classes, head, offset, seed):
    model, _ = tried(ValueError, built, orders, classes=classes, head=head, offset=offset, seed=seed)
    assume(model is not None)  # a window larger than its map, or strides together with dilations
    assert_same(model, classes=classes, close=2e-5)


def test_joined_maps_an_activation_of_rows_and_a_softmax_layer_say_the_same():
    inputs = keras.Input((*SIZE, 3), dtype="uint8")
    first = layers.Conv2D(3, 3, padding="same")(layers.Rescaling(1 / 255)(inputs))
    second = layers.Conv2D(3, 5, padding="same", activation="tanh")(first)
    third = layers.DepthwiseConv2D(3, padding="same")(first)
    joined = layers.Concatenate(axis=3)([layers.Add()([first, second, third]), second])
    rows = layers.Concatenate()([layers.GlobalMaxPooling2D()(joined), layers.GlobalAveragePooling2D()(joined)])
    outputs = layers.Softmax()(layers.Dense(3)(layers.Activation("silu")(layers.Flatten()(rows))))
    assert_same(with_drawn_weights(keras.Model(inputs, outputs)))


def kinds(model):
    return [type(step.operation).__name__ for step in simplify(read_graph(model)).steps]


def test_poolings_are_merged_relu_follows_them_and_rescaling_is_in_the_weights():
    assert kinds(build_network("tuned", size_hw=(61, 47), classes=3)) == [
        *("Conv", "Pool", "Activation") * 2, "Flatten", "Dense", "Activation",
    ]  # fmt: skip
    graph = simplify(read_graph(build_network("tuned", size_hw=(61, 47), classes=3)))
    assert [step.operation.size for step in graph.steps if isinstance(step.operation, Pool)] == [(6, 6), (6, 6)]
    assert [step.operation.channels_first for step in graph.steps if isinstance(step.operation, Flatten)] == [True]


def test_rescaling_passes_a_pooling_and_normalisation_goes_into_the_convolution_before_a_pooling():
    model = network(
        layers.AveragePooling2D(2),
        layers.Conv2D(4, 3, use_bias=False),
        layers.MaxPooling2D(2),
        layers.BatchNormalization(scale=False),
        layers.Activation("relu"),
        layers.SeparableConv2D(3, 3),
        layers.BatchNormalization(),
    )
    assert kinds(model) == [
        "Pool", "Conv", "Pool", "Activation", "Conv", "Conv", "Flatten", "Dense", "Activation",
    ]  # fmt: skip
    assert_same(model)


def test_a_term_is_not_folded_over_zeros_at_the_edges():
    model = network(layers.Rescaling(2.0, offset=-1.0), layers.Conv2D(4, 3, padding="same"))
    assert kinds(model)[:2] == ["Affine", "Conv"]
    inner = network(layers.Rescaling(2.0, offset=-1.0), layers.Conv2D(4, 3))
    assert kinds(inner)[0] == "Conv"
    assert_same(model)
    assert_same(inner)


def test_a_negative_factor_stays_behind_a_maximum():
    model = network(layers.Conv2D(4, 3), layers.MaxPooling2D(2), layers.Rescaling(-1.0))
    graph = simplify(read_graph(model))
    assert [type(step.operation) for step in graph.steps[:3]] == [Conv, Pool, Flatten]
    before_maximum = network(layers.Rescaling(-1.0), layers.MaxPooling2D(2))
    assert isinstance(simplify(read_graph(before_maximum)).steps[0].operation, Affine)
    assert_same(model)
    assert_same(before_maximum)


def test_an_activation_that_falls_somewhere_stays_before_its_pooling():
    model = network(layers.Conv2D(4, 3, activation="silu"), layers.MaxPooling2D(2))
    assert kinds(model)[:3] == ["Conv", "Activation", "Pool"]


def test_same_padding_is_that_of_tensorflow():
    for size in range(4, 12):
        for reach, stride in [(2, 1), (3, 2), (4, 3), (5, 2), (1, 3)]:
            model = network(layers.Conv2D(2, reach, strides=stride, padding="same"), size_hw=(size, size + 1))
            assert_same(model)
            top, left, bottom, right = same_pads((size, size + 1), (reach, reach), (stride, stride))
            assert 0 <= bottom - top <= 1
            assert 0 <= right - left <= 1


class Doubled(layers.Conv2D):
    """A layer that looks like one of ours and computes something else."""

    def call(self, inputs):
        return 2 * super().call(inputs)


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (layers.UpSampling2D(2, name="larger"), "layer 'larger': a UpSampling2D cannot be exported"),
        (layers.Lambda(lambda x: x, name="odd"), "layer 'odd': a Lambda cannot be exported"),
        (Doubled(3, 3, name="doubled"), "layer 'doubled': a Doubled cannot be exported"),
        (layers.Conv2D(3, 3, activation="gelu", name="conv"), "layer 'conv': the activation gelu cannot be exported"),
        (layers.Conv2D(3, 3, activation=lambda x: x, name="conv"), "the activation <lambda> cannot be exported"),
        (layers.Dense(3, name="dense"), "layer 'dense': a Dense layer of maps cannot be exported; flatten them first"),
        (layers.ReLU(negative_slope=0.1, name="leaky"), "exported with negative_slope = 0.0 alone; got 0.1"),
        (layers.BatchNormalization(axis=1, name="norm"), "layer 'norm': channels alone can be normalised; got axis 1"),
        (layers.Softmax(name="soft"), "layer 'soft': a softmax of rows alone can be exported"),
        (layers.Rescaling([[1.0, 2.0]] * 9, name="odd"), "layer 'odd': a Rescaling takes a number, or one a channel"),
        (layers.Activation("softmax", name="soft"), "layer 'soft': a softmax of rows alone can be exported"),
        (layers.Concatenate(axis=1, name="below"), "layer 'below': channels alone can be concatenated; got axis 1"),
        (
            layers.Conv2D(3, 3, data_format="channels_first", name="c"),
            "padding is same or valid, and channels come last",
        ),
        (layers.RandomCrop(9, 9, name="crop"), "layer 'crop': a RandomCrop cannot be exported"),
    ],
)
def test_a_layer_that_is_not_known_is_refused_in_one_line_that_names_it(layer, words):
    joins = isinstance(layer, layers.Concatenate)
    with pytest.raises(ModelRefusedError) as refused:
        read_graph(network((lambda x: layer([x, x])) if joins else layer))
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_network_within_a_network_and_a_layer_used_twice_are_refused():
    inner = keras.Sequential([layers.Conv2D(3, 3)], name="inner")
    with pytest.raises(ModelRefusedError, match="layer 'inner': a Sequential cannot be exported"):
        read_graph(network(inner))
    twice = layers.Conv2D(3, 3, padding="same", name="twice")
    with pytest.raises(ModelRefusedError, match=r"layer 'twice' \(Conv2D\) is used twice, which cannot be exported"):
        read_graph(network(twice, twice))


def test_a_network_must_end_in_probabilities_of_its_classes():
    inputs = keras.Input((*SIZE, 3), dtype="uint8")
    features = layers.Flatten()(inputs)
    for outputs in (layers.Dense(3)(features), layers.Dense(2, activation="sigmoid")(features), features):
        with pytest.raises(ModelRefusedError, match="ends in a softmax of its 3 classes, or in one sigmoid for two"):
            classifier(keras.Model(inputs, outputs))
    with pytest.raises(ModelRefusedError, match="one input and one output"):
        read_graph(keras.Model(inputs, [features, layers.Dense(3)(features)]))
