from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toonvision.data.background import background, free_boxes
from toonvision.data.boxes import Box


@given(
    objects=st.lists(st.tuples(*[st.integers(0, 300)] * 2, *[st.integers(1, 200)] * 2), min_size=1, max_size=5),
    seed=st.integers(0, 99),
)
def test_boxes_lie_in_the_screenshot_and_touch_no_object(objects, seed):
    boxes = np.array([(x, y, x + w, y + h) for x, y, w, h in objects])
    for left, top, right, bottom in free_boxes((400, 300), boxes, [(50, 90)], np.random.default_rng(seed)):
        assert 0 <= left < right <= 400
        assert 0 <= top < bottom <= 300
        shown = np.zeros((300, 400), bool)
        shown[top:bottom, left:right] = True
        for x_min, y_min, x_max, y_max in boxes:
            assert not shown[y_min:y_max, x_min:x_max].any()


def test_half_of_the_boxes_are_as_large_as_some_crop_and_none_fits_beside_an_object_that_covers_all():
    rng = np.random.default_rng(0)
    boxes = free_boxes((400, 300), np.array([(0, 0, 20, 20)]), [(50, 90)], rng)
    assert len(boxes) == 6
    assert sum((right - left, bottom - top) == (50, 90) for left, top, right, bottom in boxes) >= 2
    assert free_boxes((400, 300), np.array([(0, 0, 400, 300)]), [(50, 90)], rng) == []


@pytest.fixture(scope="module")
def crops(small_workspace):
    return small_workspace.known_crops()


def test_background_is_the_same_each_time_with_each_whole_screenshot(small_workspace, crops):
    found = list(background(small_workspace, crops, size_hw=(32, 24), resize="stretch"))
    again = list(background(small_workspace, crops, size_hw=(32, 24), resize="stretch"))
    beside, whole = (np.concatenate(kind) for kind in zip(*found, strict=True))
    assert beside.shape[1:] == whole.shape[1:] == (32, 24, 3)
    assert len(whole) == len({crop.screenshot_id for crop in crops}) == 12
    assert len(beside) > 0
    for one, other in zip(found, again, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])


def test_a_screenshot_that_is_gone_is_left_out(own_workspace):
    crops = own_workspace.known_crops()
    source = next(iter(own_workspace.sources))
    (source.root / crops[0].screenshot).unlink()
    (_, whole), *_ = background(own_workspace, crops, size_hw=(32, 24), resize="stretch")
    assert len(whole) == 11


def test_no_background_is_cut_where_nobody_need_find_an_object(small_workspace, crops):
    everywhere = [replace(crop, box=Box(0, 0, 64, 48), file="") for crop in crops]
    for beside, _ in background(small_workspace, crops, besides=everywhere, size_hw=(32, 24), resize="stretch"):
        assert not len(beside)
