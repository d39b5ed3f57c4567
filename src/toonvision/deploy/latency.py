"""How long opened exports take, side by side."""

import statistics
import time
from collections.abc import Sequence

from toonvision.data.images import Pictures
from toonvision.deploy.classifier import Classifier
from toonvision.deploy.detector import Detector


def latencies_ms(exports: Sequence[Classifier | Detector], pictures: Pictures) -> list[float]:
    """Return each export's median milliseconds per picture; they take turns, so that a slow moment hits all."""
    seconds: list[list[float]] = [[] for _ in exports]
    for picture in pictures:
        for export, its in zip(exports, seconds, strict=True):
            started = time.perf_counter()
            export.predict(picture)
            its.append(time.perf_counter() - started)
    return [1000 * statistics.median(its) for its in seconds]
