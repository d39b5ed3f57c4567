"""Annotations that models doubt: what is missing, doubtful, badly placed, or of a wrong class."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.test_detection import boxes, objects, predictions
from toonvision.metrics.suspect_boxes import find_suspect_boxes, joined

HERE, THERE, BESIDE = (0, 0, 20, 40), (60, 0, 80, 40), (8, 0, 28, 40)
SURE = (0.5, 0.5)


def found_by(images, *models):
    """Join the boxes of models, each rows of image, label, box and score."""
    return joined([predictions(images, rows) for rows in models], np.full(images, len(models)))


def test_boxes_of_several_models_are_one_with_their_mean_confidence():
    found = found_by(1, [(0, 0, (0, 0, 20, 40), 0.9)], [(0, 0, (2, 0, 20, 40), 0.3)], [(0, 0, THERE, 0.6)])
    assert found.scores == pytest.approx([0.4, 0.2])
    np.testing.assert_allclose(found.boxes, [(0.5, 0, 20, 40), THERE])


def test_a_model_joins_no_two_boxes_of_its_own_nor_of_two_classes():
    rows = [(0, 0, HERE, 0.9), (0, 0, (1, 0, 20, 40), 0.8), (0, 1, HERE, 0.7)]
    assert found_by(1, rows).scores == pytest.approx([0.9, 0.8, 0.7])


def test_the_mean_is_over_the_models_that_were_asked_about_the_image():
    each = [predictions(2, [(0, 0, HERE, 0.8), (1, 0, HERE, 0.8)]), predictions(2, [])]
    assert joined(each, np.array([1, 2])).scores == pytest.approx([0.8, 0.4])


@pytest.mark.parametrize(
    ("true", "rows", "reasons"),
    [
        ([(0, 0, HERE, False)], [(0, 0, HERE, 0.9)], []),
        ([(0, 0, HERE, False)], [(0, 0, HERE, 0.9), (0, 0, THERE, 0.8)], [("missing", None)]),
        ([(0, 0, HERE, False)], [(0, 0, HERE, 0.9), (0, 0, THERE, 0.4)], []),
        ([(0, 0, HERE, False)], [(0, 1, HERE, 0.9)], [("wrong class", 0)]),
        ([(0, 0, HERE, False)], [(0, 1, HERE, 0.8), (0, 0, HERE, 0.9)], []),
        ([(0, 0, HERE, False)], [(0, 0, BESIDE, 0.9)], [("badly placed", 0)]),
        ([(0, 0, HERE, False)], [(0, 0, BESIDE, 0.8), (0, 0, HERE, 0.9)], []),
        ([(0, 0, HERE, True)], [(0, 0, HERE, 0.9)], []),
        ([(0, 0, HERE, True)], [(0, 1, (4, 4, 16, 30), 0.9)], []),
        ([(0, 0, HERE, True)], [], []),
    ],
)
def test_each_wrong_annotation_has_its_reason(true, rows, reasons):
    suspects = find_suspect_boxes(objects(1, true), found_by(1, rows), SURE)
    assert [(one.reason, one.truth) for one in suspects] == reasons


def test_a_box_that_says_that_an_object_is_badly_placed_says_of_no_other_that_it_is_missing():
    aside = (14, 0, 34, 40)  # it overlaps the object by 0.18
    (one,) = find_suspect_boxes(objects(1, [(0, 0, HERE, False)]), found_by(1, [(0, 0, aside, 0.9)]), SURE)
    assert (one.reason, one.truth, one.found) == ("badly placed", 0, 0)


def test_an_object_that_no_model_sees_is_doubtful_where_they_see_others_as_high():
    true = [(at, 0, HERE, False) for at in range(12)]
    rows = [(at, 0, HERE, 0.9) for at in range(11)]
    (one,) = find_suspect_boxes(objects(12, true), found_by(12, rows), SURE)
    assert (one.reason, one.truth, one.found) == ("doubtful", 11, None)
    assert one.suspicion == pytest.approx(0.9)
    assert find_suspect_boxes(objects(12, true), found_by(12, rows[:2]), SURE) == ()


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1), boxes(), st.booleans()), max_size=8), st.data())
def test_annotations_that_are_found_as_they_are_raise_no_suspicion(true, data):
    true = [row for at, row in enumerate(true) if all(row[0] != one[0] or _apart(row[2], one[2]) for one in true[:at])]
    rows = [(image, label, box, data.draw(st.floats(0.5, 1))) for image, label, box, _ in true]
    assert find_suspect_boxes(objects(3, true), found_by(3, rows), SURE) == ()


def _apart(one, other):
    return one[0] >= other[2] or other[0] >= one[2] or one[1] >= other[3] or other[1] >= one[3]
