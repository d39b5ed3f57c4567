import shutil
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import SETTINGS_TEXT, Shot, files_property, make_workspace, small_shots
from toonvision.core.errors import InputRejectedError, UsageError
from toonvision.data.check import check_splits
from toonvision.data.extraction import extract
from toonvision.data.own_split import own_subsets, take_over
from toonvision.data.splits import read_split
from toonvision.data.subsets import SUBSETS

WITHOUT_CONTEXTS = SETTINGS_TEXT.replace(
    '[taxonomy.contexts]\ngarden = { title = "Garden" }\nhouse = { title = "House" }\n', ""
)


def workspace_of(root, folders):
    """An extracted workspace; the folder of each picture is called like the given one."""
    shots = [
        Shot(f"{'abcdefghijkl'[at]}{shot.stem[:4]}", folder, shot.objects)
        for at, (shot, folder) in enumerate(zip(small_shots(), folders, strict=False))
    ]
    workspace = make_workspace(root, shots, settings_text=WITHOUT_CONTEXTS)
    extract(workspace)
    return workspace


def test_the_source_s_subsets_are_taken_over_as_they_are(tmp_path):
    workspace = workspace_of(tmp_path, ["train"] * 6 + ["valid"] * 3 + ["test"] * 3)
    taken = take_over(workspace, seed=0)
    folder_of = {"train": "train", "val": "valid", "test": "test"}
    assert all(key.startswith(folder_of[subset]) for key, subset in taken.split.subsets.items())
    assert Counter(taken.split.subsets.values()) == {"train": 6, "val": 3, "test": 3}
    assert (taken.left_out, taken.drawn, taken.findings) == ((), (), ())
    assert (workspace.splits / "default.csv").read_text().startswith("# from the source\nscreenshot,subset\n")
    assert read_split(workspace.splits, "default") == taken.split


@pytest.mark.parametrize(
    ("folders", "drawn", "sizes"),
    [
        (["train"] * 9 + ["test"] * 3, ("val",), {"train": 7, "val": 2, "test": 3}),
        (["train"] * 9 + ["val"] * 3, ("test",), {"train": 7, "val": 3, "test": 2}),
        (["train"] * 12, ("val", "test"), {"train": 8, "val": 2, "test": 2}),
    ],
)
def test_a_subset_that_the_source_has_not_is_drawn_from_train_and_that_is_said(tmp_path, folders, drawn, sizes):
    workspace = workspace_of(tmp_path, folders)
    taken = take_over(workspace, seed=3)
    assert taken.drawn == drawn
    counts = Counter(taken.split.subsets.values())
    assert all(abs(counts[subset] - size) <= 1 for subset, size in sizes.items())
    assert [finding.item for finding in taken.findings] == list(drawn)
    assert "20 % of train were drawn for it, with seed 3" in taken.findings[0].reason
    assert (workspace.splits / "default.csv").read_text().startswith("# from the source, seed 3\n")
    assert read_split(workspace.splits, "default") == taken.split == take_over(workspace, seed=3).split
    of_others = {key: subset for key, subset in taken.split.subsets.items() if not key.startswith("train/")}
    assert all(key.split("/")[0] == subset for key, subset in of_others.items())


@pytest.mark.parametrize("seed", range(5))
def test_no_subset_is_drawn_from_pictures_whose_twins_are_elsewhere_while_others_are_enough(tmp_path, seed):
    workspace = workspace_of(tmp_path, ["train"] * 8 + ["valid"] * 4)
    shots = sorted(path for path in (tmp_path / "screenshots").rglob("*.png"))
    train, valid = ([path for path in shots if path.parent.name == folder] for folder in ("train", "valid"))
    for first, second in zip(train[:4], valid, strict=True):
        shutil.copy(first, second)
    extract(workspace)
    split = take_over(workspace, seed=seed).split
    assert {path.name: split.subsets[f"train/{path.name}"] for path in train[:4]} == {
        path.name: "train" for path in train[:4]
    }
    assert "test" in {split.subsets[f"train/{path.name}"] for path in train[4:]}


@pytest.mark.parametrize("pictures", [1, 2])
def test_where_train_is_too_small_nothing_is_drawn_from_it_and_that_is_said(tmp_path, pictures):
    workspace = workspace_of(tmp_path, ["train"] * pictures + ["val"] * (12 - pictures))
    taken = take_over(workspace, seed=0)
    assert (taken.drawn, taken.empty) == ((), ("test",))
    (finding,) = taken.findings
    assert (finding.item, finding.code) == ("test", "too-small")
    assert "were drawn" not in finding.reason
    assert Counter(taken.split.subsets.values()) == {"train": pictures, "val": 12 - pictures}


def test_pictures_that_the_source_puts_nowhere_are_left_out_named_and_no_fault(tmp_path):
    workspace = workspace_of(tmp_path, ["train"] * 6 + ["val"] * 2 + ["test"] * 2 + ["more"] * 2)
    taken = take_over(workspace, seed=0)
    assert len(taken.left_out) == 2
    assert [finding.item for finding in taken.findings] == list(taken.left_out)
    assert all(key.startswith("more/") for key in taken.left_out)
    assert not taken.split.subsets.keys() & set(taken.left_out)
    checked = check_splits(workspace, workspace.known())
    assert checked.faults == ()
    (doubt,) = [doubt for doubt in checked.doubts if doubt.code == "uncovered"]
    assert "lie in no subset of the source" in doubt.reason


@pytest.mark.parametrize(
    ("folders", "rule"),
    [
        (["garden", "house"] * 6, "have no split of their own: .* puts an object into just one of train, val and test"),
        (["test"] * 12, "put no object into train alone"),
    ],
)
def test_without_subsets_or_without_train_there_is_one_refusal_with_the_way_on(tmp_path, folders, rule):
    workspace = workspace_of(tmp_path, folders)
    with pytest.raises(InputRejectedError, match=f"the sources {rule}.*: toonvision split$"):
        take_over(workspace, seed=0)
    assert not workspace.splits.exists()


def test_another_split_is_replaced_only_if_asked(tmp_path):
    workspace = workspace_of(tmp_path, ["train"] * 9 + ["test"] * 3)
    take_over(workspace, seed=0)
    with pytest.raises(UsageError, match="there is a split called 'default' already"):
        take_over(workspace, seed=1)
    take_over(workspace, seed=1, replace=True)


@files_property
@given(folders=st.lists(st.sampled_from(["train", "val", "test", "more"]), min_size=8, max_size=12))
def test_every_picture_is_where_the_source_has_it_or_drawn_from_train_or_left_out(tmp_path_factory, folders):
    folders = ["train"] * 5 + folders[5:]
    workspace = workspace_of(tmp_path_factory.mktemp("own"), folders)
    own = own_subsets(workspace)
    taken = take_over(workspace, seed=0)
    shots = workspace.known().screenshots
    assert {shot.name for shot in shots} == taken.split.subsets.keys() | set(taken.left_out)
    for shot in shots:
        stated, subset = own.get((shot.source, shot.name)), taken.split.subset_of(shot)
        assert subset == stated or (stated == "train" and subset in taken.drawn)
    assert set(taken.split.subsets.values()) == set(SUBSETS)
