"""Masks of whole screenshots: which class of pixel each pixel shows.

A mask is a PNG whose pixels are values, not colours: ``masks/classes/<context>/<stem>.png`` holds the class of each
pixel of the screenshot of that context and stem, 0 for the first class that the taxonomy names, and 255 where a pixel
does not count. The folder ``masks`` lies in the workspace, or in the source of the screenshot. A screenshot need not
have a mask.
"""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from toonvision.core.errors import InputRejectedError, RejectedItemError
from toonvision.core.files import path_inside, read_regular
from toonvision.data.images import LARGEST_FILE, shrink_factor
from toonvision.data.masks import Mask, read_mask
from toonvision.data.records import StoredMask, StoredScreenshot
from toonvision.data.workspace import MASKS, Workspace
from toonvision.taxonomy.labels import NO_CONTEXT

NOT_COUNTED = 255
"""The value of pixels that do not count."""
_FOLDER = "classes"
_REMEDY = "Draw the mask again, or remove it."


def shrunk_mask(mask: StoredMask, *, classes: int, size_hw: tuple[int, int]) -> Mask:
    """Read a mask and shrink it by a whole number to an input size; see `toonvision.data.arrays.load_masks`.

    Raises:
        InputRejectedError: If it is damaged, does not fit its screenshot, or has a value that is no class.
    """
    values = read_mask(mask.path, remedy=_REMEDY)
    height, width = values.shape
    if (width, height) != mask.size_wh:
        raise InputRejectedError(
            f"{mask.path}: a mask is as large as its screenshot, {mask.size_wh[0]} x {mask.size_wh[1]} pixels; got "
            f"{width} x {height}. {_REMEDY}"
        )
    odd = values[(values >= classes) & (values != NOT_COUNTED)]
    if len(odd):
        raise InputRejectedError(
            f"{mask.path}: the values of a mask are 0 to {classes - 1}, one for each class of pixels, and "
            f"{NOT_COUNTED} where a pixel does not count; got {odd[0]}. {_REMEDY}"
        )
    factor = shrink_factor(mask.size_wh, size_hw)
    rows, columns = (_middles(side, factor) for side in values.shape)
    found = np.full(size_hw, NOT_COUNTED, np.uint8)
    found[: len(rows), : len(columns)] = values[rows[:, None], columns]
    return found


def masks_of(workspace: Workspace, screenshots: Sequence[StoredScreenshot]) -> list[StoredMask | None]:
    """Return the mask of each screenshot, None where it has none; that in the workspace comes before the source's.

    Raises:
        InputRejectedError: If a mask is a link that leaves its folder, or cannot be read.
    """
    roots = {source.key: source.root / MASKS / _FOLDER for source in workspace.sources}
    own = workspace.masks / _FOLDER
    found = []
    for shot in screenshots:
        folders = [folder for folder in dict.fromkeys((own, roots.get(shot.source, own))) if folder.is_dir()]
        paths = [path for folder in folders for path in _paths(folder, shot) if path.is_file()]
        found.append(StoredMask(paths[0], shot.size_wh, _digest(paths[0])) if paths else None)
    return found


def _paths(folder: Path, shot: StoredScreenshot) -> Iterator[Path]:
    name = f"{Path(shot.name).stem}.png"
    for tried in (f"{shot.context}/{name}", *([name] if shot.context == NO_CONTEXT else [])):
        try:
            yield path_inside(folder, tried)
        except RejectedItemError as error:
            raise InputRejectedError(f"{folder}: {error.reason}.") from error


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(read_regular(path, limit=LARGEST_FILE)).hexdigest()
    except RejectedItemError as error:
        raise InputRejectedError(f"{path}: {error.reason}. {_REMEDY}") from error


def _middles(side: int, factor: int) -> npt.NDArray[np.int64]:
    """Return the index of the middle one of each group of so many pixels of a side."""
    return np.minimum(np.arange(0, side, factor) + factor // 2, side - 1)
