"""Pictures for TensorBoard: what a network in training predicts for some validation images."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from PIL import Image
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from toonvision.data.images import Pictures
from toonvision.metrics.predictions import Predictions
from toonvision.tasks.base import Outputs

IMAGES = 4
_TIMES = 10


class Sketches(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Draws predictions for the same images again and again while a network is trained."""

    def __init__(
        self,
        folder: Path,
        images: Pictures,
        decode: Callable[[Outputs], Predictions],
        draw: Callable[[Pictures, Predictions], Pictures],
    ) -> None:
        """Draw for some images, into TensorBoard's folder of a training.

        Args:
            folder: That folder.
            images: The images, of the network's size.
            decode: Turns the network's outputs into predictions.
            draw: Draws these onto the images.
        """
        super().__init__()
        self._folder, self._images, self._decode, self._draw = folder / "pictures", images, decode, draw
        self._writer: Any = None

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002 - Keras passes them
        """Draw, ten times in a training, and at its end."""
        epochs = self.params["epochs"]
        if (epoch + 1) % epochs_between(epochs) and epoch + 1 < epochs:
            return
        found = self.model.predict_on_batch(self._images)
        outputs = tuple(found) if isinstance(found, list | tuple) else (found,)
        if not all(np.isfinite(output).all() for output in outputs):
            return  # the training has diverged, which others say
        drawn = self._draw(self._images, self._decode(outputs))
        self._writer = self._writer or EventFileWriter(str(self._folder))
        values = [_value(f"validation image {at + 1}", image) for at, image in enumerate(drawn)]
        self._writer.add_event(event_pb2.Event(step=epoch, summary=summary_pb2.Summary(value=values)))

    def on_train_end(self, logs: Any = None) -> None:  # noqa: ARG002 - Keras passes them
        """Close the file."""
        if self._writer is not None:
            self._writer.close()


def epochs_between(epochs: int) -> int:
    """Return after how many epochs of a training TensorBoard gets the next pictures and histograms: ten times in all.

    Histograms of the weights take longer than a few steps.

    Examples:
        >>> epochs_between(91), epochs_between(3)
        (9, 1)
    """
    return max(1, epochs // _TIMES)


def _value(tag: str, image: np.ndarray[Any, Any]) -> Any:
    content = io.BytesIO()
    Image.fromarray(image).save(content, "PNG")
    height, width, channels = image.shape
    encoded = summary_pb2.Summary.Image(
        height=height, width=width, colorspace=channels, encoded_image_string=content.getvalue()
    )
    return summary_pb2.Summary.Value(tag=tag, image=encoded)
