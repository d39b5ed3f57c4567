"""Label Studio: JSON and JSON-MIN exports, and single tasks; positions are percent of the picture's width and height.

They are those of the picture as it is: the editor turns what is drawn together with the picture, and `image_rotation`
only says how it looked there. A turned rectangle is turned about its top left corner, clockwise, in degrees. Of several
annotations of a task the one marked as ground truth is read, else the newest; predictions are no annotations. Where
nothing is drawn on any picture, a choice is the label of the whole picture; where no region has a label, one for a
region is that of the region.

Source:
    Label Studio, "Label Studio JSON format of annotated tasks" and the tags RectangleLabels and EllipseLabels;
    `converter.py` of HumanSignal/label-studio-converter and its pull request 136 (the corner that a box turns about);
    `Image.js` and `ImageView.jsx` of HumanSignal/label-studio-frontend (where the picture is turned).
"""

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from toonvision.core.errors import Finding, RejectedItemError, shown
from toonvision.data.attributes import stated
from toonvision.data.boxes import AnnotatedObject, Reading, Xyxy
from toonvision.data.formats import shapes
from toonvision.data.formats.base import lying_in
from toonvision.data.formats.json_files import (
    entry_name,
    label_among,
    label_of,
    mapping,
    numbers,
    read_documents,
    size_of,
    whole_picture,
)
from toonvision.data.formats.labelstudio_pictures import named, picture_name, pictures_shown
from toonvision.data.formats.labelstudio_tasks import ANNOTATIONS, SAID, Row, regions_of, tasks_of
from toonvision.data.formats.listed import Canvas, Listed
from toonvision.data.source_tree import SourceTree

TITLE = "Label Studio"
_NEWEST = ("updated_at", "created_at")


def recognise(tree: SourceTree) -> str | None:
    """Return in words how Label Studio's files lie in a source."""
    return lying_in(TITLE, _documents(tree), tree)


def read(tree: SourceTree) -> Reading:
    """Read every annotated picture of Label Studio's files.

    Raises:
        InputRejectedError: If a picture is listed twice, or two pictures share a name.
    """
    entries: list[Listed] = []
    findings: list[Finding] = []
    unusable: dict[str, Finding] = {}
    for path, tasks in _documents(tree).items():
        for number, task in enumerate(tasks, start=1):
            known = task.get("id")
            stated_name = f"task {known}" if isinstance(known, int | str) else None
            found = [*_listed(path, task, entry_name(path, tree, stated_name, f"task {number}"), tree)]
            pictures = [one for one in found if isinstance(one, Listed)]
            said = [one for one in found if isinstance(one, Finding)]
            entries += pictures
            findings += said
            if said and not pictures:
                unusable.update(dict.fromkeys(map(tree.relative, named(task.get("data"), path, tree)), said[-1]))
        findings += _no_tasks(path, tree)
    of_pictures = _choices_of_pictures(entries)
    chosen = ""
    if choices := of_pictures or _choices_of_regions(entries):
        chosen, notes = label_among(choices, "the choice", entries[0].document, tree)
        findings += notes
    if of_pictures:
        entries = [_one_row(entry) for entry in entries]
    parse = partial(_whole_picture if of_pictures else _object, chosen=chosen)
    return read_documents(entries, tree, parse, findings=findings, unusable=unusable)


def _documents(tree: SourceTree) -> dict[Path, list[Row]]:
    """Return the tasks of each file that holds some."""
    found = {path: tasks_of(content) for path, content in tree.documents.contents.items()}
    return {path: tasks for path, tasks in found.items() if tasks}


def _no_tasks(path: Path, tree: SourceTree) -> list[Finding]:
    """Report what stands among the tasks of a file and is none."""
    content = tree.documents.contents[path]
    rows = content if isinstance(content, list) else []
    return [
        Finding(
            f"{tree.relative(path)}, row {number}", f"must be a task; got {shown(row)}", "export again", "bad-row",
            pictures=1,
        )
        for number, row in enumerate(rows, start=1)
        if not isinstance(row, dict)
    ]  # fmt: skip


