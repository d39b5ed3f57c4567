"""The JSON documents of a source, each parsed once, within limits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from toonvision.core.errors import RejectedItemError
from toonvision.core.files import followed_inside, parse_json, read_regular

LARGEST_DOCUMENT = 20_000_000
"""Bytes; the worst JSON of this size takes some 0.6 GB of memory."""
MOST_ROWS = 200_000
_PICTURE_WITHIN = "imageData"
"""Where labelme keeps the picture itself, as text of several megabytes."""


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
    def of(cls, paths: Iterable[Path], root: Path) -> "Documents":
        """Read JSON files below a root."""
        contents: dict[Path, object] = {}
        faults: dict[Path, RejectedItemError] = {}
        for path in paths:
            try:
                contents[path] = _load(path, root)
            except RejectedItemError as error:
                faults[path] = error
        return cls(contents, faults)


def _load(path: Path, root: Path) -> object:
    followed_inside(root, path, name=path.relative_to(root).as_posix())
    content = parse_json(read_regular(path, limit=LARGEST_DOCUMENT))
    tables = content.values() if isinstance(content, dict) else [content]
    rows = sum(len(rows) for rows in tables if isinstance(rows, list))
    if rows > MOST_ROWS:
        raise RejectedItemError(f"has {rows:,} rows, over {MOST_ROWS:,}", "split it into files", code="too-large")
    if isinstance(content, dict):
        content.pop(_PICTURE_WITHIN, None)
    return content
