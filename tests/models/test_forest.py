import dataclasses
import io

import numpy as np
import pytest

from models.hostile import HOSTILE
from toonvision.core.errors import ModelRefusedError, UsageError
from toonvision.models.forest import BANDS, COLOURS, SHADES, Forest, colour_counts, load_forest, pixels_of_bands
from toonvision.models.registry import TREES, build_network, find_network
from toonvision.models.saving import FOREST, ModelCard, load_model, require_sound_weights, save_model

SIZE = (24, 16)
CARD = ModelCard(
    network=TREES, task="label", level="label", classes=("a", "b", "c"), size_hw=SIZE, resize="stretch",
    taxonomy="0123456789abcdef", seed=0, parameters=1, versions={},
)  # fmt: skip
BLACK, RED = 0, (SHADES - 1) * SHADES**2
"""Where the counts of these colours stand within a band."""


def ints(*values):
    return np.array(values, np.int32)


def two_trees():
    """The first votes for a where the top band has at most 10 black pixels, else for b; the second always for c."""
    return Forest(SIZE, 3, ints(0, 3), ints(BLACK, 0, 0, 0), ints(10, -1, -2, -3), ints(2, 1, 2, 3))


@pytest.fixture
def saved(tmp_path):
    save_model(two_trees(), CARD, tmp_path)
    return tmp_path


def test_counts_say_how_many_pixels_of_a_colour_each_band_has():
    image = np.zeros((1, *SIZE, 3), np.uint8)
    image[0, :4, :5] = (255, 0, 31)
    counts = colour_counts(image)
    assert counts.shape == (1, COLOURS)
    assert (counts[0, RED], counts[0, BLACK]) == (20, 44)
    assert counts[0, SHADES**3 :].reshape(BANDS - 1, -1)[:, BLACK].tolist() == [64] * (BANDS - 1)
    assert counts.sum() == SIZE[0] * SIZE[1]


@pytest.mark.parametrize("height", [16, 24, 25, 600])
def test_every_pixel_is_counted_in_one_band_and_bands_are_as_high_as_each_other(height):
    pixels = pixels_of_bands((height, 10)).reshape(BANDS, -1)[:, 0]
    assert pixels.sum() == 10 * height
    assert np.ptp(pixels) <= 10


def test_probabilities_are_shares_of_votes_and_one_more_vote_for_all():
    images = np.zeros((2, *SIZE, 3), np.uint8)
    images[0, :4] = 255
    np.testing.assert_allclose(two_trees().predict_on_batch(images), np.array([[4, 1, 4], [1, 4, 4]]) / 9, rtol=1e-6)


def test_a_forest_saved_and_loaded_predicts_the_same_and_is_the_same_bytes(saved, tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (5, *SIZE, 3), dtype=np.uint8)
    np.testing.assert_array_equal(load_model(saved).predict_on_batch(images), two_trees().predict_on_batch(images))
    require_sound_weights(saved)
    save_model(two_trees(), CARD, tmp_path / "again")
    assert (tmp_path / "again" / FOREST).read_bytes() == (saved / FOREST).read_bytes()


@pytest.mark.parametrize(
    "damage",
    [
        {"features": ints(COLOURS, 0, 0, 0)},
        {"thresholds": ints(10, -1, -2, -4)},
        {"thresholds": ints(10, -1, -2, 3)},
        {"following": ints(0, 1, 2, 3)},
        {"following": ints(4, 1, 2, 3)},
        {"following": ints(2, 1, 2)},
        {"roots": ints(0, 4)},
        {"roots": ints()},
        {"roots": np.array([0, 3])},
        {"roots": np.array([0.0, 3.0])},
        {"roots": np.array([None], object)},
    ],
    ids=lambda damage: "-".join(f"{name}={value.tolist()}" for name, value in damage.items()),
)
def test_arrays_that_are_no_trees_are_refused(saved, damage):
    arrays = {name: getattr(two_trees(), name) for name in ("roots", "features", "thresholds", "following")}
    np.savez(saved / FOREST, **{**arrays, **damage})
    for read in (load_model, require_sound_weights):
        with pytest.raises(ModelRefusedError, match=r"trees.npz: is damaged \(.*\)\. Train again\."):
            read(saved)


@pytest.mark.parametrize("make", HOSTILE, ids=lambda make: make.__name__)
def test_a_hostile_file_in_place_of_the_trees_is_refused_and_nothing_in_it_is_run(saved, tmp_path, make):
    canary = tmp_path / "canary"
    (saved / FOREST).write_bytes(make(canary))
    with pytest.raises(ModelRefusedError, match=r"trees.npz: is damaged"):
        load_model(saved)
    assert not canary.exists()


def test_missing_trees_and_an_archive_that_unpacks_to_too_much_are_refused(saved, monkeypatch):
    monkeypatch.setattr("toonvision.models.forest.LARGEST_MODEL", 100)
    with pytest.raises(ValueError, match="over 0 MB"):
        load_forest((saved / FOREST).read_bytes(), size_hw=SIZE, classes=3)
    (saved / FOREST).unlink()
    with pytest.raises(ModelRefusedError, match="Train again"):
        load_model(saved)


def test_trees_for_other_classes_than_described_are_refused(saved):
    buffer = io.BytesIO((saved / FOREST).read_bytes())
    with pytest.raises(ValueError, match="no trees for these classes"):
        load_forest(buffer.read(), size_hw=SIZE, classes=2)


def test_trees_are_found_by_name_and_are_no_network():
    assert find_network("trees").name == TREES
    with pytest.raises(UsageError, match="trees have no layers"):
        build_network(TREES, size_hw=SIZE, classes=2)


def test_the_depth_is_that_of_the_deepest_tree():
    assert two_trees().depth == 1
    assert dataclasses.replace(two_trees(), roots=ints(3)).depth == 0
