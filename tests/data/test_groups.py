import dataclasses
import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import LABELS, SETTINGS_TEXT, Shot, crop, files_property, make_workspace, mark_of, small_shots
from toonvision.core.errors import InputRejectedError
from toonvision.data.extraction import extract
from toonvision.data.fingerprints import differences
from toonvision.data.groups import find_groups, group_keys, linked
from toonvision.data.split_plan import plan_split, summarize_split
from toonvision.data.splits import SIXTY_TWENTY_TWENTY
from toonvision.data.subsets import SUBSETS
from toonvision.data.workspace import open_workspace

NEAR, COPIES, RECORDING, PATTERN = (
    "near-duplicates", "copies of one source", "frames of one recording", "what the pattern joins",
)  # fmt: skip


def walk(count, *, pace, seed=0):
    """Fingerprints of a recording in which frames differ from the one before in `pace` of 256 steps, or in turn."""
    paces = pace if isinstance(pace, tuple) else (pace,)
    rng = np.random.default_rng(seed)
    marks, turned = [], set()
    for frame in range(count):
        marks.append(mark_of(seed, sorted(turned)))
        turned ^= set(rng.choice(256, paces[frame % len(paces)], replace=False).tolist())
    return marks


def shots_of(names, marks, *, labels=("apple",), recording=lambda _: ""):
    """A crop of each screenshot."""
    return [
        dataclasses.replace(
            crop(at, labels[at % len(labels)], fingerprint=mark), screenshot=name, recording=recording(name)
        )
        for at, (name, mark) in enumerate(zip(names, marks, strict=True))
    ]


def groups_of(names, marks):
    """The groups of more than one screenshot: reasons and names."""
    return [
        (group.reasons, [shot.screenshot for shot in group.shots])
        for group in linked(shots_of(names, marks))
        if len(group.shots) > 1
    ]


def numbered(count, stem="shot"):
    return [f"{stem}_{number:03}.png" for number in range(count)]


def strangers(count, *, first=1000):
    return [mark_of(first + number) for number in range(count)]


def test_numbered_screenshots_that_do_not_resemble_each_other_stand_alone():
    assert groups_of(numbered(20), strangers(20)) == []


def test_numbered_screenshots_that_change_little_from_one_to_the_next_are_a_recording():
    names = numbered(20)
    assert 0.22 < differences(walk(2, pace=70), [(0, 1)])[0] < 0.4
    assert groups_of(names, walk(20, pace=70)) == [((RECORDING,), names)]
    shuffled = random.Random(0).sample(list(zip(names, walk(20, pace=70), strict=True)), 20)
    assert groups_of(*zip(*shuffled, strict=True)) == [((RECORDING,), names)]


def test_the_same_pictures_under_names_without_numbers_are_no_recording():
    assert groups_of([f"{letter}.png" for letter in "abcdefgh"], walk(8, pace=70)) == []


def test_a_recording_in_the_middle_of_other_screenshots_is_found_alone():
    names = numbered(20)
    marks = [*strangers(8), *walk(4, pace=70), *strangers(8, first=2000)]
    assert groups_of(names, marks) == [((RECORDING,), names[8:12])]


def test_where_at_least_half_of_the_neighbours_change_little_the_whole_series_is_one_recording():
    marks = walk(16, pace=(70, 120))
    assert 0.42 < differences(marks, [(1, 2)])[0] < 0.54
    assert groups_of(numbered(16), marks) == [((RECORDING,), numbered(16))]


def test_recordings_that_go_on_in_one_numbering_are_told_apart_by_their_cuts():
    marks = [*walk(6, pace=70), *walk(6, pace=70, seed=1), *walk(6, pace=70, seed=2)]
    assert groups_of(numbered(18), marks) == [((RECORDING,), numbered(18)[at : at + 6]) for at in (0, 6, 12)]


def test_screenshots_that_were_each_saved_twice_are_pairs_and_no_recording():
    marks = [mark for mark in strangers(10) for _ in range(2)]
    assert groups_of(numbered(20), marks) == [((NEAR,), numbered(20)[at : at + 2]) for at in range(0, 20, 2)]


