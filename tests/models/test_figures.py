import keras
import numpy as np
import pytest
from PIL import Image

from toonvision.models import figures
from toonvision.models.figures import SIZE_HW, figure_network, figures_in, has_figures, save_figures
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


def test_the_network_of_the_package_tells_new_drawn_figures_from_their_surroundings(drawn):
    images, seen = drawn
    told = figures_in(images, "toontown")
    assert (told.shape, told.dtype) == (seen.shape, np.uint8)
    assert set(np.unique(told)) == {0, 1}
    both, either = (told & seen).sum(axis=(1, 2)), (told | seen).sum(axis=(1, 2))
    assert len(images) >= 8
    assert np.median(both / either) >= 0.75
    np.testing.assert_array_equal(told, figures_in(images, "toontown"))


def test_crops_of_any_size_are_told(drawn):
    images = drawn[0]
    large = np.stack([np.asarray(Image.fromarray(one).resize((48, 144))) for one in images])
    told = figures_in(large, "toontown")
    assert told.shape == large.shape[:3]
    assert figures_in(images[:0], "toontown").shape == (0, *SIZE_HW)


def test_saved_weights_are_those_of_the_network_and_the_same_bytes(tmp_path, monkeypatch, drawn):
    monkeypatch.setattr(figures, "FOLDER", tmp_path)
    (tmp_path / "mine").mkdir()
    assert not has_figures("mine")
    keras.utils.set_random_seed(1)
    model = figure_network()
    assert model.count_params() == 21_297
    path = save_figures(model, "mine", tmp_path)
    before = path.read_bytes()
    assert has_figures("mine")
    told = figures_in(drawn[0], "mine")
    expected = model.predict(drawn[0], verbose=0)[..., 0] > 0.5
    assert (told == expected).mean() > 0.99
    assert save_figures(model, "mine", tmp_path).read_bytes() == before
