import csv

import numpy as np
import pytest

from figures import examples
from toonvision.core.panels import rows_csv
from toonvision.explain.activations import LayerActivation
from toonvision.explain.evidence import Evidence, summarise
from toonvision.explain.explanation import MaskedEvidence, worst_cases
from toonvision.explain.trust import Randomisation, TrustCurves
from toonvision.figures.panels import write_panel
from toonvision.report.explain_panels import (
    activation_panels,
    check_panels,
    evidence_panel,
    filter_images_panel,
    first_filters_panel,
    map_grid_panels,
)

RNG = np.random.default_rng(0)
CLASSES = examples.classes_of(3)
CURVES = TrustCurves(
    np.array([0, 0.5, 1]), *(np.array([[0.9, 0.5, 0.1], [0.8, 0.4, 0.2]]) + step / 100 for step in range(4))
)
STEPS = (
    Randomisation("dense", 1, 2, np.array([0.5, -0.25])),
    Randomisation("conv2d", 2, 2, np.array([0.125, 0.0])),
)


def activation(height, width, channels, name="conv2d_1"):
    values = RNG.normal(size=(height, width, channels)).astype(np.float32)
    values[..., 0] = -1
    return LayerActivation(name, "convolution", values)


def evaluated():
    return examples.evaluation(CLASSES, samples=12, skill=0.8)


def masked(part):
    shares = np.tile([0.25, 0, 0.75, 0, 0], (3, 1))
    shares[1] = np.nan
    told_apart = Evidence(shares, np.tile([0.5, 0, 0.5, 0, 0], (3, 1)))
    plain = Evidence(np.tile([0.4, 0, 0.6, 0, 0], (3, 1)), told_apart.areas)
    return MaskedEvidence((2, 5, 7), told_apart, plain, [("", summarise(told_apart, ["All"] * 3))])


def rows_of(panel):
    return list(csv.DictReader(rows_csv(panel.rows).splitlines()))


def activation_panel(one):
    (panel,) = activation_panels([one], (60, 20))
    return panel


def cases(count=2):
    return worst_cases(evaluated(), count)


def test_a_small_map_is_given_as_it_is_with_each_channel_in_short():
    one = activation(6, 4, 3)
    rows = rows_of(activation_panel(one))
    assert [(row["layer"], row["channel"], row["block_side"]) for row in rows] == [
        ("conv2d_1", str(channel), "1") for channel in range(3)
    ]
    for channel, row in enumerate(rows):
        own = one.values[..., channel]
        cells = [float(row[f"row_{y}_column_{x}"]) for y in range(6) for x in range(4)]
        assert cells == pytest.approx(own.ravel().tolist(), rel=1e-5)
        told = [float(row[name]) for name in ("lowest", "mean", "highest", "share_above_zero")]
        assert told == pytest.approx([own.min(), own.mean(), own.max(), (own > 0).mean()], rel=1e-4)
    assert rows[0]["share_above_zero"] == "0"


def test_a_large_map_is_given_by_means_over_blocks_those_at_the_edge_over_what_there_is():
    one = activation(95, 50, 2)
    row = rows_of(activation_panel(one))[1]
    assert (row["height"], row["width"], row["block_side"]) == ("95", "50", "2")
    own = one.values[..., 1].astype(float)
    assert float(row["row_4_column_6"]) == pytest.approx(own[4:6, 6:8].mean(), rel=1e-4)
    assert float(row["row_94_column_48"]) == pytest.approx(own[94:, 48:].mean(), rel=1e-4)
    assert "row_4_column_7" not in row


@pytest.mark.parametrize("shape", [(600, 200, 16), (200, 66, 64), (12, 4, 512), (1, 1, 1)])
def test_the_values_of_a_layer_of_any_size_stay_below_a_megabyte(shape):
    head, *rows = activation_panel(activation(*shape)).rows
    assert len(rows) == shape[2]
    assert all(len(row) == len(head) for row in rows)
    assert len(rows_csv((head, *rows))) < 1_000_000


