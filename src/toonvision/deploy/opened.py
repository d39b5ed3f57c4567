"""Opening an exported file of any kind: it is checked, then run by ONNX Runtime on one thread a picture."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import onnxruntime
from PIL import Image

from toonvision.core import errors
from toonvision.core.errors import InputRejectedError, ModelRefusedError, RejectedItemError, UsageError
from toonvision.core.files import LARGEST_MODEL, read_regular
from toonvision.core.runner import available_cores
from toonvision.core.wording import some
from toonvision.data import fitting, images
from toonvision.data.images import Pictures
from toonvision.deploy.checks import INPUT_NAME, checked
from toonvision.models.grid import DEEPEST, SMALLEST
from toonvision.taxonomy.labels import CLASSIFY, DETECT, SEGMENT

Answer = TypeVar("Answer")
_FATAL_ALONE = 4
_CLASSES: Mapping[str, str] = {
    CLASSIFY: "toonvision.Classifier",
    DETECT: "toonvision.Detector",
    SEGMENT: "toonvision.Segmenter",
}


class OpenedModel:
    """An exported model of a kind, opened and checked.

    Attributes:
        bundle: What the model is: its labels, input, preprocessing and origin.
        classes: Names of the classes, in the order of the outputs.
    """

    kind = ""

    def __init__(self, model: Path | str | bytes, *, threads: int | None = None) -> None:
        """Open a model.

        Args:
            model: The file that `toonvision export` wrote, or its bytes.
            threads: How many pictures are predicted at once; by default as many as there are cores.

        Raises:
            UsageError: If ``threads`` is below 1.
            InputRejectedError: If there is no such file.
            ModelRefusedError: If it is not what ToonVision exports, or of another kind.
        """
        if threads is not None and threads < 1:
            raise UsageError(f"threads must be 1 or more; got {threads}.")
        self._where = "the model" if isinstance(model, bytes) else str(model)
        self._threads = threads or available_cores()
        content = model if isinstance(model, bytes) else _read(Path(model))
        try:
            self.bundle = checked(content)
        except ModelRefusedError as error:
            raise ModelRefusedError(error.reason, error.remedy, file=self._where) from error
        if self.bundle.kind != self.kind:
            other = _CLASSES[self.bundle.kind]
            raise ModelRefusedError("is a model of another kind", f"open it with {other}", file=self._where)
        self.classes = self.bundle.classes
        with self._refusing("cannot open it"):
            self._session = started(content)
        self._takes_any_width = not isinstance(self._session.get_inputs()[0].shape[2], int)

    def __repr__(self) -> str:
        """Return its kind, its input, and its classes."""
        height, width = self.bundle.size_hw
        some_classes = some(self.classes, most=8)
        return f"{type(self).__name__} for {height} x {width} pixels: {some_classes}"

    def fitted(self, image: Image.Image) -> Pictures:
        """Return a picture in RGB as a batch of one of the input size, shape ``(1, height, width, 3)``, uint8."""
        return fitting.fit(image, size_hw=self.bundle.size_hw, resize=self.bundle.resize)[None]

    def _for_each(self, run: Callable[[Pictures], Answer], pictures: Pictures) -> list[Answer]:
        """Run the model over pictures, one at a time, in as many threads as it has; one needs no thread of its own.

        Of an input that is wider than the picture in it, only what shows it is computed where the file allows that.
        """

        def answer(picture: Pictures) -> Answer:
            return run(_shown_part(picture) if self._takes_any_width else picture)

        if self._threads == 1 or len(pictures) == 1:
            return [answer(picture) for picture in pictures[:, None]]
        with ThreadPoolExecutor(self._threads) as pool:
            return list(pool.map(answer, pictures[:, None]))

    def _outputs(self, names: Sequence[str], pictures: Pictures) -> list[npt.NDArray[np.float32]]:
        """Run the model over pictures of its input size, shape ``(pictures, height, width, 3)``."""
        with self._refusing("cannot run it"):
            found = self._session.run(list(names), {INPUT_NAME: pictures})
        if not all(np.isfinite(one).all() for one in found):
            raise ModelRefusedError("its predictions are NaN", "train and export again", file=self._where)
        return list(found)

    @contextmanager
    def _refusing(self, what: str) -> Iterator[None]:
        """Turn errors of ONNX Runtime, which have no common kind and may quote any file, into one of one line."""
        try:
            yield
        except MemoryError:
            raise
        except Exception as error:
            first_line = errors.printable(str(error).partition("\n")[0][:200])
            raise ModelRefusedError(f"ONNX Runtime {what} ({first_line})", file=self._where) from error


def _shown_part(picture: Pictures) -> Pictures:
    """Return an input, ``(1, height, width, 3)``, without the columns at its right that are black, 32 at once."""
    width = picture.shape[2]
    while width > SMALLEST and not picture[:, :, width - DEEPEST : width].any():
        width -= DEEPEST
    return np.ascontiguousarray(picture[:, :, :width])


def image_of(picture: Image.Image | npt.NDArray[np.uint8]) -> Image.Image:
    """Return a picture, or an array of shape ``(height, width, 3)``, uint8, as an image in mode ``RGB``.

    Raises:
        UsageError: If an array is no picture, a picture has no pixel, its pixels are floating-point numbers, or it was
            closed.
    """
    if not isinstance(picture, Image.Image):
        try:
            return Image.fromarray(required(picture, (None, None, 3)))
        except UsageError as error:
            raise UsageError(f"{error}{_remedy(picture)}") from None
    if not all(picture.size):
        raise UsageError(f"a picture has pixels; got one of {picture.width} x {picture.height}.")
    try:
        picture.load()
        return images.to_rgb(picture)
    except RejectedItemError as error:
        raise UsageError(f"a picture {error.reason}; {error.remedy}.") from error
    except (OSError, ValueError) as error:  # it is cut short, was closed, or is of a mode of Pillow's own
        raise UsageError(f"a picture cannot be brought to RGB ({error}). Open it again, with Image.open.") from error


def _remedy(picture: object) -> str:
    """Return how something becomes a picture that can be predicted, with a leading blank; empty where nobody knows."""
    if isinstance(picture, str | Path):
        return " Give what Image.open(path) of Pillow returns."
    if not isinstance(picture, np.ndarray):
        return " A picture of Pillow will do, too."
    forms = {(): "Image.fromarray({})", (1,): "Image.fromarray({}[..., 0])", (3,): "{}", (4,): "{}[..., :3]"}
    form = forms.get(picture.shape[2:]) if picture.ndim in (2, 3) and picture.size else None
    if form is None:
        return ""
    if picture.dtype == np.uint8:
        return f" Give {form.format('array')}."
    if picture.dtype.kind == "f" and picture.min() >= 0 and picture.max() <= 1:
        bytes_, condition = '(255 * array).round().astype("uint8")', ""
    else:
        bytes_, condition = 'array.astype("uint8")', ", if its values are 0 to 255"
    return f" Give {form.format(bytes_)}{condition}."


def required(
    pictures: npt.NDArray[np.uint8], shape: tuple[int | None, ...], *, some: bool = True
) -> npt.NDArray[np.uint8]:
    """Return an array that has a shape (None stands for any side); refuse others, and empty ones if ``some``.

    Raises:
        UsageError: Naming both.
    """
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


def _read(path: Path) -> bytes:
    try:
        return read_regular(path, limit=LARGEST_MODEL)
    except RejectedItemError as error:
        kind = ModelRefusedError if error.code == "too-large" else InputRejectedError
        raise kind(f"{path}: {error.reason}. Write it with: toonvision export RUN") from error


def started(content: bytes) -> onnxruntime.InferenceSession:
    """Return a session that computes on one thread, for the bytes of an export that can be trusted."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = _FATAL_ALONE
    onnxruntime.disable_telemetry_events()
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
