import dataclasses
import tomllib
from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import (
    LABELS,
    SETTINGS_TEXT,
    Shot,
    crop,
    files_property,
    make_workspace,
    mark_of,
    scene,
    small_shots,
)
from toonvision.core.errors import InputRejectedError
from toonvision.data.catalog import StoredScreenshot
from toonvision.data.extraction import extract
from toonvision.data.groups import group_keys
from toonvision.data.split_plan import naive_subsets, plan_split, summarize_split
from toonvision.data.splits import SIXTY_TWENTY_TWENTY, Ratios
from toonvision.data.subsets import SUBSETS
from toonvision.data.workspace import WorkspaceTable

SMALL = WorkspaceTable.model_validate(tomllib.loads(SETTINGS_TEXT)).taxonomy.build()
ratios_drawn = (
    st.tuples(st.integers(1, 98), st.integers(1, 98))
    .filter(lambda r: sum(r) < 100)
    .map(lambda r: Ratios(*r, 100 - sum(r)))
)
seeds = st.integers(0, 1000)


@st.composite
def annotated_screenshots(draw):
    """Crops of 3 to 14 screenshots of 1 to 4 objects; some screenshots show the scene of one of the first three."""
    crops = []
    for shot in range(draw(st.integers(3, 14))):
        name = f"{chr(ord('a') + shot)}.png"  # letters: numbers would make a series
        scene_shown = draw(st.integers(0, 2)) if shot >= 3 and draw(st.booleans()) else shot
        mark = mark_of(scene_shown, draw(st.lists(st.integers(0, 255), max_size=6, unique=True)))
        for label in draw(st.lists(st.sampled_from(LABELS), min_size=1, max_size=4)):
            one = crop(len(crops), label, shot=shot, fingerprint=mark, context=str(scene_shown))
            crops.append(dataclasses.replace(one, screenshot=name))
    return crops


def screenshots_of(crops, *, empty=()):
    """The screenshots of crops, and some without objects: from a mark to a context."""
    shots = {c.screenshot_id: c for c in crops}.values()
    rows = [
        StoredScreenshot(c.screenshot_id, c.source, c.screenshot, c.context, (9, 9), "", c.fingerprint) for c in shots
    ]
    return rows + [
        StoredScreenshot(1000 + n, "screenshots", f"empty {n}.png", context, (9, 9), "", mark)
        for n, (mark, context) in enumerate(empty)
    ]


@files_property
@given(crops=annotated_screenshots(), ratios=ratios_drawn, seed=seeds)
def test_every_screenshot_has_one_subset_and_the_same_seed_gives_the_same_split(crops, ratios, seed):
    plan = plan_split(crops, ratios=ratios, seed=seed)
    assert set(plan.subsets) == {c.screenshot for c in crops}
    assert set(plan.subsets.values()) <= set(SUBSETS)
    assert (plan.ratios, plan.seed) == (ratios, seed)
    assert plan == plan_split(list(crops), ratios=ratios, seed=seed)


@files_property
@given(crops=annotated_screenshots(), seed=seeds)
def test_crops_of_near_duplicate_screenshots_never_straddle_a_split(crops, seed):
    plan = plan_split(crops, ratios=SIXTY_TWENTY_TWENTY, seed=seed)
    subsets = defaultdict(set)
    for c in crops:
        subsets[c.context].add(plan.subset_of(c))  # which here names the scene
    assert all(len(found) == 1 for found in subsets.values())
    assert summarize_split(plan, crops, SMALL).torn == ()


def test_another_seed_gives_another_split():
    crops = [crop(index, LABELS[index % 3]) for index in range(60)]
    plans = [plan_split(crops, ratios=SIXTY_TWENTY_TWENTY, seed=seed).subsets for seed in range(5)]
    assert len({tuple(sorted(subsets.items())) for subsets in plans}) == 5


def test_a_split_is_the_same_on_every_machine_and_with_every_version():
    crops = [crop(index, LABELS[index % 3]) for index in range(12)]
    plan = plan_split(crops, ratios=SIXTY_TWENTY_TWENTY, seed=0)
    assert " ".join(plan.subset_of(c) for c in crops) == (
        "train test train test train test val val train train train val"
    )


