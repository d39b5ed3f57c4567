"""What the filters of a network look for: the first ones' weights, and pictures that excite the deeper ones.

Source:
    Erhan et al., "Visualizing Higher-Layer Features of a Deep Network", 2009: ascent from noise to what a unit
    answers to most.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from toonvision.core.errors import UsageError
from toonvision.core.seeds import generator
from toonvision.data.arrays import Pictures
from toonvision.explain.activations import Layer, kind_of
from toonvision.taxonomy.labels import did_you_mean

if TYPE_CHECKING:
    import keras

Values = npt.NDArray[np.float32]

_NOISE, _STRIDE, _CALM, _BLUR = 0.1, 0.03, 0.02, np.float32(0.3)
"""Shares: of a pixel's range, how far the noise strays from grey and how far a step goes; how much of its distance from
grey and from its neighbours a pixel loses at each step, so that pixels that do not matter end up grey and smooth."""


def first_filters(model: "keras.Model") -> Values:
    """Give the weights of the first convolution as small RGB pictures.

    Args:
        model: A network whose first convolution reads the picture's three channels, or those beside a copy of them.

    Returns:
        Shape ``(height, width, 3, filters)``, float32, 0 to 1: each filter is scaled by its own largest weight, and 0.5
        is a weight of 0. The weights of a copy stand to the right of the others, which makes it twice as wide.

    Raises:
        UsageError: If its first convolution reads anything else.
    """
    import keras

    found = convolutions(model)
    if not found or not isinstance(found[0], keras.layers.Conv2D) or found[0].kernel.shape[2] not in {3, 6}:
        raise UsageError(f"{model.name}: its first convolution does not read the picture; there is no RGB to show.")
    kernel = np.asarray(keras.ops.convert_to_numpy(found[0].kernel), dtype=np.float32)
    if kernel.shape[2] == 6:
        kernel = np.concatenate([kernel[:, :, :3], kernel[:, :, 3:]], axis=1)
    largest = np.maximum(np.abs(kernel).max((0, 1, 2)), np.finfo(np.float32).tiny)
    pictures: Values = kernel / (2 * largest) + np.float32(0.5)
    return pictures


def convolutions(model: "keras.Model") -> list[Layer]:
    """Give the convolutions of a network, first to last."""
    return [layer for layer in model.layers if kind_of(layer) == "convolution"]


def ascent(
    model: "keras.Model", layer: str, filters: Sequence[int], *, seed: int, steps: int = 60, side: int = 48
) -> Pictures:
    """Climb from noise to pictures that filters of a convolution answer to most, on average over all places.

    A filter is judged before its activation function, as one that is silent on noise would give no direction.

    Args:
        model: A network in which layers that read one other each lead from a `Rescaling` to the convolution.
        layer: The convolution.
        filters: Which of its filters, from 0.
        seed: Decides the noise; each filter has its own, whatever others are asked for.
        steps: How often to step towards more; 0 gives the noise.
        side: Height and width of the pictures in pixels; a filter sees far less than a whole picture.

    Returns:
        Shape ``(filters, side, side, 3)``, uint8, 0 to 255.

    Raises:
        UsageError: If there is no such convolution or filter, or the way to it is no chain of layers.
    """
    place, rescaling, excite = _excited(model, layer, filters)
    pixels = np.stack([_noise(seed, place, number, side) for number in filters]) if filters else _no_pixels(side)
    from toonvision.explain.gradients import column_gradients

    for _ in range(steps if filters else 0):
        (gradient,) = column_gradients(excite, pixels * np.float32(255 * rescaling.scale) + rescaling.offset, [0])
        sizes = np.sqrt((gradient**2).mean((1, 2, 3), keepdims=True)) + np.finfo(np.float32).tiny
        pixels = _smoothed(pixels + _STRIDE * gradient / sizes - _CALM * (pixels - 0.5))
        np.clip(pixels, 0, 1, out=pixels)
    return np.asarray(np.rint(pixels * 255), dtype=np.uint8)


def answers(model: "keras.Model", layer: str, filters: Sequence[int], pictures: Pictures) -> Values:
    """Measure how much filters of a convolution answer to a picture each: what `ascent` makes large.

    Args:
        model: A network in which layers that read one other each lead from a `Rescaling` to the convolution.
        layer: The convolution.
        filters: Which of its filters, from 0.
        pictures: One a filter, shape ``(filters, height, width, 3)``, 0 to 255.

    Returns:
        The mean answer over all places, before the activation function: shape ``(filters,)``, float32, unbounded.

    Raises:
        UsageError: If there is no such convolution or filter, or the way to it is no chain of layers.
    """
    import keras

    _, rescaling, excite = _excited(model, layer, filters)
    values = excite(pictures.astype(np.float32) * np.float32(rescaling.scale) + np.float32(rescaling.offset))
    return np.asarray(keras.ops.convert_to_numpy(values), dtype=np.float32)[:, 0]


def _excited(model: "keras.Model", name: str, filters: Sequence[int]) -> tuple[int, Layer, Callable[[Any], Any]]:
    """Give a convolution's place, the rescaling, and from rescaled pictures how much each excites its own filter."""
    place, target = _find(model, name)
    count = target.output.shape[-1]
    if not all(0 <= number < count for number in filters):
        raise UsageError(f"{name} has the filters 0 to {count - 1}; got {', '.join(map(str, filters))}.")
    rescaling, between = _way(model, target)
    return place, rescaling, _excitement(between, target, filters)


