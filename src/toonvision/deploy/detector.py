"""Using an exported detector: ONNX Runtime, NumPy and Pillow, and nothing else.

Shrinking a screenshot by a whole number is Pillow's; the network, the highest scores and the boxes are in the file.
"""

import math
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt
from PIL import Image

from toonvision.core.errors import Finding, UsageError
from toonvision.core.names import Paths, paths_of
from toonvision.core.progress import Progress, silent
from toonvision.data.images import Pictures
from toonvision.deploy.checks import BOXES_NAME, PIXELS_NAME, SCORES_NAME
from toonvision.deploy.opened import OpenedModel, image_of, required
from toonvision.metrics.boxes import LOWEST, boxes_in
from toonvision.metrics.found_objects import FoundObject, FoundObjects, found_rows, objects_of
from toonvision.metrics.named_pixels import Pixels, whole_pixels
from toonvision.metrics.predictions import Predictions, concatenated
from toonvision.models.file_predictions import answer_screenshots
from toonvision.models.grid import PIXEL_STRIDE
from toonvision.models.pixels import Logits, class_maps, widened
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
    def pixel_classes(self) -> tuple[str, ...]:
        """Names of the classes of pixels, in the order of their values; empty if the model finds boxes only."""
        return self.bundle.pixels or ()

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
        return self.objects_in(image, self.find_batch(self.fitted(image)))

    def predict_with_pixels(
        self, picture: Image.Image | npt.NDArray[np.uint8]
    ) -> tuple[tuple[FoundObject, ...], Pixels]:
        """Find the objects in one picture of any size and name each of its pixels, in a single run of the network.

        Args:
            picture: A picture, or an array of shape ``(height, width, 3)``, uint8, 0 to 255.

        Returns:
            The objects, the most confident first; and the class of each pixel, shape ``(height, width)``, uint8:
            indices into `pixel_classes`.

        Raises:
            UsageError: If the model names no pixels, an array is no picture, a picture has no pixel, or its pixels are
                floating-point numbers.
            ModelRefusedError: If an output is NaN, or the model cannot be run.
        """
        image = image_of(picture)
        found = self.find_batch(self.fitted(image), pixels=True)
        assert found.pixels is not None
        return self.objects_in(image, found), whole_pixels(found.pixels[0], image.size)

    def objects_in(
        self, image: Image.Image, predictions: Predictions, *, least: float = math.inf
    ) -> tuple[FoundObject, ...]:
        """Return the objects of one picture from what `find_batch` returns for it, the most confident first.

        An object counts from the threshold of its class on, or from the confidence `least` on if that is lower.
        """
        thresholds = [min(least, one) for one in self.thresholds]
        size_hw = self.bundle.size_hw
        (found,) = objects_of(predictions, [image.size], classes=self.classes, thresholds=thresholds, size_hw=size_hw)
        return found

    def find_batch(self, pictures: Pictures, *, pixels: bool = False, lowest: float = LOWEST) -> Predictions:
        """Return all boxes in pictures that already have the model's input size, those below the thresholds too.

        Args:
            pictures: Shape ``(pictures, height, width, 3)``, uint8, 0 to 255. Columns at the right of a picture that
                are black, as those beside a narrower screenshot, are taken for its end and not computed.
            pixels: Name the pixels too.
            lowest: The confidence from which on boxes are wanted, above 0.

        Raises:
            UsageError: If they have another size or type, or the model names no pixels.
            ModelRefusedError: If an output is NaN, or the model cannot be run.
        """
        required(pictures, (None, *self.bundle.size_hw, 3), some=False)
        run = self.run_batch_with_pixels if pixels else self.run_batch
        if not len(pictures):
            return boxes_in(np.zeros((0, 1, len(self.classes)), np.float32), np.zeros((0, 1, 4), np.float32))
        return concatenated([self._found(*one, lowest=lowest) for one in self._for_each(run, pictures)])

    def _found(
        self, scores: npt.NDArray[np.float32], boxes: npt.NDArray[np.float32], *logits: Logits, lowest: float
    ) -> Predictions:
        found = boxes_in(scores, boxes, lowest=lowest)
        if not logits:
            return found
        return replace(found, pixels=class_maps(widened(logits[0], self.bundle.size_hw[1] // PIXEL_STRIDE)))

    def run_batch(self, pictures: Pictures) -> tuple[npt.NDArray[np.float32], ...]:
        """Return what the file itself answers about pictures, in a single run; `find_batch` is quicker.

        Returns:
            Scores of each cell and class, 0 where a cell is no peak, shape ``(pictures, cells, classes)``, and the box
            of each cell in pixels of the input, shape ``(pictures, cells, 4)``.
        """
        return tuple(self._outputs([SCORES_NAME, BOXES_NAME], pictures))

    def run_batch_with_pixels(self, pictures: Pictures) -> tuple[npt.NDArray[np.float32], ...]:
        """Return the same, and logits of each class of pixels for each cell of 4 x 4 pixels.

        Returns:
            Scores, boxes, and logits of shape ``(pictures, height / 4, width / 4, classes)``.

        Raises:
            UsageError: If the model names no pixels.
        """
        if not self.pixel_classes:
            raise UsageError(
                f"{self._where}: names no pixels. Train one that does, and export it: toonvision train TASK --model "
                "detector+pixels"
            )
        return tuple(self._outputs([SCORES_NAME, BOXES_NAME, PIXELS_NAME], pictures))

    def predict_files(
        self, paths: Paths, *, pixels: bool = False, progress: Progress = silent
    ) -> tuple[list[FoundObjects], list[Finding]]:
        """Find the objects in pictures, and in all pictures in folders.

        Args:
            paths: Pictures or folders, one or more.
            pixels: Name the pixels too.
            progress: Called with how many pictures are done.

        Returns:
            The objects of each picture in the order of the paths, and what could not be read.

        Raises:
            UsageError: If pixels are asked for, and the model names none.
            InputRejectedError: If a folder cannot be read.
            ModelRefusedError: If an output is NaN, or the model cannot be run.
        """
        rows = partial(found_rows, classes=self.classes, thresholds=self.thresholds, size_hw=self.bundle.size_hw)
        return answer_screenshots(
            partial(self.find_batch, pixels=pixels),
            rows,
            paths_of(paths) or [],
            size_hw=self.bundle.size_hw,
            threads=self._threads,
            progress=progress,
        )
