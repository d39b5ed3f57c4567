"""What is said of a network's size."""

from pathlib import Path

import pytest

from toonvision.models.registry import NETWORKS, build_network

pytestmark = pytest.mark.usefixtures("eager")

PAGE = Path(__file__).parents[2] / "docs" / "segmentation.md"


@pytest.mark.parametrize(
    ("name", "size_hw", "classes"),
    [
        ("compact", (96, 32), 4),
        ("baseline", (600, 200), 4),
        ("tuned", (600, 200), 4),
        ("binary", (600, 200), 2),
        ("detector", (64, 64), 2),
        ("segmenter", (64, 64), 8),
    ],
)
def test_a_network_has_as_many_parameters_as_its_description_says(name, size_hw, classes):
    count = build_network(name, size_hw=size_hw, classes=classes).count_params()
    assert f" {count:,} parameters for {classes} classes" in NETWORKS[name].about


def test_the_page_of_segmentation_says_how_many_parameters_its_networks_have():
    alone = build_network("segmenter", size_hw=(64, 64), classes=8).count_params()
    both = build_network("detector+pixels", size_hw=(64, 64), classes=2, pixels=8).count_params()
    text = " ".join(PAGE.read_text(encoding="utf-8").split())
    assert f"`segmenter` has {alone:,} parameters for eight classes." in text
    assert f"on one body: {both:,} parameters for two classes of objects and eight of pixels." in text
