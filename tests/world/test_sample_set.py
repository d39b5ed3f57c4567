import collections
import hashlib

import pytest
from PIL import Image

from toonvision.world.sample_set import draw_sample_set, draw_screenshot, plan_sample_set, street_counts


def totals(plans):
    counted = collections.Counter((plan.street, label) for plan in plans for label in plan.labels)
    return {street: {label: counted[street, label] for label in row} for street, row in street_counts().items()}


def test_counts_of_the_plan_are_those_of_the_table():
    plans = plan_sample_set(seed=5)
    assert totals(plans) == street_counts()
    assert sum(len(plan.labels) for plan in plans) == 1035


def test_a_screenshot_holds_one_to_four_figures():
    plans = plan_sample_set(seed=0)
    assert {len(plan.labels) for plan in plans} == {1, 2, 3, 4}
    assert 450 <= len(plans) <= 560


def test_names_are_unique_and_begin_with_the_street():
    plans = plan_sample_set(seed=0)
    assert len({plan.name for plan in plans}) == len(plans)
    assert all(plan.name.startswith(f"{plan.street}_") for plan in plans)


@pytest.mark.parametrize("scale", [0.01, 0.1, 0.5])
def test_a_small_world_keeps_two_of_every_label_that_lives_anywhere(scale):
    kept = collections.Counter(label for plan in plan_sample_set(seed=1, scale=scale) for label in plan.labels)
    whole = {label: sum(row[label] for row in street_counts().values()) for label in street_counts()["ttc"]}
    for label, count in whole.items():
        assert (kept[label] >= 2) if count else (kept[label] == 0)


def test_labels_stay_on_the_streets_where_they_live():
    counts = street_counts()
    assert all(counts[plan.street][label] for plan in plan_sample_set(seed=1, scale=0.02) for label in plan.labels)


def test_a_larger_scale_multiplies_the_counts():
    assert sum(len(plan.labels) for plan in plan_sample_set(seed=0, scale=2.0)) == 2070


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf")])
def test_a_scale_that_is_no_number_above_zero_is_refused(scale):
    with pytest.raises(ValueError, match="scale must be a number above 0; got"):
        plan_sample_set(seed=0, scale=scale)


def test_the_same_seed_plans_the_same_and_another_does_not():
    assert plan_sample_set(seed=4, scale=0.1) == plan_sample_set(seed=4, scale=0.1)
    assert plan_sample_set(seed=4) != plan_sample_set(seed=5)


def test_two_seeds_share_no_picture():
    pictures = [draw_screenshot(plan)[0].tobytes() for seed in (0, 1) for plan in plan_sample_set(seed=seed)[:3]]
    assert len(set(pictures)) == 6


@pytest.fixture
def few_plans(monkeypatch):
    """Draw two screenshots of each of two streets only; the plans travel to the processes as arguments."""
    plans = plan_sample_set(seed=2, scale=0.05)
    chosen = tuple(plan for street in ("dg", "ttc") for plan in [p for p in plans if p.street == street][:2])
    monkeypatch.setattr("toonvision.world.sample_set.plan_sample_set", lambda **_: chosen)
    return chosen


def test_files_are_the_same_bytes_with_one_and_two_workers(tmp_path, few_plans):
    drawn = {
        workers: list(draw_sample_set(tmp_path / str(workers), seed=2, scale=0.05, workers=workers))
        for workers in (1, 2)
    }
    assert drawn[1] == drawn[2]
    for plan in few_plans:
        one, two = (
            hashlib.sha256((tmp_path / str(workers) / plan.street / f"{plan.name}.png").read_bytes()).hexdigest()
            for workers in (1, 2)
        )
        assert one == two


def test_screenshots_come_in_the_order_of_the_plan_with_their_file(tmp_path, few_plans):
    for plan, drawn in zip(few_plans, draw_sample_set(tmp_path, seed=2, workers=1), strict=True):
        assert (drawn.name, drawn.street) == (plan.name, plan.street)
        assert tuple(seen.label for seen in drawn.objects) == plan.labels
        with Image.open(tmp_path / drawn.street / f"{drawn.name}.png") as picture:
            assert (picture.size, picture.mode) == (drawn.size_wh, "RGB")
    assert not list(tmp_path.rglob(".tmp-*"))
