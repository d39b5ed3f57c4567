"""Writing a `Graph` as an ONNX file: uint8 pictures in, probabilities out, channels first inside.

Our own writer over the `onnx` package's helpers: the steps are few, the graph stays readable, and no converter has to
be trusted with it. ONNX Runtime wants channels first, so that pictures are turned once, while they are bytes; weights
are laid out here, once and for all.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from toonvision.core.errors import ModelRefusedError
from toonvision.deploy.checks import FORMAT_VERSION, INPUT_NAME, OPSET, OUTPUT_NAME, PRODUCER
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
    Pool,
    Step,
)
from toonvision.metrics.calibration import LOWEST


def write_onnx(graph: Graph, *, classes: int, temperature: float | None, metadata: Mapping[str, str]) -> bytes:
    """Write a network as the bytes of an ONNX file.

    Args:
        graph: Its output is a softmax, or one sigmoid where there are two classes.
        classes: How many probabilities come out.
        temperature: What logits are divided by; None for 1.
        metadata: Kept in the file, in the order of its keys.

    Raises:
        ModelRefusedError: If the output gives no such probabilities.
    """
    _require_probabilities(graph, classes)
    writer = _Writer(graph)
    writer.write(classes, temperature)
    made = helper.make_graph(
        writer.nodes,
        "toonvision",
        [helper.make_tensor_value_info(INPUT_NAME, TensorProto.UINT8, ["batch", *graph.input_shape])],
        [helper.make_tensor_value_info(OUTPUT_NAME, TensorProto.FLOAT, ["batch", classes])],
        writer.constants,
    )
    return pack(made, metadata)


def pack(graph: onnx.GraphProto, metadata: Mapping[str, str]) -> bytes:
    """Make the bytes of a file of a graph; the same graph and metadata give the same bytes."""
    model = helper.make_model(
        graph, producer_name=PRODUCER, ir_version=FORMAT_VERSION, opset_imports=[helper.make_opsetid("", OPSET)]
    )
    for key, value in metadata.items():
        model.metadata_props.add(key=key, value=value)
    return bytes(model.SerializeToString(deterministic=True))


def described(content: bytes, metadata: Mapping[str, str]) -> bytes:
    """Give the bytes of the same file with other metadata."""
    return pack(onnx.load_model_from_string(content).graph, metadata)


def _require_probabilities(graph: Graph, classes: int) -> None:
    last = graph.steps[-1]
    name = last.operation.name if isinstance(last.operation, Activation) else ""
    sound = (classes == 2 and last.shape == (1,) and name == "sigmoid") or (
        classes >= 2 and last.shape == (classes,) and name == "softmax"
    )
    if not sound:
        raise ModelRefusedError(
            f"an exported network ends in a softmax of its {classes} classes, or in one sigmoid for two; got "
            f"{name or type(last.operation).__name__} of shape {last.shape}."
        )


class _Writer:
    """Collects nodes and constants."""

    def __init__(self, graph: Graph) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._graph = graph
        self._names: dict[str, str] = {}

    def write(self, classes: int, temperature: float | None) -> None:
        turned = self._node("Transpose", INPUT_NAME, perm=[0, 3, 1, 2])
        self._names[INPUT] = self._node("Cast", turned, to=TensorProto.FLOAT)
        for step in self._graph.steps:
            self._names[step.name] = self._step(step, [self._names[name] for name in step.inputs])
        found = self._names[self._graph.steps[-1].name]
        if self._graph.steps[-1].shape == (1,) and classes == 2:
            other = self._node("Sub", self._constant("one", np.ones(1)), found)
            found = self._node("Concat", other, found, axis=1)
        if temperature is not None:
            raised = self._node("Max", found, self._constant("lowest", np.full(1, LOWEST)))
            logs = self._node("Log", raised)
            cooled = self._node("Mul", logs, self._constant("inverse_temperature", np.full(1, 1 / temperature)))
            found = self._node("Softmax", cooled, axis=1)
        assert self.nodes[-1].output[0] == found
        self.nodes[-1].output[0] = OUTPUT_NAME

    def _step(self, step: Step, given: Sequence[str]) -> str:
        done = step.operation
        if isinstance(done, Conv):
            weights = self._constant("kernel", done.kernel.transpose(3, 2, 0, 1))
            return self._node(
                "Conv",
                given[0],
                weights,
                self._constant("bias", done.bias),
                kernel_shape=done.kernel.shape[:2],
                strides=done.strides,
                pads=done.pads,
                dilations=done.dilations,
                group=done.groups,
            )
        if isinstance(done, Pool):
            kind = "MaxPool" if done.kind == "max" else "AveragePool"
            return self._node(kind, given[0], kernel_shape=done.size, strides=done.strides, pads=done.pads)
        if isinstance(done, GlobalPool):
            kind = "GlobalMaxPool" if done.kind == "max" else "GlobalAveragePool"
            return self._node("Flatten", self._node(kind, given[0]), axis=1)
        if isinstance(done, Dense):
            kernel, bias = self._constant("kernel", done.kernel), self._constant("bias", done.bias)
            return self._node("Gemm", given[0], kernel, bias)
        if isinstance(done, Affine):
            return self._affine(done, given[0], rank=len(step.shape))
        if isinstance(done, BesideNormalized):
            height, width, _ = step.shape
            return self._beside_normalized(done, given[0], (height, width))
        if isinstance(done, Activation):
            return self._activation(done, given[0])
        if isinstance(done, Flatten):
            source = given[0]
            height, width, _ = self._graph.shape_of(step.inputs[0])
            if not done.channels_first and height * width > 1:
                source = self._node("Transpose", source, perm=[0, 2, 3, 1])
            return self._node("Flatten", source, axis=1)
        return self._join(done, given)

    def _affine(self, done: Affine, given: str, *, rank: int) -> str:
        shape = (-1, 1, 1) if rank == 3 else (-1,)
        found = given
        if (done.scale != 1).any():
            found = self._node("Mul", found, self._constant("scale", done.scale.reshape(shape)))
        if done.offset.any() or found == given:
            found = self._node("Add", found, self._constant("offset", done.offset.reshape(shape)))
        return found

    def _beside_normalized(self, done: BesideNormalized, given: str, size_hw: tuple[int, int]) -> str:
        """Write the steps out: ONNX Runtime's own normalisation and global means lose digits, summing one by one."""

        def mean(of: str) -> str:
            for size in ((1, size_hw[1]), (size_hw[0], 1)):
                of = self._node("AveragePool", of, kernel_shape=size, strides=size)
            return of

        centred = self._node("Sub", given, mean(given))
        variance = mean(self._node("Mul", centred, centred))
        raised = self._node("Add", variance, self._constant("epsilon", np.full(1, done.epsilon)))
        return self._node("Concat", given, self._node("Div", centred, self._node("Sqrt", raised)), axis=1)

    def _activation(self, done: Activation, given: str) -> str:
        match done.name:
            case "relu" if math.isinf(done.highest):
                return self._node("Relu", given)
            case "relu":
                bounds = self._constant("least", np.array(0.0)), self._constant("most", np.array(done.highest))
                return self._node("Clip", given, *bounds)
            case "silu":
                return self._node("Mul", given, self._node("Sigmoid", given))
            case "hard_silu":
                return self._node("HardSwish", given)
            case "softmax":
                return self._node("Softmax", given, axis=1)
            case "sigmoid":
                return self._node("Sigmoid", given)
            case "tanh":
                return self._node("Tanh", given)

    def _join(self, done: Join, given: Sequence[str]) -> str:
        if done.how == "concatenate":
            return self._node("Concat", *given, axis=1)
        found = given[0]
        for other in given[1:]:
            found = self._node("Add", found, other)
        return found

    def _node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def _constant(self, what: str, values: npt.NDArray[np.float64]) -> str:
        name = f"{what}_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values, dtype=np.float32), name))
        return name
