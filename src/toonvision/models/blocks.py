"""Building networks of blocks: from uint8 pictures, rescaled inside, to probabilities."""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers, ops

from toonvision.models.layout import Block, Layout

Tensor = Any
"""A symbolic tensor of Keras, whose type depends on the backend."""


_MOMENTUM = 0.9  # of the means that normalisation keeps: hundreds of pictures make few steps, too few for Keras' 0.99


class BesideNormalized(layers.Layer):  # type: ignore[misc]  # Keras carries no types
    """Hands a map on beside a copy of it, in which each channel has mean 0 and variance 1 over the picture.

    The copy is that of Ulyanov et al., "Instance Normalization" (2016), without learned factors. Keras'
    `GroupNormalization` computes the same from a difference of squares, which loses digits on dark pictures: two
    backends then disagree by more than an export may.

    Attributes:
        epsilon: Added to the variance, so that a picture of one colour gives numbers.
    """

    epsilon = 1e-3

    def call(self, inputs: Tensor) -> Tensor:
        """Give ``(batch, height, width, 2 channels)``: the inputs, then the copy."""
        centred = inputs - _mean(inputs)
        variance = _mean(ops.square(centred))
        return ops.concatenate([inputs, centred * ops.rsqrt(variance + self.epsilon)], axis=-1)


def _mean(x: Tensor) -> Tensor:
    """Average over all places: rows first, since a sum of thousands of floats, one by one, loses digits."""
    return ops.mean(ops.mean(x, axis=2, keepdims=True), axis=1, keepdims=True)


def build_layout(layout: Layout, size_hw: tuple[int, int], classes: int) -> keras.Model:
    """Build the network of a layout, in the form that trains quickest.

    Relu and max pooling commute, since both keep the order of values, and two poolings in a row are one of their
    product; so each block pools once, before its relu. The function is that of the layout as written, weight for
    weight; a block that normalises is defined to pool first.

    Args:
        layout: The blocks.
        size_hw: Height and width of the input in pixels, at least `Layout.smallest` each.
        classes: How many classes there are, 2 or more.

    Returns:
        A network from uint8 pictures ``(batch, height, width, 3)`` to probabilities.
    """

    def body(x: Tensor) -> Tensor:
        x = BesideNormalized()(around_zero(x)) if layout.with_copy else rescaled(x)
        for block in layout.blocks:
            x = _block(x, block)
        return layers.Flatten()(x)

    return network("layout", size_hw, classes, body)


def network(name: str, size_hw: tuple[int, int], classes: int, body: Callable[[Tensor], Tensor]) -> keras.Model:
    """Put a body between the pictures and a dense head: one sigmoid for two classes, else a softmax."""
    inputs = keras.Input((*size_hw, 3), dtype="uint8")
    return headed(name, inputs, body(inputs), classes)


def headed(name: str, inputs: Tensor, features: Tensor, classes: int) -> keras.Model:
    """Put a dense head behind features: one sigmoid for two classes, else a softmax."""
    if classes == 2:
        outputs = layers.Dense(1, activation="sigmoid")(features)
    else:
        outputs = layers.Dense(classes, activation="softmax")(features)
    return keras.Model(inputs, outputs, name=name)


def rescaled(x: Tensor) -> Tensor:
    """Bring bytes to 0 to 1."""
    return layers.Rescaling(1 / 255)(x)


def around_zero(x: Tensor) -> Tensor:
    """Bring bytes to -1 to 1."""
    return layers.Rescaling(1 / 127.5, offset=-1)(x)


def normalized(x: Tensor) -> Tensor:
    """Normalise maps by batch (Ioffe and Szegedy 2015), then apply relu."""
    return layers.Activation("relu")(layers.BatchNormalization(momentum=_MOMENTUM)(x))


def _block(x: Tensor, block: Block) -> Tensor:
    x = layers.Conv2D(block.filters, block.kernel, padding="same", use_bias=not block.normalized)(x)
    x = layers.MaxPooling2D(block.shrink)(x) if block.shrink > 1 else x
    x = normalized(x) if block.normalized else layers.Activation("relu")(x)
    return layers.Dropout(block.dropout)(x) if block.dropout else x
