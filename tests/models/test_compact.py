import re

import numpy as np
import pytest
from keras import layers

from toonvision.core.errors import UsageError
from toonvision.explain.activations import map_layers
from toonvision.explain.cam import class_maps
from toonvision.models.compact import compact, in_training
from toonvision.models.registry import NETWORKS, build_network, input_size

pytestmark = pytest.mark.usefixtures("eager")

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


def test_images_without_any_contrast_give_numbers():
    model = build_network("compact", size_hw=SIZE_HW, classes=3)
    flat = np.stack([np.full((*SIZE_HW, 3), level, dtype=np.uint8) for level in (0, 128, 255)])
    assert np.isfinite(model.predict(flat, verbose=0)).all()


def test_what_learns_several_levels_computes_what_is_saved_of_it(tmp_path):
    groups = ("aaabbbbbb", ("x", "x", "y", None, None, "y", "x", "y", None), (None,) * 9)
    trained, finished = in_training(SIZE_HW, 9, groups)
    rng = np.random.default_rng(0)
    for weights in trained.weights:
        weights.assign(rng.normal(0, 0.1, weights.shape) ** (2 if "variance" in weights.path else 1))
    pictures = rng.integers(0, 256, (4, *SIZE_HW, 3), dtype=np.uint8)
    kept = finished()
    rows = [trained.predict(given, verbose=0) for given in (pictures, pictures[:, :, ::-1])]
    expected = np.sqrt(np.prod(rows, axis=0))
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(kept.predict(pictures, verbose=0), expected, atol=1e-6)
    kept.save(tmp_path / "model.keras")
    loaded = build_network("compact+3", size_hw=SIZE_HW, classes=9)
    loaded.load_weights(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded.predict(pictures, verbose=0), expected, atol=1e-6)


@pytest.mark.parametrize("classes", [2, 5])
def test_what_is_saved_answers_with_the_mean_of_an_image_and_its_mirror_image(classes):
    trained, finished = in_training(SIZE_HW, classes)
    pictures = np.random.default_rng(0).integers(0, 256, (4, *SIZE_HW, 3), dtype=np.uint8)
    logits = [log_odds(trained.predict(given, verbose=0)) for given in (pictures, pictures[:, :, ::-1])]
    assert not np.allclose(*logits)
    answered = finished().predict(pictures, verbose=0)
    np.testing.assert_allclose(log_odds(answered), np.mean(logits, axis=0), atol=1e-5)
    np.testing.assert_allclose(finished().predict(pictures[:, :, ::-1], verbose=0), answered, atol=1e-6)


def log_odds(rows):
    return np.log(rows / (1 - rows)) if rows.shape[1] == 1 else np.log(rows / rows[:, :1])


def test_every_layer_that_is_offered_for_maps_can_show_them():
    model = build_network("compact+2", size_hw=(32, 16), classes=5)
    pictures = np.random.default_rng(0).integers(0, 256, (2, 32, 16, 3), dtype=np.uint8)
    with pytest.raises(UsageError) as refused:
        class_maps(model, pictures, layer="none of these")
    offered = re.search(r"is one of (.*?); got", str(refused.value))[1].split(", ")
    assert {"activation", "concatenate"} <= {re.sub(r"_\d+$", "", name) for name in offered}
    assert len(offered) < len(map_layers(model)) / 2
    for name in offered:
        assert class_maps(model, pictures, layer=name).layer == name


def test_what_speaks_for_a_group_speaks_for_all_of_its_classes_alike():
    trained, finished = in_training(SIZE_HW, 4, (("a", "a", "b", None),))
    for layer in trained.layers:
        if isinstance(layer, layers.Dense) and layer.units == 4:
            layer.set_weights([np.zeros_like(weights) for weights in layer.get_weights()])
    pictures = np.random.default_rng(0).integers(0, 256, (8, *SIZE_HW, 3), dtype=np.uint8)
    rows = finished().predict(pictures, verbose=0)
    np.testing.assert_allclose(rows[:, 0], rows[:, 1], rtol=1e-5)
    assert (np.abs(rows[:, 1] - rows[:, 2]) > 1e-6).all()
