import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter

import builders
from toonvision.data.boxes import Box
from toonvision.data.outliers import ENOUGH, measure_image, odd_boxes, odd_images, two_modes


def boxed(number, width, height, **options):
    return dataclasses.replace(builders.crop(number, **options), box=Box(0, 0, width, height))


def ordinary(count=ENOUGH, label="apple"):
    """Crops of one label whose heights and aspects vary by a tenth or so."""
    rng = np.random.default_rng(0)
    heights = rng.integers(90, 111, count)
    return [boxed(n, int(h * rng.uniform(0.45, 0.55)), int(h), label=label) for n, h in enumerate(heights)]


@pytest.mark.parametrize(
    ("width", "height", "reasons"),
    [
        (200, 400, "its height is 3.9 times"),
        (12, 25, "its height is 0.25 times"),
        (200, 100, "its aspect ratio (width / height) is 3.9"),
    ],
)
def test_a_box_unlike_those_of_its_label_is_named_with_how_much(width, height, reasons):
    (finding,) = odd_boxes([*ordinary(), boxed(99, width, height)])
    assert finding.item == "apple_0099.png"
    assert reasons in finding.reason
    assert not finding.skips


def test_boxes_of_few_samples_or_of_one_size_are_not_compared():
    assert odd_boxes([*ordinary(ENOUGH - 2), boxed(99, 200, 400)]) == []
    assert odd_boxes([*(boxed(n, 50, 100) for n in range(ENOUGH)), boxed(99, 51, 100)]) == []


def test_a_box_is_compared_with_its_own_label_alone():
    pears = [dataclasses.replace(crop, box=Box(0, 0, 500, 400)) for crop in ordinary(label="pear")]
    assert odd_boxes([*ordinary(), *pears]) == []


def test_cards_that_stand_and_cards_that_lie_are_no_doubt_but_an_odd_one_among_them_is():
    standing = ordinary(2 * ENOUGH)
    lying = [boxed(100 + n, crop.box.size_wh[1], crop.box.size_wh[0]) for n, crop in enumerate(ordinary(ENOUGH))]
    assert odd_boxes([*standing, *lying]) == []
    assert [finding.item for finding in odd_boxes([*standing, *lying, boxed(999, 400, 200)])] == ["apple_0999.png"]
    assert len(odd_boxes([*standing, *lying[:3]])) == 3  # three are no typical shape


def test_two_groups_are_seen_where_there_are_two_and_not_in_one():
    rng = np.random.default_rng(0)
    for one in (rng.normal(size=500), rng.uniform(size=500), np.zeros(40), rng.exponential(size=500)):
        assert not two_modes(one).any()
    two = np.concatenate([rng.normal(-1, 0.2, 60), rng.normal(1, 0.2, 20)])
    assert two_modes(two).tolist() == [False] * 60 + [True] * 20


@given(factor=st.integers(1, 9))
def test_whether_a_box_is_odd_does_not_depend_on_the_unit_of_length(factor):
    crops = [*ordinary(), boxed(99, 200, 400)]
    scaled = [dataclasses.replace(c, box=Box(0, 0, *(factor * side for side in c.box.size_wh))) for c in crops]
    assert [finding.item for finding in odd_boxes(scaled)] == ["apple_0099.png"]


def scenes(count=ENOUGH):
    return [builders.scene(seed, (90, 120)) for seed in range(count)]


def image_statistics(images, context="garden"):
    return {builders.crop(number, context=context): measure_image(image) for number, image in enumerate(images)}


def test_a_blurred_crop_is_named_whatever_its_size_and_light():
    for size, radius in (((180, 240), 9), ((90, 120), 5)):
        blurred = (
            builders.scene("far", size).filter(ImageFilter.GaussianBlur(radius)).point(lambda value: value // 2 + 60)
        )
        (finding,) = odd_images(image_statistics([*scenes(), blurred]))
        assert (finding.item, finding.code) == ("apple_0020.png", "blurred")
    assert odd_images(image_statistics(scenes(ENOUGH + 1))) == []


def test_a_dark_crop_is_named_unless_its_whole_context_is_dark():
    dark = [image.point(lambda value: value // 5) for image in scenes()]
    assert odd_images(image_statistics(dark)) == []
    (finding,) = odd_images(image_statistics([*scenes(), dark[0]]))
    assert (finding.item, finding.code) == ("apple_0020.png", "dark")


def test_a_flat_crop_and_one_of_a_single_pixel_are_measured():
    for size in ((1, 1), (1, 9), (30, 30)):
        look = measure_image(Image.new("RGB", size, "#808080"))
        assert (look.brightness, look.sharpness) == (128, 1)


@pytest.mark.parametrize("height", [255, 256, 257, 600])
def test_a_picture_measured_in_strips_looks_as_it_does_as_a_whole(height):
    image = builders.scene("strips", (40, height)).convert("L")
    grey = np.asarray(image, dtype=float)
    inner = np.pad(grey, 1, mode="edge")
    laplacian = inner[:-2, 1:-1] + inner[2:, 1:-1] + inner[1:-1, :-2] + inner[1:-1, 2:] - 4 * grey
    look = measure_image(image)
    assert look.brightness == pytest.approx(grey.mean())
    assert look.sharpness == pytest.approx((laplacian.var() + 1) / (grey.var() + 1))
