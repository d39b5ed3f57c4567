import keras
import numpy as np
import pytest

from toonvision.explain.cam import class_maps
from toonvision.explain.trust import (
    Randomisation,
    TrustCurves,
    blanked,
    curves_warning,
    draw_weights,
    randomisation,
    randomisation_warning,
    rank_correlation,
    trust_curves,
)
from toonvision.models.registry import build_network

SIZE = (24, 16)


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    return build_network("baseline", size_hw=(64, 48), classes=3)


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(0).integers(0, 256, (3, 64, 48, 3), dtype=np.uint8)


def brightness_network():
    """A network whose first class is the more probable the brighter the upper left quarter is."""
    inputs = keras.Input((*SIZE, 3), dtype="uint8")
    x = keras.layers.Rescaling(1 / 255)(inputs)
    x = keras.layers.Flatten()(x)
    dense = keras.layers.Dense(2, activation="softmax")
    model = keras.Model(inputs, dense(x))
    kernel = np.zeros((*SIZE, 3, 2), np.float32)
    kernel[:12, :8, :, 0] = 0.02
    dense.set_weights([kernel.reshape(-1, 2), np.array([-2, 0], np.float32)])
    return model


def quarter_picture():
    picture = np.full((*SIZE, 3), 20, np.uint8)
    picture[:12, :8] = 250
    return picture


def quarter_map():
    one = np.zeros(SIZE, np.float32)
    one[:12, :8] = 1
    return one


def test_rank_correlation_knows_same_reversed_unrelated_and_constant():
    a = np.arange(12.0).reshape(3, 4)
    assert rank_correlation(a, np.exp(a)) == pytest.approx(1)
    assert rank_correlation(a, -a) == pytest.approx(-1)
    rng = np.random.default_rng(0)
    assert abs(rank_correlation(rng.random((50, 50)), rng.random((50, 50)))) < 0.05
    assert rank_correlation(a, np.zeros(12)) == 0
    assert rank_correlation(np.ones(12), np.zeros(12)) == 1


def test_randomisation_goes_from_the_head_to_the_first_layer_and_leaves_the_network(network, pictures):
    before = [weights.copy() for weights in network.get_weights()]
    steps = randomisation(network, lambda model: class_maps(model, pictures).values[:, 0])
    names = [layer.name for layer in network.layers if layer.trainable_weights]
    assert [step.layer for step in steps] == names[::-1]
    assert [step.fresh for step in steps] == [1, 2, 3]
    assert all(step.similarity.shape == (3,) and (np.abs(step.similarity) <= 1).all() for step in steps)
    assert all((a == b).all() for a, b in zip(before, network.get_weights(), strict=True))


def test_randomisation_repeats_by_seed(network, pictures):
    def maps(model):
        return class_maps(model, pictures).values[:, 0]

    first, again, other = (randomisation(network, maps, seed=seed)[-1].similarity.tolist() for seed in (3, 3, 4))
    assert first == again != other


def test_fresh_weights_look_as_the_layer_would_have_drawn_them(network):
    copy = keras.models.clone_model(network)
    copy.set_weights(network.get_weights())
    layer = next(layer for layer in copy.layers if "conv" in layer.name)
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel, bias + 1])
    draw_weights(layer, seed=0)
    fresh, fresh_bias = layer.get_weights()
    assert not np.isclose(fresh, kernel).any()
    assert fresh.std() == pytest.approx(kernel.std(), rel=0.4)
    assert (fresh_bias == 0).all()


def test_weights_without_an_initialiser_are_shuffled():
    class Own(keras.layers.Layer):
        def build(self, _shape):
            self.scale = self.add_weight(shape=(50,), initializer="ones", name="scale")

    layer = Own()
    layer.build(None)
    layer.set_weights([np.arange(50.0)])
    draw_weights(layer, seed=0)
    (scale,) = layer.get_weights()
    assert sorted(scale) == list(range(50))
    assert scale.tolist() != list(range(50))


def test_maps_that_ignore_the_weights_are_warned_of(network, pictures):
    edges = pictures.mean(axis=3)
    steps = randomisation(network, lambda _model: edges)
    assert steps[-1].mean == pytest.approx(1)
    assert "rank correlation 1.00" in randomisation_warning(steps)


def test_maps_that_turn_to_their_negative_have_survived():
    step = Randomisation("head", 1, 1, np.array([-0.9, 0.9]))
    assert randomisation_warning([step]) is not None
    assert randomisation_warning([Randomisation("head", 1, 1, np.array([-0.1, 0.2]))]) is None
    assert randomisation_warning([]) is None


def test_the_right_map_deletes_and_inserts_faster_than_chance():
    curves = trust_curves(brightness_network(), quarter_picture()[None], quarter_map()[None], [0])
    assert curves.shares.tolist() == [at / 20 for at in range(21)]
    assert curves.area("deletion") < curves.area("random_deletion")
    assert curves.area("insertion") > curves.area("random_insertion")
    assert curves_warning(curves) is None


def test_curves_begin_and_end_with_the_whole_and_the_blank_image():
    model, picture = brightness_network(), quarter_picture()
    curves = trust_curves(model, picture[None], quarter_map()[None], [0])
    whole, empty = model.predict_on_batch(np.stack([picture, blanked(picture)]))[:, 0]
    assert curves.deletion[0, [0, -1]] == pytest.approx([whole, empty])
    assert curves.insertion[0, [0, -1]] == pytest.approx([empty, whole])
    assert curves.random_deletion[0, [0, -1]] == pytest.approx([whole, empty])
    assert curves.deletion[0, 5] == pytest.approx(float(empty), abs=0.05)  # the quarter is gone


def test_the_wrong_map_is_warned_of():
    curves = trust_curves(brightness_network(), quarter_picture()[None], 1 - quarter_map()[None], [0])
    assert "blanking and showing the most important ones first" in curves_warning(curves)


def test_curves_of_no_image_are_empty(network, pictures):
    curves = trust_curves(network, pictures[:0], np.zeros((0, 2, 2), np.float32), [])
    assert curves.deletion.shape == (0, 21)


def test_the_area_under_a_curve_is_that_of_its_trapezia():
    one = np.array([[1.0, 0.5, 0.0]])
    curves = TrustCurves(np.array([0, 0.5, 1]), one, one[:, ::-1], one, one)
    assert curves.area("deletion") == pytest.approx([0.5])


def test_a_normalisation_is_drawn_afresh_with_the_layer_that_it_normalises():
    model = build_network("compact", size_hw=(16, 16), classes=3)
    pictures = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), dtype=np.uint8)
    steps = randomisation(model, lambda network: np.asarray(network(pictures)))
    assert steps[0].layer.startswith("dense")
    assert len(steps) == steps[-1].total == 8
    assert not any("normalization" in step.layer for step in steps)
