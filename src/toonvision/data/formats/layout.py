"""The formats that annotated pictures come in, by name, and which of them a folder is in."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from toonvision.core.errors import InputRejectedError
from toonvision.data.boxes import Reading
from toonvision.data.formats import (
    coco,
    createml,
    image_folder,
    labelme,
    labelstudio,
    pascal_voc,
    supervisely,
    via,
    yolo,
)
from toonvision.data.formats.base import Reader
from toonvision.data.source_tree import SourceTree

Format = Literal["voc", "yolo", "coco", "labelstudio", "labelme", "via", "createml", "supervisely", "folders"]

READERS: Mapping[Format, Reader] = {
    "yolo": yolo,
    "coco": coco,
    "labelstudio": labelstudio,
    "labelme": labelme,
    "via": via,
    "createml": createml,
    "supervisely": supervisely,
    "voc": pascal_voc,
    "folders": image_folder,
}
"""In the order in which a source is tried."""


@dataclass(frozen=True)
class Layout:
    """A format that a source may be in, and in words how its annotations lie there."""

    format: Format
    words: str


def read(name: Format, root: Path) -> Reading:
    """Read everything below a source in the format of that name."""
    return READERS[name].read(SourceTree.of(root))


def layouts(tree: SourceTree) -> tuple[Layout, ...]:
    """Return the formats that a source may be in, the likeliest first; class folders only where it is no other."""
    found = [Layout(name, words) for name, reader in READERS.items() if (words := reader.recognise(tree))]
    return tuple(one for one in found if one.format != "folders" or len(found) == 1)


def detect(root: Path) -> Format:
    """Return the format of a source, by what lies in it; raises what `recognised` raises."""
    return recognised(SourceTree.of(root))[0].format


def recognised(tree: SourceTree) -> tuple[Layout, ...]:
    """Return the formats that a source may be in, by what lies in it, the likeliest first; at least one.

    Raises:
        InputRejectedError: If it is none of the formats that can be read, or is a damaged COCO file with pictures,
            which must not be taken for class folders.
    """
    found = layouts(tree)
    if found and found[0].format == "folders":
        coco.refuse_damaged(tree)
    if not found:
        raise InputRejectedError(
            f"{tree.root}: no annotated pictures were found. A source holds Pascal VOC (XML files), YOLO (data.yaml), "
            "COCO (a JSON file) or one folder of pictures a label."
        )
    return found
