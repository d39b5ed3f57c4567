"""Reading an ONNX file without running anything: its content as plain values, everything unexpected refused.

A file is protobuf: numbered fields, each a whole number, four bytes, or a run of bytes that may be a message again.
Only the fields that our own files have are known here. Whatever else a file may hold by the ONNX standard (functions,
subgraphs, data in other files, training information) is refused, since code that is never reached cannot be attacked.
"""

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain
from types import MappingProxyType
from typing import Any

from toonvision.core.errors import ModelRefusedError

EXPORT_AGAIN = "export it again"
"""The remedy for most that is wrong with an exported file."""
_NUMBER, _RUN, _FOUR_BYTES = 0, 2, 5
_LONGEST_NUMBER = 10
MOST_FIELDS, MOST_NUMBERS = 20_000, 8
"""Of one message, and of a shape or a setting: ours have a few hundred and four, and each takes memory to hold."""

Setting = float | int | str | tuple[int, ...]
Port = tuple[str, int, tuple[int | None, ...]]
"""An input or output of the whole: its name, the number of its type, its shape with None where it may vary."""
Decoders = Mapping[int, Callable[[Any], Any]]
_NONE: Decoders = MappingProxyType({})


@dataclass(frozen=True)
class Tensor:
    """A constant: its name, the number of its type by ONNX, its shape, its bytes."""

    name: str
    type: int
    shape: tuple[int, ...]
    content: memoryview


@dataclass(frozen=True)
class Node:
    """An operation: its kind, what goes in and comes out by name, its settings, its domain ("" for ONNX' own)."""

    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    settings: Mapping[str, Setting]
    domain: str


@dataclass(frozen=True)
class File:
    """All that a file of ours holds: an opset is the version of a domain's operations, constants are weights."""

    format_version: int
    opsets: Mapping[str, int]
    metadata: Mapping[str, str]
    nodes: tuple[Node, ...]
    constants: tuple[Tensor, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


def read_file(content: bytes) -> File:
    """Take an ONNX file apart.

    Raises:
        ModelRefusedError: If it is no ONNX file, is damaged, or holds anything that our files never hold.
    """
    try:
        return _file(memoryview(content))
    except (ValueError, LookupError, TypeError, struct.error) as error:  # TypeError: a number where bytes should be
        raise ModelRefusedError("is no ONNX file that ToonVision wrote, or is damaged", EXPORT_AGAIN) from error


def _file(content: memoryview) -> File:
    many: Decoders = {
        8: partial(_message, once={1: _text, 2: _whole}),
        14: partial(_message, once={1: _text, 2: _text}),
    }
    model = _message(content, {1: _whole, 2: memoryview, 3: memoryview, 7: _graph}, many)
    opsets = [(one.get(1, ""), one[2]) for one in model[8]]
    metadata = [(one[1], one[2]) for one in model[14]]
    return File(model[1], _unrepeated(opsets), _unrepeated(metadata), *model[7])


def _graph(content: memoryview) -> tuple[tuple[Any, ...], ...]:
    graph = _message(content, {2: memoryview}, {1: _node, 5: _tensor, 11: _port, 12: _port})
    return tuple(tuple(graph[field]) for field in (1, 5, 11, 12))


def _node(content: memoryview) -> Node:
    node = _message(content, {3: memoryview, 4: _text, 7: _text}, {1: _text, 2: _text, 5: _setting})
    return Node(node[4], tuple(node[1]), tuple(node[2]), _unrepeated(node[5]), node.get(7, ""))


def _setting(content: memoryview) -> tuple[str, Setting]:
    """Read a setting, whose value is a float, a whole number, a text, or several whole numbers."""
    setting = _message(content, {1: _text, 2: _fraction, 3: _whole, 4: _text, 20: _whole}, {8: _numbers})
    by_type = {1: setting.get(2, 0.0), 2: setting.get(3, 0), 3: setting.get(4, ""), 7: _joined(setting[8])}
    return setting[1], by_type[setting[20]]


def _tensor(content: memoryview) -> Tensor:
    once: Decoders = {2: _whole, 8: _text, 9: memoryview, 13: _refuse_outside, 14: _refuse_outside}
    tensor = _message(content, once, {1: _numbers})
    return Tensor(tensor[8], tensor[2], _joined(tensor[1]), tensor.get(9, memoryview(b"")))


def _refuse_outside(_value: Any) -> None:
    """Refuse the fields of a tensor that say that its data is in another file."""
    raise ModelRefusedError("has weights outside the file, which are never read", EXPORT_AGAIN)


def _port(content: memoryview) -> Port:
    side = partial(_message, once={1: _whole, 2: memoryview})
    tensor = partial(_message, once={1: _whole, 2: partial(_message, once={}, many={1: side})})
    port = _message(content, {1: _text, 2: partial(_message, once={1: tensor})})
    found = port[2][1]
    return port[1], found[1], tuple(one.get(1) for one in found[2][1])


def _message(content: memoryview, once: Decoders, many: Decoders = _NONE) -> dict[int, Any]:
    """Decode the fields of a message: a value for those that may be there once, a list for those that may be often."""
    held: dict[int, Any] = {field: [] for field in many}
    for count, (field, value) in enumerate(_fields(content)):
        if count >= MOST_FIELDS or (field in once and field in held):
            raise ValueError(field)
        if field in once:
            held[field] = once[field](value)
        else:
            held[field].append(many[field](value))
    return held


def _fields(content: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield each field's number and value: a whole number, or bytes."""
    at = 0
    while at < len(content):
        key, at = _number(content, at)
        field, wire = key >> 3, key & 7
        if wire == _NUMBER:
            value, at = _number(content, at)
            yield field, value
            continue
        if wire not in {_RUN, _FOUR_BYTES}:
            raise ValueError(wire)
        length, at = (4, at) if wire == _FOUR_BYTES else _number(content, at)
        if length > len(content) - at:
            raise ValueError(length)
        yield field, content[at : at + length]
        at += length


def _number(content: memoryview, at: int) -> tuple[int, int]:
    """Read a number of seven bits a byte, the lowest first; return it and where it ends."""
    value = 0
    for count in range(_LONGEST_NUMBER):
        byte = content[at + count]
        value |= (byte & 0x7F) << 7 * count
        if byte < 0x80:
            return value & (2**64 - 1), at + count + 1
    raise ValueError(at)


def _whole(value: int) -> int:
    return value - 2**64 if value >= 2**63 else value


def _numbers(value: int | memoryview) -> list[int]:
    """Return a whole number that is a field of its own, or the many of a run; not much more than may be there."""
    if isinstance(value, int):
        return [_whole(value)]
    found, at = list[int](), 0
    while at < len(value) and len(found) <= MOST_NUMBERS:
        number, at = _number(value, at)
        found.append(_whole(number))
    return found


def _joined(numbers: list[list[int]]) -> tuple[int, ...]:
    if sum(map(len, numbers)) > MOST_NUMBERS:
        raise ValueError(len(numbers))
    return tuple(chain(*numbers))


def _fraction(value: memoryview) -> float:
    return float(struct.unpack("<f", value)[0])


def _text(value: memoryview) -> str:
    return str(value, "utf-8")  # never bytes(value): a number would ask for that many bytes


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key is there twice")
    return dict(pairs)
