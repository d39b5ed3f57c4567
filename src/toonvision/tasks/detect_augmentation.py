"""Random changes to screenshots for training, and to the boxes of their objects and their masks with them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image

from toonvision.data.images import Pictures
from toonvision.data.pixel_masks import NOT_COUNTED
from toonvision.tasks.augmentation import LUMA, color_changes
from toonvision.tasks.detect_targets import IGNORED, LABEL, Batch, Targets, padded_rows
from toonvision.tasks.pasting import AnnotatedImage, Rows, figures_of, with_figures
from toonvision.tasks.settings import Augmentation

_ENOUGH, _TRACES = 0.35, 0.05
"""Shares of a box that must be seen: from the first on it is an object, below the second nothing of it is left."""
_SMALLEST = 6.0
"""Pixels of a side below which an object cannot be found in a map of an eighth of the size."""
_MIDDLE = (0.3, 0.7)
"""Between which shares of the sides the four images of a mosaic meet."""
_SPARSE = 8
"""Of so many rows and columns one is looked at for the mean luma, and for the classes of pixels."""
_IN_MOSAIC = (0.5, 1.0)
"""How much smaller the images of a mosaic are shown."""
_WINDOW_HW = (256, 320)
"""Training images are windows of this size of larger screenshots: more objects are seen in the same time."""
_AROUND = 0.75
"""Share of the windows that show an object of a class that is drawn first, so that rare ones are seen as often."""
_FROM_SIDES = ((0.15, 0.85), (0.3, 0.7))
"""Between which shares of a window's width and height the middle of that object lies."""

Anchors = Mapping[int, list[tuple[int, npt.NDArray[np.float32]]]]
"""The objects of a batch by their class: the index of the image, and the box."""


@dataclass(frozen=True)
class _Window:
    """A part of an image and where it is shown: its left, upper, right and lower edge in either, in pixels."""

    source: tuple[float, float, float, float]
    shown: tuple[int, int, int, int]

    @property
    def scale(self) -> float:
        """How many times as large it is shown."""
        return (self.shown[2] - self.shown[0]) / (self.source[2] - self.source[0])


def window_size(size_hw: tuple[int, int]) -> tuple[int, int]:
    """Return height and width of the training images for screenshots of a size, in pixels.

    Examples:
        >>> window_size((384, 640)), window_size((192, 640))
        ((256, 320), (192, 320))
    """
    return min(size_hw[0], _WINDOW_HW[0]), min(size_hw[1], _WINDOW_HW[1])


def change(batch: Batch, settings: Augmentation, rng: np.random.Generator) -> Batch:
    """Return randomly changed windows of a batch of screenshots, with their objects and masks, as new arrays.

    Windows lie around objects of classes that are as common as each other, or anywhere; where only pixels are learned,
    around pixels of such classes. Where masks of objects are known, figures of the batch are pasted into some. Some
    windows are mirrored, all are scaled and shifted, and some are mosaics of four of the batch (Bochkovskiy et al.,
    "YOLOv4", 2020). An object of which little is left is ignored. What lies beside an image is black, and its pixels do
    not count.

    Args:
        batch: The screenshots.
        settings: How much is changed.
        rng: The random generator. What it decides does not depend on the masks, where objects are learned.

    Returns:
        As many windows, of the size `window_size`, without `instances`.
    """
    whole_hw = batch.images.shape[1:3]
    size_hw = window_size(whole_hw)
    changed, rows = _empty(batch, size_hw), []
    figures = figures_of(batch) if settings.paste else []
    anchors = _anchors_of(batch, rng) if size_hw != whole_hw else None
    for at in range(len(batch.images)):
        own: list[Rows] = []
        for source, mirrored, window in _placed(at, batch.images, size_hw, settings, rng, anchors):
            shown = _annotated(batch, source)
            if figures and rng.random() < settings.paste:
                shown = with_figures(shown, figures, rng)
            if mirrored:
                shown, window = _mirrored(shown, window)
            own.append(_show(changed, at, shown, window))
        rows.append(np.concatenate(own).tolist())
    _recolor(changed.images, settings, rng)
    return replace(changed, targets=padded_rows(rows))


def middle_windows(batch: Batch) -> Batch:
    """Return a window around the largest object of each screenshot, or of its middle where it has none."""
    whole_hw = batch.images.shape[1:3]
    height, width = size_hw = window_size(whole_hw)
    changed, rows = _empty(batch, size_hw), []
    for at in range(len(batch.images)):
        shown = _annotated(batch, at)
        areas = np.prod(shown.objects[:, 2:4] - shown.objects[:, :2], axis=1)
        x, y = _middle(shown.objects[areas.argmax()]) if len(areas) else (whole_hw[1] / 2, whole_hw[0] / 2)
        left, top = (
            round(min(max(middle - side / 2, 0), most - side))
            for middle, side, most in ((x, width, whole_hw[1]), (y, height, whole_hw[0]))
        )
        window = _Window((left, top, left + width, top + height), (0, 0, width, height))
        rows.append(_show(changed, at, shown, window).tolist())
    return replace(changed, targets=padded_rows(rows))


def _empty(batch: Batch, size_hw: tuple[int, int]) -> Batch:
    """Return black images for windows of a batch, and masks in which no pixel counts."""
    count = len(batch.images)
    masks = None if batch.masks is None else np.full((count, *size_hw), NOT_COUNTED, np.uint8)
    return Batch(np.zeros((count, *size_hw, 3), np.uint8), batch.targets[:, :0], masks)


