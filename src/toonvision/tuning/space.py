"""The space of networks that a search draws from, and how a draw becomes a network.

The published space (nosas, "Hyperparameter optimization: KerasTuner & TensorBoard", fars.io, 2022) has two blocks: 4 to
16 filters in steps of 4, kernels of 3 or 5 pixels, a pooling of 2 to 4 and one of 1 to 4 (1 does nothing), a dropout
from 0 to 0.9 in steps of 0.1; and a learning rate of 0.01, 0.001 or 0.0001. It trains up to 75 epochs with patience 3.

The compact space leaves open what docs/compact.md found to matter most: three narrow blocks, each with batch
normalisation, and a normalised copy of the image.

The detectors' space has no blocks: its networks are one network, with more or fewer filters, for larger or smaller
inputs, trained faster or slower, for longer or shorter.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from toonvision.models.layout import Block, Layout
from toonvision.models.registry import detector_name

if TYPE_CHECKING:
    import numpy as np
    import optuna

Draw = Mapping[str, float]
"""A value for each name of a space."""

_TOLERANCE, _MOST_STEPS = 1e-9, 10_000
WIDTH = "width"


@dataclass(frozen=True)
class Range:
    """Numbers between two ends.

    Attributes:
        low: The smallest.
        high: The largest.
        step: The distance from one value to the next; None for any real number between the ends.
        log: Whether the logarithm is drawn uniformly, not the value; only without a step.

    Raises:
        ValueError: If these contradict each other, with the rule.
    """

    low: float
    high: float
    step: float | None = None
    log: bool = False

    def __post_init__(self) -> None:
        """Check the rules."""
        if not self.low <= self.high:
            raise ValueError("low is at most high")
        if self.log and (self.step is not None or self.low <= 0):
            raise ValueError("log goes without a step, and above 0")
        if self.step is not None and self.step <= 0:
            raise ValueError("step is above 0")
        steps = (self.high - self.low) / self.step if self.step else 0.0
        if steps > _MOST_STEPS:
            raise ValueError(f"there are at most {_MOST_STEPS:,} steps from low to high")
        if self.step and step_value(self.low, self.step, round(steps)) != self.high:
            raise ValueError("high is low and some whole steps")

    @cached_property
    def steps(self) -> tuple[float, ...]:
        """All values in rising order; empty without a step."""
        if self.step is None:
            return ()
        count = round((self.high - self.low) / self.step) + 1
        return tuple(step_value(self.low, self.step, number) for number in range(count))


@dataclass(frozen=True)
class Choices:
    """Some numbers, in rising order."""

    values: tuple[float, ...]

    @property
    def low(self) -> float:
        """The smallest."""
        return self.values[0]

    @property
    def high(self) -> float:
        """The largest."""
        return self.values[-1]

    @property
    def log(self) -> bool:
        """Whether they spread over a factor of ten or more, so that their logarithms matter."""
        return self.low > 0 and self.high >= 10 * self.low

    @property
    def steps(self) -> tuple[float, ...]:
        """All values."""
        return self.values


Dimension = Range | Choices


def nearest(dimension: Dimension, value: float) -> float:
    """Return the value of a dimension that is closest to a number."""
    inside = min(dimension.high, max(dimension.low, value))
    return min(dimension.steps, key=lambda step: abs(value - step), default=inside)


def random_value(dimension: Dimension, rng: "np.random.Generator") -> float:
    """Draw a value of a dimension."""
    low, high, steps = dimension.low, dimension.high, dimension.steps
    if steps:
        return steps[int(rng.integers(len(steps)))]
    if dimension.log:
        return min(high, max(low, math.exp(rng.uniform(math.log(low), math.log(high)))))
    return float(rng.uniform(low, high))


@dataclass(frozen=True)
class Space:
    """What a search may vary.

    Attributes:
        dimensions: Name to the values that it may have. Each block, from 1, has ``filters_1``, ``kernel_1``,
            ``pool_1a``, ``pool_1b`` and ``dropout_1``, and may have ``norm_1`` (1 for batch normalisation, 0 for none);
            there is one ``learning_rate``, and may be ``copy`` (1 for a normalised copy of the image). A space of
            detectors has ``width`` (of the filters), ``learning_rate`` and ``epochs``, and may have ``shrink`` (the
            whole number by which screenshots are shrunk).
    """

    dimensions: Mapping[str, Dimension]

    @property
    def finds(self) -> bool:
        """Whether its networks find objects."""
        return WIDTH in self.dimensions

    @property
    def blocks(self) -> int:
        """How many blocks its networks have."""
        return sum(name.startswith("filters_") for name in self.dimensions)

    @property
    def varied(self) -> list[str]:
        """Names that have more than one value."""
        return [name for name, dimension in self.dimensions.items() if dimension.low < dimension.high]

    def network(self, draw: Draw) -> str:
        """Return the name of the network of a draw."""
        return detector_name(draw[WIDTH]) if self.finds else self.layout(draw).name

    def layout(self, draw: Draw) -> Layout:
        """Return the network of a draw of a space with blocks."""
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
        """Return the same for Optuna."""
        from optuna.distributions import CategoricalDistribution, FloatDistribution

        return {
            name: CategoricalDistribution(one.values)
            if isinstance(one, Choices)
            else FloatDistribution(one.low, one.high, step=one.step, log=one.log)
            for name, one in self.dimensions.items()
        }

    def suggest(self, trial: "optuna.Trial") -> Draw:
        """Return the values that were drawn for a trial; Optuna stores them."""
        return {
            name: float(trial.suggest_categorical(name, one.values))
            if isinstance(one, Choices)
            else trial.suggest_float(name, one.low, one.high, step=one.step, log=one.log)
            for name, one in self.dimensions.items()
        }

    def holds(self, draw: Draw) -> bool:
        """Return whether a draw lies in the space, apart from errors of rounding."""
        return draw.keys() == self.dimensions.keys() and all(
            math.isclose(value, nearest(self.dimensions[name], value), rel_tol=_TOLERANCE, abs_tol=_TOLERANCE**2)
            for name, value in draw.items()
        )

    def nearest(self, draw: Draw) -> Draw:
        """Return the draw of the space that is closest to a draw of the same names: without its rounding errors."""
        return {name: nearest(dimension, draw[name]) for name, dimension in self.dimensions.items()}


def published_space() -> Space:
    """Return the published space."""
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
    """Return the space of small networks with batch normalisation, for images of about 96 x 32 pixels."""
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


def detector_space(*, epochs: int, factors: Sequence[int] = ()) -> Space:
    """Return the space of detectors.

    Args:
        epochs: Most of a training; half of them are drawn, too.
        factors: The whole numbers by which screenshots can be shrunk; none where the input's size is not searched.
    """
    sizes: dict[str, Dimension] = {"shrink": Choices(tuple(map(float, factors)))} if factors else {}
    return Space({
        **sizes,
        WIDTH: Choices((0.5, 0.75, 1.0, 1.25)),
        "learning_rate": Range(2e-3, 2e-2, log=True),
        "epochs": Choices(tuple(sorted({float(max(1, epochs // 2)), float(epochs)}))),
    })  # fmt: skip


def tighten(space: Space, best: Sequence[Draw]) -> Space:
    """Narrow a space to what its best draws, at least one, span.

    Of a range the part from the smallest to the largest value drawn is left, of choices those that were drawn.
    """
    draws = [space.nearest(draw) for draw in best]
    narrow: dict[str, Dimension] = {}
    for name, one in space.dimensions.items():
        drawn = sorted({draw[name] for draw in draws})
        narrow[name] = Choices(tuple(drawn)) if isinstance(one, Choices) else replace(one, low=drawn[0], high=drawn[-1])
    return Space(narrow)


def step_value(low: float, step: float, number: int) -> float:
    """Return a step of a range, counted from 0, as a person would write it: 0.3 is the third tenth.

    Examples:
        >>> step_value(0.0, 0.1, 3), 0.0 + 0.1 * 3
        (0.3, 0.30000000000000004)
    """
    return float(Decimal(str(low)) + number * Decimal(str(step)))
