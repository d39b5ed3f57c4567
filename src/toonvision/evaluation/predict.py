"""Predictions of a saved model for files."""

from collections.abc import Sequence
from pathlib import Path

from toonvision.core.errors import Finding
from toonvision.core.progress import Progress, silent
from toonvision.data.images import Pictures
from toonvision.metrics.calibration import with_temperature
from toonvision.metrics.predictions import Prediction, Probabilities, predict_files_by
from toonvision.models.backend import start_keras
from toonvision.models.saving import load_model, read_card
from toonvision.tasks.classify import predict_probabilities


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

    def answer(images: Pictures) -> Probabilities:
        rows = predict_probabilities(model, images)
        return rows if card.temperature is None else with_temperature(rows, card.temperature)

    return predict_files_by(
        answer, paths, classes=card.classes, size_hw=card.size_hw, resize=card.resize, progress=progress
    )
