import keras
import numpy as np
import pytest

from builders import CLASSIFIERS
from toonvision.core.errors import UsageError
from toonvision.models.registry import NETWORKS, build_network

# Layer, output shape without the batch, parameters: every row of the published tables.
BASELINE = [
    ("InputLayer", (600, 200, 3), 0),
    ("Rescaling", (600, 200, 3), 0),
    ("Conv2D", (600, 200, 4), 112),
    ("MaxPooling2D", (300, 100, 4), 0),
    ("MaxPooling2D", (150, 50, 4), 0),
    ("Dropout", (150, 50, 4), 0),
    ("Conv2D", (150, 50, 8), 296),
    ("MaxPooling2D", (75, 25, 8), 0),
    ("MaxPooling2D", (37, 12, 8), 0),
    ("Flatten", (3552,), 0),
    ("Dropout", (3552,), 0),
    ("Dense", (4,), 14212),
]
TUNED = [
    ("InputLayer", (600, 200, 3), 0),
    ("RandomFlip", (600, 200, 3), 0),
    ("Rescaling", (600, 200, 3), 0),
    ("Conv2D", (600, 200, 16), 448),
    ("MaxPooling2D", (200, 66, 16), 0),
    ("MaxPooling2D", (100, 33, 16), 0),
    ("Dropout", (100, 33, 16), 0),
    ("Conv2D", (100, 33, 12), 1740),
    ("MaxPooling2D", (50, 16, 12), 0),
    ("MaxPooling2D", (16, 5, 12), 0),
    ("Flatten", (960,), 0),
    ("Dropout", (960,), 0),
    ("Dense", (4,), 3844),
]
BINARY = [
    ("InputLayer", (600, 200, 3), 0),
    ("Rescaling", (600, 200, 3), 0),
    ("MaxPooling2D", (300, 100, 3), 0),
    ("Conv2D", (298, 98, 16), 448),
    ("MaxPooling2D", (149, 49, 16), 0),
    ("Conv2D", (147, 47, 32), 4640),
    ("MaxPooling2D", (73, 23, 32), 0),
    ("Conv2D", (71, 21, 32), 9248),
    ("MaxPooling2D", (35, 10, 32), 0),
    ("Flatten", (11200,), 0),
    ("Dropout", (11200,), 0),
    ("Dense", (1,), 11201),
]


@pytest.mark.parametrize(
    ("name", "classes", "table", "total"),
    [("baseline", 4, BASELINE, 14620), ("tuned", 4, TUNED, 6032), ("binary", 2, BINARY, 25537)],
)
def test_each_row_of_the_published_table_is_matched(name, classes, table, total):
    model = build_network(name, size_hw=(600, 200), classes=classes)
    rows = [(type(layer).__name__, tuple(layer.output.shape[1:]), layer.count_params()) for layer in model.layers]
    assert rows == table
    assert model.count_params() == total


@pytest.mark.parametrize("name", CLASSIFIERS)
@pytest.mark.parametrize("classes", [2, 3, 32])
def test_every_network_gives_probabilities_for_any_number_of_classes(name, classes):
    model = build_network(name, size_hw=(64, 48), classes=classes)
    pictures = np.random.default_rng(0).integers(0, 256, (5, 64, 48, 3), dtype=np.uint8)
    outputs = np.asarray(model.predict_on_batch(pictures))
    assert outputs.shape == (5, 1 if classes == 2 else classes)
    assert outputs.min() >= 0
    assert outputs.max() <= 1
    if classes > 2:
        np.testing.assert_allclose(outputs.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_is_built_at_its_smallest_input_and_refused_below_it(name):
    smallest = NETWORKS[name].smallest
    assert build_network(name, size_hw=(smallest, smallest), classes=3).count_params() > 0
    with pytest.raises(UsageError, match=f"{name} needs images of at least {smallest} x {smallest} pixels; got"):
        build_network(name, size_hw=(smallest - 1, smallest), classes=3)


def test_the_flip_of_tuned_changes_training_images_and_never_predictions():
    model = build_network("tuned", size_hw=(64, 48), classes=4)
    flip = next(layer for layer in model.layers if type(layer).__name__ == "RandomFlip")
    pictures = np.random.default_rng(0).integers(0, 256, (32, 64, 48, 3), dtype=np.uint8)
    trained = np.asarray(flip(pictures, training=True))
    mirrored = (trained == pictures[:, :, ::-1]).all(axis=(1, 2, 3))
    kept = (trained == pictures).all(axis=(1, 2, 3))
    assert mirrored.any()
    assert (mirrored | kept).all()
    np.testing.assert_array_equal(np.asarray(flip(pictures, training=False)), pictures)


def test_relu_before_and_after_pooling_is_one_function_so_published_order_may_be_merged():
    pictures = np.random.default_rng(1).normal(size=(2, 12, 12, 3)).astype(np.float32)
    pool = keras.layers.MaxPooling2D(2)
    before = pool(keras.ops.relu(pictures))
    after = keras.ops.relu(pool(pictures))
    np.testing.assert_array_equal(np.asarray(before), np.asarray(after))


def test_an_unknown_network_is_refused_with_the_nearest_name():
    with pytest.raises(
        UsageError, match=r"a model is one of compact, baseline, .*, or a .*; got 'tunned'\. Did you mean tuned\?"
    ):
        build_network("tunned", size_hw=(64, 64), classes=2)
