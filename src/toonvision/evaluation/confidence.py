"""Which pictures a model is wrong about, and which it is unsure of."""

import numpy as np
import numpy.typing as npt

from toonvision.evaluation.metrics import Places


def wrong_order(actual: Places, probabilities: npt.NDArray[np.float32]) -> Places:
    """List wrong predictions, the gravest first: least probability for the true class.

    Args:
        actual: The true classes, shape ``(samples,)``.
        probabilities: Shape ``(samples, classes)``.

    Returns:
        Places of the wrong samples.
    """
    given = probabilities[np.arange(len(actual)), actual]
    order = np.argsort(given, kind="stable")
    places: Places = order[probabilities.argmax(axis=1)[order] != actual[order]]
    return places


def unsure_order(probabilities: npt.NDArray[np.float32]) -> Places:
    """List samples by how probable their most probable class is, the least confident first.

    Args:
        probabilities: Shape ``(samples, classes)``.

    Returns:
        Places of all samples.
    """
    return np.argsort(probabilities.max(axis=1), kind="stable")
