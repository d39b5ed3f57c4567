"""Using an exported detector: ONNX Runtime, NumPy and Pillow, and nothing else.

Shrinking a screenshot by a whole number is Pillow's; the network, the highest scores and the boxes are in the file.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from toonvision.core.errors import Finding
from toonvision.core.progress import Progress, silent
from toonvision.data import images
from toonvision.data.images import Pictures
from toonvision.deploy.checks import BOXES_NAME, SCORES_NAME
from toonvision.deploy.opened import OpenedModel, image_of, required
from toonvision.metrics.detection import boxes_in
from toonvision.metrics.found_objects import FoundObject, FoundObjects, find_in_files, objects_of
from toonvision.metrics.predictions import Predictions
from toonvision.taxonomy.labels import DETECT


class Detector(OpenedModel):
    """An exported model that finds objects in screenshots, opened and checked.

    Attributes:
        bundle: What the model is: its labels, input, preprocessing and origin.
        classes: Names of the classes.

    Examples:
        >>> detector = Detector("runs/detect/detector-1/model.onnx")  # doctest: +SKIP
        >>> detector.predict(Image.open("screenshot.png"))[0].label  # doctest: +SKIP
        'cog'
    """

    kind = DETECT

    @property
    def thresholds(self) -> tuple[float, ...]:
        """The confidence from which on a box of each class counts."""
        return self.bundle.thresholds or ()

    def predict(self, picture: Image.Image | npt.NDArray[np.uint8]) -> tuple[FoundObject, ...]:
        """Find the objects in one picture of any size, the most confident first.

        Args:
            picture: A picture, or an array of shape ``(height, width, 3)``, uint8, 0 to 255.

        Raises:
            UsageError: If an array is no picture, a picture has no pixel, or its pixels are floating-point numbers.
            ModelRefusedError: If an output is NaN, or the model cannot be run.
        """
        image = image_of(picture)
        fitted = images.fit(image, size_hw=self.bundle.size_hw, resize=self.bundle.resize)
        (found,) = objects_of(
            self.find_batch(fitted[None]),
            [image.size],
            classes=self.classes,
            thresholds=self.thresholds,
            size_hw=self.bundle.size_hw,
        )
        return found

    def find_batch(self, pictures: Pictures) -> Predictions:
        """Return all boxes in pictures that already have the model's input size, those below the thresholds too.

        Args:
            pictures: Shape ``(pictures, height, width, 3)``, uint8, 0 to 255.

        Raises:
            UsageError: If they have another size or type.
            ModelRefusedError: If an output is NaN, or the model cannot be run.
        """
        required(pictures, (None, *self.bundle.size_hw, 3), some=False)
        if not len(pictures):
            return boxes_in(np.zeros((0, 1, len(self.classes)), np.float32), np.zeros((0, 1, 4), np.float32))
        found = self._for_each(self.run_batch, pictures)
        return boxes_in(*(np.concatenate(one) for one in zip(*found, strict=True)))

    def run_batch(self, pictures: Pictures) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return what the file itself answers about pictures, in a single run; `find_batch` is quicker.

        Returns:
            Scores of each cell and class, 0 where a cell is no peak, shape ``(pictures, cells, classes)``, and the box
            of each cell in pixels of the input, shape ``(pictures, cells, 4)``.
        """
        scores, boxes = self._outputs([SCORES_NAME, BOXES_NAME], pictures)
        return scores, boxes

    def predict_files(
        self, paths: Sequence[Path | str], *, progress: Progress = silent
    ) -> tuple[list[FoundObjects], list[Finding]]:
        """Find the objects in pictures, and in all pictures in folders.

        Args:
            paths: Pictures or folders.
            progress: Called with how many pictures are done.

        Returns:
            The objects of each picture in the order of the paths, and what could not be read.

        Raises:
            InputRejectedError: If a folder cannot be read.
            ModelRefusedError: If an output is NaN, or the model cannot be run.
        """
        return find_in_files(
            self.find_batch,
            [Path(path) for path in paths],
            classes=self.classes,
            thresholds=self.thresholds,
            size_hw=self.bundle.size_hw,
            progress=progress,
        )
