"""What screenshots show beside their objects: boxes that touch none, and whole screenshots."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
from PIL import Image

from toonvision.core.errors import InputRejectedError
from toonvision.core.grouping import grouped
from toonvision.core.runner import available_cores
from toonvision.core.seeds import generator
from toonvision.data.arrays import screenshot_reader
from toonvision.data.catalog import Crop
from toonvision.data.fitting import Resize, fit
from toonvision.data.images import Pictures
from toonvision.data.workspace import Workspace

MOST_SCREENSHOTS = 400
_BOXES, _TRIES = 6, 120
_SMALLEST_SIDE, _LARGEST_SHARE = 24, 0.85
_MOSTLY_OBJECT = 0.5
"""Share of a screenshot from which on one object makes it a crop itself."""
_GROUP = 16

Boxes = npt.NDArray[np.int64]
"""Bounding boxes as x_min, y_min, x_max, y_max in pixels, shape ``(boxes, 4)``."""


def background(
    workspace: Workspace,
    crops: Sequence[Crop],
    *,
    besides: Sequence[Crop] = (),
    size_hw: tuple[int, int],
    resize: Resize,
) -> Iterator[tuple[Pictures, Pictures]]:
    """Cut background from the screenshots of crops; all objects of a screenshot must be among the crops.

    Six boxes a screenshot, random for each but the same each time, that touch no object: half of the size of some crop,
    half of any size. Up to 400 screenshots, evenly spread. A screenshot that can no longer be read is left out.

    Args:
        workspace: Where the screenshots are.
        crops: All crops of some screenshots.
        besides: Regions where objects may be that nobody need find; no box touches them either.
        size_hw: Height and width of the pictures in pixels.
        resize: How they are resized to that size.

    Yields:
        For some screenshots each, boxes that touch no object, and whole screenshots of which no object covers most;
        each of shape ``(pictures, height, width, 3)``, uint8, 0 to 255.
    """
    by_screenshot = grouped(crops, lambda crop: crop.screenshot_id)
    avoided = grouped(besides, lambda region: region.screenshot_id)
    rows = sorted(by_screenshot)
    chosen = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), MOST_SCREENSHOTS)).round().astype(int))
    sizes = [crop.box.size_wh for crop in crops]
    read = screenshot_reader(workspace)

    def cut(row: int) -> tuple[list[Pictures], list[Pictures]]:
        return _cut(
            by_screenshot[row],
            avoided.get(row, ()),
            read,
            sizes,
            lambda image: fit(image, size_hw=size_hw, resize=resize),
        )

    with ThreadPoolExecutor(available_cores()) as pool:
        for start in range(0, len(chosen), _GROUP):
            found = list(pool.map(cut, [rows[at] for at in chosen[start : start + _GROUP]]))
            beside, whole = ([picture for one in found for picture in one[kind]] for kind in (0, 1))
            yield _stacked(beside, size_hw), _stacked(whole, size_hw)


def _cut(
    crops: Sequence[Crop],
    besides: Sequence[Crop],
    read: Callable[[int], Image.Image],
    sizes: Sequence[tuple[int, int]],
    fitted: Callable[[Image.Image], Pictures],
) -> tuple[list[Pictures], list[Pictures]]:
    """Return the background of the screenshot of some crops, and itself, if it is not mostly one object."""
    try:
        image = read(crops[0].screenshot_id)
    except InputRejectedError:
        return [], []
    largest = max(width * height for width, height in (crop.box.size_wh for crop in crops))
    mostly = largest > _MOSTLY_OBJECT * image.width * image.height
    objects = np.array([crop.box.xyxy for crop in (*crops, *besides)])
    boxes = free_boxes(image.size, objects, sizes, generator(0, "background", crops[0].screenshot))
    return [fitted(image.crop(box)) for box in boxes], [] if mostly else [fitted(image)]


def free_boxes(
    size_wh: tuple[int, int], objects: Boxes, sizes: Sequence[tuple[int, int]], rng: np.random.Generator
) -> list[tuple[int, int, int, int]]:
    """Draw boxes that touch no object: half of the size of some crop, half of any size; fewer where few fit.

    Args:
        size_wh: Width and height of the screenshot in pixels.
        objects: The bounding boxes of its objects.
        sizes: Width and height of crops in pixels, at least one.
        rng: Draws them.
    """
    found: list[tuple[int, int, int, int]] = []
    highest = np.log(np.maximum(np.array(size_wh) * _LARGEST_SHARE, _SMALLEST_SIDE))
    for attempt in range(_TRIES):
        if len(found) == _BOXES:
            break
        any_size = np.exp(rng.uniform(np.log(_SMALLEST_SIDE), highest)).astype(int)
        width, height = any_size if attempt % 2 else sizes[int(rng.integers(len(sizes)))]
        if width > size_wh[0] or height > size_wh[1]:
            continue
        left, top = rng.integers(0, [size_wh[0] - width + 1, size_wh[1] - height + 1]).tolist()
        right, bottom = left + int(width), top + int(height)
        apart = (objects[:, 0] >= right) | (objects[:, 2] <= left) | (objects[:, 1] >= bottom) | (objects[:, 3] <= top)
        if apart.all():
            found.append((left, top, right, bottom))
    return found


def _stacked(pictures: Sequence[Pictures], size_hw: tuple[int, int]) -> Pictures:
    return np.stack(pictures) if pictures else np.zeros((0, *size_hw, 3), np.uint8)
