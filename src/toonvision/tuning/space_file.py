"""Spaces as files: TOML that a person writes, checked line by line."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Discriminator, Field, RootModel, Tag, model_validator

from toonvision.core.errors import InputRejectedError
from toonvision.core.settings import line_of, read_settings
from toonvision.models.layout import LARGEST_KERNEL, LARGEST_POOL, MOST_BLOCKS, MOST_FILTERS
from toonvision.tuning.space import Choices, Dimension, Range, Space, step_value

_MOST_PARTS, _MOST_STEPS = 1000, 10_000


def read_space(path: Path, *, usual: Space) -> Space:
    """Read a space from TOML.

    Args:
        path: A file of lines such as ``filters_1 = { low = 4, high = 16, step = 4 }``, ``kernel_1 = [3, 5]`` or
            ``learning_rate = 0.001``. It has as many blocks as its highest number says, else as many as usual.
        usual: What the file does not name is as in this space; further blocks are as its last one.

    Raises:
        InputRejectedError: If it is no such file, with the line and the rule.
    """
    given = read_settings(path, _SpaceTable).root
    for name, table in given.items():
        rule = _broken_rule(name, table)
        if rule:
            line = line_of(path.read_text(encoding="utf-8-sig"), [name])
            raise InputRejectedError(f"{path}, line {line}: {rule}. Correct this key and run again.")
    blocks = max(map(_number, given), default=0) or usual.blocks
    made: dict[str, Dimension] = {}
    for name in _names(blocks):
        like = name.replace(str(_number(name)), str(min(_number(name), usual.blocks)))
        if name in given:
            made[name] = given[name].dimension()
        elif like in usual.dimensions:
            made[name] = usual.dimensions[like]
    space = Space(made)
    if space.layout({name: _least(dimension) for name, dimension in made.items()}).smallest > _MOST_PARTS:
        raise InputRejectedError(f"{path}: even its smallest poolings leave nothing of a picture. Lower them.")
    return space


def space_text(space: Space) -> str:
    """Write a space as the TOML that `read_space` reads."""
    return "".join(f"{name} = {_toml(dimension)}\n" for name, dimension in space.dimensions.items())


def _least(dimension: Dimension) -> float:
    return dimension.values[0] if isinstance(dimension, Choices) else dimension.low


def _names(blocks: int) -> list[str]:
    parts = ("filters_{}", "kernel_{}", "pool_{}a", "pool_{}b", "dropout_{}", "norm_{}")
    return [part.format(n) for n in range(1, blocks + 1) for part in parts] + ["copy", "learning_rate"]


def _number(name: str) -> int:
    """Give the block that a name is of; 0 where it is of the whole network."""
    return int("".join(filter(str.isdecimal, name)) or 0)


def _toml(dimension: Dimension) -> str:
    if isinstance(dimension, Choices):
        return json.dumps(list(dimension.values))
    step = f", step = {dimension.step}" if dimension.step else ""
    return f"{{ low = {dimension.low}, high = {dimension.high}{step}{', log = true' if dimension.log else ''} }}"


_LIMITS: Mapping[str, tuple[float, float, bool]] = {
    "filters": (1, MOST_FILTERS, True),
    "kernel": (1, LARGEST_KERNEL, True),
    "pool": (1, LARGEST_POOL, True),
    "dropout": (0.0, 0.95, False),
    "norm": (0, 1, True),
    "copy": (0, 1, True),
    "learning": (1e-7, 1.0, False),
}


_Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]


class _RangeTable(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    low: _Number
    high: _Number
    step: Annotated[_Number, Field(gt=0)] | None = None
    log: bool = False

    @model_validator(mode="after")
    def _sound(self) -> "_RangeTable":
        if not self.low <= self.high:
            raise ValueError("low is at most high")
        if self.log and (self.step is not None or self.low <= 0):
            raise ValueError("log goes without a step, and above 0")
        steps = 0.0 if self.step is None else (self.high - self.low) / self.step
        if steps > _MOST_STEPS:
            raise ValueError(f"there are at most {_MOST_STEPS:,} steps from low to high")
        if self.step is not None and step_value(self.low, self.step, round(steps)) != self.high:
            raise ValueError("high is low and some whole steps")
        return self

    @property
    def values(self) -> tuple[float, ...]:
        return (self.low, self.high)

    def dimension(self) -> Dimension:
        return Range(self.low, self.high, self.step, self.log)


class _ChoicesTable(RootModel[Annotated[list[_Number], Field(min_length=1, max_length=50)]]):
    @property
    def values(self) -> tuple[float, ...]:
        return tuple(sorted(set(self.root)))

    def dimension(self) -> Dimension:
        return Choices(self.values)


class _NumberTable(RootModel[_Number]):
    @property
    def values(self) -> tuple[float, ...]:
        return (self.root,)

    def dimension(self) -> Dimension:
        return Choices(self.values)


_Table = _RangeTable | _ChoicesTable | _NumberTable


def _kind(given: Any) -> str:
    if isinstance(given, dict | _RangeTable):
        return "<range>"
    return "<choices>" if isinstance(given, list | _ChoicesTable) else "<number>"


class _SpaceTable(
    RootModel[
        dict[
            str,
            Annotated[
                Annotated[_RangeTable, Tag("<range>")]
                | Annotated[_ChoicesTable, Tag("<choices>")]
                | Annotated[_NumberTable, Tag("<number>")],
                Discriminator(_kind),
            ],
        ]
    ]
):
    pass


def _broken_rule(name: str, table: _Table) -> str:
    """Say what a name or its values break, if anything."""
    if name not in _names(MOST_BLOCKS):
        named = (
            f"filters_N, kernel_N, pool_Na, pool_Nb, dropout_N, norm_N, N from 1 to {MOST_BLOCKS}, copy, or "
            "learning_rate"
        )
        return f"{name} is none of {named}"
    low, high, whole = _LIMITS[name.split("_")[0]]
    wrong = [value for value in table.values if not low <= value <= high]
    if wrong:
        return f"{name} lies from {low:g} to {high:g}; got {wrong[0]:g}"
    step = table.step if isinstance(table, _RangeTable) else 1.0
    if whole and step is None:
        return f"{name} is made of whole numbers, so that its range needs a step, such as 1"
    wrong = [value for value in (*table.values, step or 0.0) if value != round(value)]
    return f"{name} is made of whole numbers; got {wrong[0]:g}" if whole and wrong else ""