def _find(model: "keras.Model", name: str) -> tuple[int, Layer]:
    found = {layer.name: (place, layer) for place, layer in enumerate(convolutions(model))}
    if name not in found:
        raise UsageError(f"a convolution is one of {', '.join(found)}; got {name!r}.{did_you_mean(name, found)}")
    return found[name]


def _way(model: "keras.Model", target: Layer) -> tuple[Layer, list[Layer]]:
    """Give the rescaling, from whose output on a picture is made of real numbers, and what lies before the target."""
    import keras

    giving = {id(layer.output): layer for layer in model.layers}
    way: list[Layer] = [target]
    while not isinstance(way[0], keras.layers.Rescaling):
        before = giving.get(id(way[0].input))
        if before is None or before is way[0]:
            raise UsageError(f"{model.name}: filters are shown of networks whose layers follow a Rescaling one by one.")
        way.insert(0, before)
    return way[0], way[1:-1]


def _excitement(between: Sequence[Layer], target: Layer, filters: Sequence[int]) -> Callable[[Any], Any]:
    """Give the function from rescaled pictures, one a filter, to how much each excites its own filter."""
    import keras

    silent = type(target).from_config({**target.get_config(), "activation": "linear"})
    silent.build(target.input.shape)
    silent.set_weights(target.get_weights())
    own = np.eye(target.output.shape[-1], dtype=np.float32)[list(filters)]

    def excite(values: Any) -> Any:
        for layer in between:
            values = layer(values, training=False)
        means = keras.ops.mean(silent(values), axis=(1, 2))
        return keras.ops.sum(means * own, axis=1, keepdims=True)

    return excite


def _smoothed(pixels: Values) -> Values:
    """Mix each pixel a little with its neighbours, which keeps ascent from the speckle that poolings invite."""
    padded = np.pad(pixels, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    across = padded[:, :, :-2] + 2 * padded[:, :, 1:-1] + padded[:, :, 2:]
    blurred: Values = (across[:, :-2] + 2 * across[:, 1:-1] + across[:, 2:]) / np.float32(16)
    return pixels + _BLUR * (blurred - pixels)


def _noise(seed: int, place: int, number: int, side: int) -> Values:
    noise = generator(seed, "ascent", place, number).normal(0.5, _NOISE, (side, side, 3))
    return np.clip(noise, 0, 1).astype(np.float32)


def _no_pixels(side: int) -> Values:
    return np.zeros((0, side, side, 3), np.float32)
