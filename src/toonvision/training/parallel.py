"""How many threads a training has, and how many trainings run at once.

A training with a small input does not use a second core: one thread each, and one training per core at once, is fastest
(benchmarks/parallel_training.py). A larger input uses all cores. Sums of floats depend on the number of threads, so
that a training always has the same number, alone or not: the same seed gives the same weights.
"""

import math

from toonvision.core.runner import available_cores
from toonvision.tasks.settings import TrainingSettings

_SMALL_PIXELS = 10_000
_WORTH_STEPS = 500  # steps that take about as long as starting Keras in another process


def threads_for(size_hw: tuple[int, int]) -> int | None:
    """Return how many threads a training has: 1 for a small input, None (all cores) for others.

    Args:
        size_hw: Height and width of the input in pixels.
    """
    return 1 if size_hw[0] * size_hw[1] <= _SMALL_PIXELS else None


def trainings_at_once(settings: TrainingSettings, *, size_hw: tuple[int, int], pictures: int, trainings: int) -> int:
    """Return how many trainings run at once, each in a process of its own.

    Args:
        settings: The settings of each training.
        size_hw: Height and width of the input in pixels.
        pictures: Number of training images.
        trainings: Number of trainings.

    Returns:
        1 if a training uses all cores, or ends before another process has started Keras.

    Examples:
        >>> trainings_at_once(TrainingSettings(), size_hw=(600, 200), pictures=516, trainings=10)
        1
    """
    steps = settings.epochs * math.ceil(pictures / settings.batch_size)
    if threads_for(size_hw) is None or steps < _WORTH_STEPS:
        return 1
    return max(1, min(available_cores(), trainings))
