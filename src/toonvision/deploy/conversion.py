"""Converting a model to ONNX by Keras' own export (tf2onnx), written again so that equal weights are equal bytes.

tf2onnx names and orders what it writes by counters and hashes of the process. So its graph is written a second time:
nodes in the order in which the outputs need them, named by their number. The model is traced with the channels first
and a batch of one: so tf2onnx moves every transposition to the input, and no shape is computed when the file runs.
What may vary, the batch and perhaps the width, is left open in the file afterwards.
"""

import logging
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import onnx
from keras import layers, ops
from onnx import helper, numpy_helper, shape_inference

from toonvision.core.errors import EnvironmentFaultError, ModelRefusedError
from toonvision.deploy.byte_input import Values, take_bytes
from toonvision.deploy.checks import FORMAT_VERSION, INPUT_NAME, KNOWN_OPERATIONS, OPSET, OUTPUT_NAME, PRODUCER, REPEATS
from toonvision.metrics.calibration import LOWEST
from toonvision.metrics.novelty import NoveltyScore
from toonvision.models.backend import muted_stderr
from toonvision.models.features import band_features

_CHANNELS_LAST = [0, 2, 3, 1]


def with_probabilities(model: keras.Model, *, classes: int, temperature: float | None) -> keras.Model:
    """Return a model that answers with one calibrated probability per class.

    Args:
        model: From images to a softmax ``(batch, classes)``, or to one sigmoid ``(batch, 1)`` for two classes.
        classes: How many classes there are, 2 or more.
        temperature: What logits are divided by; None for 1.

    Raises:
        ModelRefusedError: If the output has another shape.
    """
    rows = model.outputs[0]
    if len(model.outputs) > 1 or rows.shape[1:] not in {(classes,), (1,) if classes == 2 else ()}:
        shapes = ", ".join(str(output.shape[1:]) for output in model.outputs)
        raise ModelRefusedError(
            f"{model.name}: an exported classifier has one output of {classes} probabilities, or one sigmoid for two "
            f"classes; got {shapes}."
        )
    if rows.shape[1] < classes:
        rows = layers.Concatenate()([1 - rows, rows])
    if temperature is not None:
        rows = ops.softmax(ops.log(ops.maximum(rows, LOWEST)) * (1 / temperature))
    return keras.Model(model.inputs, rows, name=model.name)


def with_novelty(model: keras.Model, source: keras.Model, score: NoveltyScore) -> keras.Model:
    """Return a model that also answers with a novelty score, shape ``(batch, 1)``.

    Args:
        model: What `with_probabilities` made of the source.
        source: The network whose features the score is computed from.
        score: The score.
    """
    head = layers.Dense(1)
    scores = head(band_features(source, version=score.features))
    head.set_weights([np.array(score.weights, np.float32)[:, None], np.array([score.bias], np.float32)])
    return keras.Model(model.inputs, [model.outputs[0], scores], name=model.name)


def to_onnx(
    model: keras.Model,
    metadata: Mapping[str, str],
    outputs: Sequence[str] = (OUTPUT_NAME,),
    *,
    any_width: bool = False,
) -> bytes:
    """Return the bytes of an ONNX file that takes batches of any size, the same for the same weights.

    Args:
        model: From uint8 images ``(batch, height, width, channels)`` to float32 outputs ``(batch, ...)``.
        metadata: Stored in the file, in the order of its keys.
        outputs: A name for each output.
        any_width: Whether the file takes pictures of other widths too. So it can only be where nothing but the number
            of columns, or of all cells, depends on the width: the last but one side of each output.

    Raises:
        EnvironmentFaultError: If Keras does not run on TensorFlow, or tf2onnx is missing.
        ModelRefusedError: If Keras cannot convert a layer, or the file would need an operation that our check of
            foreign files does not know.
    """
    traced = _traced(model)
    graph = traced.graph
    values = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    _require_known(graph, values, model.name)
    take_bytes(graph, INPUT_NAME, values)
    return pack(rewritten(traced, outputs, any_width=any_width), metadata)


