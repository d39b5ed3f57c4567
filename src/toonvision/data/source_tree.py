"""Walking a folder of pictures: sorted, without following links, and refusing names that could be confused."""

import os
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

from toonvision.core.errors import Finding, InputRejectedError, RejectedItemError
from toonvision.core.files import path_inside
from toonvision.data.boxes import PICTURE_SUFFIXES
from toonvision.taxonomy.labels import NO_CONTEXT


def walk(root: Path) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Give every folder below a root with its file names, both sorted; hidden ones are passed over.

    Raises:
        InputRejectedError: If the root is not a folder.
    """
    if not root.is_dir():
        raise InputRejectedError(f"{root}: no such folder. Name the folder that holds the pictures.")
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        yield Path(folder), tuple(sorted(name for name in names if not name.startswith(".")))


def is_picture(name: str) -> bool:
    """Tell by its suffix whether a file is meant to be a picture; what it is, its content tells."""
    return Path(name).suffix.lower() in PICTURE_SUFFIXES


def relative(path: Path, root: Path) -> str:
    """Give a path below its root, with slashes."""
    return path.relative_to(root).as_posix()


def context_of(path: Path, root: Path, *, layout_folders: Iterable[str] = ()) -> str:
    """Give the context of a picture: the first folder below the root that is not part of a format's layout."""
    parts = path.relative_to(root).parts[:-1]
    layout = set(layout_folders)
    return next((part for part in parts if part not in layout), NO_CONTEXT)


def confined(path: Path, root: Path) -> Finding | None:
    """Refuse a picture that is a link to a place outside its root."""
    try:
        path_inside(root, relative(path, root))
    except RejectedItemError as error:
        return error.finding(relative(path, root), pictures=1)
    return None


def refuse_confusable(paths: Iterable[Path], root: Path) -> None:
    """Refuse two pictures of one stem, or whose names differ by case or Unicode form alone.

    Raises:
        InputRejectedError: Naming both.
    """
    seen: dict[str, Path] = {}
    for path in paths:
        stem = relative(path.with_suffix(""), root)
        key = unicodedata.normalize("NFC", stem).casefold()
        other = seen.setdefault(key, path)
        if other != path:
            raise InputRejectedError(
                f"{path} and {other}: two pictures of one name (apart from suffix, case or Unicode form) "
                "cannot be told apart. Rename one of them."
            )
