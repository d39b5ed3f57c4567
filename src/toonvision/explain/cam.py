"""Class activation maps: which cells of an image speak for a class, and which against it.

Two methods, both for all classes at once:

- ``exact``: gradient times activation, summed over channels (HiResCAM). Where only a linear head follows the layer,
  the gradient is the head's weight and the map is a decomposition of the logit: its sum is the logit without bias.
  Under global average pooling it is the CAM of Zhou et al. For an earlier layer the sum misses what the biases
  between the layer and the head contribute; without biases (and with piecewise linear layers) it is exact again.
- ``gradcam``: the gradient is averaged over all cells first. Its sum has no particular meaning.

Source:
    Selvaraju et al., "Grad-CAM", ICCV 2017, arXiv:1610.02391, eq. 1 and 2. Draelos and Carin, "Use HiResCAM instead
    of Grad-CAM", 2020, arXiv:2011.08891, eq. 4. Zhou et al., CVPR 2016, arXiv:1512.04150, eq. 2.
"""

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakKeyDictionary

import numpy as np

from toonvision.core.errors import ModelRefusedError
from toonvision.core.progress import Progress, silent
from toonvision.core.seeds import own_randomness
from toonvision.data.images import Pictures
from toonvision.explain.activations import Values, chain
from toonvision.models.features import Layer, last_map, passed_maps, with_mirror
from toonvision.taxonomy.labels import require_known

if TYPE_CHECKING:
    import keras

Method = Literal["exact", "gradcam"]

_BATCH_OF_GRADIENTS = 16
"""Most images at once with gradients, since every activation on the way is kept."""

_PARTS: MutableMapping[Any, dict[str, Any]] = WeakKeyDictionary()
"""Networks from images to a layer of a network: deletion curves ask for the same one again and again, and tracing it
takes as long as running it over a hundred images. It shares the network's weights, and is freed with it."""


@dataclass(frozen=True, eq=False)
class ClassMaps:
    """Maps of all classes for some images.

    Attributes:
        values: Signed evidence, shape ``(images, classes, height, width)``, float32, unbounded: positive speaks for
            the class, negative against it. ``exact`` maps are in logits.
        layer: The layer whose activations were weighted; height and width are those of its output. Where the network
            sees the mirror image too, the evidence in it was mirrored back and added.
        method: How they were weighted.
        bias: The head's bias, shape ``(classes,)``, float32; ``values.sum((2, 3)) + bias`` are the logits of `exact`
            maps. It belongs to no cell of the image.
        exact: Whether that sum holds: the method is ``exact`` and only a linear head follows the layer.
    """

    values: Values
    layer: str
    method: Method
    bias: Values
    exact: bool


def class_maps(
    model: "keras.Model",
    images: Pictures,
    *,
    layer: str | None = None,
    method: Method = "exact",
    batch_size: int = 64,
    progress: Progress = silent,
) -> ClassMaps:
    """Return for every class where a network sees evidence for and against it.

    This takes one forward pass where a linear head follows the layer (flattening or global average pooling, dropout,
    dense); otherwise also one backward pass for each class.

    Args:
        model: A network that ends in a dense layer; one output counts as two classes, with logits ``-z`` and ``z``.
        images: Shape ``(images, height, width, 3)``, 0 to 255.
        layer: The layer whose activations are weighted; by default the last one that has a map.
        method: How they are weighted.
        batch_size: How many images at once; it changes nothing but memory and time.
        progress: Called with how many images are done.

    Raises:
        UsageError: If there is no such layer, or it has no map.
        ModelRefusedError: If the network does not end in a dense layer.
    """
    chosen = _find_layer(model, layer)
    head, kernel, bias = _head(model)
    mirrored = with_mirror(model)
    weights = _linear_weights(model, chosen, kernel / np.float32(2) if mirrored else kernel)
    tail = None if weights is not None else _tail(chosen, head)
    part = _part(model, chosen.output)
    batch_size = batch_size if tail is None else min(batch_size, _BATCH_OF_GRADIENTS)
    values = np.zeros((len(images), kernel.shape[1], *chosen.output.shape[1:3]), np.float32)
    for start in range(0, len(images), batch_size):
        batch = np.asarray(images[start : start + batch_size])
        activations = np.asarray(part.predict_on_batch(batch), dtype=np.float32)
        found = (
            _weighted_by_gradients(activations, tail, kernel.shape[1], method)
            if weights is None
            else _weighted(activations, weights, method)
        )
        values[start : start + batch_size] = _folded(found) if mirrored else found
        progress(min(start + batch_size, len(images)), len(images))
    exact = method == "exact" and weights is not None
    return ClassMaps(_two_sided(values), chosen.name, method, _two_sided(bias[np.newaxis])[0], exact)


