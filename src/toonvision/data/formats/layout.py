"""The formats that annotated pictures come in, by name."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from toonvision.core.errors import InputRejectedError
from toonvision.data.boxes import Reading
from toonvision.data.formats import coco, image_folder, pascal_voc, yolo
from toonvision.data.source_tree import is_picture, walk

Format = Literal["voc", "yolo", "coco", "folders"]

_READERS: dict[Format, Callable[[Path], Reading]] = {
    "voc": pascal_voc.read,
    "yolo": yolo.read,
    "coco": coco.read,
    "folders": image_folder.read,
}


def read(name: Format, root: Path) -> Reading:
    """Read everything below a source in the format of that name."""
    return _READERS[name](root)


def detect(root: Path) -> Format:
    """Return the format of a source, by what lies in it.

    Raises:
        InputRejectedError: If it is none of the formats that can be read, or is a damaged COCO file with pictures,
            which must not be taken for class folders.
    """
    found = [(folder, name) for folder, names in walk(root) for name in names]
    if (root / yolo.SETTINGS).is_file():
        return "yolo"
    complete, damaged = coco.annotation_files(root)
    if complete:
        return "coco"
    if any(name.lower().endswith(".xml") for _, name in found):
        return "voc"
    if damaged:
        raise InputRejectedError(f"{root}: {damaged[0]}. Remove it if it is no annotation.")
    if any(is_picture(name) for folder, name in found if folder != root):
        return "folders"
    raise InputRejectedError(
        f"{root}: no annotated pictures were found. A source holds Pascal VOC (XML files), YOLO (data.yaml), "
        "COCO (a JSON file) or one folder of pictures a label."
    )
