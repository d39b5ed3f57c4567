import numpy as np
import pytest

from toonvision.explain.map_warnings import map_warnings, spot_warning


def test_flat_empty_and_border_maps_are_warned_of_and_a_spot_is_not():
    size = (40, 20)
    spot = np.zeros(size, np.float32)
    spot[15:25, 8:14] = 1
    border = np.zeros(size, np.float32)
    border[:2] = 1
    even = 1 + 0.01 * np.random.default_rng(0).random(size, dtype=np.float32)
    found = map_warnings(np.stack([spot, border, even, -even]), ["a.png", "b.png", "c.png", "d.png"], size_hw=size)
    assert [line.split(":")[0] for line in found] == ["b.png", "c.png", "d.png"]
    assert "100 % of the evidence lies at the border, which is 19 % of the image" in found[0]
    assert "nearly even" in found[1]
    assert "nothing in the image speaks" in found[2]


def test_evidence_at_the_border_is_measured_against_the_border_of_an_even_map():
    size = (60, 20)
    noisy = np.random.default_rng(0).random((1, *size), dtype=np.float32)  # not flat, and alike everywhere
    assert map_warnings(noisy, ["a.png"], size_hw=size) == ()
    noisy[:, :3] *= 9
    assert "of the evidence lies at the border" in map_warnings(noisy, ["a.png"], size_hw=size)[0]


@pytest.mark.parametrize(
    ("rows", "columns", "name"),
    [
        (slice(0, 4), slice(0, 2), "upper left corner"),
        (slice(16, 20), slice(4, 6), "lower edge"),
        (slice(8, 12), slice(8, 10), "right edge"),
    ],
)
def test_a_fixed_spot_at_the_edge_is_found_and_named(rows, columns, name):
    maps = np.random.default_rng(0).random((5, 20, 10), dtype=np.float32)
    maps[:, rows, columns] = 10
    assert f"the {name}, on 4 % of the area" in spot_warning(maps)


def test_evidence_in_the_middle_or_nowhere_is_no_fixed_spot_at_the_edge():
    maps = np.zeros((5, 20, 10), np.float32)
    assert spot_warning(maps) is None
    maps[:, 8:12, 4:6] = 1
    assert spot_warning(maps) is None
