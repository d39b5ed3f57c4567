"""What lies below a folder of pictures: listed once, without following links, and which picture an annotation means."""

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from urllib.parse import unquote

from toonvision.core.errors import Finding, InputRejectedError, RejectedItemError, printable, shown
from toonvision.core.files import followed_inside
from toonvision.core.names import folded
from toonvision.data import attributes
from toonvision.data.documents import Documents
from toonvision.data.picture_kinds import is_picture, unread_kind
from toonvision.data.subsets import Subset, named_subset
from toonvision.data.xml_files import root_tag
from toonvision.taxonomy.labels import NO_CONTEXT

WORKSPACE_MARK = "toonvision.toml"
"""The file that makes a folder a workspace, whose crops are nobody's screenshots."""
LAYOUT_FOLDERS = frozenset(
    (
        "images", "image", "img", "imgs", "jpegimages", "pictures", "photos", "data", "dataset",
        "annotations", "annotation", "ann", "labels", "label", "xml", "xmls", "json", "jsons",
        "obj_train_data", "obj_valid_data", "obj_test_data",
    )
)  # fmt: skip
"""Folders that belong to how a data set is laid out, in lower case: they say nothing of what a picture shows."""
_DATA_SET_FOLDER = re.compile(r"voc(?:devkit|trainval)?[_-]?(?:20\d\d)?")
"""Folders named after the data set of Pascal VOC; each may hold pictures of the names of another, and is no context."""
_NOT_OURS = frozenset({"__MACOSX"})
"""Folders that an archive's program adds; what lies in them are no pictures of anyone."""
_HASH_PREFIX = re.compile(r"^[0-9a-f]{8}(?:-[0-9a-f]{4}){0,3}(?:-[0-9a-f]{12})?[-_]+(?=.)")
"""What Label Studio puts before the name of an uploaded file."""
_NOT_UPLOADED = re.compile(r"[^-\w.]")
"""Characters that Label Studio leaves out of the name of an uploaded file, as Django's `get_valid_name` does."""


