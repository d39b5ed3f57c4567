import dataclasses

import numpy as np
import pytest
from PIL import Image

from toonvision.core.errors import InputRejectedError
from toonvision.data import fitting
from toonvision.data.boxes import Box
from toonvision.data.masks import REGIONS, crop_regions, has_masks, object_in_box
from toonvision.world.masks import INSTANCE_COLOURS, PART_COLOURS, indexed
from toonvision.world.materials import PARTS

HEIGHT, WIDTH = 48, 64


@pytest.fixture
def first_crop(own_workspace):
    return own_workspace.known_crops()[0]


def write(workspace, crop, kind, picture):
    stem = crop.screenshot.rpartition("/")[2].removesuffix(".png")
    path = workspace.masks / kind / crop.context / f"{stem}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)
    return path


def write_figure(workspace, crop, number=2, *, other=3):
    """Masks of a figure that fills its box (upper half head, lower half cloth), a neighbour reaching into the box."""
    x_min, y_min, x_max, y_max = crop.box.xyxy
    instances, parts = np.zeros((2, HEIGHT, WIDTH), np.uint8)
    instances[y_min:y_max, x_min:x_max] = number
    middle = (y_min + y_max) // 2
    parts[y_min:middle, x_min:x_max], parts[middle:y_max, x_min:x_max] = 3, 2
    instances[y_min:, x_max - 4 :] = other
    parts[y_min:, x_max - 4 :] = 1
    instances[y_min, x_max - 1] = number
    write(workspace, crop, "parts", indexed(parts, PART_COLOURS))
    write(workspace, crop, "instances", indexed(instances, INSTANCE_COLOURS))
    return np.where(instances == number, parts, 0)[y_min:y_max, x_min:x_max]


def test_regions_are_those_of_the_drawn_world_with_background_for_none():
    assert ("background", *PARTS[1:]) == REGIONS


def test_a_workspace_without_masks_has_none(own_workspace, first_crop):
    assert not has_masks(own_workspace)
    assert crop_regions(own_workspace, first_crop, (32, 32)) is None


def test_regions_of_the_own_figure_are_kept_and_neighbours_are_background(own_workspace, first_crop):
    own = write_figure(own_workspace, first_crop)
    mask = crop_regions(own_workspace, first_crop, own.shape)
    assert has_masks(own_workspace)
    assert (mask.dtype, mask.shape) == (np.uint8, own.shape)
    assert mask.tolist() == own.tolist()
    assert set(np.unique(mask)) == {0, 2, 3} or set(np.unique(mask)) == {0, 1, 2, 3}
    assert (mask[1:, -4:] == 0).all()


def test_a_mask_is_resized_by_nearest_pixels_to_the_input(own_workspace, first_crop):
    own = write_figure(own_workspace, first_crop)
    mask = crop_regions(own_workspace, first_crop, (60, 20))
    assert mask.shape == (60, 20)
    assert set(np.unique(mask)) <= set(np.unique(own))
    assert (mask == 2).mean() == pytest.approx((own == 2).mean(), abs=0.05)


@pytest.mark.parametrize("resize", ["stretch", "letterbox"])
def test_masks_lie_where_their_crops_do(resize):
    mask = np.zeros((30, 14), np.uint8)
    mask[5:20, 3:9] = 2
    crop = Image.fromarray(np.repeat((mask > 0)[..., None], 3, axis=2).astype(np.uint8) * 255)
    seen = fitting.fit(crop, size_hw=(64, 48), resize=resize)[..., 0] > 127
    fitted = (
        fitting.fit(Image.fromarray(mask), size_hw=(64, 48), resize=resize, resampling=Image.Resampling.NEAREST) > 0
    )
    assert (seen & fitted).sum() / (seen | fitted).sum() > 0.85


def test_the_object_whose_extent_fits_the_box_is_found_behind_one_that_covers_more_of_it():
    instances = np.zeros((40, 40), np.uint8)
    instances[10:30, 10:20] = 1
    instances[0:40, 13:40] = 2
    instances[10, 19] = 1
    box = Box(10, 10, 20, 30)
    inside = instances[10:30, 10:20]
    assert (inside == 2).sum() > (inside == 1).sum()
    assert object_in_box(instances, box) == 1


def test_a_box_around_nothing_has_no_object():
    assert object_in_box(np.zeros((9, 9), np.uint8), Box(1, 1, 5, 5)) is None


def test_a_crop_in_whose_box_no_figure_is_seen_has_no_regions(own_workspace, first_crop):
    empty = np.zeros((HEIGHT, WIDTH), np.uint8)
    write(own_workspace, first_crop, "parts", indexed(empty, PART_COLOURS))
    write(own_workspace, first_crop, "instances", indexed(empty, INSTANCE_COLOURS))
    assert crop_regions(own_workspace, first_crop, (32, 32)) is None


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        (Image.new("RGB", (WIDTH, HEIGHT)), "one value a pixel .* got mode RGB"),
        (Image.new("I;16", (WIDTH, HEIGHT)), "one value a pixel .* got mode I"),
        (Image.new("P", (WIDTH, 2)), "is not as large as"),
        (Image.new("L", (WIDTH, HEIGHT), 9), "a region is a value from 0 to 4; got 9"),
    ],
)
def test_what_is_no_region_mask_is_refused_with_its_name(own_workspace, first_crop, picture, reason):
    write_figure(own_workspace, first_crop)
    path = write(own_workspace, first_crop, "parts", picture)
    with pytest.raises(InputRejectedError, match=f"^{path}.*{reason}.*Draw the masks again"):
        crop_regions(own_workspace, first_crop, (32, 32))


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + bytes(40)])
def test_a_damaged_mask_is_refused_with_its_name(own_workspace, first_crop, content):
    write_figure(own_workspace, first_crop)
    path = write(own_workspace, first_crop, "instances", Image.new("L", (1, 1)))
    path.write_bytes(content)
    with pytest.raises(InputRejectedError, match="is no mask that can be read"):
        crop_regions(own_workspace, first_crop, (32, 32))


def test_a_truncated_mask_is_refused(own_workspace, first_crop):
    write_figure(own_workspace, first_crop)
    noise = np.random.default_rng(0).integers(0, 5, (HEIGHT, WIDTH), dtype=np.uint8)
    path = write(own_workspace, first_crop, "parts", indexed(noise, PART_COLOURS))
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(InputRejectedError, match="is no mask that can be read"):
        crop_regions(own_workspace, first_crop, (32, 32))


def test_a_box_outside_its_mask_is_refused(own_workspace, first_crop):
    write_figure(own_workspace, first_crop)
    outside = dataclasses.replace(first_crop, box=Box(0, 0, WIDTH + 1, 5))
    with pytest.raises(InputRejectedError, match="leaves it"):
        crop_regions(own_workspace, outside, (32, 32))


def test_a_mask_outside_the_masks_folder_is_never_read(own_workspace, first_crop):
    write_figure(own_workspace, first_crop)
    climbing = dataclasses.replace(first_crop, context="../../..")
    with pytest.raises(InputRejectedError, match="leads out of its folder"):
        crop_regions(own_workspace, climbing, (32, 32))
