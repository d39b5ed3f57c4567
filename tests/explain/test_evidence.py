import numpy as np
import pytest

from toonvision.core.seeds import generator
from toonvision.data.masks import REGIONS
from toonvision.explain.evidence import (
    SHOWN_REGIONS,
    Evidence,
    bootstrap_intervals,
    distinctive,
    enlarge,
    evidence_warnings,
    measure_evidence,
    summarise,
)

MASK = np.zeros((4, 6), np.uint8)
MASK[:, 3:] = 2
MASK[0, 3:] = 3


def evidence_of(background, area=0.5, *, crops=40, spread=0.05):
    """Evidence of crops that have a share on the background and the rest on cloth."""
    share = np.clip(generator(0, "test").normal(background, spread, crops), 0, 1)
    zero = np.zeros(crops)
    shares = np.stack([share, zero, 1 - share, zero, zero], axis=1)
    areas = np.tile([area, 0, 1 - area, 0, 0], (crops, 1))
    return Evidence(shares, areas)


def test_shares_are_sums_of_positive_evidence_by_region():
    one = np.zeros((4, 6), np.float32)
    one[0, 0], one[2, 4], one[0, 5], one[3, 3] = 1, 2, 5, -100
    found = measure_evidence(one[np.newaxis], [MASK])
    assert found.shares[0].tolist() == pytest.approx([1 / 8, 0, 2 / 8, 5 / 8, 0])
    assert found.areas[0].tolist() == pytest.approx([12 / 24, 0, 9 / 24, 3 / 24, 0])
    assert found.share("figure")[0] == pytest.approx(7 / 8)
    assert found.area("figure")[0] == pytest.approx(0.5)


def test_an_even_map_has_the_shares_of_the_area():
    found = measure_evidence(np.full((1, 2, 3), 0.3, np.float32), [MASK])
    assert found.shares == pytest.approx(found.areas)


def test_small_maps_are_enlarged_smoothly_to_the_mask():
    wide = enlarge(np.array([[0.0, 1.0]], np.float32), (2, 8))
    assert wide.shape == (2, 8)
    assert (np.diff(wide[0]) >= 0).all()
    assert (wide[0, 0], wide[0, -1]) == (0, 1)


def test_a_map_without_positive_evidence_is_counted_but_not_averaged():
    maps = np.stack([np.full((4, 6), -1.0), np.ones((4, 6))]).astype(np.float32)
    found = measure_evidence(maps, [MASK, MASK])
    assert np.isnan(found.shares[0]).all()
    (group,) = summarise(found, ["all", "all"])
    assert (group.crops, group.empty) == (1, 1)
    assert group.of("figure").share == pytest.approx(0.5)
    assert "in 1 of 2 images nothing speaks for the class" in evidence_warnings(group)[0]


def test_a_group_of_nothing_but_empty_maps_has_no_share():
    found = measure_evidence(np.zeros((1, 4, 6), np.float32), [MASK])
    (group,) = summarise(found, ["all"])
    assert np.isnan(group.of("figure").share)
    assert group.of("figure").interval == (0, 1)


def test_groups_come_in_their_order_with_an_entry_for_each_region():
    groups = summarise(evidence_of(0.3, crops=4), ["b", "a", "b", "b"])
    assert [(group.name, group.crops) for group in groups] == [("b", 3), ("a", 1)]
    assert [region.region for region in groups[0].regions] == list(SHOWN_REGIONS)
    assert groups[0].of("cloth").share + groups[0].of("background").share == pytest.approx(1)
    assert len(REGIONS) == 5


def test_intervals_hold_the_mean_narrow_with_samples_and_repeat_by_seed():
    values = generator(1, "test").random((400, 1))
    ((low, high),) = bootstrap_intervals(values, range(400), generator(0, "a"))
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * values.std() / np.sqrt(400), rel=0.1)
    assert bootstrap_intervals(values, range(400), generator(0, "a")) == ((low, high),)
    (few,) = bootstrap_intervals(values[:20], range(20), generator(0, "a"))
    assert few[1] - few[0] > 2 * (high - low)


def test_intervals_are_as_wide_as_the_screenshots_are_few_whatever_the_crops():
    values = generator(1, "test").random((40, 2))
    alone = np.array(bootstrap_intervals(values, range(40), generator(0, "a")))
    alike = np.array(bootstrap_intervals(values.repeat(5, axis=0), np.arange(40).repeat(5).tolist(), generator(0, "a")))
    assert alike == pytest.approx(alone)
    as_if_strangers = np.array(bootstrap_intervals(values.repeat(5, axis=0), range(200), generator(0, "a")))
    assert np.ptp(alike, axis=1) == pytest.approx(np.sqrt(5) * np.ptp(as_if_strangers, axis=1), rel=0.15)


def test_one_screenshot_proves_nothing_however_many_its_crops():
    found = evidence_of(0.8, crops=30)
    (group,) = summarise(found, ["All"] * 30, screenshots=["street/1.png"] * 30)
    assert (group.crops, group.screenshots) == (30, 1)
    assert {region.interval for region in group.regions} == {(0, 1)}
    assert evidence_warnings(group) == ()
    (group,) = summarise(found, ["All"] * 30, screenshots=[f"street/{crop // 2}.png" for crop in range(30)])
    assert group.screenshots == 15
    assert len(evidence_warnings(group)) == 1


def test_evidence_on_the_figure_is_not_warned_of():
    (group,) = summarise(evidence_of(0.2), ["All"] * 40)
    assert evidence_warnings(group) == ()


def test_evidence_on_the_background_is_said_with_its_area():
    (group,) = summarise(evidence_of(0.8), ["All"] * 40)
    (warning,) = evidence_warnings(group)
    assert warning.startswith("All: the background decides more than it should: 8")
    assert "on 50 % of the area" in warning


def test_evidence_that_lies_as_the_area_does_is_said():
    (group,) = summarise(evidence_of(0.5, spread=0.1), ["All"] * 40)
    (warning,) = evidence_warnings(group)
    assert "does not look for the figure" in warning


def test_distinctive_maps_lose_what_all_pictures_or_all_classes_share():
    rng = generator(2, "test")
    own = rng.normal(size=(6, 3, 4, 5)).astype(np.float32)
    of_all_pictures = rng.normal(size=(1, 3, 4, 5)).astype(np.float32)
    of_all_classes = rng.normal(size=(6, 1, 4, 5)).astype(np.float32)
    plain = distinctive(own)
    assert distinctive(own + of_all_pictures + of_all_classes) == pytest.approx(plain, abs=1e-5)
    assert plain.sum(axis=1) == pytest.approx(0, abs=1e-5)
    assert plain.mean(axis=0) == pytest.approx(0, abs=1e-5)


def test_distinctive_maps_still_sum_to_differences_of_logits():
    values = generator(3, "test").normal(size=(5, 3, 4, 5)).astype(np.float32)
    logits = values.sum(axis=(2, 3))
    sums = distinctive(values).sum(axis=(2, 3))
    gap = logits - logits.mean(axis=0)
    assert sums[:, 0] - sums[:, 2] == pytest.approx(gap[:, 0] - gap[:, 2], abs=1e-4)
