"""How much boxes share, which of them are of one object, and what a detector finds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toonvision.data.boxes import Box
from toonvision.metrics.boxes import boxes_in, overlaps
from toonvision.metrics.found_objects import FoundObject, distinct_objects

EDGE = st.integers(0, 20)


@st.composite
def whole_boxes(draw):
    left, top = draw(EDGE), draw(EDGE)
    return Box(left, top, left + draw(st.integers(1, 20)), top + draw(st.integers(1, 20)))


def test_overlap_is_the_share_of_the_union():
    found = overlaps(np.array([[0, 0, 2, 2]], np.float32), np.array([[1, 0, 3, 2], [5, 5, 6, 6], [0, 0, 2, 2]], float))
    np.testing.assert_allclose(found, [[2 / 6, 0, 1]])


@given(whole_boxes(), whole_boxes())
def test_two_boxes_overlap_as_arrays_of_them_do(one, other):
    assert one.overlap(other) == overlaps(*(np.array([each.xyxy], np.float32) for each in (one, other)))[0, 0]
    assert one.overlap(one) == 1


def test_an_object_that_has_two_peaks_is_found_once_and_one_of_another_class_or_place_beside_it():
    corners = np.array([[[0, 0, 40, 80], [1, 2, 41, 82], [30, 0, 70, 80], [0, 1, 40, 80]]], np.float32)
    scores = np.zeros((1, 4, 2), np.float32)
    scores[0, :3, 0], scores[0, 3, 1] = (0.6, 0.9, 0.5), 0.4
    found = boxes_in(scores, corners)
    assert found.scores.tolist() == pytest.approx([0.9, 0.5, 0.4])
    np.testing.assert_array_equal(found.boxes, corners[0, [1, 2, 3]])


boxes_of_one = st.lists(
    st.tuples(*[st.integers(0, 60)] * 2, *[st.integers(1, 40)] * 2, st.floats(0.05, 1), st.integers(0, 1)), max_size=12
)


@given(boxes_of_one)
def test_no_two_boxes_of_a_class_are_of_one_object_and_each_that_is_gone_has_a_surer_one(listed):
    corners = np.array([[(x, y, x + w, y + h) for x, y, w, h, *_ in listed]], np.float32).reshape(1, -1, 4)
    scores = np.zeros((1, len(listed), 2), np.float32)
    for at, (*_, score, label) in enumerate(listed):
        scores[0, at, label] = score
    found = boxes_in(scores, corners)
    close = overlaps(found.boxes, found.boxes) >= 0.7
    np.fill_diagonal(close, False)
    assert not (close & (found.labels[:, None] == found.labels)).any()
    for at, (*_, score, label) in enumerate(listed):
        surer = (found.labels == label) & (found.scores >= np.float32(score))
        assert (overlaps(corners[0, [at]], found.boxes[surer]) >= 0.7).any()


@given(boxes_of_one)
def test_an_object_that_is_found_as_two_classes_has_its_surest_box_alone(listed):
    surest = sorted(listed, key=lambda row: -row[4])
    objects = [FoundObject(str(label), score, (x, y, x + w, y + h)) for x, y, w, h, score, label in surest]
    kept = distinct_objects(objects)
    for one in objects:
        near = [other for other in kept if shared(one, other) >= 0.6]
        assert near == [one] if one in kept else near[0].score >= one.score


def shared(one, other):
    return overlaps(np.array([one.box], np.float32), np.array([other.box], np.float32))[0, 0]
