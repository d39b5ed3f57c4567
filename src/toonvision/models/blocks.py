"""Build networks of blocks, from uint8 images, rescaled inside, to probabilities."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from toonvision.models.layout import Block, Layout

Tensor = Any
"""A symbolic tensor of Keras; its type depends on the backend."""


_BANDS = 3
_MOMENTUM = 0.9  # of batch normalisation: hundreds of images make too few steps for Keras' 0.99


class BesideNormalized(layers.Layer):  # type: ignore[misc]  # Keras has no types
    """Concatenates its input with a copy in which each channel has mean 0 and variance 1 over the image.

    This is the instance normalisation of Ulyanov et al. (2016), without learned factors. Keras' `GroupNormalization`
    computes the variance as a difference of squares, which loses precision on dark images: two backends then differ by
    more than the tolerance of an export.

    Attributes:
        epsilon: Added to the variance, so that an image of one colour does not become NaN.
    """

    epsilon = 1e-3

    def call(self, inputs: Tensor) -> Tensor:
        """Return shape ``(batch, height, width, 2 * channels)``: the inputs, then the copy."""
        centred = inputs - _mean(inputs)
        variance = _mean(ops.square(centred))
        return ops.concatenate([inputs, centred * ops.rsqrt(variance + self.epsilon)], axis=-1)


class WithMirror(layers.Layer):  # type: ignore[misc]  # Keras has no types
    """Adds the mirror image of each image to the batch, after the images."""

    def call(self, inputs: Tensor) -> Tensor:
        """Return shape ``(2 * batch, height, width, channels)``."""
        leftwards = np.arange(inputs.shape[2])[::-1]  # exported as one operation, which `flip` is not
        return ops.concatenate([inputs, ops.take(inputs, leftwards, axis=2)], axis=0)


class MirrorMean(layers.Layer):  # type: ignore[misc]  # Keras has no types
    """Takes the mean over each image and its mirror image, of a batch `WithMirror`."""

    def call(self, inputs: Tensor) -> Tensor:
        """Return shape ``(batch, features)``, of features of shape ``(2 * batch, features)``."""
        return ops.mean(ops.reshape(inputs, (2, -1, inputs.shape[-1])), axis=0)


def band_means(x: Tensor) -> Tensor:
    """Return the mean of each channel of a map over three bands of rows, flattened.

    The bands overlap if the number of rows is no multiple of three; a map of fewer rows has one band for each.
    """
    height, width = x.shape[1:3]
    bands = min(_BANDS, height)
    step = height // bands
    return layers.Flatten()(layers.AveragePooling2D((height - (bands - 1) * step, width), strides=(step, width))(x))


def _mean(x: Tensor) -> Tensor:
    """Return the mean over all pixels; rows first, since a sum of thousands of float32 in a row loses precision."""
    return ops.mean(ops.mean(x, axis=2, keepdims=True), axis=1, keepdims=True)


def build_layout(layout: Layout, size_hw: tuple[int, int], classes: int) -> keras.Model:
    """Build the network of a layout, in the form that trains fastest.

    Relu and max pooling commute, and two poolings in a row are one of the product of their sizes. So each block pools
    once, before its relu, and the function is that of the layout as written. Blocks with batch normalisation are
    defined to pool first.

    Args:
        layout: The layout.
        size_hw: Height and width of the input in pixels, at least `Layout.smallest` each.
        classes: Number of classes, at least 2.

    Returns:
        A network from uint8 images ``(batch, height, width, 3)`` to probabilities.
    """

    def body(x: Tensor) -> Tensor:
        x = BesideNormalized()(around_zero(x)) if layout.with_copy else rescaled(x)
        for block in layout.blocks:
            x = _block(x, block)
        return layers.Flatten()(x)

    return network("layout", size_hw, classes, body)


def network(name: str, size_hw: tuple[int, int], classes: int, body: Callable[[Tensor], Tensor]) -> keras.Model:
    """Return a network of an input, a body and a dense head: one sigmoid for two classes, else a softmax."""
    inputs = keras.Input((*size_hw, 3), dtype="uint8")
    return headed(name, inputs, body(inputs), classes)


def headed(name: str, inputs: Tensor, features: Tensor, classes: int) -> keras.Model:
    """Return the outputs of a dense head: one sigmoid for two classes, else a softmax."""
    units, activation = (1, "sigmoid") if classes == 2 else (classes, "softmax")
    return keras.Model(inputs, layers.Dense(units, activation=activation)(features), name=name)


def rescaled(x: Tensor) -> Tensor:
    """Return uint8 values rescaled to 0 to 1."""
    return layers.Rescaling(1 / 255)(x)


def around_zero(x: Tensor) -> Tensor:
    """Return uint8 values rescaled to -1 to 1."""
    return layers.Rescaling(1 / 127.5, offset=-1)(x)


def normalized(x: Tensor) -> Tensor:
    """Return maps after batch normalisation (Ioffe and Szegedy 2015) and relu."""
    return layers.Activation("relu")(layers.BatchNormalization(momentum=_MOMENTUM)(x))


def separable(x: Tensor, filters: int, kernel: int | tuple[int, int] = 3, *, strides: int = 1) -> Tensor:
    """Return maps of a separable convolution: one of each map, then one of 1x1 over all, normalised."""
    x = layers.DepthwiseConv2D(kernel, strides=strides, padding="same", use_bias=False)(x)
    return normalized(layers.Conv2D(filters, 1, use_bias=False)(x))


def _block(x: Tensor, block: Block) -> Tensor:
    x = layers.Conv2D(block.filters, block.kernel, padding="same", use_bias=not block.normalized)(x)
    x = layers.MaxPooling2D(block.shrink)(x) if block.shrink > 1 else x
    x = normalized(x) if block.normalized else layers.Activation("relu")(x)
    return layers.Dropout(block.dropout)(x) if block.dropout else x
