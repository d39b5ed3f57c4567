"""What the filters of a network look for: the first ones' weights, and images that excite the deeper ones.

Source:
    Erhan et al., "Visualizing Higher-Layer Features of a Deep Network", 2009: gradient ascent from noise to what a unit
    responds to most.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from toonvision.core.errors import UsageError
from toonvision.core.seeds import generator
from toonvision.data.images import Pictures
from toonvision.explain.activations import Values, kind_of
from toonvision.models.features import Layer
from toonvision.taxonomy.labels import require_known

if TYPE_CHECKING:
    import keras


_NOISE, _STRIDE, _CALM, _BLUR = 0.1, 0.03, 0.02, np.float32(0.3)
"""As shares of a pixel's range: standard deviation of the noise around grey, and size of a step. As shares of a pixel's
distance from grey and from its neighbours: what it loses at each step, so that pixels that do not matter end up grey
and smooth."""


def first_filters(model: "keras.Model") -> Values:
    """Return the weights of the first convolution as small RGB images.

    Args:
        model: A network whose first convolution reads the image's three channels, or those and a copy of them.

    Returns:
        Shape ``(height, width, 3, filters)``, float32, 0 to 1: each filter is scaled by its own largest weight, and 0.5
        is a weight of 0. The weights of a copy stand to the right of the others, which makes it twice as wide.

    Raises:
        UsageError: If its first convolution reads anything else.
    """
    import keras

    found = convolutions(model)
    if not found or not isinstance(found[0], keras.layers.Conv2D) or found[0].kernel.shape[2] not in {3, 6}:
        raise UsageError(f"{model.name}: its first convolution does not read the image; there is no RGB to show.")
    kernel = np.asarray(keras.ops.convert_to_numpy(found[0].kernel), dtype=np.float32)
    if kernel.shape[2] == 6:
        kernel = np.concatenate([kernel[:, :, :3], kernel[:, :, 3:]], axis=1)
    largest = np.maximum(np.abs(kernel).max((0, 1, 2)), np.finfo(np.float32).tiny)
    images: Values = kernel / (2 * largest) + np.float32(0.5)
    return images


def convolutions(model: "keras.Model") -> list[Layer]:
    """Return the convolutions of a network, first to last."""
    return [layer for layer in model.layers if kind_of(layer) == "convolution"]


def ascent(
    model: "keras.Model", layer: str, filters: Sequence[int], *, seed: int, steps: int = 60, side: int = 48
) -> Pictures:
    """Climb from noise to images that filters of a convolution respond to most, on average over all cells.

    The response is measured before the activation function: a filter that is 0 on noise would have no gradient.

    Args:
        model: A network in which a chain of layers leads from a `Rescaling` to the convolution.
        layer: The convolution.
        filters: Which of its filters, from 0.
        seed: Decides the noise; each filter has its own, whatever others are asked for.
        steps: Number of steps of the ascent; 0 returns the noise.
        side: Height and width of the images in pixels; a filter sees far less than a whole image.

    Returns:
        Shape ``(filters, side, side, 3)``, uint8, 0 to 255.

    Raises:
        UsageError: If there is no such convolution or filter, or no chain of layers leads to it.
    """
    from toonvision.explain.gradients import column_gradients

    index, rescaling, excite = _excited(model, layer, filters)
    pixels = np.zeros((len(filters), side, side, 3), np.float32)
    for row, number in zip(pixels, filters, strict=True):
        row[:] = generator(seed, "ascent", index, number).normal(0.5, _NOISE, row.shape).clip(0, 1)
    for _ in range(steps if filters else 0):
        (gradient,) = column_gradients(excite, pixels * np.float32(255 * rescaling.scale) + rescaling.offset, [0])
        sizes = np.sqrt((gradient**2).mean((1, 2, 3), keepdims=True)) + np.finfo(np.float32).tiny
        pixels = _smoothed(pixels + _STRIDE * gradient / sizes - _CALM * (pixels - 0.5))
        np.clip(pixels, 0, 1, out=pixels)
    return np.asarray(np.rint(pixels * 255), dtype=np.uint8)


def responses(model: "keras.Model", layer: str, filters: Sequence[int], images: Pictures) -> Values:
    """Return how strongly each filter of a convolution responds to its own image, which `ascent` makes large.

    The arguments and errors are those of `ascent`; of the images there is one for each filter, shape
    ``(filters, height, width, 3)``, 0 to 255.

    Returns:
        The mean response over all cells, before the activation function: shape ``(filters,)``, float32, unbounded.
    """
    import keras

    _, rescaling, excite = _excited(model, layer, filters)
    values = excite(images.astype(np.float32) * np.float32(rescaling.scale) + np.float32(rescaling.offset))
    return np.asarray(keras.ops.convert_to_numpy(values), dtype=np.float32)[:, 0]


def _excited(model: "keras.Model", name: str, filters: Sequence[int]) -> tuple[int, Layer, Callable[[Any], Any]]:
    """Return a convolution's index, the rescaling, and how strongly each rescaled image excites its own filter."""
    import keras

    found = {layer.name: (index, layer) for index, layer in enumerate(convolutions(model))}
    require_known("a convolution", name, found)
    index, target = found[name]
    count = target.output.shape[-1]
    if not all(0 <= number < count for number in filters):
        raise UsageError(f"{name} has the filters 0 to {count - 1}; got {', '.join(map(str, filters))}.")
    rescaling, between = _way(model, target)
    linear = type(target).from_config({**target.get_config(), "activation": "linear"})
    linear.build(target.input.shape)
    linear.set_weights(target.get_weights())
    own = np.eye(count, dtype=np.float32)[list(filters)]

    def excite(values: Any) -> Any:
        for layer in between:
            values = layer(values, training=False)
        means = keras.ops.mean(linear(values), axis=(1, 2))
        return keras.ops.sum(means * own, axis=1, keepdims=True)

    return index, rescaling, excite


def _way(model: "keras.Model", target: Layer) -> tuple[Layer, list[Layer]]:
    """Return the rescaling, whose output is the first of real numbers, and the layers between it and the target."""
    import keras

    source_of = {id(layer.output): layer for layer in model.layers}
    way: list[Layer] = [target]
    while not isinstance(way[0], keras.layers.Rescaling):
        before = source_of.get(id(way[0].input))
        if before is None or before is way[0]:
            raise UsageError(f"{model.name}: filters are shown only if their layers follow a Rescaling one by one.")
        way.insert(0, before)
    return way[0], way[1:-1]


def _smoothed(pixels: Values) -> Values:
    """Mix each pixel a little with its neighbours, which prevents the speckle that poolings cause."""
    padded = np.pad(pixels, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    across = padded[:, :, :-2] + 2 * padded[:, :, 1:-1] + padded[:, :, 2:]
    blurred: Values = (across[:, :-2] + 2 * across[:, 1:-1] + across[:, 2:]) / np.float32(16)
    return pixels + _BLUR * (blurred - pixels)
