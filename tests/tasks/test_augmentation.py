"""Random changes: what each does, and that all of them keep their promises together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toonvision.tasks.augmentation import augment, mix
from toonvision.tasks.settings import Augmentation


def pictures_of(seed, count=5, height=12, width=9):
    return np.random.default_rng(seed).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


settings_drawn = st.builds(
    Augmentation,
    flip=st.booleans(),
    rotation_degrees=st.floats(0, 180),
    zoom=st.floats(0, 0.9),
    color=st.floats(0, 1),
    shift=st.floats(0, 0.5),
    cast=st.floats(0, 1),
    surround=st.floats(0, 1),
)


@given(seed=st.integers(0, 99), chosen=settings_drawn, shape=st.tuples(st.integers(0, 4), *[st.integers(1, 20)] * 2))
def test_augmenting_keeps_shape_and_type_leaves_its_input_and_repeats_with_its_seed(seed, chosen, shape):
    pictures = pictures_of(seed, *shape)
    before = pictures.copy()
    changed = augment(pictures, chosen, np.random.default_rng(seed))
    assert (changed.shape, changed.dtype) == (pictures.shape, np.uint8)
    assert (pictures == before).all()
    assert not np.shares_memory(changed, pictures)
    assert (augment(pictures, chosen, np.random.default_rng(seed)) == changed).all()


@given(seed=st.integers(0, 99))
def test_augmenting_with_nothing_on_changes_nothing(seed):
    assert not Augmentation().active
    assert (augment(pictures_of(seed), Augmentation(), np.random.default_rng(seed)) == pictures_of(seed)).all()


@pytest.mark.parametrize("name", ["flip", "rotation_degrees", "zoom", "color", "shift", "cast", "surround"])
def test_each_change_alone_is_active_and_changes_something(name):
    chosen = Augmentation(**{name: {"flip": True, "rotation_degrees": 30}.get(name, 0.5)})
    assert chosen.active
    assert (augment(pictures_of(0, 50), chosen, np.random.default_rng(0)) != pictures_of(0, 50)).any()


@given(seed=st.integers(0, 500))
def test_a_flip_mirrors_each_image_exactly_or_leaves_it(seed):
    pictures = pictures_of(seed, 30)
    changed = augment(pictures, Augmentation(flip=True), np.random.default_rng(seed))
    mirrored = (changed == pictures[:, :, ::-1]).all(axis=(1, 2, 3))
    kept = (changed == pictures).all(axis=(1, 2, 3))
    assert (mirrored ^ kept).all()
    assert 3 <= mirrored.sum() <= 27


def test_a_turn_keeps_the_middle_and_repeats_the_edge_in_the_corners():
    disc = np.full((40, 41, 41, 3), 100, dtype=np.uint8)
    disc[:, 18:23, 18:23] = 255
    turned = augment(disc, Augmentation(rotation_degrees=45), np.random.default_rng(0))
    assert (turned[:, 20, 20] == 255).all()
    assert (turned[:, [0, 0, -1, -1], [0, -1, 0, -1]] == 100).all()
    assert (turned != disc).any(axis=(1, 2, 3)).mean() > 0.5


def test_zoom_scales_height_and_width_each_by_itself():
    square = np.zeros((60, 41, 41, 3), dtype=np.uint8)
    square[:, 10:31, 10:31] = 255
    zoomed = augment(square, Augmentation(zoom=0.3), np.random.default_rng(0))[..., 0] == 255
    heights, widths = zoomed[:, :, 20].sum(axis=1), zoomed[:, 20].sum(axis=1)
    assert (heights != widths).mean() > 0.7
    for sides in (heights, widths):
        assert sides.min() >= 14
        assert sides.max() <= 28
        assert np.ptp(sides) > 6


@given(seed=st.integers(0, 99), level=st.integers(0, 255))
def test_contrast_and_saturation_leave_a_gray_image_gray(seed, level):
    gray = np.full((3, 4, 4, 3), level, dtype=np.uint8)
    changed = augment(gray, Augmentation(color=0.4), np.random.default_rng(seed)).astype(int)
    assert np.ptp(changed, axis=(1, 2, 3)).max() <= 1


def test_colours_change_and_positions_do_not():
    pictures = np.zeros((20, 8, 8, 3), dtype=np.uint8)
    pictures[:, 2:5, 3:6] = (200, 80, 40)
    changed = augment(pictures, Augmentation(color=0.3), np.random.default_rng(1)).astype(int)
    assert len({tuple(picture[3, 4]) for picture in changed}) > 10
    for picture in changed:
        assert (picture[2:5, 3:6] == picture[3, 4]).all()
        assert (picture[5:] == picture[7, 7]).all()


def test_a_shift_moves_the_image_and_draws_its_edge_out():
    pictures = np.zeros((1, 40, 20, 3), dtype=np.uint8)
    pictures[0, 20:] = 200
    moved = [augment(pictures, Augmentation(shift=0.25), np.random.default_rng(seed))[0] for seed in range(20)]
    edges = {int((picture[:, 0, 0] == 0).sum()) for picture in moved}
    assert min(edges) < 20 < max(edges)
    assert 10 <= min(edges) <= max(edges) <= 30
    assert all(set(np.unique(picture)) == {0, 200} for picture in moved)


def test_a_cast_scales_each_colour_by_itself():
    pictures = np.full((1, 4, 4, 3), 100, dtype=np.uint8)
    (changed,) = augment(pictures, Augmentation(cast=0.2), np.random.default_rng(1))
    assert len(set(changed[0, 0].tolist())) > 1
    assert (changed == changed[0, 0]).all()


def test_another_light_at_both_sides_leaves_the_middle_and_some_images_as_they_are():
    pictures = np.full((60, 4, 41, 3), 100, dtype=np.uint8)
    changed = augment(pictures, Augmentation(surround=0.4), np.random.default_rng(2))
    assert (changed[:, :, 14:27] == 100).all()
    left, right = changed[:, 0, 0], changed[:, 0, -1]
    assert (left == right).all()
    assert (changed[:, :, :7] == left[:, None, None]).all()
    lit = (left != 100).any(axis=1)
    assert 0.5 < lit.mean() < 0.9
    assert (np.ptp(left[lit].astype(int), axis=1) > 0).mean() > 0.9
    assert {bool(row.mean() > 100) for row in left[lit]} == {False, True}
    between = changed[lit][:, 0, 8:14].astype(int)
    assert (np.abs(between - 100) <= np.abs(left[lit].astype(int) - 100)[:, None] + 1).all()


@given(seed=st.integers(0, 99), parameter=st.floats(0.05, 10), count=st.integers(1, 12))
def test_mixed_images_and_targets_have_the_same_shares_and_the_larger_one_of_their_own(seed, parameter, count):
    levels = np.arange(count, dtype=np.uint8) * 20
    pictures = np.broadcast_to(levels[:, None, None, None], (count, 3, 2, 3)).copy()
    targets = np.eye(count, dtype=np.float32)
    mixed, soft = mix(pictures, targets, parameter, np.random.default_rng(seed))
    assert (mixed.dtype, soft.dtype) == (np.uint8, np.float32)
    np.testing.assert_allclose(soft.sum(axis=1), 1, atol=1e-6)
    assert (np.diag(soft) >= 0.5).all()
    np.testing.assert_allclose(mixed[:, 0, 0, 0], soft @ levels, atol=0.51)
    assert (mixed == mixed[:, :1, :1, :1]).all()
    again = mix(pictures, targets, parameter, np.random.default_rng(seed))
    assert all((one == other).all() for one, other in zip((mixed, soft), again, strict=True))
