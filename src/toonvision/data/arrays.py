"""Samples as arrays: uint8, cached on disk, memory-mapped."""

import hashlib
import json
import mmap
import os
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from toonvision.core.errors import InputRejectedError, RejectedItemError
from toonvision.core.files import TEMPORARY, path_inside, replacing
from toonvision.core.folders import exclusive
from toonvision.core.runner import available_cores
from toonvision.data.catalog import Crop, StoredScreenshot
from toonvision.data.fitting import Resize, fit, read_picture
from toonvision.data.images import Pictures as Pictures  # batches of them are what this module returns
from toonvision.data.images import read_whole
from toonvision.data.pixel_masks import INSTANCES, NOT_COUNTED, masks_of, own_pixels, shrunk_instances, shrunk_mask
from toonvision.data.records import Frame, Known, StoredMask
from toonvision.data.workspace import Workspace

_IN_USE_S = 24 * 3600
_SCREENSHOTS, _MASKS = "screenshots", "masks"
_INSTANCES = "places"  # as files of version 0.1.0 are called, so that they are found again


def mapped_elsewhere(array: Pictures) -> Pictures | Path:
    """Return what another process needs to have the same array: the file where it is a mapped one, else the array."""
    if isinstance(array, np.memmap) and isinstance(array.base, mmap.mmap):
        return Path(str(array.filename))
    return array


def mapped_here(sent: Pictures | Path) -> Pictures:
    """Return the array that `mapped_elsewhere` was given in another process."""
    return _mapped(sent) if isinstance(sent, Path) else sent


def load_images(
    workspace: Workspace, crops: Sequence[Crop], *, level: str, size_hw: tuple[int, int], resize: Resize
) -> Pictures:
    """Load crops as one array, from the cache if it has them.

    Args:
        workspace: Where the crops and the cache are.
        crops: Which crops, in the order of the array.
        level: The level that they are used for, which names the array.
        size_hw: Height and width in pixels.
        resize: How crops are resized to that size.

    Returns:
        Shape ``(crops, height, width, 3)``, uint8, memory-mapped and read-only.

    Raises:
        InputRejectedError: If a crop's file is missing or damaged.
        WorkspaceBusyError: If the cache must be filled while another process writes to the workspace.
    """

    def read(index: int) -> npt.NDArray[np.uint8]:
        crop = crops[index]
        with _named(workspace.crops / crop.file):
            return read_picture(workspace.crops / crop.file, size_hw=size_hw, resize=resize, digest=crop.hash)

    path = workspace.cache / cache_name(level, crops, size_hw=size_hw, resize=resize)
    return _cached(workspace, path, _cache_stem(level, size_hw), (len(crops), *size_hw, 3), read)


def load_screenshots(
    workspace: Workspace, screenshots: Sequence[StoredScreenshot], *, size_hw: tuple[int, int]
) -> Pictures:
    """Load screenshots as one array, shrunk by whole numbers, from the cache if it has them.

    Args:
        workspace: Where they and the cache are.
        screenshots: Which, in the order of the array.
        size_hw: Height and width in pixels.

    Returns:
        Shape ``(screenshots, height, width, 3)``, uint8, memory-mapped and read-only; black where one does not reach.

    Raises:
        InputRejectedError: If a screenshot's file is missing, damaged, or another one by now.
        WorkspaceBusyError: If the cache must be filled while another process writes to the workspace.
    """
    whole = screenshot_reader(workspace)

    def read(index: int) -> npt.NDArray[np.uint8]:
        return fit(whole(screenshots[index].id), size_hw=size_hw, resize="shrink")

    stem = _cache_stem(_SCREENSHOTS, size_hw)
    digest = _digest([[shot.picture_hash for shot in screenshots], size_hw])
    return _cached(workspace, workspace.cache / f"{stem}{digest}.npy", stem, (len(screenshots), *size_hw, 3), read)


