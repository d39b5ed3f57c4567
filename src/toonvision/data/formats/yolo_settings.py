"""What names the classes of a YOLO data set and the pictures of its subsets: YAML, Darknet's files, or a text."""

import math
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import dropwhile
from pathlib import Path
from typing import Any

from toonvision.core.errors import InputRejectedError, RejectedItemError, printable, shown
from toonvision.core.files import decode_text, read_regular
from toonvision.data.boxes import checked_label
from toonvision.data.listing import relative
from toonvision.data.source_tree import SourceTree, folder_text
from toonvision.data.subsets import Subset, named_subset

_CLASS_FILES = ("classes.txt", "predefined_classes.txt", "_darknet.labels", "obj.names", "classes.names", "labels.txt",
                "class_names.txt", "class_list.txt", "names.txt", "label_map.txt")  # fmt: skip
"""Texts of one class name a line, the likeliest first; any other file that ends in ``.names`` comes after them."""
_TEXT = ".txt"
_YAML = (".yaml", ".yml")
_SUFFIXES = (_TEXT, ".labels", ".names")
_NOTES = "notes.json"
"""Where Label Studio repeats the class names."""
_LARGEST = 1_000_000
_MOST_CLASSES = 10_000
_MOST_SHOWN = 5
_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
_NAMING = re.compile(r"""(?:^|[\s{,"'])(?:names|nc)["']?\s*:""")
_NUMBERED = re.compile(r"\s*(\d{1,5})(?:\s*[:.,;)=-]\s*|\s+)(\S.*)")
_SUBSET_KEYS = ("train", "val", "valid", "validation", "test")


@dataclass(frozen=True, eq=False)
class Settings:
    """What one file, or two that belong together, say of the label files around it.

    Attributes:
        file: The file that describes the data set.
        names_file: The file that names the classes; mostly the same.
        names: Class number to label.
        rank: The settings of the lowest rank win among those of one folder.
        shift: How to write the names if they are counted from 1.
        entries: The folders and lists of pictures of each subset, as they are written.
        base: The folder that those are relative to, as it is written.
        keypoint_columns: How many columns of a row follow its box, for key points.
        note: What is odd about the names, and what to do about it.
        count: How many classes the file says that there are; None if it does not.
    """

    file: Path
    names_file: Path
    names: Mapping[int, str]
    rank: int
    shift: str
    entries: tuple[tuple[Subset, str], ...] = ()
    base: str = ""
    keypoint_columns: int = 0
    note: tuple[str, str] | None = None
    count: int | None = None


def is_class_file(path: Path) -> bool:
    """Return whether a text lists class names, by its name; such a text is no label file."""
    name = path.name.lower()
    return name in _CLASS_FILES or name.endswith(".names")


def is_yaml(path: Path) -> bool:
    """Return whether a file is YAML, by its name."""
    return path.suffix.lower() in _YAML


def find(tree: SourceTree) -> tuple[Settings, ...]:
    """Find everything in a source that names classes.

    Raises:
        InputRejectedError: If a file that seems to name classes cannot be used.
    """
    texts = {path: _attempt(_class_file, path, tree) for path in tree.with_suffix(*_SUFFIXES) if is_class_file(path)}
    named = {path: settings for path, settings in texts.items() if settings}
    darknet = [_attempt(_darknet, path, tree, named) for path in tree.with_suffix(".data")]
    yamls = _yamls(tree, named)
    notes = [_notes(path, tree) for path in tree.with_suffix(".json") if path.name == _NOTES]
    return tuple(settings for settings in (*yamls, *darknet, *named.values(), *notes) if settings)


def _yamls(tree: SourceTree, named: Mapping[Path, Settings]) -> list[Settings]:
    found: list[Settings] = []
    faults: dict[Path, InputRejectedError] = {}
    for path in tree.with_suffix(*_YAML):
        try:
            if settings := _attempt(_yaml, path, tree, named):
                found.append(settings)
        except InputRejectedError as error:
            faults[path] = error
    for path, fault in faults.items():  # where a good one lies beside it or above, it is of something else
        if not any(path.is_relative_to(settings.file.parent) for settings in found):
            raise fault
    return found


