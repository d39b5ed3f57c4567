"""What lies below a folder of pictures: every file, listed once, without following links."""

import os
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from typing import Self

from toonvision.core.errors import Finding, InputRejectedError, RejectedItemError, printable
from toonvision.core.files import followed_inside
from toonvision.core.grouping import grouped
from toonvision.core.names import folded
from toonvision.core.wording import counted
from toonvision.data.mask_files import masks_among
from toonvision.data.picture_kinds import is_picture, is_sure, unread_kind

WORKSPACE_MARK = "toonvision.toml"
"""The file that makes a folder a workspace, whose crops are nobody's screenshots."""
_NOT_OURS = frozenset({"__MACOSX", "@eaDir", "#recycle", "$RECYCLE.BIN", "System Volume Information", "lost+found"})
"""Folders that archives, network storages and systems add: thumbnails and waste, no pictures of anyone."""
ARCHIVES = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar")


@dataclass(frozen=True)
class Listing:
    """The files below a source, sorted; hidden ones, workspaces and linked folders are left out.

    Attributes:
        root: The source.
        files: Every file.
        links: Those of them that are links.
        linked_folders: Links to folders, which are not followed.
        folders: Every folder, empty ones too.
    """

    root: Path
    files: tuple[Path, ...]
    links: frozenset[Path]
    linked_folders: tuple[Path, ...]
    folders: tuple[Path, ...] = ()

    @classmethod
    def of(cls, root: Path) -> Self:
        """List what lies below a folder.

        Raises:
            InputRejectedError: If it is no folder, or a folder below it cannot be read.
        """
        if root.is_file():
            raise InputRejectedError(f"{printable(str(root))}: {_no_folder(root)}")
        if not root.is_dir():
            raise InputRejectedError(
                f"{root}: no such folder. Name the folder that holds the pictures; a workspace has it as path in its "
                "toonvision.toml."
            )
        files: list[Path] = []
        links: list[Path] = []
        linked: list[Path] = []
        waiting = [root]
        for folder in waiting:
            try:
                with os.scandir(folder) as listed:
                    entries = sorted(
                        (one for one in listed if not one.name.startswith(".") and one.name not in _NOT_OURS),
                        key=attrgetter("name"),
                    )
            except OSError as error:
                raise InputRejectedError(
                    f"{error.filename}: cannot be read ({error.strerror}). Allow reading, and run again."
                ) from error
            for entry in entries:
                path = folder / entry.name
                if _is_folder(entry):
                    if entry.is_symlink():
                        linked.append(path)
                    elif not _is_workspace(path):
                        waiting.append(path)
                    continue
                files.append(path)
                if entry.is_symlink():
                    links.append(path)
        return cls(root, tuple(sorted(files, key=_by_parts)), frozenset(links), tuple(sorted(linked)), tuple(waiting))

    @cached_property
    def pictures(self) -> tuple[Path, ...]:
        """The files that are meant to be pictures, by their suffix or their first bytes.

        One of a kind that cannot be read here is passed over where its folder has one of its stem that can, and so are
        masks.
        """
        others = self._replaced | self._masks
        return tuple(path for path, _ in self._kinds if not others or path not in others)

    @cached_property
    def unread(self) -> Mapping[Path, str]:
        """Those of the pictures that cannot be read here, and of which kind they are."""
        return {
            path: kind for path, kind in self._kinds if kind and path not in self._replaced and path not in self._masks
        }

    @cached_property
    def _kinds(self) -> Sequence[tuple[Path, str]]:
        """Every file that is meant to be a picture, and the kind that cannot be read here, or an empty text."""

        def kind_of(path: Path) -> str | None:
            if self.confined(path):  # whose content is not looked at
                return "" if is_picture(path.name) else None
            return unread_kind(path)

        found: list[list[tuple[Path, str]]] = []
        for suffix, paths in self._by_suffix.items():
            kinds = [kind_of(paths[0])] * len(paths) if is_sure(suffix) else map(kind_of, paths)
            if own := [(path, kind) for path, kind in zip(paths, kinds, strict=True) if kind is not None]:
                found.append(own)
        if len(found) < 2:
            return found[0] if found else []
        return sorted((one for own in found for one in own), key=lambda one: _by_parts(one[0]))

    @cached_property
    def _replaced(self) -> frozenset[Path]:
        unread = {path for path, kind in self._kinds if kind}
        if not unread:
            return frozenset()
        stems = {(path.parent, stem_key(path.stem)) for path, _ in self._kinds if path not in unread}
        return frozenset(path for path in unread if (path.parent, stem_key(path.stem)) in stems)

    @cached_property
    def _masks(self) -> frozenset[Path]:
        candidates = [path for path, _ in self._kinds if not self._replaced or path not in self._replaced]
        return masks_among(candidates, self.with_suffix(".xml", ".txt", ".json"), self.root)

    @cached_property
    def _by_suffix(self) -> Mapping[str, tuple[Path, ...]]:
        found = grouped(self.files, lambda path: _suffix(path).lower())
        return {suffix: tuple(paths) for suffix, paths in found.items()}

    def with_suffix(self, *suffixes: str) -> tuple[Path, ...]:
        """Return the files of some suffixes, such as ``.xml``, whatever their case; sorted."""
        found = [self._by_suffix[suffix] for suffix in suffixes if suffix in self._by_suffix]
        return (
            found[0] if len(found) == 1 else tuple(sorted((path for paths in found for path in paths), key=_by_parts))
        )

    def relative(self, path: Path) -> str:
        """Return the text of a path below the root, as `relative` does."""
        text = str(path)
        found = self._relative.get(text)
        if found is None:
            found = self._relative[text] = relative(path, self.root)
        return found

    @cached_property
    def _relative(self) -> dict[str, str]:
        return {}

    def confined(self, path: Path) -> Finding | None:
        """Return why a file cannot be read that is a link out of the source; None for any other."""
        try:
            self.require_confined(path)
        except RejectedItemError as error:
            return error.finding(relative(path, self.root), pictures=1)
        return None

    def require_confined(self, path: Path) -> None:
        """Refuse a file that is a link out of the source.

        Raises:
            RejectedItemError: Saying so.
        """
        if self.links and path in self.links:
            try:
                followed_inside(self.root, path, name=relative(path, self.root))
            except RejectedItemError as error:
                if error.code == "path-escapes":
                    error.remedy += ", or name the folder that it leads to as the source"
                raise

    def linked_folder_findings(self) -> list[Finding]:
        """Report the links to folders, which are not followed."""
        reason, remedy = "is a link to a folder, which is not followed", "put the folder here, or name it as a source"
        return [Finding(self.relative(path), reason, remedy, "linked-folder") for path in self.linked_folders]

    def replaced_findings(self) -> list[Finding]:
        """Report, as one, the pictures that were passed over for those beside them that can be read."""
        if not self._replaced:
            return []
        first = min(self._replaced)
        others = f", as for {counted(len(self._replaced) - 1, 'other')}" if len(self._replaced) > 1 else ""
        reason = f"is of the kind {dict(self._kinds)[first]}, which cannot be read here; "
        reason += f"the picture of its name beside it was taken{others}"
        return [Finding(self.relative(first), reason, code="replaced")]

    def mask_findings(self) -> list[Finding]:
        """Report, as one, the masks that come beside the pictures."""
        if not self._masks:
            return []
        others = f", like {counted(len(self._masks) - 1, 'other')}" if len(self._masks) > 1 else ""
        reason = f"is a mask{others}; masks are not taken as screenshots"
        return [Finding(self.relative(min(self._masks)), reason, code="masks")]

    def refuse_confusable(self, paths: Iterable[Path], *, by_stem: bool = True) -> None:
        """Refuse two pictures whose names differ by case or Unicode form alone; `by_stem`, also by suffix.

        Raises:
            InputRejectedError: Naming both, or the two folders where it is these that differ.
        """
        seen: dict[str, Path] = {}
        for path in paths:
            name = self.relative(path)
            other = seen.setdefault(name_key(name) if by_stem else folded(name), path)
            if other is not path and other != path:
                folders = next((both for both in _folder_pairs(path, other) if both[0].name != both[1].name), None)
                if folders:
                    raise InputRejectedError(
                        f"{_both(*folders)}: two folders of one name (apart from case or Unicode form), with pictures "
                        "of one name. Rename one of the folders or, if both mean the same, put their pictures into one "
                        "of them, under names that differ."
                    )
                suffix = "suffix, " if by_stem else ""
                raise InputRejectedError(
                    f"{_both(path, other)}: two pictures of one name (apart from {suffix}case or Unicode form). Rename "
                    "one of them, and its annotation with it."
                )


