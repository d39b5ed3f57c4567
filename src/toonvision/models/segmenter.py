"""The network that names each pixel of a screenshot: the body of `detector` with a head at a quarter of the size.

Source:
    Kirillov, Girshick, He and Dollar, "Panoptic feature pyramid networks", CVPR 2019 (a light head on a pyramid);
    Milletari, Navab and Ahmadi, "V-Net", 3DV 2016 (the loss of the overlap).
"""

import keras
from keras import layers, ops

from toonvision.models.blocks import Tensor
from toonvision.models.detector import per_target, pyramid, with_finer

PIXELS = "pixels"
"""Name of the output."""
_FILTERS = 32


def segmenter(size_hw: tuple[int, int], classes: int) -> keras.Model:
    """Build the network.

    Args:
        size_hw: Height and width of the input in pixels, multiples of 32.
        classes: Number of classes, at least 2.

    Returns:
        A network from uint8 images ``(batch, height, width, 3)`` to logits ``(batch, height / 4, width / 4, classes)``.
    """
    inputs = keras.Input((*size_hw, 3), dtype="uint8")
    finest, x = pyramid(inputs)
    x = with_finer(layers.Conv2D(_FILTERS, 1)(x), finest, _FILTERS)
    return keras.Model(inputs, layers.Conv2D(classes, 1, name=PIXELS)(x), name="segmenter")


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
        Shape ``(batch,)``; the mean is that over all pixels of the batch, plus that over the classes that it shows.
    """
    logarithms = ops.log_softmax(y_pred)
    found = ops.exp(logarithms) * ops.sum(y_true, axis=-1, keepdims=True)
    common, either = (ops.sum(one, axis=(0, 1, 2)) for one in (found * y_true, found + y_true))
    shown = ops.cast(ops.sum(y_true, axis=(0, 1, 2)) > 0, y_pred.dtype)
    overlap = ops.sum(shown * 2 * common / ops.maximum(either, 1e-6)) / ops.maximum(ops.sum(shown), 1)
    return per_target(-y_true * logarithms, ops.sum(y_true)) + 1 - overlap
