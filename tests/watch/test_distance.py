"""Where figures are, as seen from the camera."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toonvision.metrics.found_objects import FoundObject
from toonvision.taxonomy.loader import built_in
from toonvision.watch.distance import Heights, Lens, whereabouts
from toonvision.watch.evidence import Evidence
from toonvision.watch.level_paths import LevelPaths
from toonvision.watch.track import Track

TOONTOWN = built_in("toontown")
PATHS = LevelPaths.of_taxonomy(TOONTOWN, "kind", ["suit", "entity"])
HEIGHTS = Heights.of(TOONTOWN, PATHS)
SIZE = (1280, 720)
LENS = Lens(spread=0.05)
FOCAL = LENS.focal(SIZE)
FLUNKY = TOONTOWN.heights["cog_bb_flunky"]


def track(box, *, number: int = 1, said=None, growth: float = 0.0) -> Track:
    known = Evidence(PATHS)
    for at in range(100):
        known = known.with_said({"kind": {"cog": 1.0}, **(said or {"entity": {"flunky": 1.0}})}, float(at))
    found = FoundObject("cog", 0.9, box)
    return Track(number, box, (0.0, 0.0, 0.0, growth), 0.0, 1.0, 10, 0.0, 0.9, found, known)


def standing(column: float, away: float, *, number: int = 1, **more) -> Track:
    high = FOCAL * FLUNKY / away
    return track((column - high / 4, 360 - high / 2, column + high / 4, 360 + high / 2), number=number, **more)


@given(st.floats(4, 30))
def test_what_looks_half_as_high_is_twice_as_far_away(away):
    where = whereabouts([standing(640, away)], SIZE, HEIGHTS, LENS)[1]
    assert where.distance == pytest.approx(away, rel=0.02)
    assert where.nearest < away < where.farthest
    assert where.whole


def test_the_bearing_is_in_degrees_to_the_right():
    at = 640 + FOCAL * math.tan(math.radians(20))
    assert whereabouts([standing(at, 20)], SIZE, HEIGHTS, LENS)[1].bearing == pytest.approx(20)
    assert whereabouts([standing(1280 - at, 20)], SIZE, HEIGHTS, LENS)[1].bearing == pytest.approx(-20)


def test_to_the_side_the_same_height_is_farther_away():
    at = 640 + FOCAL * math.tan(math.radians(20))
    where = whereabouts([standing(at, 20)], SIZE, HEIGHTS, LENS)[1]
    assert where.distance == pytest.approx(20 / math.cos(math.radians(20)), rel=0.02)


def test_who_only_knows_the_suit_is_less_sure_of_the_distance():
    sure = whereabouts([standing(640, 10)], SIZE, HEIGHTS, LENS)[1]
    unsure = whereabouts([standing(640, 10, said={"suit": {"bb": 1.0}})], SIZE, HEIGHTS, LENS)[1]
    assert unsure.farthest / unsure.nearest > 1.5 * sure.farthest / sure.nearest


def test_a_figure_that_is_cut_may_be_as_near_as_it_likes():
    where = whereabouts([track((600, 400, 700, 720))], SIZE, HEIGHTS, LENS)[1]
    assert not where.whole
    assert where.nearest == 0
    assert where.farthest > where.distance


def test_of_two_that_overlap_the_lower_one_is_in_front():
    near, far = track((600, 300, 700, 620), number=3), track((650, 300, 740, 540), number=8)
    where = whereabouts([near, far], SIZE, HEIGHTS, LENS)
    assert where[3].in_front_of == (8,)
    assert where[8].in_front_of == ()
    assert where[3].whole
    assert not where[8].whole


@pytest.mark.parametrize(("growth", "trend"), [(20.0, "approaching"), (-20.0, "leaving"), (1.0, "steady")])
def test_a_figure_that_grows_comes_nearer(growth, trend):
    where = whereabouts([standing(640, 10, growth=growth)], SIZE, HEIGHTS, LENS)[1]
    assert where.trend == trend
    assert (where.closing > 0) == (growth > 0)


def test_without_heights_there_is_a_bearing_but_no_distance():
    where = whereabouts([standing(640, 10)], SIZE)[1]
    assert where.distance is None
    assert where.plain()["distance"] is None
    taxonomy = replace(TOONTOWN, heights={})
    assert Heights.of(taxonomy, PATHS) is None


@pytest.mark.parametrize(
    ("label", "distance"), [("white_king", pytest.approx(0.2, rel=0.1)), ("black_king", None), ("black_pawn", None)]
)
def test_what_probably_has_no_known_height_has_no_distance(label, distance):
    paths = LevelPaths.of("label", {"label": ["white_king", "white_pawn", "black_king", "black_pawn"]}, {})
    heights = Heights(((0.095,), (0.05,), (), ()))
    known = Evidence(paths)
    for at in range(20):
        known = known.with_said({"label": {label: 0.99}}, at / 5)
    box = (600.0, 200.0, 700.0, 200.0 + FOCAL * 0.095 / 0.2)
    piece = replace(track(box), found=FoundObject(label, 0.99, box), evidence=known)
    where = whereabouts([piece], SIZE, heights, LENS)[1]
    assert where.distance == distance
    assert (where.nearest is None) == (where.farthest is None) == (distance is None)


def test_nobody_is_nowhere():
    assert whereabouts([], SIZE, HEIGHTS) == {}
