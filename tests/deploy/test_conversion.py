"""Whatever a model is made of, its export predicts the same probabilities."""

import hashlib
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from keras import layers

from builders import CLASSIFIERS, tried
from deploy.made import SIZE, classifier, expected, exported, network, pictures, with_drawn_weights
from toonvision.core.errors import EnvironmentFaultError, ModelRefusedError
from toonvision.deploy.checks import INPUT_NAME
from toonvision.deploy.conversion import to_onnx
from toonvision.metrics.calibration import with_temperature
from toonvision.models.blocks import BesideNormalized, around_zero, rescaled
from toonvision.models.registry import build_network

CLOSE = 2e-6
LAYOUT = "z-8c5n-p3-p2-d0.2-6c3-4c1n-p2"
networks_property = settings(max_examples=max(20, settings().max_examples // 10))


def assert_same(model, *, classes=3, temperature=None, close=CLOSE):
    given = pictures(size_hw=tuple(model.inputs[0].shape[1:3]))
    opened = classifier(model, classes=classes, temperature=temperature)
    found = opened.predict_batch(given)
    wanted = expected(model, given, temperature=temperature)
    np.testing.assert_allclose(opened.run_batch(given), found, atol=close)
    assert found.shape == (len(given), classes)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, wanted, atol=close)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", [*CLASSIFIERS, "compact+2", LAYOUT])
@pytest.mark.parametrize(("classes", "temperature"), [(2, 0.4), (3, None), (5, 3.0)])
def test_every_network_predicts_the_same_with_every_number_of_classes_and_any_temperature(name, classes, temperature):
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
def test_a_network_of_any_layers_predicts_the_same(orders, classes, head, offset, seed):
    model, _ = tried(ValueError, built, orders, classes=classes, head=head, offset=offset, seed=seed)
    assume(model is not None)  # a window larger than its map, or strides together with dilations
    # What is refused instead: the next test.
    assume(not any(isinstance(layer, layers.Add) and layer.output.shape[2:] == (1, 1) for layer in model.layers))
    assert_same(model, classes=classes, close=2e-5)


def kinds_in(content):
    return [node.op_type for node in onnx.load_model_from_string(content).graph.node]


@networks_property
@given(
    size_hw=st.tuples(st.integers(5, 17), st.integers(5, 17)),
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    strides=st.sampled_from([1, 2, 3]),
    padding=st.sampled_from(["same", "valid"]),
    rescale=st.sampled_from([around_zero, rescaled]),
    biased=st.booleans(),
)
def test_a_first_convolution_takes_bytes_as_they_are_and_finds_the_same(
    size_hw, kernel, strides, padding, rescale, biased
):
    inputs = keras.Input((*size_hw, 3), dtype="uint8")
    maps = layers.Conv2D(4, kernel, strides=strides, padding=padding, use_bias=biased)(rescale(inputs))
    model = with_drawn_weights(keras.Model(inputs, layers.Dense(3, activation="softmax")(layers.Flatten()(maps))))
    assert_same(model)
    steps = [kind for kind in kinds_in(exported(model))[:4] if kind != "Pad"]
    assert steps[:3] == ["Reshape", "DequantizeLinear", "Conv"]


@pytest.mark.parametrize(
    "first",
    [
        [layers.Rescaling(0.0, offset=1), layers.Conv2D(3, 3)],
        [layers.Rescaling(1 / 255), layers.DepthwiseConv2D(3)],
        [layers.Rescaling(1 / 255), layers.Conv2D(3, 3, dilation_rate=2)],
        [layers.Rescaling([0.1, 0.2, 0.3]), layers.Conv2D(3, 3)],
    ],
)
def test_other_beginnings_put_the_channels_first_and_find_the_same(first):
    inputs = keras.Input((*SIZE, 3), dtype="uint8")
    x = inputs
    for layer in first:
        x = layer(x)
    model = with_drawn_weights(keras.Model(inputs, layers.Dense(3, activation="softmax")(layers.Flatten()(x))))
    assert_same(model, close=2e-5)
    assert kinds_in(exported(model))[0] == "Transpose"


@pytest.mark.parametrize("times", [(2, 2), (3, 3), (1, 2)])
def test_pixels_that_are_repeated_are_one_operation(times):
    inputs = keras.Input((*SIZE, 3), dtype="uint8")
    maps = layers.Conv2D(4, 3)(rescaled(inputs))
    larger = tuple(side * count for side, count in zip(maps.shape[1:3], times, strict=True))
    maps = layers.Conv2D(2, 3)(keras.ops.image.resize(maps, larger, interpolation="nearest"))
    model = with_drawn_weights(keras.Model(inputs, layers.Dense(3, activation="softmax")(layers.Flatten()(maps))))
    assert_same(model)
    assert kinds_in(exported(model))[3] == "Resize"


def test_a_map_of_one_column_and_one_channel_that_is_added_is_refused_with_a_remedy():
    orders = [(partial(layers.Conv2D, 1, (1, SIZE[1])), ""), (layers.BatchNormalization, "add")]
    model = built(orders, classes=2, head="flatten", offset=0.0, seed=0)
    with pytest.raises(ModelRefusedError, match=r"as if it were a bias. Use more channels.$"):
        exported(model, classes=2)


def test_joined_maps_an_activation_of_rows_and_a_softmax_layer_predict_the_same():
    inputs = keras.Input((*SIZE, 3), dtype="uint8")
    first = layers.Conv2D(3, 3, padding="same")(layers.Rescaling(1 / 255)(inputs))
    second = layers.Conv2D(3, 5, padding="same", activation="tanh")(first)
    third = layers.DepthwiseConv2D(3, padding="same")(first)
    joined = layers.Concatenate(axis=3)([layers.Add()([first, second, third]), second])
    rows = layers.Concatenate()([layers.GlobalMaxPooling2D()(joined), layers.GlobalAveragePooling2D()(joined)])
    outputs = layers.Softmax()(layers.Dense(3)(layers.Activation("silu")(layers.Flatten()(rows))))
    assert_same(with_drawn_weights(keras.Model(inputs, outputs)))


def test_a_model_within_a_model_a_layer_used_twice_and_one_of_a_users_own_predict_the_same():
    twice = layers.Conv2D(3, 3, padding="same")
    inner = keras.Sequential([layers.Conv2D(3, 3), layers.RandomFlip()])
    assert_same(network(twice, twice, inner, Doubled(4, 3)))


def test_a_pyramid_with_upsampling_and_several_outputs_predicts_the_same():
    inputs = keras.Input((*SIZE, 3), dtype="uint8")
    fine = layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")(layers.Rescaling(1 / 255)(inputs))
    coarse = layers.Conv2D(4, 3, strides=3, padding="same", activation="relu")(fine)
    joined = layers.Add()([fine, layers.UpSampling2D(3)(coarse)])
    heat, sides = layers.Conv2D(2, 1, activation="sigmoid")(joined), 32 * keras.ops.exp(layers.Conv2D(4, 1)(joined))
    model = with_drawn_weights(keras.Model(inputs, [heat, sides]))
    session = onnxruntime.InferenceSession(to_onnx(model, {}, outputs=("heat", "sides")))
    given = pictures(3)
    found = session.run(["sides", "heat"], {INPUT_NAME: given})
    for one, other in zip(found, reversed(model(given, training=False)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=CLOSE)


def test_dark_pictures_are_normalised_as_in_keras():
    model = with_drawn_weights(build_network("compact", size_hw=(96, 32), classes=3))
    dark = pictures(20, (96, 32)) // 64
    np.testing.assert_allclose(classifier(model).predict_batch(dark), expected(model, dark), atol=2e-5)


class Doubled(layers.Conv2D):
    """A layer that looks like one of ours and computes something else."""

    def call(self, inputs):
        return 2 * super().call(inputs)


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (
            layers.Conv2D(3, 3, activation="gelu"),
            "would need the operation Erfc, which ToonVision's files may not have",
        ),
        (layers.Resizing(9, 9), "would need the operation Resize, which"),
        (layers.Resizing(9, 9, interpolation="nearest"), "would need the operation Resize, which"),
        (layers.Normalization(mean=[0.1, 0.2, 0.3], variance=[1, 2, 3]), "would need values as inputs (functional"),
    ],
)
def test_a_layer_that_cannot_be_exported_is_refused_in_one_line_and_nothing_else_is_printed(layer, words, capfd):
    model = network(layer)
    capfd.readouterr()
    with pytest.raises(ModelRefusedError) as refused:
        classifier(model)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
    assert capfd.readouterr() == ("", "")