def _folded(values: Values) -> Values:
    """Add the evidence in each mirror image, in the second half, to that in its image; their sum is that of both."""
    own, mirrored = np.split(values, 2)
    return np.asarray(own + mirrored[..., ::-1])


def _part(model: "keras.Model", output: Any) -> "keras.Model":
    import keras

    parts = _PARTS.setdefault(model, {})
    if output.name not in parts:
        parts[output.name] = keras.Model(model.inputs[0], output)
    return parts[output.name]


def _find_layer(model: "keras.Model", name: str | None) -> Layer:
    if name is None:
        return last_map(model)
    found = {layer.name: layer for layer in passed_maps(model)}
    require_known("a layer with a map", name, found)
    return found[name]


def _head(model: "keras.Model") -> tuple[Layer, Values, Values]:
    """Return the dense layer that a network ends in, with an activation that belongs to logits, its kernel and bias."""
    from keras import activations, layers

    head = model.layers[-1]
    known = (activations.softmax, activations.sigmoid, activations.linear)
    if not isinstance(head, layers.Dense) or head.activation not in known or len(head.input.shape) != 2:
        raise ModelRefusedError(
            f"{model.name}: maps need a network that ends in a dense layer with softmax or sigmoid; "
            f"it ends in {head.name}. Put a Dense layer last."
        )
    kernel, *bias = (np.asarray(weights, dtype=np.float32) for weights in head.get_weights())
    return head, kernel, bias[0] if bias else np.zeros(kernel.shape[1], np.float32)


def _linear_weights(model: "keras.Model", layer: Layer, kernel: Values) -> Values | None:
    """Return the weight of each activation for each output, ``(height, width, channels, outputs)``, if it is constant.

    It is constant where a chain of average pooling, flattening, global average pooling and dropout leads to the head.
    """
    from keras import layers

    from toonvision.models.blocks import MirrorMean

    still = (layers.Flatten, layers.Dropout, layers.SpatialDropout2D, layers.GaussianNoise, layers.Identity, MirrorMean)
    after = chain(model, layer, model.layers[-1])
    if after and isinstance(after[0], layers.AveragePooling2D) and after[0].padding == "valid":
        pooled = _linear_weights(model, after[0], kernel)
        return None if pooled is None else _before_pooling(pooled, after[0])
    if after is None or not all(isinstance(one, (*still, layers.GlobalAveragePooling2D)) for one in after[:-1]):
        return None
    height, width, channels = layer.output.shape[1:]
    if any(isinstance(one, layers.GlobalAveragePooling2D) for one in after):
        return np.broadcast_to(kernel / (height * width), (height, width, *kernel.shape))
    return kernel.reshape(height, width, channels, -1)


def _before_pooling(weights: Values, pooling: Layer) -> Values:
    """Return the weights of the cells that an average pooling reads: their share in every window that they lie in."""
    height, width = pooling.input.shape[1:3]
    (tall, wide), (down, across) = pooling.pool_size, pooling.strides
    spread = np.zeros((height, width, *weights.shape[2:]), np.float32)
    for row, column in np.ndindex(weights.shape[:2]):
        top, left = row * down, column * across
        spread[top : top + tall, left : left + wide] += weights[row, column] / (tall * wide)
    return spread


def _weighted(activations: Values, weights: Values, method: Method) -> Values:
    if method == "gradcam":
        return np.asarray(np.einsum("nhwc,ck->nkhw", activations, weights.mean((0, 1))))
    return np.asarray(np.einsum("nhwc,hwck->nkhw", activations, weights))


def _weighted_by_gradients(activations: Values, tail: Any, outputs: int, method: Method) -> Values:
    from toonvision.explain.gradients import column_gradients

    maps = []
    for gradient in column_gradients(lambda values: tail(values, training=False), activations, range(outputs)):
        weights = gradient.mean((1, 2), keepdims=True) if method == "gradcam" else gradient
        maps.append((activations * weights).sum(-1))
    return np.stack(maps, axis=1)


@own_randomness()
def _tail(layer: Layer, head: Layer) -> "keras.Model":
    """Return the network that follows a layer, up to the logits; it shares the network's layers, except the head."""
    import keras

    outputs = keras.layers.Dense(head.units, use_bias=head.use_bias, dtype=head.dtype_policy)
    tail = keras.Model(layer.output, outputs(head.input))
    outputs.set_weights(head.get_weights())
    return tail


def _two_sided(values: Values) -> Values:
    """Turn one output ``z``, on the second axis, into two classes, ``-z`` and ``z``."""
    return np.concatenate([-values, values], axis=1) if values.shape[1] == 1 else values