def _listed(path: Path, task: Row, item: str, tree: SourceTree) -> Iterator[Listed | Finding]:
    """Yield the pictures of a task with their objects, or what there is to say of a task that has no annotation."""
    annotations: object = next((task[key] for key in ANNOTATIONS if key in task), [])
    if not isinstance(annotations, list):
        yield Listed(path, item, picture_name(task.get("data"), path, tree), annotations)
        return
    results = [one if isinstance(one, dict) else {} for one in annotations]
    submitted = [one for one in results if not (one.get("was_cancelled") or one.get("skipped"))]
    skipped = sum(_count(one) for one in results) - sum(_count(one) for one in submitted)
    findings = []
    if skipped:
        remedy = "submit it in Label Studio and export again, if it is good"
        findings.append(Finding(item, "an annotation was skipped by its annotator", remedy, "cancelled", skipped))
    if not submitted:
        if not findings and task.get("predictions"):
            remedy = "accept them in Label Studio, and export again"
            findings.append(Finding(item, "has predictions, but no annotation", remedy, "prediction"))
        yield from findings
        return
    best = max(submitted, key=_rank)
    if any(map(_is_track, _rows(best.get("result")))):
        remedy = "save single frames of it as pictures, and annotate these"
        yield Finding(item, "is a video, whose tracks are not read", remedy, "video", _count(best), 1)
        return
    rest = sum(_count(one) for one in submitted) - _count(best)
    if rest:
        which = "the one marked as ground truth" if best.get("ground_truth") else "the newest"
        reason = f"has {len(submitted)} annotations, of which {which} is read"
        remedy = "to read another, mark it as ground truth in Label Studio"
        findings.append(Finding(item, reason, remedy, "more-annotations", rest))
    for one in pictures_shown(task.get("data"), best.get("result"), item, path, tree):
        if isinstance(one, Finding):
            yield one
            continue
        size_wh = next((size for row in _rows(one.result) if (size := _stated_size(row))), None)
        yield Listed(path, one.item, one.name, regions_of(one.result), size_wh, tuple(findings))
        findings = []
    yield from findings


def _rank(annotation: Row) -> tuple[bool, str, str]:
    """Return what the best of several annotations has most of: ground truth, then the latest change."""
    updated, created = (value if isinstance(value := annotation.get(key), str) else "" for key in _NEWEST)
    return bool(annotation.get("ground_truth")), updated, created


def _count(annotation: Row) -> int:
    rows = regions_of(annotation.get("result"))
    return len(rows) if isinstance(rows, list) else 0


def _rows(result: object) -> list[Row]:
    return [row for row in result if isinstance(row, dict)] if isinstance(result, list) else []


def _is_track(row: Row) -> bool:
    value = row.get("value")
    return isinstance(value, dict) and isinstance(value.get("sequence"), list)


def _stated_size(row: Row) -> tuple[int, int] | None:
    return size_of(row.get("original_width"), row.get("original_height"))


def _choices_of_pictures(entries: Iterable[Listed]) -> set[str]:
    """Return the tags of the choices for whole pictures, where nothing is drawn on any picture; else none."""
    tags = set()
    for row in (row for entry in entries if isinstance(entry.rows, list) for row in entry.rows):
        entry = row[0] if isinstance(row, list) and len(row) == 1 and isinstance(row[0], dict) else {}
        tag, value = entry.get("from_name"), entry.get("value")
        if not isinstance(tag, str) or not isinstance(value, dict) or len(value) != 1 or not SAID.issuperset(value):
            return set()
        tags |= {tag} if "choices" in value else set()
    return tags


def _choices_of_regions(entries: Iterable[Listed]) -> set[str]:
    """Return the tags of the choices for regions, which repeat their shapes, where no region has a label; else none."""
    rows = [row for entry in entries if isinstance(entry.rows, list) for row in entry.rows if isinstance(row, list)]
    tags = set()
    for entry in (entry for row in rows for entry in _rows(row)):
        tag, value = entry.get("from_name"), entry.get("value")
        keys = value.keys() if isinstance(value, dict) else set()
        if any(map(_is_label, keys)):
            return set()
        if "choices" in keys and not keys <= SAID and isinstance(tag, str):
            tags.add(tag)
    return tags


