"""The network that finds objects in screenshots: small, quick, without anchors.

Each cell of a map at an eighth of the input's size says how likely the middle of an object of each class lies there,
and how far it is from there to the object's four sides.

Source:
    Zhou, Wang and Kraehenbuehl, "Objects as points", 2019 (CenterNet: middles of objects and their loss); Liu et al.,
    "Training-time-friendly network", AAAI 2020 (TTFNet: Gaussians of the shape of the box, distances to the sides);
    Rezatofighi et al., "Generalized intersection over union", CVPR 2019; He et al., "Alpha-IoU: a family of power
    intersection over union losses for bounding box regression", NeurIPS 2021.
"""

import math

import keras
from keras import layers, ops

from toonvision.models.blocks import Tensor, around_zero, normalized, separable
from toonvision.models.cells import LEAST_WEIGHT, corners

CENTERS, SIDES = "centers", "sides"
"""Names of the outputs."""
_STEM, _FILTERS, _PYRAMID = 16, (32, 48, 96, 128), 48
_KERNELS, _KERNEL = (3, 5, 5, 7), 5
"""Sides of the convolutions in the maps, and of those after them: a figure fills many cells of a coarse map."""
_TOGETHER = 8
"""Numbers of filters are multiples of it, which processors compute at once."""
_RARE = -2.19
"""The first logit of an object's middle, a probability of 10 %."""
BOX_WEIGHT = 2.0
"""Of the boxes' loss, beside that of the middles."""
_POWER = 3
"""Of the overlap in the boxes' loss (He et al.'s alpha): boxes that overlap well are to overlap better still."""


def detector(size_hw: tuple[int, int], classes: int, width: float = 1.0) -> keras.Model:
    """Build the network.

    A convolution with stride 2, two separable ones at each of the strides 4 to 32, a pyramid of 48 maps that brings
    what the coarse maps know back to stride 8 by repeating pixels, and a head for each of the two outputs.

    Args:
        size_hw: Height and width of the input in pixels, multiples of 32.
        classes: Number of classes, at least 1.
        width: What the numbers of filters are multiplied by.

    Returns:
        A network from uint8 images ``(batch, height, width, 3)`` to logits of the middles ``(batch, height / 8, width /
        8, classes)``, and to logarithms of the distances to the left, upper, right and lower side, in units of 32
        pixels, ``(batch, height / 8, width / 8, 4)``.
    """
    inputs = keras.Input((*size_hw, 3), dtype="uint8")
    _, x = pyramid(inputs, width)
    return keras.Model(inputs, box_heads(x, classes, width), name="detector")


def box_heads(x: Tensor, classes: int, width: float = 1.0) -> list[Tensor]:
    """Return the two outputs of a detector, from maps at stride 8."""
    rare, filters = keras.initializers.Constant(_RARE), scaled(_PYRAMID, width)
    centers = layers.Conv2D(classes, 1, bias_initializer=rare, name=CENTERS)(separable(x, filters, _KERNEL))
    return [centers, layers.Conv2D(4, 1, name=SIDES)(separable(x, filters, _KERNEL))]


def pyramid(images: Tensor, width: float = 1.0) -> tuple[Tensor, Tensor]:
    """Return maps of screenshots: the body that networks for screenshots share.

    Args:
        images: uint8, shape ``(batch, height, width, 3)``.
        width: What the numbers of filters are multiplied by.

    Returns:
        32 maps at stride 4, of what lies around each cell alone, and 48 at stride 8, to which coarser ones were added;
        with another width accordingly many.
    """
    x = normalized(
        layers.Conv2D(scaled(_STEM, width), 3, strides=2, padding="same", use_bias=False)(around_zero(images))
    )
    maps = []
    for filters, kernel in zip(_FILTERS, _KERNELS, strict=True):
        filters = scaled(filters, width)
        x = separable(separable(x, filters, kernel, strides=2), filters, kernel)
        maps.append(x)
    filters = scaled(_PYRAMID, width)
    x = layers.Conv2D(filters, 1)(maps[-1])
    for finer in (maps[2], maps[1]):
        x = with_finer(x, finer, filters)
    return maps[0], x


def scaled(filters: int, width: float) -> int:
    """Return a number of filters times a width, as a multiple of 8.

    Examples:
        >>> scaled(48, 1.0), scaled(48, 0.75), scaled(16, 0.25)
        (48, 32, 8)
    """
    return max(_TOGETHER, _TOGETHER * round(filters * width / _TOGETHER))


