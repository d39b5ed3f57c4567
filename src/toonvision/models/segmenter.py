"""The network that names each pixel of a screenshot: the body of `detector` with a head at a quarter of the size.

Source:
    Kirillov, Girshick, He and Dollar, "Panoptic feature pyramid networks", CVPR 2019 (a light head on a pyramid);
    Milletari, Navab and Ahmadi, "V-Net", 3DV 2016 (the loss of the overlap).
"""

import keras
from keras import layers, ops

from toonvision.models.blocks import Tensor
from toonvision.models.detector import box_heads, per_target, pyramid, with_finer

PIXELS = "pixels"
"""Name of the output."""
PIXEL_WEIGHT = 1.0
"""Of the pixels' loss, beside those of a detector."""
_FILTERS, _FILTERS_BESIDE = 32, 24
"""Of the head: alone, and beside a detector's, so that both take no more than half as long again as a detector."""


def segmenter(size_hw: tuple[int, int], classes: int) -> keras.Model:
    """Build the network.

    Args:
        size_hw: Height and width of the input in pixels, multiples of 32.
        classes: Number of classes, at least 2.

    Returns:
        A network from uint8 images ``(batch, height, width, 3)`` to logits ``(batch, height / 4, width / 4, classes)``.
    """
    inputs = keras.Input((*size_hw, 3), dtype="uint8")
    return keras.Model(inputs, _pixel_head(*pyramid(inputs), classes, _FILTERS), name="segmenter")


def detector_with_pixels(size_hw: tuple[int, int], classes: int, pixels: int) -> keras.Model:
    """Build a detector that also names each pixel: the heads of both networks on one body.

    Args:
        size_hw: Height and width of the input in pixels, multiples of 32.
        classes: Number of classes of objects, at least 1.
        pixels: Number of classes of pixels, at least 2.

    Returns:
        A network from uint8 images to the two outputs of `detector`, and to that of `segmenter`.
    """
    inputs = keras.Input((*size_hw, 3), dtype="uint8")
    finest, x = pyramid(inputs)
    both = [*box_heads(x, classes), _pixel_head(finest, x, pixels, _FILTERS_BESIDE)]
    return keras.Model(inputs, both, name="detector_with_pixels")


def _pixel_head(finest: Tensor, x: Tensor, classes: int, filters: int) -> Tensor:
    x = with_finer(layers.Conv2D(filters, 1)(x), finest, filters)
    return layers.Conv2D(classes, 1, name=PIXELS)(x)


def accuracy(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Return the share of the pixels that count whose cell's most probable class is theirs; see `pixel_loss`."""
    best = ops.one_hot(ops.argmax(y_pred, axis=-1), y_pred.shape[-1], dtype=y_pred.dtype)
    return per_target(y_true * best, ops.sum(y_true))


def pixel_loss(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Return the cross-entropy for each pixel that counts, and what the classes' overlap lacks of 1.

    The overlap of a class is twice what truth and prediction share over the batch, of what both have. So a class of few
    pixels counts as much as one of many.

    Args:
        y_true: The share of each cell's pixels that has each class, of all of its pixels; those that do not count have
            none. Shape ``(batch, rows, columns, classes)``.
        y_pred: Logits of the same shape.

    Returns:
        Shape ``(batch,)``; the mean is that over all pixels of the batch, plus that over the classes that it shows; 0
        where no pixel counts.
    """
    logarithms = ops.log_softmax(y_pred)
    found = ops.exp(logarithms) * ops.sum(y_true, axis=-1, keepdims=True)
    common, either = (ops.sum(one, axis=(0, 1, 2)) for one in (found * y_true, found + y_true))
    shown = ops.cast(ops.sum(y_true, axis=(0, 1, 2)) > 0, y_pred.dtype)
    most = ops.minimum(ops.sum(shown), 1)
    overlap = ops.sum(shown * 2 * common / ops.maximum(either, 1e-6)) / ops.maximum(ops.sum(shown), 1)
    return per_target(-y_true * logarithms, ops.sum(y_true)) + most - overlap