@files_property
@given(
    counts=st.tuples(*[st.integers(0, 40)] * 3).filter(lambda counts: sum(counts) >= 3), ratios=ratios_drawn, seed=seeds
)
def test_single_crops_are_dealt_to_within_one_of_the_ratios_for_every_label(counts, ratios, seed):
    labels = [label for label, count in zip(LABELS, counts, strict=True) for _ in range(count)]
    crops = [crop(index, label) for index, label in enumerate(labels)]
    plan = plan_split(crops, ratios=ratios, seed=seed)
    dealt = Counter((c.label, plan.subset_of(c)) for c in crops)
    for label, count in zip(LABELS, counts, strict=True):
        asked = [count * share / 100 for share in ratios.shares]
        first = sum(max(0, 1 - number) for number in asked) if count >= len(SUBSETS) else 0  # one each comes first
        for subset, number in zip(SUBSETS, asked, strict=True):
            assert abs(dealt[label, subset] - number) < 1 + first


@pytest.mark.parametrize(
    ("ratios", "count", "dealt"),
    [("80/10/10", 3, (1, 1, 1)), ("70/15/15", 3, (1, 1, 1)), ("90/5/5", 10, (8, 1, 1))],
)
def test_of_three_screenshots_of_a_label_each_subset_gets_one_whatever_the_ratios(ratios, count, dealt):
    crops = [crop(index, LABELS[index % 2]) for index in range(2 * count)]
    for seed in range(5):
        plan = plan_split(crops, ratios=Ratios.parse(ratios), seed=seed)
        found = Counter((c.label, plan.subset_of(c)) for c in crops)
        for label in LABELS[:2]:
            assert tuple(found[label, subset] for subset in SUBSETS) == dealt


def test_labels_that_share_their_screenshots_are_in_each_subset_too_whatever_the_ratios():
    shown = [LABELS, LABELS[:1], LABELS[1:], LABELS[2:], LABELS[:2], LABELS[::2]]
    crops = [
        crop(4 * shot + at, label, shot=shot) for shot, labels in enumerate(shown) for at, label in enumerate(labels)
    ]
    for seed in range(5):
        plan = plan_split(crops, ratios=Ratios(90, 5, 5), seed=seed)
        assert {(c.label, plan.subset_of(c)) for c in crops} == {(one, subset) for one in LABELS for subset in SUBSETS}


@pytest.mark.parametrize("ratios", ["60/20/20", "90/5/5"])
def test_no_subset_is_left_empty_where_each_screenshot_shows_another_label(ratios):
    crops = [crop(at, LABELS[at], shot=at) for at in range(3)]
    for seed in range(5):
        plan = plan_split(crops, ratios=Ratios.parse(ratios), seed=seed)
        assert {plan.subset_of(one) for one in crops} == set(SUBSETS)


def test_groups_of_mixed_labels_stay_near_the_ratios():
    rng = np.random.default_rng(0)
    crops = []
    for shot in range(120):
        for label in rng.choice(LABELS, size=rng.integers(1, 5), p=[0.6, 0.3, 0.1]):
            crops.append(crop(len(crops), str(label), shot=shot))
    plan = plan_split(crops, ratios=SIXTY_TWENTY_TWENTY, seed=0)
    label, deviation = summarize_split(plan, crops, SMALL).largest_deviation
    assert label in LABELS
    assert deviation <= 2


@files_property
@given(crops=annotated_screenshots(), seed=seeds, empty=st.lists(st.integers(0, 40), min_size=1, max_size=12))
def test_screenshots_without_objects_have_a_subset_and_change_nobody_elses(crops, seed, empty):
    shots = screenshots_of(crops, empty=[(mark_of(scene_shown), "garden") for scene_shown in empty])
    without = plan_split(crops, ratios=SIXTY_TWENTY_TWENTY, seed=seed)
    plan = plan_split(crops, ratios=SIXTY_TWENTY_TWENTY, seed=seed, screenshots=shots)
    assert plan.subsets.items() >= without.subsets.items()
    assert all(plan.subset_of(shot) for shot in shots)
    summary = summarize_split(plan, crops, SMALL, screenshots=shots)
    assert sum(summary.empty) == len(empty)
    assert plan == plan_split(crops, ratios=SIXTY_TWENTY_TWENTY, seed=seed, screenshots=shots)


def test_screenshots_without_objects_are_spread_over_contexts_and_join_their_near_duplicates():
    crops = [crop(index, LABELS[index % 3]) for index in range(12)]
    empty = [(mark_of(100 + n), ("garden", "house")[n % 2]) for n in range(20)]
    twin = (mark_of(crops[1].screenshot_id, changed=[3]), "garden")
    shots = screenshots_of(crops, empty=[*empty, twin])
    plan = plan_split(crops, ratios=SIXTY_TWENTY_TWENTY, seed=0, screenshots=shots)
    counts = Counter((shot.context, plan.subset_of(shot)) for shot in shots[12:-1])
    assert counts == {(context, subset): n for context in ("garden", "house")
                      for subset, n in zip(SUBSETS, (6, 2, 2), strict=True)}  # fmt: skip
    assert plan.subset_of(shots[-1]) == plan.subset_of(crops[1])


