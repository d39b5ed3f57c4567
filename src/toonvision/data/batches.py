"""Samples as arrays: uint8, cached on disk, memory-mapped; batches drawn and augmented by a seed."""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageEnhance

from toonvision.core.cores import available_cores
from toonvision.core.errors import InputRejectedError, RejectedItemError
from toonvision.core.files import replacing
from toonvision.core.locks import exclusive
from toonvision.data.catalog import Crop
from toonvision.data.images import Pictures as Pictures  # batches of them are what this module gives
from toonvision.data.images import Resize, read_picture
from toonvision.data.workspace import Workspace


@dataclass(frozen=True)
class Samples:
    """The samples of one task.

    Attributes:
        pictures: Shape ``(samples, height, width, 3)``, uint8, memory-mapped.
        targets: Shape ``(samples,)``, int64: the class's place among `classes`.
        crops: The crops that they were made of, in the same order.
        classes: Names of the classes that have samples, in the taxonomy's order.
    """

    pictures: Pictures
    targets: npt.NDArray[np.int64]
    crops: tuple[Crop, ...]
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Augmentation:
    """Random changes to training pictures; everything is off by default.

    Attributes:
        flip: Mirror each picture, left to right, with a probability of one half.
        rotation_degrees: Turn by up to this many degrees either way.
        zoom: Scale by up to this share either way, 0 to 0.9.
        color: Change brightness, contrast and saturation by up to this share either way, 0 to 1.
        shift: Move by up to this share of the width and of the height either way, 0 to 0.5; the edge is drawn out.
        cast: Multiply red, green and blue by factors of their own, with this standard deviation of their logarithms.
    """

    flip: bool = False
    rotation_degrees: float = 0.0
    zoom: float = 0.0
    color: float = 0.0
    shift: float = 0.0
    cast: float = 0.0

    @property
    def active(self) -> bool:
        """Whether anything would be changed."""
        return self != Augmentation()


def load_samples(
    workspace: Workspace, crops: Sequence[Crop], *, level: str, size_hw: tuple[int, int], resize: Resize
) -> Samples:
    """Give a task's samples as arrays, from the cache where it holds just these.

    Args:
        workspace: Where the crops and the cache are.
        crops: Candidates; those without a class at the level are left out.
        level: The level whose classes are the targets.
        size_hw: Height and width in pixels.
        resize: How crops are brought to that size.

    Raises:
        InputRejectedError: If a crop's file is missing or damaged.
        WorkspaceBusyError: If the cache must be filled while another process writes to the workspace.
    """
    used = tuple(crop for crop in crops if workspace.taxonomy.class_of(crop.label, level) is not None)
    names = [workspace.taxonomy.class_of(crop.label, level) for crop in used]
    classes = tuple(c.name for c in workspace.taxonomy.level(level).classes if c.name in set(names))
    targets = np.array([classes.index(name) for name in names if name], dtype=np.int64)
    path = workspace.cache / cache_name(level, used, size_hw=size_hw, resize=resize)
    pictures = _cached(path, (len(used), *size_hw, 3))
    if pictures is None:
        with exclusive(workspace.root, purpose="fill the cache"):
            _fill(path, [(workspace.crops / crop.file, crop.hash) for crop in used], size_hw, resize)
            _drop_older(path, level, size_hw)
        pictures = np.load(path, mmap_mode="r")
    return Samples(pictures, targets, used, classes)


def cache_name(level: str, crops: Sequence[Crop], *, size_hw: tuple[int, int], resize: Resize) -> str:
    """Name an array by what it holds, so that a stale one is never used."""
    content = json.dumps([[crop.hash for crop in crops], size_hw, resize])
    digest = hashlib.sha256(content.encode()).hexdigest()[:16]
    return f"{_cache_stem(level, size_hw)}{digest}.npy"


def batch_order(
    indices: npt.NDArray[np.int64], *, batch_size: int, rng: np.random.Generator
) -> Iterator[npt.NDArray[np.int64]]:
    """Shuffle indices and cut them into batches; the last one may be smaller."""
    shuffled = rng.permutation(indices)
    for start in range(0, len(shuffled), batch_size):
        yield shuffled[start : start + batch_size]