def with_finer(x: Tensor, finer: Tensor, filters: int) -> Tensor:
    """Return so many maps at twice the resolution: maps whose pixels are repeated, and finer ones added to them."""
    x = ops.image.resize(x, finer.shape[1:3], interpolation="nearest")
    return separable(layers.Add()([x, layers.Conv2D(filters, 1)(finer)]), filters, _KERNEL)


def center_loss(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Return the penalty-reduced focal loss of the middles, for each object of the batch.

    Args:
        y_true: 1 in the cell of an object's middle, falling to 0 around it, -1 where nothing counts; shape ``(batch,
            rows, columns, classes)``.
        y_pred: Logits of the same shape.

    Returns:
        Shape ``(batch,)``; the mean is the sum over all cells divided by the number of objects.
    """
    probability = ops.sigmoid(y_pred)
    is_middle = ops.cast(ops.equal(y_true, 1), y_pred.dtype)
    counts = ops.cast(ops.greater_equal(y_true, 0), y_pred.dtype)
    of_middle = ops.square(1 - probability) * ops.softplus(-y_pred)
    elsewhere = ops.power(1 - y_true * counts, 4) * ops.square(probability) * ops.softplus(y_pred)
    losses = counts * (is_middle * of_middle + (1 - is_middle) * elsewhere)
    return per_target(losses, ops.sum(is_middle))


def side_loss(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Return the loss of the boxes, for each object of the batch.

    It is 1 less the intersection over union, plus the share of the smallest box around both that neither covers, both
    raised to a power. With the first power it is 1 less the generalized intersection over union.

    Args:
        y_true: In each cell the corners of the object that it belongs to, in pixels, and how much it counts; shape
            ``(batch, rows, columns, 5)``. The weights of an object sum up to 1.
        y_pred: Logarithms of the distances, shape ``(batch, rows, columns, 4)``.

    Returns:
        Shape ``(batch,)``; the mean is the sum over all cells divided by the number of objects.
    """
    found, true, weight = _corners(y_pred), y_true[..., :4], y_true[..., 4]
    low, high = ops.maximum(found[..., :2], true[..., :2]), ops.minimum(found[..., 2:], true[..., 2:])
    common = ops.prod(ops.maximum(high - low, 0), axis=-1)
    union = _area(found) + _area(true) - common
    hull = ops.prod(ops.maximum(found[..., 2:], true[..., 2:]) - ops.minimum(found[..., :2], true[..., :2]), axis=-1)
    overlap, beside = common / ops.maximum(union, 1), (hull - union) / ops.maximum(hull, 1)
    losses = 1 - ops.power(overlap, _POWER) + ops.power(beside, _POWER)
    return per_target(weight * losses, ops.sum(weight))


def answering(model: keras.Model) -> keras.Model:
    """Return a model that answers with what a program needs: for each cell the classes' scores, and a box.

    A score is 0 unless it is the highest of the cell and the eight around it, so that an object is found once. A box is
    the mean of that of the cell and those around it (`toonvision.models.cells.settled`). No constant knows how wide the
    map is.

    Returns:
        A network to scores ``(batch, cells, classes)``, 0 to 1, and corners in pixels ``(batch, cells, 4)``; and to the
        logits of the pixels, where the model has them.
    """
    centers, sides, *pixels = model.outputs
    scores = layers.Activation("sigmoid")(centers)
    highest = layers.MaxPooling2D(3, strides=1, padding="same")(scores)
    peaks = scores * ops.cast(ops.equal(scores, highest), "float32")
    weights = ops.square(ops.mean(scores, axis=-1, keepdims=True)) + LEAST_WEIGHT
    across = ops.cumsum(ops.cast(ops.greater(sides, -math.inf), "float32"), axis=2)
    mean = layers.AveragePooling2D(3, strides=1, padding="same")
    boxes = mean(weights * _corners(sides, across)) / mean(weights)
    flat = [layers.Reshape((-1, one.shape[-1]))(one) for one in (peaks, boxes)]
    return keras.Model(model.inputs, [*flat, *pixels], name=model.name)


def _corners(sides: Tensor, across: Tensor = None) -> Tensor:
    return corners(sides, across=across, exp=ops.exp, clip=ops.clip)


def per_target(losses: Tensor, targets: Tensor) -> Tensor:
    """Return the sum of each image's losses, scaled so that their mean over the batch is that for each target."""
    images = ops.cast(ops.shape(losses)[0], losses.dtype)
    return ops.sum(ops.reshape(losses, (ops.shape(losses)[0], -1)), axis=1) * images / ops.maximum(targets, 1)


def _area(boxes: Tensor) -> Tensor:
    return ops.prod(boxes[..., 2:] - boxes[..., :2], axis=-1)
