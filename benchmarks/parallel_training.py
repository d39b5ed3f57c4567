"""Claim: small inputs train fastest with one thread each and as many trainings at once as there are cores.

Run: python benchmarks/parallel_training.py

Four trainings of a few epochs on random images: by one process with all threads, and by one process for each core with
one thread each. The start of the processes is part of the time, as it is for a user. `training/parallel.py` takes its
rule from here.
"""

import argparse
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from measure import alternate, arguments, medians, write_result

from toonvision.core.runner import Report, available_cores, work_through
from toonvision.core.seeds import generator
from toonvision.models.backend import start_keras
from toonvision.tasks.base import Dataset
from toonvision.taxonomy.labels import Task
from toonvision.training.recipes import settings_for

_TRAININGS, _IMAGES, _CLASSES, _ROUNDS = 4, 512, 4, 3
_CASES = (("compact", (96, 32), 20), ("tuned", (150, 50), 20), ("tuned", (300, 100), 6), ("tuned", (600, 200), 2))


@dataclass(frozen=True)
class Order:
    """One training."""

    network: str
    size_hw: tuple[int, int]
    epochs: int
    threads: int | None
    seed: int


def main(given: Sequence[str] | None = None) -> None:
    """Measure, print and write the result."""
    parser().parse_args(given)
    cores = available_cores()
    result = {}
    for network, size_hw, epochs in _CASES:
        alternatives = {
            "one after the other, all threads": partial(_all, network, size_hw, epochs, None, 1),
            f"{cores} at once, one thread each": partial(_all, network, size_hw, epochs, 1, cores),
        }
        seconds = medians(alternate(alternatives, repetitions=_ROUNDS))
        alone, together = seconds.values()
        name = f"{network} at {size_hw[0]} x {size_hw[1]}"
        result[name] = {**seconds, "times_as_fast": alone / together}
        print(
            f"{name}: {alone:.1f} s one after the other, {together:.1f} s at once: {alone / together:.2f} times as fast"
        )
    write_result("parallel_training", {"trainings": _TRAININGS, "cases": result})


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    return arguments(__doc__)


def _all(network: str, size_hw: tuple[int, int], epochs: int, threads: int | None, processes: int) -> None:
    orders = [Order(network, size_hw, epochs, threads, seed) for seed in range(_TRAININGS)]
    deque(work_through(_train, orders, processes=processes), maxlen=0)


def _train(order: Order, _report: Report) -> None:
    start_keras(threads=order.threads)
    from toonvision.training.loop import train_fresh

    images = generator(0, "benchmark").integers(0, 256, (_IMAGES, *order.size_hw, 3), dtype=np.uint8)
    dataset = Dataset(Task("made", "up"), images, np.arange(_IMAGES) % _CLASSES, (), tuple("abcd"))
    indices = np.arange(_IMAGES)
    settings = replace(settings_for(order.network), epochs=order.epochs, patience=order.epochs)
    train_fresh(dataset, train=indices[64:], val=indices[:64], settings=settings, seed=order.seed)


if __name__ == "__main__":
    import parallel_training  # other processes find what they run under this name

    parallel_training.main()
