"""CSV files with a row for each box: TensorFlow's tutorials, Roboflow, makesense.ai, RetinaNet, AutoML, Open Images.

TensorFlow's have a header, ``filename,width,height,class,xmin,ymin,xmax,ymax`` in any order. RetinaNet's rows are
``path,x1,y1,x2,y2,class``, AutoML's ``set,path,class,x_min,y_min,,,x_max,y_max,,`` in shares of the picture's size,
those of makesense.ai ``class,x,y,width,height,filename,width,height``. Open Images has shares too, and ids for classes,
which a table of its own names. A box may stand in one cell, ``bbox``, as ``[x, y, width, height]``. A table that names
no pictures is named after one. Where no table has boxes, those with a label for each picture are read, as Kaggle has
them: ``id,label``.

Source:
    Google Cloud, "AutoML Vision object detection: formatting a training data CSV"; fizyr/keras-retinanet, README;
    storage.googleapis.com/openimages, "Data formats".
"""

import csv
import io
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from toonvision.core.errors import RejectedItemError
from toonvision.core.files import decode_text, first_bytes, read_regular
from toonvision.core.grouping import grouped
from toonvision.data.attributes import stated
from toonvision.data.boxes import AnnotatedObject, Reading, checked_label, parse_coordinate
from toonvision.data.documents import LARGEST_DOCUMENT, MOST_ROWS
from toonvision.data.formats.base import crowd, lying_in
from toonvision.data.formats.json_files import whole_picture
from toonvision.data.formats.labelstudio_tasks import OF_ANNOTATION
from toonvision.data.formats.listed import Canvas, Listed, read_files
from toonvision.data.formats.shapes import EDGE_NAMES, EDGES, POLYGON_NOTE, box_around, box_of, keys_of_box
from toonvision.data.formats.tables import separated
from toonvision.data.picture_kinds import is_picture
from toonvision.data.source_tree import SourceTree, folder_text
from toonvision.data.subsets import named_subset, subset_in

TITLE = "TensorFlow CSV"
COLUMNS = "filename and label and, of boxes in pixels, xmin, ymin, xmax and ymax, or bbox as [x, y, width, height]"
"""What messages say of the columns of a table."""
_NEEDED = ("filename", "class", *EDGES)
_CORNERS = ("x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4")
"""Columns of a box that may be turned; without the last four, the first are its edges."""
_SAME = {
    **EDGE_NAMES,
    **dict.fromkeys(("file", "file_name", "image", "image_name", "image_path", "image_id", "imageid", "path", "img",
                     "filepath", "filepaths"), "filename"),
    **dict.fromkeys(("label", "labels", "label_name", "labelname", "name", "class_name", "category", "choice"),
                    "class"),
    "image_width": "width", "image_height": "height", "split": "set", "subset": "set",
}  # fmt: skip
"""Other names of columns."""
_IDS = ("id", "id_code")
"""Names of the column of pictures where no other one is."""
_CROWD = "isgroupof"
_CLASS_IDS = ("/m/", "/g/", "/t/")
"""How the classes of Open Images begin."""
_OF_BOXES = re.compile(r".*(?:box|min|max|cent|poly|segm|rle|encod|roi|point).*|[xy][0-9]?|c[xy]")
"""Columns that say where something is."""
_PROSE = frozenset({"caption", "text", "comment", "description", "prompt", "url", "tags"})
"""Columns that say much of a picture, and no label."""
_BOX_SIDES = ("xmin", "ymin", "bbox_width", "bbox_height")
_READ = frozenset({*_NEEDED, "bbox_width", "bbox_height", "width", "height", "set", _CROWD, "id", *OF_ANNOTATION})
_RETINANET = {name: index for index, name in enumerate(("filename", *EDGES, "class"))}
_MAKESENSE = {name: index for index, name in enumerate(("class", *_BOX_SIDES, "filename", "width", "height"))}
_AUTOML = {"set": 0, "filename": 1, "class": 2, "xmin": 3, "ymin": 4, "xmax": 7, "ymax": 8}
_SETS = frozenset({"TRAIN", "VALIDATION", "VALIDATE", "TEST", "UNASSIGNED"})
_BOX = "bbox"
_BOX_CELL = re.compile(r"\[([^\[\],]+),([^\[\],]+),([^\[\],]+),([^\[\],]+)\]")
"""A box in one cell: its left and top, width and height, as in COCO."""
_SUFFIXES = (".csv", ".tsv")
_DECIMAL_COMMA = re.compile(r"^(\s*[+-]?\d+),(\d+\s*)$")
_HEAD = 8192
_SUBMISSION = "submission"
"""A word in the name of Kaggle's examples of what is to be predicted, whose labels are made up."""


