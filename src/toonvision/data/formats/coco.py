"""COCO: JSON files with images, categories and annotations, boxes as left, top, width, height.

Where no annotation of a source says where its object is, as in iNaturalist, the category is the label of the picture.

Source:
    cocodataset.org, "Data format"; a compressed mask is written as in `maskApi.c` of the COCO API.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from toonvision.core.errors import Finding, InputRejectedError, RejectedItemError, printable, shown
from toonvision.core.grouping import grouped
from toonvision.core.wording import counted
from toonvision.data.boxes import Reading
from toonvision.data.formats.base import MOST_OBJECTS, lying_in
from toonvision.data.formats.coco_crowds import with_masks
from toonvision.data.formats.coco_images import Image, images_of, joined, keys_of, name_of
from toonvision.data.formats.coco_objects import (
    Labelled,
    are_plain,
    is_drawn,
    outlines_of,
    plain_objects,
    read_object,
    read_picture,
    regions_of,
)
from toonvision.data.formats.doubts import alike
from toonvision.data.formats.json_files import label_of, read_documents
from toonvision.data.formats.listed import Listed, listed_twice
from toonvision.data.source_tree import SourceTree
from toonvision.data.subsets import subset_in

TITLE = "COCO"
_TABLES = ("categories", "annotations", "images")
_IDS = {"categories": ["id"], "annotations": ["image_id", "category_id"], "images": ["id"]}
_ID_TYPES = frozenset({int, str, float, bool, type(None)})
_LOST_WITH = {"annotations": {"objects": 1}, "images": {"pictures": 1}}
"""What is left out with a row of a table."""
_OTHER_KINDS = {"caption": "captions", "keypoints": "keypoints", "segments_info": "panoptic masks"}
"""A key of an annotation that says that a file is not about boxes, and what it holds."""
_LONGEST_NUMBER = 18

Document = Mapping[str, Any]


def recognise(tree: SourceTree) -> str | None:
    """Return in words how COCO files lie in a source."""
    files, _ = annotation_files(tree)
    return lying_in(TITLE, files, tree)


def refuse_damaged(tree: SourceTree) -> None:
    """Refuse a source whose JSON file may have been meant to be COCO.

    Raises:
        InputRejectedError: Naming the file and what is wrong with it.
    """
    unread = [error.finding(tree.relative(path), files=1) for path, error in tree.documents.faults.items()]
    _, left_out = annotation_files(tree)
    if damaged := [*unread, *(finding for finding in left_out if finding.skips)]:
        raise InputRejectedError(f"{tree.root}: {damaged[0]}. Remove it if it is no annotation.")


def read(tree: SourceTree) -> Reading:
    """Read every COCO file of a source.

    Raises:
        InputRejectedError: If no file has the three tables, or two pictures share a name.
    """
    files, left_out = annotation_files(tree)
    if not files:
        unread = [error.finding(tree.relative(path), files=1) for path, error in tree.documents.faults.items()]
        seen = f" {(*unread, *left_out)[0]}." if unread or left_out else ""
        raise InputRejectedError(f"{tree.root}: no JSON file with the tables {', '.join(_TABLES)} was found.{seen}")
    findings: list[Finding] = []
    entries = [entry for path, content in files.items() for entry in _entries(path, content, tree, findings)]
    listed = (entry.rows for entry in entries if isinstance(entry.rows, list))
    if not any(is_drawn(row) for rows in listed for _, row in rows):
        entries = [entry._replace(rows=[entry.rows] if entry.rows else []) for entry in entries]
        return read_documents(entries, tree, read_picture, findings=[*findings, *left_out])
    return read_documents(with_masks(entries), tree, read_object, findings=[*findings, *left_out])


def annotation_files(tree: SourceTree) -> tuple[dict[Path, Document], list[Finding]]:
    """Find the JSON files of a source that are COCO and about boxes, with their content.

    Returns:
        Path to content; and a finding for each other file that has tables of COCO: a note, where others are read.
    """
    found: dict[Path, Document] = {}
    others: dict[Path, str] = {}
    for path, content in tree.documents.contents.items():
        if not isinstance(content, dict):
            continue
        tables = [table for table in _TABLES if isinstance(content.get(table), list)]
        kind = next((words for key, words in _OTHER_KINDS.items() if _has(content, key)), None)
        if len(tables) == len(_TABLES) and kind in (None, "keypoints"):
            found[path] = content
        elif tables and kind:
            others[path] = f"holds {kind}, not boxes"
        elif tables:
            others[path] = f"has no table {' and no table '.join(table for table in _TABLES if table not in tables)}"
    for path in _repeated_by_keypoints(found):
        others[path] = "holds keypoints of pictures whose boxes are in another file"
        del found[path]
    lost = 0 if found else 1
    remedy = "" if found else "export it again, with boxes"
    code = "other-coco" if found else "missing-table"
    return found, [Finding(tree.relative(path), reason, remedy, code, files=lost) for path, reason in others.items()]


def _has(content: Document, key: str) -> bool:
    rows = content.get("annotations")
    return isinstance(rows, list) and bool(rows) and isinstance(rows[0], dict) and key in rows[0]


def _repeated_by_keypoints(files: Mapping[Path, Document]) -> list[Path]:
    """Return the files of keypoints all of whose pictures other files list."""
    keypoints = {path: _names(content) for path, content in files.items() if _has(content, "keypoints")}
    others = set().union(*(_names(content) for path, content in files.items() if path not in keypoints))
    return [path for path, names in keypoints.items() if names <= others]


def _names(content: Document) -> set[str]:
    return {str(name_of(row)) for row in content["images"] if isinstance(row, dict)}


def _entries(path: Path, content: Document, tree: SourceTree, findings: list[Finding]) -> Iterator[Listed]:
    """Yield the pictures of a file, each with its objects as label and row; what belongs to none becomes a finding.

    Raises:
        InputRejectedError: If two categories share an id.
    """
    annotation = tree.relative(path)
    (categories, category_ids), (annotations, image_of, category_of), (images, image_ids) = (
        _table(content, table, annotation, findings) for table in _TABLES
    )
    image_of, category_of = _known(image_of, image_ids), _known(category_of, category_ids)
    labels = dict(zip(category_ids, map(_label, categories), strict=True))
    if len(labels) != len({(_id(row.get("id")), repr(row.get("name"))) for row in categories}):
        raise InputRejectedError(
            f"{printable(str(path))}: two categories share an id, so that their boxes cannot be distinguished. "
            "Number them."
        )
    used = set(category_of)  # a parent of categories may have the name of one
    named = {number: label for number, label in labels.items() if number in used and isinstance(label, str)}
    findings += alike(named, "categories", annotation)
    of_image: dict[object, list[Labelled]] = defaultdict(list)
    for number, label, row in zip(image_of, map(labels.get, category_of), annotations, strict=True):
        of_image[number].append((label, row))
    subset = subset_in(path.stem) or tree.subset_of(path)
    usual = are_plain(annotations)
    double: list[Image] = []
    several: list[Image] = []
    for image in images_of(images, image_ids):
        lists = [of_image.pop(number, []) for number in image.ids]
        if len(lists) > 1 and not image.fault:
            (double if len(set(map(keys_of, lists))) == 1 else several).append(image)
        own = joined(lists)
        plain = plain_objects(own) if usual and len(own) <= MOST_OBJECTS else None
        yield Listed(
            path, f"{annotation}, {image.called}", image.name, own, image.size_wh, subset=subset, plain=plain,
            outlines=outlines_of(own), regions=partial(regions_of, own), fault=image.fault,
        )  # fmt: skip
    findings += _listed_again(annotation, double, several)
    for number, rows in of_image.items():
        item = f"{annotation}, image {shown(number)}"
        findings.append(Finding(item, "is not in the table images", "add it", "no-picture", objects=len(rows)))


def _label(category: Document) -> str | RejectedItemError:
    try:
        return label_of(category.get("name"))
    except RejectedItemError as error:
        return error


def _listed_again(annotation: str, double: Sequence[Image], several: Sequence[Image]) -> Iterator[Finding]:
    """Report the pictures that a file lists under several ids, with the same objects or with others."""
    if double:
        yield listed_twice(annotation, "twice", len(double))
    if several:
        reason = f"lists {counted(len(several), 'picture')} under several ids, such as {several[0].called}"
        yield Finding(annotation, f"{reason}; the objects of all ids count", code="several-ids")


def _table(content: Document, table: str, annotation: str, findings: list[Finding]) -> list[list[Any]]:
    """Return the rows of a table that can be used, and their ids under each of its keys; others become findings."""
    rows, keys = content[table], _IDS[table]
    good = [row for row in rows if type(row) is dict]
    columns = [[row.get(key) for row in good] for key in keys]
    if not all(_ID_TYPES.issuperset(map(type, column)) for column in columns):
        good = [row for row in good if all(type(row.get(key)) in _ID_TYPES for key in keys)]
        columns = [[row.get(key) for row in good] for key in keys]
    if len(good) < len(rows):
        findings += _unusable(rows, set(map(id, good)), table, annotation)
    return [good, *map(_ids, columns)]


def _unusable(rows: list[object], good: set[int], table: str, annotation: str) -> Iterator[Finding]:
    """Report each row of a table that is not among the good ones, given by their identities."""
    reason, lost = "must be an object whose ids are numbers or words", _LOST_WITH.get(table, {})
    for number, row in enumerate(rows, start=1):
        if id(row) not in good:
            yield Finding(f"{annotation}, {table}, row {number}", reason, "export again", "bad-row", **lost)


def _ids(found: list[object]) -> list[object]:
    """Return ids as `_id` does; nearly always all are numbers already."""
    return found if set(map(type, found)) == {int} else list(map(_id, found))


def _known(ids: list[object], known: list[object]) -> list[object]:
    """Return ids of another table as they are known there: ``1`` is ``"0001"`` where no other id is that number."""
    unknown = set(ids).difference(known)
    if not unknown:
        return ids
    alike = grouped(set(known), _number)
    found = {one: same[0] for one in unknown if len(same := alike.get(_number(one), [])) == 1}
    return [found.get(one, one) for one in ids]


def _number(value: object) -> object:
    """Return an id as a number where it is written in digits alone."""
    return int(value) if isinstance(value, str) and len(value) <= _LONGEST_NUMBER and value.isdecimal() else value


def _id(value: object) -> object:
    """Return an id as a number where it is one, since exporters mix ``1``, ``1.0`` and ``"1"``; ``true`` is none."""
    if isinstance(value, bool):
        return str(value)
    number = _number(value)
    return number if str(number) == value else value
