"""Asking a model: probabilities of every class, for arrays and for files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from toonvision.core.errors import Finding, ModelRefusedError, RejectedItemError
from toonvision.core.progress import Progress, silent
from toonvision.data.batches import Pictures, read_picture
from toonvision.data.source_tree import is_picture, walk
from toonvision.evaluation.calibration import with_temperature
from toonvision.models.backend import start_keras
from toonvision.models.saving import load_model, read_card

if TYPE_CHECKING:
    import keras

Probabilities = npt.NDArray[np.float32]
"""Shape ``(samples, classes)``; each row sums to 1."""

_BATCH = 64


@dataclass(frozen=True)
class Prediction:
    """What a model says of one picture.

    Attributes:
        path: The picture.
        probabilities: One a class, shape ``(classes,)``, summing to 1.
        classes: Names of the classes, in the same order.
    """

    path: Path
    probabilities: npt.NDArray[np.float32]
    classes: tuple[str, ...]

    @property
    def predicted(self) -> str:
        """The most probable class."""
        return self.classes[int(self.probabilities.argmax())]

    @property
    def confidence(self) -> float:
        """Its probability, 0 to 1."""
        return float(self.probabilities.max())


def predict_probabilities(model: "keras.Model", pictures: Pictures, *, progress: Progress = silent) -> Probabilities:
    """Run a network over pictures.

    Args:
        model: One of our networks; a single sigmoid output is turned into two probabilities.
        pictures: Shape ``(samples, height, width, 3)``, 0 to 255.
        progress: Told how many pictures are done.

    Raises:
        ModelRefusedError: If an output is no number.
    """
    rows = []
    for start in range(0, len(pictures), _BATCH):
        rows.append(np.asarray(model.predict_on_batch(np.asarray(pictures[start : start + _BATCH])), dtype=np.float32))
        progress(min(start + _BATCH, len(pictures)), len(pictures))
    outputs = np.concatenate(rows) if rows else np.zeros((0, model.output_shape[-1]), np.float32)
    if not np.isfinite(outputs).all():
        raise ModelRefusedError(f"{model.name}: its weights give no numbers. Train again.")
    return np.hstack([1 - outputs, outputs]) if outputs.shape[1] == 1 else outputs


def predict_files(
    model_folder: Path, paths: Sequence[Path], *, progress: Progress = silent
) -> tuple[list[Prediction], list[Finding]]:
    """Predict pictures, and all pictures in folders, with the temperature that is stored with the model, if any.

    Args:
        model_folder: Where a saved model lies.
        paths: Pictures or folders.
        progress: Told how many pictures are done.

    Returns:
        Predictions in the order of the paths, and what could not be read.

    Raises:
        InputRejectedError: If there is no model.
        ModelRefusedError: If the model cannot be used.
    """
    card = read_card(model_folder)
    start_keras()
    model = load_model(model_folder)
    predictions: list[Prediction] = []
    findings: list[Finding] = []
    files = [file for path in paths for file in _files(path)]
    for start in range(0, len(files), _BATCH):
        kept, pictures = [], []
        for file in files[start : start + _BATCH]:
            try:
                pictures.append(read_picture(file, size_hw=card.size_hw, resize=card.resize))
                kept.append(file)
            except RejectedItemError as error:
                findings.append(error.finding(str(file), pictures=1))
        if pictures:
            rows = predict_probabilities(model, np.stack(pictures))
            rows = rows if card.temperature is None else with_temperature(rows, card.temperature)
            predictions += [Prediction(file, row, card.classes) for file, row in zip(kept, rows, strict=True)]
        progress(min(start + _BATCH, len(files)), len(files))
    return predictions, findings


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return [folder / name for folder, names in walk(path) for name in names if is_picture(name)]
