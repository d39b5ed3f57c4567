"""The network of our own: small, quick, and as good with one seed as with another.

What it is made of was found by experiment (docs/compact.md has the table, benchmarks/compact.py measures it again).
"""

import keras
from keras import layers

from toonvision.models.blocks import BesideNormalized, Tensor, around_zero, network, normalized
from toonvision.models.registry import MANY_CLASSES

_BANDS = 3
_NARROW, _WIDE = (16, 28, 36, 50), (24, 40, 56, 64)


def compact(size_hw: tuple[int, int], classes: int) -> keras.Model:
    """Build the compact network: 5,964 parameters for 4 classes, 16,072 for 32, at 96 x 32.

    It sees every picture twice: as it is, and with each colour brought to mean 0 and variance 1 over the picture
    (Ulyanov et al., "Instance Normalization", 2016), so that fog, night and the light of a place can be told from the
    colour of a suit. Then follow a convolution that halves the picture at once, three separable ones (depthwise, then
    pointwise: Howard et al., "MobileNets", 2017), each normalised by batch (Ioffe and Szegedy 2015), and the mean of
    each third of the height (head, body, legs; nearly thirds where the rows are no multiple of three) instead of a
    weight for each place. For more than 8 classes it is wider.

    Args:
        size_hw: Height and width of the input in pixels, at least 16 each.
        classes: How many classes there are, 2 or more.

    Returns:
        A network from uint8 pictures ``(batch, height, width, 3)`` to probabilities.
    """
    first, second, third, last = _WIDE if classes > MANY_CLASSES else _NARROW

    def body(x: Tensor) -> Tensor:
        x = BesideNormalized()(around_zero(x))
        x = layers.Conv2D(first, 3, strides=2, padding="same", use_bias=False)(x)
        x = _separable(normalized(x), second)
        x = _separable(layers.MaxPooling2D(2)(x), third)
        x = _separable(layers.MaxPooling2D(2)(x), last)
        return layers.Flatten()(_bands(x))

    return network("compact", size_hw, classes, body)


def _bands(x: Tensor) -> Tensor:
    """Average over three bands of rows, which overlap where their number is no multiple of three."""
    height, width = x.shape[1:3]
    step = max(1, height // _BANDS)
    return layers.AveragePooling2D((max(1, height - (_BANDS - 1) * step), width), strides=(step, width))(x)


def _separable(x: Tensor, filters: int) -> Tensor:
    x = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x)
    return normalized(layers.Conv2D(filters, 1, use_bias=False)(x))
