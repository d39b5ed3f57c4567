"""Asking a model: probabilities of every class, for arrays and for files."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from toonvision.core.cores import available_cores
from toonvision.core.errors import Finding, ModelRefusedError, RejectedItemError
from toonvision.core.progress import Progress, silent
from toonvision.data.images import Pictures, read_picture
from toonvision.metrics.calibration import with_temperature
from toonvision.metrics.predictions import GROUP, Answer, Prediction, Probabilities, ask_about_files
from toonvision.models.backend import start_keras
from toonvision.models.saving import load_model, read_card

if TYPE_CHECKING:
    import keras


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
    for start in range(0, len(pictures), GROUP):
        rows.append(np.asarray(model.predict_on_batch(np.asarray(pictures[start : start + GROUP])), dtype=np.float32))
        progress(min(start + GROUP, len(pictures)), len(pictures))
    outputs = np.concatenate(rows) if rows else np.zeros((0, model.output_shape[-1]), np.float32)
    if not np.isfinite(outputs).all():
        raise ModelRefusedError(f"{model.name}: its predictions are NaN. Train again.")
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

    def read(file: Path) -> Pictures | RejectedItemError:
        try:
            return read_picture(file, size_hw=card.size_hw, resize=card.resize)
        except RejectedItemError as error:
            return error.without_traceback()

    def ask(files: Sequence[Path]) -> list[Answer]:
        found = list(pool.map(read, files))
        pictures = [one for one in found if not isinstance(one, RejectedItemError)]
        rows = iter(_scaled(model, pictures, card.temperature) if pictures else ())
        return [one if isinstance(one, RejectedItemError) else next(rows) for one in found]

    with ThreadPoolExecutor(available_cores()) as pool:
        return ask_about_files(ask, paths, classes=card.classes, progress=progress)


def _scaled(model: "keras.Model", pictures: Sequence[Pictures], temperature: float | None) -> Probabilities:
    rows = predict_probabilities(model, np.stack(pictures))
    return rows if temperature is None else with_temperature(rows, temperature)