def rewritten(
    model: onnx.ModelProto, outputs: Sequence[str] = (OUTPUT_NAME,), *, any_width: bool = False
) -> onnx.GraphProto:
    """Write the graph of a model with one input again: what its outputs need, in one order, for batches of any size."""
    graph = shape_inference.infer_shapes(model).graph
    shapes = {one.name: _shape(one) for one in (*graph.value_info, *graph.output)}
    ends = {one.name: name for one, name in zip(graph.output, outputs, strict=True)}
    writer = _Writer(graph.initializer, any_width=any_width)
    writer.names[graph.input[0].name] = INPUT_NAME
    for node in _in_order(graph):
        source, result = node.input[0], node.output[0]
        same = node.op_type == "Reshape" and 0 not in shapes.get(source, [0]) and shapes[source] == shapes.get(result)
        if same and result not in ends:
            writer.names[result] = writer.names[source]
        else:
            writer.write(node, ends)
    return helper.make_graph(
        writer.nodes,
        "toonvision",
        [_port(graph.input[0], INPUT_NAME, any_width)],
        [_port(one, ends[one.name], any_width) for one in graph.output],
        writer.constants,
    )


def pack(graph: onnx.GraphProto, metadata: Mapping[str, str]) -> bytes:
    """Return a file's bytes; the same for the same graph and metadata."""
    model = helper.make_model(
        graph, producer_name=PRODUCER, ir_version=FORMAT_VERSION, opset_imports=[helper.make_opsetid("", OPSET)]
    )
    for key, value in metadata.items():
        model.metadata_props.add(key=key, value=value)
    return bytes(model.SerializeToString(deterministic=True))


def described(content: bytes, metadata: Mapping[str, str]) -> bytes:
    """Return the bytes of the same file with other metadata."""
    return pack(onnx.load_model_from_string(content).graph, metadata)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep warnings and logs of converters, which speak to their developers, off the terminal."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _traced(model: keras.Model) -> onnx.ModelProto:
    """Run Keras' export on the model as it predicts, channels first, in batches of one."""
    if keras.backend.backend() != "tensorflow":
        raise EnvironmentFaultError(
            f"an export needs Keras on TensorFlow; KERAS_BACKEND is {keras.backend.backend()}. Unset it for this "
            "command: a run's weights are the same for every backend."
        )
    height, width, channels = model.inputs[0].shape[1:]
    inputs = keras.Input((channels, height, width), dtype="uint8")
    # Layers that augment would go on doing so without training=False.
    predicting = keras.Model(inputs, model(ops.transpose(inputs, _CHANNELS_LAST), training=False))
    signature = keras.InputSpec(shape=(1, channels, height, width), dtype="uint8", name="channels_first")
    try:
        with tempfile.TemporaryDirectory() as folder, quiet(), muted_stderr():
            path = Path(folder) / "model.onnx"
            predicting.export(path, format="onnx", verbose=False, opset_version=OPSET, input_signature=[signature])
            return onnx.load(path)
    except ImportError as error:
        raise EnvironmentFaultError(
            f"an export needs tf2onnx ({error}). Run: pip install 'toonvision[train]'"
        ) from error
    except (OSError, MemoryError):
        raise
    except Exception as error:  # tf2onnx raises whatever it stumbles over
        reason = str(error).partition("\n")[0]
        raise ModelRefusedError(
            f"{model.name}: Keras cannot export it ({type(error).__name__}: {reason}). Use other layers."
        ) from error


def _require_known(graph: onnx.GraphProto, values: Values, name: str) -> None:
    unknown = sorted({node.op_type for node in graph.node if not _is_known(node, values)})
    if unknown:
        raise ModelRefusedError(
            f"{name}: its export would need the operation {', '.join(unknown)}, which ToonVision's files may not have. "
            "Use other layers."
        )
    # Keras takes a map of one column and one channel, in a batch of one, for a bias; tf2onnx then adds it wrongly.
    if any(node.op_type == "Squeeze" and len(node.input) == 1 for node in graph.node):
        raise ModelRefusedError(
            f"{name}: its export would add a map of one column and one channel as if it were a bias. Use more channels."
        )
    if len(graph.input) > 1:  # what tf2onnx makes of constants that are not weights
        listed = ", ".join(one.name for one in graph.input[1:])
        raise ModelRefusedError(f"{name}: its export would need values as inputs ({listed}). Use other layers.")


