"""Which pictures a model is wrong about, and which it is unsure of."""

import numpy as np
import numpy.typing as npt

from toonvision.metrics.classification import Indices, wrong_counts


def wrong_order(y_true: Indices, probabilities: npt.NDArray[np.float32]) -> Indices:
    """List wrong predictions, the gravest first: least probability for the true class.

    Args:
        y_true: The true classes, shape ``(samples,)``.
        probabilities: Shape ``(samples, classes)``.

    Returns:
        Places of the wrong samples.
    """
    given = probabilities[np.arange(len(y_true)), y_true]
    order = np.argsort(given, kind="stable")
    places: Indices = order[probabilities.argmax(axis=1)[order] != y_true[order]]
    return places


def hardest_order(y_true: Indices, probabilities: npt.NDArray[np.float32]) -> Indices:
    """List samples that any of several runs was wrong about, those that most were wrong about first.

    Wrong in every run: hard or mislabelled; wrong in one: bad luck. Of as many wrong runs, the sample with the least
    mean probability for its true class comes first.

    Args:
        y_true: The true classes, shape ``(samples,)``.
        probabilities: Shape ``(runs, samples, classes)``.

    Returns:
        Places of the samples.
    """
    wrong = wrong_counts(y_true, probabilities)
    given = probabilities[:, np.arange(len(y_true)), y_true].mean(axis=0)
    order = np.lexsort((given, -wrong))
    places: Indices = order[wrong[order] > 0]
    return places


def mostly_predicted(probabilities: npt.NDArray[np.float32]) -> Indices:
    """Give for each sample the class that most runs predict; of as many, the one that is more probable on average.

    Args:
        probabilities: Shape ``(runs, samples, classes)``.

    Returns:
        Shape ``(samples,)``.
    """
    runs, _, classes = probabilities.shape
    votes = (probabilities.argmax(axis=2)[:, :, None] == np.arange(classes)).sum(axis=0)
    mostly: Indices = (votes + probabilities.sum(axis=0) / (runs + 1)).argmax(axis=1)
    return mostly


def unsure_order(probabilities: npt.NDArray[np.float32]) -> Indices:
    """List samples by how probable their most probable class is, the least confident first.

    Args:
        probabilities: Shape ``(samples, classes)``.

    Returns:
        Places of all samples.
    """
    return np.argsort(probabilities.max(axis=1), kind="stable")