def test_a_climbed_filter_has_how_far_it_came_and_its_picture_pixel_by_pixel():
    pictures = RNG.integers(0, 256, size=(2, 4, 3, 3), dtype=np.uint8)
    rows = rows_of(filter_images_panel("conv2d_2", 2, pictures, np.float32([0.5, -1]), np.float32([2.5, 3])))
    assert [(row["filter"], row["colour"]) for row in rows] == [
        (str(number), colour) for number in range(2) for colour in ("red", "green", "blue")
    ]
    assert [(row["answer_to_noise"], row["answer"]) for row in rows[::3]] == [("0.5", "2.5"), ("-1", "3")]
    assert int(rows[4]["row_3_column_2"]) == pictures[1, 3, 2, 1]


def test_the_values_of_sixteen_climbed_filters_stay_below_a_megabyte():
    pictures = np.full((16, 48, 48, 3), 255, np.uint8)
    panel = filter_images_panel("conv2d_2", 2, pictures, np.zeros(16, np.float32), np.ones(16, np.float32))
    assert len(rows_csv(panel.rows)) < 1e6


def test_maps_weights_and_checks_are_given_value_by_value():
    maps = RNG.normal(size=(2, 3, 2, 2)).astype(np.float32)
    first, _ = map_grid_panels(cases(), maps, CLASSES, each=False, exact=True)
    cells = rows_of(first)
    assert len(cells) == 12
    assert (cells[6]["class"], cells[6]["row"], cells[6]["column"]) == ("c1", "1", "0")
    assert float(cells[6]["evidence"]) == pytest.approx(maps[0, 1, 1, 0], rel=1e-5)
    weights = RNG.random((2, 2, 3, 4), dtype=np.float32)
    assert len(first_filters_panel("conv2d", weights).rows) == 1 + weights.size
    steps, alike = map(rows_of, check_panels(CURVES, STEPS, ("a", "b")))
    assert [row["picture"] for row in steps] == ["a"] * 3 + ["b"] * 3
    assert (steps[4]["share_of_pixels"], steps[4]["deletion"], steps[4]["random_insertion"]) == ("0.5", "0.4", "0.43")
    assert [(row["random_layers"], row["picture"], row["rank_correlation"]) for row in alike] == [
        ("1", "a", "0.5"), ("1", "b", "-0.25"), ("2", "a", "0.125"), ("2", "b", "0"),
    ]  # fmt: skip


def test_a_crop_without_evidence_has_areas_and_no_shares():
    part = evaluated()
    rows = rows_of(evidence_panel(part, masked(part)))
    assert [row["crop"] for row in rows] == [part.items[at].file for at in (2, 5, 7)]
    assert [row["share_background"] for row in rows] == ["0.25", "", "0.25"]
    assert [row["share_of_plain_map_cloth"] for row in rows] == ["0.6"] * 3
    assert [row["area_background"] for row in rows] == ["0.5"] * 3
    assert rows[0]["screenshot"] == part.items[2].screenshot


def test_every_figure_of_an_explanation_is_a_png_with_its_values_beside_it(tmp_path):
    part = evaluated()
    shown = cases()
    maps = RNG.normal(size=(2, 3, 6, 2)).astype(np.float32)
    climbed = RNG.integers(0, 256, size=(2, 8, 8, 3), dtype=np.uint8)
    panels = [
        *map_grid_panels(shown, maps, CLASSES, each=False, exact=True),
        *activation_panels([activation(6, 2, 3), activation(3, 1, 2, "conv2d_2")], (60, 20)),
        first_filters_panel("conv2d_1", RNG.random((3, 3, 3, 3), dtype=np.float32)),
        filter_images_panel("conv2d_2", 2, climbed, np.zeros(2, np.float32), np.ones(2, np.float32)),
        *check_panels(CURVES, STEPS, shown.names),
        evidence_panel(part, masked(part)),
    ]
    for panel in panels:
        write_panel(panel, tmp_path)
    names = [f"maps-{number:02}-{name.removesuffix('.png')}" for number, name in enumerate(shown.names, start=1)]
    names += ["activations-01-conv2d_1", "activations-02-conv2d_2", "filters-01-conv2d_1", "filters-02-conv2d_2"]
    names += ["deletion-insertion", "randomisation", "evidence"]
    for suffix in ("png", "csv"):
        assert sorted(path.name for path in tmp_path.glob(f"*.{suffix}")) == sorted(
            f"{name}.{suffix}" for name in names
        )
