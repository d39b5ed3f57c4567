"""How the camera stands, as the figures tell that walk there."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toonvision.metrics.found_objects import FoundObject
from toonvision.taxonomy.loader import built_in
from toonvision.watch.camera import MOST, Stance
from toonvision.watch.distance import DEFAULT_GROUND, Ground, Heights, Lens, whereabouts
from toonvision.watch.evidence import Evidence
from toonvision.watch.level_paths import LevelPaths
from toonvision.watch.loop import watch_frames
from toonvision.watch.track import Track
from watch.standins import ReadySource, ToldModels

TOONTOWN = built_in("toontown")
PATHS = LevelPaths.of_taxonomy(TOONTOWN, "kind", ["suit", "entity"])
HEIGHTS = Heights.of(TOONTOWN, PATHS)
SIZE = WIDE, HIGH = 1280, 720
FOCAL = Lens().focal(SIZE)
FLUNKY, CHEESE = TOONTOWN.heights["cog_bb_flunky"], TOONTOWN.heights["cog_bb_thebigcheese"]

grounds = st.builds(Ground, st.floats(0.3, 0.65), st.floats(0.6, 1.5))


def known(said) -> Evidence:
    found = Evidence(PATHS)
    for at in range(60):
        found = found.with_said({"kind": {"cog": 1.0}, **said}, float(at))
    return found


IS_FLUNKY, IS_BOSSBOT = known({"entity": {"flunky": 1.0}}), known({"suit": {"bb": 1.0}})


def box_of(ground, size, away, column=640.0, off=0.0):
    """Return the box of a figure that stands so far away, or floats `off` of its height above the ground."""
    high = FOCAL * size / away
    bottom = (ground.horizon + ground.height * FOCAL / HIGH / away) * HIGH - off * high
    return column - high / 4, bottom - high, column + high / 4, bottom


def standing(ground, size, away, *, number=1, evidence=IS_FLUNKY, off=0.0) -> Track:
    box = box_of(ground, size, away, 150.0 + 250 * (number % 5), off)
    return Track(number, box, (0.0,) * 4, 0.0, 0.0, 5, 0.0, 0.9, FoundObject("cog", 0.9, box), evidence)


def watched(frames, stance=None, begin=0):
    """Return how the camera stands after frames, one a second."""
    stance = stance or Stance(HEIGHTS)
    for at, tracks in enumerate(frames, begin):
        stance = stance.after(tracks, whereabouts(tracks, SIZE, HEIGHTS, ground=stance.ground), HIGH, float(at))
    return stance


def walking(ground, *, seconds=12, size=FLUNKY, **more):
    return [[standing(ground, size, 8 + at, **more)] for at in range(seconds)]


@given(grounds)
def test_a_known_figure_that_walks_away_tells_the_horizon_and_the_cameras_height(ground):
    found = watched(walking(ground)).ground
    assert found.horizon == pytest.approx(ground.horizon, abs=0.02)
    assert found.height == pytest.approx(ground.height, rel=0.1)
    assert found.horizon_spread < 0.03


@given(grounds, st.sampled_from([FLUNKY, CHEESE]))
def test_one_of_which_only_the_suit_is_known_tells_the_horizon_and_that_the_height_is_not_sure(ground, size):
    found = watched(walking(ground, size=size, evidence=IS_BOSSBOT)).ground
    assert found.horizon == pytest.approx(ground.horizon, abs=0.04)
    assert found.height_spread > watched(walking(ground, size=size)).ground.height_spread
    assert abs(math.log(found.height / ground.height)) < 3 * found.height_spread


@given(grounds, st.randoms())
def test_the_order_of_the_tracks_does_not_matter(ground, random):
    frames = [[standing(ground, FLUNKY, 8 + at + 3 * one, number=one) for one in range(1, 4)] for at in range(4)]
    mixed = [random.sample(tracks, 3) for tracks in frames]
    assert watched(mixed).ground == watched(frames).ground


def test_who_stands_still_leaves_open_where_the_horizon_is():
    ground = Ground(0.4, 1.2)
    still = watched([[standing(ground, FLUNKY, 12)]] * 12).ground
    assert still.horizon_spread > 3 * watched(walking(ground)).ground.horizon_spread


def test_who_floats_does_not_count_among_those_that_stand():
    ground = Ground(0.4, 1.2)
    frames = [
        [standing(ground, FLUNKY, 8 + at + one, number=one, off=0.8 * (one == 3)) for one in range(3, 0, -1)]
        for at in range(12)
    ]
    found = watched(frames).ground
    assert found.horizon == pytest.approx(0.4, abs=0.02)
    assert found.height == pytest.approx(1.2, rel=0.1)


def test_who_is_cut_or_was_not_found_says_nothing():
    cut = standing(Ground(0.6, 2.0), FLUNKY, 3)
    assert cut.box[3] > HIGH
    lost = replace(standing(Ground(0.4, 1.2), FLUNKY, 9, number=2), found=None, missing=0.5)
    assert watched([[cut, lost]] * 5).ground == DEFAULT_GROUND


def test_what_has_no_known_height_says_nothing_of_the_cameras_height():
    some = replace(TOONTOWN, heights={name: high for name, high in TOONTOWN.heights.items() if name != "cog_bb_flunky"})
    stance = watched(walking(Ground(0.4, 1.2)), Stance(Heights.of(some, PATHS)))
    assert stance.ground.height == pytest.approx(DEFAULT_GROUND.height, rel=0.05)
    assert stance.ground.horizon == pytest.approx(DEFAULT_GROUND.horizon, abs=0.02)


def test_without_heights_what_is_assumed_stays():
    stance = Stance(None)
    assert stance.after(walking(Ground(0.4))[0], {}, HIGH, 1.0) is stance
    assert Stance(HEIGHTS).after([], {}, HIGH, 1.0).ground == DEFAULT_GROUND


def test_a_camera_that_stands_elsewhere_is_noticed_and_memory_is_bounded():
    first = watched(walking(Ground(0.4, 1.2)))
    moved = Ground(0.6, 0.8)
    later = [[standing(moved, FLUNKY, 8 + at % 12, number=2 + at // 12)] for at in range(300)]
    found = watched(later, first, begin=20)
    assert found.ground.horizon == pytest.approx(0.6, abs=0.02)
    assert len(found.sights) <= MOST


def test_where_the_feet_are_tells_how_high_who_is_known_by_the_suit_is():
    ground = Ground(0.5, 1.0, 0.005, 0.05)
    for size in (FLUNKY, CHEESE):
        track = standing(ground, size, 12, evidence=IS_BOSSBOT)
        true = 12 / math.cos(math.radians(whereabouts([track], SIZE)[1].bearing))
        told = whereabouts([track], SIZE, HEIGHTS, ground=ground)[1]
        untold = whereabouts([track], SIZE, HEIGHTS)[1]
        assert told.distance == pytest.approx(true, rel=0.1)
        assert told.nearest < true < told.farthest
        assert told.farthest / told.nearest < untold.farthest / untold.nearest


@given(grounds, st.floats(0.05, 0.5), st.floats(0.1, 1.0))
def test_no_row_of_feet_makes_a_height_impossible(ground, looks, row):
    agreement = ground.agreement(looks, row, np.log([0.9, 1.5, 2.6]))
    assert ((agreement > 0) & (agreement <= 1)).all()


def test_while_watching_the_next_source_begins_with_what_is_assumed():
    ground = Ground(0.4, 1.2)

    def find(at):
        return (FoundObject("cog", 0.9, box_of(ground, 1.5, 8 + at / 5)),)

    def watch():
        models = ToldModels(find_at=find, heights=Heights(((1.5,), (1.5,), ())))
        return [one.plain() for one in watch_frames(ReadySource(40, size_wh=SIZE), models)]

    first, second = watch(), watch()
    begin, end = first[0], first[-1]
    assert (begin["horizon"], begin["camera_height"]) == (0.49, 0.95)
    assert end["horizon"] == pytest.approx(0.4, abs=0.03)
    assert end["camera_height"] == pytest.approx(1.2, rel=0.2)
    assert [one["horizon"] for one in first] == [one["horizon"] for one in second]
