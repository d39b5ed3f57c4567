import keras
import numpy as np
import pytest
from keras import layers

from toonvision.core.errors import ModelRefusedError
from toonvision.models.features import band_features, last_map
from toonvision.models.registry import build_network

NETWORKS = ["compact", "compact+2", "baseline", "tuned", "binary", "z-12c3n-p2-16c3n-p4"]


@pytest.mark.parametrize("name", NETWORKS)
def test_features_are_means_and_deviations_of_the_last_map_over_thirds_of_its_height(name):
    keras.utils.set_random_seed(1)
    model = build_network(name, size_hw=(96, 48), classes=4)
    images = np.random.default_rng(0).integers(0, 256, (3, 96, 48, 3), dtype=np.uint8)
    asked = keras.Model(model.inputs[0], [last_map(model).output, band_features(model)])
    maps, features = (np.asarray(one) for one in asked(images, training=False))
    height = maps.shape[1]
    bands, step = min(3, height), height // min(3, height)
    tall = height - (bands - 1) * step
    cut = [maps[:, at * step : at * step + tall].reshape(len(maps), -1, maps.shape[3]) for at in range(bands)]
    wanted = [one.mean(axis=1) for one in cut] + [np.sqrt(one.var(axis=1) + 1e-4) for one in cut]
    mirrored = np.concatenate(wanted, axis=1).reshape(-1, 3, features.shape[1])  # compact sees mirror images too
    np.testing.assert_allclose(features, mirrored.mean(axis=0), atol=2e-3)


def test_a_network_without_maps_has_no_such_features():
    inputs = keras.Input((16, 16, 3), dtype="uint8")
    model = keras.Model(inputs, layers.Dense(2)(layers.Flatten()(inputs)))
    with pytest.raises(ModelRefusedError, match="none of its layers has a map"):
        band_features(model)
