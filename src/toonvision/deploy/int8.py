"""Exports that compute with 8 bits, and what that costs on the test subset."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from toonvision.core.progress import Progress, silent
from toonvision.data.images import Pictures
from toonvision.deploy.box_parity import compare_boxes, counting
from toonvision.deploy.bundle import Bundle, Parity
from toonvision.deploy.classifier import Classifier
from toonvision.deploy.current import INT8_EXPORT
from toonvision.deploy.detector import Detector
from toonvision.deploy.parity import compare, spread_indices
from toonvision.metrics.calibration import with_temperature
from toonvision.metrics.intervals import Proportion
from toonvision.metrics.predictions import Probabilities
from toonvision.tasks import detect
from toonvision.tasks.base import Dataset
from toonvision.tasks.classify import predict_probabilities

if TYPE_CHECKING:
    import keras

    from toonvision.models.forest import Forest

_TIMED = 50


@dataclass(frozen=True)
class Int8Export:
    """An export that computes with 8 bits, and its cost.

    Attributes:
        path: The file.
        size: Its bytes.
        parity: How it compares with Keras on the test subset.
        right: Correct predictions of the test subset of the float32 export.
        int8_right: The same of this one.
        latency_ms: Median milliseconds for one picture on one core, with the float32 export.
        int8_latency_ms: The same with this one.
    """

    path: Path
    size: int
    parity: Parity
    right: Proportion
    int8_right: Proportion
    latency_ms: float
    int8_latency_ms: float


@dataclass(frozen=True)
class Int8Boxes:
    """An export that computes with 8 bits, and its cost.

    Attributes:
        path: The file.
        size: Its bytes.
        parity: How its boxes compare with those of the plain export on the test subset.
        ap50: AP50 of the plain export on the test subset.
        int8_ap50: The same of this one.
        boxes: How many boxes of both are above the thresholds there.
        screenshots: How many screenshots these are of.
        latency_ms: Median milliseconds for one screenshot of the input's size on one core, with the plain export.
        int8_latency_ms: The same with this one.
    """

    path: Path
    size: int
    parity: Parity
    ap50: float
    int8_ap50: float
    boxes: int
    screenshots: int
    latency_ms: float
    int8_latency_ms: float


def crops_in_int8(
    run: Path,
    plain: bytes,
    bundle: Bundle,
    data: Dataset,
    model: "keras.Model | Forest",
    *,
    progress: Progress = silent,
) -> tuple[bytes, Int8Export]:
    """Write the export of a classifier in 8 bits, and measure on the test subset what that costs.

    Args:
        run: The run's folder.
        plain: The plain export.
        bundle: What is said of it.
        data: The run's dataset.
        model: The network.
        progress: Called with how many pictures the network predicts.

    Returns:
        The bytes of the file, and its cost.
    """
    pictures, y_true = data.images[data.indices["test"]], data.targets[data.indices["test"]]
    expected = predict_probabilities(model, pictures, progress=progress)
    if bundle.temperature is not None:
        expected = with_temperature(expected, bundle.temperature)

    def right(rows: Probabilities) -> Proportion:
        return Proportion(int((rows.argmax(axis=1) == y_true).sum()), len(y_true))

    content = _quantized(plain, bundle, data)
    before, after = Classifier(plain), Classifier(content)
    rows = after.predict_batch(pictures)
    parity = compare(expected, rows)
    content = _described(content, bundle, parity)
    return content, Int8Export(
        run / INT8_EXPORT, len(content), parity, right(before.predict_batch(pictures)), right(rows),
        *_latencies_ms([before, after], pictures[:_TIMED]),
    )  # fmt: skip


def boxes_in_int8(run: Path, plain: bytes, bundle: Bundle, data: Dataset) -> tuple[bytes, Int8Boxes]:
    """Do the same for the export of a detector, whose boxes are compared with those of the plain one."""
    pictures = data.images[data.indices["test"]]
    content = _quantized(plain, bundle, data)
    before, after = Detector(plain), Detector(content)
    expected, found = before.find_batch(pictures), after.find_batch(pictures)
    ap50, int8_ap50 = (detect.score(one, data, "test").precision.ap50 for one in (expected, found))
    thresholds = bundle.thresholds or ()
    parity = compare_boxes(expected, found, thresholds)
    boxes = sum(len(counting(one, thresholds)) for one in (expected, found))
    content = _described(content, bundle, parity)
    return content, Int8Boxes(
        run / INT8_EXPORT, len(content), parity, ap50, int8_ap50, boxes, len(pictures),
        *_latencies_ms([before, after], pictures[:_TIMED]),
    )  # fmt: skip


def _quantized(plain: bytes, bundle: Bundle, data: Dataset) -> bytes:
    """Return an export with 8 bits, whose scales are those of pictures of the train subset."""
    from toonvision.deploy.quantize import MOST_PICTURES, quantized

    learned = data.indices["train"]
    seen = data.images[learned[spread_indices(len(learned), MOST_PICTURES)]]
    return quantized(plain, seen, replace(bundle, precision="int8").to_metadata())


def _described(content: bytes, bundle: Bundle, parity: Parity) -> bytes:
    from toonvision.deploy.conversion import described

    return described(content, replace(bundle, precision="int8", parity=parity).to_metadata())


def _latencies_ms(exports: Sequence[Classifier | Detector], pictures: Pictures) -> list[float]:
    """Return each export's median milliseconds per picture; they take turns, so that a slow moment hits all."""
    seconds: list[list[float]] = [[] for _ in exports]
    for picture in pictures:
        for export, its in zip(exports, seconds, strict=True):
            started = time.perf_counter()
            export.predict(picture)
            its.append(time.perf_counter() - started)
    return [1000 * statistics.median(its) for its in seconds]
