"""Building and running the networks of tasks."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from toonvision.core.errors import ModelRefusedError, UsageError
from toonvision.core.progress import Progress, silent
from toonvision.data.images import Pictures
from toonvision.data.picture_files import GROUP
from toonvision.metrics.predictions import Predictions
from toonvision.models.registry import build_network, find_network
from toonvision.tasks.base import Dataset, Outputs, TaskKind

if TYPE_CHECKING:
    import keras

    from toonvision.models.forest import Forest

_MOST_PIXELS = 64 * 600 * 200
"""Of the images that are predicted at once."""


def build(network: str, dataset: Dataset, size_hw: tuple[int, int] | None = None) -> "keras.Model":
    """Build a network with fresh weights from Keras' current random state; by default that which is saved in the end.

    Raises:
        UsageError: If there is no such network, it is made for another kind of task, or the input is too small for it.
    """
    found = find_network(network)
    if found.kind != dataset.task.kind:
        raise UsageError(
            f"{network} is a network for tasks of the kind {found.kind}; {dataset.task.name} is of the kind "
            f"{dataset.task.kind}. Choose another --model."
        )
    return build_network(
        network,
        size_hw=size_hw or dataset.size_hw,
        classes=len(dataset.classes),
        pixels=max(2, len(dataset.pixel_classes)),
    )


def network_outputs(model: "keras.Model | Forest", images: Pictures, *, progress: Progress = silent) -> Outputs:
    """Run a network over images of shape ``(images, height, width, 3)``, uint8.

    Raises:
        ModelRefusedError: If an output is NaN or infinite.
    """
    batches: list[list[npt.NDArray[np.float32]]] = []
    group = max(1, min(GROUP, _MOST_PIXELS // max(1, int(np.prod(images.shape[1:3])))))
    for start in range(0, len(images), group):
        found = model.predict_on_batch(np.asarray(images[start : start + group]))
        found = found if isinstance(found, list | tuple) else [found]
        batches.append([np.asarray(one, dtype=np.float32) for one in found])
        progress(min(start + group, len(images)), len(images))
    if not batches:
        return tuple(np.zeros((0, *output.shape[1:]), np.float32) for output in model.outputs)
    outputs = tuple(np.concatenate(one) for one in zip(*batches, strict=True))
    if not all(np.isfinite(output).all() for output in outputs):
        raise ModelRefusedError(f"{model.name}: its outputs are NaN or infinite. Train again.")
    return outputs


def predict(kind: TaskKind, model: "keras.Model | Forest", images: Pictures) -> Predictions:
    """Return what a network of a kind of task predicts for images; see `network_outputs`."""
    return kind.decode(network_outputs(model, images))
