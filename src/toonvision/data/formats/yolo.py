"""YOLO: `data.yaml` with class names, and a text file for each picture with boxes as shares of its size."""

import os
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from toonvision.core.errors import Finding, InputRejectedError, RejectedItemError, shown
from toonvision.core.files import path_inside, read_regular
from toonvision.data import images
from toonvision.data.boxes import AnnotatedObject, AnnotatedPicture, Reading, checked_label, parse_coordinate
from toonvision.data.formats.base import LARGEST_ANNOTATION, no_picture, read_annotation, read_objects, read_pictures
from toonvision.data.source_tree import SourceTree

TITLE = "YOLO"
SETTINGS = "data.yaml"
_CLASS_NAMES = "classes.txt"
"""What labelImg writes beside its label files."""
_LARGEST_SETTINGS = 1_000_000
_COLUMNS = ("class", "x centre", "y centre", "width", "height")


def recognise(tree: SourceTree) -> str | None:
    """Return in words how YOLO's files lie in a source."""
    return f"YOLO, with {SETTINGS}" if tree.root / SETTINGS in tree.files else None


def read(tree: SourceTree) -> Reading:
    """Read the pictures of all subsets (train, val, test) that `data.yaml` names.

    Raises:
        InputRejectedError: If `data.yaml` cannot be used, or two pictures share a name.
    """
    settings = _settings(tree.root / SETTINGS)
    names = _names(settings, tree.root / SETTINGS)
    folders = _picture_folders(settings, tree.root)
    paths = [path for path in tree.pictures if not folders.isdisjoint(path.parents)]
    listed = frozenset(tree.files)

    def read_picture(path: Path) -> AnnotatedPicture | Finding:
        possible = _label_paths(path.with_suffix(".txt"), tree.root)
        rows = next((rows for rows in possible if rows in listed or os.path.lexists(rows)), None)
        if rows is None:
            remedy = "draw its boxes, or save an empty file"
            return Finding(tree.relative(path), "has no label file", remedy, "no-annotation")
        return read_annotation(rows, tree, partial(_read, path, rows, tree, names))

    strays = [no_picture(path, tree, "add its picture, or remove it") for path in _stray_labels(folders, paths, tree)]
    return read_pictures(paths, tree, read_picture, strays)


def _settings(path: Path) -> Mapping[str, Any]:
    import yaml

    try:
        content = read_regular(path, limit=_LARGEST_SETTINGS)
    except RejectedItemError as error:
        raise InputRejectedError(f"{path}: {error.reason}. Fix this and run again.") from error
    try:
        loaded = yaml.load(content.decode("utf-8-sig"), _plain_loader())
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError, RecursionError) as error:
        reason = " ".join(str(error).split())  # YAML's errors have several lines
        raise InputRejectedError(f"{path}: cannot be read as YAML ({reason}). Correct it and run again.") from error
    if not isinstance(loaded, dict):
        raise InputRejectedError(f"{path}: must hold keys such as names and train; got {type(loaded).__name__}.")
    return loaded


def _names(settings: Mapping[str, Any], path: Path) -> dict[int, str]:
    names = settings.get("names")
    pairs = names.items() if isinstance(names, dict) else enumerate(names) if isinstance(names, list) else ()
    try:
        found = {_number(index): checked_label(_word(name)) for index, name in pairs}
    except (ValueError, TypeError, RejectedItemError) as error:
        raise InputRejectedError(f"{path}: names must map class numbers to labels ({error}).") from error
    if isinstance(names, dict) and len(found) < len(names):
        raise InputRejectedError(f"{path}: names has one class number for two labels. Number them differently.")
    if not found:
        raise InputRejectedError(f"{path}: names is missing. List the labels in the order of their numbers.")
    return found


def _number(value: object) -> int:
    """Return a class number, which may be written as text."""
    if isinstance(value, bool) or not isinstance(value, int | str) or not str(value).isdecimal():
        raise ValueError(f"{value!r} is no class number")
    return int(value)


def _plain_loader() -> type:
    """Return a YAML loader that refuses repeated keys, and aliases, with which a few lines can grow without end."""
    import yaml

    class PlainLoader(yaml.SafeLoader):
        def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
            if self.check_event(yaml.AliasEvent):
                raise yaml.YAMLError("aliases are not read; write the values out")
            return super().compose_node(parent, index)

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            found: dict[Any, Any] = super().construct_mapping(node, deep)
            if len(found) < len(node.value):  # one of the values would be lost silently
                raise yaml.YAMLError(f"a key comes twice in what begins in line {node.start_mark.line + 1}")
            return found

    return PlainLoader


