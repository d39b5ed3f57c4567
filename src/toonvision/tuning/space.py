"""The space of networks that a search draws from, and how a draw becomes a network and its settings.

The published space (nosas, "Hyperparameter optimization: KerasTuner & TensorBoard", fars.io, 2022) has two blocks: 4 to
16 filters in steps of 4, kernels of 3 or 5 pixels, a pooling of 2 to 4 and one of 1 to 4 (1 does nothing), a dropout
from 0 to 0.9 in tenths; and a learning rate of 0.01, 0.001 or 0.0001. It trains up to 75 epochs with patience 3.

The other one is what docs/compact.md found to be worth most, left open to the search: three narrow blocks, each
normalised by batch, and a normalised copy of the picture.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from toonvision.models.layout import Block, Layout

if TYPE_CHECKING:
    import optuna

Draw = Mapping[str, float]
"""A value for each name of a space."""

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
