"""The space of networks that a search draws from, and how a draw becomes a network and its settings.

The published space (nosas, "Hyperparameter optimization: KerasTuner & TensorBoard", fars.io, 2022) has two blocks: 4 to
16 filters in steps of 4, kernels of 3 or 5 pixels, a pooling of 2 to 4 and one of 1 to 4 (1 does nothing), a dropout
from 0 to 0.9 in tenths; and a learning rate of 0.01, 0.001 or 0.0001. It trains up to 75 epochs with patience 3.

The other one is what docs/compact.md found to be worth most, left open to the search: three narrow blocks, each
normalised by batch, and a normalised copy of the picture.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Discriminator, Field, RootModel, Tag, model_validator

from toonvision.core.errors import InputRejectedError
from toonvision.core.settings import line_of, read_settings
from toonvision.models.layout import LARGEST_KERNEL, LARGEST_POOL, MOST_BLOCKS, MOST_FILTERS, Block, Layout

if TYPE_CHECKING:
    import optuna

Draw = Mapping[str, float]
"""A value for each name of a space."""

_MOST_PARTS, _MOST_STEPS = 1000, 10_000
_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Range:
    """Numbers between two ends.

    Attributes:
        low: The least.
        high: The greatest.
        step: The distance of one value from the next; None for any real number between the ends.
        log: Whether orders of magnitude, rather than values, are equally likely; only without a step.
    """

    low: float
    high: float
    step: float | None = None
    log: bool = False


@dataclass(frozen=True)
class Choices:
    """Some numbers, in rising order."""

    values: tuple[float, ...]


Dimension = Range | Choices


@dataclass(frozen=True)
class Space:
    """What a search may vary.

    Attributes:
        dimensions: Name to the values that it may have. Each block, from 1, has ``filters_1``, ``kernel_1``,
            ``pool_1a``, ``pool_1b`` and ``dropout_1``, and may have ``norm_1`` (1 to normalise it by batch, 0 not to);
            there is one ``learning_rate``, and may be ``copy`` (1 for a normalised copy of the picture).
    """

    dimensions: Mapping[str, Dimension]

    @property
    def blocks(self) -> int:
        """How many blocks its networks have."""
        return sum(name.startswith("filters_") for name in self.dimensions)

    def layout(self, draw: Draw) -> Layout:
        """Give the network of a draw."""
        return Layout(
            tuple(
                Block(
                    filters=round(draw[f"filters_{n}"]),
                    kernel=round(draw[f"kernel_{n}"]),
                    pools=(round(draw[f"pool_{n}a"]), round(draw[f"pool_{n}b"])),
                    dropout=draw[f"dropout_{n}"],
                    normalized=bool(draw.get(f"norm_{n}", 0)),
                )
                for n in range(1, self.blocks + 1)
            ),
            with_copy=bool(draw.get("copy", 0)),
        )

    def distributions(self) -> "dict[str, optuna.distributions.BaseDistribution]":
        """Give the same for Optuna."""
        return {name: _distribution(dimension) for name, dimension in self.dimensions.items()}

    def holds(self, draw: Draw) -> bool:
        """Tell whether a draw lies in the space, but for errors of rounding."""
        return draw.keys() == self.dimensions.keys() and all(
            math.isclose(value, _nearest(value, self.dimensions[name]), rel_tol=_TOLERANCE, abs_tol=_TOLERANCE**2)
            for name, value in draw.items()
        )

    def nearest(self, draw: Draw) -> Draw:
        """Give the draw of the space that lies next to a draw of the same names: the same without its rounding."""
        return {name: _nearest(draw[name], dimension) for name, dimension in self.dimensions.items()}


def published_space() -> Space:
    """Give the published space."""
    block: dict[str, Dimension] = {
        "filters_{}": Range(4, 16, 4),
        "kernel_{}": Choices((3, 5)),
        "pool_{}a": Range(2, 4, 1),
        "pool_{}b": Range(1, 4, 1),
        "dropout_{}": Range(0.0, 0.9, 0.1),
    }
    blocks = {name.format(n): dimension for n in (1, 2) for name, dimension in block.items()}
    return Space({**blocks, "learning_rate": Choices((1e-4, 1e-3, 1e-2))})


def compact_space() -> Space:
    """Give the space of small networks that are normalised, for pictures of about 96 x 32."""
    made: dict[str, Dimension] = {}
    for n in (1, 2, 3):
        made |= {
            f"filters_{n}": Range(8, 24, 4),
            f"kernel_{n}": Choices((3, 5)) if n == 1 else Choices((3,)),
            f"pool_{n}a": Range(2, 4, 1),
            f"pool_{n}b": Range(1, 4, 1) if n == 3 else Choices((1,)),
            f"dropout_{n}": Range(0.0, 0.2, 0.1),
            f"norm_{n}": Choices((1,)),
        }
    return Space({**made, "copy": Choices((0, 1)), "learning_rate": Range(1e-3, 1e-2, log=True)})


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


def tighten(space: Space, best: Sequence[Draw]) -> Space:
    """Narrow a space to what its best draws span.

    Args:
        space: What was searched.
        best: Draws of it, at least one.

    Returns:
        For ranges the part from the least to the greatest value drawn, for choices those that were drawn.
    """
    draws = [space.nearest(draw) for draw in best]
    return Space(
        {name: _narrowed(dimension, [draw[name] for draw in draws]) for name, dimension in space.dimensions.items()}
    )


def step_value(low: float, step: float, number: int) -> float:
    """Give a step of a range, counted from 0, as a person would write it: 0.3 is the third tenth.

    Examples:
        >>> step_value(0.0, 0.1, 3), 0.0 + 0.1 * 3
        (0.3, 0.30000000000000004)
    """
    return float(Decimal(str(low)) + number * Decimal(str(step)))


def _narrowed(dimension: Dimension, drawn: Iterable[float]) -> Dimension:
    kept = sorted(set(drawn))
    if isinstance(dimension, Choices):
        return Choices(tuple(kept))
    return Range(kept[0], kept[-1], dimension.step, dimension.log)


def _nearest(value: float, dimension: Dimension) -> float:
    if isinstance(dimension, Choices):
        return min(dimension.values, key=lambda one: abs(value - one))
    inside = min(dimension.high, max(dimension.low, value))
    if dimension.step is None:
        return inside
    number = round((inside - dimension.low) / dimension.step)
    return min(dimension.high, step_value(dimension.low, dimension.step, number))


def _distribution(dimension: Dimension) -> "optuna.distributions.BaseDistribution":
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    if isinstance(dimension, Choices):
        return CategoricalDistribution(dimension.values)
    return FloatDistribution(dimension.low, dimension.high, step=dimension.step, log=dimension.log)


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
