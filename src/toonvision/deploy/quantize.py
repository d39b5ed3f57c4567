"""An export that computes with whole numbers of 8 bits, by ONNX Runtime's own quantisation.

Scales are found by running training pictures through the network. Whether that is worth it depends on the machine: the
loss and the time are measured on this machine and shown.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnx
from onnxruntime import quantization

from toonvision.data.images import Pictures
from toonvision.deploy.checks import INPUT_NAME
from toonvision.deploy.conversion import pack, quiet, rewritten

MOST_PICTURES = 100


class _Pictures(quantization.CalibrationDataReader):  # type: ignore[misc] # ONNX Runtime has no types
    """Yields pictures one by one, as ONNX Runtime asks for them."""

    def __init__(self, pictures: Pictures) -> None:
        self._rest = iter(pictures)

    def get_next(self) -> dict[str, Any] | None:
        """Return the next picture, or None after the last."""
        picture = next(self._rest, None)
        return None if picture is None else {INPUT_NAME: picture[None]}


def quantized(content: bytes, pictures: Pictures, metadata: Mapping[str, str]) -> bytes:
    """Return an export whose convolutions and dense layers compute with 8 bits.

    Args:
        content: The export's bytes.
        pictures: Pictures from which scales are found, shape ``(samples, height, width, 3)``, 0 to 255, at least one.
        metadata: Stored in the new file.
    """
    with tempfile.TemporaryDirectory() as folder, quiet():
        made = Path(folder) / "quantized.onnx"
        quantization.quantize_static(
            onnx.load_model_from_string(content),
            made,
            _Pictures(pictures),
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=True,
            op_types_to_quantize=["Conv", "Gemm", "MatMul"],
        )
        made_model = onnx.load(made)
        outputs = [one.name for one in made_model.graph.output]
        return pack(rewritten(made_model, outputs), metadata)
