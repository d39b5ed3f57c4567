"""The pictures of a COCO file: which rows of its table of images are one picture, and whose objects are whose."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from toonvision.core.errors import RejectedItemError, shown
from toonvision.core.grouping import grouped
from toonvision.core.wording import listed, some
from toonvision.data.formats.coco_objects import Labelled
from toonvision.data.formats.json_files import size_of

_LONGEST_NAME = 300
"""Characters of a name that messages say."""


class Image(NamedTuple):
    """A picture that the table lists, in one row or in several.

    Attributes:
        called: What messages call it: its file name, or its id.
        name: The file name that the table states.
        ids: Its ids.
        size_wh: Width and height in pixels that the table states, where it does.
        fault: Why its objects cannot be used.
    """

    called: str
    name: object
    ids: tuple[object, ...]
    size_wh: tuple[int, int] | None
    fault: RejectedItemError | None


def images_of(rows: Sequence[Mapping[str, Any]], ids: Sequence[object]) -> list[Image]:
    """Return the pictures that rows of the table list, given the id of each row."""
    called = [_called(name_of(row), number) for row, number in zip(rows, ids, strict=True)]
    sharing = grouped(dict.fromkeys(zip(ids, called, strict=True)), lambda pair: pair[0])
    of_picture = grouped(zip(called, ids, rows, strict=True), lambda one: one[0])
    return [
        _image(name, tuple(dict.fromkeys(number for _, number, _ in own)), [row for _, _, row in own], sharing)
        for name, own in of_picture.items()
    ]


def name_of(image: Mapping[str, Any]) -> object:
    """Return the file name that an image states: LVIS has an address alone, and others a path."""
    return image.get("file_name") or image.get("coco_url") or image.get("path")


def joined(lists: Sequence[list[Labelled]]) -> list[Labelled]:
    """Return the objects that a picture has under several ids; one that an earlier id has too counts once."""
    found = list(lists[0])
    known = keys_of(found) if len(lists) > 1 else frozenset()
    for more in lists[1:]:
        found += [one for one in more if _key(one) not in known]
        known |= keys_of(more)
    return found


def keys_of(objects: Sequence[Labelled]) -> frozenset[str]:
    """Return what objects are compared by: their labels and where they are."""
    return frozenset(map(_key, objects))


def _key(labelled: Labelled) -> str:
    label, row = labelled
    return repr((label, row.get("bbox"), row.get("segmentation")))


def _image(
    called: str,
    ids: tuple[object, ...],
    rows: Sequence[Mapping[str, Any]],
    sharing: Mapping[object, list[tuple[object, str]]],
) -> Image:
    sizes = list(dict.fromkeys(size for row in rows if (size := size_of(row.get("width"), row.get("height")))))
    others = [other for number in ids for _, other in sharing[number] if other != called]
    fault = None
    if others:
        reason = f"shares its id with {some(others)}, so that it is not known whose objects are whose"
        fault = RejectedItemError(reason, "number them", code="duplicate-id")
    elif len(sizes) > 1:
        reason = f"is listed with sizes that differ, {listed([f'{width}x{height}' for width, height in sizes])}"
        fault = RejectedItemError(reason, "leave the size on which its boxes were drawn", code="size-differs")
    return Image(called, name_of(rows[0]), ids, sizes[0] if sizes else None, fault)


def _called(name: object, number: object) -> str:
    is_short = isinstance(name, str) and 0 < len(name) < _LONGEST_NAME
    return str(name) if is_short else f"image {shown(number)}"
