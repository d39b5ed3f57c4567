import itertools

import numpy as np
import pytest

from toonvision.world.poses import view_of
from toonvision.world.video import random_sequence

WHO = ("cog_bb_flunky", "cog_lb_bigwig", "cog_cb_moneybags", "toon_cat")


@pytest.fixture(scope="module")
def frames():
    sequence = random_sequence("ttc", WHO, seed=4)
    return [sequence.frame(number, with_masks=number == 0) for number in range(0, 24, 3)]


def by_track(scene):
    return {figure.track: figure for figure in scene.figures}


def test_identities_keep_their_label(frames):
    for scene in frames:
        assert all(WHO[figure.track - 1] == figure.label for figure in scene.figures)
    assert len({track for scene in frames for track in by_track(scene)}) >= 3


def test_figures_move_a_little_from_frame_to_frame(frames):
    moved = []
    for before, after in itertools.pairwise(frames):
        for track in by_track(before).keys() & by_track(after).keys():
            one, other = by_track(before)[track], by_track(after)[track]
            moved.append(abs(one.distance - other.distance))
            assert moved[-1] < 1.0
    assert max(moved) > 0.05


def test_the_camera_moves(frames):
    first, last = (np.asarray(scene.image, dtype=np.int16) for scene in (frames[0], frames[-1]))
    sky = np.abs(first[:60] - last[:60]).mean()
    walls = np.abs(first[200:, :200] - last[200:, :200]).mean()
    assert walls > 2
    assert walls > sky


def test_a_frame_does_not_depend_on_those_before_it(frames):
    assert random_sequence("ttc", WHO, seed=4).frame(6).image.tobytes() == frames[2].image.tobytes()


def test_a_figure_that_comes_nearer_shows_its_front(frames):
    for before, after in itertools.pairwise(frames):
        for track in by_track(before).keys() & by_track(after).keys():
            one, other = by_track(before)[track], by_track(after)[track]
            if one.view == other.view and one.view in {"front", "back"}:
                assert (other.distance < one.distance) == (one.view == "front")
    assert view_of(0.0) == "front"


def test_numbers_of_the_mask_are_places_of_the_figures_seen(frames):
    values = set(np.unique(frames[0].masks.instances).tolist()) - {0}
    assert values == set(range(1, len(frames[0].figures) + 1))
