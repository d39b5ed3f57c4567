"""Trees on colour histograms as an ONNX graph of plain operations: from the pixels to the shares of the votes.

The nodes of all trees stand in three constants, and all trees take one step at a time. ONNX has an operation for whole
forests, in a domain of its own. But it lists ten settings for every node, several times the space, and our check of
foreign files would have to know what a tree is.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from toonvision.deploy.checks import INPUT_NAME, OUTPUT_NAME
from toonvision.deploy.conversion import pack
from toonvision.metrics.calibration import LOWEST
from toonvision.models.forest import COLOURS, SHADES, Forest, band_offsets


def forest_to_onnx(forest: Forest, metadata: Mapping[str, str], *, temperature: float | None) -> bytes:
    """Return the bytes of an ONNX file that takes batches of any size, the same for the same trees.

    Args:
        forest: From uint8 images ``(batch, height, width, 3)`` to probabilities ``(batch, classes)``.
        metadata: Stored in the file, in the order of its keys.
        temperature: What logits are divided by; None for 1.
    """
    made = _Graph()
    votes = _votes(made, forest, _counts(made, forest))
    shares = made.node("ReduceMean", votes, axes=[1], keepdims=0)
    rows = made.node("Add", made.node("Mul", shares, made.constant(forest.weight)), made.constant(forest.spread))
    if temperature is not None:
        logits = made.node("Log", made.node("Max", rows, made.constant(np.float32(LOWEST))))
        rows = made.node("Softmax", made.node("Mul", logits, made.constant(np.float32(1 / temperature))), axis=1)
    made.nodes[-1].output[0] = OUTPUT_NAME
    height, width = forest.size_hw
    graph = helper.make_graph(
        made.nodes,
        "toonvision",
        [helper.make_tensor_value_info(INPUT_NAME, TensorProto.UINT8, [None, height, width, 3])],
        [helper.make_tensor_value_info(OUTPUT_NAME, TensorProto.FLOAT, [None, forest.classes])],
        made.constants,
    )
    return pack(graph, metadata)


class _Graph:
    """Nodes and constants as they are added, named by their number."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def node(self, kind: str, *inputs: str, **settings: Any) -> str:
        """Add an operation, and return the name of its result."""
        name = f"step{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **settings))
        return name

    def constant(self, value: Any) -> str:
        """Add an array, and return its name."""
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def sides(self, *sides: int) -> str:
        """Add a shape as an operation takes it, and return its name."""
        return self.constant(np.array(sides, np.int64))

    def rows(self, name: str, values: Sequence[int] | Any) -> str:
        """Repeat a row of whole numbers, as often as `name`, one number for each image, has images."""
        none = self.node("Mul", name, self.constant(np.int32(0)))
        return self.node("Add", none, self.constant(np.asarray(values, np.int32)[None]))


def _counts(made: _Graph, forest: Forest) -> str:
    """Add what `colour_counts` computes, shape ``(images, COLOURS)``, int32."""
    pixels = forest.size_hw[0] * forest.size_hw[1]
    shades = made.node(
        "Div", made.node("Cast", INPUT_NAME, to=TensorProto.INT32), made.constant(np.int32(256 // SHADES))
    )
    flat = made.node("Reshape", made.node("Cast", shades, to=TensorProto.FLOAT), made.sides(-1, 3))
    places = made.constant(np.array([[SHADES**2], [SHADES], [1]], np.float32))
    colours = made.node("Cast", made.node("MatMul", flat, places), to=TensorProto.INT32)
    offsets = made.constant(np.repeat(band_offsets(forest.size_hw), forest.size_hw[1])[None])
    cells = made.node("Add", made.node("Reshape", colours, made.sides(-1, pixels)), offsets)
    one_each = made.node("Gather", cells, made.constant(np.zeros(1, np.int32)), axis=1)
    empty, ones = made.rows(one_each, np.zeros(COLOURS)), made.rows(one_each, np.ones(pixels))
    return made.node("ScatterElements", empty, cells, ones, axis=1, reduction="add")


def _votes(made: _Graph, forest: Forest, counts: str) -> str:
    """Add the walk from the roots to the leaves: whether each tree votes for a class, ``(images, trees, classes)``."""
    features, thresholds = made.constant(forest.features), made.constant(forest.thresholds)
    following, one = made.constant(forest.following), made.constant(np.int32(1))
    first = made.node("Gather", counts, made.constant(np.zeros(1, np.int32)), axis=1)
    nodes = made.rows(first, forest.roots)
    for _ in range(forest.depth):
        count = made.node("GatherElements", counts, made.node("Gather", features, nodes), axis=1)
        larger = made.node("Greater", count, made.node("Gather", thresholds, nodes))
        nodes = made.node("Where", larger, made.node("Gather", following, nodes), made.node("Add", nodes, one))
    leaves = made.node("Unsqueeze", made.node("Gather", thresholds, nodes), made.sides(2))
    voted = made.node("Equal", leaves, made.constant((-1 - np.arange(forest.classes, dtype=np.int32))[None, None]))
    return made.node("Cast", voted, to=TensorProto.FLOAT)
