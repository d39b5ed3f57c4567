"""Reading a Keras network into a `Graph`: which layers we export, and what each of them is.

A layer is told by its exact type, since a class that inherits from one of Keras' own may compute anything. What a layer
does in training alone is left out.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers

from toonvision.core.errors import ModelRefusedError
from toonvision.deploy.graph import (
    INPUT,
    Activation,
    Affine,
    BesideNormalized,
    Conv,
    Dense,
    Flatten,
    GlobalPool,
    Graph,
    Join,
    Kind,
    Numbers,
    Operation,
    Pool,
    Shape,
    Step,
    same_pads,
)
from toonvision.models import blocks

Layer = Any
"""A layer of Keras, which has no types."""

_ONLY_IN_TRAINING = frozenset(
    {
        layers.Dropout, layers.SpatialDropout2D, layers.GaussianDropout, layers.GaussianNoise, layers.AlphaDropout,
        layers.ActivityRegularization, layers.RandomFlip, layers.RandomRotation, layers.RandomZoom,
        layers.RandomTranslation, layers.RandomContrast, layers.RandomBrightness,
    }
)  # fmt: skip
_ACTIVATIONS: Mapping[str, Activation | None] = {
    "linear": None,
    "relu": Activation("relu"),
    "relu6": Activation("relu", 6.0),
    "sigmoid": Activation("sigmoid"),
    "tanh": Activation("tanh"),
    "silu": Activation("silu"),
    "hard_silu": Activation("hard_silu"),
    "softmax": Activation("softmax"),
}


def read_graph(model: keras.Model) -> Graph:
    """Read what a network computes when it is not being trained.

    Args:
        model: A functional network from pictures ``(batch, height, width, 3)`` to one output.

    Raises:
        ModelRefusedError: If it has a layer that cannot be exported, naming it.
    """
    if not hasattr(model, "operations"):
        raise ModelRefusedError(f"{model.name}: only functional networks are exported; got a {_kind(model)}.")
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ModelRefusedError(f"{model.name}: an exported network has one input and one output; got several.")
    reader = _Reader(model)
    for layer in model.operations:
        reader.read(layer)
    return reader.graph(model.outputs[0])


class _Reader:
    """Reads layers in order, and remembers which step gives which tensor."""

    def __init__(self, model: keras.Model) -> None:
        shape = tuple(model.inputs[0].shape[1:])
        if len(shape) != 3 or None in shape or shape[2] != 3:
            raise ModelRefusedError(f"{model.name}: pictures have a height, a width and 3 channels; got {shape}.")
        self._shape: tuple[int, int, int] = (shape[0], shape[1], shape[2])
        self._names = {id(model.inputs[0]): INPUT}
        self._shapes: dict[str, Shape] = {INPUT: self._shape}
        self._steps: list[Step] = []

    def graph(self, output: Any) -> Graph:
        name = self._names[id(output)]
        last = next((at for at, step in enumerate(self._steps) if step.name == name), None)
        if last is None or last + 1 != len(self._steps):
            raise ModelRefusedError("the last layer of an exported network gives its output; got another one.")
        return Graph(self._shape, tuple(self._steps))

    def read(self, layer: Layer) -> None:
        if type(layer) is layers.InputLayer:
            return
        # Keras tells only by this list whether a layer is shared.
        if len(layer._inbound_nodes) != 1:
            raise ModelRefusedError(f"layer {layer.name!r} ({_kind(layer)}) is used twice, which cannot be exported.")
        try:
            given = layer.input if isinstance(layer.input, list | tuple) else [layer.input]
            output = layer.output
            names = [self._names[id(tensor)] for tensor in given]
        except (AttributeError, ValueError, KeyError) as error:
            raise ModelRefusedError(
                f"layer {layer.name!r} ({_kind(layer)}) is used in a way that is not known."
            ) from error
        convert = _CONVERTERS.get(type(layer))
        if type(layer) in _ONLY_IN_TRAINING:
            operations: Sequence[Operation] = ()
        elif convert is None:
            raise ModelRefusedError(f"layer {layer.name!r}: a {_kind(layer)} cannot be exported.")
        else:
            operations = convert(layer, self._shapes[names[0]])
        for number, operation in enumerate(operations):
            shape = _shape_after(operation, [self._shapes[name] for name in names])
            self._steps.append(Step(f"{layer.name}.{number}" if number else layer.name, operation, tuple(names), shape))
            names = [self._steps[-1].name]
            self._shapes[names[0]] = shape
        if self._shapes[names[0]] != tuple(output.shape[1:]):
            raise ModelRefusedError(f"layer {layer.name!r} ({_kind(layer)}) gives another shape than was expected.")
        self._names[id(output)] = names[0]


def _shape_after(operation: Operation, shapes: Sequence[Shape]) -> Shape:
    shape = shapes[0]
    if isinstance(operation, Conv):
        reach = _dilated(operation.kernel.shape[:2], operation.dilations)
        return (*_slid(shape, reach, operation.strides, operation.pads), operation.kernel.shape[3])
    if isinstance(operation, Pool):
        return (*_slid(shape, operation.size, operation.strides, operation.pads), shape[2])
    if isinstance(operation, GlobalPool):
        return (shape[2],)
    if isinstance(operation, Dense):
        return (operation.kernel.shape[1],)
    if isinstance(operation, BesideNormalized):
        return (*shape[:2], 2 * shape[2])
    if isinstance(operation, Flatten):
        return (math.prod(shape),)
    if isinstance(operation, Join) and operation.how == "concatenate":
        return (*shape[:-1], sum(one[-1] for one in shapes))
    return shape


def _slid(shape: Shape, reach: Shape, strides: tuple[int, int], pads: tuple[int, ...]) -> tuple[int, int]:
    height = (shape[0] + pads[0] + pads[2] - reach[0]) // strides[0] + 1
    return height, (shape[1] + pads[1] + pads[3] - reach[1]) // strides[1] + 1


def _dilated(window: Shape, dilations: tuple[int, int]) -> tuple[int, int]:
    return (window[0] - 1) * dilations[0] + 1, (window[1] - 1) * dilations[1] + 1


def _conv(layer: Layer, shape: Shape) -> list[Operation]:
    kernel = _numbers(layer.kernel)
    bias = _numbers(layer.bias) if layer.use_bias else np.zeros(kernel.shape[3])
    return [_sliding(layer, shape, kernel, bias, layer.groups), *_activation(layer)]


def _depthwise(layer: Layer, shape: Shape) -> list[Operation]:
    kernel = _by_channel(_numbers(layer.kernel))
    bias = _numbers(layer.bias) if layer.use_bias else np.zeros(kernel.shape[3])
    return [_sliding(layer, shape, kernel, bias, shape[2]), *_activation(layer)]


def _separable(layer: Layer, shape: Shape) -> list[Operation]:
    depthwise, pointwise = _by_channel(_numbers(layer.depthwise_kernel)), _numbers(layer.pointwise_kernel)
    bias = _numbers(layer.bias) if layer.use_bias else np.zeros(pointwise.shape[3])
    first = _sliding(layer, shape, depthwise, np.zeros(depthwise.shape[3]), shape[2])
    return [first, Conv(pointwise, bias), *_activation(layer)]


def _by_channel(kernel: Numbers) -> Numbers:
    """Turn filters of single channels, ``(height, width, channels, multiplier)``, into those of as many groups."""
    return kernel.reshape(*kernel.shape[:2], 1, -1)


def _sliding(layer: Layer, shape: Shape, kernel: Numbers, bias: Numbers, groups: int) -> Conv:
    strides, dilations = _pair(layer.strides), _pair(layer.dilation_rate)
    pads = _pads(layer, shape, _dilated(kernel.shape[:2], dilations), strides)
    return Conv(kernel, bias, strides, pads, dilations, groups)


def _pads(layer: Layer, shape: Shape, reach: tuple[int, int], strides: tuple[int, int]) -> tuple[int, int, int, int]:
    if layer.data_format != "channels_last" or layer.padding not in {"same", "valid"}:
        raise ModelRefusedError(
            f"layer {layer.name!r}: padding is same or valid, and channels come last; got {layer.padding} and "
            f"{layer.data_format}."
        )
    return same_pads((shape[0], shape[1]), reach, strides) if layer.padding == "same" else (0, 0, 0, 0)


def _pool(kind: Kind) -> Callable[[Layer, Shape], list[Operation]]:
    def convert(layer: Layer, shape: Shape) -> list[Operation]:
        size, strides = _pair(layer.pool_size), _pair(layer.strides)
        return [Pool(kind, size, strides, _pads(layer, shape, size, strides))]

    return convert


def _global_pool(kind: Kind) -> Callable[[Layer, Shape], list[Operation]]:
    def convert(layer: Layer, _shape: Shape) -> list[Operation]:
        _require(layer, keepdims=False, data_format="channels_last")
        return [GlobalPool(kind)]

    return convert


def _dense(layer: Layer, shape: Shape) -> list[Operation]:
    if len(shape) != 1:
        raise ModelRefusedError(f"layer {layer.name!r}: a Dense layer of maps cannot be exported; flatten them first.")
    kernel = _numbers(layer.kernel)
    bias = _numbers(layer.bias) if layer.use_bias else np.zeros(kernel.shape[1])
    return [Dense(kernel, bias), *_activation(layer)]


def _batch_normalization(layer: Layer, shape: Shape) -> list[Operation]:
    if layer.axis not in {-1, len(shape)}:
        raise ModelRefusedError(f"layer {layer.name!r}: channels alone can be normalised; got axis {layer.axis}.")
    mean, variance = _numbers(layer.moving_mean), _numbers(layer.moving_variance)
    scale = 1 / np.sqrt(variance + layer.epsilon)
    scale = scale * _numbers(layer.gamma) if layer.scale else scale
    return [Affine(scale, (_numbers(layer.beta) if layer.center else 0.0) - mean * scale)]


def _beside_normalized(layer: Layer, _shape: Shape) -> list[Operation]:
    return [BesideNormalized(float(layer.epsilon))]


def _rescaling(layer: Layer, shape: Shape) -> list[Operation]:
    ones = np.ones(shape[-1])
    try:
        return [Affine(ones * np.asarray(layer.scale), ones * np.asarray(layer.offset))]
    except (TypeError, ValueError) as error:
        raise ModelRefusedError(f"layer {layer.name!r}: a Rescaling takes a number, or one a channel.") from error


def _relu(layer: Layer, _shape: Shape) -> list[Operation]:
    _require(layer, negative_slope=0.0, threshold=0.0)
    return [Activation("relu", math.inf if layer.max_value is None else float(layer.max_value))]


def _softmax(layer: Layer, shape: Shape) -> list[Operation]:
    if len(shape) != 1 or layer.axis not in {-1, 1}:
        raise ModelRefusedError(f"layer {layer.name!r}: a softmax of rows alone can be exported.")
    return [Activation("softmax")]


def _flatten(layer: Layer, shape: Shape) -> list[Operation]:
    _require(layer, data_format="channels_last")
    return [Flatten()] if len(shape) == 3 else []


def _add(layer: Layer, _shape: Shape) -> list[Operation]:
    shapes = {tuple(tensor.shape[1:]) for tensor in layer.input}
    if len(shapes) > 1:
        raise ModelRefusedError(f"layer {layer.name!r}: maps of one shape can be added; got {sorted(shapes)}.")
    return [Join("add")]


def _concatenate(layer: Layer, shape: Shape) -> list[Operation]:
    if layer.axis not in {-1, len(shape)}:
        raise ModelRefusedError(f"layer {layer.name!r}: channels alone can be concatenated; got axis {layer.axis}.")
    return [Join("concatenate")]


def _activation(layer: Layer, _shape: Shape = ()) -> list[Operation]:
    name = getattr(layer.activation, "__name__", _kind(layer.activation))
    if name not in _ACTIVATIONS or layer.activation is not getattr(keras.activations, name):
        raise ModelRefusedError(f"layer {layer.name!r}: the activation {name} cannot be exported.")
    found = _ACTIVATIONS[name]
    if name == "softmax" and len(layer.output.shape) != 2:
        raise ModelRefusedError(f"layer {layer.name!r}: a softmax of rows alone can be exported.")
    return [] if found is None else [found]


def _require(layer: Layer, **wanted: object) -> None:
    for name, value in wanted.items():
        if getattr(layer, name) != value:
            raise ModelRefusedError(
                f"layer {layer.name!r}: a {_kind(layer)} is exported with {name} = {value!r} alone; got "
                f"{getattr(layer, name)!r}."
            )


def _numbers(variable: Any) -> Numbers:
    return np.asarray(keras.ops.convert_to_numpy(variable), dtype=np.float64)


def _pair(value: Any) -> tuple[int, int]:
    down, across = (value, value) if isinstance(value, int) else value
    return int(down), int(across)


def _kind(thing: object) -> str:
    return type(thing).__name__


_CONVERTERS: Mapping[type, Callable[[Layer, Shape], Sequence[Operation]]] = {
    layers.Conv2D: _conv,
    layers.DepthwiseConv2D: _depthwise,
    layers.SeparableConv2D: _separable,
    layers.BatchNormalization: _batch_normalization,
    blocks.BesideNormalized: _beside_normalized,
    layers.Rescaling: _rescaling,
    layers.Activation: _activation,
    layers.ReLU: _relu,
    layers.Softmax: _softmax,
    layers.MaxPooling2D: _pool("max"),
    layers.AveragePooling2D: _pool("average"),
    layers.GlobalAveragePooling2D: _global_pool("average"),
    layers.GlobalMaxPooling2D: _global_pool("max"),
    layers.Flatten: _flatten,
    layers.Dense: _dense,
    layers.Add: _add,
    layers.Concatenate: _concatenate,
}
