"""The export beside a run's weights, and whether it was made from these weights."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from toonvision.core.errors import InputRejectedError, ModelRefusedError
from toonvision.deploy.classifier import Classifier
from toonvision.deploy.detector import Detector
from toonvision.deploy.segmenter import Segmenter
from toonvision.models.saving import ModelCard, weights_file
from toonvision.tasks.detect import thresholds_of
from toonvision.taxonomy.labels import DETECT

EXPORT, INT8_EXPORT = "model.onnx", "model-int8.onnx"
Opened = Classifier | Detector | Segmenter
_OPENED_BY: Mapping[str, type[Opened]] = {one.kind: one for one in (Classifier, Detector, Segmenter)}


def weights_digest(run: Path, network: str) -> str:
    """Return the SHA-256 of the file of weights of a run of a network, or an empty text if there is none."""
    path = run / weights_file(network)
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def current_export(run: Path, card: ModelCard) -> tuple[Opened | None, str]:
    """Open a run's export if it was made from the run's current model.

    Args:
        run: The run's folder.
        card: What the run's model is.

    Returns:
        The export or None; and why an existing one is not used, as the end of a sentence about its file.
    """
    path = run / EXPORT
    if not path.is_file():
        return None, ""
    try:
        opened = _OPENED_BY[card.kind](path)
    except InputRejectedError:
        return None, "cannot be read"
    except ModelRefusedError as error:
        return None, error.reason
    bundle = opened.bundle
    if bundle.weights != weights_digest(run, card.network):
        return None, "was exported from other weights than the run has now"
    if card.kind == DETECT and bundle.thresholds != thresholds_of(card.thresholds, card.classes):
        return None, "was exported before the run's thresholds were changed"
    if (bundle.pixels or ()) != card.pixels:
        return None, "names other pixels than the run"
    if bundle.temperature != card.temperature:
        return None, "was exported before the run's temperature was changed"
    same = ("network", "classes", "size_hw", "resize", "taxonomy")
    if any(getattr(bundle, name) != getattr(card, name) for name in same) or bundle.precision != "float32":
        return None, "is not an export of this run"
    return opened, ""