def test_an_error_of_the_converter_is_one_line(monkeypatch):
    def fail(*_args, **_options):
        raise KeyError("conv:0\nat line 7")

    model = network()
    monkeypatch.setattr(keras.Model, "export", fail)
    with pytest.raises(ModelRefusedError, match=r"functional.*: Keras cannot export it \(KeyError: .*\)\. Use other"):
        exported(model)


def test_a_model_must_end_in_probabilities_of_its_classes():
    inputs = keras.Input((*SIZE, 3), dtype="uint8")
    features = layers.Flatten()(inputs)
    for outputs in (layers.Dense(2, activation="sigmoid")(features), features, [layers.Dense(3)(features)] * 2):
        with pytest.raises(
            ModelRefusedError, match="has one output of 3 probabilities, or one sigmoid for two classes"
        ):
            classifier(keras.Model(inputs, outputs))


@pytest.mark.parametrize("name", ["compact+2", LAYOUT])
def test_equal_weights_are_equal_bytes_whatever_was_built_before(name):
    first, second = (build_network(name, size_hw=(61, 47), classes=3) for _ in range(2))
    second.set_weights(first.get_weights())
    assert exported(first, temperature=1.5) == exported(second, temperature=1.5)


def digest_of_an_export():
    model = with_drawn_weights(build_network("compact+2", size_hw=(61, 47), classes=3))
    return hashlib.sha256(exported(model)).hexdigest()


def test_equal_weights_are_equal_bytes_in_another_process_which_exports_without_a_word():
    """Sets of texts have another order there, and converters go through such sets."""
    code = (
        "from toonvision.models.backend import start_keras; start_keras(); "
        "from deploy.test_conversion import digest_of_an_export; print(digest_of_an_export())"
    )
    paths = os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])
    environment = {**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": paths}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert (done.stdout, done.stderr) == (f"{digest_of_an_export()}\n", "")


def test_temporary_folders_are_removed(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    exported(network())
    assert list(tmp_path.iterdir()) == []


def test_an_export_needs_tensorflow_and_says_so(monkeypatch):
    model = network()
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    with pytest.raises(EnvironmentFaultError, match="needs Keras on TensorFlow; KERAS_BACKEND is torch. Unset it"):
        exported(model)


def test_an_export_without_tf2onnx_says_what_to_install(monkeypatch):
    model = network()
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    monkeypatch.setattr("keras.src.utils.module_utils.tf2onnx.module", None)
    with pytest.raises(EnvironmentFaultError, match=r"needs tf2onnx .* pip install 'toonvision\[train\]'"):
        exported(model)
