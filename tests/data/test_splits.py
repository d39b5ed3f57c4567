import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import crop, files_property, open_to_all, tried, unprivileged
from toonvision.core.errors import EnvironmentFaultError, Finding, InputRejectedError, UsageError
from toonvision.data.splits import (
    SIXTY_TWENTY_TWENTY,
    Ratios,
    Split,
    has_split,
    read_split,
    read_splits,
    screenshot_keys,
    split_digest,
    split_names,
    write_split,
)
from toonvision.data.subsets import SUBSETS

TEXT = """\
# 60/20/20, seed 7
screenshot,subset
garden/one.png,train
house/two.png,test
"""
keys = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=20)


def written(folder, content, name="default"):
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def test_a_split_is_a_file_that_a_person_can_read(tmp_path):
    subsets = {"house/two.png": "test", "garden/one.png": "train"}
    path = write_split(tmp_path / "splits", Split("default", subsets, SIXTY_TWENTY_TWENTY, 7))
    assert path == tmp_path / "splits" / "default.csv"
    assert path.read_text() == TEXT


@files_property
@given(
    subsets=st.dictionaries(keys, st.sampled_from(SUBSETS)),
    seed=st.integers(0, 2**32 - 1),
    made=st.sampled_from(["drawn", "by hand", "from the source", "from the source, in part drawn"]),
)
def test_a_split_is_read_back_as_it_was_written(tmp_path, subsets, seed, made):
    split = {
        "drawn": Split("mine", subsets, SIXTY_TWENTY_TWENTY, seed),
        "by hand": Split("mine", subsets),
        "from the source": Split("mine", subsets, from_source=True),
        "from the source, in part drawn": Split("mine", subsets, seed=seed, from_source=True),
    }[made]
    write_split(tmp_path, split, replace=True)
    assert read_split(tmp_path, "mine") == split


@pytest.mark.parametrize(
    "text",
    [
        "screenshot,subset\na.png,val\n",
        "\ufeffscreenshot,subset\r\na.png,val\r\n",
        "# mine\n# of last week\nscreenshot,subset\n\na.png,val\n\n",
        'screenshot,subset\n"a.png","val"',
    ],
    ids=["plain", "from a spreadsheet", "comments and blank lines", "quoted"],
)
def test_a_split_written_by_hand_is_read(tmp_path, text):
    assert read_split(written(tmp_path, text), "default") == Split("default", {"a.png": "val"})


BROKEN = [
    ("", "line 1: must be the header screenshot,subset; got ''"),
    ("a.png,train\n", "line 1: must be the header screenshot,subset; got 'a.png,train'"),
    (f"{TEXT}new.png,validate\n", "line 5: a subset is train, val, test; got 'validate'"),
    (f"{TEXT}new.png\n", "line 5: must be a screenshot and its subset; got 'new.png'"),
    (f"{TEXT},train\n", "line 5: must be a screenshot and its subset; got ',train'"),
    (f"{TEXT}garden/one.png,test\n", "line 5: the screenshot 'garden/one.png' stands in the file twice"),
    (f'{TEXT}"new.png,test\n', "is not CSV"),
    (TEXT.replace("60/20/20", "60/20/30"), "line 1: split ratios must be positive and sum to 100"),
    (b"screenshot,subset\n\xff.png,train\n", "is not UTF-8 text. Save it as UTF-8 and run again."),
]


@pytest.mark.parametrize(("content", "words"), BROKEN, ids=range(len(BROKEN)))
def test_a_file_that_breaks_a_rule_is_refused_with_the_line(tmp_path, content, words):
    with pytest.raises(InputRejectedError) as caught:
        read_split(written(tmp_path, content), "default")
    assert str(caught.value).startswith(f"{tmp_path / 'default.csv'}: ")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_in_the_place_of_a_split_is_refused(tmp_path):
    (tmp_path / "default.csv").mkdir()
    with pytest.raises(InputRejectedError, match="is no regular file"):
        read_split(tmp_path, "default")


@files_property
@given(content=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: f"{TEXT}{text}".encode())))
def test_any_bytes_are_a_split_or_refused(tmp_path, content):
    split, _ = tried(InputRejectedError, read_split, written(tmp_path, content), "default")
    assert split is None or set(split.subsets.values()) <= set(SUBSETS)


