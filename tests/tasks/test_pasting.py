import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toonvision.tasks.detect_targets import IGNORED, LABEL, Batch, padded_rows
from toonvision.tasks.pasting import AnnotatedImage, figures_of, with_figures

GREY, RED, BLUE = 90, (200, 0, 0), (0, 0, 200)


def batch(pixels=None):
    """Two grey images: a red figure of class 0 in the first, three blue ones of class 1 in the second."""
    images = np.full((2, 96, 128, 3), GREY, np.uint8)
    masks = np.zeros((2, 96, 128), np.uint8)
    rows = [[[10, 20, 30, 80, 0, 0]], [[5, 30, 25, 90, 1, 0], [40, 30, 60, 90, 1, 0], [80, 30, 100, 90, 1, 0]]]
    for image, mask, objects, color in zip(images, masks, rows, (RED, BLUE), strict=True):
        for number, (left, top, right, bottom, *_) in enumerate(objects, start=1):
            image[top:bottom, left + 4 : right - 4] = color
            mask[top:bottom, left + 4 : right - 4] = number
    return Batch(images, padded_rows(rows), pixels, masks)


def test_a_figure_is_cut_along_its_mask_with_its_class_and_where_it_stands():
    first, *others = figures_of(batch())
    assert (first.label, first.bottom, first.mask.shape) == (0, 80, (60, 20))
    assert (first.picture[first.mask > 0] == RED).all()
    assert (first.picture[first.mask == 0] == GREY).all()
    assert [one.label for one in others] == [1, 1, 1]


def test_figures_that_are_small_hidden_or_ignored_are_not_cut():
    made = batch()
    made.targets[0, 0, IGNORED] = 1
    made.targets[1, 0, :4] = [5, 30, 25, 50]  # too low
    made.instances[1][made.instances[1] == 2] = 3  # the second one is nowhere seen
    assert len(figures_of(made)) == 1


@given(st.integers(0, 2**32 - 1))
def test_what_is_pasted_is_seen_in_its_box_and_nowhere_else(seed):
    made = batch()
    empty = np.full_like(made.images[0], GREY)
    none = AnnotatedImage(empty, np.zeros((0, 6), np.float32))
    shown = with_figures(none, figures_of(made), np.random.default_rng(seed))
    image, objects = shown.image, shown.objects
    assert 0 <= len(objects) <= 2
    inside = np.zeros(image.shape[:2], np.bool_)
    for left, top, right, bottom, label, ignored in objects.tolist():
        assert 0 <= left < right <= 128
        assert 0 <= top < bottom <= 96
        assert label in (0, 1)
        assert ignored in (0, 1)
        inside[int(top) : int(bottom), int(left) : int(right)] = True
    assert (image[~inside] == GREY).all()
    assert (image[inside] != GREY).any() == bool(len(objects))
    assert (empty == GREY).all()


def test_rare_classes_are_pasted_as_often_as_others():
    made, rng = batch(), np.random.default_rng(0)
    none = AnnotatedImage(made.images[0], np.zeros((0, 6), np.float32))
    labels = [row[LABEL] for _ in range(200) for row in with_figures(none, figures_of(made), rng).objects]
    assert np.mean(labels) == pytest.approx(0.5, abs=0.1)


def test_an_object_that_a_pasted_figure_hides_need_not_be_found():
    made, rng = batch(), np.random.default_rng(1)
    whole = np.array([[0, 0, 128, 96, 0, 0], [50, 40, 52, 42, 0, 0]], np.float32)
    shown = AnnotatedImage(made.images[0], whole)
    found = [with_figures(shown, figures_of(made), rng).objects[:2, IGNORED] for _ in range(50)]
    assert not any(one[0] for one in found)
    assert any(one[1] for one in found)


@given(st.integers(0, 2**32 - 1), st.booleans())
def test_a_figure_is_pasted_into_the_mask_too_as_what_it_is_where_that_is_known(seed, known):
    pixels = np.full((2, 96, 128), 255, np.uint8)
    made = batch(pixels)
    if known:
        pixels[made.instances > 0] = 7
    mask = np.zeros((96, 128), np.uint8)
    empty = AnnotatedImage(np.full((96, 128, 3), GREY, np.uint8), np.zeros((0, 6), np.float32), mask)
    shown = with_figures(empty, figures_of(made), np.random.default_rng(seed))
    assert set(np.unique(shown.mask)) <= ({0, 7, 255} if known else {0, 255})
    strange = np.abs(shown.image.astype(int) - GREY).max(axis=2) > 60
    assert (shown.mask[strange] != 0).mean() > 0.9 if strange.sum() > 50 else True
    assert not mask.any()
    if known and strange.sum() > 200:
        assert (shown.mask[strange] == 7).mean() > 0.75