def _is_label(key: str) -> bool:
    return key.endswith("labels")


def _one_row(entry: Listed) -> Listed:
    """Return a picture of which only choices were made with all that was said of it as one row."""
    rows = entry.rows if isinstance(entry.rows, list) else []
    return entry._replace(rows=[[said for row in rows for said in row]]) if rows else entry


def _object(row: Any, number: int, canvas: Canvas, *, chosen: str) -> AnnotatedObject:
    """Return the object that a region is, by its label or, where no region has one, by the `chosen` choice."""
    entries = [mapping(entry, "a region") for entry in row] if isinstance(row, list) else []
    values = [mapping(entry.get("value"), "value") for entry in entries]
    labels: dict[str, None] = {}
    pairs: list[tuple[str, object]] = []
    for entry, value in zip(entries, values, strict=True):
        name = entry.get("from_name")
        for key, said in value.items():
            words = said if isinstance(said, list) else [said]
            if _is_label(key) or (key == "choices" and name == chosen):
                labels.update(dict.fromkeys(map(label_of, words)))
            elif key in SAID and isinstance(name, str) and len(words) == 1:
                pairs.append((name, words[0]))
    if len(labels) > 1:
        reason = f"has {len(labels)} labels, {' and '.join(map(shown, list(labels)[:2]))}"
        raise RejectedItemError(reason, "leave one", code="many-labels")
    shape = next((value for value in values if "x" in value or "points" in value), values[0])
    size = next((size for entry in entries if (size := _stated_size(entry))), None) or canvas.size_wh
    xyxy, note = _box(shape, size)
    if note in (shapes.TURNED_NOTE, shapes.ELLIPSE_NOTE):
        pairs.insert(0, ("rotation", numbers({"rotation": 0, **shape}, "rotation")[0]))
    return AnnotatedObject(number, label_of(next(iter(labels), None)), xyxy, stated(pairs), note)


def _whole_picture(row: Iterable[Row], number: int, _canvas: Canvas, *, chosen: str) -> AnnotatedObject:
    """Return the object that a whole picture is, by what was said of it: the choice of one tag, and attributes."""
    labels: list[object] = []
    pairs: list[tuple[str, object]] = []
    for entry in row:
        (said,) = entry["value"].values()
        words = said if isinstance(said, list) else [said]
        if entry["from_name"] == chosen:
            labels += words
        elif len(words) == 1:
            pairs.append((entry["from_name"], words[0]))
    return whole_picture(labels, number, "choices")._replace(attributes=stated(pairs))


def _box(shape: Row, size_wh: tuple[int, int]) -> tuple[Xyxy, str]:
    """Return the box of a shape in pixels, and how it came about where it is no upright rectangle."""
    across, down = (pixels / 100 for pixels in size_wh)
    (degrees,) = numbers({"rotation": 0, **shape}, "rotation")
    if isinstance(shape.get("points"), list):
        left, top, right, bottom = shapes.box_around_list(shape["points"], "points")
        return (left * across, top * down, right * across, bottom * down), shapes.POLYGON_NOTE
    if "radiusX" in shape:
        x, y, wide, high = numbers(shape, "x", "y", "radiusX", "radiusY")
        upright = ((x - wide) * across, (y - high) * down, (x + wide) * across, (y + high) * down)
        return shapes.turned_ellipse(upright, degrees), shapes.ELLIPSE_NOTE
    if "height" in shape:
        x, y, width, height = numbers(shape, "x", "y", "width", "height")
        corner, size = (x * across, y * down), (width * across, height * down)
        if degrees % 360 == 0:
            return (*corner, corner[0] + size[0], corner[1] + size[1]), ""
        return shapes.turned_about_corner(corner, size, degrees), shapes.TURNED_NOTE
    reason = "is drawn with a brush, a line or a point, or is a choice for the whole picture; none is a box"
    raise RejectedItemError(reason, "draw a rectangle around the object", code="no-box")