def _word(value: object) -> str:
    """Return a word or a number as text; anything else may be nested, and grow without end when it is written out."""
    if not isinstance(value, str | int | float):
        raise TypeError(f"a word was expected, not a {type(value).__name__}")
    return str(value)


def _picture_folders(settings: Mapping[str, Any], root: Path) -> set[Path]:
    """Find the folders of the subsets; `path` is ignored where it names a folder of another machine."""
    wanted = [settings[subset] for subset in ("train", "val", "valid", "test") if settings.get(subset)]
    try:
        entries = [_word(entry) for value in wanted for entry in (value if isinstance(value, list) else [value])]
        base = _word(settings.get("path") or ".")
    except TypeError as error:
        raise InputRejectedError(f"{root / SETTINGS}: train, val, test and path name folders ({error}).") from error
    found = set()
    for entry in entries or ["images"]:
        names = (f"{base}/{entry}", entry, entry.removeprefix("../"))
        folder = next((inside for name in names if (inside := _folder_inside(root, name))), None)
        if folder is None:
            raise InputRejectedError(f"{root / SETTINGS}: the folder {entry!r} is not below {root}. Correct the path.")
        found.add(folder)
    return found


def _folder_inside(root: Path, name: str) -> Path | None:
    try:
        folder = path_inside(root, name)
        return root / folder.relative_to(root.resolve()) if folder.is_dir() else None
    except (RejectedItemError, OSError):
        return None


def _read(
    path: Path, rows: Path, tree: SourceTree, names: Mapping[int, str], annotation: str
) -> AnnotatedPicture | Finding:
    content = read_regular(rows, limit=LARGEST_ANNOTATION)
    try:
        lines = [line for line in content.decode("utf-8-sig").splitlines() if line.strip()]
    except UnicodeDecodeError as error:
        reason = "is not written in UTF-8, as it should be"
        raise RejectedItemError(reason, "save it as UTF-8", code="encoding") from error
    name = tree.relative(path)
    try:
        size_wh = images.size_wh(path)
    except RejectedItemError as error:
        return error.finding(name, pictures=1, objects=len(lines))
    objects, findings = read_objects(lines, partial(_object, size_wh=size_wh, names=names), annotation)
    context, subset = tree.context_of(path), tree.subset_of(path)
    # The label file states no size: which way its boxes were drawn on a picture that EXIF rotates, nobody can tell.
    return AnnotatedPicture(path, name, annotation, context, objects, None, findings, subset=subset)


def _label_paths(path: Path, root: Path) -> tuple[Path, Path]:
    """Return where labels may lie: where the last `images` of a path is `labels`, or in the path itself."""
    names = list(path.relative_to(root).parts)
    if "images" in names:
        names[len(names) - 1 - names[::-1].index("images")] = "labels"
    return Path(root, *names), path


def _stray_labels(tops: Iterable[Path], pictures: Iterable[Path], tree: SourceTree) -> list[Path]:
    """Return the label files without a picture, in `labels` or, where there is no such folder, beside the pictures."""
    used = {path for picture in pictures for path in _label_paths(picture.with_suffix(".txt"), tree.root)}
    folders = {next(path for path in _label_paths(top, tree.root) if path.is_dir()) for top in tops}
    texts = [path for path in tree.with_suffix(".txt") if path.name != _CLASS_NAMES]
    return [path for path in texts if path not in used and not folders.isdisjoint(path.parents)]


def _object(line: str, number: int, size_wh: tuple[int, int], names: Mapping[int, str]) -> AnnotatedObject:
    columns = line.split()
    if len(columns) != len(_COLUMNS):
        reason = f"must have {len(_COLUMNS)} columns ({', '.join(_COLUMNS)}); got {len(columns)}"
        raise RejectedItemError(reason, "export boxes, not polygons", code="bad-row")
    values = [parse_coordinate(text, what) for text, what in zip(columns, _COLUMNS, strict=True)]
    if values[0] not in names:
        reason = f"class {shown(columns[0])} is not among the {len(names)} names of {SETTINGS}"
        raise RejectedItemError(reason, "add its name", code="unknown-class")
    (width, height), (x, y, w, h) = size_wh, values[1:]
    xyxy = ((x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height)
    return AnnotatedObject(number, names[int(values[0])], xyxy)
