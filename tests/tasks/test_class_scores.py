import numpy as np

from toonvision.tasks.base import Evaluated
from toonvision.tasks.class_scores import ClassScores


def evaluated(*confidences):
    """Repeats with such probabilities of the true class, the first of two; below one half it is wrong."""
    scores = [
        ClassScores(np.zeros(len(own), np.int64), np.array([own, np.subtract(1, own)], np.float32).T, ("a", "b"), {})
        for own in confidences
    ]
    return Evaluated((), (), np.zeros((len(confidences[0]), 1, 1, 3), np.uint8), tuple(scores), 0)


def test_wrong_predictions_are_listed_with_the_least_agreement_first():
    assert evaluated([0.6, 0.1, 0.45, 0.2]).wrong.tolist() == [1, 3, 2]


def test_the_hardest_images_are_those_that_most_are_wrong_about_then_those_with_the_least_agreement():
    repeats = evaluated([0.9, 0.4, 0.2, 0.3], [0.9, 0.6, 0.6, 0.4], [0.9, 0.6, 0.6, 0.4])
    assert repeats.wrong_in.tolist() == [0, 1, 1, 3]
    assert repeats.hardest.tolist() == [3, 2, 1]
