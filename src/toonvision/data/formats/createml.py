"""CreateML: a JSON file with a list of pictures and their boxes, as centre, width and height in pixels.

labelImg and Roboflow write the keys ``image`` and ``annotations``; Apple's documentation has ``imagefilename`` and
``annotation``.

Source:
    Apple, Create ML, `MLObjectDetector.DataSource`; `create_ml_io.py` of HumanSignal/labelImg.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toonvision.core.errors import RejectedItemError, shown
from toonvision.data.attributes import stated
from toonvision.data.boxes import AnnotatedObject, Reading
from toonvision.data.formats.base import lying_in
from toonvision.data.formats.json_files import entry_name, label_of, mapping, numbers, read_documents
from toonvision.data.formats.listed import Canvas, Listed
from toonvision.data.source_tree import SourceTree

TITLE = "CreateML"
_NAMES = ("image", "imagefilename")
_LISTS = ("annotations", "annotation")
_READ = ("label", "coordinates")


def recognise(tree: SourceTree) -> str | None:
    """Return in words how CreateML's files lie in a source."""
    return lying_in(TITLE, _documents(tree), tree)


def read(tree: SourceTree) -> Reading:
    """Read every picture that CreateML's files list.

    Raises:
        InputRejectedError: If a picture is listed twice, or two pictures share a name.
    """
    entries = [
        _listed(path, number, row, tree)
        for path, rows in _documents(tree).items()
        for number, row in enumerate(rows, start=1)
    ]
    return read_documents(entries, tree, _object)


def _documents(tree: SourceTree) -> dict[Path, list[object]]:
    contents = tree.documents.contents.items()
    return {path: rows for path, rows in contents if isinstance(rows, list) and any(map(_is_picture, rows))}


def _is_picture(row: object) -> bool:
    return isinstance(row, dict) and _value(row, _NAMES) is not None and isinstance(_value(row, _LISTS), list)


def _value(row: Mapping[str, Any], keys: tuple[str, ...]) -> object:
    return next((row[key] for key in keys if key in row), None)


def _listed(path: Path, number: int, row: object, tree: SourceTree) -> Listed:
    picture = row if isinstance(row, dict) else {}
    name = _value(picture, _NAMES)
    return Listed(path, entry_name(path, tree, name, f"picture {number}"), name, _value(picture, _LISTS))


def _object(row: object, number: int, _canvas: Canvas) -> AnnotatedObject:
    annotation = mapping(row, "an annotation")
    label = label_of(annotation.get("label"))
    x, y, width, height = values = numbers(
        mapping(annotation.get("coordinates"), "coordinates"), "x", "y", "width", "height"
    )
    if all(0 <= value <= 1 for value in values) and width * height:
        reason = f"the box {shown(values)} looks written in shares of the picture, not in pixels"
        raise RejectedItemError(reason, "export it in pixels", code="not-pixels")
    xyxy = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    attributes = stated((name, value) for name, value in annotation.items() if name not in _READ)
    return AnnotatedObject(number, label, xyxy, attributes)
