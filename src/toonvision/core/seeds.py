"""Random numbers: one seed, any number of independent streams, each with a name."""

import hashlib
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from toonvision.core.options import require_whole

SEED_LIMIT = 2**32
"""Seeds are whole numbers from 0 to below this, which every library accepts."""


@contextmanager
def own_randomness() -> Iterator[None]:
    """Leave the random numbers that Python and NumPy draw without a seed of their own as they are for the caller.

    Keras seeds them, and draws the seeds of new layers from them.
    """
    before, of_numpy = random.getstate(), np.random.get_state()  # noqa: NPY002 - those of the caller
    try:
        yield
    finally:
        random.setstate(before)
        np.random.set_state(of_numpy)  # noqa: NPY002 - those of the caller


def seeds_from(seed: int, repeat: int) -> range:
    """Return the seeds of so many trainings: `seed`, `seed` + 1, ...

    Raises:
        UsageError: If they are not whole numbers, a seed is below 0, or there is none.
    """
    require_whole("seed", seed, least=0)
    require_whole("repeat", repeat, least=1)
    return range(seed, seed + repeat)


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """Return the random generator of a seed, at least 0, and a purpose; the same on every machine.

    Generators of different names are independent: drawing more numbers from one does not change another.

    Raises:
        UsageError: If the seed is none.

    Examples:
        >>> bool(generator(0, "split").integers(1000) == generator(0, "split").integers(1000))
        True
        >>> bool(generator(0, "split").integers(1000) == generator(0, "flip").integers(1000))
        False
    """
    require_whole("seed", seed, least=0)
    words = [int.from_bytes(hashlib.sha256(str(name).encode()).digest()[:8]) for name in names]
    return np.random.default_rng(np.random.SeedSequence([seed, *words]))