def load_masks(
    workspace: Workspace,
    masks: Sequence[StoredMask | None],
    *,
    classes: int,
    size_hw: tuple[int, int],
    left_out: Collection[int] = (),
) -> Pictures:
    """Load the masks of screenshots as one array, shrunk as `load_screenshots` shrinks these, from the cache if there.

    Args:
        workspace: Where the cache is.
        masks: Which, in the order of the array; None for a screenshot without one, of which no pixel counts.
        classes: How many classes of pixels there are.
        size_hw: Height and width in pixels.
        left_out: Classes whose pixels do not count.

    Returns:
        Shape ``(masks, height, width)``, uint8, memory-mapped and read-only: the class of the middle one of the pixels
        that become one; 255 where none counts, and where the screenshot does not reach.

    Raises:
        InputRejectedError: If a mask is damaged, does not fit its screenshot, or has a value that is no class.
        WorkspaceBusyError: If the cache must be filled while another process writes to the workspace.
    """

    def read(index: int) -> npt.NDArray[np.uint8]:
        mask = masks[index]
        if mask is None:
            return np.full(size_hw, NOT_COUNTED, np.uint8)
        found = shrunk_mask(mask, classes=classes, size_hw=size_hw)
        found[np.isin(found, list(left_out))] = NOT_COUNTED
        return found

    stem = _cache_stem(_MASKS, size_hw)
    digest = _digest([[mask and mask.hash for mask in masks], classes, size_hw, sorted(left_out)])
    return _cached(workspace, workspace.cache / f"{stem}{digest}.npy", stem, (len(masks), *size_hw), read)


def load_instances(workspace: Workspace, frames: Sequence[Frame], *, size_hw: tuple[int, int]) -> Pictures | None:
    """Load which object of its screenshot each pixel shows, shrunk as `load_masks` does, from the cache if it has it.

    Args:
        workspace: Where the masks and the cache are.
        frames: The screenshots, in the order of the array, with their objects.
        size_hw: Height and width in pixels.

    Returns:
        Shape ``(screenshots, height, width)``, uint8, memory-mapped and read-only: the number of the object among those
        of its screenshot, from 1, and 0 for none; None if no screenshot has a mask of its objects.

    Raises:
        InputRejectedError: If a mask is damaged or does not fit its screenshot.
        WorkspaceBusyError: If the cache must be filled while another process writes to the workspace.
    """
    masks = masks_of(workspace, [frame.shot for frame in frames], INSTANCES)
    if not any(masks):
        return None

    def read(index: int) -> npt.NDArray[np.uint8]:
        return shrunk_instances(masks[index], frames[index].cut, size_hw=size_hw)

    stem = _cache_stem(_INSTANCES, size_hw)
    digest = _digest([[[frame.hash, mask and mask.hash] for frame, mask in zip(frames, masks, strict=True)], size_hw])
    return _cached(workspace, workspace.cache / f"{stem}{digest}.npy", stem, (len(frames), *size_hw), read)


def load_own_pixels(
    workspace: Workspace, known: Known, crops: Sequence[Crop], *, level: str, size_hw: tuple[int, int], resize: Resize
) -> Pictures | None:
    """Load which pixels of crops show their objects, resized as `load_images` does, from the cache if it has them.

    Args:
        workspace: Where the masks and the cache are.
        known: What the catalogue says, with the screenshots of the crops.
        crops: Which crops, in the order of the array.
        level: The level that they are used for, which names the array.
        size_hw: Height and width in pixels.
        resize: How crops are resized to that size.

    Returns:
        Shape ``(crops, height, width)``, uint8, memory-mapped and read-only: 1 where a pixel shows the crop's object, 0
        where it does not, or no mask says so; None if no screenshot has a mask of its objects.

    Raises:
        InputRejectedError: If a mask is damaged or does not fit its screenshot.
        WorkspaceBusyError: If the cache must be filled while another process writes to the workspace.
    """
    shown = {crop.screenshot_id for crop in crops}
    shots = [shot for shot in known.screenshots if shot.id in shown]
    of_shot = dict(zip([shot.id for shot in shots], masks_of(workspace, shots, INSTANCES), strict=True))
    masks = [of_shot[crop.screenshot_id] for crop in crops]
    if not any(masks):
        return None

    def read(index: int) -> npt.NDArray[np.uint8]:
        return own_pixels(masks[index], crops[index], size_hw=size_hw, resize=resize)

    stem = _cache_stem(f"{_INSTANCES}-{level}", size_hw)
    boxes = [[crop.hash, crop.box.xyxy, mask and mask.hash] for crop, mask in zip(crops, masks, strict=True)]
    path = workspace.cache / f"{stem}{_digest([boxes, size_hw, resize])}.npy"
    return _cached(workspace, path, stem, (len(crops), *size_hw), read)


