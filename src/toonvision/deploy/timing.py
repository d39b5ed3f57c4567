"""How long a network for screenshots will take once it is exported, measured before it is trained."""

import keras
import numpy as np

from toonvision.core.seeds import own_randomness
from toonvision.core.timing import median_ms
from toonvision.deploy.checks import BOXES_NAME, INPUT_NAME, SCORES_NAME
from toonvision.deploy.conversion import to_onnx
from toonvision.deploy.opened import started
from toonvision.models.detector import answering
from toonvision.models.registry import build_network


@own_randomness()
def detector_milliseconds(network: str, size_hw: tuple[int, int], classes: int) -> float:
    """Return how long ONNX Runtime takes on one thread for one screenshot of the input's size.

    That is `median_ms` of the untrained network with its decoding: the time does not depend on the weights. Reading and
    shrinking a screenshot are not in it.

    Raises:
        UsageError: If there is no such network, or the input is too small for it or no multiple of what it wants.
    """
    content = to_onnx(
        answering(build_network(network, size_hw=size_hw, classes=classes)), {}, (SCORES_NAME, BOXES_NAME)
    )
    keras.backend.clear_session()
    session = started(content)
    image = np.random.default_rng(0).integers(0, 256, (1, *size_hw, 3), dtype=np.uint8)
    return median_ms(lambda: session.run(None, {INPUT_NAME: image}))
