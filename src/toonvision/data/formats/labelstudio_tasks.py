"""The documents of Label Studio in one form: tasks with annotations, and regions with what was said of each.

JSON-MIN has a row for each annotation, with a list of regions under the name of each tag. In the full export a region
is one entry of a result, or several of one id: its shape, its label and what else was chosen for it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from toonvision.data.formats.shapes import is_number
from toonvision.data.picture_kinds import is_picture

Row = Mapping[str, Any]
ANNOTATIONS = ("annotations", "completions")
"""Where a task has its annotations, the second before version 1."""
SAID = frozenset({"choices", "text", "rating", "number", "taxonomy", "datetime"})
"""What is said of a region or of the whole picture, beside labels."""
_SHAPED = frozenset({"x", "points", "rle", "vertices", "imageDataURL"})
OF_ANNOTATION = frozenset({"annotator", "annotation_id", "created_at", "updated_at", "lead_time"})
"""What a row has of its annotation, besides the tags."""
_NOT_DATA = OF_ANNOTATION | {"id", "agreement"}


def tasks_of(content: object) -> list[Row]:
    """Return the tasks that a document holds, in the form of the full export; none if it is no such document."""
    rows = content if isinstance(content, list) else [content]
    if any(_is_task(row) for row in rows):
        return [row if isinstance(row, dict) else {} for row in rows]
    if isinstance(content, dict) and isinstance(content.get("result"), list) and isinstance(content.get("task"), dict):
        return [{**content["task"], "annotations": [content]}]  # what a storage receives: an annotation with its task
    objects = [row for row in rows if isinstance(row, dict)]
    if isinstance(content, list) and any(map(_short_regions, objects)):
        return list(_full_tasks(objects, _short_regions))
    if isinstance(content, list) and any(map(_short_choices, objects)):
        return list(_full_tasks(objects, _short_choices))
    return []


def _is_task(row: object) -> bool:
    return (
        isinstance(row, dict)
        and isinstance(row.get("data"), dict)
        and not {*ANNOTATIONS, "predictions"}.isdisjoint(row)
    )


def _short_regions(row: Row) -> list[Row]:
    """Return the regions of a row of JSON-MIN, where each list of them lies under the name of its tag."""
    return [
        {"value": region, "from_name": tag, **region}
        for tag, regions in row.items()
        if isinstance(regions, list)
        for region in regions
        if isinstance(region, dict) and "original_width" in region
    ]


def _short_choices(row: Row) -> list[Row]:
    """Return what a row of JSON-MIN without regions says of its picture, under the names of tags: words, no paths."""
    if not row.keys() >= OF_ANNOTATION:
        return []
    said = {tag: value.get("choices") if isinstance(value, dict) else value for tag, value in row.items()}
    return [
        {"value": {"choices": words}, "from_name": tag}
        for tag, words in said.items()
        if tag not in _NOT_DATA and (isinstance(words, list) or (isinstance(words, str) and not is_path(words)))
    ]


def is_path(text: str) -> bool:
    """Return whether a text looks like a path or an address."""
    return "/" in text or "\\" in text or is_picture(text)


def _full_tasks(rows: Iterable[Row], regions: Callable[[Row], list[Row]]) -> Iterator[Row]:
    """Turn rows of JSON-MIN into tasks; each annotation of a task is a row, with what `regions` finds in it."""
    tasks: dict[object, dict[str, Any]] = {}
    for number, row in enumerate(rows):
        key = row.get("id")
        data = {name: value for name, value in row.items() if name not in _NOT_DATA}
        task = tasks.setdefault(key if isinstance(key, int | str) else (number,), {"data": data, "annotations": []})
        task.update({"id": key} if key is not None else {})
        task["annotations"].append({**row, "result": regions(row)})
    yield from tasks.values()


def regions_of(result: object) -> object:
    """Return the entries of a result by region; what was chosen for the whole picture holds for each region."""
    if not isinstance(result, list):
        return result
    regions: dict[object, list[object]] = {}
    for number, entry in enumerate(result):
        if not (isinstance(entry, dict) and entry.get("type") == "relation"):
            regions.setdefault(_region_key(entry, number), []).append(entry)
    drawn = [entries for entries in regions.values() if any(map(is_drawn, entries))]
    whole = [entry for entries in regions.values() if not any(map(is_drawn, entries)) for entry in entries]
    return [[*entries, *whole] for entries in drawn] if drawn else [[entry] for entry in whole]


def _region_key(entry: object, number: int) -> object:
    """Return what the entries of one region share: an id or, in JSON-MIN, which has none, the rectangle."""
    if not isinstance(entry, dict):
        return (number,)
    if isinstance(entry.get("id"), int | str):
        return entry["id"]
    corner = tuple(entry.get(key) for key in ("x", "y", "width", "height", "rotation"))
    return corner if all(map(is_number, corner)) else (number,)


def is_drawn(entry: object) -> bool:
    """Return whether an entry of a result is a shape, and not merely something that was chosen or written."""
    value = entry.get("value") if isinstance(entry, dict) else None
    return not isinstance(value, dict) or not _SHAPED.isdisjoint(value) or SAID.isdisjoint(value)
