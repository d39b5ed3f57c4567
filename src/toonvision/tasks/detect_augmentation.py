"""Random changes to screenshots for training, and to the bounding boxes of their objects with them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from toonvision.data.images import Pictures
from toonvision.data.pixel_masks import NOT_COUNTED
from toonvision.tasks.augmentation import LUMA, color_changes
from toonvision.tasks.detect_targets import IGNORED, LABEL, Targets, padded_rows
from toonvision.tasks.pasting import Rows, figures_of, with_figures
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


def change(
    images: Pictures,
    targets: Targets,
    settings: Augmentation,
    rng: np.random.Generator,
    *,
    places: Pictures | None = None,
) -> tuple[Pictures, Targets]:
    """Return randomly changed windows of a batch of screenshots with their objects, as new arrays.

    Windows lie around objects of classes that are as common as each other, or anywhere. Where masks are known, figures
    of the batch are pasted into some. Some are mirrored, all are scaled and shifted, and some are mosaics of four of
    the batch (Bochkovskiy et al., "YOLOv4", 2020). An object of which little is left is ignored. What lies beside an
    image is black.

    Args:
        images: Shape ``(images, height, width, 3)``.
        targets: Their objects.
        settings: How much is changed.
        rng: The random generator.
        places: See `toonvision.tasks.base.Dataset`.

    Returns:
        As many images, of the size `window_size`, and their objects.
    """
    size_hw = window_size(images.shape[1:3])
    changed, rows = np.zeros((len(images), *size_hw, 3), np.uint8), []
    figures = figures_of(images, places, targets) if places is not None and settings.paste else []
    anchors = _anchors(targets) if size_hw != images.shape[1:3] else None
    for at, canvas in enumerate(changed):
        own: list[Rows] = []
        for source, mirrored, window in _placed(at, images, size_hw, settings, rng, anchors):
            image, objects = images[source], _objects(targets[source])
            if figures and rng.random() < settings.paste:
                image, objects = with_figures(image, objects, figures, rng)
            if mirrored:
                image, objects, window = _mirrored(image, objects, window)
            _paste(canvas, image, window)
            own.append(_seen(objects, window))
        rows.append(np.concatenate(own).tolist())
    _recolor(changed, settings, rng)
    return changed, padded_rows(rows)


def middle_windows(images: Pictures, targets: Targets) -> tuple[Pictures, Targets]:
    """Return a window around the largest object of each screenshot, or of its middle where it has none."""
    height, width = size_hw = window_size(images.shape[1:3])
    shown, rows = np.zeros((len(images), *size_hw, 3), np.uint8), []
    for canvas, image, target in zip(shown, images, targets, strict=True):
        objects = _objects(target)
        areas = np.prod(objects[:, 2:4] - objects[:, :2], axis=1)
        x, y = _middle(objects[areas.argmax()]) if len(objects) else (image.shape[1] / 2, image.shape[0] / 2)
        left, top = (
            round(min(max(at - side / 2, 0), most - side))
            for at, side, most in ((x, width, image.shape[1]), (y, height, image.shape[0]))
        )
        canvas[:] = image[top : top + height, left : left + width]
        window = _Window((left, top, left + width, top + height), (0, 0, width, height))
        rows.append(_seen(objects, window).tolist())
    return shown, padded_rows(rows)


def middle_windows_of_masks(images: Pictures, masks: npt.NDArray[np.uint8]) -> tuple[Pictures, npt.NDArray[np.uint8]]:
    """Return the window in the middle of each screenshot and of its mask."""
    (top, bottom), (left, right) = (
        ((most - side) // 2, (most + side) // 2)
        for side, most in zip(window_size(images.shape[1:3]), images.shape[1:3], strict=True)
    )
    return images[:, top:bottom, left:right], masks[:, top:bottom, left:right]


def change_with_masks(
    images: Pictures, masks: npt.NDArray[np.uint8], settings: Augmentation, rng: np.random.Generator
) -> tuple[Pictures, npt.NDArray[np.uint8]]:
    """Return randomly changed windows of a batch of screenshots and their masks, changed alike, as new arrays.

    Windows lie around pixels of classes that are as common as each other, or anywhere; see `change`.

    Args:
        images: Shape ``(images, height, width, 3)``.
        masks: The class of each pixel, shape ``(images, height, width)``.
        settings: How much is changed.
        rng: The random generator.

    Returns:
        As many of either, of the size `window_size`; what lies beside an image is black, and 255 in its mask: it does
        not count.
    """
    size_hw = window_size(images.shape[1:3])
    changed, moved = (
        np.zeros((len(images), *size_hw, 3), np.uint8),
        np.full((len(masks), *size_hw), NOT_COUNTED, np.uint8),
    )
    anchors = _pixels_of_classes(masks, rng) if size_hw != images.shape[1:3] else None
    for at, (canvas, mask) in enumerate(zip(changed, moved, strict=True)):
        for source, mirrored, window in _placed(at, images, size_hw, settings, rng, anchors):
            across = slice(None, None, -1 if mirrored else 1)
            _paste(canvas, images[source][:, across], window)
            _paste(mask, masks[source][:, across], window, Image.Resampling.NEAREST)
    _recolor(changed, settings, rng)
    return changed, moved


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


def _objects(target: Rows) -> Rows:
    """Return the rows that are objects."""
    return target[target[:, LABEL] >= 0]


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


def _mirrored(
    image: npt.NDArray[np.uint8], objects: Rows, window: _Window
) -> tuple[npt.NDArray[np.uint8], Rows, _Window]:
    """Mirror an image with its objects, and a window so that it shows the same part."""
    width = image.shape[1]
    turned = objects.copy()
    turned[:, [0, 2]] = width - objects[:, [2, 0]]
    left, top, right, bottom = window.source
    return image[:, ::-1], turned, _Window((width - right, top, width - left, bottom), window.shown)


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
