"""What a model needs beside its weights: labels, input, preprocessing, and where it comes from.

It is stored in the ONNX file's metadata, one JSON value per key. A file's metadata is input like any other: every key
must be there, no other key may be, and every value must be valid.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, cast

from toonvision.core.errors import ModelRefusedError
from toonvision.data.images import Resize
from toonvision.taxonomy.labels import LONGEST_NAME, is_name

Precision = Literal["float32", "int8"]

FORMAT = 1
MOST_CLASSES = 10_000
SMALLEST_SIDE, LARGEST_SIDE = 1, 4096
_DIGEST = re.compile(r"[0-9a-f]{8,64}")


@dataclass(frozen=True)
class Parity:
    """How an export compares with the network that it was made of.

    Attributes:
        pictures: How many were compared.
        largest_difference: Of any probability, 0 to 1.
        disagreements: For how many pictures another class is the most probable one.
    """

    pictures: int
    largest_difference: float
    disagreements: int


@dataclass(frozen=True)
class Bundle:
    """What an exported model is, what goes in and what comes out.

    Attributes:
        format: The version of this description.
        toonvision: The version of ToonVision that wrote it.
        network: The name of the network.
        task: What it predicts.
        level: The level whose classes those are.
        classes: Names of the outputs, in order.
        titles: The same for people.
        taxonomy_name: What the taxonomy is called.
        taxonomy: Its digest.
        size_hw: Height and width of the input in pixels.
        resize: How crops are brought to that size.
        temperature: What logits are divided by inside; None for 1.
        weights: SHA-256 of the file of weights that it was made of.
        precision: What it computes with.
        parity: How it compares with the network that it was made of; None before that is known.
    """

    format: int
    toonvision: str
    network: str
    task: str
    level: str
    classes: tuple[str, ...]
    titles: tuple[str, ...]
    taxonomy_name: str
    taxonomy: str
    size_hw: tuple[int, int]
    resize: Resize
    temperature: float | None
    weights: str
    precision: Precision
    parity: Parity | None

    def to_metadata(self) -> dict[str, str]:
        """Return one JSON text per key."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        values["parity"] = None if self.parity is None else vars(self.parity)
        return {name: json.dumps(value, ensure_ascii=False, allow_nan=False) for name, value in values.items()}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> "Bundle":
        """Read it back from a file that anybody may have written.

        Raises:
            ModelRefusedError: If a key is missing, unknown, or its value is not what it should be.
        """
        if not metadata:
            raise ModelRefusedError("holds no description of ToonVision's; write it with: toonvision export RUN")
        if metadata.keys() != _CHECKS.keys():
            odd = min(metadata.keys() ^ _CHECKS.keys())
            what = "an unknown" if odd in metadata else "no"
            raise ModelRefusedError(f"its description has {what} {odd[:LONGEST_NAME]!r}; export it again")
        values: dict[str, Any] = {}
        for name, check in _CHECKS.items():
            try:
                values[name] = check(json.loads(metadata[name]))
            except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
                raise ModelRefusedError(f"its description has a {name} that makes no sense; export it again") from error
        if len(values["titles"]) != len(values["classes"]) or len(set(values["classes"])) != len(values["classes"]):
            raise ModelRefusedError("its description has classes and titles that do not fit; export it again")
        return cls(**values)


def _text(value: Any) -> str:
    return cast("str", _sound(value, isinstance(value, str) and is_name(value)))


def _texts(value: Any) -> tuple[str, ...]:
    _sound(value, isinstance(value, list) and 2 <= len(value) <= MOST_CLASSES)
    return tuple(_text(one) for one in value)


def _digest(value: Any) -> str:
    return cast("str", _sound(value, isinstance(value, str) and bool(_DIGEST.fullmatch(value))))


def _size(value: Any) -> tuple[int, int]:
    height, width = value
    _sound(value, all(_whole(side) == side and SMALLEST_SIDE <= side <= LARGEST_SIDE for side in (height, width)))
    return height, width


def _whole(value: Any) -> int:
    return cast("int", _sound(value, type(value) is int and value >= 0))


def _temperature(value: Any) -> float | None:
    return None if value is None else float(_sound(value, _finite(value) and value > 0))


def _parity(value: Any) -> Parity | None:
    if value is None:
        return None
    _sound(value, value.keys() == {"pictures", "largest_difference", "disagreements"})
    difference = _sound(value["largest_difference"], _finite(value["largest_difference"]))
    return Parity(_whole(value["pictures"]), float(difference), _whole(value["disagreements"]))


def _one_of(*allowed: object) -> Callable[[Any], Any]:
    return lambda value: _sound(value, any(type(value) is type(one) and value == one for one in allowed))


def _finite(value: Any) -> bool:
    return type(value) in {int, float} and math.isfinite(value)


def _sound(value: Any, sound: bool) -> Any:
    if not sound:
        raise ValueError
    return value


_CHECKS: Mapping[str, Callable[[Any], Any]] = {
    "format": _one_of(FORMAT),
    "toonvision": _text,
    "network": _text,
    "task": _text,
    "level": _text,
    "classes": _texts,
    "titles": _texts,
    "taxonomy_name": _text,
    "taxonomy": _digest,
    "size_hw": _size,
    "resize": _one_of("stretch", "letterbox"),
    "temperature": _temperature,
    "weights": _digest,
    "precision": _one_of("float32", "int8"),
    "parity": _parity,
}
