"""What a segmenter learns from, what becomes of masks in training, and how its maps are read and scored."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from builders import naming_pixels
from toonvision.core.seeds import generator
from toonvision.data.fitting import shrink_factor
from toonvision.evaluation.pixel_floors import measure_pixel_floors, usual_map
from toonvision.metrics.named_pixels import shown_part, whole_pixels
from toonvision.metrics.predictions import Predictions
from toonvision.models.pixels import class_map
from toonvision.tasks import segment
from toonvision.tasks.base import Evaluated
from toonvision.tasks.detect_augmentation import change, middle_windows
from toonvision.tasks.detect_targets import Batch, padded_rows
from toonvision.tasks.pixel_scores import PixelScores
from toonvision.tasks.pixel_targets import cell_shares
from toonvision.tasks.registry import load_dataset
from toonvision.tasks.settings import Augmentation

MASKS = hnp.arrays(np.uint8, (2, 8, 12), elements=st.sampled_from([0, 1, 2, 255]))


@pytest.fixture(scope="module")
def dataset(small_workspace, tmp_path_factory):
    workspace = naming_pixels(small_workspace, tmp_path_factory.mktemp("pixels") / "workspace")
    return load_dataset(workspace, workspace.taxonomy.task("pixels"), size_hw=(64, 64))


def named(pixels):
    """Return predictions of these classes."""
    count = len(pixels)
    return Predictions(count, np.arange(count), np.zeros(count, np.int64), np.ones(count, np.float32), pixels=pixels)


def evaluated(dataset, scores, subset="test"):
    indices = dataset.indices[subset]
    items, images = tuple(dataset.items[at] for at in indices), dataset.images[indices]
    return Evaluated((), items, images, (scores,), 0)


@given(MASKS)
def test_the_shares_of_a_cell_are_those_of_its_pixels(masks):
    shares = cell_shares(masks, 3)
    assert shares.shape == (2, 2, 3, 3)
    for image, row, column, label in np.ndindex(shares.shape):
        cell = masks[image, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
        assert shares[image, row, column, label] == pytest.approx((cell == label).mean())


@given(hnp.arrays(np.float32, (3, 5, 2), elements=st.floats(0, 1, width=32)))
def test_between_the_middles_of_cells_logits_are_interpolated_as_pillow_does(maps):
    pixels = class_map(maps)
    wide = [np.asarray(Image.fromarray(maps[..., at]).resize((20, 12), Image.Resampling.BILINEAR)) for at in (0, 1)]
    clear = np.abs(wide[0] - wide[1]) > 1e-5
    np.testing.assert_array_equal(pixels[clear], (wide[1] > wide[0])[clear])


def test_a_map_that_is_right_is_decoded_to_its_classes_and_how_sure_it_is():
    logits = np.full((1, 2, 3, 3), -20, np.float32)
    logits[0, :, :2, 1] = logits[0, :, 2:, 2] = 20
    found = segment.decode((logits,))
    assert found.pixels.shape == (1, 8, 12)
    assert (found.pixels[0, :, :8] == 1).all()
    assert (found.pixels[0, :, 8:] == 2).all()
    assert found.labels.tolist() == [1]
    assert 0.9 < found.scores[0] <= 1


def moved_alike(images, masks, settings, rng):
    """Change images with their masks, of which alone is learned."""
    shown = change(Batch(images, padded_rows([[]] * len(images)), masks), settings, rng)
    return shown.images, shown.masks


@given(seed=st.integers(0, 2**32 - 1), mosaic=st.sampled_from([0, 1]))
def test_a_mask_follows_its_screenshot(seed, mosaic):
    masks = np.zeros((3, 64, 96), np.uint8)
    masks[:, 16:56, 24:80] = 1
    masks[1:, 40:, :32] = 2
    colors = np.array([60, 140, 220], np.uint8)
    images = np.repeat(colors[masks][..., None], 3, axis=3)
    settings = Augmentation(flip=True, zoom=0.3, shift=0.1, mosaic=mosaic)
    changed, moved = moved_alike(images, masks, settings, np.random.default_rng(seed))
    assert (changed.shape, moved.shape, moved.dtype) == (images.shape, masks.shape, np.uint8)
    expected = np.full(256, 0)
    expected[:3] = colors
    alike = np.abs(changed[..., 0].astype(int) - expected[moved]) < 45
    assert alike.mean() > 0.93  # but at boundaries, where colours are interpolated
    assert (masks[0] == 1).sum() == 40 * 56


def test_training_sees_windows_in_which_rare_classes_are_as_common_as_others():
    masks = np.zeros((4, 320, 480), np.uint8)
    masks[0, 8:24, 8:24] = 2  # in a corner of one of four
    masks[:, 160:] = 1
    images = np.repeat(np.array([60, 140, 220], np.uint8)[masks][..., None], 3, axis=3)
    rng, seen = generator(0, "windows"), []
    for _ in range(10):
        changed, moved = moved_alike(images, masks, Augmentation(zoom=0.1), rng)
        assert (changed.shape, moved.shape) == ((4, 256, 320, 3), (4, 256, 320))
        seen += [(mask == 2).any() for mask in moved]
    assert np.mean(seen) > 0.15
    middle = middle_windows(Batch(images, padded_rows([[]] * 4), masks))
    np.testing.assert_array_equal(middle.images, images[:, 32:288, 80:400])
    np.testing.assert_array_equal(middle.masks, masks[:, 32:288, 80:400])


def test_where_nothing_counts_nothing_is_learned():
    import keras

    from toonvision.models.segmenter import accuracy, pixel_loss

    logits = np.random.default_rng(0).normal(size=(2, 4, 4, 3)).astype(np.float32)
    masks = np.zeros((2, 16, 16), np.uint8)
    masks[:, :, 8:] = 255
    shares = cell_shares(masks, 3)
    other = logits.copy()
    other[:, :, 2:] = 50
    for measure in (pixel_loss, accuracy):
        one, two = (float(keras.ops.mean(measure(shares, given))) for given in (logits, other))
        assert one == pytest.approx(two, rel=1e-5)


def test_the_loss_of_a_map_that_is_right_is_near_zero_and_higher_of_one_that_is_not():
    import keras

    from toonvision.models.segmenter import accuracy, pixel_loss

    shares = cell_shares(np.repeat(np.arange(3, dtype=np.uint8), 8).reshape(1, 24, 1).repeat(16, axis=2), 3)
    right, wrong = 20 * shares, 20 * np.roll(shares, 1, axis=-1)
    assert float(keras.ops.mean(pixel_loss(shares, right))) == pytest.approx(0, abs=1e-3)
    assert float(keras.ops.mean(pixel_loss(shares, wrong))) > 10
    assert float(keras.ops.mean(accuracy(shares, right))) == pytest.approx(1)
    assert float(keras.ops.mean(accuracy(shares, wrong))) == pytest.approx(0)


def test_the_truth_has_no_error_and_every_object_is_right(dataset):
    truth = dataset.targets[dataset.indices["test"]]
    scores = segment.score(named(np.where(truth == 255, 0, truth).astype(np.uint8)), dataset, "test")
    assert (scores.error, scores.wrong.any(), scores.agreement.min()) == (0, False, 1)
    cases = segment.cases(evaluated(dataset, scores))
    assert len(cases.crops) == sum(len(dataset.frames[at].crops) for at in dataset.indices["test"]) > 0
    assert not cases.wrong.any()


def test_an_object_is_wrong_where_less_than_nine_in_ten_pixels_of_its_box_are_right(dataset):
    truth = dataset.targets[dataset.indices["test"]]
    scores = segment.score(named(np.zeros_like(truth)), dataset, "test")
    cases = segment.cases(evaluated(dataset, scores))
    assert cases.wrong.all()
    assert 0 < scores.error < 1


def test_a_network_that_says_the_same_of_every_screenshot_has_collapsed():
    one = np.zeros((2, 8, 8), np.uint8)
    assert segment.collapsed(named(one))
    one[1, 0, 0] = 1
    assert not segment.collapsed(named(one))


def test_the_floor_is_the_most_frequent_class_at_each_place_and_what_does_not_count_is_no_class():
    masks = np.array([[[0, 255, 1]], [[2, 255, 1]], [[2, 1, 255]], [[1, 0, 2]]], np.uint8)
    np.testing.assert_array_equal(usual_map(masks, np.array([0, 1, 2]), 3), [[2, 1, 1]])


def test_a_run_that_is_no_better_than_its_floor_does_not_beat_it(dataset):
    usual = usual_map(dataset.targets, dataset.indices["train"], 3)
    truth = dataset.targets[dataset.indices["test"]]
    own = segment.score(named(np.broadcast_to(usual, truth.shape)), dataset, "test")
    floors = measure_pixel_floors("segmenter", dataset, "test", own, learned=["train"])
    assert floors.listed[0].value == pytest.approx(float(own.quality.mean_iou))
    assert floors.unbeaten is floors.listed[0]
    assert "does not clearly beat its floor, the most frequent class" in floors.sentence()
    assert measure_pixel_floors("segmenter", dataset, "train", own, learned=["train"]).sentence() == ""


def test_intervals_hold_the_value():
    rng = generator(0, "test")
    truth = rng.integers(0, 3, (12, 16, 16)).astype(np.uint8)
    predicted = np.where(rng.random(truth.shape) < 0.3, 0, truth).astype(np.uint8)
    scores = PixelScores(truth, predicted, ("a", "b", "c"), tuple(range(12)))
    for one in (scores.mean_iou, scores.right, *(each.iou for each in scores.by_class)):
        assert one.low <= one.value <= one.high
        assert one.low < one.high
    alone = PixelScores(truth, predicted, ("a", "b", "c"), (0,) * 12)
    assert all(one.unknown for one in (alone.mean_iou, alone.mean_boundary_f1, alone.right))


@given(width=st.integers(1, 400), height=st.integers(1, 300))
def test_the_classes_of_a_picture_have_its_size(width, height):
    pixels = np.zeros((64, 96), np.uint8)
    part = shown_part(pixels, (width, height))
    factor = shrink_factor((width, height), (64, 96))
    assert part.shape == (-(-height // factor), -(-width // factor))
    assert whole_pixels(pixels, (width, height)).shape == (height, width)


def test_the_interval_of_the_mean_lies_around_the_mean_although_a_class_is_in_one_screenshot_only():
    truth = np.zeros((12, 8, 8), np.uint8)
    truth[0, :, 4:] = 1
    scores = PixelScores(truth, np.zeros_like(truth), ("wall", "lamp"), tuple(range(12)))
    assert 0 < scores.mean_iou.low <= scores.mean_iou.value <= scores.mean_iou.high <= 0.5
