"""Which images one model predicts wrongly, and which of them several trainings do."""

import numpy as np
import numpy.typing as npt

from toonvision.metrics.classification import Indices


def wrong_order(wrong: npt.NDArray[np.bool_], agreement: npt.NDArray[np.float32]) -> Indices:
    """Return the indices of wrong predictions, the worst first: those that agree least with the ground truth.

    Args:
        wrong: Whether the model is wrong about an image, shape ``(images,)``.
        agreement: How far it agrees with the ground truth of an image, shape ``(images,)``, 0 to 1; a classifier's is
            its probability for the true class.
    """
    order = np.argsort(agreement, kind="stable")
    indices: Indices = order[wrong[order]]
    return indices


def hardest_order(wrong_in: npt.NDArray[np.int64], agreement: npt.NDArray[np.float32]) -> Indices:
    """Return the indices of images that any of several trainings predicts wrongly, most trainings first.

    An image that is wrong in every training is hard or has a wrong label; in only one, it is chance.

    Args:
        wrong_in: How many trainings are wrong about an image, shape ``(images,)``.
        agreement: How far they agree with the ground truth on average, shape ``(images,)``; of two images that as many
            are wrong about, the one with less agreement comes first.
    """
    order = np.lexsort((agreement, -wrong_in))
    indices: Indices = order[wrong_in[order] > 0]
    return indices


def mostly_predicted(probabilities: npt.NDArray[np.float32]) -> Indices:
    """Return the class that most trainings predict for each sample; of several, the most probable one on average.

    Args:
        probabilities: Shape ``(trainings, samples, classes)``.

    Returns:
        Shape ``(samples,)``.
    """
    runs, _, classes = probabilities.shape
    votes = (probabilities.argmax(axis=2)[:, :, None] == np.arange(classes)).sum(axis=0)
    mostly: Indices = (votes + probabilities.sum(axis=0) / (runs + 1)).argmax(axis=1)
    return mostly
