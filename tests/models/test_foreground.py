import keras
import numpy as np
import pytest
from PIL import Image

from toonvision.models import foreground
from toonvision.models.foreground import SIZE_HW, foreground_network, foreground_of, has_foreground, save_foreground
from toonvision.world.sample_set import draw_screenshot
from toonvision.world.screenshot_plans import plan_sample_set

UNSEEN_SEED = 987


def resized(picture, resampling):
    return np.asarray(Image.fromarray(picture).resize(SIZE_HW[::-1], resampling))


@pytest.fixture(scope="module")
def drawn():
    """Crops of new screenshots, and which of their pixels show the object."""
    shown, seen = [], []
    for plan in plan_sample_set(seed=UNSEEN_SEED, scale=0.01)[::2]:
        scene = draw_screenshot(plan, with_masks=True)
        for number, figure in enumerate(scene.figures, start=1):
            shown.append(resized(np.asarray(scene.image.crop(figure.xyxy)), Image.Resampling.BILINEAR))
            left, top, right, bottom = figure.xyxy
            own = (scene.masks.instances[top:bottom, left:right] == number).astype(np.uint8)
            seen.append(resized(own, Image.Resampling.NEAREST))
    return np.stack(shown), np.stack(seen)


def test_the_network_of_the_package_separates_new_drawn_figures_from_their_background(drawn):
    images, seen = drawn
    found = foreground_of(images, "toontown")
    assert (found.shape, found.dtype) == (seen.shape, np.uint8)
    assert set(np.unique(found)) == {0, 1}
    both, either = (found & seen).sum(axis=(1, 2)), (found | seen).sum(axis=(1, 2))
    assert len(images) >= 8
    assert np.median(both / either) >= 0.75
    np.testing.assert_array_equal(found, foreground_of(images, "toontown"))


def test_the_foreground_has_the_size_of_the_crops(drawn):
    images = drawn[0]
    large = np.stack([np.asarray(Image.fromarray(one).resize((48, 144))) for one in images])
    found = foreground_of(large, "toontown")
    assert found.shape == large.shape[:3]
    assert foreground_of(images[:0], "toontown").shape == (0, *SIZE_HW)


def test_saved_weights_are_those_of_the_network_and_the_same_bytes(tmp_path, monkeypatch, drawn):
    monkeypatch.setattr(foreground, "FOLDER", tmp_path)
    (tmp_path / "mine").mkdir()
    assert not has_foreground("mine")
    keras.utils.set_random_seed(1)
    model = foreground_network()
    assert model.count_params() == 21_297
    path = save_foreground(model, "mine", tmp_path)
    before = path.read_bytes()
    assert has_foreground("mine")
    found = foreground_of(drawn[0], "mine")
    expected = model.predict(drawn[0], verbose=0)[..., 0] > 0.5
    assert (found == expected).mean() > 0.99
    assert save_foreground(model, "mine", tmp_path).read_bytes() == before
