"""Attributes: what is known of each object of a picture beyond its label and box, in a file beside the annotation.

``shot.attributes.json`` holds one list, ``{"objects": [{"number": 1, "view": "front left", "occluded": 0.12}]}``.
`number` is the object's position in the annotation, from 1. All other names are free, and objects may be left out.
"""

import json
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from toonvision.core.errors import RejectedItemError, printable, shown
from toonvision.core.files import parse_json, read_regular, write_bytes

Attributes = Mapping[str, str | float | bool]
"""Name to word, finite number or truth value; not to be changed."""
NO_ATTRIBUTES: Attributes = MappingProxyType({})

SUFFIX = ".attributes.json"
LARGEST_FILE = 1_000_000
MOST_ATTRIBUTES = 64
LONGEST_WORD = 200
LAST_NUMBER = 1_000_000
_NUMBER = "number"
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+", re.ASCII)
_DECIMAL = re.compile(r"[+-]?\d{1,300}(\.\d+)?", re.ASCII)
_TRUTH = {"true": True, "yes": True, "false": False, "no": False}
_NAME = re.compile(r"[a-z0-9_]{1,64}", re.ASCII)


def attributes_path(path: Path) -> Path:
    """Return the path of the attributes file beside an annotation or a picture.

    Examples:
        >>> attributes_path(Path("garden/shot.png")).name
        'shot.attributes.json'
    """
    return path.with_name(f"{path.stem}{SUFFIX}")


def read_attributes(path: Path) -> dict[int, Attributes]:
    """Read an attributes file: number of each object that it describes, from 1, to attributes.

    Raises:
        RejectedItemError: If it cannot be read, is over 1 MB, or breaks a rule of the form, with the first fault.
    """
    document = parse_json(read_regular(path, limit=LARGEST_FILE))
    rows = document.get("objects") if isinstance(document, dict) and set(document) == {"objects"} else None
    if not isinstance(rows, list):
        raise _broken("must be one list called objects", f"got {shown(document)}")
    found: dict[int, Attributes] = {}
    for index, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise _broken(f"entry {index} of objects must have a number and attributes", f"got {shown(row)}")
        number = _checked_number(row.pop(_NUMBER, None))
        if number in found:
            raise _broken(f"describes object {number} twice", "")
        found[number] = checked(row, of=f"object {number}")
    return found


def write_attributes(path: Path, objects: Mapping[int, Attributes]) -> None:
    """Write an attributes file: number of each object, from 1, to attributes; the same attributes give the same bytes.

    Raises:
        RejectedItemError: If the file could not be read back.
    """
    rows = []
    for number, attributes in sorted(objects.items()):
        known = checked(attributes, of=f"object {_checked_number(number)}")
        rows.append(_dumped({_NUMBER: number, **dict(sorted(known.items()))}))
    content = ('{"objects": [' + ",".join(f"\n  {row}" for row in rows) + "\n]}\n").encode()
    if len(content) > LARGEST_FILE:
        raise RejectedItemError("is over 1 MB", "describe fewer objects", code="too-large")
    write_bytes(path, content)


def encoded(attributes: Attributes) -> str:
    """Return the attributes of one object as JSON text; it differs wherever they differ, also for ``1`` and ``true``.

    Examples:
        >>> encoded({"view": "front", "fog": 0.5})
        '{"fog": 0.5, "view": "front"}'
    """
    return _dumped(dict(sorted(attributes.items())))


def decoded(text: str) -> Attributes:
    """Return the attributes that `encoded` wrote.

    Raises:
        RejectedItemError: If it did not write that.
    """
    return checked(parse_json(text), of="an object")


def stated(pairs: Iterable[tuple[str, object]]) -> Attributes:
    """Return what an annotation says of an object as attributes that keep the rules, whatever it is called there.

    Names are written with small letters and underscores; ``true``, ``no`` and ``0.5`` as text become a truth value or
    a number, and a name without a Latin letter becomes ``attribute_2``, after its position. What has no value, or one
    that is neither word nor number, is left out.

    Examples:
        >>> stated([("Is Occluded?", "Yes"), ("pose", ""), ("speed", " 3.5 "), ("kind", "Cat")])
        {'is_occluded': True, 'speed': 3.5, 'kind': 'Cat'}
    """
    found: dict[str, str | float | bool] = {}
    for position, (name, value) in enumerate(pairs, start=1):
        key = _NOT_IN_NAMES.sub("_", name.lower()).strip("_")[:64] or f"attribute_{position}"
        plain = _plain(value)
        if plain is not None and len(found) < MOST_ATTRIBUTES:
            found.setdefault("number_" if key == _NUMBER else key, plain)
    return found


def _plain(value: object) -> str | float | bool | None:
    """Return a value of an annotation as one of an attribute; None where it cannot be."""
    if isinstance(value, int | float):
        return value if abs(value) <= sys.float_info.max else None
    word = value.strip() if isinstance(value, str) else ""
    if word.lower() in _TRUTH:
        return _TRUTH[word.lower()]
    if _DECIMAL.fullmatch(word):
        return _plain(float(word))
    return printable(word)[:LONGEST_WORD] or None


def checked(attributes: object, *, of: str) -> Attributes:
    """Return the attributes of one object unchanged; messages call the object what `of` says.

    Raises:
        RejectedItemError: If there are too many, or a name or a value breaks a rule.
    """
    if not isinstance(attributes, Mapping) or len(attributes) > MOST_ATTRIBUTES:
        got = f"{len(attributes)}" if isinstance(attributes, Mapping) else shown(attributes)
        raise _broken(f"{of} can have at most {MOST_ATTRIBUTES} attributes", f"got {got}")
    for name, value in attributes.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name) or name == _NUMBER:
            rule = f"has 1 to 64 lower-case letters, digits and underscores, and is not {_NUMBER!r}"
            raise _broken(f"the name of an attribute {rule}", f"{of} has {shown(name)}")
        if isinstance(value, str):
            if len(value) > LONGEST_WORD or not value.isprintable():
                rule = f"a word of at most {LONGEST_WORD} characters that can be printed"
                raise _broken(f"{name} of {of} must be {rule}", f"got {shown(value)}")
        elif not isinstance(value, int | float) or not abs(value) <= sys.float_info.max:  # NaN is neither
            raise _broken(f"{name} of {of} must be a word, a finite number, true or false", f"got {shown(value)}")
    return dict(attributes)


def _checked_number(number: object) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= LAST_NUMBER:
        rule = f"number must be the position of an object in the annotation, from 1 to {LAST_NUMBER}"
        raise _broken(rule, f"got {shown(number)}")
    return number


def _dumped(value: Mapping[str, object]) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _broken(rule: str, received: str) -> RejectedItemError:
    reason = f"{rule}; {received}" if received else rule
    return RejectedItemError(reason, "correct it, or write it again", code="bad-attributes")
