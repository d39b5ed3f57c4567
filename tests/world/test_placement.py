import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from toonvision.world.camera import SIZE_WH, Camera
from toonvision.world.placement import GRID_WH, Standing, column_range, seen_shares
from toonvision.world.shading import CELL_PX, Sprite

cameras = st.builds(
    Camera,
    x=st.floats(-3.5, 3.5),
    height=st.floats(1.0, 2.3),
    yaw=st.floats(-0.36, 0.36),
    focal=st.floats(820, 1050),
    horizon=st.floats(220, 400),
)


@st.composite
def sprites(draw):
    width, height = draw(st.integers(1, 40)), draw(st.integers(1, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    alpha = np.where(rng.random((height, width)) < draw(st.floats(0, 1)), 255, 0).astype(np.uint8)
    image = Image.new("RGBA", (width * CELL_PX, height * CELL_PX))
    image.putalpha(Image.fromarray(alpha).resize(image.size, Image.Resampling.NEAREST))
    return Sprite(image, (image.width / 2, float(image.height)))


things = st.builds(
    Standing,
    sprite=sprites(),
    column=st.floats(-500, SIZE_WH[0] + 500),
    row=st.floats(-300, SIZE_WH[1] + 700),
    distance=st.floats(1, 60),
)


def plain_mask(thing):
    frame = np.zeros((GRID_WH[1], GRID_WH[0]), dtype=bool)
    left, top = (at // CELL_PX for at in thing.corner)
    for row, column in np.argwhere(thing.sprite.cells):
        if 0 <= top + row < GRID_WH[1] and 0 <= left + column < GRID_WH[0]:
            frame[top + row, left + column] = True
    return frame


def plain_shares(standing):
    shares = []
    for place, thing in enumerate(standing):
        seen = plain_mask(thing)
        for other_place, other in enumerate(standing):
            if (other.distance, -other_place) < (thing.distance, -place):
                seen &= ~plain_mask(other)
        shares.append(float(seen.sum()) / int(thing.sprite.cells.sum()))
    return shares


@given(standing=st.lists(things, max_size=6))
def test_a_share_is_what_no_nearer_thing_hides(standing):
    assert seen_shares(standing) == plain_shares(standing)


@given(camera=cameras, column=st.floats(0, SIZE_WH[0]), depth=st.floats(0.5, 80))
def test_projecting_an_unprojected_point_returns_it(camera, column, depth):
    seen = camera.project(*camera.unproject(column, depth))
    assert seen == pytest.approx((column, camera.ground_row(depth), depth), rel=1e-6, abs=1e-6)


@given(camera=cameras, x=st.floats(-9, 9), z=st.floats(6, 64))
def test_unprojecting_a_projected_point_returns_it(camera, x, z):
    column, _, depth = camera.project(x, z)
    assert depth > 0
    assert camera.unproject(column, depth) == pytest.approx((x, z), rel=1e-6, abs=1e-6)
    assert math.isclose(camera.column(x, depth), column, rel_tol=1e-6, abs_tol=1e-6)


@given(camera=cameras, distance=st.floats(1, 60), width=st.floats(5, 900))
def test_there_is_always_room_to_stand(camera, distance, width):
    low, high = column_range(camera, distance, width=width)
    assert low < high