@dataclass(frozen=True)
class SourceTree:
    """The files below a source, sorted; hidden ones, workspaces and linked folders are left out.

    Attributes:
        root: The source.
        files: Every file.
        links: Those of them that are links.
        linked_folders: Links to folders, which are not followed.
    """

    root: Path
    files: tuple[Path, ...]
    links: frozenset[Path]
    linked_folders: tuple[Path, ...]

    @classmethod
    def of(cls, root: Path) -> "SourceTree":
        """List what lies below a folder.

        Raises:
            InputRejectedError: If it is no folder, or a folder below it cannot be read.
        """
        if not root.is_dir():
            raise InputRejectedError(f"{root}: no such folder. Name the folder that holds the pictures.")
        files: list[Path] = []
        links: list[Path] = []
        linked: list[Path] = []
        waiting = [root]
        for folder in waiting:
            try:
                with os.scandir(folder) as listed:
                    entries = sorted(
                        (one for one in listed if not one.name.startswith(".") and one.name not in _NOT_OURS),
                        key=lambda one: one.name,
                    )
            except OSError as error:
                raise InputRejectedError(
                    f"{error.filename}: cannot be read ({error.strerror}). Allow reading, and run again."
                ) from error
            for entry in entries:
                path, link = folder / entry.name, entry.is_symlink()
                if _is_folder(entry):
                    if link:
                        linked.append(path)
                    elif not _is_workspace(path):
                        waiting.append(path)
                    continue
                files.append(path)
                if link:
                    links.append(path)
        return cls(root, tuple(sorted(files, key=attrgetter("parts"))), frozenset(links), tuple(sorted(linked)))

    @cached_property
    def pictures(self) -> tuple[Path, ...]:
        """The files that are meant to be pictures, by their suffix or their first bytes.

        One of a kind that cannot be read here is passed over where its folder has one of its stem that can.
        """
        return tuple(path for path in self._kinds if path not in self._replaced)

    @cached_property
    def unread(self) -> Mapping[Path, str]:
        """Those of the pictures that cannot be read here, and of which kind they are."""
        return {path: kind for path in self.pictures if (kind := self._kinds[path])}

    @cached_property
    def _kinds(self) -> Mapping[Path, str]:
        """The kind that cannot be read here, or an empty text, of every file that is meant to be a picture."""

        def kind_of(path: Path) -> str | None:
            if self.confined(path):  # whose content is not looked at
                return "" if is_picture(path.name) else None
            return unread_kind(path)

        return {path: kind for path in self.files if (kind := kind_of(path)) is not None}

    @cached_property
    def _replaced(self) -> frozenset[Path]:
        unread = {path for path, kind in self._kinds.items() if kind}
        stems = (
            {(path.parent, _key(path.stem)) for path in self._kinds if path not in unread} if unread else frozenset()
        )
        return frozenset(path for path in unread if (path.parent, _key(path.stem)) in stems)

    @cached_property
    def _by_suffix(self) -> Mapping[str, tuple[Path, ...]]:
        found: dict[str, list[Path]] = defaultdict(list)
        for path in self.files:
            found[path.suffix.lower()].append(path)
        return {suffix: tuple(paths) for suffix, paths in found.items()}

    def with_suffix(self, *suffixes: str) -> tuple[Path, ...]:
        """Return the files of some suffixes, such as ``.xml``, whatever their case; sorted."""
        found = [self._by_suffix[suffix] for suffix in suffixes if suffix in self._by_suffix]
        return found[0] if len(found) == 1 else tuple(sorted(path for paths in found for path in paths))

    @cached_property
    def documents(self) -> Documents:
        """What the JSON files hold, each parsed once; attributes files are no such documents."""
        paths = (path for path in self.with_suffix(".json") if not path.name.endswith(attributes.SUFFIX))
        return Documents.of(paths, self.root, self.links)

    @cached_property
    def xml_roots(self) -> Mapping[Path, str]:
        """The XML files, each with its first tag; an empty one where that cannot be seen without parsing."""
        return {path: "" if path in self.links else root_tag(path) for path in self.with_suffix(".xml")}

    def relative(self, path: Path) -> str:
        """Return the text of a path below the root, as `relative` does."""
        if path not in self._relative:
            self._relative[path] = relative(path, self.root)
        return self._relative[path]

    @cached_property
    def _relative(self) -> dict[Path, str]:
        return {}

    def confined(self, path: Path) -> Finding | None:
        """Refuse a file that is a link out of the source."""
        return confined(path, self.root) if path in self.links else None

    def linked_folder_findings(self) -> list[Finding]:
        """Report the links to folders, which are not followed."""
        reason, remedy = "is a link to a folder, which is not followed", "put the folder here, or name it as a source"
        return [Finding(self.relative(path), reason, remedy, "linked-folder") for path in self.linked_folders]

    def replaced_findings(self) -> list[Finding]:
        """Report, as one, the pictures that were passed over for those beside them that can be read."""
        if not self._replaced:
            return []
        first = min(self._replaced)
        others = f", like {len(self._replaced) - 1:,} others," if len(self._replaced) > 1 else ""
        reason = f"is of the kind {self._kinds[first]}, which cannot be read here;{others} "
        reason += "the picture of its name beside it was taken"
        return [Finding(self.relative(first), reason, code="replaced")]

    @cached_property
    def _by_place(self) -> Mapping[tuple[tuple[str, ...], str], list[Path]]:
        """Pictures by place (see `_place`) and stem."""
        found: dict[tuple[tuple[str, ...], str], list[Path]] = defaultdict(list)
        for path in self.pictures:
            found[self._place(path), _key(path.stem)].append(path)
        return found

    @cached_property
    def _by_stem(self) -> Mapping[str, list[Path]]:
        found: dict[str, list[Path]] = defaultdict(list)
        for path in self.pictures:
            found[_key(path.stem)].append(path)
        return found

    @cached_property
    def _by_bare_stem(self) -> Mapping[str, list[Path]]:
        """Pictures by their stems without a hash before them."""
        found: dict[str, list[Path]] = defaultdict(list)
        for path in self.pictures:
            found[_HASH_PREFIX.sub("", _key(path.stem))].append(path)
        return found

    @cached_property
    def _uploaded(self) -> Mapping[str, list[Path]]:
        """Pictures by the stems that Label Studio gives them when they are uploaded, without the hash."""
        found: dict[str, list[Path]] = defaultdict(list)
        for path in self.pictures:
            found[_NOT_UPLOADED.sub("", _key(path.stem).strip().replace(" ", "_"))].append(path)
        return found

    @cached_property
    def _occupied(self) -> frozenset[tuple[str, ...]]:
        return frozenset(place for place, _ in self._by_place)

    def _place(self, path: Path) -> tuple[str, ...]:
        """Return the folders of a file below the root that do not belong to a layout."""
        return self._folder(_above(path)).place

    def _folder(self, folder: str) -> "_Folder":
        """Return what the names of a folder say; many files share one, and are not asked one by one."""
        if folder not in self._folders:
            names = Path(folder).relative_to(self.root).parts
            place = tuple(name for name in names if name.lower() not in LAYOUT_FOLDERS)
            telling = (
                name for name in place if not named_subset(name) and not _DATA_SET_FOLDER.fullmatch(name.lower())
            )
            context = next(map(_text, telling), NO_CONTEXT)
            subset = next((subset for name in reversed(names) if (subset := named_subset(name))), None)
            self._folders[folder] = _Folder(place, context, subset)
        return self._folders[folder]

    @cached_property
    def _folders(self) -> dict[str, "_Folder"]:
        return {}

    def picture_of(self, annotation: Path) -> Path | None:
        """Return the picture that an annotation file is named after; None where no picture, or more than one, can be.

        It lies beside the annotation, or in the folder that corresponds to the annotation's (``images/a`` to
        ``labels/a``); where neither has any picture, anywhere below the source. A hash before the name, and a
        picture's suffix within it (``a.png.txt``), are undone where the picture has none.
        """
        for stem in _stems(annotation.stem):
            found = self._same_place(annotation, stem)
            if not found and self._place(annotation) not in self._occupied:
                found = self._by_stem.get(stem, [])
            if found:
                return found[0] if len(found) == 1 else None
        return None

    def picture_beside(self, annotation: Path) -> Path | None:
        """Return the one picture of an annotation's name beside it, or in the corresponding folder, if any."""
        found = self._same_place(annotation, _key(annotation.stem))
        return found[0] if len(found) == 1 else None

    def _same_place(self, annotation: Path, stem: str) -> list[Path]:
        same = self._by_place.get((self._place(annotation), stem), [])
        return [path for path in same if path.parent == annotation.parent] or same

    def text_of(self, picture: Path) -> Path | None:
        """Return the text file of a picture's name beside it, or in the corresponding folder, if there is one."""
        return self._texts.get((self._place(picture), _key(picture.stem)))

    @cached_property
    def _texts(self) -> Mapping[tuple[tuple[str, ...], str], Path]:
        return {(self._place(path), _key(path.stem)): path for path in self.with_suffix(".txt")}

    def picture_named(self, stated: str, *, beside: Path) -> Path:
        r"""Return the picture that an annotation states by a file name, written on any machine by any program.

        A path below the folder of the annotation file, `beside`, or below the source comes first. Else the last part of
        the name decides, where just one picture has it: after separators (``\``), escapes (``%20``), a query
        (``?d=``), another suffix or none, a hash before the name (``90fbb0c7-a.png``) and the underscores of an upload
        were undone.

        Raises:
            RejectedItemError: If no picture has the name, or more than one has.
        """
        plain = stated.replace("\\", "/")
        decoded = unquote(plain.rpartition("?d=")[2].partition("?")[0]).replace("\\", "/")
        for name in dict.fromkeys((plain, decoded)):
            for possible in (f"{_above(beside)}/{name}", f"{self.root}/{name}", f"{self.root}/images/{name}", name):
                if path := self._by_text.get(os.path.normpath(possible)):
                    return path
        last = Path(decoded)
        stem = _key(last.stem if is_picture(last.name) else last.name)
        bare = _HASH_PREFIX.sub("", stem)
        alike = (
            self._by_stem.get(stem),
            self._by_stem.get(bare),
            self._by_bare_stem.get(bare),
            self._uploaded.get(bare),
        )
        for found in filter(None, alike):
            best = _of_longest_tail(found, decoded)
            if len(best) == 1:
                return best[0]
            names = " and ".join(self.relative(path) for path in found[:2])
            raise RejectedItemError(
                f"the picture {shown(stated)} could be {names}", "rename one of them", code="ambiguous-picture"
            )
        raise RejectedItemError(f"the picture {shown(stated)} is missing", "put it below the source", code="no-picture")

    @cached_property
    def _by_text(self) -> Mapping[str, Path]:
        return {os.path.normpath(path): path for path in self.pictures}

    def refuse_confusable(self, paths: Iterable[Path], *, by_stem: bool = True) -> None:
        """Refuse two pictures of one stem, or of one name, as `refuse_confusable` does."""
        refuse_confusable(paths, self.root, by_stem=by_stem)

    def context_of(self, path: Path) -> str:
        """Return the context of a picture: the first folder that belongs neither to a layout nor to a subset."""
        return self._folder(_above(path)).context

    def subset_of(self, path: Path) -> Subset | None:
        """Return the subset that a folder of a picture names; the last one that does decides."""
        return self._folder(_above(path)).subset