def augment(pictures: Pictures, settings: Augmentation, rng: np.random.Generator) -> Pictures:
    """Change a batch of pictures at random.

    Args:
        pictures: Shape ``(samples, height, width, 3)``, 0 to 255; left as it is.
        settings: What to change, and how much.
        rng: Where chance comes from.

    Returns:
        A new array of the same shape and type. Corners that a turn lays bare repeat nothing: they are black.
    """
    changed = pictures.copy()
    if settings.flip:
        mirrored = rng.random(len(changed)) < 0.5
        changed[mirrored] = changed[mirrored, :, ::-1]
    for index in range(len(changed)):
        if settings.rotation_degrees or settings.zoom:
            angle = rng.uniform(-settings.rotation_degrees, settings.rotation_degrees)
            scale = 1 + rng.uniform(-settings.zoom, settings.zoom)
            changed[index] = _turn(changed[index], angle, scale)
        if settings.color:
            changed[index] = _recolor(changed[index], 1 + rng.uniform(-settings.color, settings.color, size=3))
        if settings.shift:
            changed[index] = _shifted(changed[index], rng.uniform(-settings.shift, settings.shift, size=2))
        if settings.cast:
            factors = np.exp(rng.normal(0, settings.cast, size=3))
            changed[index] = np.clip(changed[index] * factors, 0, 255).astype(np.uint8)
    return changed


def _turn(picture: Pictures, degrees: float, scale: float) -> Pictures:
    height, width = picture.shape[:2]
    angle = np.deg2rad(degrees)
    cosine, sine = np.cos(angle) / scale, np.sin(angle) / scale
    middle_x, middle_y = width / 2, height / 2
    affine = (
        cosine, sine, middle_x - cosine * middle_x - sine * middle_y,
        -sine, cosine, middle_y + sine * middle_x - cosine * middle_y,
    )  # fmt: skip
    turned = Image.fromarray(picture).transform(
        (width, height), Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR
    )
    return np.asarray(turned)


def _shifted(picture: Pictures, shares: npt.NDArray[np.float64]) -> Pictures:
    """Move a picture by shares of its height and width; what comes in repeats its edge."""
    rows, columns = (
        np.clip(np.arange(side) - round(share * side), 0, side - 1)
        for side, share in zip(picture.shape[:2], shares, strict=True)
    )
    moved: Pictures = picture[rows[:, None], columns]
    return moved


def _recolor(picture: Pictures, factors: npt.NDArray[np.float64]) -> Pictures:
    image = Image.fromarray(picture)
    for enhance, factor in zip(
        (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color), factors, strict=True
    ):
        image = enhance(image).enhance(float(factor))
    return np.asarray(image)


def _cache_stem(level: str, size_hw: tuple[int, int]) -> str:
    return f"{level}-{size_hw[0]}x{size_hw[1]}-"


def _cached(path: Path, shape: tuple[int, ...]) -> Pictures | None:
    """Open an array of the cache; one that is missing or damaged is none."""
    try:
        pictures: Pictures = np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError):
        return None
    return pictures if pictures.shape == shape and pictures.dtype == np.uint8 else None


def _fill(path: Path, files: Sequence[tuple[Path, str]], size_hw: tuple[int, int], resize: Resize) -> None:
    with replacing(path) as temporary, ThreadPoolExecutor(available_cores()) as pool:
        shape = (len(files), *size_hw, 3)
        array = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.uint8, shape=shape)
        _reserve(temporary)

        def fill(index: int) -> None:
            file, digest = files[index]
            try:
                array[index] = read_picture(file, size_hw=size_hw, resize=resize, digest=digest)
            except RejectedItemError as error:
                remedy = f"Crops can be made again: toonvision extract -w {file.parents[1]}"
                raise InputRejectedError(f"{file}: {error.reason}. {remedy}") from error

        list(pool.map(fill, range(len(files))))
        array.flush()


def _reserve(path: Path) -> None:
    """Take a file's room on the disk now: a mapped file for which there is none kills the process later."""
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)


def _drop_older(path: Path, level: str, size_hw: tuple[int, int]) -> None:
    """Remove arrays of the same task and size that hold other samples, and what killed runs left behind."""
    for other in [*path.parent.glob(f"{_cache_stem(level, size_hw)}*.npy"), *path.parent.glob(".tmp-*")]:
        if other != path:
            with suppress(OSError):
                other.unlink()
