"""The JSON documents of a source, each parsed once, within limits."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toonvision.core.errors import RejectedItemError
from toonvision.core.files import followed_inside, parse_json, read_regular

LARGEST_DOCUMENT = 50_000_000
"""Bytes of a table or an XML file that lists pictures."""
MOST_ROWS = 1_000_000
_LARGEST_JSON = 500_000_000
_LARGE = 20_000_000
"""Bytes of a JSON file, of which polygons that nobody needs may take most."""
_MOST_LISTS = 10_000_000
"""Lists and objects in a JSON file; so many take some 1 GB of memory."""


@dataclass(frozen=True)
class Documents:
    """What the JSON files of a source hold.

    Attributes:
        contents: File to the value that it holds.
        faults: File to why it cannot be read; no file is in both.
    """

    contents: Mapping[Path, object]
    faults: Mapping[Path, RejectedItemError]

    @classmethod
    def of(cls, paths: Iterable[Path], root: Path, links: Container[Path]) -> "Documents":
        """Read JSON files below a root; those of them that are links may not lead out of it."""
        contents: dict[Path, object] = {}
        faults: dict[Path, RejectedItemError] = {}
        for path in paths:
            try:
                if path in links:
                    followed_inside(root, path, name=path.relative_to(root).as_posix())
                contents[path] = _load(path)
            except RejectedItemError as error:
                faults[path] = error
        return cls(contents, faults)


def _load(path: Path) -> object:
    try:
        written = read_regular(path, limit=_LARGEST_JSON)
    except RejectedItemError as error:
        if error.code == "too-large":
            error.remedy = "export it in parts, without pictures in it"
        raise
    lists = written.count(b"[") + written.count(b"{") if len(written) > _MOST_LISTS else 0
    if lists > _MOST_LISTS:
        reason = f"has {lists:,} lists and objects, over {_MOST_LISTS:,}"
        raise RejectedItemError(reason, "split it into files", code="too-large")
    content = parse_json(written, change=_drop_polygons if len(written) > _LARGE else None)
    tables = content.values() if isinstance(content, dict) else [content]
    rows = sum(len(rows) for rows in tables if isinstance(rows, list))
    if rows > MOST_ROWS:
        raise RejectedItemError(f"has {rows:,} rows, over {MOST_ROWS:,}", "split it into files", code="too-large")
    if isinstance(content, dict):
        _drop_pictures(content)
    return content


def _drop_polygons(row: dict[str, object]) -> None:
    """Take out the polygons and the mask of an object of COCO that has a box, which is what is read; not of a crowd."""
    box = row.get("bbox")
    if isinstance(box, list) and any(box) and not row.get("iscrowd"):
        row.pop("segmentation", None)


def _drop_pictures(content: dict[str, Any]) -> None:
    """Take out the picture and the masks that labelme keeps within, megabytes of text; of the picture, say so."""
    if "imageData" in content:
        content["imageData"] = bool(content["imageData"])
    shapes = content.get("shapes")
    for shape in shapes if isinstance(shapes, list) else ():
        if isinstance(shape, dict):
            shape.pop("mask", None)