@dataclass(frozen=True)
class _Columns:
    """Which column of a table holds what.

    Attributes:
        index: Name of a column, as TensorFlow's tutorials call it, to its position.
        has_header: Whether the first row names them.
        shares: Whether edges are shares of the picture's size.
        edges: The columns of a box: its edges, its left and top, width and height, or its four corners; none where a
            row is a picture.
    """

    index: Mapping[str, int]
    has_header: bool = True
    shares: bool = False
    edges: tuple[str, ...] = EDGES

    def cell(self, row: Sequence[str], name: str) -> str:
        """Return what a row says in a column; nothing where there is none."""
        index = self.index.get(name, len(row))
        return row[index].strip() if index < len(row) else ""


def recognise(tree: SourceTree) -> str | None:
    """Return in words how tables of boxes lie in a source."""
    files = _files(tree)
    boxes = any(columns.edges for columns in files.values())
    return lying_in(f"CSV with a {'row for each box' if boxes else 'label for each picture'}", files, tree)


def read(tree: SourceTree) -> Reading:
    """Read every picture that the tables list.

    Raises:
        InputRejectedError: If no table can be read, a picture is listed twice, or two pictures share a name.
    """
    files = _files(tree)
    paths = [path for path in tree.with_suffix(*_SUFFIXES) if path in files or tree.confined(path)]
    classes = _class_descriptions(tree)
    parse = partial(_object, classes)
    return read_files(paths, tree, lambda path: _entries(path, files[path], tree), parse)


def _files(tree: SourceTree) -> dict[Path, _Columns]:
    """Return the tables of boxes or, where there are none, those with a label for each picture."""
    heads = {path: _head(path) for path in tree.with_suffix(*_SUFFIXES) if not tree.confined(path)}
    found = {path: columns for path, head in heads.items() if (columns := _columns(head))}
    boxes = {
        path: columns
        for path, columns in found.items()
        if columns.edges and ("filename" in columns.index or tree.picture_of(path))
    }
    return boxes or {
        path: columns
        for path, columns in found.items()
        if not columns.edges and _labels_pictures(path, heads[path], columns, tree)
    }


def _labels_pictures(path: Path, head: Sequence[Sequence[str]], columns: _Columns, tree: SourceTree) -> bool:
    """Return whether a table says of pictures what they show; not if folders say it too, or if it is to be sent.

    Labels that are all different are names of classes, and lists in JSON are boxes.
    """
    if _SUBMISSION in path.stem.lower():
        return False
    said = []
    for row in head[columns.has_header :]:
        with suppress(RejectedItemError):
            tree.picture_named(columns.cell(row, "filename"), beside=path)
            said.append(columns.cell(row, "class"))
    if len(set(said)) == len(said) or any(label.startswith(("[", "{")) for label in said):
        return False
    folders = {
        name for folder in set(map(folder_text, tree.pictures)) for name in tree.relative(Path(folder)).split("/")
    }
    return folders.isdisjoint(said)


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
    """Return the rows of a table, a box in one cell as four; where no comma separates them, it can be a decimal one."""
    delimiter, text = separated(text)
    try:
        rows = [
            row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if any(map(str.strip, row))
        ]
    except csv.Error as error:
        raise RejectedItemError(f"is no table ({error})", "export it again", code="bad-row") from error
    if delimiter != ",":
        rows = [[_DECIMAL_COMMA.sub(r"\1.\2", cell) for cell in row] for row in rows]
    return _with_boxes_apart(rows)


def _with_boxes_apart(rows: list[list[str]]) -> list[list[str]]:
    names = [name.strip().lower() for name in rows[0]] if rows else []
    if _BOX not in names:
        return rows
    at = names.index(_BOX)
    cells = [row[at] if at < len(row) else "" for row in rows[1:]]
    boxes = [_BOX_CELL.fullmatch(cell.strip()) for cell in cells]
    if not any(boxes):
        return rows
    apart = [
        [*row[:at], *(box.groups() if box else (cell, "", "", "")), *row[at + 1 :]]
        for row, cell, box in zip(rows[1:], cells, boxes, strict=True)
    ]
    return [[*rows[0][:at], *_BOX_SIDES, *rows[0][at + 1 :]], *apart]


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
    index = {_SAME.get(name, name): number for number, name in reversed(list(enumerate(names))) if name}
    index |= {name: number for number, name in enumerate(names) if name in _NEEDED}
    if "class" in index and all(_is_number(cell) for row in rows[1:] for cell in row[index["class"] :][:1]):
        words = [number for number, name in enumerate(names) if _SAME.get(name) == "class" and number != index["class"]]
        index["class"] = min(words, default=index["class"])  # beside the numbers of classes their names
    if "class" in index and set(_CORNERS) <= set(names):
        return _Columns(index | {name: names.index(name) for name in _CORNERS}, edges=_CORNERS)
    if "class" in index and (edges := keys_of_box(index.keys())):
        return _Columns(index, edges=edges, shares="imageid" in names)
    if all(len(row) == len(_RETINANET) and is_picture(row[0]) and _four_or_none(row[1:5]) for row in rows):
        return _Columns(_RETINANET, has_header=False)
    if all(len(row) == len(_MAKESENSE) and is_picture(row[5]) and _four_or_none(row[1:5]) for row in rows):
        return _Columns(_MAKESENSE, has_header=False, edges=_BOX_SIDES)
    if all(len(row) > 2 and row[0].strip().upper() in _SETS and is_picture(row[1]) for row in rows):
        boxes = all(len(row) > _AUTOML["ymax"] for row in rows)
        return _Columns(_AUTOML, has_header=False, shares=True, edges=EDGES if boxes else ())
    return None if "imageid" in names else _columns_of_labels(index, rows[1:])  # whose labels are guesses


