"""An export that computes with whole numbers of 8 bits, by ONNX Runtime's own quantisation.

Scales are found by running training pictures through the network. Whether that is worth it depends on the machine: the
loss and the time are measured where it is done, and told.
"""

import logging
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onnx
from onnx import helper, numpy_helper
from onnxruntime import quantization

from toonvision.data.images import Pictures
from toonvision.deploy.checks import INPUT_NAME
from toonvision.deploy.onnx import pack

MOST_PICTURES = 100


class _Pictures(quantization.CalibrationDataReader):  # type: ignore[misc] # ONNX Runtime has no types
    """Hands out pictures one by one, as ONNX Runtime asks for them."""

    def __init__(self, pictures: Pictures) -> None:
        self._rest = iter(pictures)

    def get_next(self) -> dict[str, Any] | None:
        """Give the next picture, or None after the last."""
        picture = next(self._rest, None)
        return None if picture is None else {INPUT_NAME: picture[None]}


def quantized(content: bytes, pictures: Pictures, metadata: Mapping[str, str]) -> bytes:
    """Let an export compute its convolutions and dense layers with 8 bits.

    Args:
        content: The export's bytes.
        pictures: What scales are found with, shape ``(samples, height, width, 3)``, 0 to 255, at least one.
        metadata: Kept in the new file.
    """
    with tempfile.TemporaryDirectory() as folder, _quiet():
        made = Path(folder) / "quantized.onnx"
        quantization.quantize_static(
            onnx.load_model_from_string(content),
            made,
            _Pictures(pictures),
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=True,
            op_types_to_quantize=["Conv", "Gemm"],
        )
        return repacked(onnx.load(made), metadata)


def repacked(model: onnx.ModelProto, metadata: Mapping[str, str]) -> bytes:
    """Keep of another writer's file what ours hold: nodes, constants as bytes, input and output."""
    nodes = []
    for node in model.graph.node:
        bare = onnx.NodeProto()
        bare.CopyFrom(node)
        bare.ClearField("doc_string")
        nodes.append(bare)
    constants = [numpy_helper.from_array(numpy_helper.to_array(one), one.name) for one in model.graph.initializer]
    graph = helper.make_graph(nodes, model.graph.name, model.graph.input, model.graph.output, constants)
    return pack(graph, metadata)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the quantiser's advice, which is for other networks, off the terminal."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