def test_frames_of_a_still_camera_are_near_duplicates_and_a_recording():
    assert groups_of(numbered(6), walk(6, pace=4)) == [((NEAR, RECORDING), numbered(6))]


def test_screenshots_that_are_all_alike_are_no_recording():
    """Such as those of a game whose frame fills most of the screen."""
    rng = np.random.default_rng(0)
    marks = [mark_of(0, rng.choice(256, 45, replace=False).tolist()) for _ in range(20)]
    assert differences(marks, [(0, 1), (0, 9)]) == pytest.approx([0.33, 0.33], abs=0.09)
    assert groups_of(numbered(20), marks) == []


def test_names_that_say_video_are_a_recording_whatever_they_show():
    names = [*numbered(5, "frame"), *numbered(5, "other")]
    assert groups_of(names, strangers(10)) == [((RECORDING,), names[:5])]


def test_screenshots_seconds_apart_are_a_recording_and_after_minutes_a_new_one_begins():
    names = [f"2024-05-01_14-{minute:02}-{second:02}.png" for minute in (0, 30) for second in (0, 3, 6)]
    assert groups_of(names, walk(6, pace=115)) == [((RECORDING,), names[:3]), ((RECORDING,), names[3:])]
    far = [f"2024-05-01_14-0{minute}-00.png" for minute in range(6)]
    assert groups_of(far, walk(6, pace=115)) == []


def test_copies_of_one_source_are_a_group_and_their_series_is_seen_through_them():
    names = [f"shot_{at:02}_png.rf.{copy}123456789abcdef.jpg" for at in range(6) for copy in "ab"]
    found = groups_of(names, strangers(12))
    assert found == [((COPIES,), names[at : at + 2]) for at in range(0, 12, 2)]
    walked = [mark for pair in zip(walk(6, pace=70), strangers(6), strict=True) for mark in pair]
    assert groups_of(names, walked) == [((COPIES, RECORDING), names)]


def test_the_pattern_of_the_settings_joins_what_it_finds():
    names = ["a/s1_x.png", "b/s2_y.png", "c/s1_z.png", "none.png", "nothing.png"]
    found = linked(shots_of(names, strangers(5), recording=lambda name: name[2:4] if "/" in name else ""))
    assert [[shot.screenshot for shot in group.shots] for group in found] == [
        ["a/s1_x.png", "c/s1_z.png"], ["b/s2_y.png"], ["none.png"], ["nothing.png"],
    ]  # fmt: skip
    assert found[0].reasons == (PATTERN,)


def test_a_video_alone_is_cut_in_time_so_that_it_can_be_split():
    crops = shots_of(numbered(60, "frame"), strangers(60), labels=("apple", "pear"))
    (group,) = find_groups(crops)
    assert [len(block) for block in group.blocks] == [12] * 5
    assert [shot.screenshot for block in group.blocks for shot in block] == numbered(60, "frame")
    plan = plan_split(crops, ratios=SIXTY_TWENTY_TWENTY, seed=0)
    subsets = [plan.subset_of(shot) for shot in group.shots]
    assert sum(one != other for one, other in pairwise(subsets)) <= 4
    assert [subsets.count(subset) for subset in SUBSETS] == [36, 12, 12]


def test_three_recordings_stay_whole():
    names = [name for stem in ("video_a", "video_b", "video_c") for name in numbered(10, stem)]
    groups = find_groups(shots_of(names, strangers(30)))
    assert [len(group.shots) for group in groups] == [10, 10, 10]
    assert not any(group.is_cut for group in groups)


def test_a_recording_is_cut_for_the_sake_of_a_label_that_lies_in_no_other():
    names = [*numbered(12, "frame"), *(f"{letter}.png" for letter in "abcdef")]
    crops = shots_of(names, strangers(18))
    crops += [dataclasses.replace(one, id=100 + at, label="pear") for at, one in enumerate(crops[:12:2])]
    cut = [group for group in find_groups(crops) if group.is_cut]
    assert [group.labels for group in cut] == [("pear",)]
    plan = plan_split(crops, ratios=SIXTY_TWENTY_TWENTY, seed=0)
    assert {plan.subset_of(one) for one in crops if one.label == "pear"} == set(SUBSETS)


