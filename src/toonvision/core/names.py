"""Names of files and folders: which are safe, which are the same, which are free."""

import hashlib
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from toonvision.core.errors import UsageError, shown
from toonvision.core.files import is_closed

Paths = Path | str | Sequence[Path | str]
"""One or more paths."""

_LONGEST = 255
"""The most bytes of a name on the usual file systems."""
_DEPTH = 3
"""A root, a folder of a task, and a folder of a record."""
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)


def paths_of(given: Paths | None) -> list[Path] | None:
    """Return one or more paths as a list; None for None.

    Raises:
        UsageError: If it is neither.

    Examples:
        >>> [path.name for path in paths_of("new/one.png")]
        ['one.png']
    """
    if given is None:
        return None
    try:
        return [Path(given)] if isinstance(given, str | Path) else [Path(one) for one in given]
    except TypeError:
        raise UsageError(f"pictures are named by paths of files or folders; got {shown(given)}.") from None


def plain_name(name: str, what: str) -> str:
    """Return the name that a person chose for `what`, such as ``a run``; it must be possible as a file's on any system.

    Raises:
        UsageError: If it has other characters than letters, digits, dot, dash and underscore, or over 100 of them.
    """
    if not _PLAIN_NAME.fullmatch(name):
        raise UsageError(f"the name of {what} is made of letters, digits, dot, dash and underscore; got {name!r}.")
    return name


def folded(name: str) -> str:
    """Return a name as file systems compare it that ignore case and Unicode forms (Unicode's D145)."""
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())


def spelled_out(names: Sequence[str]) -> dict[str, str]:
    r"""Return names in quotes, by name; what looks like another one of them has its letters escaped.

    Examples:
        >>> spelled_out(["cat", "Cat"])
        {'cat': "'cat'", 'Cat': "'Cat'"}
        >>> print(*spelled_out(["\xe9", "e\u0301"]).values())
        '\xe9' 'e\u0301'
    """
    looks = Counter(unicodedata.normalize("NFC", name) for name in names)
    return {name: ascii(name) if looks[unicodedata.normalize("NFC", name)] > 1 else repr(name) for name in names}


def derived_name(stem: str, ending: str) -> str:
    """Return the name of a file that is made from another one: its stem with an ending.

    Of a stem that leaves no room for the ending, the last bytes give way to a hash of all of it.

    Examples:
        >>> derived_name("shot", ".json")
        'shot.json'
        >>> derived_name(255 * "a", ".json")[-18:]
        'aaaa~b0f3323e.json'
    """
    encoded, room = os.fsencode(stem), _LONGEST - len(os.fsencode(ending))
    if len(encoded) <= room:
        return f"{stem}{ending}"
    mark = f"~{hashlib.sha256(encoded).hexdigest()[:8]}"
    return f"{encoded[: room - len(mark)].decode(errors='ignore')}{mark}{ending}"


def free_name(folder: Path, name: str, *, number_first: bool = False) -> str:
    """Return the first name that nothing in a folder has: ``name``, ``name-2`` and so on, or from ``name-1`` on."""
    taken = {path.name for path in folder.glob("*")}
    if name not in taken and not number_first:
        return name
    numbered = (f"{name}-{number}" for number in count(1 if number_first else 2))
    return next(free for free in numbered if free not in taken)


def different_stems(paths: Sequence[Path]) -> list[str]:
    """Return the stem of each path, behind a number from 1 where another one has the same.

    Examples:
        >>> different_stems([Path("a/1.png"), Path("b/1.png"), Path("b/2.png")])
        ['0001-1', '0002-1', '2']
    """
    times = Counter(path.stem for path in paths)
    return [
        path.stem if times[path.stem] == 1 else f"{number:04}-{path.stem}" for number, path in enumerate(paths, start=1)
    ]


@dataclass(frozen=True)
class NamedFolders:
    """Folders that hold a result of a task, named by both, as in ``suit/compact-1``.

    Attributes:
        record: The file that makes a folder one of them.
        noun: What they are, for messages.
        command: The command that makes one.
    """

    record: str
    noun: str
    command: str

    def records(self, root: Path) -> list[Path]:
        """Return the records below a folder, by task and name; hidden folders are unfinished, or were replaced."""
        return sorted(path for path in root.glob(f"*/*/{self.record}") if not path.parent.name.startswith("."))

    def closed(self, root: Path) -> list[Path]:
        """Return the folders down to those of records that may not be read, so that `records` does not see them."""
        found, folders = list[Path](), [root] if root.is_dir() else []
        for _ in range(_DEPTH):
            found += filter(is_closed, folders)
            inside = (path for one in folders if one not in found for path in sorted(one.glob("[!.]*")))
            folders = [path for path in inside if path.is_dir()]
        return found

    def holds(self, root: Path, name: str) -> bool:
        """Return whether `find` would find one."""
        return any((folder / self.record).exists() for folder in (root / name, Path(name)))

    def find(self, root: Path, name: str) -> Path:
        """Return a folder by its name below `root`, or by its path.

        Args:
            root: The folder of them in a workspace.
            name: The name or path.

        Raises:
            UsageError: If there is none.
        """
        for folder in (root / name, Path(name)):
            if (folder / self.record).exists():
                return folder
        known = [path.parent.relative_to(root).as_posix() for path in self.records(root)]
        none = f"There is none yet. Run: toonvision {self.command} -w {root.parent}"
        listed = f"There are: {', '.join(known)}." if known else none
        raise UsageError(f"no {self.noun} is called {name!r}. {listed}")
