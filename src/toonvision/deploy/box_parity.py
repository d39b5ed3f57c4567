"""An exported detector beside its network: whether both find the same objects."""

from typing import TYPE_CHECKING

import numpy as np

from toonvision.core.progress import Progress, silent
from toonvision.data.workspace import Workspace
from toonvision.deploy.bundle import Bundle, Parity
from toonvision.deploy.checks import BOXES_NAME, PIXELS_NAME, SCORES_NAME
from toonvision.deploy.detector import Detector
from toonvision.deploy.parity import BATCH, in_batches, require_parity, screenshots_to_compare, worse
from toonvision.deploy.pixel_parity import compare_cells
from toonvision.metrics.boxes import boxes_in, overlaps
from toonvision.metrics.predictions import Predictions
from toonvision.models.pixels import softmax
from toonvision.tasks import detect
from toonvision.tasks.networks import network_outputs

if TYPE_CHECKING:
    import keras

_SAME, _NEXT_TO = 0.99, 0.3
"""Overlaps of a box with itself, and at least with that of the next cell: where both have equal scores, either may be
the higher one."""
_EQUAL = 1e-5
_AT_THRESHOLD = 1e-3
"""Scores this near to a threshold may lie on either side of it."""


def detector_file(
    workspace: Workspace, model: "keras.Model", bundle: Bundle, *, progress: Progress = silent
) -> tuple[bytes, Parity, int, int]:
    """Write a detector as an ONNX file that finds the same objects, and names pixels alike if the detector does.

    Returns:
        The file's bytes, how it compares with the network, how many of the compared pictures are screenshots, and how
        many boxes count in the compared ones.

    Raises:
        InputRejectedError: If there is no screenshot, or one cannot be read.
        ModelRefusedError: If the network cannot be exported, or the file finds something else.
    """
    from toonvision.deploy.conversion import to_onnx
    from toonvision.models.detector import answering

    names = (SCORES_NAME, BOXES_NAME, *([PIXELS_NAME] if bundle.pixels else []))
    content = to_onnx(answering(model), bundle.to_metadata(), names, any_width=True)
    pictures, screenshots = screenshots_to_compare(workspace, bundle.size_hw)
    opened, thresholds = Detector(content), bundle.thresholds or ()
    outputs = network_outputs(model, pictures, progress=progress)
    expected = detect.decode(outputs[:2])
    run = opened.run_batch_with_pixels if bundle.pixels else opened.run_batch
    maps = [
        [np.concatenate(one) for one in zip(*in_batches(run, pictures, size=size), strict=True)] for size in (1, BATCH)
    ]
    alone, together = (boxes_in(*one[:2]) for one in maps)
    parity = worse(compare_boxes(expected, alone, thresholds), compare_boxes(expected, together, thresholds))
    require_parity(parity, otherwise="{} objects of {} pictures differ")
    if bundle.pixels:
        named = worse(*(compare_cells(softmax(outputs[2]), softmax(one[2])) for one in maps))
        require_parity(named)
        parity = worse(parity, named)
    return content, parity, screenshots, max(len(counting(one, thresholds)) for one in (expected, together))


def compare_boxes(expected: Predictions, found: Predictions, thresholds: tuple[float, ...]) -> Parity:
    """Compare the boxes that a network and its export find in the same pictures, those that count.

    Boxes of a class that overlap by 99 % are the same, or those of two neighbouring cells with equal scores.
    """
    largest, disagreements = 0.0, 0
    for one, other in ((expected, found), (found, expected)):
        least = np.array(thresholds)[one.labels]
        for at in counting(one, thresholds):
            near = np.flatnonzero((other.image == one.image[at]) & (other.labels == one.labels[at]))
            shares = overlaps(one.known_boxes[at : at + 1], other.known_boxes[near])[0]
            differences = np.abs(other.scores[near] - one.scores[at])
            same = differences[shares >= _SAME]
            if len(same):
                largest = float(np.maximum(largest, same.min()))  # keeps NaN
            elif not (differences[shares >= _NEXT_TO] < _EQUAL).any() and one.scores[at] > least[at] + _AT_THRESHOLD:
                disagreements += 1
    return Parity(expected.images, largest, disagreements)


def counting(found: Predictions, thresholds: tuple[float, ...]) -> list[int]:
    """Return the indices of the boxes that count: their scores reach the threshold of their class."""
    return [int(at) for at in np.flatnonzero(found.scores >= np.array(thresholds)[found.labels])]
