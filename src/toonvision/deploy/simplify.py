"""The same function in fewer steps: factors go into weights, poolings are merged, relu follows pooling.

Every rule is an identity of real numbers, so that only rounding changes. They are applied until none fits any more:

- Two poolings in a row of windows that tile are one, with windows of their product; what the first leaves out at the
  lower and right edges, their product leaves out too (``floor(floor(n / a) / b) == floor(n / (a b))``).
- A function that rises keeps the order of values, so that it can follow max pooling instead of preceding it.
- A factor and a term for each channel follow mean pooling as well as they precede it, and max pooling where no factor
  is negative. After a convolution or dense layer they go into its weights; before one too, unless zeros are added at
  the edges, to which the term would have to be added.
- Pixels that are flattened before a dense layer need not be put in Keras' order if the layer's rows are.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from toonvision.deploy.graph import (
    Activation,
    Affine,
    Conv,
    Dense,
    Flatten,
    GlobalPool,
    Graph,
    Numbers,
    Pool,
    Step,
)

Rule = Callable[[Graph, Step, Step], "Sequence[Step] | None"]
"""Takes a step and the one before it, whose output nothing else uses; gives what replaces both, or None."""


def simplify(graph: Graph) -> Graph:
    """Give the same network in fewer, cheaper steps."""
    while (better := _improved(graph)) is not None:
        graph = better
    return graph


def _improved(graph: Graph) -> Graph | None:
    for step in graph.steps:
        before = graph.before(step)
        if before is None:
            continue
        for rule in _RULES:
            found = rule(graph, before, step)
            if found is not None:
                return _replaced(graph, before, step, found)
    return None


def _replaced(graph: Graph, first: Step, second: Step, new: Sequence[Step]) -> Graph:
    """Put steps in the place of two; the last of them has the second one's name, by which its users know it."""
    steps: list[Step] = []
    for step in graph.steps:
        if step is second:
            steps += new
        elif step is not first:
            steps.append(step)
    return Graph(graph.input_shape, tuple(steps))


def _swapped(first: Step, second: Step) -> tuple[Step, Step]:
    """Let the second operation come before the first, which is one of single values and changes no shape."""
    early = replace(second, name=first.name, inputs=first.inputs)
    late = replace(first, name=second.name, inputs=(first.name,), shape=second.shape)
    return early, late


def _merge_pools(_graph: Graph, first: Step, second: Step) -> Sequence[Step] | None:
    a, b = first.operation, second.operation
    if not (isinstance(a, Pool) and isinstance(b, Pool) and a.kind == b.kind and a.tiles and b.tiles):
        return None
    size = a.size[0] * b.size[0], a.size[1] * b.size[1]
    return [replace(second, operation=Pool(a.kind, size, size), inputs=first.inputs)]


def _activate_after_max(_graph: Graph, first: Step, second: Step) -> Sequence[Step] | None:
    a, b = first.operation, second.operation
    if isinstance(a, Activation) and a.rises and isinstance(b, Pool) and b.kind == "max":
        return _swapped(first, second)
    return None


def _merge_affine(_graph: Graph, first: Step, second: Step) -> Sequence[Step] | None:
    a, b = first.operation, second.operation
    if not (isinstance(a, Affine) and isinstance(b, Affine)):
        return None
    both = Affine(a.scale * b.scale, a.offset * b.scale + b.offset)
    return [replace(second, operation=both, inputs=first.inputs)]


def _affine_into_weights_before(_graph: Graph, first: Step, second: Step) -> Sequence[Step] | None:
    a, b = first.operation, second.operation
    if not (isinstance(a, Conv | Dense) and isinstance(b, Affine)):
        return None
    # Filters and units are the last axis of both kernels.
    scaled = replace(a, kernel=a.kernel * b.scale, bias=a.bias * b.scale + b.offset)
    return [replace(second, operation=scaled, inputs=first.inputs)]


def _affine_into_weights_after(_graph: Graph, first: Step, second: Step) -> Sequence[Step] | None:
    a, b = first.operation, second.operation
    if not isinstance(a, Affine):
        return None
    if isinstance(b, Dense):
        dense = Dense(b.kernel * a.scale[:, None], b.bias + a.offset @ b.kernel)
        return [replace(second, operation=dense, inputs=first.inputs)]
    if isinstance(b, Conv) and not (any(b.pads) and a.offset.any()):
        scale, offset = _seen_by_filters(a.scale, b), _seen_by_filters(a.offset, b)
        conv = replace(b, kernel=b.kernel * scale, bias=b.bias + (b.kernel * offset).sum(axis=(0, 1, 2)))
        return [replace(second, operation=conv, inputs=first.inputs)]
    return None


def _seen_by_filters(values: Numbers, conv: Conv) -> Numbers:
    """Give the values of the channels that each filter sees, shape ``(channels / groups, filters)``."""
    by_group = values.reshape(conv.groups, -1)
    return np.repeat(by_group, conv.kernel.shape[3] // conv.groups, axis=0).T


def _affine_before_pool(graph: Graph, first: Step, second: Step) -> Sequence[Step] | None:
    """Bring what follows a pooled convolution to the convolution."""
    a, b = first.operation, second.operation
    if not (isinstance(a, Pool) and isinstance(b, Affine) and _passes(b, a)):
        return None
    source = graph.before(first)
    if source is None or not isinstance(source.operation, Conv):
        return None
    early = replace(second, name=first.name, inputs=first.inputs, shape=source.shape)
    return early, replace(first, name=second.name, inputs=(first.name,))


def _affine_after_pool(_graph: Graph, first: Step, second: Step) -> Sequence[Step] | None:
    a, b = first.operation, second.operation
    if not (isinstance(a, Affine) and isinstance(b, Pool | GlobalPool) and _passes(a, b)):
        return None
    return _swapped(first, second)


def _passes(affine: Affine, pool: Pool | GlobalPool) -> bool:
    return pool.kind == "average" or bool((affine.scale >= 0).all())


def _affine_after_flatten(graph: Graph, first: Step, second: Step) -> Sequence[Step] | None:
    a, b = first.operation, second.operation
    if not (isinstance(a, Affine) and isinstance(b, Flatten) and not b.channels_first):
        return None
    height, width, _ = graph.shape_of(first.inputs[0])
    tiled = Affine(np.tile(a.scale, height * width), np.tile(a.offset, height * width))
    early, late = _swapped(first, second)
    return early, replace(late, operation=tiled)


def _flatten_channels_first(graph: Graph, first: Step, second: Step) -> Sequence[Step] | None:
    a, b = first.operation, second.operation
    if not (isinstance(a, Flatten) and not a.channels_first and isinstance(b, Dense)):
        return None
    shape = graph.shape_of(first.inputs[0])
    rows = b.kernel.reshape(*shape, -1).transpose(2, 0, 1, 3).reshape(b.kernel.shape)
    return [replace(first, operation=Flatten(channels_first=True)), replace(second, operation=Dense(rows, b.bias))]


_RULES: Sequence[Rule] = (
    _merge_pools,
    _activate_after_max,
    _merge_affine,
    _affine_into_weights_before,
    _affine_into_weights_after,
    _affine_before_pool,
    _affine_after_pool,
    _affine_after_flatten,
    _flatten_channels_first,
)
