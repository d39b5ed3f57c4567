"""Which pictures a model is wrong about, and which it is unsure of."""

import numpy as np
import numpy.typing as npt

from toonvision.evaluation.metrics import Places, wrong_counts


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


def hardest_order(actual: Places, probabilities: npt.NDArray[np.float32]) -> Places:
    """List samples that any of several runs was wrong about, those that most were wrong about first.

    Wrong in every run: hard or mislabelled; wrong in one: bad luck. Of as many wrong runs, the sample with the least
    mean probability for its true class comes first.

    Args:
        actual: The true classes, shape ``(samples,)``.
        probabilities: Shape ``(runs, samples, classes)``.

    Returns:
        Places of the samples.
    """
    wrong = wrong_counts(actual, probabilities)
    given = probabilities[:, np.arange(len(actual)), actual].mean(axis=0)
    order = np.lexsort((given, -wrong))
    places: Places = order[wrong[order] > 0]
    return places


def mostly_predicted(probabilities: npt.NDArray[np.float32]) -> Places:
    """Give for each sample the class that most runs predict; of as many, the one that is more probable on average.

    Args:
        probabilities: Shape ``(runs, samples, classes)``.

    Returns:
        Shape ``(samples,)``.
    """
    runs, _, classes = probabilities.shape
    votes = (probabilities.argmax(axis=2)[:, :, None] == np.arange(classes)).sum(axis=0)
    mostly: Places = (votes + probabilities.sum(axis=0) / (runs + 1)).argmax(axis=1)
    return mostly


def unsure_order(probabilities: npt.NDArray[np.float32]) -> Places:
    """List samples by how probable their most probable class is, the least confident first.

    Args:
        probabilities: Shape ``(samples, classes)``.

    Returns:
        Places of all samples.
    """
    return np.argsort(probabilities.max(axis=1), kind="stable")