def governing(folder: Path, found: Sequence[Settings], tree: SourceTree) -> Settings:
    """Return the settings that name the classes of the label files of a folder: the nearest, those above it first.

    Raises:
        InputRejectedError: If there are none, or two of the same right name the classes differently.
    """

    def distance(settings: Settings) -> tuple[int, int, int]:
        own = settings.file.parent
        kind = min(settings.rank, 10)
        if folder.is_relative_to(own):
            return 0, kind, -len(own.parts)
        return 1, -len(os.path.commonpath((folder, own))), kind

    nearest = min(map(distance, found))
    best = [settings for settings in found if distance(settings) == nearest]
    best = [settings for settings in best if settings.rank == min(one.rank for one in best)]
    if len(best) > 1:
        folders = Folders(tree)
        best = [one for one in best if any(folders.find(one, entry) for _, entry in one.entries)] or best
    other = next((settings for settings in best if settings.names != best[0].names), None)
    if other:
        both = printable(f"{best[0].file} and {other.file}")
        raise InputRejectedError(f"{both} name the classes differently. Remove the one that is not meant.")
    return best[0]


class Folders:
    """The folders and texts of a source, found by what settings of any machine call them.

    Args:
        tree: The source.
        empty: Whether folders without files count, too.
    """

    def __init__(self, tree: SourceTree, *, empty: bool = False) -> None:
        self._tree, self._root = tree, tree.root
        self._known: dict[str, Path] = {"": tree.root}
        for folder in tree.folders if empty else map(Path, set(map(folder_text, tree.files))):
            while folder != tree.root and self._known.setdefault(self._key(folder), folder) == folder:
                folder = folder.parent

    @cached_property
    def _texts(self) -> dict[str, Path]:
        return {self._tree.relative(text).lower(): text for text in self._tree.with_suffix(_TEXT)}

    def is_text(self, found: Path) -> bool:
        """Return whether what was found is a text, no folder."""
        key = self._key(found)
        return key.endswith(_TEXT) and self._texts.get(key) == found

    def find(self, settings: Settings, entry: str) -> Path | None:
        """Return the folder or list of an entry: below the settings' folder or one above it, else where it fits alone.

        Folders in front that exist on another machine only are left out, but never one that names the subset.
        """
        own, base, parts = settings.file.parent, _parts(settings.base), _parts(entry)
        for text in (f"{settings.base}/{entry}", entry):
            stated = Path(os.path.normpath(own / text.replace("\\", "/").lstrip("/")))
            if stated.is_relative_to(self._root) and (found := self._at(self._key(stated))):
                return found
        above = [self._key(folder) for folder in (own, *own.parents) if folder.is_relative_to(self._root)]
        last = max((at for at, part in enumerate(parts) if named_subset(Path(part).stem)), default=len(parts) - 1)
        tails = [(*base, *parts)[start:] for start in range(len(base) + last + 1)] if parts else [()]
        for tail in tails if parts or ".." not in entry else ():
            for anchor in above:
                if found := self._at("/".join(filter(None, (anchor, *tail)))):
                    return found
        ending = "/".join(("", *parts))
        ends = [path for key, path in (self._known | self._texts).items() if parts and f"/{key}".endswith(ending)]
        return ends[0] if len(ends) == 1 else None

    def _at(self, key: str) -> Path | None:
        return (self._texts.get(key) if key.endswith(_TEXT) else None) or self._known.get(key)

    def _key(self, path: Path) -> str:
        return "" if path == self._root else relative(path, self._root).lower()


def _parts(text: str) -> tuple[str, ...]:
    plain = text.replace("\\", "/").lower().split("/")
    return tuple(part for part in plain if part not in {"", ".", ".."} and not part.endswith(":"))


def _attempt(read: Any, path: Path, *more: Any) -> Any:
    """Read settings; what cannot be read stops the reading of the source, since nothing else would name its classes."""
    try:
        return read(path, *more)
    except RejectedItemError as error:
        raise InputRejectedError(f"{printable(str(path))}: {error.reason}. To fix it, {error.remedy}.") from error


def _text(path: Path, tree: SourceTree) -> str:
    tree.require_confined(path)
    return decode_text(read_regular(path, limit=_LARGEST))


