import numpy as np
import pytest
from PIL import Image, ImageFilter

from toonvision.core.seeds import generator
from toonvision.world import backdrop
from toonvision.world.backdrop import backdrop_classes, draw_backdrop
from toonvision.world.camera import HALF_STREET, Camera, random_camera
from toonvision.world.masks import CLASSES
from toonvision.world.palette import STREETS
from toonvision.world.streets import KERB, WALL_HEIGHT, wall_textures

SKY, BUILDING, ROAD, GROUND = (CLASSES.index(name) for name in ("sky", "building", "road", "ground"))
AHEAD = Camera(x=0.0, height=1.6, yaw=0.0, focal=900.0, horizon=330.0)


def well_inside(mask):
    return np.asarray(Image.fromarray(mask.astype(np.uint8)).filter(ImageFilter.MinFilter(7))) > 0


@pytest.fixture(scope="module", params=[(street, shift) for street in STREETS for shift in (0.0, 0.37)])
def view(request):
    street, shift = request.param
    camera = random_camera(generator(3, "test", street))
    pictures = [
        np.asarray(draw_backdrop(street, camera, mirrored=True, sky_shift=sky, wall_shift=shift)) for sky in (0.0, 1.0)
    ]
    classes = backdrop_classes(street, camera, mirrored=True, wall_shift=shift)
    return street, camera, pictures, classes


def test_every_street_shows_sky_houses_road_and_ground(view):
    _, _, _, classes = view
    assert classes.shape == (720, 1720)
    assert classes.dtype == np.uint8
    assert set(np.unique(classes)) == {SKY, BUILDING, ROAD, GROUND}


def test_where_the_classes_say_sky_nothing_is_painted_over_the_sky(view):
    street, camera, pictures, classes = view
    seen = well_inside(classes == SKY)
    for shift, picture in zip((0.0, 1.0), pictures, strict=True):
        alone = np.asarray(backdrop._sky(street, camera, shift).convert("RGB"))
        assert np.abs(picture[seen].astype(int) - alone[seen]).mean() < 0.01


def test_where_the_classes_say_anything_else_the_sky_is_not_visible(view):
    street, camera, pictures, classes = view
    seen = well_inside(classes != SKY)
    assert np.abs(pictures[0][seen].astype(int) - pictures[1][seen]).mean() < 0.001
    alone = np.asarray(backdrop._sky(street, camera, 0.0).convert("RGB"))
    changed = (pictures[0] != alone).any(axis=-1)
    assert changed[seen].mean() > 0.97


def test_the_kerb_divides_road_from_ground():
    classes = backdrop_classes("ttc", AHEAD, mirrored=False)
    depth = AHEAD.focal * AHEAD.height / (480.5 - AHEAD.horizon)
    kerb = AHEAD.column((HALF_STREET - KERB) * backdrop.OVERLAP, depth)
    assert kerb < 1720
    assert classes[480, int(kerb) - 2] == ROAD
    assert classes[480, int(kerb) + 2] == GROUND


def test_mirroring_exchanges_the_sides():
    plain, mirrored = (backdrop_classes("ttc", AHEAD, mirrored=mirrored) for mirrored in (False, True))
    assert (mirrored[:, :700] == plain[:, ::-1][:, :700]).mean() > 0.998
    assert (mirrored[:, :700] == plain[:, :700]).mean() < 0.99


def test_houses_moved_once_around_are_where_they_were():
    once, never = (
        draw_backdrop("dg", AHEAD, mirrored=False, sky_shift=0.2, wall_shift=shift).tobytes() for shift in (1.0, 0.0)
    )
    assert once == never


def test_moving_the_houses_leaves_the_road_alone():
    here, there = (
        np.asarray(draw_backdrop("dd", AHEAD, mirrored=False, sky_shift=0.2, wall_shift=shift)) for shift in (0, 0.5)
    )
    classes = backdrop_classes("dd", AHEAD, mirrored=False)
    road, houses = well_inside(classes == ROAD), well_inside(classes == BUILDING)
    np.testing.assert_array_equal(here[road], there[road])
    assert (here[houses] != there[houses]).any(axis=-1).mean() > 0.5


@pytest.mark.parametrize("shift", [0.0, 0.25, 0.999])
@pytest.mark.parametrize("left", [-1, 0, 700])
def test_a_piece_of_a_wall_is_what_a_rolled_wall_shows(shift, left):
    texture = wall_textures("ttc")[0][2]
    rolled = np.roll(np.asarray(texture), -round(shift * texture.width) - left, axis=1)
    piece = backdrop._piece(texture, (left, 5, left + 40, texture.height), shift)
    np.testing.assert_array_equal(np.asarray(piece), rolled[5:, :40])


@pytest.mark.parametrize("seed", range(8))
def test_only_the_unseen_part_of_a_wall_is_left_out(seed, monkeypatch):
    camera = random_camera(generator(seed, "test", "camera"))
    picture = draw_backdrop("mml", camera, mirrored=False, sky_shift=0.5)
    whole = backdrop._texels_in

    def everything(camera, x, reach, box, step):
        near, far = reach
        assert whole(camera, x, reach, box, step)[0] >= int(near / step) - 1
        return int(near / step) - 1, 0, int(far / step) + 2, round(WALL_HEIGHT / step)

    monkeypatch.setattr(backdrop, "_texels_in", everything)
    slower = draw_backdrop("mml", camera, mirrored=False, sky_shift=0.5)
    difference = np.abs(np.asarray(picture, dtype=int) - np.asarray(slower)).max(axis=-1) > 0
    assert difference.mean() < 0.002


def test_the_haze_hides_half_of_the_colour_at_its_reach_and_never_everything():
    assert backdrop.haze_share("dd", STREETS["dd"].haze_reach) == pytest.approx(0.5)
    assert backdrop.haze_share("dd", 1e6) == pytest.approx(0.85)
    assert backdrop.haze_share("ttc", 1e6) == 0