@dataclass(frozen=True)
class _Folder:
    """What the names of a folder and of those above it, up to the root, say of its pictures."""

    place: tuple[str, ...]
    context: str
    subset: Subset | None


def _above(path: Path) -> str:
    """Return the text of the folder of a file, several times as quickly as `Path.parent` makes a path of it."""
    return str(path).rpartition(os.sep)[0] or "."


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    with suppress(OSError):
        return entry.is_dir()
    return False


def _is_workspace(folder: Path) -> bool:
    with suppress(OSError):
        return (folder / WORKSPACE_MARK).is_file() and not folder.is_symlink()
    return False


def relative(path: Path, root: Path) -> str:
    r"""Return a path below its root, with slashes; bytes that are not UTF-8 are written as in ``\udcff``."""
    text, above = str(path), f"{root}{os.sep}"
    if not text.startswith(above):
        return _text(path.relative_to(root).as_posix())
    return _text(text[len(above) :].replace(os.sep, "/"))  # several times as quick


def confined(path: Path, root: Path) -> Finding | None:
    """Refuse a file that is a link out of its root."""
    try:
        followed_inside(root, path, name=relative(path, root))
    except RejectedItemError as error:
        return error.finding(relative(path, root), pictures=1)
    return None


def refuse_confusable(paths: Iterable[Path], root: Path, *, by_stem: bool = True) -> None:
    """Refuse two pictures whose names differ by case or Unicode form alone; `by_stem`, also by suffix.

    Raises:
        InputRejectedError: Naming both.
    """
    seen: dict[str, Path] = {}
    for path in paths:
        name = relative(path, root)
        key = folded(name.removesuffix(path.suffix) if by_stem else name)
        other = seen.setdefault(key, path)
        if other != path:
            raise InputRejectedError(
                f"{printable(str(path))} and {printable(str(other))}: two pictures of one name (apart from "
                f"{'suffix, ' if by_stem else ''}case or Unicode form). Rename one of them."
            )


def _of_longest_tail(paths: list[Path], stated: str) -> list[Path]:
    """Return those of some pictures whose last folders agree longest with those of a stated name."""
    if len(paths) < 2:
        return paths
    wanted = [folded(part) for part in Path(stated).parts[:-1]][::-1]
    lengths = []
    for path in paths:
        own = [folded(part) for part in path.parts[:-1]][::-1]
        agree = [one == other for one, other in zip(own, wanted, strict=False)]
        lengths.append(agree.index(False) if False in agree else len(agree))
    return [path for path, length in zip(paths, lengths, strict=True) if length == max(lengths)]


def _stems(stem: str) -> Iterator[str]:
    """Yield what the stem of an annotation's picture may be, the likeliest first."""
    key = _key(stem)
    yield key
    bare = _HASH_PREFIX.sub("", _key(Path(stem).stem) if is_picture(stem) else key)
    if bare != key:
        yield bare


def _key(stem: str) -> str:
    return folded(_text(stem))


def _text(name: str) -> str:
    """Make a file name storable and printable whatever bytes it has."""
    return name.encode(errors="backslashreplace").decode()
