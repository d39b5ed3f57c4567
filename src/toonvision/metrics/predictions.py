"""The values that a model predicts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from toonvision.data.boxes import Box

Probabilities = npt.NDArray[np.float32]
"""Shape ``(samples, classes)``; each row sums to 1."""


@dataclass(frozen=True)
class Predictions:
    """What a model of any kind of task predicts for some images.

    Attributes:
        images: Number of images.
        image: The index of the image that each prediction belongs to, shape ``(predictions,)``, int64. A classifier has
            one prediction for each image, in order; a detector has as many as it finds objects.
        labels: The predicted classes, shape ``(predictions,)``, int64.
        scores: Confidence of each, shape ``(predictions,)``, float32, 0 to 1.
        probabilities: Of each class, shape ``(predictions, classes)``, float32; None where a kind has none.
        boxes: Bounding boxes as x_min, y_min, x_max, y_max in pixels of the image, shape ``(predictions, 4)``, float32;
            None where a kind has none.
        pixels: The class of each pixel of the images, shape ``(images, height, width)``, uint8; None where a model
            names none. Without boxes beside it there is one prediction for each image, in order: its most frequent
            class, and the mean confidence of the pixels.
    """

    images: int
    image: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float32]
    probabilities: Probabilities | None = None
    boxes: npt.NDArray[np.float32] | None = None
    pixels: npt.NDArray[np.uint8] | None = None

    @property
    def known_boxes(self) -> npt.NDArray[np.float32]:
        """The boxes of a detector's predictions."""
        if self.boxes is None:
            raise TypeError("these predictions have no boxes; a detector's have")
        return self.boxes


def concatenated(parts: Sequence[Predictions]) -> Predictions:
    """Return what was predicted for some images after one another, at least one of them, as of all of them."""
    names = [name for name, value in vars(parts[0]).items() if name not in ("images", "image") and value is not None]
    before = np.cumsum([0, *(part.images for part in parts)])
    return Predictions(
        int(before[-1]),
        np.concatenate([part.image + start for part, start in zip(parts, before[:-1], strict=True)]),
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in names},
    )


@dataclass(frozen=True)
class Answers:
    """What a classifier answers about some images.

    Attributes:
        probabilities: Of each class.
        novelty: Novelty scores, shape ``(images,)``, float32: above 0 for an image unlike anything learned; None for a
            model without such a score.
    """

    probabilities: Probabilities
    novelty: npt.NDArray[np.float32] | None = None

    @property
    def rows(self) -> list[tuple[npt.NDArray[np.float32], float | None]]:
        """The probabilities and the novelty score of each image."""
        scores = [None] * len(self.probabilities) if self.novelty is None else self.novelty.tolist()
        return list(zip(self.probabilities, scores, strict=True))


@dataclass(frozen=True)
class Verdict:
    """The prediction of one image.

    Attributes:
        probabilities: One per class, shape ``(classes,)``, summing to 1.
        classes: Names of the classes, in the same order.
        novelty: The novelty score, above 0 for an image unlike anything learned; None for a model without one.
    """

    probabilities: npt.NDArray[np.float32]
    classes: tuple[str, ...]
    novelty: float | None = field(default=None, kw_only=True)

    @property
    def none_of_these(self) -> bool:
        """Whether the image is unlike anything that the model learned; never for a model without a novelty score."""
        return self.novelty is not None and self.novelty > 0

    @property
    def predicted(self) -> str:
        """The most probable class."""
        return self.classes[int(self.probabilities.argmax())]

    @property
    def confidence(self) -> float:
        """Its probability, 0 to 1."""
        return float(self.probabilities.max())


@dataclass(frozen=True)
class Prediction(Verdict):
    """The prediction of a file.

    Attributes:
        path: The file.
    """

    path: Path


@dataclass(frozen=True)
class BoxPrediction(Prediction):
    """The prediction of an annotated bounding box of a file.

    Attributes:
        number: The object's number in the annotation, from 1.
        label: Its label in the annotation.
        box: Its bounding box.
        size_wh: Width and height in pixels of the picture that the box was drawn on; a rotation in the EXIF data may
            exchange them.
    """

    number: int
    label: str
    box: Box
    size_wh: tuple[int, int]
