"""The boxes of objects that were not drawn as upright boxes: around a polygon, a turned box, an ellipse or a mask."""

import math
from collections.abc import Iterable, Sequence, Set
from itertools import accumulate
from typing import Any, TypeGuard

from toonvision.core.errors import RejectedItemError, shown
from toonvision.data.boxes import Xyxy, finite

POLYGON_NOTE = "the box around its polygon was taken"
POINTS_NOTE = "the box around its points was taken"
TURNED_NOTE = "the box around its turned box was taken"
CIRCLE_NOTE = "the box around its circle was taken"
ELLIPSE_NOTE = "the box around its ellipse was taken"
MASK_NOTE = "the box around its mask was taken"
_DECIMALS = 6
"""Digits that a turned edge is rounded to, so that a quarter turn gives whole pixels."""
EDGES = ("xmin", "ymin", "xmax", "ymax")
_SIDES = (("xmin", "ymin", "bbox_width", "bbox_height"), ("xmin", "ymin", "width", "height"))
EDGE_NAMES = {
    "x_min": "xmin", "y_min": "ymin", "x_max": "xmax", "y_max": "ymax", "x1": "xmin", "y1": "ymin", "x2": "xmax",
    "y2": "ymax", "left": "xmin", "top": "ymin", "right": "xmax", "bottom": "ymax", "x": "xmin", "y": "ymin",
    "w": "bbox_width", "h": "bbox_height", "bbox_x": "xmin", "bbox_y": "ymin",
}  # fmt: skip
"""Other names of what states a box: its edges, or its left and top, width and height."""


