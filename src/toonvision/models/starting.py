"""Weights to begin a training with: what networks learned from the drawn world, files of this package.

Fine tuning (Yosinski et al., "How transferable are features in deep neural networks?", 2014): the body takes all
weights, the head those of the classes that it has in common with the file.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from toonvision.core.files import replacing
from toonvision.models.layout import MANY_CLASSES
from toonvision.models.registry import WITH_PIXELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import keras

RANDOM = "none"
"""The start with random weights."""
FOLDER = Path(__file__).with_name("starts")
_HEADS = {"detector": "centers"}
"""The layer that answers with classes, where it is not the last one."""
_KERNEL, _BIAS, _CLASSES = "head_kernel", "head_bias", "classes"


def start_file(start: str, network: str, classes: int) -> Path:
    """Return the path of the weights of a taxonomy for a network and a number of classes, if there are such.

    A detector that also names pixels begins as one that does not.

    Examples:
        >>> start_file("toontown", "compact", 4).name
        'compact-narrow.npz'
        >>> start_file("toontown", "detector+pixels", 2).name
        'detector.npz'
    """
    network = network.removesuffix(WITH_PIXELS)
    width = "" if network != "compact" else "-wide" if classes > MANY_CLASSES else "-narrow"
    return FOLDER / start / f"{network}{width}.npz"


def has_start(start: str, network: str, classes: int = 2) -> bool:
    """Return whether weights of a taxonomy come with the package for a network and a number of classes."""
    return start_file(start, network, classes).is_file()


def save_start(model: "keras.Model", network: str, labels: "Sequence[str]", path: Path) -> None:
    """Save the weights of a network, as float16, for trainings to begin with.

    Args:
        model: The network.
        network: Its name.
        labels: The labels of its outputs.
        path: Where to.
    """
    import numpy as np

    head = _head(model, network)
    body = [np.asarray(one) for layer in _body(model, head) for one in layer.get_weights()]
    kernel, bias = head.get_weights()
    named = {f"{index:02d}": one for index, one in enumerate(body)} | {_KERNEL: kernel, _BIAS: bias}
    halves = {name: one.astype(np.float16) for name, one in named.items()}
    with replacing(path) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **halves, **{_CLASSES: np.array(labels)})


def begin_with(start: str, model: "keras.Model", network: str, classes: "Sequence[str]") -> None:
    """Load the weights of a taxonomy into a network, in the form that is trained.

    Args:
        start: The taxonomy.
        model: The network, in the form that is trained. What it has beyond the named one keeps its weights.
        network: Its name.
        classes: Names of its classes: labels, or their last parts (``flunky`` of ``cog_bb_flunky``).
    """
    import numpy as np

    with np.load(start_file(start, network, len(classes)), allow_pickle=False) as archive:
        stored = {name: archive[name] for name in archive.files}
    if network.endswith(WITH_PIXELS):
        network, model = network.removesuffix(WITH_PIXELS), _without_pixels(model)
    head = _head(model, network)
    labels, kernel, bias = (stored.pop(name) for name in (_CLASSES, _KERNEL, _BIAS))
    weights = iter([stored[name] for name in sorted(stored)])
    for layer in _body(model, head):
        layer.set_weights([next(weights) for _ in layer.weights])
    own_kernel, own_bias = head.get_weights()
    if own_kernel.shape[:-1] != kernel.shape[:-1] or own_kernel.shape[-1] != len(classes):
        return
    known = {form: index for index, label in enumerate(labels.tolist()) for form in (label, label.rpartition("_")[2])}
    for at, name in enumerate(classes):
        if name in known:
            own_kernel[..., at], own_bias[at] = kernel[..., known[name]], bias[known[name]]
    head.set_weights([own_kernel, own_bias])


def _without_pixels(model: "keras.Model") -> Any:
    """Return the layers that find objects, in the order in which a network that only does so has them."""
    import keras

    return keras.Model(model.inputs, model.outputs[:2])


def _head(model: "keras.Model", network: str) -> Any:
    return model.get_layer(_HEADS[network]) if network in _HEADS else model.layers[-1]


def _body(model: "keras.Model", head: Any) -> list[Any]:
    return [layer for layer in model.layers if layer.weights and layer is not head]
