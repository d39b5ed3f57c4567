import pytest
from hypothesis import given
from hypothesis import strategies as st

from toonvision.models.architecture import PUBLISHED, describe
from toonvision.models.layout import Block, Layout

blocks = st.builds(
    Block,
    filters=st.integers(1, 64),
    kernel=st.sampled_from((1, 3, 5)),
    pools=st.lists(st.integers(1, 3), max_size=2).map(tuple),
    dropout=st.sampled_from((0.0, 0.2, 0.5)),
)
layouts = st.lists(blocks, min_size=1, max_size=3).map(lambda found: Layout(tuple(found)))


@given(layouts, st.integers(2, 9))
def test_the_weights_of_the_stages_are_those_of_the_network(layout, classes):
    told = describe(layout, size_hw=(729, 729), classes=classes)
    assert told.weights == layout.parameters((729, 729), classes)
    assert len(told.stages) == len(layout.blocks) + 2


@given(layouts)
def test_the_maps_of_the_stages_are_those_that_the_blocks_hand_on(layout):
    stages = describe(layout, size_hw=(800, 729), classes=4).stages
    assert stages[0].size_hw == (800, 729)
    assert [stage.size_hw for stage in stages[1:-1]] == layout.map_sizes((800, 729))
    assert [stage.channels for stage in stages] == [3, *(block.filters for block in layout.blocks), 4]
    assert stages[-1].size_hw is None


def test_steps_say_what_is_done_and_leave_out_what_does_nothing():
    stages = describe(Layout.parse("4c3-16c5-p3-p2-d0.2"), size_hw=(60, 60), classes=2).stages
    assert [stage.steps for stage in stages] == [
        ("image",), ("4 filters, 3 × 3",), ("16 filters, 5 × 5", "pool 3, then 2", "dropout 0.2"),
        ("dense, sigmoid",),
    ]  # fmt: skip
    assert stages[-1].channels == 1


@pytest.mark.parametrize(("name", "weights"), [("baseline", 14620), ("tuned", 6032)])
def test_the_published_networks_have_as_many_weights_as_published(name, weights):
    assert describe(PUBLISHED[name], size_hw=(600, 200), classes=4).weights == weights
