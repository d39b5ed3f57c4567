"""From outlines that annotations draw to masks: polygons, and masks of run lengths.

Source:
    cocodataset.org, "Data format": a polygon is a list of x and y in pixels; a mask of run lengths counts pixels of 0
    and of 1 in turn, from 0, down one column after the other.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from toonvision.core.errors import Finding, RejectedItemError
from toonvision.data.boxes import AnnotatedPicture, Outline, finite
from toonvision.data.formats.coco_objects import runs_of_mask
from toonvision.data.formats.shapes import listed_points
from toonvision.data.masks import Mask
from toonvision.data.pixel_masks import NOT_COUNTED

Inside = npt.NDArray[np.bool_]
"""Which pixels lie in an outline, shape ``(height, width)``."""
_FAR = 1e6
"""Pixels beyond which a corner is moved nearer."""
_MOST_NUMBERS = 255
"""Objects of one screenshot that can have a number of their own in a mask."""


def drawn_masks(
    picture: AnnotatedPicture, size_wh: tuple[int, int], class_of: Callable[[str], int | None], *, beside: int
) -> tuple[Mask, Mask, list[Finding]]:
    """Draw the masks of a screenshot, large outlines first, so that what is small or in front stays visible.

    Args:
        picture: Its outlines.
        size_wh: Width and height of the screenshot in pixels.
        class_of: Returns the class of the pixels of a label; None where it has none.
        beside: The class of the pixels in no outline.

    Returns:
        The class of each pixel, and the number of the object, from 1, or 0 where there is none or it is not known; and
        the outlines that cannot be used.
    """
    width, height = size_wh
    classes, numbers = np.full((height, width), beside, np.uint8), np.zeros((height, width), np.uint8)
    usable: list[tuple[int, int, Outline]] = []
    findings = []
    for number, outline in enumerate(picture.outlines, start=1):
        for tried in _ways(outline):
            try:
                area = int(inside(tried.shape, size_wh).sum())
            except RejectedItemError as error:
                findings.append(error.finding(f"{picture.annotation}, mask {number}"))
                continue
            if area:
                usable.append((-area, number, tried))
                break
    for _, number, outline in sorted(usable):  # drawn a second time, so that memory holds one outline at a time
        pixels = inside(outline.shape, size_wh)
        label = class_of(outline.label) if outline.known else None
        classes[pixels] = NOT_COUNTED if label is None else label
        numbers[pixels] = number if number <= _MOST_NUMBERS and outline.known else 0
    return classes, numbers, findings


def _ways(outline: Outline) -> Iterator[Outline]:
    """Yield an outline, and the box of its object: where the first covers no pixel, it is not known which show it."""
    yield outline
    if outline.box:
        yield Outline(outline.label, outline.box, known=False)


def inside(shape: object, size_wh: tuple[int, int]) -> Inside:
    """Return which pixels of a screenshot lie in a segmentation of COCO: polygons, or run lengths.

    Raises:
        RejectedItemError: If it is neither, or a mask is not as large as the screenshot.
    """
    if isinstance(shape, dict):
        return _decoded(shape, size_wh)
    parts = shape if isinstance(shape, list) and _are_polygons(shape) else [shape]
    found = np.zeros(size_wh[::-1], np.bool_)
    for part in parts:
        found |= filled(listed_points(part, "segmentation"), size_wh)
    return found


def filled(points: Sequence[tuple[float, float]], size_wh: tuple[int, int]) -> Inside:
    """Return the pixels whose middle lies in a polygon, by the parity of the edges to their left.

    Args:
        points: The corners, x and y in pixels; the last one is joined to the first.
        size_wh: Width and height of the image in pixels.
    """
    width, height = size_wh
    toggled = np.zeros((height, width + 1), np.uint8)
    corners = [(_near(x), _near(y)) for x, y in points]
    for (x1, y1), (x2, y2) in pairwise([*corners, *corners[:1]]):
        if y1 == y2:
            continue
        low, high = np.clip(np.ceil(np.array([min(y1, y2), max(y1, y2)]) - 0.5), 0, height).astype(int)
        rows = np.arange(low, high)
        crossings = x1 + (rows + 0.5 - y1) * (x2 - x1) / (y2 - y1)
        columns = np.clip(np.ceil(crossings - 0.5), 0, width).astype(int)
        toggled[rows, columns] ^= 1
    return np.bitwise_xor.accumulate(toggled, axis=1)[:, :width].astype(np.bool_)


def _are_polygons(shape: list[Any]) -> bool:
    """Return whether a list is one of polygons, rather than one polygon as numbers or as pairs of x and y."""
    return all(isinstance(one, list) for one in shape) and any(len(one) != 2 for one in shape)


def _near(value: float) -> float:
    return min(max(finite(value, "a corner"), -_FAR), _FAR)


def _decoded(mask: Mapping[str, Any], size_wh: tuple[int, int]) -> Inside:
    width, height = size_wh
    runs = runs_of_mask(mask, size_wh)
    pixels = np.zeros(height * width, np.bool_)
    ends = np.cumsum(runs)
    for start, end in zip(ends[::2], ends[1::2], strict=False):
        pixels[start:end] = True
    return pixels.reshape(width, height).T