def _annotated(batch: Batch, at: int) -> AnnotatedImage:
    """Return one image of a batch with the rows that are objects."""
    target = batch.targets[at]
    mask = None if batch.masks is None else batch.masks[at]
    return AnnotatedImage(batch.images[at], target[target[:, LABEL] >= 0], mask)


def _show(changed: Batch, at: int, shown: AnnotatedImage, window: _Window) -> Rows:
    """Draw what a window shows into one of some images and masks, and return the objects in it."""
    _paste(changed.images[at], shown.image, window)
    if changed.masks is not None and shown.mask is not None:
        _paste(changed.masks[at], shown.mask, window, Image.Resampling.NEAREST)
    return _seen(shown.objects, window)


def _placed(
    at: int,
    images: Pictures,
    size_hw: tuple[int, int],
    settings: Augmentation,
    rng: np.random.Generator,
    anchors: Anchors | None = None,
) -> Iterator[tuple[int, bool, _Window]]:
    """Choose what becomes of one image: which images are shown in it, whether mirrored, and where."""
    of_hw = images.shape[1:3]
    if rng.random() < settings.mosaic:
        sources = [at, *rng.integers(len(images), size=3).tolist()]
        windows = _quarters(of_hw, size_hw, settings, rng)
    elif anchors is None:
        sources, windows = [at], [_moved(size_hw, settings, rng)]
    else:
        source, window = _around(at, of_hw, size_hw, settings, rng, anchors)
        sources, windows = [source], [window]
    for source, window in zip(sources, windows, strict=True):
        yield source, settings.flip and rng.random() < 0.5, window


def _anchors_of(batch: Batch, rng: np.random.Generator) -> Anchors:
    """Return what windows lie around: objects, or pixels where only these are learned."""
    if batch.masks is None or batch.targets.shape[1]:
        return _anchors(batch.targets)
    return _pixels_of_classes(batch.masks, rng)


def _anchors(targets: Targets) -> Anchors:
    found: dict[int, list[tuple[int, npt.NDArray[np.float32]]]] = {}
    for at, target in enumerate(targets):
        for row in target[(target[:, LABEL] >= 0) & (target[:, IGNORED] == 0)]:
            found.setdefault(int(row[LABEL]), []).append((at, row))
    return found


def _pixels_of_classes(masks: npt.NDArray[np.uint8], rng: np.random.Generator) -> Anchors:
    """Return a pixel of each class that a mask shows, as a box without an extent; it looks at some of the pixels."""
    found: dict[int, list[tuple[int, npt.NDArray[np.float32]]]] = {}
    for at, mask in enumerate(masks[:, ::_SPARSE, ::_SPARSE]):
        for label in np.unique(mask[mask != NOT_COUNTED]).tolist():
            row, column = rng.choice(np.argwhere(mask == label)) * _SPARSE
            found.setdefault(label, []).append((at, np.array([column, row, column, row], np.float32)))
    return found


def _middle(box: npt.NDArray[np.float32]) -> tuple[float, float]:
    return float(box[0] + box[2]) / 2, float(box[1] + box[3]) / 2


def _around(
    at: int,
    of_hw: tuple[int, ...],
    size_hw: tuple[int, int],
    settings: Augmentation,
    rng: np.random.Generator,
    anchors: Anchors,
) -> tuple[int, _Window]:
    """Choose a window around an object of any image, or anywhere in the image of an index."""
    spans = np.array(size_hw[::-1]) / rng.uniform(1 - settings.zoom, 1 + settings.zoom)
    room = np.array(of_hw[::-1]) - spans
    corner = rng.uniform(np.minimum(0, room), np.maximum(0, room))
    if anchors and rng.random() < _AROUND:
        listed = anchors[sorted(anchors)[rng.integers(len(anchors))]]
        at, box = listed[rng.integers(len(listed))]
        wanted = np.array(_middle(box)) - rng.uniform(*np.transpose(_FROM_SIDES)) * spans
        corner = np.where(room > 0, np.clip(wanted, 0, np.maximum(0, room)), corner)
    left, top = corner.tolist()
    return at, _Window((left, top, left + spans[0], top + spans[1]), (0, 0, size_hw[1], size_hw[0]))


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


def _quarters(
    of_hw: tuple[int, ...], size_hw: tuple[int, int], settings: Augmentation, rng: np.random.Generator
) -> list[_Window]:
    """Divide an image into four, and choose what is shown there of the images of a mosaic."""
    height, width = size_hw
    x, y = (round(side * rng.uniform(*_MIDDLE)) for side in (width, height))
    windows = []
    for shown in ((0, 0, x, y), (x, 0, width, y), (0, y, x, height), (x, y, width, height)):
        scale = rng.uniform(*_IN_MOSAIC) * rng.uniform(1 - settings.zoom, 1 + settings.zoom)
        spans = ((shown[2] - shown[0]) / scale, (shown[3] - shown[1]) / scale)
        left, top = (
            rng.uniform(min(0, side - span), max(0, side - span)) for side, span in zip(of_hw[::-1], spans, strict=True)
        )
        windows.append(_Window((left, top, left + spans[0], top + spans[1]), shown))
    return windows


def _mirrored(shown: AnnotatedImage, window: _Window) -> tuple[AnnotatedImage, _Window]:
    """Mirror an image with its objects and mask, and a window so that it shows the same part."""
    width = shown.image.shape[1]
    turned = shown.objects.copy()
    turned[:, [0, 2]] = width - shown.objects[:, [2, 0]]
    left, top, right, bottom = window.source
    mask = None if shown.mask is None else shown.mask[:, ::-1]
    mirrored = AnnotatedImage(shown.image[:, ::-1], turned, mask)
    return mirrored, _Window((width - right, top, width - left, bottom), window.shown)


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
