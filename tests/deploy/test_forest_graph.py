"""The graph of trees: it answers as the trees do, and a file that changes it is refused."""

import numpy as np
import onnx
import pytest

from deploy.made import bundle
from toonvision.core.errors import ModelRefusedError
from toonvision.deploy.checks import checked
from toonvision.deploy.classifier import Classifier
from toonvision.deploy.forest_graph import forest_to_onnx
from toonvision.metrics.calibration import with_temperature
from toonvision.models.forest import Forest, colour_counts


def images_of(size_hw):
    """Return images of 27 colours, so that each colour has a few pixels in each band."""
    return np.random.default_rng(1).choice(np.array([0, 40, 255], np.uint8), (9, *size_hw, 3))


def forest(*, size_hw=(25, 17), classes=3, trees=25, seed=0):
    """Return complete trees of drawn comparisons, whose leaves vote for drawn classes."""
    rng = np.random.default_rng(seed)
    drawn = np.flatnonzero(colour_counts(images_of(size_hw)).sum(axis=0))
    features, thresholds, following = [], [], []

    def grow(depth):
        at = len(features)
        features.append(0)
        thresholds.append(-1 - int(rng.integers(classes)))
        following.append(at)
        if depth:
            features[at], thresholds[at] = int(rng.choice(drawn)), int(rng.integers(2 + size_hw[0] * size_hw[1] // 81))
            grow(depth - 1 - int(rng.integers(2) if depth > 1 else 0))
            following[at] = len(features)
            grow(depth - 1)

    roots = []
    for _ in range(trees):
        roots.append(len(features))
        grow(5)
    arrays = (np.array(values, np.int32) for values in (roots, features, thresholds, following))
    return Forest(size_hw, classes, *arrays)


def content_of(made, *, temperature=None):
    described = bundle(made.classes, made.size_hw, temperature=temperature)
    return forest_to_onnx(made, described.to_metadata(), temperature=temperature)


@pytest.mark.parametrize("size_hw", [(16, 16), (25, 17), (96, 32)])
@pytest.mark.parametrize("classes", [2, 8])
def test_the_graph_answers_as_the_trees_do(size_hw, classes):
    made = forest(size_hw=size_hw, classes=classes)
    images = images_of(size_hw)
    expected = made.predict_on_batch(images)
    assert len(np.unique(expected, axis=0)) > 3
    classifier = Classifier(content_of(made))
    np.testing.assert_allclose(classifier.predict_batch(images), expected, atol=1e-6)
    np.testing.assert_allclose(classifier.run_batch(images), expected, atol=1e-6)
    warm = Classifier(content_of(made, temperature=0.3)).predict_batch(images)
    np.testing.assert_allclose(warm, with_temperature(expected, 0.3), atol=1e-6)


def test_trees_that_are_single_leaves_answer_too():
    made = Forest((16, 16), 2, *(np.array(values, np.int32) for values in ([0, 1], [0, 0], [-1, -2], [0, 1])))
    rows = Classifier(content_of(made)).predict_batch(np.zeros((1, 16, 16, 3), np.uint8))
    np.testing.assert_allclose(rows, [[0.5, 0.5]])


@pytest.mark.parametrize(
    ("kind", "setting", "value"),
    [
        ("ScatterElements", "reduction", b"mul"),
        ("ScatterElements", "axis", 0),
        ("GatherElements", "axis", 0),
        ("Gather", "axis", 2),
    ],
)
def test_a_step_with_another_setting_is_refused(kind, setting, value):
    model = onnx.load_model_from_string(content_of(forest()))
    node = next(one for one in model.graph.node if one.op_type == kind)
    del node.attribute[:]
    settings = {"axis": 1, **({"reduction": b"add"} if kind == "ScatterElements" else {}), setting: value}
    node.attribute.extend(onnx.helper.make_attribute(name, one) for name, one in settings.items())
    with pytest.raises(ModelRefusedError, match=f"has a step {kind} that does not fit the others"):
        checked(model.SerializeToString())


def test_a_choice_between_things_of_other_shapes_is_refused():
    model = onnx.load_model_from_string(content_of(forest()))
    node = next(one for one in model.graph.node if one.op_type == "Where")
    node.input[1] = "pictures"
    with pytest.raises(ModelRefusedError, match="has a step Where that does not fit the others"):
        checked(model.SerializeToString())


def test_nodes_that_are_outside_of_the_trees_are_refused_when_the_file_is_run():
    made = forest()
    following = made.following.copy()
    following[0] = 10**6
    broken = Forest(
        made.size_hw, made.classes, made.roots, made.features, np.zeros_like(made.thresholds) - 1, following
    )
    object.__setattr__(broken, "depth", 2)
    with pytest.raises(ModelRefusedError, match="ONNX Runtime cannot run it"):
        Classifier(content_of(broken)).predict_batch(np.zeros((1, *made.size_hw, 3), np.uint8))
