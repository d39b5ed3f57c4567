"""Random numbers: one seed, any number of independent streams, each with a name."""

import hashlib

import numpy as np

SEED_LIMIT = 2**32
"""Seeds are whole numbers from 0 to below this, which every library accepts."""


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """Return the random generator of a seed, at least 0, and a purpose; the same on every machine.

    Generators of different names are independent: drawing more numbers from one does not change another.

    Examples:
        >>> bool(generator(0, "split").integers(1000) == generator(0, "split").integers(1000))
        True
        >>> bool(generator(0, "split").integers(1000) == generator(0, "flip").integers(1000))
        False
    """
    words = [int.from_bytes(hashlib.sha256(str(name).encode()).digest()[:8]) for name in names]
    return np.random.default_rng(np.random.SeedSequence([seed, *words]))