def test_an_unknown_split_lists_the_known_ones(tmp_path):
    with pytest.raises(UsageError, match="There is none yet. Run: toonvision split"):
        read_split(tmp_path / "splits", "default")
    written(tmp_path, TEXT)
    written(tmp_path, TEXT, ".tmp-1")
    with pytest.raises(UsageError) as caught:
        read_split(tmp_path, "defualt")
    assert str(caught.value) == "no split is called 'defualt'. There are: default."
    assert split_names(tmp_path) == ["default"]


def test_a_folder_of_splits_that_may_not_be_read_is_named_and_not_taken_as_empty():
    with open_to_all() as base:
        folder = base / "splits"
        write_split(folder, Split("default", {"a.png": "train"}))
        for mode in (0, 0o444, 0o111):
            folder.chmod(mode)
            with unprivileged():
                assert read_splits(folder) == (
                    [], [Finding("splits", "may not be read", "allow reading", "split")]
                )  # fmt: skip
                for asked in (read_split, has_split):
                    with pytest.raises(EnvironmentFaultError, match=r"splits: may not be read\. Allow"):
                        asked(folder, "default")
                with pytest.raises(EnvironmentFaultError, match=r"splits: may not be read\. Allow"):
                    write_split(folder, Split("default", {"a.png": "train"}), replace=True)
        folder.chmod(0o755)
        assert has_split(folder, "default")
        assert not has_split(folder, "other")


@pytest.mark.parametrize("name", ["", "../default", "a/b", "ü", ".hidden", "a" * 101])
def test_a_name_that_no_file_should_have_is_refused(tmp_path, name):
    for call in (lambda: read_split(tmp_path, name), lambda: write_split(tmp_path, Split(name, {}))):
        with pytest.raises(UsageError, match="the name of a split is made of"):
            call()


def test_a_split_is_replaced_only_where_that_is_asked_for(tmp_path):
    write_split(tmp_path, Split("default", {"a.png": "train"}))
    other = Split("default", {"a.png": "val"})
    with pytest.raises(UsageError, match="there is a split called 'default' already"):
        write_split(tmp_path, other)
    assert read_split(tmp_path, "default").subsets == {"a.png": "train"}
    write_split(tmp_path, other, replace=True)
    assert read_split(tmp_path, "default") == other


def test_crops_belong_to_the_subset_of_their_screenshot_and_newer_ones_to_none():
    split = Split("mine", {"0.png": "val", "../more/1.png": "test"})
    assert [split.subset_of(crop(n, shot=shot)) for n, shot in enumerate((0, 0, 1))] == ["val", "val", None]


def test_screenshots_of_one_path_in_two_sources_are_named_with_the_source():
    shots = [crop(0), crop(1), dataclasses.replace(crop(2), source="../more", screenshot="1.png")]
    keys = screenshot_keys((shot.source, shot.screenshot) for shot in shots)
    assert set(keys.values()) == {"0.png", "screenshots/1.png", "../more/1.png"}
    split = Split("mine", {"0.png": "val", "screenshots/1.png": "train", "../more/1.png": "test"})
    assert [split.subset_of(shot) for shot in shots] == ["val", "train", "test"]


def test_the_digest_is_that_of_the_first_version():
    split = Split("mine", {"0.png": "train", "1.png": "val", "2.png": "test"})
    assert split_digest([crop(0), crop(1), crop(2)], split) == "6729b1ac822f9c3f"


@pytest.mark.parametrize("text", ["60/20/20", "1/1/98", "98/1/1"])
def test_ratios_are_written_as_they_are_read(text):
    assert str(Ratios.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", "60/40", "60/20/10/10", "60-20-20", "60/20/2O", "60.0/20/20", "-60/80/80", "６０/20/20"]
)
def test_ratios_that_are_not_three_whole_percentages_are_refused(text):
    with pytest.raises(UsageError, match="split ratios are three whole percentages; got"):
        Ratios.parse(text)


@pytest.mark.parametrize("shares", [(60, 20, 30), (100, 0, 0), (50, 50, 0), (120, -10, -10)])
def test_ratios_that_leave_a_subset_empty_or_do_not_make_a_whole_are_refused(shares):
    total = sum(shares)
    with pytest.raises(UsageError) as caught:
        Ratios(*shares)
    assert str(caught.value) == (
        f"split ratios must be positive and sum to 100; got {'/'.join(map(str, shares))} ({total}). "
        "Write e.g. --ratios 60/20/20."
    )
