from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toonvision.tasks import classify
from toonvision.tasks.base import Dataset
from toonvision.tasks.covering import covered, moved, with_foreground
from toonvision.tasks.settings import Augmentation, TrainingSettings
from toonvision.taxonomy.labels import Task

COUNT, HEIGHT, WIDTH = 8, 48, 16


def crops():
    """Crops of figures in a shade of their own on black, the last one too small to cover or to be covered."""
    images = np.zeros((COUNT, HEIGHT, WIDTH, 3), np.uint8)
    instances = np.zeros((COUNT, HEIGHT, WIDTH), np.uint8)
    instances[:-1, 4:, 3:13] = 1
    instances[-1, 40:, 6:8] = 1
    images[instances > 0] = 10
    return images + (20 * np.arange(COUNT, dtype=np.uint8)).reshape(-1, 1, 1, 1) * (instances > 0)[..., None], instances


@given(seed=st.integers(0, 2**32 - 1), share=st.floats(0, 1))
def test_a_covered_crop_still_shows_a_quarter_of_its_figure_and_what_covers_it_is_another_figure(seed, share):
    images, instances = crops()
    given_images = images.copy()
    shown = covered(images, instances, share, np.random.default_rng(seed))
    changed = (shown != images).any(axis=-1)
    assert (images == given_images).all()
    assert not changed[-1].any()
    for at in np.flatnonzero(changed.any(axis=(1, 2))):
        assert changed[at][instances[at] > 0].mean() <= 0.75
        assert set(np.unique(shown[at][changed[at]])) <= set(range(max(1, shown[-1].max()) + 1))
    np.testing.assert_array_equal(shown, covered(images, instances, share, np.random.default_rng(seed)))


@given(seed=st.integers(0, 2**32 - 1), share=st.floats(0, 1))
def test_a_moved_object_is_seen_as_before_and_all_around_it_is_of_another_crop(seed, share):
    images, instances = crops()
    given_images = images.copy()
    shown = moved(images, instances, share, np.random.default_rng(seed))
    assert (images == given_images).all()
    np.testing.assert_array_equal(shown[instances > 0], images[instances > 0])
    assert (shown[-1] == images[-1]).all()
    for at in range(COUNT - 1):
        sides = (images, images[:, :, ::-1])
        beside = instances[at] == 0
        assert any((shown[at][beside] == other[beside]).all() for crops in sides for other in crops)
    np.testing.assert_array_equal(shown, moved(images, instances, share, np.random.default_rng(seed)))


def test_as_many_crops_are_covered_as_asked_for():
    images, instances = (np.repeat(one[:4], 100, axis=0) for one in crops())
    rng = np.random.default_rng(0)
    shares = [
        (covered(images, instances, share, rng) != images).any(axis=(1, 2, 3)).mean() for share in (0.0, 0.4, 1.0)
    ]
    assert shares[0] == 0
    assert 0.2 < shares[1] <= 0.45  # a figure of the same shade covers unseen
    assert shares[2] > 0.6


def test_where_no_figure_is_large_enough_nothing_changes():
    images, instances = (one[-1:] for one in crops())
    shown = covered(images, instances, 1.0, np.random.default_rng(0))
    np.testing.assert_array_equal(shown, images)


@pytest.mark.parametrize("masks_known", [True, False])
def test_crops_are_covered_in_training_alone_and_keep_their_class(masks_known):
    images, instances = crops()
    task = Task("made", "up")
    labels = np.arange(COUNT) % 4
    data = Dataset(task, images, labels, (), tuple("abcd"), instances=instances if masks_known else None)
    every = np.arange(COUNT)
    learned, targets = classify.batch(data, every, augmentation=Augmentation(paste=1), rng=np.random.default_rng(0))
    evaluated, _ = classify.batch(data, every, augmentation=Augmentation(paste=1), rng=None)
    assert (targets.argmax(axis=1) == labels).all()
    assert (evaluated == images).all()
    assert (learned != images).any() == masks_known


@pytest.mark.parametrize(
    ("start", "paste", "kind", "told"),
    [
        ("toontown", 0.5, "classify", True),
        ("toontown", 0.0, "classify", False),
        ("none", 0.5, "classify", False),
        ("toontown", 0.5, "detect", False),
    ],
)
def test_where_no_mask_says_so_a_network_tells_figures_if_they_are_to_be_pasted(start, paste, kind, told):
    images, instances = crops()
    settings = TrainingSettings(start=start, augmentation=Augmentation(paste=paste))
    data = Dataset(Task("things", "label", kind), images, np.arange(COUNT), (), tuple("abcdefgh"))
    ready = with_foreground(data, settings)
    assert (ready.instances is not None) == told
    assert not told or ready.instances.shape == instances.shape
    known = replace(data, instances=instances)
    assert with_foreground(known, settings) is known
    instances[2:5] = 0
    partly = with_foreground(replace(data, instances=instances), settings).instances
    others = [0, 1, 5, 6, 7]
    np.testing.assert_array_equal(partly[others], instances[others])
    assert not told or (partly[2:5] == ready.instances[2:5]).all()
