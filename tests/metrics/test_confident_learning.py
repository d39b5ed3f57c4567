import numpy as np
import pytest

from toonvision.core.seeds import generator
from toonvision.metrics.confident_learning import (
    class_thresholds,
    confident_indices,
    confident_joint,
    confident_labels,
    estimated_wrong,
    noise_rate_indices,
    normalized_margin,
    suspect_indices,
)


def planted(count=600, *, classes=4, share=0.05, skill=4.0, seed=0):
    """Return labels of which a share was flipped, probabilities that know the truth, and who was flipped."""
    rng = generator(seed, "planted")
    truth = rng.integers(0, classes, count)
    logits = rng.normal(size=(count, classes))
    logits[np.arange(count), truth] += skill
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    flipped = np.zeros(count, dtype=bool)
    flipped[rng.choice(count, round(share * count), replace=False)] = True
    given = np.where(flipped, (truth + rng.integers(1, classes, count)) % classes, truth)
    return given, probabilities.astype(np.float32), flipped, truth


def test_the_confident_joint_is_that_of_a_worked_example():
    given = np.array([0, 0, 0, 1, 1])
    probabilities = np.array([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.4, 0.6], [0.8, 0.2]], dtype=np.float32)
    # Thresholds: (0.9 + 0.7 + 0.2) / 3 and (0.6 + 0.2) / 2; the last pear reaches that of apple alone.
    np.testing.assert_allclose(class_thresholds(given, probabilities), [0.6, 0.4], atol=1e-6)
    assert confident_labels(given, probabilities).tolist() == [0, 0, 1, 1, 0]
    assert confident_joint(given, probabilities).tolist() == [[2, 1], [1, 1]]
    np.testing.assert_allclose(normalized_margin(given, probabilities), [0.8, 0.4, -0.6, 0.2, -0.6], atol=1e-6)
    assert suspect_indices(given, probabilities).tolist() == [2, 4]
    assert estimated_wrong(given, confident_joint(given, probabilities)) == pytest.approx(3 / 3 + 2 / 2)


def test_a_class_that_reaches_no_threshold_is_no_ones_and_one_without_samples_is_never_likely():
    given = np.array([0, 0, 1])
    probabilities = np.array([[0.9, 0.05, 0.05], [0.5, 0.1, 0.4], [0.1, 0.8, 0.1]], dtype=np.float32)
    assert np.isinf(class_thresholds(given, probabilities)[2])
    assert confident_labels(given, probabilities).tolist() == [0, -1, 1]
    assert confident_joint(given, probabilities).sum() == 2
    assert suspect_indices(given, probabilities).tolist() == []


def test_a_label_that_is_the_first_choice_is_never_suspect_although_its_threshold_is_high():
    given = np.array([0, 0, 0, 1, 1, 1])
    rows = [[0.95, 0.05], [0.95, 0.05], [0.6, 0.4], [0.7, 0.3], [0.7, 0.3], [0.7, 0.3]]
    probabilities = np.array(rows, dtype=np.float32)
    assert confident_labels(given, probabilities)[2] == 1
    assert 2 not in suspect_indices(given, probabilities)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("skill", "right", "recall", "precision"), [(3.0, 0.94, 0.6, 0.6), (5.0, 0.99, 0.85, 0.95)])
def test_planted_flips_are_found_and_the_surest_come_first(seed, skill, right, recall, precision):
    given, probabilities, flipped, truth = planted(seed=seed, skill=skill)
    assert (probabilities.argmax(axis=1) == truth).mean() >= right
    places = suspect_indices(given, probabilities)
    hits = flipped[places].sum()
    assert hits / flipped.sum() >= recall
    assert hits / len(places) >= precision
    assert flipped[places[:15]].mean() >= 0.9
    assert (np.diff(normalized_margin(given, probabilities)[places]) >= 0).all()
    assert abs(estimated_wrong(given, confident_joint(given, probabilities)) - flipped.sum()) <= 12


def test_clean_labels_of_sure_models_are_not_suspected():
    _, probabilities, _, truth = planted(skill=9.0)
    assert len(suspect_indices(truth, probabilities)) == 0


def test_labels_are_suspected_both_where_models_are_sure_and_as_often_as_the_joint_expects():
    given, probabilities, flipped, _ = planted(skill=3.0)
    sure, expected = confident_indices(given, probabilities), noise_rate_indices(given, probabilities)
    assert set(suspect_indices(given, probabilities)) == set(sure) | set(expected)
    assert flipped[sure].sum() < flipped[expected].sum()
    assert flipped[sure].mean() > flipped[expected].mean()
