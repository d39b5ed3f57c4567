"""An exported segmenter beside its network: whether both name the pixels of the same screenshots alike."""

from typing import TYPE_CHECKING

import numpy as np

from toonvision.core.progress import Progress, silent
from toonvision.data.workspace import Workspace
from toonvision.deploy.bundle import Bundle, Parity
from toonvision.deploy.checks import PIXELS_NAME
from toonvision.deploy.parity import in_batches, require_parity, screenshots_to_compare, worse
from toonvision.deploy.segmenter import Segmenter
from toonvision.metrics.predictions import Probabilities
from toonvision.models.pixels import softmax
from toonvision.tasks.networks import network_outputs

if TYPE_CHECKING:
    import keras

_CLOSE = 1e-3
"""Where two classes are this nearly as probable, either may come first."""


def segmenter_file(
    workspace: Workspace, model: "keras.Model", bundle: Bundle, *, progress: Progress = silent
) -> tuple[bytes, Parity, int]:
    """Write a segmenter as an ONNX file that names pixels alike; see `toonvision.deploy.box_parity.detector_file`."""
    from toonvision.deploy.conversion import to_onnx

    content = to_onnx(model, bundle.to_metadata(), (PIXELS_NAME,), any_width=True)
    pictures, screenshots = screenshots_to_compare(workspace, bundle.size_hw)
    run, (logits,) = Segmenter(content).run_batch, network_outputs(model, pictures, progress=progress)
    alone, together = in_batches(run, pictures, size=1), in_batches(run, pictures)
    expected = softmax(logits)
    parity = worse(*(compare_cells(expected, softmax(np.concatenate(found))) for found in (alone, together)))
    require_parity(parity)
    return content, parity, screenshots


def compare_cells(expected: Probabilities, found: Probabilities) -> Parity:
    """Compare the probabilities that a network and its export give the cells of the same pictures.

    A picture in which another class comes first in any cell is a disagreement.
    """
    first, second = np.sort(expected, axis=-1)[..., -1], np.sort(expected, axis=-1)[..., -2]
    other = (expected.argmax(axis=-1) != found.argmax(axis=-1)) & (first - second > _CLOSE)
    return Parity(len(expected), float(np.abs(expected - found).max(initial=0)), int(other.any(axis=(1, 2)).sum()))
