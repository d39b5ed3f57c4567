import collections

import pytest

from make_starts import plan_walks
from toonvision.world.entities import LABELS
from toonvision.world.screenshot_plans import plan_sample_set, plan_video, street_counts


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
def test_a_scale_that_is_not_above_zero_is_refused(scale):
    with pytest.raises(ValueError, match="scale must be a number above 0; got"):
        plan_sample_set(seed=0, scale=scale)


def test_the_same_seed_plans_the_same_and_another_does_not():
    assert plan_sample_set(seed=4, scale=0.1) == plan_sample_set(seed=4, scale=0.1)
    assert plan_sample_set(seed=4) != plan_sample_set(seed=5)


def test_a_balanced_set_has_five_of_every_label_on_every_street():
    counted = totals(plan_sample_set(seed=0, balanced=True))
    assert counted == {street: dict.fromkeys(LABELS, 5) for street in street_counts()}


def test_a_balanced_set_can_be_scaled():
    counted = totals(plan_sample_set(seed=0, balanced=True, scale=0.2))
    assert counted == {street: dict.fromkeys(LABELS, 1) for street in street_counts()}


def test_a_video_is_one_sequence_in_one_street_with_cogs_and_toons():
    plans = plan_video(12, seed=3)
    assert [plan.frame for plan in plans] == list(range(12))
    assert len({(plan.street, plan.labels) for plan in plans}) == 1
    assert {label.partition("_")[0] for label in plans[0].labels} == {"cog", "toon"}
    assert len({plan.name for plan in plans}) == 12


def test_a_longer_video_begins_like_a_shorter_one():
    assert plan_video(20, seed=3)[:5] == plan_video(5, seed=3)


def test_a_video_without_frames_is_refused():
    with pytest.raises(ValueError, match="at least one frame; got 0"):
        plan_video(0, seed=0)


def test_walks_are_single_frames_of_as_many_sequences_and_the_same_from_the_same_seed():
    walks = plan_walks(40, seed=3)
    assert len({walk.name for walk in walks}) == len({walk.seed for walk in walks}) == len(walks) == 40
    assert all(walk.frame is not None for walk in walks)
    assert len({walk.frame for walk in walks}) > 20
    assert walks == plan_walks(40, seed=3) != plan_walks(40, seed=4)
    assert walks[:10] == plan_walks(10, seed=3)
