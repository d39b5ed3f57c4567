"""Claim: small inputs train quickest with one thread each and as many trainings at once as there are cores.

Four trainings of a few epochs on random pictures, by one process with all threads and by one process a core with one
thread each; the start of the processes is part of the time, as it is for a user. `training/parallel.py` takes the rule
from here. Run: python benchmarks/parallel_training.py
"""

from collections import deque
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from measure import alternate, medians, write_result

from toonvision.core.cores import available_cores
from toonvision.core.runner import Tell, work_through
from toonvision.core.seeds import generator
from toonvision.models.backend import start_keras
from toonvision.tasks.base import Dataset
from toonvision.taxonomy.labels import Task
from toonvision.training.recipes import settings_for

_TRAININGS, _PICTURES, _CLASSES, _ROUNDS = 4, 512, 4, 3
_CASES = (("compact", (96, 32), 20), ("tuned", (150, 50), 20), ("tuned", (300, 100), 6), ("tuned", (600, 200), 2))


@dataclass(frozen=True)
class Order:
    """One training."""

    network: str
    size_hw: tuple[int, int]
    epochs: int
    threads: int | None
    seed: int


def main() -> None:
    """Measure and print."""
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


def _all(network: str, size_hw: tuple[int, int], epochs: int, threads: int | None, processes: int) -> None:
    orders = [Order(network, size_hw, epochs, threads, seed) for seed in range(_TRAININGS)]
    deque(work_through(_train, orders, processes=processes), maxlen=0)


def _train(order: Order, _tell: Tell) -> None:
    start_keras(threads=order.threads)
    from toonvision.training.loop import train_fresh

    pictures = generator(0, "benchmark").integers(0, 256, (_PICTURES, *order.size_hw, 3), dtype=np.uint8)
    dataset = Dataset(Task("made", "up"), pictures, np.arange(_PICTURES) % _CLASSES, (), tuple("abcd"))
    places = np.arange(_PICTURES)
    settings = replace(settings_for(order.network), epochs=order.epochs, patience=order.epochs)
    train_fresh(dataset, train=places[64:], val=places[:64], settings=settings, seed=order.seed)


if __name__ == "__main__":
    main()
