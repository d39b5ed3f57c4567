"""Using an exported model: ONNX Runtime, NumPy and Pillow, and nothing else.

This is what a program of your own needs: it neither imports Keras or TensorFlow nor needs them installed. Pictures are
predicted one by one, each on one core and several at once: that is faster than batches on all cores.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from toonvision.core.errors import Finding
from toonvision.core.names import Paths, paths_of
from toonvision.core.progress import Progress, silent
from toonvision.data.images import Pictures
from toonvision.deploy.checks import NOVELTY_NAME, OUTPUT_NAME
from toonvision.deploy.opened import OpenedModel, image_of, required
from toonvision.metrics.predictions import Answers, Prediction, Probabilities, Verdict
from toonvision.models.file_predictions import predict_files_by
from toonvision.taxonomy.labels import CLASSIFY


class Classifier(OpenedModel):
    """An exported model, opened and checked.

    Attributes:
        bundle: What the model is: its labels, input, preprocessing and origin.
        classes: Names of the classes, in the order of the probabilities.
        has_novelty: Whether it says of a picture how unlike all that was learned it is.

    Examples:
        >>> classifier = Classifier("runs/suit/compact-1/model.onnx")  # doctest: +SKIP
        >>> classifier.predict(Image.open("crop.png")).predicted  # doctest: +SKIP
        'bb'
    """

    kind = CLASSIFY

    def __init__(self, model: Path | str | bytes, *, threads: int | None = None) -> None:
        """Open a model; see `OpenedModel`."""
        super().__init__(model, threads=threads)
        self.has_novelty = len(self._session.get_outputs()) > 1

    def predict(self, picture: Image.Image | npt.NDArray[np.uint8]) -> Verdict:
        """Predict one picture of any size.

        Args:
            picture: A picture, or an array of shape ``(height, width, 3)``, uint8, 0 to 255.

        Raises:
            UsageError: If an array is no picture, a picture has no pixel, or its pixels are floating-point numbers.
            ModelRefusedError: If a probability is NaN, or the model cannot be run.
        """
        answers = self._run(self.fitted(image_of(picture)))
        novelty = None if answers.novelty is None else float(answers.novelty[0])
        return Verdict(answers.probabilities[0], self.classes, novelty=novelty)

    def predict_batch(self, pictures: Pictures) -> Probabilities:
        """Return the probabilities of pictures that already have the model's input size.

        Args:
            pictures: Shape ``(samples, height, width, 3)``, uint8, 0 to 255.

        Returns:
            Shape ``(samples, classes)``, each row summing to 1.

        Raises:
            UsageError: If they have another size or type.
            ModelRefusedError: If a probability is NaN, or the model cannot be run.
        """
        return self.answer_batch(pictures).probabilities

    def answer_batch(self, pictures: Pictures) -> Answers:
        """Return probabilities and novelty scores of pictures that already have the model's input size.

        Args and errors are those of `predict_batch`.
        """
        required(pictures, (None, *self.bundle.size_hw, 3), some=False)
        found = self._for_each(self._run, pictures)
        rows = [np.zeros((0, len(self.classes)), np.float32), *(one.probabilities for one in found)]
        scores = [np.zeros(0, np.float32), *(one.novelty for one in found if one.novelty is not None)]
        return Answers(np.concatenate(rows), np.concatenate(scores) if self.has_novelty else None)

    def predict_files(self, paths: Paths, *, progress: Progress = silent) -> tuple[list[Prediction], list[Finding]]:
        """Predict pictures, and all pictures in folders.

        Args:
            paths: Pictures or folders, one or more.
            progress: Called with how many pictures are done.

        Returns:
            Predictions in the order of the paths, and what could not be read.

        Raises:
            InputRejectedError: If a folder cannot be read.
            ModelRefusedError: If a probability is NaN, or the model cannot be run.
        """
        return predict_files_by(
            self.answer_batch,
            paths_of(paths) or [],
            classes=self.classes,
            size_hw=self.bundle.size_hw,
            resize=self.bundle.resize,
            threads=self._threads,
            progress=progress,
        )

    def run_batch(self, pictures: Pictures) -> Probabilities:
        """Return the probabilities of pictures in a single run; `predict_batch` is quicker.

        Args:
            pictures: Shape ``(samples, height, width, 3)`` in the model's size, uint8, 0 to 255.

        Returns:
            Shape ``(samples, classes)``, each row summing to 1.

        Raises:
            ModelRefusedError: If a probability is NaN, or the model cannot be run.
        """
        return self._run(pictures).probabilities

    def _run(self, pictures: Pictures) -> Answers:
        found = self._outputs([OUTPUT_NAME, *[NOVELTY_NAME] * self.has_novelty], pictures)
        return Answers(found[0], found[1][:, 0] if self.has_novelty else None)
