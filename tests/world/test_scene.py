import numpy as np
import pytest

from sheets import contact_sheet, disturbance_sheet, mask_sheet, pose_sheet, street_sheet
from toonvision.core.seeds import generator
from toonvision.world.actors import random_actor
from toonvision.world.camera import random_camera
from toonvision.world.masks import CLASSES
from toonvision.world.palette import STREETS
from toonvision.world.scene import compose
from toonvision.world.settings import SceneSettings

TWO_HUNDRED = (199, 201)
WHO = ("cog_bb_flunky", "toon_cat", "cog_sb_twoface", "cog_lb_bigwig")


@pytest.fixture(scope="module")
def scenes():
    return [
        compose(street, WHO, rng=generator(seed, "test", street), with_masks=True)
        for street in ("ddl", "ttc")
        for seed in range(6)
    ]


def figures(scenes):
    return [(scene, number, figure) for scene in scenes for number, figure in enumerate(scene.figures, start=1)]


def one(label="cog_bb_flunky", *, seed=1, street="ttc", with_masks=True, **rates):
    settings = SceneSettings(**{"crowded_rate": 0, "screened_rate": 0, "cut_rate": 0, "nametag_rate": 0} | rates)
    return compose(street, (label,), rng=generator(seed, "test"), settings=settings, with_masks=with_masks)


def test_boxes_are_inside_the_frame_and_have_an_area(scenes):
    for _, _, figure in figures(scenes):
        left, top, right, bottom = figure.xyxy
        assert 0 <= left < right <= 1720
        assert 0 <= top < bottom <= 720


def test_boxes_are_tight_on_the_visible_pixels(scenes):
    for scene, number, figure in figures(scenes):
        left, top, right, bottom = figure.xyxy
        seen = scene.masks.instances == number
        assert seen[top:bottom, left:right].sum() == seen.sum()
        assert all(edge.any() for edge in (seen[top], seen[bottom - 1], seen[:, left], seen[:, right - 1]))


def test_no_figure_is_a_sliver(scenes):
    for scene, number, figure in figures(scenes):
        left, top, right, bottom = figure.xyxy
        assert (scene.masks.instances == number).sum() > 0.1 * (right - left) * (bottom - top)
        assert bottom - top >= 15


def test_every_label_comes_in_order(scenes):
    assert all(tuple(figure.label for figure in scene.figures) == WHO for scene in scenes)
    assert all(figure.track is None for _, _, figure in figures(scenes))


def test_sizes_span_tiny_and_huge():
    rng = generator(0, "test", "sizes")
    cameras = [random_camera(rng) for _ in range(400)]
    heights = [random_actor(WHO[0], camera, rng, SceneSettings()).height_px(camera) for camera in cameras]
    assert min(heights) < 50
    assert max(heights) > 560
    assert 260 < np.median(heights) < 360


def test_a_nametag_does_not_enter_the_box():
    named, bare = (one(street="dg", nametag_rate=rate, graze_rate=0) for rate in (1.0, 0.0))
    assert named.figures[0].xyxy == bare.figures[0].xyxy
    assert named.image.tobytes() != bare.image.tobytes()


def test_a_nametag_that_grazes_hides_the_top_of_the_head_and_is_recorded():
    grazed, bare = (one(nametag_rate=rate, graze_rate=1) for rate in (1.0, 0.0))
    assert grazed.figures[0].hidden["nametag"] > 0
    assert grazed.figures[0].xyxy[1] >= bare.figures[0].xyxy[1]


def test_what_hides_a_figure_adds_up_with_what_is_seen_of_it():
    causes = set()
    for seed in range(8):
        bare, screened = (one(seed=seed, heights_px=TWO_HUNDRED, screened_rate=rate) for rate in (0, 1))
        (figure,) = screened.figures
        whole = (bare.masks.instances == 1).sum() / (1 - bare.figures[0].occluded)
        assert (screened.masks.instances == 1).sum() == pytest.approx((1 - figure.occluded) * whole, abs=1)
        causes.add(figure.disturbance)
    assert causes & {"obstacle", "prop"}


def test_a_figure_that_the_frame_cuts_is_recorded_as_such():
    cut = [one(seed=seed, cut_rate=1, heights_px=(499, 501), with_masks=False).figures[0] for seed in range(12)]
    frames = [figure for figure in cut if figure.hidden["frame"] > 0.1]
    assert frames
    for figure in frames:
        left, top, right, bottom = figure.xyxy
        assert left == 0 or top == 0 or right == 1720 or bottom == 720


def test_masks_agree_with_each_other(scenes):
    for scene in scenes:
        masks = scene.masks
        figure = masks.instances > 0
        kinds = np.isin(masks.classes, [CLASSES.index("cog"), CLASSES.index("toon")])
        assert (figure == kinds).all()
        assert not masks.parts[~figure].any()
        assert (masks.parts[figure] > 0).mean() > 0.97
        assert {CLASSES[value] for value in np.unique(masks.classes)} >= {"building", "road"}


def test_masks_change_no_pixel_of_the_image():
    plain, masked = (one("toon_dog", with_masks=wanted) for wanted in (False, True))
    assert plain.image.tobytes() == masked.image.tobytes()
    assert plain.masks is None


def test_mask_pictures_hold_the_values_and_have_colours(scenes):
    pictures = scenes[0].masks.pictures()
    assert set(pictures) == {"instances", "classes", "parts"}
    for kind, picture in pictures.items():
        assert picture.mode == "P"
        assert (np.asarray(picture) == getattr(scenes[0].masks, kind)).all()


def test_attributes_are_plain_values_that_can_be_written_down(scenes):
    for _, _, figure in figures(scenes):
        attributes = figure.attributes()
        assert set(attributes) >= {"view", "pose", "distance", "fog", "occluded", "disturbance"}
        assert all(isinstance(value, str | float | int | bool) for value in attributes.values())
        assert 0 <= attributes["occluded"] <= 1


def test_far_figures_are_foggier_than_near_ones():
    heights = ((399, 401), (59, 61))
    near, far = (one(heights_px=height, street="dd", with_masks=False).figures[0] for height in heights)
    assert far.distance > 3 * near.distance
    assert far.fog > 2 * near.fog


def test_streets_have_their_own_colours():
    means = {
        street: np.asarray(compose(street, WHO[:1], rng=generator(1, "test")).image).mean(axis=(0, 1))
        for street in STREETS
    }
    for one in STREETS:
        for other in STREETS:
            assert one == other or np.abs(means[one] - means[other]).max() > 6


@pytest.mark.slow
def test_the_sheets_show_all_entities_and_all_streets():
    assert contact_sheet(seed=0).size == (1360, 1612)
    assert street_sheet(seed=0).size == (1720, 1080)
    assert pose_sheet(seed=0).size == (1360, 1080)
    assert disturbance_sheet(seed=0).size == (1680, 700)
    assert mask_sheet(seed=0).size == (1720, 720)