def test_near_duplicates_are_never_cut_and_too_few_groups_are_refused_with_the_reason():
    crops = shots_of([f"{letter}.png" for letter in "abcdefgh"], [mark_of(0)] * 8)
    with pytest.raises(
        InputRejectedError, match=r"3 groups of screenshots that do not belong together \(near-dup.*got 1"
    ):
        plan_split(crops, ratios=SIXTY_TWENTY_TWENTY, seed=0)


@st.composite
def mixed(draw):
    """Crops of videos, copies, numbered and other screenshots, with one to three labels each."""
    clips = [f"video{clip}_frame_" for clip in range(draw(st.integers(0, 4)))]
    names = [
        *(f"{clip}{at}.png" for clip in clips for at in range(draw(st.integers(1, 9)))),
        *(f"s{at}_png.rf.{copy}123456789.jpg" for at in range(draw(st.integers(0, 4))) for copy in "abc"),
        *(f"{letter}.png" for letter in "abcdefgh"[: draw(st.integers(0, 8))]),
    ]  # fmt: skip
    crops = []
    for at, name in enumerate(names):
        for label in draw(st.lists(st.sampled_from(LABELS), min_size=1, max_size=3, unique=True)):
            one = crop(len(crops), label, shot=at, fingerprint=mark_of(draw(st.integers(0, 30))))
            crops.append(dataclasses.replace(one, screenshot=name))
    return crops


@files_property
@given(crops=mixed(), seed=st.integers(0, 99))
def test_what_belongs_together_lies_in_one_subset_unless_a_recording_has_to_be_cut(crops, seed):
    groups = find_groups(crops)
    blocks = [block for group in groups for block in group.blocks]
    assert sorted(shot.screenshot for block in blocks for shot in block) == sorted({one.screenshot for one in crops})
    for group in groups:
        assert [shot for block in group.blocks for shot in block] == list(group.shots)
        assert not group.is_cut or {RECORDING, PATTERN} & set(group.reasons)
    keys = dict(zip((one.screenshot for one in crops), group_keys(crops), strict=True))
    assert len({keys[block[0].screenshot] for block in blocks}) == len(blocks)
    assert all(len({keys[shot.screenshot] for shot in block}) == 1 for block in blocks)
    if len(blocks) >= 3:
        plan = plan_split(crops, ratios=SIXTY_TWENTY_TWENTY, seed=seed)
        assert not any(plan.tears(block) for block in blocks)


@pytest.mark.parametrize(
    ("pattern", "rule"), [("(", "regular expression"), ("(a+)+b", "repeated"), ("a*b*c*d*e", "3"), ("x" * 201, "200")]
)
def test_a_pattern_that_cannot_be_used_is_refused_with_file_and_key(tmp_path, pattern, rule):
    workspace = make_workspace(tmp_path, small_shots())
    settings = workspace.root / "toonvision.toml"
    settings.write_text(f'{SETTINGS_TEXT}\n[groups]\npattern = "{pattern}"\n')
    with pytest.raises(InputRejectedError, match=rf"toonvision\.toml, line \d+, groups\.pattern: .*{rule}"):
        open_workspace(workspace.root)


def test_the_pattern_reaches_the_split_through_the_settings(tmp_path):
    named = [f"s{at % 4}_{'abc'[at // 4]}" for at in range(12)]
    shots = [Shot(name, "garden", shot.objects) for name, shot in zip(named, small_shots(), strict=True)]
    workspace = make_workspace(tmp_path, shots)
    extract(workspace)
    settings = workspace.root / "toonvision.toml"
    settings.write_text(f'{SETTINGS_TEXT}\n[groups]\npattern = "/s(?P<group>[0-9])_"\n')
    workspace = open_workspace(workspace.root)
    with workspace.reading() as catalog:
        crops, screenshots = catalog.crops(), catalog.screenshots()
    assert {shot.recording for shot in screenshots} == {one.recording for one in crops} == set("0123")
    plan = plan_split(crops, ratios=SIXTY_TWENTY_TWENTY, seed=0, screenshots=screenshots)
    summary = summarize_split(plan, crops, workspace.taxonomy, screenshots=screenshots)
    assert {group.reason for group in summary.joined} == {PATTERN}
    assert summary.groups == 4
