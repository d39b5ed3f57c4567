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


def baseline(size_hw: tuple[int, int], classes: int) -> keras.Model:
    """Build the published first network: 14,620 parameters for 4 classes at 600 x 200.

    Args:
        size_hw: Height and width of the input in pixels, at least 16 each.
        classes: Number of classes, at least 2.

    Returns:
        A network from uint8 images ``(batch, height, width, 3)`` to probabilities.
    """
    return _two_blocks(size_hw, classes, name="baseline", filters=(4, 8), pools=((2, 2), (2, 2)), rates=(0.0, 0.0))


def tuned(size_hw: tuple[int, int], classes: int) -> keras.Model:
    """Build the network that the published search found: 6,032 parameters for 4 classes at 600 x 200.

    Args:
        size_hw: Height and width of the input in pixels, at least 36 each.
        classes: Number of classes, at least 2.

    Returns:
        A network from uint8 images ``(batch, height, width, 3)`` to probabilities; in training it flips at random.
    """
    return _two_blocks(
        size_hw, classes, name="tuned", filters=(16, 12), pools=((3, 2), (2, 3)), rates=(0.2, 0.3), flip=True
    )


def binary(size_hw: tuple[int, int], classes: int) -> keras.Model:
    """Build the published network for Cog or Toon: 25,537 parameters for 2 classes at 600 x 200.

    Args:
        size_hw: Height and width of the input in pixels, at least 46 each.
        classes: Number of classes, at least 2.

    Returns:
        A network from uint8 images ``(batch, height, width, 3)`` to probabilities.
    """

    def body(x: Tensor) -> Tensor:
        x = layers.MaxPooling2D(2)(rescaled(x))
        for filters in (16, 32, 32):
            x = layers.Conv2D(filters, 3, activation="relu")(x)
            x = layers.MaxPooling2D(2)(x)
        return layers.Dropout(0.9)(layers.Flatten()(x))

    return network("binary", size_hw, classes, body)


def _two_blocks(
    size_hw: tuple[int, int],
    classes: int,
    *,
    name: str,
    filters: tuple[int, int],
    pools: tuple[tuple[int, int], tuple[int, int]],
    rates: tuple[float, float],
    flip: bool = False,
) -> keras.Model:
    """Return the maps of two blocks of a convolution and two poolings, as in `baseline` and `tuned`."""

    def body(x: Tensor) -> Tensor:
        x = layers.RandomFlip("horizontal")(x) if flip else x
        x = _block(rescaled(x), filters[0], pools[0])
        x = _block(layers.Dropout(rates[0])(x), filters[1], pools[1])
        return layers.Dropout(rates[1])(layers.Flatten()(x))

    return network(name, size_hw, classes, body)


def _block(x: Tensor, filters: int, pools: tuple[int, int]) -> Tensor:
    x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    for pool in pools:
        x = layers.MaxPooling2D(pool)(x)
    return x
