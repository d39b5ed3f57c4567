"""A network as plain steps and arrays: what it computes, without whatever built it.

Maps are described as ``(height, width, channels)``, weights lie as Keras keeps them. Numbers are float64, so that
folding steps into each other costs no accuracy.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Shape = tuple[int, ...]
"""Of one sample: ``(height, width, channels)`` of a map, ``(values,)`` of a row."""

Kind = Literal["max", "average"]
Edges = tuple[int, int, int, int]
"""Pixels added at the top, left, bottom and right."""

INPUT = "/"
"""What the pictures are called among the inputs of steps; no layer can have that name."""


@dataclass(frozen=True)
class Conv:
    """A convolution.

    Attributes:
        kernel: Shape ``(height, width, channels / groups, filters)``.
        bias: Shape ``(filters,)``.
        strides: Down and across.
        pads: Zeros around the map.
        dilations: Down and across.
        groups: Into how many parts the channels fall, each with its own filters.
    """

    kernel: Numbers
    bias: Numbers
    strides: tuple[int, int] = (1, 1)
    pads: Edges = (0, 0, 0, 0)
    dilations: tuple[int, int] = (1, 1)
    groups: int = 1


@dataclass(frozen=True)
class Pool:
    """The highest or the mean value of each window; what is added at the edges counts in neither."""

    kind: Kind
    size: tuple[int, int]
    strides: tuple[int, int]
    pads: Edges = (0, 0, 0, 0)

    @property
    def tiles(self) -> bool:
        """Whether windows lie side by side, without gaps or added edges."""
        return self.size == self.strides and not any(self.pads)


@dataclass(frozen=True)
class GlobalPool:
    """The highest or the mean value of each channel."""

    kind: Kind


@dataclass(frozen=True)
class Dense:
    """Weighted sums: a kernel of shape ``(values, units)`` and a bias of shape ``(units,)``."""

    kernel: Numbers
    bias: Numbers


@dataclass(frozen=True)
class Affine:
    """A factor and a term for each channel, shape ``(channels,)`` both: rescaling, or normalisation as learned."""

    scale: Numbers
    offset: Numbers


@dataclass(frozen=True)
class BesideNormalized:
    """A map beside a copy of it in which each channel of each picture has mean 0 and variance 1.

    Attributes:
        epsilon: Added to the variance.
    """

    epsilon: float


@dataclass(frozen=True)
class Activation:
    """A function of each value; softmax is one of each row.

    Attributes:
        name: Which one.
        highest: Where ``relu`` ends; infinite where it does not.
    """

    name: Literal["relu", "sigmoid", "tanh", "silu", "hard_silu", "softmax"]
    highest: float = math.inf

    @property
    def rises(self) -> bool:
        """Whether it keeps the order of values, so that the highest one stays the highest."""
        return self.name in {"relu", "sigmoid", "tanh"}


@dataclass(frozen=True)
class Flatten:
    """A map becomes a row.

    Attributes:
        channels_first: Whether values come channel after channel, which what follows must expect; else they come pixel
            after pixel, as in Keras.
    """

    channels_first: bool = False


@dataclass(frozen=True)
class Join:
    """Several inputs become one: added up, or channels after channels."""

    how: Literal["add", "concatenate"]


Operation = Conv | Pool | GlobalPool | Dense | Affine | BesideNormalized | Activation | Flatten | Join


@dataclass(frozen=True)
class Step:
    """One operation of a network.

    Attributes:
        name: Unique among the steps.
        operation: What is done.
        inputs: Names of earlier steps, or `INPUT`.
        shape: What comes out, for one sample.
    """

    name: str
    operation: Operation
    inputs: tuple[str, ...]
    shape: Shape


@dataclass(frozen=True)
class Graph:
    """A network from pictures to one output.

    Attributes:
        input_shape: Height, width and 3.
        steps: In an order in which they can be computed; the last one is the output.
    """

    input_shape: tuple[int, int, int]
    steps: tuple[Step, ...]
    by_name: Mapping[str, Step] = field(init=False, repr=False, compare=False)
    users: Mapping[str, tuple[Step, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        users: dict[str, tuple[Step, ...]] = {}
        for step in self.steps:
            for name in step.inputs:
                users[name] = (*users.get(name, ()), step)
        object.__setattr__(self, "by_name", {step.name: step for step in self.steps})
        object.__setattr__(self, "users", users)

    def shape_of(self, name: str) -> Shape:
        """Give the shape of a step's output, or of the input."""
        return self.input_shape if name == INPUT else self.by_name[name].shape

    def before(self, step: Step) -> Step | None:
        """Give the step whose output only this one uses; None where there is none such, or there are several."""
        if len(step.inputs) != 1 or step.inputs[0] == INPUT or len(self.users[step.inputs[0]]) > 1:
            return None
        return self.by_name[step.inputs[0]]


def same_pads(size_hw: tuple[int, int], window: tuple[int, int], strides: tuple[int, int]) -> Edges:
    """Give the edges that TensorFlow's ``same`` padding adds: the lower and right one is the larger.

    Args:
        size_hw: Height and width of the map.
        window: Height and width of the filter or pooling, dilated.
        strides: Down and across.

    Examples:
        >>> same_pads((10, 7), (3, 3), (1, 2))
        (1, 1, 1, 1)
        >>> same_pads((10, 8), (4, 3), (1, 2))
        (1, 0, 2, 1)
    """
    missing = [
        max(0, (math.ceil(size / stride) - 1) * stride + reach - size)
        for size, reach, stride in zip(size_hw, window, strides, strict=True)
    ]
    (top, left), (bottom, right) = [m // 2 for m in missing], [m - m // 2 for m in missing]
    return top, left, bottom, right
