"""Recognising near-duplicate screenshots, and the groups of screenshots that a split must not tear apart."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from PIL import Image

from toonvision.data.records import Crop

_SIDE = 16
_CELLS = _SIDE * _SIDE
_FORM = re.compile(rf"[0-9a-f]{{{2 * _CELLS // 4 + 16}}}")
_STEP = 4
"""Grey levels by which a cell must differ from its neighbour to count: less is noise, or a plain surface."""
_FEWEST_STEPS = 64
"""Steps that two pictures need together to be compared; with fewer only equal pixels count."""
_SMALLEST_SCENE = 64
"""Pixels of the shorter side; of smaller pictures, which show single things, only equal pixels count."""
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
    raw = b"".join(bytes.fromhex(mark[: 2 * _CELLS // 4]) for mark in fingerprints)
    bits = np.unpackbits(np.frombuffer(raw, dtype=np.uint8)).reshape(len(fingerprints), 2, _CELLS)
    rises, falls = bits.astype(np.float32).swapaxes(0, 1)
    either = rises + falls
    groups = list(range(len(fingerprints)))
    first_of: dict[str, int] = {}
    for index, mark in enumerate(fingerprints):
        agreeing = rises[:index] @ rises[index] + falls[:index] @ falls[index]
        together = either[:index].sum(axis=1) + either[index].sum() - either[:index] @ either[index]
        near = (together >= _FEWEST_STEPS) & (together - agreeing <= LARGEST_DIFFERENCE * together)
        roots = {groups[other] for other in np.flatnonzero(near)} | {index, groups[first_of.setdefault(mark, index)]}
        first = min(roots)
        groups[: index + 1] = [first if root in roots else root for root in groups[: index + 1]]
    return groups


def group_keys(crops: Sequence[Crop]) -> list[int]:
    """Return the group of each crop: a number that crops of one screenshot, or of near-duplicates, share."""
    shots = {crop.screenshot_id: crop.fingerprint for crop in crops}
    key = dict(zip(shots, near_groups(list(shots.values())), strict=True))
    return [key[crop.screenshot_id] for crop in crops]


def screenshot_groups(crops: Sequence[Crop]) -> list[list[Crop]]:
    """Return the groups, each with one crop of each of its screenshots."""
    groups: dict[int, dict[int, Crop]] = defaultdict(dict)  # by their rows: two sources may use the same name
    for crop, key in zip(crops, group_keys(crops), strict=True):
        groups[key].setdefault(crop.screenshot_id, crop)
    return [list(shots.values()) for shots in groups.values()]
