import numpy as np
import pytest

from toonvision.models.compact import compact
from toonvision.models.registry import NETWORKS, build_network, input_size

SIZE_HW = (96, 32)


def test_it_is_as_small_as_promised():
    assert input_size("compact", (600, 200)) == SIZE_HW
    counts = {classes: build_network("compact", size_hw=SIZE_HW, classes=classes).count_params() for classes in (4, 32)}
    assert counts[4] <= 6032
    assert counts[32] <= 20_000
    told = f"{counts[4]:,} parameters"
    assert told in NETWORKS["compact"].about
    assert told in compact.__doc__
    assert f"{counts[32]:,} for 32" in compact.__doc__


@pytest.mark.parametrize("shape_hw", [(600, 200), (300, 300), (400, 300), (200, 600), (200, 400)])
def test_it_is_as_small_for_crops_of_any_shape(shape_hw):
    size_hw = input_size("compact", shape_hw)
    assert build_network("compact", size_hw=size_hw, classes=4).count_params() <= 6032


@pytest.mark.parametrize("size_hw", [(16, 16), (17, 40), (56, 56), (96, 32), (616, 16)])
@pytest.mark.parametrize("classes", [2, 5])
def test_it_takes_any_shape(size_hw, classes):
    model = build_network("compact", size_hw=size_hw, classes=classes)
    given = np.random.default_rng(0).integers(0, 256, (2, *size_hw, 3), dtype=np.uint8)
    outputs = model.predict(given, verbose=0)
    assert outputs.shape == (2, 1 if classes == 2 else classes)
    assert np.isfinite(outputs).all()


def test_pictures_without_any_contrast_give_numbers():
    model = build_network("compact", size_hw=SIZE_HW, classes=3)
    flat = np.stack([np.full((*SIZE_HW, 3), level, dtype=np.uint8) for level in (0, 128, 255)])
    assert np.isfinite(model.predict(flat, verbose=0)).all()
