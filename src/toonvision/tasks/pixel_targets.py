"""What is learned of the pixels of screenshots: masks, by a segmenter or by a detector that names pixels too."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from toonvision.core.errors import InputRejectedError, UsageError
from toonvision.data.arrays import load_masks
from toonvision.data.pixel_masks import NOT_COUNTED, masks_of
from toonvision.data.workspace import Workspace
from toonvision.metrics.classification import Indices
from toonvision.metrics.segmentation import Maps
from toonvision.models.grid import PIXEL_STRIDE
from toonvision.tasks.base import Dataset

_FEWEST, _RARE = 10, 0.02
"""A class that fewer masks show, and a smaller share of them, is left out: its pixels do not count."""


def with_pixels(workspace: Workspace, dataset: Dataset) -> Dataset:
    """Return a dataset of screenshots with their masks; they may cover few of the screenshots.

    Raises:
        UsageError: If the taxonomy names no classes of pixels.
        InputRejectedError: If no screenshot to learn from has a mask, or one is damaged.
    """
    classes = tuple(one.name for one in workspace.taxonomy.pixels)
    if not classes:
        raise UsageError(
            "detector+pixels names the classes of pixels, of which this workspace has none. Name them in [pixels] of "
            "toonvision.toml, or leave out --model."
        )
    masks = masks_of(workspace, [frame.shot for frame in dataset.frames])
    learned = dataset.indices.get("train", np.arange(len(masks)))
    if not any(masks[at] for at in learned.tolist()):
        where = workspace.masks / "classes"
        raise InputRejectedError(
            "detector+pixels needs screenshots to learn from that have a mask; none has one. Draw masks of screenshots "
            f"of train, as PNG of one value a pixel: {where}/CONTEXT/NAME.png; or leave out --model."
        )
    found = load_masks(workspace, masks, classes=len(classes), size_hw=dataset.size_hw)
    rare = rare_classes(classes_shown(found, len(classes)))
    if rare:
        found = load_masks(workspace, masks, classes=len(classes), size_hw=dataset.size_hw, left_out=rare)
    return replace(dataset, pixels=found, pixel_classes=classes)


def classes_shown(masks: Maps, classes: int) -> Indices:
    """Return 1 for each class that a mask shows, else 0, shape ``(masks, classes)``."""
    shown = [np.bincount(mask.ravel(), minlength=256)[:classes] > 0 for mask in masks]
    return np.array(shown, np.int64).reshape(len(shown), classes)


def rare_classes(shown: Indices) -> list[int]:
    """Return the classes that too few masks show to be learned, the same way with each split of these screenshots.

    Args:
        shown: See `classes_shown`.
    """
    masks = int(shown.any(axis=1).sum())
    return np.flatnonzero(shown.sum(axis=0) < min(_FEWEST, _RARE * masks)).tolist()


def cell_shares(masks: Maps, classes: int) -> npt.NDArray[np.float32]:
    """Return the share of each cell's 4 x 4 pixels that has each class, ``(images, rows, columns, classes)``.

    The shares of a cell add up to that of its pixels that count.
    """
    count, height, width = masks.shape
    rows, columns = height // PIXEL_STRIDE, width // PIXEL_STRIDE
    values = np.minimum(masks, classes).astype(np.int64)  # one more for what does not count
    cells = np.arange(count * rows * columns).reshape(count, rows, 1, columns, 1) * (classes + 1)
    listed = (values.reshape(count, rows, PIXEL_STRIDE, columns, PIXEL_STRIDE) + cells).ravel()
    found = np.bincount(listed, minlength=count * rows * columns * (classes + 1)).astype(np.float32)
    return found.reshape(count, rows, columns, classes + 1)[..., :classes] / np.float32(PIXEL_STRIDE**2)


def with_a_mask(masks: Maps) -> Indices:
    """Return the indices of the masks that any pixel counts in."""
    return np.flatnonzero([bool((mask != NOT_COUNTED).any()) for mask in masks])
