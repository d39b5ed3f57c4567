import keras
import numpy as np
import pytest
from keras import layers

from toonvision.core.errors import ModelRefusedError
from toonvision.models.features import band_features, last_map, read_maps
from toonvision.models.registry import build_network

NETWORKS = ["compact", "compact+2", "baseline", "tuned", "binary", "z-12c3n-p2-16c3n-p4"]


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("name", NETWORKS)
def test_features_are_means_and_deviations_of_maps_over_thirds_of_their_height(name, version):
    keras.utils.set_random_seed(1)
    model = build_network(name, size_hw=(96, 48), classes=4)
    images = np.random.default_rng(0).integers(0, 256, (3, 96, 48, 3), dtype=np.uint8)
    maps = (version == 2 and read_maps(model)) or [last_map(model).output]
    asked = keras.Model(model.inputs[0], [band_features(model, version=version), *maps])
    features, *maps = (np.asarray(one) for one in asked(images, training=False))
    cut = [band for one in maps for band in bands(one)]
    wanted = [one.mean(axis=1) for one in cut] + [np.sqrt(one.var(axis=1) + 1e-4) for one in cut]
    mirrored = np.concatenate(wanted, axis=1).reshape(-1, 3, features.shape[1])  # compact sees mirror images too
    np.testing.assert_allclose(features, mirrored.mean(axis=0), atol=2e-3)


def bands(maps):
    """Return the pixels of each third of the rows of maps, each ``(images, pixels, channels)``."""
    height = maps.shape[1]
    count, step = min(3, height), height // min(3, height)
    tall = height - (count - 1) * step
    return [maps[:, at * step : at * step + tall].reshape(len(maps), -1, maps.shape[3]) for at in range(count)]


@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        ("compact", [(24, 12, 28), (12, 6, 36)]),
        ("compact+1", [(24, 12, 28), (12, 6, 36), (24, 12, 24), (12, 6, 28)]),
        ("baseline", []),
        ("binary", [(10, 4, 32)]),
        ("8c3n-8c1-8c3-8c3", [(96, 48, 8)]),
    ],
)
def test_the_read_maps_are_those_that_later_convolutions_read_in_each_branch(name, shapes):
    model = build_network(name, size_hw=(96, 48), classes=4)
    assert sorted(tuple(one.shape[1:]) for one in read_maps(model)) == sorted(shapes)


def test_a_network_without_maps_has_no_such_features():
    inputs = keras.Input((16, 16, 3), dtype="uint8")
    model = keras.Model(inputs, layers.Dense(2)(layers.Flatten()(inputs)))
    with pytest.raises(ModelRefusedError, match="none of its layers has a map"):
        band_features(model)
