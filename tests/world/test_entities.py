import itertools

import numpy as np
import pytest

from toonvision.core.seeds import generator
from toonvision.world.animals import ANIMALS
from toonvision.world.entities import LABELS, draw_entity, standing_height
from toonvision.world.materials import PARTS, Material
from toonvision.world.poses import Pose
from toonvision.world.screenshot_plans import street_counts
from toonvision.world.shading import Light
from toonvision.world.solids import Ellipsoid
from toonvision.world.toon_heads import random_face
from toonvision.world.toons import toon_solids

FRONT_WH = (96, 128)


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


@pytest.mark.parametrize("kind", ["standing", "walking", "fighting", "flying"])
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
        int((view[80:140, view.shape[1] // 2 - 15 : view.shape[1] // 2 + 15, :3].min(axis=-1) > 130).sum())
        for view in (front_view, back_view)
    ]
    assert white_of[0] > 4 * white_of[1]


def test_the_same_generator_draws_the_same_figure():
    one, two = (draw_entity("toon_cat", height_px=120, rng=generator(3, "test")).image for _ in range(2))
    assert one.tobytes() == two.tobytes()


def solid_pixels(sprite):
    return np.asarray(sprite.image)[..., 3] > 200


@pytest.mark.parametrize("height", [60, 333, 560])
def test_every_pixel_of_the_figure_has_a_part(height):
    sprite = draw_entity("cog_sb_themingler", height_px=height, rng=generator(0, "test"), with_parts=True)
    assert sprite.parts.dtype == np.uint8
    assert sprite.parts.shape == (sprite.image.height, sprite.image.width)
    covered = np.asarray(sprite.image)[..., 3]
    assert (sprite.parts[covered == 255] > 0).all()
    assert (sprite.parts[covered == 0] == 0).all()


@pytest.mark.parametrize("label", LABELS)
def test_every_figure_shows_cloth_head_hands_and_more(label):
    sprite = draw_entity(label, height_px=150, rng=generator(0, "test"), with_parts=True)
    assert set(np.unique(sprite.parts)) == set(range(len(PARTS)))


def test_the_head_is_above_the_cloth():
    sprite = draw_entity("cog_lb_bigwig", height_px=200, rng=generator(0, "test"), with_parts=True)
    rows = {part: np.flatnonzero((sprite.parts == PARTS.index(part)).any(axis=1)) for part in ("head", "cloth")}
    assert rows["head"].mean() < rows["cloth"].min() + 20
    assert rows["head"].max() < rows["cloth"].mean()


def test_parts_are_returned_only_if_asked_for():
    assert draw_entity("toon_cat", height_px=60, rng=generator(0, "test")).parts is None


@pytest.mark.parametrize("label", ["cog_cb_loanshark", "cog_sb_twoface", "toon_dog"])
def test_a_grey_figure_has_no_colour_on_cloth_head_and_hands(label):
    sprite = draw_entity(label, height_px=300, rng=generator(0, "test"), with_parts=True, grey=True)
    telling = sprite.parts >= PARTS.index("cloth")
    inner = np.all([np.roll(telling, step, axis) for step in (-1, 0, 1) for axis in (0, 1)], axis=0)
    colours = np.asarray(sprite.image)[inner & solid_pixels(sprite)][:, :3].astype(int)
    assert (np.ptp(colours, axis=1) <= 2).mean() > 0.97


def test_grey_changes_no_outline():
    colourful, grey = (
        draw_entity("cog_bb_flunky", height_px=120, rng=generator(0, "test"), grey=grey) for grey in (False, True)
    )
    assert (np.asarray(colourful.image)[..., 3] == np.asarray(grey.image)[..., 3]).all()


@pytest.mark.parametrize("lift", [0.3, 1.5])
def test_a_flying_cog_hangs_above_the_point_where_it_stands(lift):
    label = "cog_bb_yesman"
    unit = 200 / standing_height(label)
    sprite = draw_entity(label, height_px=200, pose=Pose("flying", 1.0, lift=lift), rng=generator(0, "test"))
    assert sprite.foot_xy[1] - sprite.image.height == pytest.approx(lift * unit, abs=2)
    assert 0 < sprite.foot_xy[0] < sprite.image.width


def test_a_toon_that_should_fly_only_jumps():
    unit = 100 / standing_height("toon_pig")
    sprite = draw_entity("toon_pig", height_px=100, pose=Pose("flying", 1.0, lift=1.6), rng=generator(0, "test"))
    assert sprite.foot_xy[1] - sprite.image.height == pytest.approx(0.6 * unit, abs=2)


@pytest.mark.parametrize("pose", [Pose("walking", 1.3), Pose("fighting", 2.0, lean=0.4), Pose("standing", lean=-0.2)])
@pytest.mark.parametrize("label", ["cog_bb_downsizer", "cog_lb_bigwig", "toon_deer"])
def test_a_figure_that_does_not_fly_stands_on_the_ground(label, pose):
    sprite = draw_entity(label, height_px=200, pose=pose, rng=generator(0, "test"))
    assert sprite.foot_xy[1] == pytest.approx(sprite.image.height, abs=2)


def test_a_leaning_figure_keeps_its_feet_and_moves_its_head():
    def head_column(lean):
        pose = Pose("standing", lean=lean)
        sprite = draw_entity(
            "cog_lb_bigwig", height_px=200, yaw=np.pi / 2, pose=pose, rng=generator(0, "test"), with_parts=True
        )
        return np.nonzero(sprite.parts == PARTS.index("head"))[1].mean() - sprite.foot_xy[0]

    assert head_column(0.3) > head_column(0.0) + 20
    assert head_column(-0.3) < head_column(0.0) - 20


def test_cloth_of_the_same_suit_differs_a_little_from_cog_to_cog():
    means = []
    for seed in range(12):
        sprite = draw_entity("cog_cb_tightwad", height_px=90, rng=generator(seed, "test"), with_parts=True)
        means.append(np.asarray(sprite.image)[sprite.parts == PARTS.index("cloth")][:, :3].mean())
    assert 0.03 < np.std(means) / np.mean(means) < 0.25


def test_coloured_light_colours_the_figure():
    white, red = (
        np.asarray(
            draw_entity("toon_bear", height_px=90, light=Light(colour=colour), rng=generator(0, "test")).image
        ).mean(axis=(0, 1))
        for colour in ((1.0, 1.0, 1.0), (1.0, 0.5, 0.5))
    )
    assert red[0] == pytest.approx(white[0], abs=0.5)
    assert red[1] == pytest.approx(white[1] / 2, rel=0.05)


def test_what_a_toon_wears_does_not_change_its_scale():
    tops = {
        round(draw_entity("toon_duck", height_px=100, rng=generator(seed, "test")).foot_xy[1]) for seed in range(30)
    }
    assert max(tops) > min(tops)
    assert min(tops) == pytest.approx(100, abs=3)


@pytest.mark.parametrize("label", [label for label in LABELS if label.startswith("toon")])
def test_a_toon_is_as_tall_as_asked_whatever_its_build_and_head(label):
    for seed in range(12):
        solids = toon_solids(label, pose=Pose(), rng=generator(seed, "test"), dressed=False)
        top = max(solid.extent().top for solid in solids)
        assert top == pytest.approx(standing_height(label), rel=0.05)


def test_ears_of_rabbits_stand_and_those_of_dogs_hang_alike_on_both_sides():
    for label, low, high in (("toon_rabbit", (0.5, 1.2), (2.2, 3.6)), ("toon_dog", (-1.6, -0.6), (0.5, 1.2))):
        face = random_face(ANIMALS[label], Material((200, 60, 60)), generator(0, "ears", label))
        ears = [
            part.extent()
            for part in face.solids()
            if isinstance(part, Ellipsoid) and part.radii[1] > max(0.1, 2 * part.radii[0])
        ]
        assert ears
        assert sum(ear.left for ear in ears) == pytest.approx(-sum(ear.right for ear in ears))
        for ear in ears:
            assert low[0] < ear.bottom / face.animal.head.height < low[1]
            assert high[0] < ear.top / face.animal.head.height < high[1]
