"""What the labelling page and its server send each other, as plain data for JSON."""

import math
from collections.abc import Mapping
from typing import Any, get_args

from toonvision.core.errors import RejectedItemError, shown
from toonvision.data.boxes import AnnotatedPicture, Box, finite
from toonvision.data.contexts import is_outside
from toonvision.data.own_annotations import LabelledBox
from toonvision.label.annotations import Sheet
from toonvision.label.changes import Change, Kind
from toonvision.label.codes import label_codes
from toonvision.label.progress import Progress
from toonvision.label.session import Session
from toonvision.taxonomy.labels import NO_CONTEXT, PALETTE, Label, Taxonomy

_LONGEST_ID = 64
_MOST_DRAWN = 1_000
"""Boxes that are drawn, or copied, at once."""


def plain_sheet(session: Session, shot_id: str, sheet: Sheet) -> dict[str, Any]:
    """Return a sheet as the page shows it."""
    shot = session.screenshot(shot_id)
    annotation = sheet.annotation
    offered = session.proposed_context(shot_id, sheet)
    context = annotation.context or shot.context
    # Without objects: a review gives each a box, so that what was a crop in a class folder is none any more.
    reviewed = AnnotatedPicture(shot.path, shot.name, "", context)
    return {
        "id": shot_id,
        "name": shot.name,
        "context": context,
        "outside": is_outside(reviewed, session.workspace.taxonomy),
        "proposedContext": offered and {"name": offered.context, "score": offered.score},
        "why": session.why(shot_id),
        "size": annotation.size_wh,
        "state": sheet.state,
        "version": sheet.version,
        "boxes": [_plain_box(one) for one in annotation.boxes],
        "rejected": [one.id for one in annotation.rejected],
        "proposals": [
            {
                "id": one.id, "label": one.label, "xyxy": one.box.xyxy, "model": one.model, "score": one.score,
                "level": one.level, "others": one.others, "doubts": one.doubts, "exact": one.is_exact,
            }
            for one in sheet.proposals
        ],
        "hidden": [
            {"xyxy": one.box.xyxy, "labels": [*([one.label] if one.is_exact else []), *one.others]}
            for one in session.hidden(shot_id)
        ],
        "notes": sheet.notes,
        "picture": sheet.picture,
    }  # fmt: skip


def _plain_box(one: LabelledBox) -> dict[str, Any]:
    return {
        "id": one.id, "label": one.label, "xyxy": one.box.xyxy, "origin": one.origin, "model": one.model,
        "score": one.score,
    }  # fmt: skip


def plain_progress(progress: Progress) -> dict[str, Any]:
    """Return how far a review has come."""
    return {
        "total": progress.total,
        "reviewed": progress.reviewed,
        "putOff": progress.put_off,
        "left": progress.left,
        "boxes": progress.boxes,
        "perMinute": progress.per_minute if math.isfinite(progress.per_minute) else None,
        "precision": progress.precision and progress.precision.plain(),
        "recall": progress.recall and progress.recall.plain(),
    }


def plain_row(session: Session, shot_id: str) -> dict[str, Any]:
    """Return what the queue shows of a screenshot."""
    shot, tally = session.screenshot(shot_id), session.tally(shot_id)
    return {
        "id": shot_id, "name": shot.name, "context": session.context(shot_id), "state": tally.state,
        "boxes": tally.boxes, "why": session.why(shot_id),
    }  # fmt: skip


def plain_labels(taxonomy: Taxonomy) -> list[dict[str, Any]]:
    """Return the labels with their titles, groups, colours and codes."""
    groups = {label.name: _groups(label, taxonomy) for label in taxonomy.labels}
    codes = label_codes({label.name: [label.title, label.name, *groups[label.name]] for label in taxonomy.labels})
    return [
        {
            "name": label.name, "title": label.title, "color": _color(label, taxonomy), "code": codes[label.name],
            "groups": groups[label.name], "classes": list(label.classes.values()),
        }
        for label in taxonomy.labels
    ]  # fmt: skip


def plain_contexts(session: Session) -> list[dict[str, Any]]:
    """Return the contexts of a review with titles, colours and codes, first those that can be chosen, by name.

    Where the taxonomy names contexts, these can be; else any but that of no folder.
    """
    taxonomy = session.workspace.taxonomy
    contexts = [taxonomy.context(name) for name in sorted(session.contexts())]
    named = {one.name for one in taxonomy.contexts} or {one.name for one in contexts} - {NO_CONTEXT}
    codes = label_codes({one.name: [one.title, one.name] for one in contexts})
    return [
        {
            "name": one.name, "title": one.title, "color": one.color, "code": codes[one.name], "groups": [],
            "isKnown": one.name in named,
        }
        for one in sorted(contexts, key=lambda one: one.name not in named)
    ]  # fmt: skip


def plain_classes(taxonomy: Taxonomy) -> dict[str, dict[str, dict[str, str]]]:
    """Return the titles and colours of the classes, by level and name: what a model says that knows no label."""
    return {
        level.name: {one.name: {"title": one.title, "color": one.color} for one in level.classes}
        for level in taxonomy.levels
    }


def _groups(label: Label, taxonomy: Taxonomy) -> list[str]:
    """Return the titles of the coarser classes of a label, such as Cog and Bossbot."""
    found = []
    for level in taxonomy.grouping("label"):
        name = taxonomy.class_of(label.name, level.name)
        found += [one.title for one in level.classes if one.name == name]
    return found


def _color(label: Label, taxonomy: Taxonomy) -> str:
    """Return the colour of a label; of many, which nobody could distinguish, that of its finest group."""
    if len(taxonomy.labels) > len(PALETTE):
        for level in reversed(taxonomy.grouping("label")):
            name = taxonomy.class_of(label.name, level.name)
            for one in level.classes:
                if one.name == name:
                    return one.color
    return label.color


def read_change(given: Mapping[str, object]) -> Change:
    """Return the change that the page sends.

    Raises:
        RejectedItemError: If it is none.
    """
    kind = given.get("kind")
    if kind not in get_args(Kind):
        raise _wrong("kind", kind)
    box = given.get("xyxy")
    boxes = given.get("boxes", [])
    if not isinstance(boxes, list) or len(boxes) > _MOST_DRAWN:
        raise _wrong("boxes", boxes)
    return Change(
        kind,  # type: ignore[arg-type] # it is one of them
        _text(given, "id"),
        _text(given, "label"),
        _text(given, "context"),
        None if box is None else _box(box),
        tuple(map(_drawn, boxes)),
    )


def _drawn(given: object) -> LabelledBox:
    if not isinstance(given, dict) or not _text(given, "id"):
        raise _wrong("box", given)
    return LabelledBox(_text(given, "id"), _text(given, "label"), _box(given.get("xyxy")))


def _text(given: Mapping[str, object], name: str) -> str:
    value = given.get(name, "")
    if not isinstance(value, str) or (name == "id" and (len(value) > _LONGEST_ID or not value.isprintable())):
        raise _wrong(name, value)
    return value


def _box(given: object) -> Box:
    if not isinstance(given, list) or len(given) != 4 or not all(isinstance(edge, int | float) for edge in given):
        raise _wrong("xyxy", given)
    left, top, right, bottom = (round(finite(edge, "an edge")) for edge in given)
    try:
        return Box(max(0, left), max(0, top), right, bottom)
    except ValueError as error:
        raise RejectedItemError("a box needs an area inside the picture", code="zero-area") from error


def _wrong(name: str, value: object) -> RejectedItemError:
    return RejectedItemError(f"the {name} of a change cannot be {shown(value)}", code="bad-change")
