import keras
import numpy as np
import pytest

from toonvision.models import starting
from toonvision.models.compact import in_training
from toonvision.models.detector import detector, pyramid
from toonvision.models.registry import build_network
from toonvision.models.segmenter import segmenter
from toonvision.taxonomy.loader import built_in

SIZE = (32, 32)
LABELS = ("cog_bb_flunky", "cog_sb_coldcaller", "toon_dog", "toon_cat")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(starting, "FOLDER", tmp_path)
    (tmp_path / "mine").mkdir()
    return tmp_path / "mine"


def with_weights(model):
    return [layer for layer in model.layers if layer.weights]


def arrays(model):
    return [np.asarray(one, np.float16) for one in model.get_weights()]


def test_a_network_begins_with_the_body_and_the_head_of_the_classes_that_it_knows(folder):
    keras.utils.set_random_seed(0)
    learned = build_network("compact", size_hw=SIZE, classes=4)
    starting.save_start(learned, "compact", LABELS, folder / "compact-narrow-suit.npz")
    fresh, finish = in_training(SIZE, 3)
    before = fresh.layers[-1].get_weights()
    starting.begin_with("mine", fresh, "compact", ("dog", "flunky", "stranger"))
    own, kernel = arrays(finish()), arrays(learned)
    assert all(np.array_equal(one, other) for one, other in zip(own[:-2], kernel[:-2], strict=True))
    assert np.array_equal(own[-2][:, :2], kernel[-2][:, [2, 0]])
    assert np.array_equal(own[-1][:2], kernel[-1][[2, 0]])
    assert np.array_equal(own[-2][:, 2], before[0][:, 2].astype(np.float16))


def test_two_classes_share_one_output_so_that_their_head_begins_at_random(folder):
    starting.save_start(
        build_network("compact", size_hw=SIZE, classes=4), "compact", LABELS, folder / "compact-narrow-suit.npz"
    )
    fresh, _ = in_training(SIZE, 2)
    before = fresh.layers[-1].get_weights()
    starting.begin_with("mine", fresh, "compact", ("dog", "cat"))
    assert all(np.array_equal(one, other) for one, other in zip(before, fresh.layers[-1].get_weights(), strict=True))


def test_a_detector_begins_for_any_input_size_and_other_classes(folder):
    learned = detector((64, 64), 2)
    starting.save_start(learned, "detector", ("cog", "toon"), folder / "detector-detect.npz")
    fresh = detector((96, 128), 3)
    starting.begin_with("mine", fresh, "detector", ("bb", "toon", "cog"))
    mine, theirs = (one.get_layer("centers").get_weights()[0].astype(np.float16) for one in (fresh, learned))
    assert np.array_equal(mine[..., [2, 1]], theirs)
    assert np.array_equal(arrays(fresh.get_layer("sides"))[0], arrays(learned.get_layer("sides"))[0])


def test_a_segmenter_begins_with_the_body_of_a_detector(folder):
    learned = detector((64, 64), 2)
    starting.save_start(learned, "detector", ("cog", "toon"), folder / "detector-detect.npz")
    fresh = segmenter((96, 128), 5)
    inputs = keras.Input((96, 128, 3), dtype="uint8")
    shared = len(with_weights(keras.Model(inputs, pyramid(inputs))))
    before = [arrays(layer) for layer in with_weights(fresh)]
    starting.begin_with("mine", fresh, "segmenter", ("sky", "road", "ground", "cog", "toon"))
    after, theirs = ([arrays(layer) for layer in with_weights(one)] for one in (fresh, learned))
    for at, own in enumerate(after):
        wanted = theirs[at] if at < shared else before[at]
        assert all(np.array_equal(one, other) for one, other in zip(own, wanted, strict=True))
    assert shared < len(after)


def test_the_same_weights_are_saved_as_the_same_bytes(folder):
    model = build_network("compact", size_hw=SIZE, classes=4)
    saved = []
    for name in ("one.npz", "two.npz"):
        starting.save_start(model, "compact", LABELS, folder / name)
        saved.append((folder / name).read_bytes())
    assert saved[0] == saved[1]


BUILT_IN = built_in("toontown")
LEVELS = {level.name: tuple(one.name for one in level.classes) for level in BUILT_IN.levels}
LABELS_OF_ALL = tuple(label.name for label in BUILT_IN.labels)


@pytest.mark.parametrize(
    ("classes", "task"),
    [
        (LEVELS["kind"], "narrow-suit"),
        (LEVELS["suit"], "narrow-suit"),
        (LEVELS["entity"], "wide-label"),
        (LEVELS["animal"], "wide-animal"),
        (LEVELS["animal"][:9], "wide-animal"),
        (LABELS_OF_ALL, "wide-label"),
        (LABELS_OF_ALL[-12:], "wide-label"),
        (tuple("abcdefghi"), "wide-label"),
    ],
)
def test_a_network_begins_with_the_weights_that_know_most_of_its_classes_and_fewest_others(classes, task):
    assert starting.start_file("toontown", "compact", classes).name == f"compact-{task}.npz"


@pytest.mark.parametrize(
    ("network", "classes"),
    [
        *(("compact", LEVELS[name]) for name in ("suit", "entity", "animal")),
        ("compact", LABELS_OF_ALL),
        ("detector", LEVELS["kind"]),
    ],
)
def test_what_comes_with_the_package_fits_its_networks_and_knows_its_classes(network, classes):
    path = starting.start_file("toontown", network, classes)
    assert path.stat().st_size < 250_000
    labels = starting.start_labels(path)
    assert set(classes) <= {*labels, *(label.rpartition("_")[2] for label in labels)}
    fresh = in_training(SIZE, len(classes))[0] if network == "compact" else detector((64, 64), len(classes))
    before = fresh.get_weights()
    starting.begin_with("toontown", fresh, network, classes)
    assert all((one != other).any() for one, other in zip(before, fresh.get_weights(), strict=True) if one.ndim > 1)
    assert all(np.isfinite(one).all() for one in fresh.get_weights())
