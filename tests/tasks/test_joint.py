"""What a detector that names pixels too learns from, and that it is a detector beside that."""

import dataclasses
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import finding_things, naming_pixels
from toonvision.core.errors import InputRejectedError, UsageError
from toonvision.data.pixel_masks import NOT_COUNTED
from toonvision.metrics.predictions import Predictions
from toonvision.tasks import detect
from toonvision.tasks.detect_augmentation import change, middle_windows
from toonvision.tasks.detect_targets import Batch, padded_rows
from toonvision.tasks.pixel_targets import rare_classes, with_a_mask
from toonvision.tasks.registry import load_dataset
from toonvision.tasks.settings import Augmentation, TrainingSettings
from toonvision.training.recipes import changed, settings_for

NETWORK = "detector+pixels"
SIZE_HW = (64, 64)
COVERED = ("shot_00", "shot_01", "shot_02", "shot_05", "shot_08")


@pytest.fixture(scope="module")
def finding(small_workspace, tmp_path_factory):
    return finding_things(small_workspace, tmp_path_factory.mktemp("joint") / "finding", level="label")


@pytest.fixture(scope="module")
def workspace(finding, tmp_path_factory):
    without = [f"shot_{at:02}" for at in range(12) if f"shot_{at:02}" not in COVERED]
    return naming_pixels(finding, tmp_path_factory.mktemp("joint") / "workspace", without=without)


@pytest.fixture(scope="module")
def dataset(workspace):
    return load_dataset(workspace, workspace.taxonomy.task("things"), size_hw=SIZE_HW, network=NETWORK)


def test_masks_may_cover_few_screenshots_and_no_pixel_of_the_others_counts(workspace, dataset):
    plain = load_dataset(workspace, workspace.taxonomy.task("things"), size_hw=SIZE_HW)
    assert dataset.pixel_classes == ("ground", "fruit", "mineral")
    assert (dataset.items, dataset.digest, plain.pixels) == (plain.items, plain.digest, None)
    covered = [dataset.items[at].screenshot for at in with_a_mask(dataset.pixels)]
    assert sorted(covered) == sorted(
        one.screenshot for one in plain.items if any(name in one.screenshot for name in COVERED)
    )
    copy = pickle.loads(pickle.dumps(dataset))
    np.testing.assert_array_equal(copy.pixels, dataset.pixels)


def test_a_batch_has_the_maps_of_both_and_those_of_boxes_are_a_detectors(dataset):
    indices, changes = dataset.indices["train"], Augmentation(flip=True, zoom=0.3, color=0.2, mosaic=0.5)
    plain = dataclasses.replace(dataset, pixels=None)
    for rng in (None, np.random.default_rng(1)):
        again = rng and np.random.default_rng(1)
        images, maps = detect.batch(dataset, indices, augmentation=changes, rng=rng)
        same, boxes = detect.batch(plain, indices, augmentation=changes, rng=again)
        np.testing.assert_array_equal(images, same)
        assert [one.shape[1:3] for one in maps] == [(8, 8), (8, 8), (16, 16)]
        assert len(boxes) == 2
        for one, other in zip(maps[:2], boxes, strict=True):
            np.testing.assert_array_equal(one, other)
        assert maps[2].sum(axis=-1).max() <= 1


@given(st.integers(0, 2**32 - 1), st.sampled_from([(64, 96), (384, 640)]))
def test_what_becomes_of_boxes_does_not_depend_on_masks(seed, size_hw):
    images = np.random.default_rng(0).integers(0, 256, (3, *size_hw, 3), dtype=np.uint8)
    targets = padded_rows([[(10, 12, 40, 60, 0, 0)], [], [(30, 5, 60, 50, 1, 0)]])
    instances = np.zeros((3, *size_hw), np.uint8)
    instances[0, 12:60, 10:40] = instances[2, 5:50, 30:60] = 1
    masks = np.full((3, *size_hw), NOT_COUNTED, np.uint8)
    masks[0] = 2 * instances[0]
    settings = Augmentation(flip=True, zoom=0.3, shift=0.1, color=0.2, cast=0.1, paste=0.5, mosaic=0.3)
    both, boxes = (
        change(Batch(images, targets, own, instances), settings, np.random.default_rng(seed)) for own in (masks, None)
    )
    np.testing.assert_array_equal(both.images, boxes.images)
    np.testing.assert_array_equal(both.targets, boxes.targets)
    assert set(np.unique(both.masks)) <= {0, 2, NOT_COUNTED}


