import dataclasses
import os
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from builders import files_property
from toonvision.core.errors import InputRejectedError
from toonvision.data.arrays import (
    batch_order,
    cache_name,
    load_images,
    load_screenshots,
    mapped_elsewhere,
    mapped_here,
)
from toonvision.data.fitting import fit

SIZE_HW = (24, 16)


def load(workspace, crops=None, level="label", size_hw=SIZE_HW, resize="stretch"):
    used = workspace.known_crops() if crops is None else crops
    return load_images(workspace, used, level=level, size_hw=size_hw, resize=resize)


def cached(workspace):
    return sorted(path.name for path in workspace.cache.iterdir())


@pytest.mark.parametrize("resize", ["stretch", "letterbox"])
def test_images_are_the_fitted_crops_in_their_order(own_workspace, resize):
    images = load(own_workspace, resize=resize)
    assert len(images) == 24
    for index, crop in enumerate(own_workspace.known_crops()):
        with Image.open(own_workspace.crops / crop.file) as image:
            assert (images[index] == fit(image, size_hw=SIZE_HW, resize=resize)).all()


def test_images_are_a_read_only_memory_map_of_bytes(own_workspace):
    for _ in range(2):  # just made, then found
        images = load(own_workspace)
        assert isinstance(images, np.memmap)
        assert images.dtype == np.uint8
        assert images.shape == (24, 24, 16, 3)
        with pytest.raises(ValueError, match="read-only"):
            images[0] = 0


def test_no_crops_make_an_empty_array(own_workspace):
    assert load(own_workspace, []).shape == (0, 24, 16, 3)


def test_a_second_load_reads_the_cache_alone(own_workspace):
    first = np.array(load(own_workspace))
    for path in own_workspace.crops.iterdir():
        path.unlink()
    assert (load(own_workspace) == first).all()


def test_the_cache_is_named_by_what_it_holds(own_workspace):
    crops = own_workspace.known_crops()
    changed = [dataclasses.replace(crops[0], hash="0" * 64), *crops[1:]]
    names = {
        cache_name("label", crops, size_hw=(24, 16), resize="stretch"),
        cache_name("label", changed, size_hw=(24, 16), resize="stretch"),
        cache_name("label", crops[1:], size_hw=(24, 16), resize="stretch"),
        cache_name("label", crops[::-1], size_hw=(24, 16), resize="stretch"),
        cache_name("label", crops, size_hw=(16, 24), resize="stretch"),
        cache_name("label", crops, size_hw=(24, 16), resize="letterbox"),
        cache_name("kind", crops, size_hw=(24, 16), resize="stretch"),
    }
    assert len(names) == 7
    assert cache_name("label", list(crops), size_hw=(24, 16), resize="stretch") in names


@pytest.mark.parametrize("content", [b"", b"half of an array", None], ids=["empty", "damaged", "other shape"])
def test_an_array_that_is_damaged_is_made_again(own_workspace, content):
    first = np.array(load(own_workspace))
    (name,) = cached(own_workspace)
    if content is None:
        np.save(own_workspace.cache / name, first[:3])
    else:
        (own_workspace.cache / name).write_bytes(content)
    assert (load(own_workspace) == first).all()


def test_a_new_array_drops_the_older_ones_of_its_task_and_size_only(own_workspace):
    load(own_workspace, level="kind")
    load(own_workspace, size_hw=(16, 16))
    before = cached(own_workspace)
    load(own_workspace)
    assert set(before) < set(cached(own_workspace))
    unused_for_days(own_workspace)
    load(own_workspace, own_workspace.known_crops()[1:])
    assert len(cached(own_workspace)) == 3
    assert set(before) < set(cached(own_workspace))


def unused_for_days(workspace):
    for path in workspace.cache.iterdir():
        os.utime(path, (time.time() - 2 * 86_400,) * 2)


def test_an_array_that_was_used_of_late_stays_for_the_processes_that_still_need_it(own_workspace):
    load(own_workspace)
    unused_for_days(own_workspace)
    sent = mapped_elsewhere(load(own_workspace))
    load(own_workspace, own_workspace.known_crops()[1:])
    assert len(mapped_here(sent)) == len(own_workspace.known_crops())


