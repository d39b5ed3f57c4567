"""The label files of a YOLO data set: which texts they are, and which picture each describes."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from toonvision.core.errors import Finding, RejectedItemError
from toonvision.core.files import decode_text, read_regular
from toonvision.data.formats import yolo_settings
from toonvision.data.formats.base import LARGEST_ANNOTATION, no_picture
from toonvision.data.formats.yolo_rows import names_class, seems_row
from toonvision.data.source_tree import SourceTree, folder_text

_HEAD = 4096


@dataclass(frozen=True)
class Labels:
    """The label files of a source.

    Attributes:
        of_picture: Picture to its label file.
        folders: The texts of the folders of these label files.
        findings: Label files without a picture, and those that are not read because their picture has another.
    """

    of_picture: Mapping[Path, Path]
    folders: Set[str]
    findings: tuple[Finding, ...]

    @classmethod
    def of(cls, tree: SourceTree) -> "Labels":
        """Find the label files of a source."""
        claims: dict[Path, list[Path]] = defaultdict(list)
        unpaired = []
        for path in texts(tree):
            picture = tree.picture_of(path)
            if picture:
                claims[picture].append(path)
            else:
                unpaired.append(path)
        findings = []
        of_picture = {}
        for picture, paths in claims.items():
            if len(paths) > 1:  # the very name comes first, and then a folder of labels, as YOLO has it
                paths.sort(key=lambda path: _rank(path, picture))
                findings += [_second(path, paths[0], tree) for path in paths[1:] if seems_labels(path)]
            of_picture[picture] = paths[0]
        folders = set(map(folder_text, of_picture.values()))
        strays = (path for path in unpaired if seems_labels(path) or (folder_text(path) in folders and _is_empty(path)))
        return cls(of_picture, folders, (*findings, *(_stray(path, tree) for path in strays)))


def _rank(path: Path, picture: Path) -> tuple[bool, bool, bool, Path]:
    """Return what is the lowest for the label file of a picture among several that can be."""
    return path.stem != picture.stem, not seems_labels(path), path.parent == picture.parent, path


def texts(tree: SourceTree) -> Iterator[Path]:
    """Yield the texts of a source that may be label files."""
    return (path for path in tree.with_suffix(".txt") if not yolo_settings.is_class_file(path))


def _head(path: Path) -> bytes | None:
    try:
        return read_regular(path, limit=LARGEST_ANNOTATION, first=_HEAD)
    except RejectedItemError:
        return None


def seems_labels(path: Path, *, shares: bool = False) -> bool:
    """Return whether a text begins as a label file with an object does."""
    lines = _first_lines(path)
    return bool(lines) and all(seems_row(line, shares=shares) for line in lines)


def has_rows(path: Path, labels: Collection[str]) -> bool:
    """Return whether there are rows of a label file among the first lines of a text, whatever the others are.

    In place of the number of its class a row may have one of the `labels`: reading it says what is wrong.
    """
    return any(seems_row(line) or names_class(line, labels) for line in _first_lines(path))


def _first_lines(path: Path) -> list[str]:
    head = _head(path) or b""
    lines = [line for line in decode_text(head, errors="replace").splitlines() if line.strip()]
    return lines[:-1] if len(head) == _HEAD and len(lines) > 1 else lines


def _is_empty(path: Path) -> bool:
    return _head(path) == b""


def _stray(path: Path, tree: SourceTree) -> Finding:
    return no_picture(path, tree, "add its picture, or remove it")


def _second(path: Path, read: Path, tree: SourceTree) -> Finding:
    reason = f"is a second label file of the picture that {tree.relative(read)} describes, which is read"
    remedy = "remove it, or name it after its own picture"
    return Finding(tree.relative(path), reason, remedy, "second-label-file", files=1)


def lines_of(path: Path) -> list[str]:
    """Return the rows of a label file; none if it cannot be read."""
    try:
        text = decode_text(read_regular(path, limit=LARGEST_ANNOTATION), errors="replace")
    except RejectedItemError:
        return []
    return [line for line in text.splitlines() if line.strip()]
