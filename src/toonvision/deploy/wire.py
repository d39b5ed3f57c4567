"""Reading an ONNX file without running anything: its content as plain values, everything unexpected refused.

A file is protobuf: numbered fields, each a whole number, four bytes, or a run of bytes that may be a message again.
Only the fields that our own files have are known here. Whatever else a file may hold by the ONNX standard (functions,
subgraphs, data in other files, training information) is refused, since code that is never reached cannot be attacked.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TypeVar

from toonvision.core.errors import ModelRefusedError

_NUMBER, _RUN, _FOUR_BYTES = 0, 2, 5
_LONGEST_NUMBER = 10
MOST_FIELDS, MOST_NUMBERS = 20_000, 8
"""Of one message, and of a shape or a setting: ours have a few hundred and four, and each takes memory to hold."""
_ELSEWHERE = frozenset({13, 14})
"""The fields of a tensor that say that its data is in another file."""

Setting = float | int | tuple[int, ...]
T = TypeVar("T")


@dataclass(frozen=True)
class Tensor:
    """A constant: its name, the number of its type by ONNX, its shape, its bytes."""

    name: str
    type: int
    shape: tuple[int, ...]
    content: memoryview


@dataclass(frozen=True)
class Node:
    """An operation: its kind, what goes in and comes out by name, its settings."""

    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    settings: Mapping[str, Setting]


@dataclass(frozen=True)
class Port:
    """An input or output of the whole: its name, the number of its type, its shape with None where it may vary."""

    name: str
    type: int
    shape: tuple[int | None, ...]


@dataclass(frozen=True)
class File:
    """All that a file of ours holds.

    Attributes:
        format_version: Of ONNX' own format.
        opsets: Domain of operations to the version of its set.
        metadata: What is said beside the network.
        nodes: In order.
        constants: The weights.
        inputs: What goes in.
        outputs: What comes out.
    """

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
    except (ValueError, IndexError, struct.error) as error:
        raise ModelRefusedError("is no ONNX file that ToonVision wrote, or is damaged; export it again") from error


def _file(content: memoryview) -> File:
    model = _Message(content, once={1, 2, 3, 7}, many={8, 14})
    graph = _Message(model.run(7), once={2}, many={1, 5, 11, 12})
    opsets = [_Message(one, once={1, 2}) for one in model.runs(8)]
    metadata = [_Message(one, once={1, 2}) for one in model.runs(14)]
    return File(
        format_version=model.number(1),
        opsets=_unrepeated([(one.text(1, ""), one.number(2)) for one in opsets]),
        metadata=_unrepeated([(one.text(1), one.text(2)) for one in metadata]),
        nodes=tuple(_node(one) for one in graph.runs(1)),
        constants=tuple(_tensor(one) for one in graph.runs(5)),
        inputs=tuple(_port(one) for one in graph.runs(11)),
        outputs=tuple(_port(one) for one in graph.runs(12)),
    )


def _node(content: memoryview) -> Node:
    node = _Message(content, once={3, 4, 7}, many={1, 2, 5})
    if node.text(7, ""):
        raise ModelRefusedError(f"has an operation of the foreign domain {node.text(7)[:100]!r}; export it again")
    settings = [_setting(one) for one in node.runs(5)]
    return Node(
        node.text(4),
        tuple(_decoded(one) for one in node.runs(1)),
        tuple(_decoded(one) for one in node.runs(2)),
        _unrepeated(settings),
    )


def _setting(content: memoryview) -> tuple[str, Setting]:
    """Read a setting, whose value is a float, a whole number, or several whole numbers."""
    setting = _Message(content, once={1, 2, 3, 20}, many={8})
    kind = setting.number(20)
    held: Mapping[int, Setting] = {1: setting.fraction(2), 2: setting.number(3, 0), 7: setting.numbers(8)}
    if kind not in held:
        raise ValueError(kind)
    return setting.text(1), held[kind]


def _tensor(content: memoryview) -> Tensor:
    if any(field in _ELSEWHERE for field, _ in _fields(content)):
        raise ModelRefusedError("has weights outside the file, which are never read; export it again")
    tensor = _Message(content, once={2, 8, 9}, many={1})
    return Tensor(tensor.text(8), tensor.number(2), tensor.numbers(1), tensor.run(9, b""))


def _port(content: memoryview) -> Port:
    port = _Message(content, once={1, 2})
    tensor = _Message(_Message(port.run(2), once={1}).run(1), once={1, 2})
    sides = [_Message(one, once={1, 2}) for one in _Message(tensor.run(2), many={1}).runs(1)]
    return Port(port.text(1), tensor.number(1), tuple(side.number(1) if side.has(1) else None for side in sides))


def _unrepeated(pairs: Sequence[tuple[str, T]]) -> Mapping[str, T]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key is there twice")
    return dict(pairs)


class _Message:
    """The fields of a message: those that may be there once, those that may be there often, and no others."""

    def __init__(
        self, content: memoryview, *, once: AbstractSet[int] = frozenset(), many: AbstractSet[int] = frozenset()
    ) -> None:
        self._held: dict[int, list[int | memoryview]] = {}
        for count, (field, value) in enumerate(_fields(content)):
            if count >= MOST_FIELDS:
                raise ValueError(count)
            if field not in once | many or (field in once and field in self._held):
                raise ValueError(field)
            self._held.setdefault(field, []).append(value)

    def has(self, field: int) -> bool:
        return field in self._held

    def number(self, field: int, default: int | None = None) -> int:
        """Return a whole number, which may be negative."""
        value = self._one(field, default)
        if not isinstance(value, int):
            raise ValueError(field)  # noqa: TRY004 - it is the file that is wrong, not the program
        return _signed(value)

    def numbers(self, field: int) -> tuple[int, ...]:
        """Return several whole numbers, each a field of its own or many in a run."""
        found: list[int] = []
        for value in self._held.get(field, []):
            if isinstance(value, int):
                found.append(_signed(value))
                continue
            at = 0
            while at < len(value) and len(found) <= MOST_NUMBERS:
                number, at = _number(value, at)
                found.append(_signed(number))
        if len(found) > MOST_NUMBERS:
            raise ValueError(field)
        return tuple(found)

    def fraction(self, field: int) -> float:
        """Return a number of four bytes; 0 where it is missing."""
        (value,) = struct.unpack("<f", self.run(field, b"\0\0\0\0"))
        return float(value)

    def run(self, field: int, default: bytes | None = None) -> memoryview:
        """Return a run of bytes."""
        value = self._one(field, None if default is None else memoryview(default))
        if isinstance(value, int):
            raise ValueError(field)  # noqa: TRY004 - it is the file that is wrong, not the program
        return value

    def runs(self, field: int) -> list[memoryview]:
        """Return all runs of bytes of a field that may be there often."""
        values = self._held.get(field, [])
        runs = [value for value in values if not isinstance(value, int)]
        if len(runs) != len(values):
            raise ValueError(field)
        return runs

    def text(self, field: int, default: str | None = None) -> str:
        """Return a text."""
        return _decoded(self.run(field, None if default is None else default.encode()))

    def _one(self, field: int, default: int | memoryview | None) -> int | memoryview:
        value = self._held.get(field, [default])[0]
        if value is None:
            raise ValueError(field)
        return value


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


def _signed(value: int) -> int:
    return value - 2**64 if value >= 2**63 else value


def _decoded(content: memoryview) -> str:
    return bytes(content).decode()
