"""Using an exported model: ONNX Runtime, NumPy and Pillow, and nothing else.

This is what a program of your own needs: it neither imports Keras or TensorFlow nor needs them installed. Pictures are
predicted one by one, each on one core and several at once: that is faster than batches on all cores.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
from PIL import Image

from toonvision.core import errors
from toonvision.core.errors import Finding, InputRejectedError, ModelRefusedError, RejectedItemError, UsageError
from toonvision.core.files import read_regular
from toonvision.core.progress import Progress, silent
from toonvision.core.runner import available_cores
from toonvision.data import images
from toonvision.data.images import Pictures
from toonvision.deploy.checks import INPUT_NAME, LARGEST_FILE, NOVELTY_NAME, OUTPUT_NAME, checked
from toonvision.metrics.predictions import Answers, Prediction, Probabilities, Verdict, predict_files_by

_FATAL_ALONE = 4


class Classifier:
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

    def __init__(self, model: Path | str | bytes, *, threads: int | None = None) -> None:
        """Open a model.

        Args:
            model: The file that `toonvision export` wrote, or its bytes.
            threads: How many pictures are predicted at once; by default as many as there are cores.

        Raises:
            UsageError: If ``threads`` is below 1.
            InputRejectedError: If there is no such file.
            ModelRefusedError: If it is not what ToonVision exports.
        """
        if threads is not None and threads < 1:
            raise UsageError(f"threads must be 1 or more; got {threads}.")
        self._where = "the model" if isinstance(model, bytes) else str(model)
        self._threads = threads or available_cores()
        content = model if isinstance(model, bytes) else _read(Path(model))
        try:
            self.bundle = checked(content)
        except ModelRefusedError as error:
            raise ModelRefusedError(f"{self._where}: {error}.") from error
        self.classes = self.bundle.classes
        with _refusing(f"{self._where}: ONNX Runtime cannot open it"):
            self._session = _started(content)
        self.has_novelty = len(self._session.get_outputs()) > 1

    def predict(self, picture: Image.Image | npt.NDArray[np.uint8]) -> Verdict:
        """Predict one picture of any size.

        Args:
            picture: A picture, or an array of shape ``(height, width, 3)``, uint8, 0 to 255.

        Raises:
            UsageError: If an array is no picture, a picture has no pixel, or its pixels are floating-point numbers.
            ModelRefusedError: If a probability is NaN, or the model cannot be run.
        """
        if isinstance(picture, Image.Image):
            if not all(picture.size):
                raise UsageError(f"a picture has pixels; got one of {picture.width} x {picture.height}.")
            try:
                image = images.to_rgb(picture)
            except RejectedItemError as error:
                raise UsageError(f"a picture {error.reason}; {error.remedy}.") from error
        else:
            image = Image.fromarray(_required(picture, (None, None, 3)))
        fitted = images.fit(image, size_hw=self.bundle.size_hw, resize=self.bundle.resize)
        answers = self._run(fitted[None])
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
        _required(pictures, (None, *self.bundle.size_hw, 3), some=False)
        with ThreadPoolExecutor(self._threads) as pool:
            found = list(pool.map(self._run, pictures[:, None]))
        rows = [np.zeros((0, len(self.classes)), np.float32), *(one.probabilities for one in found)]
        scores = [np.zeros(0, np.float32), *(one.novelty for one in found if one.novelty is not None)]
        return Answers(np.concatenate(rows), np.concatenate(scores) if self.has_novelty else None)

    def predict_files(
        self, paths: Sequence[Path | str], *, progress: Progress = silent
    ) -> tuple[list[Prediction], list[Finding]]:
        """Predict pictures, and all pictures in folders.

        Args:
            paths: Pictures or folders.
            progress: Called with how many pictures are done.

        Returns:
            Predictions in the order of the paths, and what could not be read.

        Raises:
            InputRejectedError: If a folder cannot be read.
            ModelRefusedError: If a probability is NaN, or the model cannot be run.
        """
        return predict_files_by(
            self.answer_batch,
            [Path(path) for path in paths],
            classes=self.classes,
            size_hw=self.bundle.size_hw,
            resize=self.bundle.resize,
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
        outputs = [OUTPUT_NAME, *[NOVELTY_NAME] * self.has_novelty]
        with _refusing(f"{self._where}: ONNX Runtime cannot run it"):
            found = self._session.run(outputs, {INPUT_NAME: pictures})
        if not all(np.isfinite(one).all() for one in found):
            raise ModelRefusedError(f"{self._where}: its predictions are NaN. Train and export again.")
        return Answers(found[0], found[1][:, 0] if self.has_novelty else None)


def _read(path: Path) -> bytes:
    try:
        return read_regular(path, limit=LARGEST_FILE)
    except RejectedItemError as error:
        kind = ModelRefusedError if error.code == "too-large" else InputRejectedError
        raise kind(f"{path}: {error.reason}. Write it with: toonvision export RUN") from error


def _started(content: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = _FATAL_ALONE
    onnxruntime.disable_telemetry_events()
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


@contextmanager
def _refusing(what: str) -> Iterator[None]:
    """Turn errors of ONNX Runtime, which have no common kind and may quote any file, into one of one line."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        first_line = str(error).partition("\n")[0]
        raise ModelRefusedError(f"{what} ({errors.printable(first_line[:200])}).") from error


def _required(
    pictures: npt.NDArray[np.uint8], shape: tuple[int | None, ...], *, some: bool = True
) -> npt.NDArray[np.uint8]:
    """Return an array that has a shape (None stands for any side); refuse others, and empty ones if ``some``."""
    fits = (
        isinstance(pictures, np.ndarray)
        and pictures.dtype == np.uint8
        and pictures.ndim == len(shape)
        and all(side in {None, found} for side, found in zip(shape, pictures.shape, strict=True))
        and (pictures.size > 0 or not some)
    )
    if not fits:
        wanted = ", ".join("any" if side is None else str(side) for side in shape)
        got = f"{pictures.shape} of {pictures.dtype}" if isinstance(pictures, np.ndarray) else type(pictures).__name__
        raise UsageError(f"pictures are uint8 arrays of shape ({wanted}); got {got}.")
    return pictures
