"""What each layer computes from an image."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from toonvision.data.images import Pictures
from toonvision.models.features import Layer, map_layers

if TYPE_CHECKING:
    import keras

Values = npt.NDArray[np.float32]
Kind = Literal["convolution", "pooling"]


@dataclass(frozen=True, eq=False)
class LayerActivation:
    """What a layer computes from one image.

    Attributes:
        name: The layer.
        kind: What kind of layer it is.
        values: Shape ``(height, width, channels)``, float32, after the layer's own activation function.
    """

    name: str
    kind: Kind
    values: Values


def layer_activations(model: "keras.Model", image: Pictures) -> tuple[LayerActivation, ...]:
    """Return the activations of every convolution and every pooling, in the order of the network.

    The image has the shape ``(height, width, 3)``, 0 to 255.
    """
    import keras

    shown = [(layer, kind) for layer in map_layers(model) if (kind := kind_of(layer))]
    part = keras.Model(model.inputs[0], [layer.output for layer, _ in shown])
    outputs = part(image[np.newaxis], training=False) if shown else []
    outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
    return tuple(
        LayerActivation(layer.name, kind, np.asarray(keras.ops.convert_to_numpy(output[0]), dtype=np.float32))
        for (layer, kind), output in zip(shown, outputs, strict=True)
    )


def kind_of(layer: Layer) -> Kind | None:
    """Return whether a layer is a convolution or a pooling; None for other layers."""
    from keras import layers

    if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D | layers.SeparableConv2D):
        return "convolution"
    if isinstance(layer, layers.MaxPooling2D | layers.AveragePooling2D):
        return "pooling"
    return None


def chain(model: "keras.Model", start: Layer, end: Layer) -> list[Layer] | None:
    """Return the layers after one up to another, if each reads nothing but the one before it; else None."""
    names = [layer.name for layer in model.layers]
    between = model.layers[names.index(start.name) + 1 : names.index(end.name) + 1]
    previous = [start, *between]
    linked = all(later.input is earlier.output for earlier, later in zip(previous, between, strict=False))
    return between if linked else None
