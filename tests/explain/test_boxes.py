"""What speaks for a box: parts that are covered one after the other."""

import numpy as np
import pytest

from toonvision.explain.boxes import BoxCase, boxes_panel, boxes_table, figures_sentence, measure_box
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


def measured(image, answer, **more):
    return measure_box(answer, BoxCase("a.png", image, (64, 96), BOX, 1, "found", **more), COG)


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
    assert boxes_panel((one,)).rows[1][-3:] == ("", "", "")


def test_the_share_of_the_evidence_on_the_object_stands_beside_the_area_that_it_has():
    figure = np.zeros((64, 96), bool)
    figure[20:44, 28:44] = True
    cases = [measured(image_with((28, 20, 44, 44)), seeing(28, 20, 44, 44), figure=figure, screenshot=at)
             for at in range(2)]  # fmt: skip
    one = cases[0]
    assert one.figure_area == pytest.approx(24 * 16 / (64 * 72))  # of the box with as much again on each side
    assert one.on_figure > 0.6 > 3 * one.figure_area
    table = boxes_table(tuple(cases), "all")
    assert table.columns[-2:] == ("On the figure", "Its area")
    share = f"{100 * one.on_figure:.1f}"
    assert figures_sentence(cases) == (
        f"Of what speaks for 2 boxes with a mask, {share} % lies on the figure (95 % interval {share}–{share} %), "
        f"which has {100 * one.figure_area:.1f} % of the covered area."
    )


def test_without_masks_it_is_said_that_nothing_is_known_of_the_figures():
    one = measured(image_with(), seeing(28, 20, 44, 44))
    assert np.isnan(one.figure_area)
    assert "On the figure" not in boxes_table((one,), "all").columns
    assert figures_sentence([one]).startswith("No mask shows a figure that was found")


def test_what_is_shown_of_a_picture_is_a_square_around_the_box_within_its_black_border():
    small = BoxCase("a.png", image_with(), (64, 80), (70.0, 4.0, 78.0, 12.0), 1, "found")
    assert small.window == (16, 0, 80, 64)
    large = BoxCase("a.png", np.zeros((384, 640, 3), np.uint8), (360, 640), (300.0, 100.0, 340.0, 200.0), 1, "found")
    assert large.window == (210, 40, 430, 260)
