"""One row of a YOLO label file: a class number, then a box, a polygon or a box with key points, as shares."""

import re
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from itertools import takewhile

from toonvision.core.errors import RejectedItemError, shown
from toonvision.core.wording import counted
from toonvision.data.attributes import Attributes
from toonvision.data.boxes import AnnotatedObject, parse_coordinate
from toonvision.data.formats.shapes import POLYGON_NOTE
from toonvision.data.formats.yolo_forms import (
    TRIANGLE,
    Form,
    are_following,
    are_stated,
    has_points,
    is_inside,
    is_tracked,
)
from toonvision.data.formats.yolo_settings import Settings, is_yaml

UNKNOWN_CLASS = "unknown-class"
_COLUMNS = ("class", "x centre", "y centre", "width", "height")
_PLAIN = re.compile(r"[0-9eE+.\s-]+", re.ASCII)
_LARGEST = 1e9
_FARTHEST = 2.0
"""Of a share of a picture's size; what lies farther out are no shares."""
_PLAIN_FORM = Form()


def seems_row(line: str, *, shares: bool = False) -> bool:
    """Return whether a line of a text could be a row; with `shares` also whether its numbers are near 0 to 1."""
    columns = line.replace(",", " ").split()
    if len(columns) < len(_COLUMNS) or not _PLAIN.fullmatch(line.replace(",", " ")):
        return False
    try:
        first, *others = map(float, columns)
    except ValueError:
        return False
    return first >= -1 and (not shares or (first.is_integer() and all(-1 <= value <= _FARTHEST for value in others)))


def names_class(line: str, labels: Collection[str]) -> bool:
    """Return whether a line could be a row but for its class, which it names in place of its number."""
    columns = line.split()
    return " ".join(columns[:-4]) in labels and seems_row(" ".join(("0", *columns[-4:])))


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


def parse_row(
    columns: Sequence[str], number: int, size_wh: tuple[int, int], settings: Settings, form: Form = _PLAIN_FORM
) -> AnnotatedObject:
    """Return the object of a row, given as the texts of its columns; `form` says what all rows have in common.

    Raises:
        RejectedItemError: If it is none of the three, or its class has no name.
    """
    values = _values(columns, settings)
    label = settings.names.get(int(values[0])) if values[0].is_integer() else None
    if label is None:
        raise _unknown(columns[0], values[0], settings)
    shares, attributes, note = _box(values, settings, form)
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


def _unknown(word: str, value: float, settings: Settings) -> RejectedItemError:
    if value < 0:
        reason = f"class {shown(word)} is below 0, as programs write it for an object of no class"
        return RejectedItemError(reason, "write the number of its class, or remove the row", code="no-class")
    if not value.is_integer():
        reason = f"class {shown(word)} is no whole number"
        return RejectedItemError(reason, "write the number of its class", code="bad-number")
    names, file = settings.names, settings.names_file
    reason = f"class {shown(word)} has no name: {file.name} has {counted(len(names), 'name')}"
    several = next((name for name in names.values() if "," in name), None)
    if several is None:
        number = int(value)
        add = (
            f"add its name under the number {number}"
            if is_yaml(file)
            else f"write its name on line {number + 1}, counted from the first name"
        )
        return RejectedItemError(reason, add, code=UNKNOWN_CLASS)
    reason += f", with a comma in {shown(several)}"
    own = "as an entry" if is_yaml(file) else "on a line"
    return RejectedItemError(reason, f"write each name {own} of its own", code=UNKNOWN_CLASS)


def _values(columns: Sequence[str], settings: Settings) -> list[float]:
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
    if word := " ".join(takewhile(lambda text: not _PLAIN.fullmatch(text), columns)):
        number = next((number for number, name in settings.names.items() if name == word), None)
        reason = f"its class must be the number of one that {settings.names_file.name} names; got {shown(word)}"
        remedy = "write that number, or remove the row" if number is None else f"write {number} in its place"
        raise RejectedItemError(reason, remedy, code="bad-number")
    names = (*_COLUMNS, *(f"column {number}" for number in range(len(_COLUMNS) + 1, len(columns) + 1)))
    return [parse_coordinate(text, what) for text, what in zip(columns, names, strict=True)]


def _box(
    values: Sequence[float], settings: Settings, form: Form
) -> tuple[tuple[float, float, float, float], Attributes, str]:
    """Return the left, top, right and bottom share, what else is said of the object, and how the box came about."""
    count = len(values)
    boxed = len(_COLUMNS)
    attributes: Attributes = {}
    note = ""
    points = settings.keypoint_columns or 3 * form.key_points
    if count == boxed:
        pass
    elif points and count >= boxed + points and are_following(values[boxed + points :]):
        note = "its key points were left out"
    elif is_tracked(values):
        note = "its sixth and seventh columns, a confidence and the number of a track, were left out"
    elif corners := _corners(values, form):
        xs, ys = corners[::2], corners[1::2]
        follows = "" if len(corners) == count - 1 else ", without the confidence or the track that follows it"
        return (min(xs), min(ys), max(xs), max(ys)), {}, POLYGON_NOTE + follows
    elif count == boxed + 1 and 0 <= values[boxed] <= 1:
        attributes, note = {"confidence": values[boxed]}, "its sixth column was taken for the confidence"
    elif count == boxed + 1:
        note = "its sixth column was left out"
    elif _has_key_points(values):
        note = "its key points were left out"
    else:
        raise _bad_count(count, values, settings)
    _, x, y, w, h, *_ = values
    return (x - w / 2, y - h / 2, x + w / 2, y + h / 2), attributes, note


def _corners(values: Sequence[float], form: Form) -> Sequence[float]:
    """Return the coordinates of the corners of a polygon; nothing if the row holds none."""
    count = len(values)
    if count < TRIANGLE:
        return ()
    if count % 2:
        return values[1 : count - 2 if form.two_follow else count]
    # What could be key points is no polygon: they follow a box, and three columns each.
    return values[1:-1] if form.one_follows and not _has_key_points(values) and not _could_be_pose(values) else ()


def _has_key_points(values: Sequence[float]) -> bool:
    """Return whether three columns for each key point follow a box: two coordinates, and 0, 1 or 2 for its visibility.

    Where the number of columns is odd, these could be the corners of a polygon, and only all rows together show it.
    """
    return len(values) > len(_COLUMNS) and len(values) % 6 == 2 and is_inside(values) and are_stated(values)


def _could_be_pose(values: Sequence[float]) -> bool:
    return len(values) > len(_COLUMNS) and len(values) % 3 == 2 and has_points(values)


def key_points_declared(points: int, settings: Settings) -> str:
    """Return what declares key points, and where to write it."""
    shape = f"kpt_shape: [{points}, 3]"
    if is_yaml(settings.file):
        return f"{shape} into {settings.file.name}"
    return f"{shape}, with the names of {settings.file.name}, into a data.yaml beside it"


def _bad_count(count: int, values: Sequence[float] = (), settings: Settings | None = None) -> RejectedItemError:
    reason = (
        f"has {count} columns; a row has {len(_COLUMNS)} ({', '.join(_COLUMNS)}), a confidence after them, or the "
        "class and the corners of a polygon"
    )
    remedy = "write its box again"
    if settings and _could_be_pose(values):
        points = (count - len(_COLUMNS)) // 3
        follow = f"{counted(points, 'key point')} {'follow' if points > 1 else 'follows'} it"
        remedy += f", or, if {follow}, {key_points_declared(points, settings)}"
    return RejectedItemError(reason, remedy, code="bad-row")
