"""The maps of a network, and what they say of a whole image."""

from typing import TYPE_CHECKING, Any

from toonvision.core.errors import ModelRefusedError

if TYPE_CHECKING:
    import keras

Layer = Any
"""A layer of Keras, which carries no types."""

_SMALLEST_VARIANCE = 1e-4
"""Added to a variance, since the difference that it is computed as has an error of that order in float32."""


def with_mirror(model: "keras.Model") -> bool:
    """Return whether the maps of a network are of each image of a batch, then of each mirror image."""
    from toonvision.models.blocks import WithMirror

    return any(isinstance(layer, WithMirror) for layer in model.layers)


def map_layers(model: "keras.Model") -> list[Layer]:
    """Return the layers whose output is a float map, ``(batch, height, width, channels)``, first to last."""
    found = []
    for layer in model.layers:
        output: Any = getattr(layer, "output", None)
        if len(getattr(output, "shape", ())) == 4 and "float" in str(output.dtype):
            found.append(layer)
    return found


def passed_maps(model: "keras.Model") -> list[Layer]:
    """Return those of `map_layers` that everything of the image passes: none that lies in a branch.

    Raises:
        ModelRefusedError: If there is none.
    """
    index_of = {id(layer.output): index for index, layer in enumerate(model.layers)}
    read = [
        [index_of[id(tensor)] for tensor in (layer.input if isinstance(layer.input, list) else [layer.input])]
        for layer in model.layers[1:]
    ]
    passed = {
        layer.name
        for index, layer in enumerate(model.layers)
        if all(source >= index for sources in read[index:] for source in sources)
    }
    found = [layer for layer in map_layers(model) if layer.name in passed]
    if not found:
        raise ModelRefusedError(f"{model.name}: none of its layers has a map, so nothing can be located.")
    return found


def last_map(model: "keras.Model") -> Layer:
    """Return the last of `passed_maps` that is not just an average of the finer map before it."""
    from keras import layers

    found = passed_maps(model)
    fine = [layer for layer in found if not isinstance(layer, layers.AveragePooling2D)]
    return (fine or found)[-1]


def band_features(model: "keras.Model") -> Any:
    """Return the tensor of a network that describes a whole image for `metrics.novelty`.

    These are the mean and the standard deviation of each channel of the last map, over three bands of rows (which
    overlap if the number of rows is no multiple of three). Where a network sees the mirror image too, they are the
    means of both.

    Returns:
        A symbolic tensor of shape ``(batch, 2 * bands * channels)``, with one band for each row of a map of fewer.

    Raises:
        ModelRefusedError: If the network has no map.
    """
    from keras import layers, ops

    from toonvision.models.blocks import MirrorMean, band_means

    x = last_map(model).output
    mean, square = band_means(x), band_means(x * x)
    deviation = ops.sqrt(ops.maximum(square - mean * mean, 0) + _SMALLEST_VARIANCE)
    features = layers.Concatenate()([mean, deviation])
    return MirrorMean()(features) if with_mirror(model) else features
