"""CSV files with a row for each box: TensorFlow's tutorials, Roboflow, makesense.ai, RetinaNet, AutoML, Open Images.

TensorFlow's have a header, ``filename,width,height,class,xmin,ymin,xmax,ymax`` in any order. RetinaNet's rows are
``path,x1,y1,x2,y2,class``, AutoML's ``set,path,class,x_min,y_min,,,x_max,y_max,,`` in shares of the picture's size.
Open Images has shares too, and ids for classes, which a table of its own names.

Source:
    Google Cloud, "AutoML Vision object detection: formatting a training data CSV"; fizyr/keras-retinanet, README;
    storage.googleapis.com/openimages, "Data formats".
"""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from toonvision.core.errors import RejectedItemError
from toonvision.core.files import decode_text, first_bytes, read_regular
from toonvision.data import images
from toonvision.data.attributes import stated
from toonvision.data.boxes import AnnotatedObject, Reading, checked_label, parse_coordinate
from toonvision.data.documents import LARGEST_DOCUMENT, MOST_ROWS
from toonvision.data.formats.base import crowd, lying_in
from toonvision.data.formats.listed import Listed, read_files
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
    "image_id": "filename",
    "label_name": "class", "bbox_x": "xmin", "bbox_y": "ymin", "imageid": "filename", "labelname": "class",
}  # fmt: skip
"""Other names of columns."""
_SIDES = ("xmin", "ymin", "bbox_width", "bbox_height")
_CROWD = "isgroupof"
_CLASS_IDS = ("/m/", "/g/", "/t/")
"""How the classes of Open Images begin."""
_READ = frozenset({*_NEEDED, *_SIDES, "width", "height", "set", _CROWD})
_RETINANET = {name: index for index, name in enumerate(("filename", *_EDGES, "class"))}
_AUTOML = {"set": 0, "filename": 1, "class": 2, "xmin": 3, "ymin": 4, "xmax": 7, "ymax": 8}
_SETS = frozenset({"TRAIN", "VALIDATION", "VALIDATE", "TEST", "UNASSIGNED"})
_DELIMITERS = ",;\t"
_SUFFIXES = (".csv", ".tsv")
_DECIMAL_COMMA = re.compile(r"^(\s*[+-]?\d+),(\d+\s*)$")
_HEAD = 8192


@dataclass(frozen=True)
class _Columns:
    """Which column of a table holds what.

    Attributes:
        index: Name of a column, as TensorFlow's tutorials call it, to its position.
        has_header: Whether the first row names them.
        shares: Whether edges are shares of the picture's size.
        edges: The columns of a box: its edges, or its left and top, width and height.
    """

    index: Mapping[str, int]
    has_header: bool = True
    shares: bool = False
    edges: tuple[str, ...] = _EDGES

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
    files = _files(tree)
    paths = [path for path in tree.with_suffix(*_SUFFIXES) if path in files or tree.confined(path)]
    classes = _class_descriptions(tree)
    parse = partial(_object, lru_cache(images.size_wh), classes)
    return read_files(paths, tree, lambda path: _entries(path, files[path], tree), parse)


def _files(tree: SourceTree) -> dict[Path, _Columns]:
    heads = {path: _head(path) for path in tree.with_suffix(*_SUFFIXES) if not tree.confined(path)}
    return {path: columns for path, head in heads.items() if (columns := _columns(head))}


def _class_descriptions(tree: SourceTree) -> dict[str, str]:
    """Return what Open Images calls its classes, from a table beside those of the boxes: ``/m/01yrx,Cat``."""
    found: dict[str, str] = {}
    for path in tree.with_suffix(*_SUFFIXES):
        rows = [] if tree.confined(path) else _head(path)
        if rows and all(len(row) == 2 and row[0].startswith(_CLASS_IDS) for row in rows):
            found |= {row[0]: row[1] for row in _all_rows(path) if len(row) == 2}
    return found


def _head(path: Path) -> list[list[str]]:
    """Return the first rows of a file; none if it cannot be read."""
    content = first_bytes(path, _HEAD)
    text = decode_text(content, errors="replace")
    try:
        return _rows(text.rpartition("\n")[0] if len(content) == _HEAD else text)
    except RejectedItemError:
        return []


def _rows(text: str) -> list[list[str]]:
    """Return the rows of a table; what separates its cells is what the first row has most of.

    Where commas do not, one within a number is a decimal comma.
    """
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    try:
        rows = [
            row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if any(map(str.strip, row))
        ]
        return rows if delimiter == "," else [[_DECIMAL_COMMA.sub(r"\1.\2", cell) for cell in row] for row in rows]
    except csv.Error as error:
        raise RejectedItemError(f"is no table ({error})", "export it again", code="bad-row") from error


def _all_rows(path: Path) -> list[list[str]]:
    text = decode_text(read_regular(path, limit=LARGEST_DOCUMENT))
    if (count := text.count("\n")) > MOST_ROWS:
        raise RejectedItemError(f"has {count:,} rows, over {MOST_ROWS:,}", "split it into files", code="too-large")
    return _rows(text)


def _columns(rows: Sequence[Sequence[str]]) -> _Columns | None:
    """Return which column holds what; None if these are no boxes of pictures, or that is not plain to see."""
    if not rows:
        return None
    names = [name.strip().lower() for name in rows[0]]
    index = {_SAME.get(name, name): number for number, name in reversed(list(enumerate(names)))}
    edges = next((edges for edges in (_EDGES, _SIDES) if index.keys() >= {"filename", "class", *edges}), None)
    if edges:
        exact = {name: number for number, name in enumerate(names) if name in _NEEDED}
        return _Columns(index | exact, edges=edges, shares="imageid" in names)
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
    rows = _all_rows(path)
    of_picture: dict[str, list[Sequence[str]]] = defaultdict(list)
    for row in rows[columns.has_header :]:
        of_picture[columns.cell(row, "filename")].append(row)
    return [_listed(path, name, own, columns, tree) for name, own in of_picture.items()]


def _listed(path: Path, name: str, rows: Sequence[Sequence[str]], columns: _Columns, tree: SourceTree) -> Listed:
    boxes = [(columns, row) for row in rows if any(columns.cell(row, column) for column in ("class", *columns.edges))]
    width, height = (columns.cell(rows[0], side) for side in ("width", "height"))
    known = all(side.isdecimal() and side.isascii() and len(side) < 7 for side in (width, height))
    size_wh = (int(width), int(height)) if known and int(width) and int(height) else None
    subset = named_subset(columns.cell(rows[0], "set")) or subset_in(path.stem) or tree.subset_of(path)
    return Listed(path, f"{tree.relative(path)}, {name}", name, boxes, size_wh, subset=subset)


def _object(
    size_of: Callable[[Path], tuple[int, int]],
    classes: Mapping[str, str],
    table_row: tuple[_Columns, Sequence[str]],
    number: int,
    picture: Path,
) -> AnnotatedObject:
    columns, row = table_row
    said = columns.cell(row, "class")
    label = checked_label(classes.get(said, said))
    if columns.cell(row, _CROWD) == "1":
        raise crowd(label)
    left, top, right, bottom = (parse_coordinate(columns.cell(row, edge), edge) for edge in columns.edges)
    if columns.edges == _SIDES:
        right, bottom = left + right, top + bottom
    if columns.shares:
        width, height = size_of(picture)
        left, top, right, bottom = left * width, top * height, right * width, bottom * height
    others = ((name, row[index]) for name, index in columns.index.items() if name not in _READ and index < len(row))
    attributes = stated(others) if columns.has_header else {}
    return AnnotatedObject(number, label, (left, top, right, bottom), attributes)
