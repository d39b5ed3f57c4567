"""How an exported graph begins: from bytes with the channels last to the first convolution.

Keras' export puts the channels first, makes floats of the bytes, multiplies and adds: four passes over the picture,
which take a sixth of the time of a detector. Fewer operations do the same: a row of pixels, three bytes each, is also a
row of single bytes, three times as long, and a kernel that is three times as wide and moves three times as far makes
the same sums. The byte nearest to 0 is taken off; what it lacks of 0 is added by the bias.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

_CHANNELS_FIRST = [0, 3, 1, 2]
_BEGINNINGS = (["Cast", "Mul", "Conv"], ["Cast", "Mul", "Add", "Conv"])
Values = dict[str, npt.NDArray[Any]]


def take_bytes(graph: onnx.GraphProto, name: str, values: Values) -> None:
    """Let a traced graph take bytes with the channels last; it is changed in place.

    Args:
        graph: From uint8 images of shape ``(1, channels, height, width)``.
        name: A name for its new input, of shape ``(1, height, width, channels)``.
        values: Its constants by name.
    """
    one, channels, height, width = (side.dim_value for side in graph.input[0].type.tensor_type.shape.dim)
    nodes = _first_steps(graph)
    if _can_be_joined(nodes, values):
        steps, constants = _joined(nodes, values, name, (1, 1, height, width * channels))
        for node in nodes:
            graph.node.remove(node)
        graph.initializer.extend(numpy_helper.from_array(value, key) for key, value in constants.items())
    else:
        steps = [helper.make_node("Transpose", [name], [graph.input[0].name], perm=_CHANNELS_FIRST)]
    for step in reversed(steps):
        graph.node.insert(0, step)
    shape = [one, height, width, channels]
    graph.input[0].CopyFrom(helper.make_tensor_value_info(name, onnx.TensorProto.UINT8, shape))


def _first_steps(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """Return the steps from the input to the first convolution, or to where two steps need the same."""
    steps, name = list[onnx.NodeProto](), graph.input[0].name
    while not steps or steps[-1].op_type != "Conv":
        readers = [node for node in graph.node if name in node.input]
        if len(readers) != 1:
            break
        steps, name = [*steps, *readers], readers[0].output[0]
    return steps


def _can_be_joined(nodes: Sequence[onnx.NodeProto], values: Values) -> bool:
    """Return whether steps multiply, perhaps add, and slide one kernel over all channels without gaps."""
    if [node.op_type for node in nodes] not in _BEGINNINGS or any(node.input[1] not in values for node in nodes[1:]):
        return False
    settings = _settings(nodes[-1])
    plain = settings.get("group", 1) == 1 and set(settings.get("dilations", [1])) == {1}
    factors = [values[node.input[1]] for node in nodes[1:-1]]
    return plain and all(one.size == 1 for one in factors) and factors[0].item() != 0


def _joined(
    nodes: Sequence[onnx.NodeProto], values: Values, name: str, shape: tuple[int, ...]
) -> tuple[list[onnx.NodeProto], Values]:
    """Return the steps that do the same from bytes with the channels last, and their constants."""
    *factors, kernel = (values[node.input[1]] for node in nodes[1:])
    scale, added = (float(one.item()) for one in (*factors, np.zeros(1))[:2])
    zero = int(np.clip(round(-added / scale), 0, 255))
    rest = zero * scale + added
    filters, channels, rows, columns = kernel.shape
    settings = _settings(nodes[-1])
    down, across = settings["strides"]
    top, left, bottom, right = settings.get("pads", [0] * 4)
    pads = [top, left * channels, bottom, right * channels]
    bias = values[nodes[-1].input[2]] if len(nodes[-1].input) > 2 else np.zeros(filters)
    constants: Values = {
        "byte_rows": np.array(shape),
        "byte_scale": np.array(scale, np.float32),
        "byte_zero": np.array(zero, np.uint8),
        "byte_kernel": kernel.transpose(0, 2, 3, 1).reshape(filters, 1, rows, columns * channels),
        "byte_bias": (bias + rest * kernel.sum(axis=(1, 2, 3), dtype=np.float64)).astype(np.float32),
    }
    steps = [
        helper.make_node("Reshape", [name, "byte_rows"], ["rows_of_bytes"]),
        helper.make_node("DequantizeLinear", ["rows_of_bytes", "byte_scale", "byte_zero"], ["rescaled_bytes"]),
    ]
    if rest and any(pads):  # the bias adds the rest to the zeros around the picture, too
        constants["byte_pads"] = np.array([0, 0, *pads[:2], 0, 0, *pads[2:]])
        constants["byte_around"] = np.array(-rest, np.float32)
        steps.append(helper.make_node("Pad", ["rescaled_bytes", "byte_pads", "byte_around"], ["padded_bytes"]))
        pads = [0] * 4
    given = [steps[-1].output[0], "byte_kernel", "byte_bias"]
    window = {"kernel_shape": [rows, columns * channels], "strides": [down, across * channels], "pads": pads}
    return [*steps, helper.make_node("Conv", given, nodes[-1].output, **window)], constants


def _settings(node: onnx.NodeProto) -> dict[str, Any]:
    return {one.name: helper.get_attribute_value(one) for one in node.attribute}
