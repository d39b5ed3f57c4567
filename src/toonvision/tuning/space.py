"""The space of networks that a search draws from, and how a draw becomes a network and its settings.

The published space (nosas, "Hyperparameter optimization: KerasTuner & TensorBoard", fars.io, 2022) has two blocks: 4 to
16 filters in steps of 4, kernels of 3 or 5 pixels, a pooling of 2 to 4 and one of 1 to 4 (1 does nothing), a dropout
from 0 to 0.9 in tenths; and a learning rate of 0.01, 0.001 or 0.0001. It trains up to 75 epochs with patience 3.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, RootModel, model_validator

from toonvision.core.errors import InputRejectedError
from toonvision.core.settings import read_settings
from toonvision.models.layout import LARGEST_KERNEL, LARGEST_POOL, MOST_BLOCKS, MOST_FILTERS, Block, Layout

if TYPE_CHECKING:
    import optuna

Draw = Mapping[str, float]
"""A value for each name of a space."""

_MOST_PARTS = 1000
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
            ``pool_1a``, ``pool_1b`` and ``dropout_1``; there is one ``learning_rate``.
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
                )
                for n in range(1, self.blocks + 1)
            )
        )

    def distributions(self) -> "dict[str, optuna.distributions.BaseDistribution]":
        """Give the same for Optuna."""
        return {name: _distribution(dimension) for name, dimension in self.dimensions.items()}

    def holds(self, draw: Draw) -> bool:
        """Tell whether a draw lies in the space."""
        return draw.keys() == self.dimensions.keys() and all(
            _within(value, self.dimensions[name]) for name, value in draw.items()
        )


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


def read_space(path: Path) -> Space:
    """Read a space from TOML; what the file does not name is as published.

    Args:
        path: A file of lines such as ``filters_1 = { low = 4, high = 16, step = 4 }``, ``kernel_1 = [3, 5]`` or
            ``learning_rate = 0.001``. It has as many blocks as its highest number says, 2 by default.

    Raises:
        InputRejectedError: If it is no such file, with the line and the rule.
    """
    given = read_settings(path, _SpaceTable).root
    blocks = max((int(name.split("_")[1].rstrip("ab")) for name in given if name != "learning_rate"), default=2)
    published = published_space().dimensions
    made: dict[str, Dimension] = {}
    for name in _names(blocks):
        usual = published[name.replace(str(_number(name)), "2") if _number(name) > 2 else name]
        made[name] = given[name].dimension() if name in given else usual
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
    return Space(
        {name: _narrowed(dimension, [draw[name] for draw in best]) for name, dimension in space.dimensions.items()}
    )


def _narrowed(dimension: Dimension, drawn: Iterable[float]) -> Dimension:
    kept = sorted(set(drawn))
    if isinstance(dimension, Choices):
        return Choices(tuple(kept))
    return Range(kept[0], kept[-1], dimension.step, dimension.log)


def _within(value: float, dimension: Dimension) -> bool:
    if isinstance(dimension, Choices):
        return any(abs(value - one) <= _TOLERANCE for one in dimension.values)
    return dimension.low - _TOLERANCE <= value <= dimension.high + _TOLERANCE


def _distribution(dimension: Dimension) -> "optuna.distributions.BaseDistribution":
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    if isinstance(dimension, Choices):
        return CategoricalDistribution(dimension.values)
    return FloatDistribution(dimension.low, dimension.high, step=dimension.step, log=dimension.log)


def _least(dimension: Dimension) -> float:
    return dimension.values[0] if isinstance(dimension, Choices) else dimension.low


def _names(blocks: int) -> list[str]:
    parts = ("filters_{}", "kernel_{}", "pool_{}a", "pool_{}b", "dropout_{}")
    return [part.format(n) for n in range(1, blocks + 1) for part in parts] + ["learning_rate"]


def _number(name: str) -> int:
    return 0 if name == "learning_rate" else int(name.split("_")[1].rstrip("ab"))


def _toml(dimension: Dimension) -> str:
    if isinstance(dimension, Choices):
        return json.dumps(list(dimension.values))
    step = f", step = {dimension.step:g}" if dimension.step else ""
    return f"{{ low = {dimension.low:g}, high = {dimension.high:g}{step}{', log = true' if dimension.log else ''} }}"


_LIMITS: Mapping[str, tuple[float, float, bool]] = {
    "filters": (1, MOST_FILTERS, True),
    "kernel": (1, LARGEST_KERNEL, True),
    "pool": (1, LARGEST_POOL, True),
    "dropout": (0.0, 0.95, False),
    "learning": (1e-7, 1.0, False),
}


class _RangeTable(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    low: float
    high: float
    step: Annotated[float, Field(gt=0)] | None = None
    log: bool = False

    @model_validator(mode="after")
    def _sound(self) -> "_RangeTable":
        if not self.low <= self.high:
            raise ValueError("low is at most high")
        if self.log and (self.step is not None or self.low <= 0):
            raise ValueError("log goes without a step, and above 0")
        steps = (self.high - self.low) / (self.step or 1)
        if self.step is not None and abs(steps - round(steps)) > _TOLERANCE:
            raise ValueError("high is low and some whole steps")
        return self

    @property
    def values(self) -> tuple[float, ...]:
        return (self.low, self.high, *(() if self.step is None else (self.step,)))

    def dimension(self) -> Dimension:
        return Range(self.low, self.high, self.step, self.log)


class _ChoicesTable(RootModel[Annotated[list[float], Field(min_length=1, max_length=50)] | float]):
    @property
    def values(self) -> tuple[float, ...]:
        return tuple(sorted(set(self.root))) if isinstance(self.root, list) else (self.root,)

    def dimension(self) -> Dimension:
        return Choices(self.values)


class _SpaceTable(RootModel[dict[str, _RangeTable | _ChoicesTable]]):
    @model_validator(mode="after")
    def _known(self) -> "_SpaceTable":
        known = _names(MOST_BLOCKS)
        for name, table in self.root.items():
            if name not in known:
                raise ValueError(f"{name} is none of filters_N, kernel_N, pool_Na, pool_Nb, dropout_N, learning_rate")
            low, high, whole = _LIMITS[name.split("_")[0]]
            ends = table.values[:2] if isinstance(table, _RangeTable) else table.values
            if not all(low <= value <= high for value in ends):
                raise ValueError(f"{name} lies from {low:g} to {high:g}")
            if whole and any(value != round(value) for value in table.values):
                raise ValueError(f"{name} is whole numbers")
            if whole and isinstance(table, _RangeTable) and table.step is None:
                raise ValueError(f"{name} needs a step, such as 1")
        return self
