"""The network that finds objects, by its width."""

import pytest

from toonvision.core.errors import UsageError
from toonvision.models.registry import build_network, detector_name, find_network
from toonvision.models.starting import RANDOM
from toonvision.training.recipes import settings_for


def test_a_width_multiplies_the_filters_and_gives_the_network_its_name():
    counts = [build_network(name, size_hw=(64, 64), classes=2).count_params()
              for name in ("detector-0.5", "detector", "detector-1.5")]  # fmt: skip
    assert counts[1] == 96_086
    assert 0.25 < counts[0] / counts[1] < 0.5 < 2 < counts[2] / counts[1] < 2.25
    assert [find_network(detector_name(width)).name for width in (0.5, 1.0)] == ["detector-0.5", "detector"]
    assert find_network("detector-1.00") is find_network("detector")


@pytest.mark.parametrize("name", ["detector-0.1", "detector-3"])
def test_a_width_out_of_bounds_is_refused(name):
    with pytest.raises(UsageError, match=r"0\.25 to 2 times its filters.*--model detector-0\.75"):
        find_network(name)


def test_another_width_has_the_recipe_of_the_detector_and_random_weights():
    usual, narrow = (settings_for(name, taxonomy="toontown") for name in ("detector", "detector-0.75"))
    assert (usual.start, narrow.start, narrow.network) == ("toontown", RANDOM, "detector-0.75")
    assert narrow.learning_rate == settings_for("detector").learning_rate
    assert narrow.augmentation == usual.augmentation
