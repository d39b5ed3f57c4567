"""Using an exported segmenter: ONNX Runtime, NumPy and Pillow, and nothing else.

Shrinking a screenshot by a whole number is Pillow's; the network is in the file, and answers for cells of 4 x 4 pixels.
"""

from functools import partial

import numpy as np
import numpy.typing as npt
from PIL import Image

from toonvision.core.errors import Finding
from toonvision.core.names import Paths, paths_of
from toonvision.core.progress import Progress, silent
from toonvision.data.images import Pictures
from toonvision.deploy.checks import PIXELS_NAME
from toonvision.deploy.opened import OpenedModel, image_of, required
from toonvision.metrics.named_pixels import NamedPixels, Pixels, named_rows, whole_pixels
from toonvision.metrics.predictions import Predictions
from toonvision.models.file_predictions import answer_screenshots
from toonvision.models.grid import PIXEL_STRIDE
from toonvision.models.pixels import predictions_of, widened
from toonvision.taxonomy.labels import SEGMENT


class Segmenter(OpenedModel):
    """An exported model that names each pixel of a screenshot, opened and checked.

    Attributes:
        bundle: What the model is: its labels, input, preprocessing and origin.
        classes: Names of the classes, in the order of the values of `predict`.

    Examples:
        >>> segmenter = Segmenter("runs/street/segmenter-1/model.onnx")  # doctest: +SKIP
        >>> pixels = segmenter.predict(Image.open("screenshot.png"))  # doctest: +SKIP
        >>> segmenter.classes[pixels[600, 400]]  # doctest: +SKIP
        'road'
    """

    kind = SEGMENT

    def predict(self, picture: Image.Image | npt.NDArray[np.uint8]) -> Pixels:
        """Return the class of each pixel of one picture of any size.

        Args:
            picture: A picture, or an array of shape ``(height, width, 3)``, uint8, 0 to 255.

        Returns:
            Shape ``(height, width)``, uint8, indices into `classes`.

        Raises:
            UsageError: If an array is no picture, a picture has no pixel, or its pixels are floating-point numbers.
            ModelRefusedError: If an output is NaN, or the model cannot be run.
        """
        image = image_of(picture)
        pixels = self.name_batch(self.fitted(image)).pixels
        assert pixels is not None
        return whole_pixels(pixels[0], image.size)

    def name_batch(self, pictures: Pictures) -> Predictions:
        """Return the class of each pixel of pictures that already have the model's input size.

        Args:
            pictures: Shape ``(pictures, height, width, 3)``, uint8, 0 to 255.

        Raises:
            UsageError: If they have another size or type.
            ModelRefusedError: If an output is NaN, or the model cannot be run.
        """
        required(pictures, (None, *self.bundle.size_hw, 3), some=False)
        rows, columns = (side // PIXEL_STRIDE for side in self.bundle.size_hw)
        found = [widened(one, columns) for one in self._for_each(self.run_batch, pictures)]
        return predictions_of(np.concatenate([np.zeros((0, rows, columns, len(self.classes)), np.float32), *found]))

    def run_batch(self, pictures: Pictures) -> npt.NDArray[np.float32]:
        """Return what the file itself answers about pictures, in a single run; `name_batch` is quicker.

        Returns:
            Logits of each class in each cell of 4 x 4 pixels, shape ``(pictures, height / 4, width / 4, classes)``.
        """
        (logits,) = self._outputs([PIXELS_NAME], pictures)
        return logits

    def predict_files(self, paths: Paths, *, progress: Progress = silent) -> tuple[list[NamedPixels], list[Finding]]:
        """Name the pixels of pictures, and of all pictures in folders.

        Args:
            paths: Pictures or folders, one or more.
            progress: Called with how many pictures are done.

        Returns:
            The classes in each picture in the order of the paths, and what could not be read.

        Raises:
            InputRejectedError: If a folder cannot be read.
            ModelRefusedError: If an output is NaN, or the model cannot be run.
        """
        return answer_screenshots(
            self.name_batch,
            partial(named_rows, classes=self.classes),
            paths_of(paths) or [],
            size_hw=self.bundle.size_hw,
            threads=self._threads,
            progress=progress,
        )
