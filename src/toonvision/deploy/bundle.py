"""What a model needs beside its weights: labels, input, preprocessing, and where it comes from.

It is stored in the ONNX file's metadata, one JSON value per key. A file's metadata is input like any other: every key
must be there, no other key may be, and every value must be valid.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from toonvision.core.errors import ModelRefusedError
from toonvision.data.fitting import Resize
from toonvision.deploy.wire import EXPORT_AGAIN
from toonvision.taxonomy.labels import CLASSIFY, DETECT, LONGEST_NAME, PIXEL_LEVEL, SEGMENT, is_name

Precision = Literal["float32", "int8"]

FORMAT = 1
_FEWEST_CLASSES = 2
"""Of a classifier or a segmenter; a detector may find one."""
MOST_CLASSES = 10_000
LARGEST_SIDE = 4096
_DIGEST = re.compile(r"[0-9a-f]{8,64}")


@dataclass(frozen=True)
class Parity:
    """How an export compares with the network that it was made of.

    Attributes:
        pictures: How many were compared.
        largest_difference: Of any probability, 0 to 1; NaN where the export answers NaN.
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
        level: The level whose classes those are; that of pixels alone is a segmenter's.
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
        thresholds: Of a detector, the confidence from which on a box of each class counts; None of others.
        parents: Of a classifier, coarser level to the class there of each class that has one; None where there is none.
        pixels: Of a detector that names pixels too, the names of their classes, in order; None of others.
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
    thresholds: tuple[float, ...] | None = None
    parents: Mapping[str, Mapping[str, str]] | None = None
    pixels: tuple[str, ...] | None = None

    @property
    def kind(self) -> str:
        """The kind of its task."""
        if self.level == PIXEL_LEVEL:
            return SEGMENT
        return CLASSIFY if self.thresholds is None else DETECT

    def to_metadata(self) -> dict[str, str]:
        """Return one JSON text per key."""
        values = vars(self) | {"parity": self.parity and vars(self.parity)}
        values = {name: value for name, value in values.items() if value is not None or name not in _OPTIONAL}
        return {name: json.dumps(value, ensure_ascii=False, allow_nan=False) for name, value in values.items()}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> "Bundle":
        """Read it back from a file that anybody may have written.

        Raises:
            ModelRefusedError: If a key is missing, unknown, or its value is not what it should be.
        """
        if not metadata:
            raise ModelRefusedError("holds no description of ToonVision's", "write it with: toonvision export RUN")
        checks = {name: sound for name, sound in _CHECKS.items() if name in metadata or name not in _OPTIONAL}
        if metadata.keys() != checks.keys():
            odd = min(metadata.keys() ^ checks.keys())
            what = "an unknown" if odd in metadata else "no"
            raise ModelRefusedError(f"its description has {what} {odd[:LONGEST_NAME]!r}", EXPORT_AGAIN)
        values: dict[str, Any] = {}
        for name, sound in checks.items():
            try:
                value = json.loads(metadata[name])
                fits = sound(value)
            except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
                fits = False
            if not fits:
                raise ModelRefusedError(f"its description has a {name} that makes no sense", EXPORT_AGAIN)
            values[name] = tuple(value) if isinstance(value, list) else value
        if "thresholds" not in values and len(values["classes"]) < _FEWEST_CLASSES:
            raise ModelRefusedError("its description has a classes that makes no sense", EXPORT_AGAIN)
        if len(values["titles"]) != len(values["classes"]) or len(set(values["classes"])) != len(values["classes"]):
            raise ModelRefusedError("its description has classes and titles that do not fit", EXPORT_AGAIN)
        if len(values.get("thresholds", values["classes"])) != len(values["classes"]):
            raise ModelRefusedError("its description has classes and thresholds that do not fit", EXPORT_AGAIN)
        return cls(**values | {"parity": values["parity"] and Parity(**values["parity"])})


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and is_name(value)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and 1 <= len(value) <= MOST_CLASSES and all(map(_is_text, value))


def _is_digest(value: Any) -> bool:
    return bool(_DIGEST.fullmatch(value))


def _is_size(value: Any) -> bool:
    height, width = value
    return all(type(side) is int and 1 <= side <= LARGEST_SIDE for side in (height, width))


def _is_temperature(value: Any) -> bool:
    return value is None or (_is_finite(value) and value > 0)


def _are_shares(value: Any) -> bool:
    return isinstance(value, list) and all(_is_finite(one) and 0 <= one <= 1 for one in value)


def _are_parents(value: Any) -> bool:
    return (
        1 <= len(value) <= MOST_CLASSES
        and all(map(_is_text, value))
        and all(
            1 <= len(one) <= MOST_CLASSES and all(map(_is_text, [*one.keys(), *one.values()])) for one in value.values()
        )
    )


def _is_parity(value: Any) -> bool:
    return value is None or (
        value.keys() == {"pictures", "largest_difference", "disagreements"}
        and _is_finite(value["largest_difference"])
        and all(type(value[count]) is int and value[count] >= 0 for count in ("pictures", "disagreements"))
    )


def _is_finite(value: Any) -> bool:
    return type(value) in {int, float} and math.isfinite(value)


_CHECKS: Mapping[str, Callable[[Any], bool]] = {
    "format": lambda value: type(value) is int and value == FORMAT,
    "toonvision": _is_text,
    "network": _is_text,
    "task": _is_text,
    "level": _is_text,
    "classes": _are_texts,
    "titles": _are_texts,
    "taxonomy_name": _is_text,
    "taxonomy": _is_digest,
    "size_hw": _is_size,
    "resize": ("stretch", "letterbox", "shrink").__contains__,
    "temperature": _is_temperature,
    "weights": _is_digest,
    "precision": ("float32", "int8").__contains__,
    "parity": _is_parity,
    "thresholds": _are_shares,
    "parents": _are_parents,
    "pixels": _are_texts,
}
_OPTIONAL = {"thresholds", "parents", "pixels"}
