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


def read_maps(model: "keras.Model") -> list[Any]:
    """Return the maps that convolutions read, first to last, but for the image and the first one after it.

    Convolutions of one pixel do not count, and no convolution reads the last map.
    """
    from keras import layers

    kinds = (layers.Conv2D, layers.DepthwiseConv2D)
    read = [one.input for one in model.layers if isinstance(one, kinds) and max(one.kernel_size) > 1]
    return list({id(tensor): tensor for tensor in read}.values())[2:]


def band_features(model: "keras.Model", *, version: int = 2) -> Any:
    """Return the tensor of a network that describes a whole image for `metrics.novelty`.

    These are the mean and the standard deviation of each channel of some maps, over three bands of rows (which overlap
    if the number of rows is no multiple of three). Where a network sees the mirror image too, they are the means of
    both. The maps are those of `read_maps`, since the last one has lost much of what the classes do not need. A network
    of one or two convolutions, and version 1, have the last one alone.

    Args:
        model: The network.
        version: Of the features, 1 or 2; `metrics.novelty.NoveltyScore` says which it is of.

    Returns:
        A symbolic tensor of shape ``(batch, features)``: first all means, then all deviations, each of one map after
        the other, ``bands * channels`` of each. A map of fewer rows than three has one band for each.

    Raises:
        ModelRefusedError: If the network has no map.
    """
    from keras import layers, ops

    from toonvision.models.blocks import MirrorMean, band_means

    maps = (version > 1 and read_maps(model)) or [last_map(model).output]
    means, squares = ([band_means(one) for one in maps], [band_means(one * one) for one in maps])
    deviations = [
        ops.sqrt(ops.maximum(square - mean * mean, 0) + _SMALLEST_VARIANCE)
        for mean, square in zip(means, squares, strict=True)
    ]
    features = layers.Concatenate()([*means, *deviations])
    return MirrorMean()(features) if with_mirror(model) else features
