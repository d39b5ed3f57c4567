"""Masks of whole screenshots: which class of pixel, or which object, each pixel shows.

A mask is a PNG whose pixels are values, not colours: ``masks/classes/<context>/<stem>.png`` holds the class of each
pixel of the screenshot of that context and stem, 0 for the first class that the taxonomy names, and 255 where a pixel
does not count; ``masks/instances/<context>/<stem>.png`` holds the number of the object, 0 for none. The folder
``masks`` lies in the workspace, or in the source of the screenshot; an extraction draws masks into the cache where
annotations outline objects (`toonvision.data.outlined`), each named after the whole name of its screenshot. A
screenshot need not have a mask.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from toonvision.core.errors import InputRejectedError, RejectedItemError
from toonvision.core.files import path_inside, read_regular
from toonvision.core.names import derived_name
from toonvision.data.fitting import Resize, shrink_factor
from toonvision.data.images import LARGEST_FILE
from toonvision.data.masks import Mask, cut, object_in_box, read_mask
from toonvision.data.records import Crop, StoredMask, StoredScreenshot
from toonvision.data.workspace import MASKS, Workspace
from toonvision.taxonomy.labels import NO_CONTEXT

NOT_COUNTED = 255
"""The value of pixels that do not count."""
CLASSES, INSTANCES = "classes", "instances"
"""Folders of masks, by what their values are."""
_REMEDY = "Draw the mask again, or remove it."


def shrunk_mask(mask: StoredMask, *, classes: int, size_hw: tuple[int, int]) -> Mask:
    """Read a mask and shrink it by a whole number to an input size; see `toonvision.data.arrays.load_masks`.

    Raises:
        InputRejectedError: If it is damaged, does not fit its screenshot, or has a value that is no class.
    """
    values = _read(mask)
    odd = values[(values >= classes) & (values != NOT_COUNTED)]
    if len(odd):
        raise InputRejectedError(
            f"{mask.path}: the values of a mask are 0 to {classes - 1}, one for each class of pixels, and "
            f"{NOT_COUNTED} where a pixel does not count; got {odd[0]}. {_REMEDY}"
        )
    return _shrunk(values, mask.size_wh, size_hw, beside=NOT_COUNTED)


def shrunk_instances(mask: StoredMask | None, crops: Sequence[Crop], *, size_hw: tuple[int, int]) -> Mask:
    """Read which object each pixel shows, by its number among some; see `toonvision.data.arrays.load_instances`.

    Raises:
        InputRejectedError: If the mask is damaged or does not fit its screenshot.
    """
    if mask is None:
        return np.zeros(size_hw, np.uint8)
    values = _read(mask)
    instances = np.zeros_like(values)
    for index, crop in enumerate(crops[:NOT_COUNTED], start=1):
        if (number := object_in_box(values, crop.box)) is not None:
            instances[values == number] = index
    return _shrunk(instances, mask.size_wh, size_hw, beside=0)


def own_pixels(mask: StoredMask | None, crop: Crop, *, size_hw: tuple[int, int], resize: Resize) -> Mask:
    """Read which pixels of a crop show its object, resized as it is; see `toonvision.data.arrays.load_own_pixels`.

    Raises:
        InputRejectedError: If the mask is damaged or does not fit its screenshot.
    """
    if mask is None:
        return np.zeros(size_hw, np.uint8)
    values = _read(mask)
    number = object_in_box(values, crop.box)
    own = np.zeros_like(values) if number is None else (values == number).astype(np.uint8)
    return cut(own, crop.box, size_hw=size_hw, resize=resize)


def _read(mask: StoredMask) -> Mask:
    values = read_mask(mask.path, remedy=_REMEDY)
    height, width = values.shape
    if (width, height) != mask.size_wh:
        raise InputRejectedError(
            f"{mask.path}: a mask is as large as its screenshot, {mask.size_wh[0]} x {mask.size_wh[1]} pixels; got "
            f"{width} x {height}. {_REMEDY}"
        )
    return values


def _shrunk(values: Mask, size_wh: tuple[int, int], size_hw: tuple[int, int], *, beside: int) -> Mask:
    factor = shrink_factor(size_wh, size_hw)
    rows, columns = (_middles(side, factor) for side in values.shape)
    found = np.full(size_hw, beside, np.uint8)
    found[: len(rows), : len(columns)] = values[rows[:, None], columns]
    return found


def masks_of(
    workspace: Workspace, screenshots: Sequence[StoredScreenshot], folder: str = CLASSES
) -> list[StoredMask | None]:
    """Return the mask of each screenshot, None where it has none.

    That in the workspace comes before the source's, and both before one that was drawn from outlines.

    Args:
        workspace: Where they are.
        screenshots: The screenshots.
        folder: The folder of masks, by what their values are.

    Raises:
        InputRejectedError: If a mask is a link that leaves its folder, or cannot be read.
    """
    roots = {source.key: source.root / MASKS / folder for source in workspace.sources}
    own = workspace.masks / folder
    shared = Counter((shot.source, earlier_name(shot.context, shot.name)) for shot in screenshots)
    found = []
    for shot in screenshots:
        names, drawn = list(_names(shot)), outlined_masks(workspace, shot.source) / folder
        earlier = earlier_name(shot.context, shot.name)
        by_outline = [outlined_name(shot.name), *([earlier] if shared[shot.source, earlier] == 1 else [])]
        stated = {own: names, roots.get(shot.source, own): names, drawn: by_outline}
        paths = [path for root, own_names in stated.items() for path in _existing(root, own_names)]
        found.append(StoredMask(paths[0], shot.size_wh, _digest(paths[0])) if paths else None)
    return found


def outlined_masks(workspace: Workspace, source: str) -> Path:
    """Return the folder of the cache for masks that were drawn from the outlines of a source's annotations."""
    return workspace.cache / MASKS / hashlib.sha256(source.encode()).hexdigest()[:16]


def outlined_name(picture: str) -> str:
    """Return the path of a mask below such a folder, from the path of its screenshot below the source."""
    folder, slash, name = picture.rpartition("/")
    return f"{folder}{slash}{derived_name(name, '.png')}"


def earlier_name(context: str, picture: str) -> str:
    """Return the path that earlier versions gave such a mask: two pictures of one stem shared it."""
    return f"{context}/{Path(picture).stem}.png"


def _names(shot: StoredScreenshot) -> Iterator[str]:
    """Yield the paths below a folder of masks where a person may have put that of a screenshot."""
    name = f"{Path(shot.name).stem}.png"
    # Where a person decided on a context, the masks lie where the picture's folder says, or in none.
    folders = dict.fromkeys((shot.context, *reversed(shot.name.split("/")[:-1])))
    yield from (f"{folder}/{name}" for folder in folders)
    if shot.context == NO_CONTEXT or "/" not in shot.name:
        yield name


def _existing(folder: Path, names: Iterable[str]) -> Iterator[Path]:
    """Yield those files of some names that are there."""
    try:
        paths = [path_inside(folder, name) for name in names] if folder.is_dir() else []
    except RejectedItemError as error:
        raise InputRejectedError(f"{folder}: {error.reason}.") from error
    yield from filter(Path.is_file, paths)


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(read_regular(path, limit=LARGEST_FILE)).hexdigest()
    except RejectedItemError as error:
        raise InputRejectedError(f"{path}: {error.reason}. {_REMEDY}") from error


def _middles(side: int, factor: int) -> npt.NDArray[np.int64]:
    """Return the index of the middle one of each group of so many pixels of a side."""
    return np.minimum(np.arange(0, side, factor) + factor // 2, side - 1)
