"""Randomness is an argument: one seed, any number of independent named streams."""

import hashlib

import numpy as np

SEED_LIMIT = 2**32
"""Seeds are whole numbers from 0 to below this, the range that every library beneath us takes."""


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """Make the random stream that belongs to a seed and a purpose.

    Streams of different names are independent, so that drawing one number more in one place changes nothing
    in another.

    Args:
        seed: The user's seed, 0 or more.
        names: What the numbers are for, for example ``"split", "default"``.

    Returns:
        A fresh generator; the same arguments give the same numbers on every machine.

    Examples:
        >>> bool(generator(0, "split").integers(1000) == generator(0, "split").integers(1000))
        True
        >>> bool(generator(0, "split").integers(1000) == generator(0, "flip").integers(1000))
        False
    """
    words = [int.from_bytes(hashlib.sha256(str(name).encode()).digest()[:8]) for name in names]
    return np.random.default_rng(np.random.SeedSequence([seed, *words]))
