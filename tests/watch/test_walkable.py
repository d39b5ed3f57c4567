"""Where one can walk."""

import math

import numpy as np
import pytest

from toonvision.watch.distance import Ground, Lens
from toonvision.watch.walkable import ways

CLASSES = ("sky", "building", "road", "ground", "prop")
SKY, BUILDING, ROAD, GROUND, PROP = range(5)
LENS, LEVEL = Lens(), Ground(horizon=0.5, height=1.0)


def street() -> np.ndarray:
    pixels = np.full((400, 600), SKY, np.uint8)
    pixels[200:300] = BUILDING
    pixels[300:] = ROAD
    return pixels


def test_the_way_is_free_up_to_the_first_thing_on_the_ground():
    found = ways(street(), CLASSES, directions=5, lens=LENS, ground=LEVEL)
    middle = found[2]
    assert middle.bearing == pytest.approx(0)
    assert middle.distance == pytest.approx(LENS.focal((600, 400)) / 100)
    assert [way.bearing for way in found] == sorted(way.bearing for way in found)


def test_to_the_side_the_same_row_is_farther_away():
    found = ways(street(), CLASSES, directions=5, lens=LENS, ground=LEVEL)
    assert found[0].distance == pytest.approx(found[2].distance / math.cos(math.radians(found[0].bearing)))


def test_a_thing_in_one_direction_does_not_block_the_others():
    pixels = street()
    pixels[350:380, 240:360] = PROP
    found = ways(pixels, CLASSES, directions=5, lens=LENS, ground=LEVEL)
    assert found[2].distance == pytest.approx(LENS.focal((600, 400)) / 180)
    assert found[1].distance > 1.5 * found[2].distance


def test_who_stands_before_a_wall_cannot_go_on():
    pixels = street()
    pixels[:] = BUILDING
    assert {way.distance for way in ways(pixels, CLASSES)} == {0.0}


def test_a_road_without_end_is_free_without_end():
    pixels = street()
    pixels[:] = ROAD
    pixels[100:, :] = GROUND
    found = ways(pixels, CLASSES, directions=3)
    assert all(math.isinf(way.distance) for way in found)
    assert found[0].plain()["free"] is None


def test_without_such_classes_nothing_is_free():
    assert {way.distance for way in ways(street(), ("a", "b", "c", "d", "e"))} == {0.0}


@pytest.mark.parametrize("wide", [1, 14, 15])
def test_a_picture_of_few_columns_has_no_more_directions_than_these(wide):
    assert len(ways(street()[:, :wide], CLASSES)) == wide
