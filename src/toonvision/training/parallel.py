"""How many trainings run at once.

A training with a small input does not use a second core: one thread each, and one training per core at once, is fastest
(benchmarks/parallel_training.py). A larger input uses all cores.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from toonvision.core.runner import Report, available_cores, work_through
from toonvision.models.backend import threads_for
from toonvision.tasks.settings import TrainingSettings
from toonvision.training.history import EpochWatcher

Job = TypeVar("Job")
Result = TypeVar("Result")

_WORTH_STEPS = 500  # steps that take about as long as starting Keras in another process


def trainings_at_once(settings: TrainingSettings, *, size_hw: tuple[int, int], images: int, trainings: int) -> int:
    """Return how many of some trainings, each with so many training images, run at once in processes of their own.

    It is 1 if a training uses all cores, or ends before another process has started Keras.

    Examples:
        >>> trainings_at_once(TrainingSettings(), size_hw=(600, 200), images=516, trainings=10)
        1
    """
    steps = settings.epochs * math.ceil(images / settings.batch_size)
    if threads_for(size_hw) is None or steps < _WORTH_STEPS:
        return 1
    return max(1, min(available_cores(), trainings))


def train_all(
    train: Callable[[Job, EpochWatcher], Result],
    jobs: Sequence[Job],
    *,
    at_once: int,
    epoch_ended: Callable[[int, int, Mapping[str, float]], None],
    ended: Callable[[int, Result], None],
) -> list[Result]:
    """Do trainings, one after the other in this process or several at once in others; return results in order.

    Args:
        train: Does one job; picklable, as the jobs are.
        jobs: What to train.
        at_once: How many run at once.
        epoch_ended: Called after each epoch with the job's index, the epoch from 1, and its metrics.
        ended: Called after each training with the job's index and its result.

    Raises:
        EnvironmentFaultError: If a process died.
    """
    done: dict[int, Result] = {}
    if at_once == 1:
        for index, job in enumerate(jobs):
            done[index] = train(job, partial(epoch_ended, index))
            ended(index, done[index])
        return list(done.values())
    for message in work_through(partial(_train_in_process, train), jobs, processes=at_once):
        if message.done:
            done[message.job] = message.content
            ended(message.job, message.content)
        else:
            epoch_ended(message.job, *message.content)
    return [done[index] for index in range(len(jobs))]


def _train_in_process(train: Callable[[Job, EpochWatcher], Result], job: Job, report: Report) -> Result:
    return train(job, lambda epoch, logs: report((epoch, dict(logs))))