def _is_known(node: onnx.NodeProto, values: Values) -> bool:
    """Return whether our files may have a step; of those that resize only one that repeats each pixel as often."""
    if node.op_type != "Resize":
        return not node.domain and node.op_type in KNOWN_OPERATIONS
    times = values.get(node.input[2], np.zeros(0, np.float32))
    repeats = any(one.name == "mode" and one.s == b"nearest" for one in node.attribute)
    return repeats and times.size > 0 and bool((times == np.maximum(times.round(), 1)).all())


def _in_order(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """Return the nodes that the outputs need, each after those that it needs, whatever order they are stored in."""
    makers = {name: node for node in graph.node for name in node.output}
    waiting = [one.name for one in reversed(graph.output)]
    ordered: dict[str, onnx.NodeProto] = {}
    while waiting:
        node = makers.get(waiting[-1])
        if node is None or node.output[0] in ordered:
            waiting.pop()
            continue
        missing = [name for name in node.input if name in makers and makers[name].output[0] not in ordered]
        waiting += reversed(missing)
        if not missing:
            ordered[node.output[0]] = node
    return list(ordered.values())


class _Writer:
    """Writes nodes and the constants that they use under new names."""

    def __init__(self, constants: Sequence[onnx.TensorProto], *, any_width: bool) -> None:
        self._reshaping = _for_any_width if any_width else _for_any_batch
        self.names: dict[str, str] = {}
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._values = {one.name: numpy_helper.to_array(one) for one in constants}

    def write(self, node: onnx.NodeProto, ends: Mapping[str, str]) -> None:
        """Write a node whose inputs are written or constant; its outputs are named by its number or as said."""
        if node.op_type == "Reshape" and node.input[1] in self._values:
            given = [self._named(node.input[0]), self._constant(self._reshaping(self._values[node.input[1]]))]
        elif node.op_type == "Resize":  # its second input is of a rule that is not used, and empty
            given = [self._named(node.input[0]), "", self._named(node.input[2])]
        else:
            given = [self._named(name) for name in node.input]
        kind = f"{node.op_type.lower()}_{len(self.nodes)}"
        for number, name in enumerate(node.output):
            self.names[name] = ends.get(name) or (f"{kind}_{number}" if number else kind)
        new = helper.make_node(node.op_type, given, [self.names[name] for name in node.output], name=kind)
        # Of all rules that repeat pixels, only one is known to ONNX Runtime's fastest convolutions.
        repeats = [helper.make_attribute(key, value) for key, value in REPEATS.items()]
        settings = repeats if node.op_type == "Resize" else node.attribute
        new.attribute.extend(sorted(settings, key=lambda one: one.name))
        self.nodes.append(new)

    def _named(self, name: str) -> str:
        if name and name not in self.names:
            self.names[name] = self._constant(self._values[name])
        return self.names.get(name, "")

    def _constant(self, values: npt.NDArray[Any]) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(values, name))
        return name


def _for_any_batch(target: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Leave the first side of a new shape open: traced for a batch of one, it holds whatever the batch is then."""
    return np.concatenate([[-1], target[1:]]).astype(target.dtype) if (target > 0).all() else target


def _for_any_width(target: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Keep the batch of a new shape, and leave its columns open: the last of channels first, else the last but one."""
    opened = target.copy()
    opened[0], opened[-1 if len(target) == len(_CHANNELS_LAST) and target[1] == 1 else -2] = 0, -1
    return opened


def _shape(port: onnx.ValueInfoProto) -> list[int]:
    """Return the sides of a tensor, 0 where one is not known."""
    return [side.dim_value for side in port.type.tensor_type.shape.dim]


def _port(port: onnx.ValueInfoProto, name: str, any_width: bool) -> onnx.ValueInfoProto:
    sides: list[int | str] = [side.dim_value or side.dim_param for side in port.type.tensor_type.shape.dim]
    sides[0] = "batch"
    if any_width:
        sides[-2] = f"{name}_across"
    return helper.make_tensor_value_info(name, port.type.tensor_type.elem_type, sides)
