import itertools

import numpy as np
import pytest

from toonvision.core.seeds import generator
from toonvision.world.entities import LABELS, draw_entity, standing_height
from toonvision.world.poses import Pose
from toonvision.world.sample_set import street_counts

FRONT_WH = (64, 128)


def front(label):
    """Draw a label's front on grey, always at the same scale."""
    height = 40 * standing_height(label)
    sprite = draw_entity(label, height_px=height, rng=generator(0, "test", label))
    frame = np.full((FRONT_WH[1], FRONT_WH[0], 3), 128.0)
    picture = np.asarray(sprite.image.convert("RGBa").convert("RGBA"), dtype=np.float64)
    top = FRONT_WH[1] - picture.shape[0]
    left = round(FRONT_WH[0] / 2 - sprite.foot_xy[0])
    share = picture[..., 3:] / 255
    region = frame[top:, left : left + picture.shape[1]]
    region[...] = region * (1 - share) + picture[..., :3] * share
    return frame


@pytest.fixture(scope="module")
def fronts():
    return {label: front(label) for label in LABELS}


def test_every_label_of_the_table_can_be_drawn():
    assert set(LABELS) == set(street_counts()["ttc"])
    assert len(LABELS) == 43


def test_any_two_labels_differ_clearly_from_the_front(fronts):
    for one, other in itertools.combinations(LABELS, 2):
        changed = np.abs(fronts[one] - fronts[other]).max(axis=-1) > 40
        assert changed.sum() > 60, f"{one} and {other} look alike"


@pytest.mark.parametrize("label", ["cog_bb_flunky", "cog_lb_bigwig", "toon_rabbit"])
def test_a_figure_is_as_tall_as_asked(label):
    sprite = draw_entity(label, height_px=200, rng=generator(0, "test"))
    assert sprite.foot_xy[1] == pytest.approx(200, abs=3)


@pytest.mark.parametrize("kind", ["standing", "walking", "arms up"])
@pytest.mark.parametrize("label", ["cog_cb_moneybags", "toon_pig"])
def test_views_and_poses_differ(label, kind):
    pictures = {
        draw_entity(label, height_px=90, yaw=yaw, pose=Pose(kind, 0.7), rng=generator(0, "test")).image.tobytes()
        for yaw in (0.0, 0.8, 1.57, 3.14, -1.57)
    }
    assert len(pictures) == 5


def test_the_back_shows_neither_shirt_nor_tie():
    front_view, back_view = (
        np.asarray(draw_entity("cog_lb_doubletalker", height_px=300, yaw=yaw, rng=generator(0, "test")).image)
        for yaw in (0.0, np.pi)
    )
    white_of = [
        int(((view[110:200, :, :3] > 190).all(axis=-1) & (view[110:200, :, 3] > 200)).sum())
        for view in (front_view, back_view)
    ]
    assert white_of[0] > 4 * white_of[1]


def test_the_same_generator_draws_the_same_figure():
    one, two = (draw_entity("toon_cat", height_px=120, rng=generator(3, "test")).image for _ in range(2))
    assert one.tobytes() == two.tobytes()
