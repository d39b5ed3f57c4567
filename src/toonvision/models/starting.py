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
    from collections.abc import Mapping, Sequence

    import keras

RANDOM = "none"
"""The start with random weights."""
FOLDER = Path(__file__).with_name("starts")
_BODIES = {"segmenter": "detector"}
"""Networks that begin with the weights of another one, as far as their layers are the same."""
_HEADS = {"detector": "centers"}
"""The layer that answers with classes, where it is not the last one."""
_KERNEL, _BIAS, _CLASSES = "head_kernel", "head_bias", "classes"


def start_path(start: str, network: str, classes: int, task: str) -> Path:
    """Return where the weights of a taxonomy lie, for a network and a number of classes, that learned a task.

    A detector that also names pixels begins as one that does not, and so does the body of what names nothing else.

    Examples:
        >>> start_path("toontown", "compact", 4, "suit").name
        'compact-narrow-suit.npz'
        >>> start_path("toontown", "detector+pixels", 2, "detect").name
        'detector-detect.npz'
        >>> start_path("toontown", "segmenter", 8, "detect").name
        'detector-detect.npz'
    """
    network = network.removesuffix(WITH_PIXELS)
    network = _BODIES.get(network, network)
    width = "" if network != "compact" else "-wide" if classes > MANY_CLASSES else "-narrow"
    return FOLDER / start / f"{network}{width}-{task}.npz"


def has_start(start: str, network: str, classes: int = 2) -> bool:
    """Return whether weights of a taxonomy come with the package for a network and a number of classes."""
    return bool(_start_files(start, network, classes))


def start_file(start: str, network: str, classes: "Sequence[str]") -> Path:
    """Return the weights that a network for some classes begins with.

    Of those of its width it is those that know the most of the classes, and of these those that learned to distinguish
    them from the fewest others: what a network learns for few classes serves these better. Where none knows any, it is
    those that learned the most.

    Examples:
        >>> start_file("toontown", "compact", ("cog", "toon")).name
        'compact-narrow-suit.npz'
    """

    def fit(path: Path) -> tuple[int, int]:
        labels = start_labels(path)
        known = len(_forms(labels).keys() & set(classes))
        return known, -len(labels) if known else len(labels)

    return max(_start_files(start, network, len(classes)), key=fit)


def start_labels(path: Path) -> tuple[str, ...]:
    """Return the labels of the outputs that weights were learned with."""
    import numpy as np

    with np.load(path, allow_pickle=False) as archive:
        return tuple(archive[_CLASSES].tolist())


def _start_files(start: str, network: str, classes: int) -> list[Path]:
    any_task = start_path(start, network, classes, "*")
    return sorted(any_task.parent.glob(any_task.name))


def _forms(labels: "Sequence[str]") -> dict[str, int]:
    """Return the place of each label, by itself and by its last part (``flunky`` of ``cog_bb_flunky``)."""
    return {form: at for at, label in enumerate(labels) for form in (label, label.rpartition("_")[2])}


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
    body = [one for layer in _body(model, head) for one in layer.get_weights()]
    kernel, bias = head.get_weights()
    named = {f"{index:02d}": one for index, one in enumerate(body)} | {_KERNEL: kernel, _BIAS: bias}
    save_halves(path, named, **{_CLASSES: np.array(labels)})


def save_halves(path: Path, weights: "Mapping[str, Any]", **exact: Any) -> None:
    """Save arrays by their names, weights as float16 and others as they are; the same values give the same bytes."""
    import numpy as np

    halves = {name: np.asarray(one, np.float16) for name, one in weights.items()}
    with replacing(path) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **halves, **exact)


def begin_with(start: str, model: "keras.Model", network: str, classes: "Sequence[str]") -> None:
    """Load the weights of a taxonomy into a network, in the form that is trained.

    Args:
        start: The taxonomy.
        model: The network, in the form that is trained. What it has beyond the named one keeps its weights.
        network: Its name.
        classes: Names of its classes: labels, or their last parts (``flunky`` of ``cog_bb_flunky``).
    """
    import numpy as np

    with np.load(start_file(start, network, classes), allow_pickle=False) as archive:
        stored = {name: archive[name] for name in archive.files}
    if network.endswith(WITH_PIXELS):
        network, model = network.removesuffix(WITH_PIXELS), _without_pixels(model)
    head = _head(model, network)
    labels, kernel, bias = (stored.pop(name) for name in (_CLASSES, _KERNEL, _BIAS))
    weights = iter([stored[name] for name in sorted(stored)])
    for layer in _body(model, head):
        own = [next(weights) for _ in layer.weights]
        if network in _BODIES and [one.shape for one in own] != [one.shape for one in layer.weights]:
            return
        layer.set_weights(own)
    own_kernel, own_bias = head.get_weights()
    if own_kernel.shape[:-1] != kernel.shape[:-1] or own_kernel.shape[-1] != len(classes):
        return
    known = _forms(labels.tolist())
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
