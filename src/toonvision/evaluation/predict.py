"""Predictions of a saved model for files."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from toonvision.core.cores import available_cores
from toonvision.core.errors import Finding, RejectedItemError
from toonvision.core.progress import Progress, silent
from toonvision.data.images import Pictures, read_picture
from toonvision.metrics.calibration import with_temperature
from toonvision.metrics.predictions import Answer, Prediction, Probabilities, ask_about_files
from toonvision.models.backend import start_keras
from toonvision.models.saving import load_model, read_card
from toonvision.tasks.classify import predict_probabilities

if TYPE_CHECKING:
    import keras


def predict_files(
    model_folder: Path, paths: Sequence[Path], *, progress: Progress = silent
) -> tuple[list[Prediction], list[Finding]]:
    """Return predictions for picture files, and for all pictures in folders, with the model's stored temperature.

    Args:
        model_folder: The folder of a saved model.
        paths: Pictures or folders.
        progress: Called with how many pictures are done.

    Returns:
        Predictions in the order of the paths, and a finding for each file that could not be read.

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
