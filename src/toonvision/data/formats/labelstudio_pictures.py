"""Which pictures a task of Label Studio shows, and which of its regions are drawn on which.

A region names the tag that shows its picture as ``to_name``; of several pictures the one is meant whose key in the data
is called like the tag. A key may hold a list of pictures, of which ``item_index`` says which, from 0.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from toonvision.core.errors import Finding, RejectedItemError, shown
from toonvision.core.wording import counted, listed, some
from toonvision.data.formats.labelstudio_tasks import is_drawn, is_path, regions_of
from toonvision.data.picture_kinds import is_picture
from toonvision.data.source_tree import SourceTree

_USUAL = ("image", "img")


class Shown(NamedTuple):
    """A picture that a task shows.

    Attributes:
        item: What messages call it.
        name: The file name that the task states.
        result: The entries of the annotation's result that are about it.
    """

    item: str
    name: object
    result: object


def pictures_shown(data: object, result: object, item: str, path: Path, tree: SourceTree) -> list[Shown | Finding]:
    """Return the pictures of a task, each with what was drawn on it; and what may be drawn on any of several.

    Args:
        data: The data of the task.
        result: The result of its annotation.
        item: What messages call the task.
        path: The file.
        tree: The source.
    """
    keys = {key: value for key, value in data.items() if _is_place(value)} if isinstance(data, dict) else {}
    rows = result if isinstance(result, list) else []
    if len(keys) == 1 and isinstance(value := next(iter(keys.values())), list):
        return list(_of_list(value, result, item))
    if len(keys) < 2 or not rows:
        return [Shown(item, picture_name(data, path, tree), result)]
    drawn = [row for row in rows if is_drawn(row)]
    tags = set(map(_tag, drawn or rows))  # what is merely said may be of a text that looks like a path
    unknown = [row for row in drawn if _tag(row) not in keys]
    if keys.keys().isdisjoint(tags):
        if len({_tag(row) for row in unknown}) < 2 and len(_there(keys, path, tree)) < 2:
            return [Shown(item, picture_name(data, path, tree), result)]
        return [_of_any(unknown or rows, keys, item, "to_name", pictures=len(keys))]
    others = _of_others(keys, tags, path, tree)
    said = [row for row in rows if not is_drawn(row) and _tag(row) not in tags | others]
    alone = not unknown and len(keys.keys() & set(map(_tag, rows))) == 1
    found: list[Shown | Finding] = [_of_any(unknown, keys, item, "to_name")] if unknown else []
    for key in (key for key in keys if key in tags):
        own = [*(row for row in rows if _tag(row) == key), *said]
        called, value = f"{item}, {key}", keys[key]
        if isinstance(value, list):
            found += _of_list(value, own, called)
        else:
            found.append(Shown(called, picture_name(data, path, tree, first=key) if alone else value, own))
    return found


def picture_name(data: object, path: Path, tree: SourceTree, *, first: str | None = None) -> object:
    """Return the name of a task's picture, which lies under any key: the first that is found, called image or not.

    Where no key holds words, all of the data is returned, for the message. The key called `first` is tried first.
    """
    texts = {key: text for key, text in data.items() if isinstance(text, str)} if isinstance(data, dict) else {}
    ordered = sorted(texts, key=lambda key: (key != first, key.lower() not in _USUAL, not is_picture(texts[key])))
    for key in ordered:
        with suppress(RejectedItemError):
            tree.picture_named(texts[key], beside=path)
            return texts[key]
    return texts[ordered[0]] if ordered else data


def named(data: object, path: Path, tree: SourceTree) -> set[Path]:
    """Return the pictures below the source that the data of a task names, whether or not anything is drawn on them."""
    values = [value for value in data.values() if _is_place(value)] if isinstance(data, dict) else []
    names = [name for value in values for name in (value if isinstance(value, list) else [value])]
    found = (_found(name, path, tree) for name in names or [picture_name(data, path, tree)])
    return {picture for picture in found if picture}


def _is_place(value: object) -> bool:
    """Return whether a value of the data is where a picture lies, or several do."""
    if isinstance(value, list):
        return bool(value) and all(isinstance(one, str) and is_path(one) for one in value)
    return isinstance(value, str) and is_path(value)


def _of_others(keys: Mapping[str, object], tags: Collection[object], path: Path, tree: SourceTree) -> set[object]:
    """Return the keys that name other pictures than those of some tags, and no text that looks like a path."""
    own = {_found(value, path, tree) for key, value in keys.items() if key in tags}
    found = {key: _found(value, path, tree) for key, value in keys.items() if key not in tags}
    return {key for key, picture in found.items() if (picture not in own if picture else _is_named(keys[key]))}


def _found(value: object, path: Path, tree: SourceTree) -> Path | None:
    """Return the picture below the source that a value of the data names, if it names one."""
    with suppress(RejectedItemError):
        return tree.picture_named(value, beside=path) if isinstance(value, str) else None
    return None


def _is_named(value: object) -> bool:
    """Return whether a value that is a place is called like a picture."""
    return not isinstance(value, str) or is_picture(value)


def _tag(row: object) -> object:
    tag = row.get("to_name") if isinstance(row, dict) else None
    return tag if isinstance(tag, str) else None


def _of_list(names: list[str], rows: object, item: str) -> Iterator[Shown | Finding]:
    """Yield the pictures of a list, each with the entries of its index; or with all of a result that is no list."""
    if not isinstance(rows, list):
        yield from (Shown(f"{item}, picture {number}", name, rows) for number, name in enumerate(names, start=1))
        return
    unknown = [row for row in rows if is_drawn(row) and isinstance(row, dict) and "item_index" not in row]
    if unknown and len(names) > 1:
        yield _of_any(unknown, names, item, "item_index", pictures=len(names))
        return
    for index, own in _by_index(rows, len(names)).items():
        if isinstance(index, int) and 0 <= index < len(names):
            yield Shown(f"{item}, picture {index + 1}", names[index], own)
        else:
            yield Shown(item, {"item_index": index}, own)


def _by_index(rows: list[Any], number: int) -> dict[object, list[Any]]:
    """Return entries by the index of their picture; what is said of all goes to each on which something is drawn."""
    found: dict[object, list[Any]] = {index: [] for index in range(number)}
    regions = {row["id"]: _index(row) for row in rows if is_drawn(row) and _has(row, "id")}
    whole = []
    for row in rows:
        if is_drawn(row) or _has(row, "item_index"):
            found.setdefault(_index(row), []).append(row)
        elif _has(row, "id") and row["id"] in regions:
            found.setdefault(regions[row["id"]], []).append(row)
        else:
            whole.append(row)
    for own in [own for own in found.values() if any(map(is_drawn, own))] or found.values():
        own += whole
    return found


def _has(row: object, key: str) -> bool:
    return isinstance(row, dict) and isinstance(row.get(key), int | str)


def _index(row: Any) -> int | str:
    return row["item_index"] if _has(row, "item_index") else 0


def _there(keys: Mapping[str, object], path: Path, tree: SourceTree) -> set[Path]:
    """Return the pictures of the data that lie below the source; where a key has a usual name, that alone."""
    usual = [key for key in keys if key.lower() in _USUAL]
    found = set()
    for name in (name for key in usual or keys if isinstance(name := keys[key], str)):
        with suppress(RejectedItemError):
            found.add(tree.picture_named(name, beside=path))
    return found


def _of_any(rows: list[Any], names: Collection[str], item: str, tag: str, *, pictures: int = 0) -> Finding:
    """Report regions that do not say on which of several pictures they are drawn, as they would under a `tag`."""
    regions = regions_of(rows)
    number = len(regions) if isinstance(regions, list) else 0
    said = sorted({row[tag] for row in rows if isinstance(row, dict) and isinstance(row.get(tag), str)})
    which = f"{tag} is {listed(list(map(shown, said)))}" if said else f"there is no {tag}"
    reason = (
        f"shows {len(names)} pictures, {some([shown(name) for name in names])}, and does not say on which of them "
        f"{counted(number, 'region')} {'was' if number == 1 else 'were'} drawn: {which}"
    )
    remedy = "export JSON from Label Studio, not JSON-MIN"
    if any(map(_tag, rows)):
        remedy = f"write {'the key' if tag == 'to_name' else 'the number, from 0,'} of their picture as {tag}"
    return Finding(item, reason, remedy, "which-picture", number, pictures)
