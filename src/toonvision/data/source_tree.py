"""Walking a folder of pictures: sorted, without following links, refusing names that could be confused."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from toonvision.core.errors import Finding, InputRejectedError, RejectedItemError, printable
from toonvision.core.files import followed_inside
from toonvision.core.names import folded
from toonvision.data.boxes import PICTURE_SUFFIXES
from toonvision.taxonomy.labels import NO_CONTEXT

WORKSPACE_MARK = "toonvision.toml"
"""The file that makes a folder a workspace, whose crops are nobody's screenshots."""


def walk(root: Path) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Return every folder below a root with its file names, both sorted; hidden ones and workspaces are left out.

    Raises:
        InputRejectedError: If the root is not a folder, or a folder below it cannot be read.
    """
    for folder, _, names in _folders(root):
        yield folder, tuple(sorted(name for name in names if not name.startswith(".")))


def linked_folders(top: Path, root: Path) -> list[Finding]:
    """Report the links to folders below `top`, which `walk` does not follow."""
    reason, remedy = "is a link to a folder, which is not followed", "put the folder here, or name it as a source"
    links = [folder / name for folder, subfolders, _ in _folders(top) for name in subfolders]
    return [Finding(relative(path, root), reason, remedy, "linked-folder") for path in links if path.is_symlink()]


def _folders(root: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Return every folder below a root with the names of its folders, links among them, and of its files."""
    if not root.is_dir():
        raise InputRejectedError(f"{root}: no such folder. Name the folder that holds the pictures.")
    for folder, subfolders, names in os.walk(root, onerror=_refuse_unreadable):
        hidden = {name for name in subfolders if name.startswith(".") or _is_workspace(Path(folder) / name)}
        subfolders[:] = sorted(set(subfolders) - hidden)
        yield Path(folder), subfolders, names


def _is_workspace(folder: Path) -> bool:
    with suppress(OSError):
        return (folder / WORKSPACE_MARK).is_file() and not folder.is_symlink()
    return False


def is_picture(name: str) -> bool:
    """Return whether a file is meant to be a picture, by its suffix; what kind it is, its content decides."""
    return Path(name).suffix.lower() in PICTURE_SUFFIXES


def relative(path: Path, root: Path) -> str:
    r"""Return a path below its root, with slashes; bytes that are not UTF-8 are written as in ``\udcff``."""
    return _text(path.relative_to(root).as_posix())


def context_of(path: Path, root: Path, *, layout_folders: Iterable[str] = ()) -> str:
    """Return the context of a picture: the first folder below the root that does not belong to a format's layout."""
    layout = set(layout_folders)
    return next((_text(name) for name in path.relative_to(root).parts[:-1] if name not in layout), NO_CONTEXT)


def sibling(path: Path, root: Path, old: str, new: str) -> Path:
    """Return a path with the last folder of one name below the root replaced by another; unchanged without it."""
    names = list(path.relative_to(root).parts)
    if old not in names:
        return path
    names[len(names) - 1 - names[::-1].index(old)] = new
    return Path(root, *names)


def confined(path: Path, root: Path) -> Finding | None:
    """Refuse a file that is a link out of its root."""
    try:
        followed_inside(root, path, name=relative(path, root))
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
        key = folded(stem)
        other = seen.setdefault(key, path)
        if other != path:
            raise InputRejectedError(
                f"{printable(str(path))} and {printable(str(other))}: two pictures of one name (apart from suffix, "
                "case or Unicode form). Rename one of them."
            )


def _refuse_unreadable(error: OSError) -> None:
    raise InputRejectedError(f"{error.filename}: cannot be read ({error.strerror}). Allow reading, and run again.")


def _text(name: str) -> str:
    """Make a file name storable and printable whatever bytes it has."""
    return name.encode(errors="backslashreplace").decode()
