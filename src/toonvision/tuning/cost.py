"""What a network costs, known before it is trained."""

import statistics
import time
from collections.abc import Callable

import numpy as np

from toonvision.models.layout import Layout
from toonvision.models.registry import build_network
from toonvision.tuning.settings import StudySettings
from toonvision.tuning.space import Draw

_WARM_UP, _CALLS = 3, 15


def acceptance(settings: StudySettings, *, classes: int) -> Callable[[Draw], bool]:
    """Return a function that returns whether a draw is within a study's bounds.

    What is quick to compute comes first: whether the poolings leave something, the weights, then the time.

    Args:
        settings: The study's.
        classes: Number of classes.
    """
    bounds, known = settings.bounds, dict[str, float]()

    def accept(draw: Draw) -> bool:
        layout = settings.space.layout(draw)
        if layout.smallest > min(settings.size_hw):
            return False
        if bounds.parameters is not None and layout.parameters(settings.size_hw, classes) > bounds.parameters:
            return False
        if bounds.milliseconds is None:
            return True
        if layout.name not in known:
            known[layout.name] = _image_milliseconds(layout, settings.size_hw, classes)
        return known[layout.name] <= bounds.milliseconds

    return accept


def _image_milliseconds(layout: Layout, size_hw: tuple[int, int], classes: int) -> float:
    """Return how long a network takes for one image: the median of some calls after it is warm."""
    import keras

    model = build_network(layout.name, size_hw=size_hw, classes=classes)
    image = np.zeros((1, *size_hw, 3), dtype=np.uint8)
    seconds = []
    for _ in range(_WARM_UP + _CALLS):
        started = time.perf_counter()
        model.predict_on_batch(image)
        seconds.append(time.perf_counter() - started)
    keras.backend.clear_session()
    return 1000 * statistics.median(seconds[_WARM_UP:])
