"""One row of a YOLO label file: a class number, then a box, a polygon or a box with key points, as shares."""

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress

from toonvision.core.errors import RejectedItemError, shown
from toonvision.data.attributes import Attributes
from toonvision.data.boxes import AnnotatedObject, parse_coordinate
from toonvision.data.formats.shapes import POLYGON_NOTE
from toonvision.data.formats.yolo_settings import Settings

UNKNOWN_CLASS = "unknown-class"
_COLUMNS = ("class", "x centre", "y centre", "width", "height")
_PLAIN = re.compile(r"[0-9eE+.\s-]+", re.ASCII)
_LARGEST = 1e9
_FARTHEST = 2.0
"""Of a share of a picture's size; what lies farther out are no shares."""
_ROUNDING = 0.01
"""How far a box may leave the picture, as a share of its size, and still be taken for one that does not."""


def seems_row(line: str, *, shares: bool = False) -> bool:
    """Return whether a line of a text could be a row; with `shares` also whether its numbers are near 0 to 1."""
    columns = line.replace(",", " ").split()
    if len(columns) < len(_COLUMNS) or not _PLAIN.fullmatch(line.replace(",", " ")):
        return False
    try:
        first, *others = map(float, columns)
    except ValueError:
        return False
    return first >= 0 and (not shares or (first.is_integer() and all(-1 <= value <= _FARTHEST for value in others)))


def ids_of(words: Iterable[str]) -> list[int]:
    """Return the class numbers among the first words of rows, sorted."""
    plain = {word for word in words if _PLAIN.fullmatch(word)}
    found = set()
    for word in plain:
        with suppress(ValueError, OverflowError):
            found.add(int(float(word)))
    return sorted(found)


def plain_boxes(
    rows: Sequence[Sequence[str]], size_wh: tuple[int, int], settings: Settings
) -> tuple[AnnotatedObject, ...] | None:
    """Return the objects of the rows of a file, if each is a box of five numbers from 0 to 1 and of a named class.

    Nearly all files are such, and take a third of the time that `parse_row` takes with one row after the other.
    """
    texts = [text for columns in rows for text in columns]
    if set(map(len, rows)) != {len(_COLUMNS)} or not _PLAIN.fullmatch(" ".join(texts)):
        return None
    try:
        values = list(map(float, texts))
    except ValueError:
        return None
    classes, *shares = (values[column :: len(_COLUMNS)] for column in range(len(_COLUMNS)))
    if min(values) < 0 or max(map(max, shares)) > 1 or not all(map(settings.names.__contains__, classes)):
        return None
    width, height = size_wh
    labels = map(settings.names.__getitem__, map(int, classes))
    boxes = [
        ((x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height)
        for x, y, w, h in zip(*shares, strict=True)
    ]
    return tuple(map(AnnotatedObject, range(1, len(boxes) + 1), labels, boxes))


def parse_row(columns: Sequence[str], number: int, size_wh: tuple[int, int], settings: Settings) -> AnnotatedObject:
    """Return the object of a row, given as the texts of its columns.

    Raises:
        RejectedItemError: If it is none of the three, or its class has no name.
    """
    values = _values(columns)
    label = settings.names.get(int(values[0])) if values[0].is_integer() else None
    if label is None:
        reason = f"class {shown(columns[0])} is not among the {len(settings.names)} names of {settings.names_file.name}"
        raise RejectedItemError(reason, "add its name", code=UNKNOWN_CLASS)
    shares, attributes, note = _box(values, settings)
    if max(shares) > _FARTHEST or min(shares) < -_FARTHEST:
        reason = f"its numbers ({shown(' '.join(columns[1:5]))}) look like pixels or percent, not shares of the "
        reason += "picture's size"
        remedy = "export it as YOLO again, or divide pixels by that size, and percent by 100"
        raise RejectedItemError(reason, remedy, code="pixels")
    width, height = size_wh
    left, top, right, bottom = shares
    return AnnotatedObject(
        number, label, (left * width, top * height, right * width, bottom * height), attributes, note
    )


def _values(columns: Sequence[str]) -> list[float]:
    line = " ".join(columns)
    if _PLAIN.fullmatch(line):
        try:
            values = list(map(float, columns))
        except ValueError:
            pass
        else:
            if sum(map(abs, values)) < _LARGEST:
                return values
    if "," in line:
        decimal = len(columns) >= len(_COLUMNS) and not any(text.endswith(",") for text in columns)
        reason = f"has commas {'in its numbers' if decimal else 'between its columns'}"
        remedy = f"write {'points' if decimal else 'blanks'} in place of the commas"
        raise RejectedItemError(reason, remedy, code="bad-row")
    if len(columns) < len(_COLUMNS):
        raise _bad_count(len(columns))
    names = (*_COLUMNS, *(f"column {number}" for number in range(len(_COLUMNS) + 1, len(columns) + 1)))
    return [parse_coordinate(text, what) for text, what in zip(columns, names, strict=True)]


def _box(values: Sequence[float], settings: Settings) -> tuple[tuple[float, float, float, float], Attributes, str]:
    """Return the left, top, right and bottom share, what else is said of the object, and how the box came about."""
    count = len(values)
    boxed = len(_COLUMNS)
    attributes: Attributes = {}
    note = ""
    tracked = count == boxed + 2 and values[-1] >= 1 and values[-1].is_integer() and _is_inside(values)
    if count == boxed:
        pass
    elif count >= 7 and count % 2 == 1 and count != boxed + settings.keypoint_columns and not tracked:
        xs, ys = values[1::2], values[2::2]
        return (min(xs), min(ys), max(xs), max(ys)), {}, POLYGON_NOTE
    elif count == boxed + 1 and 0 <= values[boxed] <= 1:
        attributes, note = {"confidence": values[boxed]}, "its sixth column was taken for the confidence"
    elif count == boxed + 1:
        note = "its sixth column was left out"
    elif tracked:
        note = "its sixth and seventh columns, a confidence and the number of a track, were left out"
    elif count == boxed + settings.keypoint_columns or _has_key_points(values):
        note = "its key points were left out"
    else:
        raise _bad_count(count)
    _, x, y, w, h, *_ = values
    return (x - w / 2, y - h / 2, x + w / 2, y + h / 2), attributes, note


def _is_inside(values: Sequence[float]) -> bool:
    """Return whether the box of a row lies in the picture, but for rounding."""
    _, x, y, w, h = values[: len(_COLUMNS)]
    return min(w, h) > 0 and all(
        half - _ROUNDING <= centre <= 1 - half + _ROUNDING for centre, half in ((x, w / 2), (y, h / 2))
    )


def _has_key_points(values: Sequence[float]) -> bool:
    """Return whether three columns for each key point follow a box: two coordinates, and 0, 1 or 2 for its visibility.

    Where the number of columns is odd, these could be the corners of a polygon, and nobody can know.
    """
    more = values[len(_COLUMNS) :]
    return len(more) % 6 == 3 and _is_inside(values) and all(seen in (0, 1, 2) for seen in more[2::3])


def _bad_count(count: int) -> RejectedItemError:
    reason = (
        f"has {count} columns; a row has {len(_COLUMNS)} ({', '.join(_COLUMNS)}), a confidence after them, or the "
        "class and the corners of a polygon"
    )
    points, rest = divmod(count - len(_COLUMNS), 3)
    remedy = "write its box again"
    if points > 0 and not rest:
        remedy += f", or, if {points} key points follow it, kpt_shape: [{points}, 3] into the YAML file"
    return RejectedItemError(reason, remedy, code="bad-row")