@pytest.mark.parametrize("place", range(6, 128, 7))
def test_a_damaged_byte_in_an_arrays_header_is_no_fault_to_end_with(own_workspace, place):
    first = np.array(load(own_workspace))
    (name,) = cached(own_workspace)
    whole = (own_workspace.cache / name).read_bytes()
    for value in (1, 40, 92, 255):
        (own_workspace.cache / name).write_bytes(whole[:place] + bytes([value]) + whole[place + 1 :])
        assert load(own_workspace).shape == first.shape


@pytest.mark.parametrize("content", [None, b"", b"text"], ids=["missing", "empty", "damaged"])
def test_a_crop_that_cannot_be_read_is_refused_and_leaves_no_half_cache(own_workspace, content):
    path = own_workspace.crops / "pear_0002.png"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputRejectedError, match="Crops can be made again: toonvision extract -w") as caught:
        load(own_workspace)
    assert str(caught.value).endswith(str(own_workspace.root))
    assert str(path) in str(caught.value)
    assert cached(own_workspace) == []


@given(indices=st.lists(st.integers(0, 1000), max_size=60), batch_size=st.integers(1, 20), seed=st.integers(0, 99))
def test_batches_are_a_permutation_of_the_indices_and_only_the_last_may_be_smaller(indices, batch_size, seed):
    given_indices = np.array(indices, dtype=np.int64)
    batches = list(batch_order(given_indices, batch_size=batch_size, rng=np.random.default_rng(seed)))
    assert sorted(np.concatenate([*batches, given_indices[:0]]).tolist()) == sorted(indices)
    assert [len(batch) for batch in batches[:-1]] == [batch_size] * (len(batches) - 1)
    assert not batches or 1 <= len(batches[-1]) <= batch_size
    assert given_indices.tolist() == indices


def test_the_order_of_batches_changes_from_epoch_to_epoch_and_repeats_with_its_seed():
    def epochs(seed):
        rng = np.random.default_rng(seed)
        return [np.concatenate(list(batch_order(np.arange(50), batch_size=8, rng=rng))).tolist() for _ in range(2)]

    assert epochs(0) == epochs(0)
    assert epochs(0)[0] != epochs(0)[1]
    assert epochs(0) != epochs(1)


@files_property
@given(size_hw=st.tuples(st.integers(1, 40), st.integers(1, 40)))
def test_images_have_the_asked_size(small_workspace, tmp_path_factory, size_hw):
    workspace = dataclasses.replace(small_workspace)
    crops = workspace.known_crops()[:2]
    root = tmp_path_factory.mktemp("sizes")
    (root / "crops").symlink_to(workspace.crops)
    images = load(dataclasses.replace(workspace, root=root), crops, size_hw=size_hw)
    assert images.shape == (2, *size_hw, 3)


def test_screenshots_are_shrunk_by_whole_numbers_and_lie_at_the_upper_left(own_workspace):
    shots = own_workspace.known_screenshots()
    images = load_screenshots(own_workspace, shots, size_hw=(32, 40))
    assert images.shape == (len(shots), 32, 40, 3)
    with Image.open(own_workspace.root / "screenshots" / shots[3].name) as image:
        whole = np.asarray(image.convert("RGB"), np.float64)
    means = whole.reshape(24, 2, 32, 2, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(images[3, :24, :32], means, atol=0.51)
    assert not images[:, 24:].any()
    assert not images[:, :, 32:].any()
    again = load_screenshots(own_workspace, shots[:2], size_hw=(32, 40))
    np.testing.assert_array_equal(again, images[:2])


def test_a_screenshot_that_is_another_one_by_now_is_refused(own_workspace):
    shots = own_workspace.known_screenshots()
    path = own_workspace.root / "screenshots" / shots[0].name
    with Image.open(path) as image:
        changed = image.transpose(Image.Transpose.ROTATE_180)
    changed.save(path)
    with pytest.raises(InputRejectedError, match="is not what was extracted"):
        load_screenshots(own_workspace, shots, size_hw=(48, 64))
