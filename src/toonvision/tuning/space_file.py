"""Spaces as files: TOML that a person writes, checked key by key."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, Discriminator, Field, RootModel, Tag

from toonvision.core.errors import InputRejectedError
from toonvision.core.settings import line_of, read_settings
from toonvision.models.layout import LARGEST_KERNEL, LARGEST_POOL, MOST_BLOCKS, MOST_FILTERS
from toonvision.models.registry import NARROWEST, WIDEST
from toonvision.tuning.space import WIDTH, Choices, Dimension, Range, Space

_LARGEST_SHRINK = 1000
_LIMITS: Mapping[str, tuple[float, float, bool]] = {
    "filters": (1, MOST_FILTERS, True),
    "kernel": (1, LARGEST_KERNEL, True),
    "pool": (1, LARGEST_POOL, True),
    "dropout": (0.0, 0.95, False),
    "norm": (0, 1, True),
    "copy": (0, 1, True),
    "learning": (1e-7, 1.0, False),
    "width": (NARROWEST, WIDEST, False),
    "shrink": (1, 32, True),
    "epochs": (1, 100_000, True),
}
"""Start of a name to the smallest and largest value, and whether values are whole numbers."""


def read_space(path: Path, *, usual: Space) -> Space:
    """Read a space from TOML.

    Args:
        path: A file of lines such as ``filters_1 = { low = 4, high = 16, step = 4 }``, ``kernel_1 = [3, 5]`` or
            ``learning_rate = 0.001``. It has as many blocks as its highest number says, else as many as usual; one of
            detectors has none.
        usual: What the file does not name is as in this space; further blocks are as its last one.

    Raises:
        InputRejectedError: If it is no such file, with the line and the rule.
    """
    given = cast("dict[str, Dimension]", read_settings(path, _SpaceTable).root)
    for name, dimension in given.items():
        if rule := _broken_rule(name, dimension, usual):
            line = line_of(path.read_text(encoding="utf-8-sig"), [name])
            raise InputRejectedError(f"{path}, line {line}: {rule}. Correct this key and run again.")
    if usual.finds:
        return Space({**usual.dimensions, **given})
    made: dict[str, Dimension] = {}
    for name in _names(max(map(_block, given), default=0) or usual.blocks):
        like = name.replace(str(_block(name)), str(min(_block(name), usual.blocks)))
        found = given.get(name) or usual.dimensions.get(like)
        if found:
            made[name] = found
    space = Space(made)
    if space.layout({name: dimension.low for name, dimension in made.items()}).smallest > _LARGEST_SHRINK:
        raise InputRejectedError(f"{path}: even its smallest poolings leave nothing of an image. Lower them.")
    return space


def space_text(space: Space) -> str:
    """Return a space as the TOML that `read_space` reads."""
    return "".join(f"{name} = {_toml(dimension)}\n" for name, dimension in space.dimensions.items())


def _toml(dimension: Dimension) -> str:
    if isinstance(dimension, Choices):
        return json.dumps(list(dimension.values))
    step = f", step = {dimension.step}" if dimension.step else ""
    return f"{{ low = {dimension.low}, high = {dimension.high}{step}{', log = true' if dimension.log else ''} }}"


def _names(blocks: int) -> list[str]:
    names = ("filters_{}", "kernel_{}", "pool_{}a", "pool_{}b", "dropout_{}", "norm_{}")
    return [name.format(n) for n in range(1, blocks + 1) for name in names] + ["copy", "learning_rate"]


def _block(name: str) -> int:
    """Return the block that a name is of; 0 where it is of the whole network."""
    return int("".join(filter(str.isdecimal, name)) or 0)


def _broken_rule(name: str, dimension: Dimension, usual: Space) -> str:
    """Return the rule that a name or its values break; empty where there is none."""
    if usual.finds and name not in usual.dimensions:
        return f"{name} is none of {', '.join(usual.dimensions)}"
    if usual.finds and name == WIDTH and not dimension.steps:
        return f"{name} is made of steps, so that each detector can be timed; a range needs a step, such as 0.25"
    if not usual.finds and name not in _names(MOST_BLOCKS):
        return (
            f"{name} is none of filters_N, kernel_N, pool_Na, pool_Nb, dropout_N, norm_N, N from 1 to {MOST_BLOCKS}, "
            "copy, or learning_rate"
        )
    low, high, whole = _LIMITS[name.split("_")[0]]
    values = dimension.values if isinstance(dimension, Choices) else (dimension.low, dimension.high)
    if wrong := [value for value in values if not low <= value <= high]:
        return f"{name} lies from {low:g} to {high:g}; got {wrong[0]:g}"
    step = dimension.step if isinstance(dimension, Range) else 1.0
    if whole and step is None:
        return f"{name} is made of whole numbers, so that its range needs a step, such as 1"
    wrong = [value for value in (*values, step or 0.0) if value != round(value)]
    return f"{name} is made of whole numbers; got {wrong[0]:g}" if whole and wrong else ""


_Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]


class _RangeTable(BaseModel, extra="forbid"):
    low: _Number
    high: _Number
    step: _Number | None = None
    log: bool = False


_Range = Annotated[_RangeTable, AfterValidator(lambda given: Range(**dict(given))), Tag("<range>")]
_Choices = Annotated[
    list[_Number],
    Field(min_length=1, max_length=50),
    AfterValidator(lambda given: Choices(tuple(sorted(set(given))))),
    Tag("<choices>"),
]
_Dimension = Annotated[
    _Range | _Choices,
    Discriminator(lambda given: "<range>" if isinstance(given, dict) else "<choices>"),
    BeforeValidator(lambda given: given if isinstance(given, dict | list) else [given]),
]


class _SpaceTable(RootModel[dict[str, _Dimension]]):
    pass
