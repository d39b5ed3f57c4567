import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from builders import scene
from toonvision.data.fitting import fit


@given(wh=st.tuples(st.integers(1, 90), st.integers(1, 90)), hw=st.tuples(st.integers(1, 60), st.integers(1, 60)))
def test_fitting_gives_the_asked_shape_whatever_the_crops(wh, hw):
    image = Image.new("RGB", wh, "#ffffff")
    stretched = fit(image, size_hw=hw)
    boxed = fit(image, size_hw=hw, resize="letterbox")
    assert stretched.shape == boxed.shape == (*hw, 3)
    assert stretched.dtype == boxed.dtype == np.uint8
    assert (stretched == 255).all()
    assert boxed.max() == 255


@given(wh=st.tuples(st.integers(2, 90), st.integers(2, 90)), hw=st.tuples(st.integers(8, 60), st.integers(8, 60)))
def test_a_letterbox_keeps_the_aspect_and_centres_it_on_black(wh, hw):
    lit = fit(Image.new("RGB", wh, "#ffffff"), size_hw=hw, resize="letterbox").max(axis=2) > 0
    rows, columns = np.flatnonzero(lit.any(axis=1)), np.flatnonzero(lit.any(axis=0))
    scale = min(hw[0] / wh[1], hw[1] / wh[0])
    assert len(rows) == max(1, round(wh[1] * scale))
    assert len(columns) == max(1, round(wh[0] * scale))
    assert lit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
    assert abs(rows[0] - (hw[0] - 1 - rows[-1])) <= 1
    assert abs(columns[0] - (hw[1] - 1 - columns[-1])) <= 1


def test_a_crop_of_the_asked_size_is_not_changed():
    image = scene("same")
    for resize in ("stretch", "letterbox"):
        assert (fit(image, size_hw=(48, 64), resize=resize) == np.asarray(image)).all()


def test_a_large_crop_is_averaged_rather_than_sampled():
    stripes = np.zeros((64, 64, 3), dtype=np.uint8)
    stripes[:, ::2] = 255
    small = fit(Image.fromarray(stripes), size_hw=(8, 8)).astype(int)
    assert np.abs(small[:, 1:-1] - 127.5).max() < 8
