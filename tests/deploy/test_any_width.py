"""Exports of networks for whole screenshots take narrower pictures: what is black beside one is not computed."""

from dataclasses import replace
from functools import cache

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

from deploy.made import bundle, with_drawn_weights
from toonvision.core.errors import ModelRefusedError
from toonvision.deploy.checks import BOXES_NAME, INPUT_NAME, PIXELS_NAME, SCORES_NAME
from toonvision.deploy.conversion import to_onnx
from toonvision.deploy.detector import Detector
from toonvision.deploy.quantize import quantized
from toonvision.deploy.segmenter import Segmenter
from toonvision.metrics.boxes import boxes_in
from toonvision.models.detector import answering
from toonvision.models.pixels import class_maps, predictions_of
from toonvision.models.registry import build_network
from toonvision.taxonomy.labels import PIXEL_LEVEL

HEIGHT, WIDTH, NARROW = 64, 160, 96
PIXELS = ("sky", "road", "cog")
OUTPUTS = {
    "detector": (SCORES_NAME, BOXES_NAME),
    "detector+pixels": (SCORES_NAME, BOXES_NAME, PIXELS_NAME),
    "segmenter": (PIXELS_NAME,),
}
KINDS = tuple(OUTPUTS)


@cache
def network(kind, width=WIDTH):
    classes = PIXELS if kind == "segmenter" else ("cog", "toon")
    made = with_drawn_weights(build_network(kind, size_hw=(HEIGHT, width), classes=len(classes), pixels=len(PIXELS)))
    return made if kind == "segmenter" else answering(made)


def described(kind):
    level = PIXEL_LEVEL if kind == "segmenter" else "kind"
    classes = PIXELS if kind == "segmenter" else ("cog", "toon")
    thresholds = None if kind == "segmenter" else (0.3, 0.3)
    pixels = PIXELS if kind == "detector+pixels" else None
    named = {"network": kind, "level": level, "resize": "shrink", "thresholds": thresholds, "pixels": pixels}
    return replace(bundle(size_hw=(HEIGHT, WIDTH)), classes=classes, titles=classes, **named).to_metadata()


@pytest.fixture(scope="module")
def contents():
    """The bytes of an export of each kind."""
    return {kind: to_onnx(network(kind), described(kind), OUTPUTS[kind], any_width=True) for kind in KINDS}


def opened(content, kind, **settings):
    return (Segmenter if kind == "segmenter" else Detector)(content, **settings)


def pictures(count=2, width=WIDTH, seed=0):
    return np.random.default_rng(seed).integers(1, 256, (count, HEIGHT, width, 3), dtype=np.uint8)


def beside_black(given):
    """Return narrower pictures as they lie in an input: at its left, with black beside them."""
    return np.pad(given, ((0, 0), (0, 0), (0, WIDTH - given.shape[2]), (0, 0)))


def answered(content, given):
    session = onnxruntime.InferenceSession(content)
    return session.run(None, {INPUT_NAME: given})


def found(content, kind, given, **settings):
    """Return what an opened file says of pictures that have the input's size."""
    model = opened(content, kind, **settings)
    if kind == "segmenter":
        return model.name_batch(given)
    return model.find_batch(given, pixels=kind == "detector+pixels")


def assert_same(one, other):
    for name, values in vars(one).items():
        if values is not None:
            np.testing.assert_array_equal(getattr(other, name), values, err_msg=name)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [64, NARROW, WIDTH])
def test_a_picture_of_any_width_is_answered_as_by_the_network_of_that_width(contents, kind, width):
    given = pictures(width=width)
    wanted = network(kind, width).predict_on_batch(given)
    for ours, theirs in zip(answered(contents[kind], given), [wanted] if kind == "segmenter" else wanted, strict=True):
        same = np.isclose(ours, theirs, rtol=1e-4, atol=1e-4)
        # Of two cells that answer nearly alike, either may be the peak.
        assert same.mean() > (0.98 if kind != "segmenter" and theirs is wanted[0] else 0.9999)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_black_beside_a_picture_is_not_computed(contents, kind):
    given = pictures(width=NARROW)
    said = found(contents[kind], kind, beside_black(given))
    answers = answered(contents[kind], given)
    if kind != "segmenter":
        assert_same(boxes_in(*answers[:2]), said)
    if kind != "detector":
        assert said.pixels.shape == (2, HEIGHT, WIDTH)
        np.testing.assert_array_equal(said.pixels[:, :, :NARROW], class_maps(answers[-1]))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("threads", [1, 2])
def test_pictures_of_different_widths_are_answered_each_for_itself(contents, kind, threads):
    narrow, wide = pictures(1, NARROW), pictures(1, seed=1)
    together = found(contents[kind], kind, np.concatenate([beside_black(narrow), wide]), threads=threads)
    alone = [found(contents[kind], kind, one) for one in (beside_black(narrow), wide)]
    assert together.images == 2
    for at, one in enumerate(alone):
        own = together.image == at
        np.testing.assert_array_equal(together.scores[own], one.scores)
        if one.pixels is not None:
            np.testing.assert_array_equal(together.pixels[at], one.pixels[0])


@pytest.mark.parametrize("kind", KINDS)
def test_a_black_picture_and_one_whose_right_is_partly_black_are_answered_too(contents, kind):
    black = np.zeros((1, HEIGHT, WIDTH, 3), np.uint8)
    assert found(contents[kind], kind, black).images == 1
    spot = black.copy()
    spot[0, -1, -1, -1] = 1  # one pixel of the last column is not black
    answers = answered(contents[kind], spot)
    wanted = predictions_of(*answers) if kind == "segmenter" else boxes_in(*answers[:2])
    assert_same(wanted, found(contents[kind], kind, spot))


@pytest.mark.parametrize("kind", KINDS)
def test_an_export_of_one_width_computes_all_of_it(kind):
    fixed = to_onnx(network(kind), described(kind), OUTPUTS[kind])
    given = beside_black(pictures(width=NARROW))
    answers = answered(fixed, given)
    wanted = predictions_of(*answers) if kind == "segmenter" else boxes_in(*answers[:2])
    assert_same(wanted, found(fixed, kind, given))


def test_an_export_in_8_bits_takes_any_width_too(contents):
    small = quantized(contents["detector"], pictures(4), described("detector") | {"precision": '"int8"'})
    narrow = pictures(1, NARROW)
    assert_same(boxes_in(*answered(small, narrow)), found(small, "detector", beside_black(narrow)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_fits_its_widest_pictures_alone_is_refused(contents, kind):
    model = onnx.load_model_from_string(contents[kind])
    first = next(one for one in model.graph.initializer if numpy_helper.to_array(one).tolist()[1:] == [1, HEIGHT, -1])
    first.CopyFrom(numpy_helper.from_array(np.array([0, 1, HEIGHT, 3 * WIDTH]), first.name))
    with pytest.raises(ModelRefusedError, match="has a step Reshape that does not fit the others"):
        opened(model.SerializeToString(), kind)


@pytest.mark.parametrize("port", ["input", "output"])
def test_an_open_width_at_one_end_only_is_refused(contents, port):
    model = onnx.load_model_from_string(contents["detector"])
    side = getattr(model.graph, port)[0].type.tensor_type.shape.dim[-2]
    side.dim_value = WIDTH if port == "input" else HEIGHT * WIDTH // 64
    with pytest.raises(ModelRefusedError, match="its inputs or outputs are not those of its description"):
        opened(model.SerializeToString(), "detector")