def _class_file(path: Path, tree: SourceTree) -> Settings | None:
    lines = [*dropwhile(lambda line: not line.strip(), _text(path, tree).splitlines())]  # as labelImg reads them
    if len(lines) > _MOST_CLASSES:
        raise RejectedItemError(f"has over {_MOST_CLASSES:,} lines", "list the classes only", code="too-large")
    names = {number: checked_label(line) for number, line in enumerate(_plain_names(lines)) if line.strip()}
    known = _CLASS_FILES.index(path.name.lower()) if path.name.lower() in _CLASS_FILES else len(_CLASS_FILES)
    shift = "put a line before the first one, such as: unused"
    return Settings(path, path, names, 10 + known, shift) if names else None


def _plain_names(lines: Sequence[str]) -> Sequence[str]:
    """Return class names without the numbers before them, if these count the lines."""
    written = [line for line in lines if line.strip()]
    numbered = [_NUMBERED.fullmatch(line) for line in written]
    found = {int(one[1]): one[2] for one in numbered if one}
    if len(written) < 2 or sorted(found) not in (list(range(len(written))), list(range(1, len(written) + 1))):
        return lines
    return [found[number] for number in sorted(found)]


def _notes(path: Path, tree: SourceTree) -> Settings | None:
    document = tree.documents.contents.get(path)
    rows = document.get("categories") if isinstance(document, dict) else None
    names = {}
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and isinstance(row.get("name"), str):
            with suppress(RejectedItemError):
                names[_number(row.get("id"))] = checked_label(row["name"])
    return Settings(path, path, names, 30, "number the categories from 1") if names else None


def _darknet(path: Path, tree: SourceTree, texts: Mapping[Path, Settings]) -> Settings | None:
    """Read Darknet's ``obj.data``: lines such as ``train = data/train.txt``."""
    pairs = [line.partition("=") for line in _text(path, tree).splitlines() if "=" in line]
    keys = {key.strip(): value.strip() for key, _, value in pairs}
    beside = _class_file_named(keys.get("names"), path, texts)
    if not beside:
        return None
    entries = tuple((subset, keys[key]) for key in _SUBSET_KEYS if keys.get(key) and (subset := named_subset(key)))
    count = _stated(keys.get("classes"))
    return Settings(path, beside.file, beside.names, 5, beside.shift, entries, count=count)


def _class_file_named(stated: object, path: Path, texts: Mapping[Path, Settings]) -> Settings | None:
    """Return the settings of the class file that another file states, in whatever folder, if it lies beside that."""
    names = _parts(stated)[-1:] if isinstance(stated, str) else ()
    beside = (one for file, one in texts.items() if file.parent == path.parent and (file.name.lower(),) == names)
    return next(beside, None)


def _yaml(path: Path, tree: SourceTree, texts: Mapping[Path, Settings]) -> Settings | None:
    """Read a YAML file, if it is one that describes a YOLO data set."""
    loaded = _load_yaml(path, tree)
    if not isinstance(loaded, dict) or not (loaded.keys() & {"names", "nc"}):
        return None
    entries = tuple(
        (subset, entry) for key in _SUBSET_KEYS for entry in _leaves(loaded.get(key)) if (subset := named_subset(key))
    )
    base, columns = loaded.get("path"), _keypoint_columns(loaded.get("kpt_shape"))
    base = base if isinstance(base, str) and base not in _NOTHING else ""
    if beside := _class_file_named(loaded.get("names"), path, texts):
        names, count = beside.names, _stated(loaded.get("nc"))
        return Settings(path, beside.file, names, 0, beside.shift, entries, base, columns, count=count)
    if "names" in loaded:
        names = _names(loaded["names"])
        shift = f"number the names from 1, as in 1: {names[min(names)]}"
        if isinstance(loaded["names"], list):
            listed = [*names.values()] if len(names) <= _MOST_SHOWN else [names[0], "..."]
            shift = f"put a name before the first one, as in names: [unused, {', '.join(listed)}]"
        return Settings(path, path, names, 0, shift, entries, base, columns, count=_stated(loaded.get("nc")))
    count = min(_number(loaded["nc"]), _MOST_CLASSES)
    if not entries or not count:
        return None  # the plan of a network
    for settings in texts.values():
        if len(settings.names) == count:
            return Settings(path, settings.file, settings.names, 0, settings.shift, entries, base, columns)
    names = {number: f"class_{number}" for number in range(count)}
    note = (f"says how many classes there are, not their names: class_0 to class_{count - 1} are used", "write names")
    return Settings(path, path, names, 0, "write names, counted from 1", entries, base, columns, note)


