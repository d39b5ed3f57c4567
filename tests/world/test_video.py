import itertools
from dataclasses import replace

import numpy as np
import pytest

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


@pytest.mark.parametrize(("start", "end", "view"), [(30.0, 10.0, "front"), (10.0, 30.0, "back")])
@pytest.mark.parametrize("seed", range(3))
def test_a_figure_that_comes_nearer_shows_its_front_and_one_that_goes_its_back(seed, start, end, view):
    sequence = random_sequence("ttc", WHO, seed=seed)
    along = replace(sequence.walkers[0], start=(0.0, start), end=(0.0, end), lead=0.0)
    alone = replace(sequence, walkers=(along,))
    seen = [alone.frame(number).figures for number in (0, 5, 10)]
    assert [[figure.view for figure in figures] for figures in seen] == [[view]] * 3
    distances = [figure.distance for (figure,) in seen]
    assert distances == sorted(distances, reverse=view == "front")
    assert abs(distances[-1] - distances[0]) > 0.5


def test_numbers_in_the_mask_are_those_of_the_visible_figures(frames):
    values = set(np.unique(frames[0].masks.instances).tolist()) - {0}
    assert values == set(range(1, len(frames[0].figures) + 1))
