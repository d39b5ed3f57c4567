import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toonvision.core.errors import UsageError
from toonvision.models.architecture import describe
from toonvision.models.layout import Block, Layout
from toonvision.models.registry import build_network, find_network, short_name

dropouts = st.integers(0, 9).map(lambda tenths: tenths / 10)
blocks = st.builds(
    Block,
    filters=st.integers(1, 12),
    kernel=st.sampled_from([1, 3, 5]),
    pools=st.lists(st.integers(1, 3), max_size=2).map(tuple),
    dropout=dropouts,
    normalized=st.booleans(),
)
layouts = st.builds(Layout, st.lists(blocks, min_size=1, max_size=3).map(tuple), with_copy=st.booleans())


@given(layout=layouts)
def test_a_layout_written_and_read_again_is_the_same(layout):
    assert Layout.parse(str(layout)) == layout


@settings(max_examples=12, deadline=None)
@given(layout=layouts, classes=st.integers(2, 5), extra=st.integers(0, 9))
def test_weights_are_counted_without_building_the_network(layout, classes, extra):
    size_hw = (layout.smallest + extra, layout.smallest + 2 * extra)
    model = build_network(layout.name, size_hw=size_hw, classes=classes)
    assert model.count_params() == layout.parameters(size_hw, classes)


@pytest.mark.parametrize(("name", "layout"), [("baseline", "4c3-p2-p2-8c3-p2-p2"), ("tuned", "16c3-p3-p2-12c3-p2-p3")])
def test_a_layout_computes_what_the_published_network_of_the_same_weights_computes(name, layout):
    published, quick = (build_network(one, size_hw=(97, 61), classes=4) for one in (name, layout))
    quick.set_weights(published.get_weights()[: len(quick.get_weights())])
    pictures = np.random.default_rng(0).integers(0, 256, (3, 97, 61, 3), dtype=np.uint8)
    np.testing.assert_allclose(quick.predict(pictures, verbose=0), published.predict(pictures, verbose=0), atol=1e-6)


def test_a_layout_can_normalise_and_see_a_normalised_copy():
    layout = Layout.parse("z-4c3n-p2-8c3")
    assert (layout.with_copy, [block.normalized for block in layout.blocks]) == (True, [True, False])
    assert find_network("z-4c3n-p1-p2-8c3-d0").name == layout.name
    kinds = [type(layer).__name__ for layer in build_network(layout.name, size_hw=(16, 16), classes=3).layers]
    assert kinds.index("BesideNormalized") < kinds.index("Conv2D")
    assert kinds.count("BatchNormalization") == 1
    stages = describe(layout, size_hw=(16, 16), classes=3).stages
    assert [stage.weights for stage in stages] == [0, 232, 296, 1539]
    assert [stage.steps for stage in stages[1:3]] == [("4 filters, 3 × 3", "pool 2, normalise"), ("8 filters, 3 × 3",)]


def test_a_pooling_of_one_is_left_out():
    assert str(Layout.parse("4c3-p1-p2-d0")) == "4c3-p2"


@pytest.mark.parametrize(
    "text",
    [
        "16c",
        "16c3-",
        "c3",
        "16c3-x2",
        "16c3-d1",
        "16c3-p0",
        "0c3",
        "16c3--p2",
        "z-",
        "z16c3",
        "16cn3",
        "16c3-n",
        "-".join(["1c1"] * 7),
        "9" * 99,
    ],
)
def test_what_is_no_layout_is_refused_with_an_example(text):
    with pytest.raises(UsageError, match="block"):
        Layout.parse(text)


def test_a_layout_is_refused_below_its_smallest_input():
    with pytest.raises(UsageError, match="at least 36 x 36"):
        build_network("16c3-p3-p2-12c3-p2-p3", size_hw=(35, 200), classes=4)


def test_the_poolings_leave_maps_of_the_stated_sizes():
    layout = Layout.parse("2c3-p3-p2-3c3-p2-p3")
    model = build_network(layout.name, size_hw=(75, 50), classes=3)
    pooled = [layer.output.shape[1:3] for layer in model.layers if isinstance(layer, keras.layers.MaxPooling2D)]
    assert pooled == layout.map_sizes((75, 50))


def test_runs_of_a_layout_get_a_short_name():
    assert (short_name("tuned"), short_name(find_network("04c3-p2").name)) == ("tuned", "layout")
