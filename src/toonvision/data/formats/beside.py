"""Whether something beside pictures in folders looks like annotations, so that the folders must not be the labels."""

import csv
import re
from collections.abc import Collection, Iterable, Set
from contextlib import suppress
from itertools import islice, takewhile
from pathlib import Path

from toonvision.core.errors import InputRejectedError
from toonvision.core.files import decode_text, first_bytes
from toonvision.core.names import folded
from toonvision.data.attributes import SUFFIX
from toonvision.data.formats.yolo_rows import seems_row
from toonvision.data.formats.yolo_settings import find as settings
from toonvision.data.source_tree import SourceTree

HEAD = 1_000_000
"""Bytes of a file that are looked at."""
_MOST_FILES = 100
_SIDECARS = (".txt", ".xml", ".json", ".csv", ".mat", ".pts")
_LISTS = (".json", ".jsonl", ".ndjson", ".xml", ".csv", ".tsv", ".txt", ".manifest")
_PICTURE_SUFFIX = re.compile(r"\.[A-Za-z]{3,5}\b")
_BEFORE_NAME = re.compile(r"[/\\\"'<>,;|:*?\t=]")
_LONGEST_NAME = 255
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w.])")
_NAMES_KEY = re.compile(r"^[\"']?names[\"']?\s*:", re.MULTILINE)
_BOX = 4
"""Numbers that a bounding box has."""
_MOST_ROWS = 20


def annotation_beside(tree: SourceTree, labels: Collection[str]) -> Path | None:
    """Return a file that looks like annotations of the pictures: one of a picture's stem, or one that lists pictures.

    A damaged document may be such a file. A table that says of each picture the label that its folder says too is no
    other annotation, and neither is a plain list of pictures.
    """
    stems = {folded(path.stem) for path in tree.pictures}
    for path in tree.with_suffix(*_SIDECARS):
        if not path.name.endswith(SUFFIX) and folded(path.stem) in stems:
            return path
    for path in (*tree.documents.faults, *tree.with_suffix(".names")):
        return path
    for path in tree.with_suffix(".yaml", ".yml"):
        if _NAMES_KEY.search(head(path, tree)) and not _names_labels(path, tree, labels):
            return path
    names = {folded(path.name) for path in tree.pictures}
    known = {label.lower() for label in labels}
    listings = (path for path in tree.with_suffix(*_LISTS) if not path.name.endswith(SUFFIX))
    return next((path for path in islice(listings, _MOST_FILES) if _lists(path, tree, names, known)), None)


def head(path: Path, tree: SourceTree) -> str:
    """Return the beginning of a text file of a source; an empty text where it cannot be read."""
    return "" if tree.confined(path) else decode_text(first_bytes(path, HEAD), errors="replace")


def _lists(path: Path, tree: SourceTree, names: Collection[str], labels: Set[str]) -> bool:
    """Return whether a file says of some picture more than its folder does."""
    lines = head(path, tree).splitlines()
    suffix = path.suffix.lower()
    if suffix == ".txt" and lines and all(len(line.split()) > _BOX and seems_row(line) for line in lines[:_MOST_ROWS]):
        return True
    for index, line in enumerate(lines):
        if not _names_one(line, names):
            continue
        if suffix == ".txt":
            rows = takewhile(lambda row: not _names_one(row, names), lines[index + 1 : index + 3])
            if any(
                len(_NUMBER.findall(row)) >= _BOX for row in (line, *rows)
            ):  # a row of its own, as WIDER FACE has it
                return True
        elif suffix not in (".csv", ".tsv") or labels.isdisjoint(_fields(line)):
            return True
    return False


def _names_labels(path: Path, tree: SourceTree, labels: Collection[str]) -> bool:
    """Return whether YOLO's settings only repeat the labels of folders, as those of a classifier do."""
    with suppress(InputRejectedError):
        known = {label.lower() for label in labels}
        return any(known <= {name.lower() for name in one.names.values()} for one in settings(tree) if one.file == path)
    return False


def _names_one(text: str, names: Collection[str]) -> bool:
    for suffix in _PICTURE_SUFFIX.finditer(text):
        before = text[max(0, suffix.start() - _LONGEST_NAME) : suffix.start()]
        last = _BEFORE_NAME.split(before)[-1].strip()
        if folded(last + suffix[0]) in names:
            return True
    return False


def _fields(line: str) -> Iterable[str]:
    delimiter = max(",;\t", key=line.count)
    with suppress(csv.Error):
        return [field.strip().lower() for field in next(csv.reader([line], delimiter=delimiter), [])]
    return []
