"""Random changes to screenshots for training, and to the bounding boxes of their objects with them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from toonvision.data.images import Pictures
from toonvision.data.pixel_masks import NOT_COUNTED
from toonvision.tasks.augmentation import LUMA, color_changes
from toonvision.tasks.detect_targets import IGNORED, LABEL, Targets, padded_rows
from toonvision.tasks.settings import Augmentation

_ENOUGH, _TRACES = 0.35, 0.05
"""Shares of a box that must be seen: from the first on it is an object, below the second nothing of it is left."""
_SMALLEST = 6.0
"""Pixels of a side below which an object cannot be found in a map of an eighth of the size."""
_MIDDLE = (0.3, 0.7)
"""Between which shares of the sides the four images of a mosaic meet."""
_SPARSE = 8
"""Of so many rows and columns one is looked at for the mean luma."""
_IN_MOSAIC = (0.5, 1.0)
"""How much smaller the images of a mosaic are shown."""

Rows = npt.NDArray[np.float32]
"""Objects of one image; see `toonvision.tasks.detect_targets`."""


@dataclass(frozen=True)
class _Window:
    """A part of an image and where it is shown: its left, upper, right and lower edge in either, in pixels."""

    source: tuple[float, float, float, float]
    shown: tuple[int, int, int, int]

    @property
    def scale(self) -> float:
        """How many times as large it is shown."""
        return (self.shown[2] - self.shown[0]) / (self.source[2] - self.source[0])


def change(
    images: Pictures, targets: Targets, settings: Augmentation, rng: np.random.Generator
) -> tuple[Pictures, Targets]:
    """Return a batch of randomly changed screenshots with their objects, as new arrays.

    Some are mirrored, all are scaled and shifted, and some are mosaics of four of the batch (Bochkovskiy et al.,
    "YOLOv4", 2020). An object of which little is left in the image is ignored. What lies beside an image is black.
    """
    changed, rows = np.zeros_like(images), []
    for at, canvas in enumerate(changed):
        own: list[Rows] = []
        for source, mirrored, window in _placed(at, images, settings, rng):
            image, objects = images[source], targets[source][targets[source][:, LABEL] >= 0]
            if mirrored:
                image, objects = _mirrored(image, objects)
            _paste(canvas, image, window)
            own.append(_seen(objects, window))
        rows.append(np.concatenate(own).tolist())
    _recolor(changed, settings, rng)
    return changed, padded_rows(rows)


def change_with_masks(
    images: Pictures, masks: npt.NDArray[np.uint8], settings: Augmentation, rng: np.random.Generator
) -> tuple[Pictures, npt.NDArray[np.uint8]]:
    """Return a batch of screenshots and their masks, changed alike as `change` does, as new arrays.

    Args:
        images: Shape ``(images, height, width, 3)``.
        masks: The class of each pixel, shape ``(images, height, width)``.
        settings: How much is changed.
        rng: The random generator.

    Returns:
        Arrays of the same shapes; what lies beside an image is black, and 255 in its mask: it does not count.
    """
    changed, moved = np.zeros_like(images), np.full_like(masks, NOT_COUNTED)
    for at, (canvas, mask) in enumerate(zip(changed, moved, strict=True)):
        for source, mirrored, window in _placed(at, images, settings, rng):
            across = slice(None, None, -1 if mirrored else 1)
            _paste(canvas, images[source][:, across], window)
            _paste(mask, masks[source][:, across], window, Image.Resampling.NEAREST)
    _recolor(changed, settings, rng)
    return changed, moved


def _placed(
    at: int, images: Pictures, settings: Augmentation, rng: np.random.Generator
) -> Iterator[tuple[int, bool, _Window]]:
    """Choose what becomes of one image: which images are shown in it, whether mirrored, and where."""
    size_hw = images.shape[1:3]
    if rng.random() < settings.mosaic:
        sources, windows = [at, *rng.integers(len(images), size=3).tolist()], _quarters(size_hw, settings, rng)
    else:
        sources, windows = [at], [_moved(size_hw, settings, rng)]
    for source, window in zip(sources, windows, strict=True):
        yield source, settings.flip and rng.random() < 0.5, window


def _recolor(images: Pictures, settings: Augmentation, rng: np.random.Generator) -> None:
    """Change the colours of images in place, as `augment` does; Pillow does so in a tenth of the time, on bytes."""
    if not (settings.color or settings.cast):
        return
    for image, matrix, share, cast in zip(images, *color_changes(len(images), settings, rng), strict=True):
        offset = (share * cast)[0] * (image[::_SPARSE, ::_SPARSE].mean(axis=(0, 1)) @ LUMA)
        rows = np.hstack([matrix.T, offset[:, None]])
        image[:] = np.asarray(Image.fromarray(image).convert("RGB", tuple(rows.ravel().tolist())))


def _moved(size_hw: tuple[int, int], settings: Augmentation, rng: np.random.Generator) -> _Window:
    """Show an image larger or smaller, and aside."""
    height, width = size_hw
    scale = rng.uniform(1 - settings.zoom, 1 + settings.zoom)
    across, down = (side * rng.uniform(-settings.shift, settings.shift) for side in (width, height))
    left, top = width / 2 - (width / 2 + across) / scale, height / 2 - (height / 2 + down) / scale
    return _Window((left, top, left + width / scale, top + height / scale), (0, 0, width, height))


def _quarters(size_hw: tuple[int, int], settings: Augmentation, rng: np.random.Generator) -> list[_Window]:
    """Divide an image into four, and choose what is shown there of the images of a mosaic."""
    height, width = size_hw
    x, y = (round(side * rng.uniform(*_MIDDLE)) for side in (width, height))
    windows = []
    for shown in ((0, 0, x, y), (x, 0, width, y), (0, y, x, height), (x, y, width, height)):
        scale = rng.uniform(*_IN_MOSAIC) * rng.uniform(1 - settings.zoom, 1 + settings.zoom)
        spans = ((shown[2] - shown[0]) / scale, (shown[3] - shown[1]) / scale)
        left, top = (
            rng.uniform(min(0, side - span), max(0, side - span))
            for side, span in zip((width, height), spans, strict=True)
        )
        windows.append(_Window((left, top, left + spans[0], top + spans[1]), shown))
    return windows


def _mirrored(image: npt.NDArray[np.uint8], objects: Rows) -> tuple[npt.NDArray[np.uint8], Rows]:
    turned = objects.copy()
    turned[:, [0, 2]] = image.shape[1] - objects[:, [2, 0]]
    return image[:, ::-1], turned


def _paste(
    canvas: npt.NDArray[np.uint8],
    image: npt.NDArray[np.uint8],
    window: _Window,
    resampling: Image.Resampling = Image.Resampling.BILINEAR,
) -> None:
    """Draw the part of an image that a window shows; where the window leaves the image, nothing."""
    (left, top, right, bottom), (x, y, _, _) = window.source, window.shown
    height, width = image.shape[:2]
    box = (max(0.0, left), max(0.0, top), min(float(width), right), min(float(height), bottom))
    if box[0] >= box[2] or box[1] >= box[3]:
        return
    low = (x + round((box[0] - left) * window.scale), y + round((box[1] - top) * window.scale))
    high = (x + round((box[2] - left) * window.scale), y + round((box[3] - top) * window.scale))
    size = (min(high[0], window.shown[2]) - low[0], min(high[1], window.shown[3]) - low[1])
    if min(size) > 0:
        part = Image.fromarray(image).resize(size, resampling, box=box)
        canvas[low[1] : low[1] + size[1], low[0] : low[0] + size[0]] = np.asarray(part)


def _seen(objects: Rows, window: _Window) -> Rows:
    """Return what is seen of objects in a window, in pixels of the image that shows it."""
    offset = np.array(window.source[:2] * 2) * window.scale - np.array(window.shown[:2] * 2)
    moved = objects.copy()
    moved[:, :4] = objects[:, :4] * window.scale - offset
    whole = np.prod(moved[:, 2:4] - moved[:, :2], axis=1)
    for edges in ([0, 2], [1, 3]):
        moved[:, edges] = np.clip(moved[:, edges], window.shown[edges[0]], window.shown[edges[1]])
    sides = moved[:, 2:4] - moved[:, :2]
    share = np.prod(sides, axis=1) / np.maximum(whole, np.spacing(1.0))
    hard = (share < _ENOUGH) | (sides.min(axis=1) < _SMALLEST)
    moved[:, IGNORED] = np.maximum(moved[:, IGNORED], hard)
    seen: Rows = moved[(share >= _TRACES) & (sides.min(axis=1) >= 1)]
    return seen
