"""The three published networks, layer by layer, for any number of classes and any input size.

The input is uint8, 0 to 255; rescaling is a layer of the network. The published code did not use the output of its
augmentation; here the flip of `tuned` has an effect.

Source:
    nosas, "ToonVision: Binary Classification" and "ToonVision: Multiclass Classification" (fars.io, 2022): the
    tables of layers; the rates of the dropouts and the position of the flip are from the published code.
"""

import keras
from keras import layers

from toonvision.models.blocks import Tensor, network, rescaled
from toonvision.models.layout import Layout


def in_blocks(name: str, layout: Layout, size_hw: tuple[int, int], classes: int, *, flip: bool) -> keras.Model:
    """Build a network as its layout was published: relu before every pooling, the last dropout on the flat features.

    Args:
        name: The network's name.
        layout: Its blocks.
        size_hw: Height and width of the input in pixels, at least `Layout.smallest` each.
        classes: Number of classes, at least 2.
        flip: Whether it mirrors images at random in training.

    Returns:
        A network from uint8 images ``(batch, height, width, 3)`` to probabilities.
    """

    def body(x: Tensor) -> Tensor:
        x = rescaled(layers.RandomFlip("horizontal")(x) if flip else x)
        for block in layout.blocks:
            x = layers.Conv2D(block.filters, block.kernel, padding="same", activation="relu")(x)
            for pool in block.pools:
                x = layers.MaxPooling2D(pool)(x)
            x = layers.Dropout(block.dropout)(layers.Flatten()(x) if block is layout.blocks[-1] else x)
        return x

    return network(name, size_hw, classes, body)


def binary(size_hw: tuple[int, int], classes: int) -> keras.Model:
    """Build the published network for Cog or Toon, whose convolutions have no padding, at least 46 x 46 pixels."""

    def body(x: Tensor) -> Tensor:
        x = layers.MaxPooling2D(2)(rescaled(x))
        for filters in (16, 32, 32):
            x = layers.Conv2D(filters, 3, activation="relu")(x)
            x = layers.MaxPooling2D(2)(x)
        return layers.Dropout(0.9)(layers.Flatten()(x))

    return network("binary", size_hw, classes, body)