def box_around(points: Iterable[Sequence[float]]) -> Xyxy:
    """Return the smallest upright box around points ``(x, y)`` in pixels.

    Raises:
        RejectedItemError: If there are fewer than two, or a coordinate is not finite.

    Examples:
        >>> box_around([(3, 4), (1, 9)])
        (1.0, 4.0, 3.0, 9.0)
    """
    pairs = [(finite(x, "x"), finite(y, "y")) for x, y in points]
    if len(pairs) < 2:
        reason = f"has {len(pairs)} {'point' if len(pairs) == 1 else 'points'}, too few to draw a box around"
        raise RejectedItemError(reason, "draw a box around the object", code="no-box")
    xs, ys = zip(*pairs, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def no_box(kind: object) -> RejectedItemError:
    """Return why an object that is drawn as another kind of shape has no box."""
    reason = f"is drawn as {shown(kind)}, which is no box"
    return RejectedItemError(reason, "draw it as a rectangle or a polygon", code="no-box")


def box_around_list(points: object, what: str) -> Xyxy:
    """Return the box around points of a JSON document, as `listed_points` reads them."""
    return box_around(listed_points(points, what))


def keys_of_box(names: Set[str]) -> tuple[str, ...] | None:
    """Return which of some names, in the words of `EDGES`, state a box; None if it is not plain which do."""
    return next((keys for keys in (EDGES, *_SIDES) if names >= set(keys)), None)


def box_of(keys: Sequence[str], values: Sequence[float]) -> Xyxy:
    """Return the box that four values state, by the keys that `keys_of_box` returns.

    Examples:
        >>> box_of(("xmin", "ymin", "width", "height"), (10, 10, 50, 60))
        (10, 10, 60, 70)
    """
    left, top, right, bottom = values
    return (left, top, right, bottom) if keys[2] == EDGES[2] else (left, top, left + right, top + bottom)


def listed_points(points: object, what: str) -> list[tuple[float, float]]:
    """Return the points of a JSON document: ``[x, y, x, y, ...]`` or ``[[x, y], ...]``, in pixels.

    Raises:
        RejectedItemError: If `points`, which messages call `what`, is no such list.
    """
    entries = points if isinstance(points, list) else [None]
    numbers: list[Any] = [number for entry in entries for number in (entry if isinstance(entry, list) else [entry])]
    if len(numbers) % 2 or not all(map(is_number, numbers)):
        reason = f"{what} must be a list of x and y in pixels; got {shown(points)}"
        raise RejectedItemError(reason, "draw it again", code="bad-number")
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def is_number(value: object) -> TypeGuard[float]:
    """Return whether a value of a JSON document is a number, which true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def turned(xyxy: Xyxy, degrees: float) -> Xyxy:
    """Return the upright box around a box that is turned about its centre, clockwise on the screen.

    Examples:
        >>> turned((10, 10, 60, 70), 90)
        (5.0, 15.0, 65.0, 65.0)
    """
    cosine, sine, half_width, half_height = _turn(xyxy, degrees)
    wide = half_width * abs(cosine) + half_height * abs(sine)
    high = half_width * abs(sine) + half_height * abs(cosine)
    return _centred(xyxy, wide, high)


def turned_about_corner(corner: tuple[float, float], size_wh: tuple[float, float], degrees: float) -> Xyxy:
    """Return the upright box around a box that is turned about its top left corner, clockwise on the screen.

    Examples:
        >>> turned_about_corner((60, 10), (60, 50), 90)
        (10.0, 10.0, 60.0, 70.0)
    """
    (x, y), (width, height) = corner, size_wh
    cosine, sine, _, _ = _turn((0, 0, 0, 0), degrees)
    ways = [(0, 0), (width, 0), (width, height), (0, height)]
    edges = box_around((x + right * cosine - down * sine, y + right * sine + down * cosine) for right, down in ways)
    left, top, right, bottom = (round(edge, _DECIMALS) for edge in edges)
    return left, top, right, bottom


def turned_ellipse(xyxy: Xyxy, degrees: float) -> Xyxy:
    """Return the upright box around the ellipse that fills a box and is turned about its centre."""
    cosine, sine, half_width, half_height = _turn(xyxy, degrees)
    wide = math.hypot(half_width * cosine, half_height * sine)
    high = math.hypot(half_width * sine, half_height * cosine)
    return _centred(xyxy, wide, high)


def circle_box(x: float, y: float, radius: float) -> Xyxy:
    """Return the box around a circle, given its centre and radius in pixels."""
    return x - radius, y - radius, x + radius, y + radius


def box_of_runs(counts: Sequence[int], height: int) -> Xyxy:
    """Return the box around a mask given as run lengths of 0 and 1 in turn, from 0, down each column of pixels.

    Raises:
        RejectedItemError: If nothing is in the mask.

    Examples:
        >>> box_of_runs([6, 2, 3, 1], height=5)
        (1, 1, 3, 3)
    """
    ends = list(accumulate(counts))
    runs = [(start, end - 1) for start, end in zip(ends[::2], ends[1::2], strict=False) if start < end]
    if not runs:
        raise RejectedItemError("has an empty mask", "draw it again or remove it", code="zero-area")
    columns = [(first // height, last // height) for first, last in runs]
    if any(left != right for left, right in columns):  # a run that goes on in the next column touches both edges
        top, bottom = 0, height
    else:
        top, bottom = min(first % height for first, _ in runs), max(last % height for _, last in runs) + 1
    return columns[0][0], top, columns[-1][1] + 1, bottom


def _turn(xyxy: Xyxy, degrees: float) -> tuple[float, float, float, float]:
    left, top, right, bottom = xyxy
    angle = math.radians(finite(degrees, "the rotation"))
    return math.cos(angle), math.sin(angle), abs(right - left) / 2, abs(bottom - top) / 2


def _centred(xyxy: Xyxy, half_width: float, half_height: float) -> Xyxy:
    left, top, right, bottom = xyxy
    x, y = left + (right - left) / 2, top + (bottom - top) / 2
    edges = (x - half_width, y - half_height, x + half_width, y + half_height)
    left, top, right, bottom = (round(finite(edge, "an edge"), _DECIMALS) for edge in edges)
    return left, top, right, bottom
