"""Intersection over union and boundaries of maps of classes, by value and by property."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import confusion_matrix, jaccard_score

from toonvision.metrics.segmentation import TOLERANCE, Counts

CLASSES = 3
MAPS = hnp.arrays(np.uint8, (2, 9, 12), elements=st.sampled_from([0, 1, 2, 255]))
PREDICTED = hnp.arrays(np.uint8, (2, 9, 12), elements=st.integers(0, CLASSES - 1))


def quality(truth, predicted):
    return Counts.of(truth, predicted, classes=CLASSES).quality()


def image(*rows):
    return np.array([[[int(one) for one in row] for row in rows]], np.uint8)


@given(MAPS, PREDICTED)
def test_intersection_over_union_is_that_of_scikit_learn_over_all_pixels_that_count(truth, predicted):
    counted = truth < CLASSES
    found = quality(truth, predicted)
    if counted.any():
        wanted = jaccard_score(truth[counted], predicted[counted], average=None, labels=range(CLASSES), zero_division=0)
        shown = [(truth == label).any() for label in range(CLASSES)]
        np.testing.assert_allclose(found.iou, np.where(shown, wanted, np.nan))
        assert found.mean_iou == pytest.approx(wanted[shown].mean())
        assert found.right == pytest.approx((truth == predicted)[counted].mean())
        confusion = Counts.of(truth, predicted, classes=CLASSES).confusion.sum(axis=0)
        np.testing.assert_array_equal(
            confusion, confusion_matrix(truth[counted], predicted[counted], labels=range(CLASSES))
        )
    else:
        assert np.isnan([found.mean_iou, found.mean_boundary_f1, found.right]).all()


@given(MAPS)
def test_the_truth_itself_has_the_highest_scores(truth):
    found = quality(truth, np.where(truth == 255, 0, truth).astype(np.uint8))
    shown = ~np.isnan(found.iou)
    assert (found.iou[shown] == 1).all()
    edges = ~np.isnan(found.boundary_f1)
    assert (found.boundary_f1[edges] == 1).all()
    assert (shown | ~edges).all()


@given(MAPS, PREDICTED)
def test_scores_are_shares_and_mirrored_maps_have_the_same(truth, predicted):
    found, mirrored = quality(truth, predicted), quality(truth[:, :, ::-1], predicted[:, :, ::-1])
    for name in ("iou", "boundary_f1", "right"):
        values = np.atleast_1d(getattr(found, name))
        np.testing.assert_array_equal(values, np.atleast_1d(getattr(mirrored, name)))
        known = values[~np.isnan(values)]
        assert ((known >= 0) & (known <= 1)).all()


@given(MAPS, PREDICTED)
def test_a_set_of_images_is_the_sum_of_its_images(truth, predicted):
    counts = Counts.of(truth, predicted, classes=CLASSES)
    twice = counts.quality(np.array([2, 1]))
    repeated = quality(truth[[0, 0, 1]], predicted[[0, 0, 1]])
    for name in ("iou", "boundary_f1", "right"):
        np.testing.assert_allclose(getattr(twice, name), getattr(repeated, name))


def test_a_boundary_may_lie_a_few_pixels_aside():
    truth = np.zeros((1, 20, 40), np.uint8)
    truth[:, :, 20:] = 1
    for by, wanted in ((0, 1), (TOLERANCE, 1), (TOLERANCE + 2, 0)):
        moved = np.zeros_like(truth)
        moved[:, :, 20 + by :] = 1
        found = quality(truth, moved)
        np.testing.assert_allclose(found.boundary_f1[:2], wanted)
    assert np.isnan(found.boundary_f1[2])


def test_many_classes_are_looked_at_in_groups():
    rng = np.random.default_rng(0)
    few, moved = (np.repeat(np.repeat(rng.integers(0, 3, (1, 5, 5)), 9, axis=1), 9, axis=2) for _ in range(2))
    wanted = quality(few.astype(np.uint8), moved.astype(np.uint8)).boundary_f1
    spread = np.array([1, 90, 240], np.uint8)  # of 250 classes
    found = Counts.of(spread[few], spread[moved], classes=250).quality().boundary_f1
    np.testing.assert_allclose(found[spread], wanted)
    assert np.isnan(np.delete(found, spread)).all()


def test_a_class_that_is_predicted_but_not_there_lowers_those_that_are():
    found = quality(image("0000", "0000"), image("0000", "1111"))
    np.testing.assert_allclose(found.iou, [0.5, np.nan, np.nan])
    assert found.mean_iou == 0.5


def test_a_class_that_is_missed_has_neither_overlap_nor_boundary():
    found = quality(image("0011", "0011"), image("0000", "0000"))
    np.testing.assert_allclose(found.iou, [0.5, 0, np.nan])
    np.testing.assert_allclose(found.boundary_f1, [0, 0, np.nan])


def test_sets_are_drawn_by_whole_groups():
    truth = np.repeat(np.array([0, 1, 0], np.uint8), 16).reshape(3, 4, 4)
    counts = Counts.of(truth, np.zeros_like(truth), classes=CLASSES)
    assert set(counts.drawn([7, 7, 8]).right) == {0.5, 2 / 3, 1}
    assert set(counts.drawn([1, 2, 3]).right) == {0, 1 / 3, 2 / 3, 1}