def _columns_of_labels(index: Mapping[str, int], rows: Sequence[Sequence[str]]) -> _Columns | None:
    """Return which column names pictures and which their labels; of two columns the second one may have any name.

    None for a table of boxes or masks in a form that is not known.
    """
    name = next((name for name in ("filename", *_IDS) if name in index), None)
    if name is None or any(_OF_BOXES.fullmatch(other) for other in index):
        return None
    others = {other: number for other, number in index.items() if number != index[name]}
    label = "class" if "class" in others else next(iter(others), "")
    if label in _PROSE or not others:
        return None
    cells = [cell for row in rows for cell in row[others[label] :][:1]]
    if label != "class" and (len(others) != 1 or any(map(_is_number, cells))):
        return None
    more = {other: number for other, number in others.items() if other != label}
    return _Columns({"filename": index[name], "class": others[label], **more}, edges=())


def _four_or_none(cells: Sequence[str]) -> bool:
    return all(map(_is_number, cells)) or not any(cells)


def _is_number(cell: str) -> bool:
    return cell.strip().replace(".", "", 1).lstrip("+-").isdecimal()


def _entries(path: Path, columns: _Columns, tree: SourceTree) -> list[Listed]:
    """Return the pictures of a table, each with the rows of its boxes.

    Raises:
        RejectedItemError: If it cannot be read.
    """
    rows = _all_rows(path)[columns.has_header :]
    if "filename" not in columns.index and (picture := tree.picture_of(path)):
        return [_listed(path, os.path.relpath(picture, path.parent), rows, columns, tree)]
    of_picture = grouped(rows, lambda row: columns.cell(row, "filename"))
    return [_listed(path, name, own, columns, tree) for name, own in of_picture.items()]


def _listed(path: Path, name: str, rows: Sequence[Sequence[str]], columns: _Columns, tree: SourceTree) -> Listed:
    filled = [row for row in rows if any(columns.cell(row, column) for column in ("class", *columns.edges))]
    objects = [(columns, [row]) for row in filled] if columns.edges else [(columns, filled)] if filled else []
    first = next(iter(rows), ())
    width, height = ("" if side in columns.edges else columns.cell(first, side) for side in ("width", "height"))
    known = all(side.isdecimal() and side.isascii() and len(side) < 7 for side in (width, height))
    size_wh = (int(width), int(height)) if known and int(width) and int(height) else None
    subset = named_subset(columns.cell(first, "set")) or subset_in(path.stem) or tree.subset_of(path)
    item = f"{tree.relative(path)}, {name}" if "filename" in columns.index else tree.relative(path)
    return Listed(path, item, name, objects, size_wh, subset=subset)


def _object(
    classes: Mapping[str, str],
    written: tuple[_Columns, Sequence[Sequence[str]]],
    number: int,
    canvas: Canvas,
) -> AnnotatedObject:
    """Read an object from the row of its box, or from all rows of its picture."""
    columns, rows = written
    row = rows[0]
    said = columns.cell(row, "class")
    label = checked_label(classes.get(said, said))
    known = _READ.union(columns.edges)
    others = ((name, row[index]) for name, index in columns.index.items() if name not in known and index < len(row))
    attributes = stated(others) if columns.has_header else {}
    if not columns.edges:
        labels = list(dict.fromkeys(columns.cell(row, "class") for row in rows))
        return whole_picture(labels, number, "labels")._replace(attributes=attributes)
    if columns.cell(row, _CROWD) == "1":
        raise crowd(label)
    numbers = [parse_coordinate(columns.cell(row, edge), edge) for edge in columns.edges]
    if columns.edges == _CORNERS:
        corners = zip(numbers[::2], numbers[1::2], strict=True)
        return AnnotatedObject(number, label, box_around(corners), attributes, POLYGON_NOTE)
    xyxy = box_of(columns.edges, numbers)
    if columns.shares:
        width, height = canvas.size_wh
        xyxy = xyxy[0] * width, xyxy[1] * height, xyxy[2] * width, xyxy[3] * height
    return AnnotatedObject(number, label, xyxy, attributes)
