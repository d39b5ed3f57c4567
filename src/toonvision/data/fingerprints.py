"""Recognising near-duplicate screenshots: how much the scenes of two pictures differ."""

import functools
import hashlib
import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

_SIDE = 16
_CELLS = _SIDE * _SIDE
_FORM = re.compile(rf"[0-9a-f]{{{2 * _CELLS // 4 + 16}}}")
_STEP = 4
"""Grey levels by which a cell must differ from its neighbour to count: less is noise, or a plain surface."""
_FEWEST_STEPS = 64
"""Steps that two pictures need together to be compared; with fewer only equal pixels count."""
_SMALLEST_SCENE = 64
"""Pixels of the shorter side; of smaller pictures, which show single things, only equal pixels count."""
_BLOCK = 256
"""Pictures that are compared with all earlier ones at once."""
LARGEST_DIFFERENCE = 0.22
"""Pictures that differ in at most this share of their steps count as one scene.

Measured: half the size, a tenth brighter, or saved as JPEG of quality 40, 20 pictures differed from themselves by at
most 0.06; the one field of view that the BCCD data set holds twice, in two focal planes, by 0.16; its nearest
unrelated pictures by 0.56, the sample world's nearest screenshots by 0.35, and its nearest crops by 0.29.
"""


def fingerprint(image: Image.Image) -> str:
    """Describe a picture by where brightness rises and falls between the cells of a 16 x 16 grid.

    Returns:
        144 hexadecimal digits: which cells are darker than their right neighbours (256 bits), which are brighter (256
        bits), and, for a picture with too few such steps, a hash of its pixels (64 bits). Scaling, compression and
        slight changes leave most steps alone.

    Source:
        The difference hash, Krawetz, "Kind of Like That" (hackerfactor.com, 2013); there with 8 x 8 cells, and
        without a threshold, so that plain pictures all look alike.
    """
    grey = image.convert("L").resize((_SIDE + 1, _SIDE), Image.Resampling.BOX)
    steps = np.diff(np.asarray(grey, dtype=np.int16), axis=1)
    least = _STEP if min(image.size) >= _SMALLEST_SCENE else 256
    rises, falls = (np.packbits(where).tobytes().hex() for where in (steps >= least, steps <= -least))
    enough = np.count_nonzero(np.abs(steps) >= least) >= _FEWEST_STEPS
    pixels = b"" if enough else f"{image.mode} {image.size}".encode() + image.tobytes()
    return rises + falls + hashlib.sha256(pixels).hexdigest()[:16]


def checked_fingerprint(text: str) -> str:
    """Return a stored fingerprint unchanged.

    Raises:
        ValueError: If `fingerprint` cannot have made it.
    """
    if not _FORM.fullmatch(text):
        raise ValueError(f"{text!r} is no fingerprint")
    return text


def near_groups(fingerprints: Sequence[str]) -> list[int]:
    """Group pictures that are near-duplicates of each other, directly or through others, by their fingerprints.

    Returns:
        For each picture the index of the first picture of its group.
    """
    return list(_near_groups(tuple(fingerprints)))


@functools.lru_cache(maxsize=4)
def _near_groups(fingerprints: tuple[str, ...]) -> tuple[int, ...]:
    """Return what `near_groups` does; of 20,000 pictures it takes seconds, and a command asks more than once."""
    rises, falls = _steps(fingerprints)
    signs, either = np.concatenate([rises, falls], axis=1), rises + falls
    counts = either.sum(axis=1)
    groups = np.arange(len(fingerprints))
    first_of: dict[str, int] = {}
    for start in range(0, len(fingerprints), _BLOCK):
        rows = slice(start, start + _BLOCK)
        agreeing = signs[rows] @ signs[: start + _BLOCK].T
        together = counts[rows, None] + counts[: start + _BLOCK] - either[rows] @ either[: start + _BLOCK].T
        near = (together >= _FEWEST_STEPS) & (together - agreeing <= LARGEST_DIFFERENCE * together)
        for index, others in enumerate(near, start=start):
            equal = first_of.setdefault(fingerprints[index], index)
            roots = np.unique(groups[[index, equal, *np.flatnonzero(others[:index])]])
            groups[index] = roots[0]
            if len(roots) > 1:
                groups[: index + 1][np.isin(groups[: index + 1], roots)] = roots[0]
    return tuple(groups.tolist())


def differences(fingerprints: Sequence[str], pairs: Sequence[tuple[int, int]]) -> npt.NDArray[np.float32]:
    """Return the share of steps in which pictures differ, for pairs of indices.

    Returns:
        Shape ``(pairs,)``, from 0 to 1; of pictures with too few steps, 0 where their pixels are equal, and else 1.
    """
    used, where = np.unique(np.array(pairs, dtype=np.intp).reshape(-1, 2), return_inverse=True)
    marks = np.array([fingerprints[index] for index in used], dtype=object)
    one, other = where.reshape(-1, 2).T
    rises, falls = _steps(marks.tolist())
    together = (rises[one] + falls[one] + rises[other] + falls[other] > 0).sum(axis=1)
    agreeing = (rises[one] * rises[other] + falls[one] * falls[other]).sum(axis=1)
    share = np.where(together >= _FEWEST_STEPS, (together - agreeing) / np.maximum(1, together), 1)
    return np.where(marks[one] == marks[other], 0, share).astype(np.float32)


def _steps(fingerprints: Sequence[str]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return where brightness rises and where it falls, each of shape ``(pictures, 256)``, 0 or 1."""
    raw = b"".join(bytes.fromhex(mark[: 2 * _CELLS // 4]) for mark in fingerprints)
    bits = np.unpackbits(np.frombuffer(raw, dtype=np.uint8)).reshape(len(fingerprints), 2, _CELLS)
    return bits[:, 0].astype(np.float32), bits[:, 1].astype(np.float32)
