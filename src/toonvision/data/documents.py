"""The JSON documents of a source, each parsed once, within limits."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toonvision.core.errors import RejectedItemError
from toonvision.core.files import followed_inside, parse_json, read_regular

LARGEST_DOCUMENT = 20_000_000
"""Bytes; the worst JSON of this size takes some 0.6 GB of memory."""
MOST_ROWS = 200_000


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
        written = read_regular(path, limit=LARGEST_DOCUMENT)
    except RejectedItemError as error:
        if error.code == "too-large":
            error.remedy = "export it in parts, without pictures in it"
        raise
    content = parse_json(written)
    tables = content.values() if isinstance(content, dict) else [content]
    rows = sum(len(rows) for rows in tables if isinstance(rows, list))
    if rows > MOST_ROWS:
        raise RejectedItemError(f"has {rows:,} rows, over {MOST_ROWS:,}", "split it into files", code="too-large")
    if isinstance(content, dict):
        _drop_pictures(content)
    return content


def _drop_pictures(content: dict[str, Any]) -> None:
    """Take out the picture and the masks that labelme keeps within, megabytes of text that nobody reads."""
    content.pop("imageData", None)
    shapes = content.get("shapes")
    for shape in shapes if isinstance(shapes, list) else ():
        if isinstance(shape, dict):
            shape.pop("mask", None)
