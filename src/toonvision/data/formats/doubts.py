"""What is odd about a whole source: classes of one name, and numbers of boxes that were meant in another way."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from toonvision.core.errors import Finding, shown
from toonvision.core.grouping import grouped
from toonvision.core.wording import counted, listed
from toonvision.data.boxes import AnnotatedPicture
from toonvision.data.formats.names import Format

_FEWEST = 4
"""Boxes from which on anything is said."""
_BEYOND = 1.02
"""How far a box reaches, as a share of its picture's size, where that is no rounding."""
_OUTSIDE = 0.1
"""How much of a box lies outside its picture where that is no rounding."""


def alike(names: Mapping[Any, str], what: str, item: str) -> Iterator[Finding]:
    """Report classes of one name, which become one label; messages call them `what`, and `item` what names them."""
    for name, numbers in grouped(names, names.__getitem__).items():
        if len(numbers) > 1:
            reason = f"names the {what} {listed([*map(str, numbers)])} alike, {shown(name)}: they become one label"
            yield Finding(item, reason, "name them differently, if they are two", "alike")


def box_doubts(format_: Format, pictures: Sequence[AnnotatedPicture]) -> Iterator[Finding]:
    """Report boxes that all lie within one pixel, or whose sides are corners: no one of them shows it, all together do.

    Args:
        format_: The format that they were read in: YOLO states centres and sides, COCO a corner and sides.
        pictures: The pictures of a source.
    """
    if len(list(islice(_boxes(pictures), _FEWEST))) < _FEWEST:
        return
    within_one = format_ != "yolo" and all(min(xyxy) >= -1 and max(xyxy) <= 1 for xyxy in _boxes(pictures))
    if not within_one and not (format_ in _CORNERS and _CORNERS[format_](pictures)):
        return
    first = next(picture for picture in pictures if picture.has_boxes).annotation
    all_of_them = f"all {counted(len(list(_boxes(pictures))), 'box', 'boxes')}"
    if within_one:
        reason = f"{all_of_them} of the source lie within one pixel: they look like shares of the picture's size"
        yield Finding(first, reason, "multiply them by the width and height in pixels", "shares")
    else:
        stated = "centre, width and height" if format_ == "yolo" else "corner, width and height"
        reason = f"{all_of_them} of the source look like two corners, in place of {stated}: they leave their pictures"
        yield Finding(first, reason, f"write {stated} in their place, or export them again", "corners")


def _boxes(pictures: Sequence[AnnotatedPicture]) -> Iterator[tuple[float, float, float, float]]:
    """Yield the boxes of pictures: nearly always the first few show that nothing is odd."""
    for picture in pictures:
        for one in picture.objects:
            if one.xyxy:
                yield one.xyxy


def _centres_are_corners(pictures: Sequence[AnnotatedPicture]) -> bool:
    """Return whether every side is larger than the centre beside it, and some box so leaves its picture."""
    leaves = False
    for left, top, right, bottom in _boxes(pictures):
        width, height = right - left, bottom - top
        if width <= (left + right) / 2 or height <= (top + bottom) / 2:
            return False
        leaves = leaves or left < -_OUTSIDE * width or top < -_OUTSIDE * height
    return leaves


def _sides_are_corners(pictures: Sequence[AnnotatedPicture]) -> bool:
    """Return whether every side is larger than the corner beside it, and some box so leaves its picture."""
    leaves = False
    for picture in pictures:
        width, height = picture.size_wh or (math.inf, math.inf)
        most_right, most_bottom = _BEYOND * width, _BEYOND * height
        for one in picture.objects:
            if one.xyxy:
                left, top, right, bottom = one.xyxy
                if right - left <= left or bottom - top <= top:
                    return False
                leaves = leaves or right > most_right or bottom > most_bottom
    return leaves


_CORNERS = {"yolo": _centres_are_corners, "coco": _sides_are_corners}