def test_where_no_mask_is_known_the_window_of_a_mask_counts_nowhere():
    images, masks = np.zeros((2, 384, 640, 3), np.uint8), np.full((2, 384, 640), NOT_COUNTED, np.uint8)
    masks[1] = 1
    batch = Batch(images, padded_rows([[(0, 0, 30, 60, 0, 0)], [(600, 300, 640, 380, 0, 0)]]), masks)
    assert [set(np.unique(one)) for one in middle_windows(batch).masks] == [{NOT_COUNTED}, {1}]


def test_the_same_seed_gives_the_detector_the_weights_that_it_has_alone():
    import keras

    from toonvision.models.registry import build_network

    models = []
    for name in ("detector", NETWORK):
        keras.utils.set_random_seed(7)
        models.append(build_network(name, size_hw=SIZE_HW, classes=2, pixels=8))
    alone, both = models
    assert [output.shape[1:] for output in both.outputs] == [(8, 8, 2), (8, 8, 4), (16, 16, 8)]
    part = keras.Model(both.inputs, both.outputs[:2])
    for one, other in zip(alone.get_weights(), part.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_it_begins_with_the_body_and_the_boxes_of_a_detector():
    import keras

    from toonvision.models.registry import build_network
    from toonvision.models.starting import begin_with

    models = []
    for name in ("detector", NETWORK):
        keras.utils.set_random_seed(0)
        models.append(build_network(name, size_hw=SIZE_HW, classes=2, pixels=3))
        begin_with("toontown", models[-1], name, ("cog", "toon"))
    alone, both = models
    images = np.random.default_rng(0).integers(0, 256, (2, *SIZE_HW, 3), dtype=np.uint8)
    for one, other in zip(alone.predict(images, verbose=0), both.predict(images, verbose=0)[:2], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_it_has_the_recipe_of_a_detector():
    alone, both = (settings_for(name, images=257, taxonomy="toontown") for name in ("detector", NETWORK))
    assert (both.network, both.start) == (NETWORK, "toontown")
    assert dataclasses.replace(both, network="detector") == alone
    assert changed(both, paste=0.2).augmentation.paste == 0.2
    with pytest.raises(UsageError, match="is not trained with --mixup"):
        changed(both, mixup=0.1)


def test_where_no_pixel_of_a_batch_counts_the_loss_of_pixels_is_zero():
    import keras

    from toonvision.models.segmenter import pixel_loss

    logits = np.random.default_rng(0).normal(size=(2, 4, 4, 3)).astype(np.float32)
    assert float(keras.ops.mean(pixel_loss(np.zeros_like(logits), logits))) == 0


def test_pixels_are_scored_where_a_screenshot_has_a_mask(dataset):
    whole = dataclasses.replace(dataset, indices={"test": np.arange(len(dataset.items))})
    truth = np.where(dataset.pixels == NOT_COUNTED, 0, dataset.pixels).astype(np.uint8)
    none = np.zeros(0, np.int64)
    right = Predictions(
        len(truth), none, none, none.astype(np.float32), boxes=np.zeros((0, 4), np.float32), pixels=truth
    )
    scores = detect.score(right, whole, "test")
    assert scores.pixels.masked == tuple(with_a_mask(dataset.pixels).tolist())
    assert scores.summary()["miou"] == 1
    assert scores.details()["pixels"]["model"]["miou"]["value"] == 1
    unmasked = dataclasses.replace(whole, pixels=np.full_like(truth, NOT_COUNTED))
    assert detect.score(right, unmasked, "test").pixels is None


def test_classes_that_too_few_masks_show_are_left_out():
    shown = np.ones((200, 3), np.int64)
    shown[3:, 1] = 0
    assert rare_classes(shown) == [1]
    assert rare_classes(np.concatenate([shown[:100], np.zeros((100, 3), np.int64)])) == []


def test_without_classes_of_pixels_or_without_masks_it_is_refused_with_what_to_do(finding, small_workspace, tmp_path):
    task = finding.taxonomy.task("things")
    with pytest.raises(UsageError, match=r"of which this workspace has none\. Name them in \[pixels\]"):
        load_dataset(finding, task, size_hw=SIZE_HW, network=NETWORK)
    every = [f"shot_{at:02}" for at in range(12)]
    bare = naming_pixels(finding, tmp_path / "bare", without=every)
    with pytest.raises(
        InputRejectedError, match=r"that have a mask; none has one\. Draw masks of screenshots of train"
    ):
        load_dataset(bare, task, size_hw=SIZE_HW, network=NETWORK)


def test_it_is_for_tasks_that_find_objects(dataset):
    other = dataclasses.replace(dataset, task=dataclasses.replace(dataset.task, kind="segment"))
    with pytest.raises(UsageError, match="is a network for tasks of the kind detect"):
        detect.learner(TrainingSettings(network=NETWORK), other)