def _load_yaml(path: Path, tree: SourceTree) -> object:
    import yaml

    text = _text(path, tree)
    if not _NAMING.search(text):
        return None
    try:
        return yaml.load(text, _plain_loader())
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError, RecursionError) as error:
        reason = printable(getattr(error, "problem", None) or " ".join(str(error).split()))
        mark = getattr(error, "problem_mark", None)
        where, remedy = (f"line {mark.line + 1}: ", "correct that line") if mark else ("", "write it again")
        if "escape" in reason:
            remedy = "write / in place of each \\ in that line"
        raise RejectedItemError(f"cannot be read as YAML ({where}{reason})", remedy, code="bad-yaml") from error


def _plain_loader() -> type:
    """Return a YAML loader that takes words as they are written (``no`` is a label, not a truth value).

    It refuses repeated keys, tags, and aliases, with which a few lines can grow without end.
    """
    import yaml

    class PlainLoader(yaml.BaseLoader):
        def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
            event = self.peek_event()  # type: ignore[no-untyped-call]  # of a library without types
            if isinstance(event, yaml.AliasEvent):
                raise _refused("aliases are not read; write the values out", event.start_mark)
            if getattr(event, "tag", None):
                raise _refused("tags are not read, plain values are", event.start_mark)
            return super().compose_node(parent, index)

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            found: dict[Any, Any] = super().construct_mapping(node, deep)
            if len(found) < len(node.value):  # one of the values would be lost silently
                raise _refused("a key comes twice in what begins there", node.start_mark)
            return found

    def _refused(problem: str, mark: Any) -> yaml.MarkedYAMLError:
        return yaml.MarkedYAMLError(problem=problem, problem_mark=mark)

    return PlainLoader


def _names(names: object) -> dict[int, str]:
    if isinstance(names, str) and names not in _NOTHING:
        reason = f"names is {shown(names)}, which is no list"
        raise RejectedItemError(reason, "write one, as in names: [cat, dog]", code="bad-names")
    pairs = enumerate(names) if isinstance(names, list) else _numbered(names) if isinstance(names, dict) else ()
    found = {}
    for index, name in pairs:
        if not isinstance(name, str):
            raise RejectedItemError(f"names holds {shown(name)}, which is no label", "write words", code="bad-names")
        found[_number(index)] = checked_label(name)
    if isinstance(names, dict) and len(found) < len(names):
        raise RejectedItemError(
            "names has one class number for two labels", "number them differently", code="bad-names"
        )
    if not found:
        raise RejectedItemError("names lists no labels", "list them in the order of their numbers", code="bad-names")
    return found


def _numbered(names: Mapping[Any, Any]) -> Sequence[tuple[Any, Any]]:
    """Return class numbers and names, also where the numbers stand behind the names."""
    if not any(map(_is_number, names)) and all(map(_is_number, names.values())):
        return [(number, name) for name, number in names.items()]
    return [*names.items()]


def _is_number(value: object) -> bool:
    return isinstance(value, str) and value.isdecimal()


def _stated(count: object) -> int | None:
    """Return how many classes there are, where a file states it as a number."""
    return int(count) if isinstance(count, str) and re.fullmatch("[0-9]{1,9}", count) else None


def _number(value: object) -> int:
    """Return a class number, which may be written as text."""
    text = str(value) if isinstance(value, int | str) else ""
    if not text.isdecimal() or len(text) > 9:
        raise RejectedItemError(
            f"{shown(value)} is no class number", "number the classes, as in 0: cat", code="bad-names"
        )
    return int(text)


def _leaves(value: object) -> list[str]:
    """Return the words in a word, a list or a mapping."""
    if isinstance(value, str):
        return [] if value in _NOTHING else [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [leaf for one in inner for leaf in _leaves(one)]


def _keypoint_columns(shape: object) -> int:
    sizes = (
        [int(size) for size in shape if isinstance(size, str) and size.isdecimal()] if isinstance(shape, list) else []
    )
    return min(math.prod(sizes), _MOST_CLASSES) if len(sizes) == 2 else 0
