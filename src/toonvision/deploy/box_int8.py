"""A detector's export that computes with 8 bits, and what that costs on the test subset."""

from dataclasses import dataclass, replace
from pathlib import Path

from toonvision.deploy.box_parity import compare_boxes
from toonvision.deploy.bundle import Bundle, Parity
from toonvision.deploy.current import INT8_EXPORT
from toonvision.deploy.detector import Detector
from toonvision.deploy.latency import latencies_ms
from toonvision.deploy.parity import spread_indices
from toonvision.tasks import detect
from toonvision.tasks.base import Dataset

_TIMED = 50


@dataclass(frozen=True)
class Int8Boxes:
    """An export that computes with 8 bits, and its cost.

    Attributes:
        path: The file.
        size: Its bytes.
        parity: How its boxes compare with those of the plain export on the test subset.
        ap50: AP50 of the plain export on the test subset.
        int8_ap50: The same of this one.
        screenshots: How many screenshots these are of.
        latency_ms: Median milliseconds for one screenshot of the input's size on one core, with the plain export.
        int8_latency_ms: The same with this one.
    """

    path: Path
    size: int
    parity: Parity
    ap50: float
    int8_ap50: float
    screenshots: int
    latency_ms: float
    int8_latency_ms: float


def boxes_in_int8(run: Path, plain: bytes, bundle: Bundle, data: Dataset) -> tuple[bytes, Int8Boxes]:
    """Quantise on the train subset, and measure on the test subset what that costs.

    Args:
        run: The run's folder.
        plain: The plain export.
        bundle: What is said of it.
        data: The run's dataset.

    Returns:
        The bytes of the file, and its cost.
    """
    from toonvision.deploy.conversion import described
    from toonvision.deploy.quantize import MOST_PICTURES, quantized

    learned, test = data.indices["train"], data.indices["test"]
    small = replace(bundle, precision="int8")
    seen = data.images[learned[spread_indices(len(learned), MOST_PICTURES)]]
    content = quantized(plain, seen, small.to_metadata())
    before, after = Detector(plain), Detector(content)
    pictures = data.images[test]
    expected, found = before.find_batch(pictures), after.find_batch(pictures)
    ap50, int8_ap50 = (detect.score(one, data, "test").precision.ap50 for one in (expected, found))
    parity = compare_boxes(expected, found, bundle.thresholds or ())
    latency, int8_latency = latencies_ms([before, after], pictures[:_TIMED])
    content = described(content, replace(small, parity=parity).to_metadata())
    cost = Int8Boxes(
        run / INT8_EXPORT, len(content), parity, ap50, int8_ap50, len(test), latency, int8_latency
    )  # fmt: skip
    return content, cost
