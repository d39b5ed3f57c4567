"""What speaks for a box: parts that are covered one after the other."""

import numpy as np
import pytest

from toonvision.explain.boxes import boxes_panel, boxes_table, measure_box
from toonvision.models.grid import STRIDE
from toonvision.taxonomy.labels import Category

BOX = (24.0, 16.0, 48.0, 48.0)
COG = Category("cog", "Cog", "#5D6675")


def image_with(*spots):
    image = np.zeros((64, 96, 3), np.uint8)
    for left, top, right, bottom in spots:
        image[top:bottom, left:right] = 255
    return image


def seeing(left, top, right, bottom):
    """Return a detector that is as sure as a region is white, at the middle of the box."""

    def answer(images):
        maps = np.zeros((len(images), 64 // STRIDE, 96 // STRIDE, 2), np.float32)
        share = (images[:, top:bottom, left:right, 0] > 200).mean(axis=(1, 2))
        maps[:, 32 // STRIDE, 36 // STRIDE, 1] = share
        return maps

    return answer


def measured(image, answer):
    return measure_box(answer, image, box=BOX, label=1, category=COG, name="a.png", note="found")


def test_a_detector_that_looks_at_the_object_is_lost_without_it_and_not_without_its_context():
    one = measured(image_with((28, 20, 44, 44)), seeing(28, 20, 44, 44))
    assert (one.score, one.without_context, one.without_box) == (1, 1, 0)
    assert one.inside == pytest.approx(1)
    assert one.lost[32, 36] > 0
    assert one.lost[4, 4] == 0


def test_a_detector_that_looks_beside_the_object_relies_on_the_context():
    one = measured(image_with((52, 20, 64, 44)), seeing(52, 20, 64, 44))
    assert (one.score, one.without_context, one.without_box) == (1, 0, 1)
    assert one.inside == 0


def test_where_nothing_speaks_for_a_box_no_share_of_it_is_inside():
    one = measured(image_with(), seeing(28, 20, 44, 44))
    assert np.isnan(one.inside)
    assert boxes_table((one,), "all of them").note.startswith("1 box: all of them. Covered parts show")
    assert len(boxes_panel((one,)).rows) == len(boxes_table((one,), "all").rows) + 1 == 2
