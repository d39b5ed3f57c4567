"""The default network: small, fast, and good with every seed.

Its design was found by experiment: see docs/compact.md, and benchmarks/compact.py, which repeats the measurements.
"""

from collections.abc import Callable, Sequence

import keras
import numpy as np
import numpy.typing as npt
from keras import layers, ops

from toonvision.models.blocks import (
    MirrorMean,
    Tensor,
    WithMirror,
    around_zero,
    band_means,
    headed,
    network,
    normalized,
)
from toonvision.models.layout import MANY_CLASSES

_NARROW, _WIDE = (16, 28, 36, 50), (24, 40, 56, 64)
_BRANCH = (24, 28, 32)
_DROPPED = 0.5


def compact(size_hw: tuple[int, int], classes: int, branches: int = 0) -> keras.Model:
    """Build the compact network: 5,532 parameters for 4 classes, 15,424 for 32, at 96 x 32.

    A convolution with stride 2, three separable ones (Howard et al., "MobileNets", 2017), each with batch normalisation
    (Ioffe and Szegedy 2015), and the mean of each third of the height (about a third if the number of rows is no
    multiple of three). These means are those over an image and its mirror image. For more than 8 classes it is wider.

    Args:
        size_hw: Height and width of the input in pixels, at least 16 each.
        classes: Number of classes, at least 2.
        branches: How many coarser levels have a branch of separable convolutions of their own; see `in_training`.

    Returns:
        A network from uint8 images ``(batch, height, width, 3)`` to probabilities.
    """

    def body(x: Tensor) -> Tensor:
        return MirrorMean()(_features(_maps(WithMirror()(x), classes, branches)))

    return network("compact", size_hw, classes, body)


def in_training(
    size_hw: tuple[int, int], classes: int, groups: Sequence[Sequence[str | None]] = ()
) -> tuple[keras.Model, Callable[[], keras.Model]]:
    """Build `compact` in the form that is trained: without the mirror image, and with half of the means dropped.

    With groups it is trained on several levels at once. The logit of a class is the sum of its own logit, from the main
    branch, and of the logit of its group at each coarser level, from that level's branch. So a branch learns what
    separates its groups, and classes and groups never contradict each other. The sum is linear, so that the saved
    network has one dense layer over all maps.

    Args:
        size_hw: Height and width of the input in pixels, at least 16 each.
        classes: Number of classes, at least 2; with groups, at least 3.
        groups: For each coarser level, the name of each class's group there; None for a class without a group.

    Returns:
        The network to train, and a function that returns ``compact(size_hw, classes, len(groups))`` with the current
        weights of the first one. Its logits are the means of those that the first one, without dropout (Srivastava et
        al. 2014), has for an image and for its mirror image.
    """
    inputs = keras.Input((*size_hw, 3), dtype="uint8")
    maps = _maps(inputs, classes, len(groups))
    if groups:
        members = [np.eye(classes, dtype=np.float32), *(_members(one) for one in groups)]
        heads = [layers.Dense(len(member), use_bias=not index) for index, member in enumerate(members)]
        logits = [
            ops.matmul(head(_dropped([one])), member) for head, one, member in zip(heads, maps, members, strict=True)
        ]
        trained = keras.Model(inputs, layers.Activation("softmax")(layers.Add()(logits)), name="compact")
    else:
        trained = headed("compact", inputs, _dropped(maps), classes)

    def finished() -> keras.Model:
        saved = compact(size_hw, classes, len(groups))
        for before, after in zip(_body(trained), _body(saved), strict=True):
            after.set_weights(before.get_weights())
        if groups:
            kernels = [
                (ops.convert_to_numpy(head.kernel) @ member).reshape(-1, one.shape[-1], classes)
                for head, one, member in zip(heads, maps, members, strict=True)
            ]
            kernel = np.concatenate(kernels, axis=1).reshape(-1, classes)
            saved.layers[-1].set_weights([kernel, ops.convert_to_numpy(heads[0].bias)])
        else:
            saved.layers[-1].set_weights(trained.layers[-1].get_weights())
        return saved

    return trained, finished


def _body(model: keras.Model) -> list[keras.layers.Layer]:
    """Return the layers with weights before the dense head."""
    return [layer for layer in model.layers if layer.weights and not isinstance(layer, layers.Dense)]


def _dropped(maps: Sequence[Tensor]) -> Tensor:
    return layers.Dropout(_DROPPED)(_features(maps))


def _members(groups: Sequence[str | None]) -> npt.NDArray[np.float32]:
    """Return which classes belong to which group: shape ``(groups, classes)``, 1 for a member, else 0."""
    names = dict.fromkeys(name for name in groups if name is not None) or [""]  # a dense layer has at least one output
    return np.array([[one == name for one in groups] for name in names], dtype=np.float32)


def _maps(x: Tensor, classes: int, branches: int) -> list[Tensor]:
    """Return the last maps of the main branch, then of each level's branch; all share the first convolution."""
    first, *own = _WIDE if classes > MANY_CLASSES else _NARROW
    x = normalized(layers.Conv2D(first, 3, strides=2, padding="same", use_bias=False)(around_zero(x)))
    return [_separables(x, filters) for filters in (own, *[_BRANCH] * branches)]


def _separables(x: Tensor, filters: Sequence[int]) -> Tensor:
    first, second, last = filters
    return _separable(_separable(_separable(x, first, pooled=True), second, pooled=True), last)


def _separable(x: Tensor, filters: int, *, pooled: bool = False) -> Tensor:
    """Pool before the batch normalisation, which is a quarter of the time where it comes before pooling."""
    x = layers.Conv2D(filters, 1, use_bias=False)(layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x))
    return normalized(layers.MaxPooling2D(2)(x) if pooled else x)


def _features(maps: Sequence[Tensor]) -> Tensor:
    return band_means(layers.Concatenate()(maps) if len(maps) > 1 else maps[0])