def test_naive_subsets_have_the_sizes_of_the_split_and_tear_screenshots_apart():
    crops = [crop(index, LABELS[index % 3], shot=index // 4) for index in range(80)]
    split = plan_split(crops[:70], ratios=SIXTY_TWENTY_TWENTY, seed=0)
    naive = naive_subsets(crops, split, seed=0)
    known = [c for c in crops if split.subset_of(c)]
    assert naive.keys() == {c.id for c in known}
    assert Counter((c.label, naive[c.id]) for c in known) == Counter((c.label, split.subset_of(c)) for c in known)
    shots = {c.screenshot for c in known}
    torn = [shot for shot in shots if len({naive[c.id] for c in known if c.screenshot == shot}) > 1]
    assert len(torn) > len(shots) / 2
    assert naive == naive_subsets(crops, split, seed=0) != naive_subsets(crops, split, seed=1)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_screenshots_are_refused(count):
    crops = [crop(index, shot=index % max(1, count)) for index in range(5 if count else 0)]
    with pytest.raises(InputRejectedError, match=f"a split needs at least 3 screenshots; got {count}"):
        plan_split(crops, ratios=SIXTY_TWENTY_TWENTY, seed=0)


def test_near_duplicate_pictures_are_grouped_from_the_files_on(tmp_path):
    shots = [dataclasses.replace(shot, size_wh=(340, 240)) for shot in small_shots()[:6]]
    twin = Shot("twin", "house", shots[0].objects, size_wh=(340, 240))
    workspace = make_workspace(tmp_path, [*shots, twin])
    original = scene("garden/shot_00", (340, 240), shots[0].objects)
    again = original.resize((680, 480)).resize((340, 240)).point(lambda level: round(0.95 * level))
    again.save(tmp_path / "screenshots" / "house" / "twin.png")
    extract(workspace)
    crops = workspace.known_crops()
    keys = {c.screenshot: key for c, key in zip(crops, group_keys(crops), strict=True)}
    assert keys["house/twin.png"] == keys["garden/shot_00.png"]
    assert len(set(keys.values())) == 6
    plan = plan_split(crops, ratios=SIXTY_TWENTY_TWENTY, seed=3)
    summary = summarize_split(plan, crops, workspace.taxonomy)
    assert summary.groups == 6
    assert summary.near_duplicate_groups == (("garden/shot_00.png", "house/twin.png"),)
    assert summary.near_duplicates == 2


def test_near_duplicates_of_one_name_in_two_sources_are_reported_too():
    crops = [
        dataclasses.replace(crop(index), screenshot="shot.png" if index < 2 else f"{index}.png") for index in range(8)
    ]
    crops[1] = dataclasses.replace(crops[1], source="../more", fingerprint=crops[0].fingerprint)
    plan = plan_split(crops, ratios=SIXTY_TWENTY_TWENTY, seed=0)
    assert {"screenshots/shot.png", "../more/shot.png", "2.png"} < plan.subsets.keys()
    summary = summarize_split(plan, crops, SMALL)
    assert summary.near_duplicate_groups == (("shot.png", "shot.png"),)
    assert summary.near_duplicates == 2


def test_the_summary_counts_subsets_by_class():
    crops = [crop(index, LABELS[index % 3]) for index in range(30)]
    plan = plan_split(crops, ratios=SIXTY_TWENTY_TWENTY, seed=0, name="mine")
    summary = summarize_split(plan, crops, SMALL)
    labels, kinds = summary.tables
    assert summary.name == "mine"
    assert labels.counts.tolist() == [[6, 2, 2]] * 3
    assert kinds.counts.tolist() == [[12, 4, 4], [6, 2, 2]]
    assert summary.achieved == (60, 20, 20)
    assert summary.groups == 30
    assert summary.near_duplicates == 0
    assert summary.largest_deviation[1] == 0


def test_crops_that_came_after_a_split_are_in_none_of_its_subsets():
    crops = [crop(index, LABELS[index % 3]) for index in range(30)]
    plan = plan_split(crops, ratios=SIXTY_TWENTY_TWENTY, seed=0)
    later = [*crops, crop(99)]
    before, after = (summarize_split(plan, some, SMALL) for some in (crops, later))
    assert after.tables[0].counts.tolist() == before.tables[0].counts.tolist() == [[6, 2, 2]] * 3
    assert after.groups == 30
