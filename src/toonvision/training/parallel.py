"""How many threads a training gets, and how many trainings run at once.

Small inputs do not fill a second core: one thread a training, and as many trainings at once as there are cores, is
quickest (benchmarks/parallel_training.py). Larger ones fill all cores by themselves. Sums of floats depend on how they
are divided among threads, so a training has the same number of threads whether it is alone or not: the same seed gives
the same weights.
"""

import math

from toonvision.core.cores import available_cores
from toonvision.tasks.settings import TrainingSettings

_SMALL_PIXELS = 10_000
_WORTH_STEPS = 500  # steps that take about as long as starting Keras in another process


def threads_for(size_hw: tuple[int, int]) -> int | None:
    """Tell how many threads a training gets: one for a small input, None (all cores) for others.

    Args:
        size_hw: Height and width of the input in pixels.
    """
    return 1 if size_hw[0] * size_hw[1] <= _SMALL_PIXELS else None


def trainings_at_once(settings: TrainingSettings, *, size_hw: tuple[int, int], pictures: int, trainings: int) -> int:
    """Tell how many of some trainings run at once, each in a process of its own.

    Args:
        settings: How each is trained.
        size_hw: Height and width of the input in pixels.
        pictures: How many pictures teach.
        trainings: How many trainings there are.

    Returns:
        One where a training fills the machine, or is over before another process has started Keras.

    Examples:
        >>> trainings_at_once(TrainingSettings(), size_hw=(600, 200), pictures=516, trainings=10)
        1
    """
    steps = settings.epochs * math.ceil(pictures / settings.batch_size)
    if threads_for(size_hw) is None or steps < _WORTH_STEPS:
        return 1
    return max(1, min(available_cores(), trainings))
