import numpy as np
import pytest

from toonvision.core.seeds import generator
from toonvision.world.palette import STREETS
from toonvision.world.scene import SceneSettings, compose
from toonvision.world.sheets import contact_sheet, street_sheet

WHO = ("cog_bb_flunky", "toon_cat", "cog_sb_twoface", "cog_lb_bigwig")


@pytest.fixture(scope="module")
def scenes():
    return [compose(street, WHO, rng=generator(seed, "test", street)) for street in ("ddl", "ttc") for seed in range(6)]


def test_boxes_are_inside_the_frame_and_have_an_area(scenes):
    for scene in scenes:
        for left, top, right, bottom in scene.boxes:
            assert 0 <= left < right <= 1720
            assert 0 <= top < bottom <= 720


def test_boxes_are_tight_on_the_visible_pixels(scenes):
    for scene in scenes:
        for place, (left, top, right, bottom) in enumerate(scene.boxes, start=1):
            seen = scene.ids == place
            assert seen[top:bottom, left:right].sum() == seen.sum()
            edges = (seen[top, :], seen[bottom - 1, :], seen[:, left], seen[:, right - 1])
            assert all(edge.any() for edge in edges)


def test_nobody_is_a_sliver(scenes):
    for scene in scenes:
        for place, (left, top, right, bottom) in enumerate(scene.boxes, start=1):
            assert (scene.ids == place).sum() > 0.15 * (right - left) * (bottom - top)
            assert bottom - top >= 18


def test_every_label_gets_a_box_in_order(scenes):
    assert all(len(scene.boxes) == len(WHO) for scene in scenes)


def test_sizes_span_far_and_near(scenes):
    heights = [bottom - top for scene in scenes for _, top, _, bottom in scene.boxes]
    assert min(heights) < 110
    assert max(heights) > 300


def test_a_nametag_does_not_enter_the_box():
    named, bare = (
        compose("dg", WHO[:1], rng=generator(8, "test"), settings=SceneSettings(nametag_rate=rate))
        for rate in (1.0, 0.0)
    )
    assert named.boxes == bare.boxes
    assert named.image.tobytes() != bare.image.tobytes()


def test_streets_have_their_own_colours():
    means = {
        street: np.asarray(compose(street, WHO[:1], rng=generator(1, "test")).image).mean(axis=(0, 1))
        for street in STREETS
    }
    for one in STREETS:
        for other in STREETS:
            assert one == other or np.abs(means[one] - means[other]).max() > 6


def test_the_sheets_show_all_entities_and_all_streets():
    assert contact_sheet(seed=0).size == (1360, 1732)
    assert street_sheet(seed=0).size == (1720, 1080)
