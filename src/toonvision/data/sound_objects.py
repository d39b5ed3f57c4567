"""What of the objects of an annotated picture can be used: boxes, regions, and what is known of each."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from toonvision.core.errors import Finding, RejectedItemError
from toonvision.core.files import followed_inside
from toonvision.data.attributes import MOST_ATTRIBUTES, Attributes, read_attributes
from toonvision.data.boxes import AnnotatedObject, AnnotatedPicture, Box, fit_object
from toonvision.data.listing import relative
from toonvision.data.unknown_labels import Vocabulary


def sound_boxes(
    picture: AnnotatedPicture, size_wh: tuple[int, int], vocabulary: Vocabulary
) -> tuple[dict[tuple[str, Box], int], list[Finding], tuple[tuple[str, str], ...]]:
    """Return the number of each object that can be cut, by label and box; a finding for each other one; and notes."""
    boxes: dict[tuple[str, Box], int] = {}
    findings = []
    notes: list[tuple[str, str]] = []
    for entry in picture.objects:
        try:
            if entry.label not in vocabulary.taxonomy.by_name:
                raise vocabulary.refusal(entry.label)
            box, known_of_it = fit_object(entry, size_wh)
            if (entry.label, box) in boxes:
                reason = f"repeats object {boxes[entry.label, box]}: same label, same box"
                raise RejectedItemError(reason, "remove one", code="duplicate")
        except RejectedItemError as error:
            findings.append(error.finding(picture.item(entry.number), objects=1))
            continue
        boxes[entry.label, box] = entry.number
        notes += [(note, picture.item(entry.number)) for note in known_of_it]
    return boxes, findings, tuple(notes)


def sound_regions(
    picture: AnnotatedPicture, size_wh: tuple[int, int], vocabulary: Vocabulary
) -> list[tuple[AnnotatedObject, Box]]:
    """Return where nobody need find an object, each with its box; what cannot be used is left out."""
    found = []
    for entry in picture.regions:
        with suppress(RejectedItemError):
            box, _ = fit_object(entry, size_wh)
            if entry.label in vocabulary.taxonomy.by_name or entry.label in vocabulary.rules.ignored:
                found.append((entry, box))
    return found


def attributes_of(picture: AnnotatedPicture, root: Path) -> tuple[Mapping[int, Attributes], list[Finding]]:
    """Return what is known of the objects of a picture; a file that cannot be used becomes a finding.

    What the annotation says of an object comes after what the file says, and only where that does not.
    """
    stated = {entry.number: entry.attributes for entry in picture.objects if entry.attributes}
    path = picture.attributes
    if not os.path.lexists(path):
        return stated, []
    name = relative(path, root)
    try:
        followed_inside(root, path, name=name)
        found = read_attributes(path)
        last = max(found, default=0)
        count = max([picture.object_count + picture.ignored, *(entry.number for entry in picture.objects)])
        if last > count:
            reason = f"describes object {last}, but the annotation has {count}"
            raise RejectedItemError(reason, "correct the number; objects are counted from 1", code="no-object")
    except RejectedItemError as error:
        reason = f"{error.reason}; the crops are kept without its attributes"
        return stated, [Finding(name, reason, error.remedy, error.code, files=1)]
    for number, attributes in stated.items():
        own = found.get(number, {})
        more = [(key, value) for key, value in attributes.items() if key not in own]
        found[number] = {**own, **dict(more[: MOST_ATTRIBUTES - len(own)])}
    return found, []