def read_crop(workspace: Workspace, crop: Crop) -> Image.Image:
    """Read a crop as it was cut.

    Raises:
        InputRejectedError: If its file is missing, damaged, or another one by now.
    """
    with _named(workspace.crops / crop.file):
        return read_whole(workspace.crops / crop.file, digest=crop.hash)


def screenshot_reader(workspace: Workspace) -> Callable[[int], Image.Image]:
    """Return a function that reads a screenshot, given its row in the catalogue, with the pixels that were extracted.

    It raises `InputRejectedError` if the file is missing, damaged, or another one by now.
    """
    roots = {source.key: source.root for source in workspace.sources}
    shots = {shot.id: shot for shot in workspace.known_screenshots()}

    def read(row: int) -> Image.Image:
        shot = shots[row]
        if shot.source not in roots:
            raise InputRejectedError(f"{shot.name}: its source is gone from the workspace's settings.")
        root = roots[shot.source]
        try:
            return read_whole(path_inside(root, shot.name), digest=shot.picture_hash, declared_wh=shot.size_wh)
        except RejectedItemError as error:
            raise InputRejectedError(
                f"{root / shot.name}: {error.reason}. Extract again: toonvision extract"
            ) from error

    return read


def cache_name(level: str, crops: Sequence[Crop], *, size_hw: tuple[int, int], resize: Resize) -> str:
    """Return the file name of an array; it depends on the content, so that a stale one is never used."""
    return f"{_cache_stem(level, size_hw)}{_digest([[crop.hash for crop in crops], size_hw, resize])}.npy"


def batch_order(
    indices: npt.NDArray[np.int64], *, batch_size: int, rng: np.random.Generator
) -> Iterator[npt.NDArray[np.int64]]:
    """Shuffle indices, shape ``(samples,)``, and cut them into batches ``(batch_size,)``; the last may be smaller."""
    shuffled = rng.permutation(indices)
    for start in range(0, len(shuffled), batch_size):
        yield shuffled[start : start + batch_size]


def _cache_stem(level: str, size_hw: tuple[int, int]) -> str:
    return f"{level}-{size_hw[0]}x{size_hw[1]}-"


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def _mapped(path: Path) -> Pictures:
    """Map an array of the cache, and mark it as in use."""
    pictures: Pictures = np.load(path, mmap_mode="r")
    with suppress(OSError):
        os.utime(path)
    return pictures


def _cached(
    workspace: Workspace,
    path: Path,
    stem: str,
    shape: tuple[int, ...],
    read: Callable[[int], npt.NDArray[np.uint8]],
) -> Pictures:
    """Map an array of the cache; where it is missing or damaged, read all of its pictures first."""
    with suppress(Exception):  # NumPy parses the header as Python, and answers damaged ones with errors of many kinds
        images = _mapped(path)
        if images.shape == shape and images.dtype == np.uint8:
            return images
    with exclusive(workspace.root, purpose="fill the cache"):
        _fill(path, shape, read)
        _drop_older(path, stem)
    return _mapped(path)


def _fill(path: Path, shape: tuple[int, ...], read: Callable[[int], npt.NDArray[np.uint8]]) -> None:
    with replacing(path) as temporary, ThreadPoolExecutor(available_cores()) as pool:
        array = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.uint8, shape=shape)
        if hasattr(os, "posix_fallocate"):  # a mapped file without space on the disk kills the process later
            with temporary.open("r+b") as file:
                os.posix_fallocate(file.fileno(), 0, temporary.stat().st_size)

        def fill(index: int) -> None:
            array[index] = read(index)

        list(pool.map(fill, range(len(array))))
        array.flush()


@contextmanager
def _named(file: Path) -> Iterator[None]:
    """Raise an error that names the crop that cannot be read, and the remedy."""
    try:
        yield
    except RejectedItemError as error:
        remedy = f"Crops can be made again: toonvision extract -w {file.parents[1]}"
        raise InputRejectedError(f"{file}: {error.reason}. {remedy}") from error


def _drop_older(path: Path, stem: str) -> None:
    """Remove arrays of the same task and size that hold other samples, and what killed runs left behind.

    An array that was mapped within the last day stays: another process of a training may be about to map it.
    """
    unused = time.time() - _IN_USE_S
    for other in path.parent.glob(f"{stem}*.npy"):
        with suppress(OSError):
            if other != path and other.stat().st_mtime < unused:
                other.unlink()
    for left in path.parent.glob(f"{TEMPORARY}*"):
        with suppress(OSError):
            left.unlink()