def _folder_pairs(path: Path, other: Path) -> Iterable[tuple[Path, Path]]:
    """Return the folders of two files of equal depth in pairs, the outermost first."""
    return zip([*path.parents][::-1], [*other.parents][::-1], strict=False)


def _both(one: Path, other: Path) -> str:
    """Name two paths; where they look alike, also by what their letters are made of."""
    alike = unicodedata.normalize("NFC", str(one)) == unicodedata.normalize("NFC", str(other))
    made_of = f" ({one.name!a} and {other.name!a})" if alike else ""
    return f"{printable(str(one))} and {printable(str(other))}{made_of}"


def _no_folder(file: Path) -> str:
    """Return why a file is no source, and what to do."""
    if file.suffix.lower() in ARCHIVES:
        return "is an archive, which is not read. Unpack it, and name the folder that comes out of it."
    return "is a file. Name the folder that holds the pictures."


def _by_parts(path: Path) -> str:
    """Return what sorts paths by folder first, as `Path.parts` does more slowly."""
    return str(path).replace(os.sep, "\0")


def _suffix(path: Path) -> str:
    """Return the suffix of a file, as `Path.suffix` does more slowly."""
    stem, _, suffix = str(path).rpartition(os.sep)[2].rpartition(".")
    return f".{suffix}" if stem and suffix else ""


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_workspace(folder: Path) -> bool:
    with suppress(OSError):
        return (folder / WORKSPACE_MARK).is_file() and not folder.is_symlink()
    return False


def relative(path: Path, root: Path) -> str:
    r"""Return a path below its root, with slashes; bytes that are not UTF-8 are written as in ``\udcff``."""
    above, _, below = str(path).partition(f"{root}{os.sep}")
    if above:
        return name_text(path.relative_to(root).as_posix())
    return name_text(below.replace(os.sep, "/"))  # several times as quick


def name_key(name: str) -> str:
    """Return a path below a source, with slashes, as those are compared that may differ in their suffixes."""
    stem, _, suffix = name.rpartition(".")
    has_suffix = suffix and "/" not in suffix and stem and not stem.endswith("/")
    return folded(stem if has_suffix else name)


def stem_key(stem: str) -> str:
    """Return the stem of a file as stems are compared."""
    return folded(name_text(stem))


def name_text(name: str) -> str:
    """Make a file name storable and printable whatever bytes it has."""
    return name if name.isascii() else name.encode(errors="backslashreplace").decode()
