"""CSV files with a row for each box: TensorFlow's tutorials and Roboflow, RetinaNet, and Google AutoML.

TensorFlow's have a header, ``filename,width,height,class,xmin,ymin,xmax,ymax`` in any order. RetinaNet's rows are
``path,x1,y1,x2,y2,class``, AutoML's ``set,path,class,x_min,y_min,,,x_max,y_max,,`` in shares of the picture's size.

Source:
    Google Cloud, "AutoML Vision object detection: formatting a training data CSV"; fizyr/keras-retinanet, README.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from toonvision.core.errors import Finding, InputRejectedError, RejectedItemError, printable
from toonvision.core.files import first_bytes, read_regular
from toonvision.data import images
from toonvision.data.attributes import stated
from toonvision.data.boxes import AnnotatedObject, Reading, checked_label, parse_coordinate
from toonvision.data.documents import LARGEST_DOCUMENT, MOST_ROWS
from toonvision.data.formats.base import lying_in
from toonvision.data.formats.listed import Listed, read_listed
from toonvision.data.picture_kinds import is_picture
from toonvision.data.source_tree import SourceTree
from toonvision.data.subsets import named_subset, subset_in

TITLE = "TensorFlow CSV"
_EDGES = ("xmin", "ymin", "xmax", "ymax")
_NEEDED = ("filename", "class", *_EDGES)
_SAME = {
    "file": "filename", "image": "filename", "image_name": "filename", "image_path": "filename", "path": "filename",
    "img": "filename", "label": "class", "name": "class", "class_name": "class", "category": "class",
    "x_min": "xmin", "y_min": "ymin", "x_max": "xmax", "y_max": "ymax", "x1": "xmin", "y1": "ymin", "x2": "xmax",
    "y2": "ymax", "image_width": "width", "image_height": "height", "split": "set", "subset": "set",
}  # fmt: skip
"""Other names of columns."""
_READ = frozenset({*_NEEDED, "width", "height", "set"})
_RETINANET = {name: index for index, name in enumerate(("filename", *_EDGES, "class"))}
_AUTOML = {"set": 0, "filename": 1, "class": 2, "xmin": 3, "ymin": 4, "xmax": 7, "ymax": 8}
_SETS = frozenset({"TRAIN", "VALIDATION", "VALIDATE", "TEST", "UNASSIGNED"})
_DELIMITERS = ",;\t"
_HEAD = 8192


@dataclass(frozen=True)
class _Columns:
    """Which column of a table holds what.

    Attributes:
        index: Name of a column, as TensorFlow's tutorials call it, to its position.
        has_header: Whether the first row names them.
        shares: Whether edges are shares of the picture's size.
    """

    index: Mapping[str, int]
    has_header: bool = True
    shares: bool = False

    def cell(self, row: Sequence[str], name: str) -> str:
        """Return what a row says in a column; nothing where there is none."""
        index = self.index.get(name, len(row))
        return row[index].strip() if index < len(row) else ""


def recognise(tree: SourceTree) -> str | None:
    """Return in words how tables of boxes lie in a source."""
    return lying_in("CSV with a row for each box", _files(tree), tree)


def read(tree: SourceTree) -> Reading:
    """Read every picture that the tables list.

    Raises:
        InputRejectedError: If no table can be read, a picture is listed twice, or two pictures share a name.
    """
    entries: list[Listed] = []
    faults: list[Finding] = []
    for path, columns in _files(tree).items():
        try:
            entries += _entries(path, columns, tree)
        except RejectedItemError as error:
            faults.append(error.finding(tree.relative(path), files=1))
    if not entries:
        seen = f" {faults[0]}." if faults else ""
        raise InputRejectedError(printable(f"{tree.root}: no CSV file with a row for each box can be read.{seen}"))
    possible = {tree.relative(path): faults[0] for path in tree.pictures} if faults else {}
    return read_listed(entries, tree, partial(_object, lru_cache(images.size_wh)), findings=faults, unusable=possible)


def _files(tree: SourceTree) -> dict[Path, _Columns]:
    heads = {path: _head(path) for path in tree.with_suffix(".csv") if path not in tree.links}
    return {path: columns for path, head in heads.items() if (columns := _columns(head))}


def _head(path: Path) -> list[list[str]]:
    """Return the first rows of a file; none if it cannot be read."""
    content = first_bytes(path, _HEAD)
    text = content.decode("utf-8-sig", errors="replace")
    try:
        return _rows(text.rpartition("\n")[0] if len(content) == _HEAD else text)
    except RejectedItemError:
        return []


def _rows(text: str) -> list[list[str]]:
    """Return the rows of a table; what separates its cells is what the first row has most of."""
    first = text.partition("\n")[0]
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=max(_DELIMITERS, key=first.count))
        return [row for row in rows if any(map(str.strip, row))]
    except csv.Error as error:
        raise RejectedItemError(f"is no table ({error})", "export it again", code="bad-row") from error


def _columns(rows: Sequence[Sequence[str]]) -> _Columns | None:
    """Return which column holds what; None if these are no boxes of pictures, or that is not plain to see."""
    if not rows:
        return None
    names = [name.strip().lower() for name in rows[0]]
    index = {_SAME.get(name, name): number for number, name in reversed(list(enumerate(names)))}
    if all(name in index for name in _NEEDED):
        return _Columns(index | {name: number for number, name in enumerate(names) if name in _NEEDED})
    if all(len(row) == len(_RETINANET) and is_picture(row[0]) and _four_or_none(row[1:5]) for row in rows):
        return _Columns(_RETINANET, has_header=False)
    if all(len(row) >= 9 and row[0].strip().upper() in _SETS and is_picture(row[1]) for row in rows):
        return _Columns(_AUTOML, has_header=False, shares=True)
    return None


def _four_or_none(cells: Sequence[str]) -> bool:
    return all(cell.strip().replace(".", "", 1).lstrip("+-").isdecimal() for cell in cells) or not any(cells)


def _entries(path: Path, columns: _Columns, tree: SourceTree) -> list[Listed]:
    """Return the pictures of a table, each with the rows of its boxes.

    Raises:
        RejectedItemError: If it cannot be read.
    """
    try:
        rows = _rows(read_regular(path, limit=LARGEST_DOCUMENT).decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise RejectedItemError("is not written in UTF-8", "save it as UTF-8", code="encoding") from error
    if len(rows) > MOST_ROWS:
        raise RejectedItemError(f"has {len(rows):,} rows, over {MOST_ROWS:,}", "split it into files", code="too-large")
    of_picture: dict[str, list[Sequence[str]]] = defaultdict(list)
    for row in rows[columns.has_header :]:
        of_picture[columns.cell(row, "filename")].append(row)
    return [_listed(path, name, own, columns, tree) for name, own in of_picture.items()]


def _listed(path: Path, name: str, rows: Sequence[Sequence[str]], columns: _Columns, tree: SourceTree) -> Listed:
    boxes = [(columns, row) for row in rows if any(columns.cell(row, column) for column in _NEEDED[1:])]
    width, height = (columns.cell(rows[0], side) for side in ("width", "height"))
    known = all(side.isdecimal() and side.isascii() and len(side) < 7 for side in (width, height))
    size_wh = (int(width), int(height)) if known and int(width) and int(height) else None
    subset = named_subset(columns.cell(rows[0], "set")) or subset_in(path.stem) or tree.subset_of(path)
    return Listed(path, f"{tree.relative(path)}, {name}", name, boxes, size_wh, subset=subset)


def _object(
    size_of: Callable[[Path], tuple[int, int]], table_row: tuple[_Columns, Sequence[str]], number: int, picture: Path
) -> AnnotatedObject:
    columns, row = table_row
    label = checked_label(columns.cell(row, "class"))
    left, top, right, bottom = (parse_coordinate(columns.cell(row, edge), edge) for edge in _EDGES)
    if columns.shares:
        width, height = size_of(picture)
        left, top, right, bottom = left * width, top * height, right * width, bottom * height
    others = ((name, row[index]) for name, index in columns.index.items() if name not in _READ and index < len(row))
    attributes = stated(others) if columns.has_header else {}
    return AnnotatedObject(number, label, (left, top, right, bottom), attributes)
