import dataclasses
import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import LABELS, SETTINGS_TEXT, crop, tried
from toonvision.core.errors import InputRejectedError
from toonvision.data.label_rules import AS_THEY_ARE, ignoring
from toonvision.data.split_plan import class_groups, subset_table
from toonvision.data.splits import Split, read_split
from toonvision.data.trainable import missing_labels, require_trainable, untrainable
from toonvision.data.workspace import WorkspaceTable

SMALL = WorkspaceTable.model_validate(tomllib.loads(SETTINGS_TEXT)).taxonomy.build()
DRAWN = Split("default", {})


def one(counts):
    (finding,) = untrainable(counts)
    return finding


def test_labels_with_three_objects_each_can_be_learned():
    assert untrainable({"cat": 3, "dog": 40}) == ()
    assert untrainable({"cat": 3, "dog": 40, "bird": 0}) == ()


def test_one_label_alone_is_named_with_what_to_annotate():
    finding = one({"cat": 24})
    assert (
        finding.reason == "all 24 objects have the label 'cat'; a model needs at least two labels, to distinguish them"
    )
    assert "annotate something else too" in finding.remedy
    assert finding.code == "one-label"
    assert not finding.skips
    assert untrainable({"cat": 1})[0].reason.startswith("the only object has the label 'cat'")


def test_one_label_is_enough_to_find_objects():
    assert untrainable({"cat": 24}, finds=True) == ()
    assert [finding.code for finding in untrainable({"cat": 2}, finds=True)] == ["few-objects"]
    with pytest.raises(InputRejectedError) as refused:
        require_trainable(table_of({"apple": "rvt"}), DRAWN, ("detect",), dict)
    assert str(refused.value).endswith("To find such objects without naming them: toonvision train detect")


def test_every_label_with_one_or_two_objects_is_named_with_the_setting_that_leaves_it_out():
    finding = one({"cat": 9, "dog": 9, "bird": 1, "an ox": 1, "cow": 2})
    assert finding.reason == (
        "the labels 'bird' (1), 'an ox' (1) and 'cow' (2) have fewer than 3 objects, but train, val and test need one "
        "each; with a single one no model can be trained"
    )
    assert 'write ignore = ["bird", "an ox", "cow"] under [labels] in toonvision.toml' in finding.remedy
    many = one({"cat": 9, "dog": 9, **dict.fromkeys("abcdefg", 2)})
    assert many.reason.startswith("the labels 'a' (2), 'b' (2), 'c' (2), 'd' (2), 'e' (2) and 2 more have fewer than 3")
    assert f"ignore = {json.dumps(list('abcdefg'))}" in many.remedy
    assert one({"cat": 9, "dog": 9, "cow": 2}).reason.endswith("need one each")


def test_leaving_out_is_no_way_where_fewer_than_two_labels_would_be_left():
    assert "ignore" not in one({"cat": 9, "dog": 2}).remedy
    assert one({"cat": 9, "dog": 2}).remedy == "annotate more of it"


def test_where_no_remedy_names_the_rare_labels_the_reason_names_all():
    rare = one({"cat": 9, **dict.fromkeys("abcdefg", 2)})
    assert all(f"{label!r} (2)" in rare.reason for label in "abcdefg")
    assert "ignore" not in rare.remedy
    (missing,) = missing_labels(Split("mine", {}), table_of({"apple": "rvt", **dict.fromkeys(LABELS[1:], "rrv")}))
    assert all(repr(label) in missing.reason for label in LABELS[1:])


def test_a_rare_spelling_can_be_joined_with_the_common_one():
    assert (
        'join what is another spelling: write flunky = ["flunkey"] under [labels.same]'
        in one({"flunky": 9, "toon": 9, "flunkey": 1}).remedy
    )
    assert 'big_flunky = ["big_flunkey"]' in one({"big_flunky": 9, "toon": 9, "big_flunkey": 1}).remedy
    assert "spelling" not in one({"class_1": 9, "class_2": 1, "toon": 9}).remedy
    assert "spelling" not in one({"toon_mouse": 9, "toon_horse": 1, "toon_dog": 9}).remedy
    assert "spelling" not in one({"toon_cat": 9, "toon_car": 1, "big_dog": 9}).remedy


@pytest.mark.parametrize(
    ("common", "rare"), [("toon_cat", "toon_Cat"), ("big_red", "BIG_RED"), ("blue_dog", "blue_dgo")]
)
def test_a_rare_spelling_that_differs_by_case_or_swapped_letters_can_be_joined(common, rare):
    assert f'{common} = ["{rare}"]' in one({common: 9, "apple": 9, rare: 1}).remedy


def test_labels_that_differ_by_punctuation_alone_are_named_with_the_setting_that_joins_them():
    finding = one(
        {"cat_": 4, "cat": 30, "c++": 3, "c": 3, "tom cat": 5, "Tom-Cat": 9, "tomcat": 3, "ox 1": 4, "ox 11": 4}
    )
    assert finding.reason == (
        "labels are spelled alike, and a model learns to distinguish them: 'cat' (30) and 'cat_' (4); 'Tom-Cat' (9) "
        "and 'tom cat' (5); 'c' (3) and 'c++' (3)"
    )
    assert finding.remedy == (
        'if they are one, write cat = ["cat_"] and Tom-Cat = ["tom cat"] and c = ["c++"] under [labels.same] in '
        "toonvision.toml"
    )
    assert not finding.skips
    assert untrainable({"+": 9, "-": 9, "é": 9, "e": 9}) == ()


@given(labels=st.lists(st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), min_size=1), min_size=1))
def test_the_setting_that_is_printed_is_toml_with_the_very_labels(labels):
    line = ignoring(labels, AS_THEY_ARE).removeprefix("write ").removesuffix(" under [labels] in toonvision.toml")
    assert tomllib.loads(line) == {"ignore": labels}


def table_of(parts):
    """Make a table of subsets from label to the subsets of its crops, given by letters: r, v, t."""
    pairs = [(label, letter) for label, letters in parts.items() for letter in letters]
    crops = [crop(index, label) for index, (label, _) in enumerate(pairs)]
    names = {"r": "train", "v": "val", "t": "test"}
    subsets = {c.screenshot: names[letter] for c, (_, letter) in zip(crops, pairs, strict=True)}
    return subset_table(SMALL.level("label"), Split("mine", subsets), crops, SMALL)


MORE = "Annotate more screenshots"
UNTRAINABLE = [
    ({}, "needs at least two classes with samples; got 0", "none", MORE),
    (
        {"apple": "rrv"},
        "needs at least two classes with samples; got 1",
        "apple 2/1/0",
        "Annotate something else too, under a label of its own",
    ),
    (
        {"apple": "rvr", "pear": "rvt", "stone": "r"},
        "needs two samples of every class that has any; stone has one",
        "apple 2/1/0, pear 1/1/1, stone 1/0/0",
        'Annotate more of it, or leave it out: write ignore = ["stone"] under [labels] in toonvision.toml',
    ),
    (
        {"apple": "rvr", "pear": "tt", "stone": "r"},
        "needs two samples of every class that has any; stone has one",
        "apple 2/1/0, pear 0/0/2, stone 1/0/0",
        "Annotate more of them",
    ),
    (
        {"apple": "rv", "pear": "vr"},
        "needs samples in every subset; test has none",
        "apple 1/1/0, pear 1/1/0",
        f"{MORE}, of other scenes",
    ),
]


@pytest.mark.parametrize(("parts", "rule", "counts", "remedy"), UNTRAINABLE)
def test_what_cannot_be_trained_is_refused_with_classes_counts_and_the_way_out(parts, rule, counts, remedy):
    table = table_of(parts)
    with pytest.raises(InputRejectedError) as caught:
        require_trainable(table, DRAWN, (), lambda: dict.fromkeys(parts, 2))
    assert str(caught.value) == (
        f"training {rule}. Samples in train/val/test: {counts}. {remedy}; then run toonvision extract and toonvision "
        "split --force."
    )


def test_an_empty_subset_is_filled_by_the_split_of_that_name_where_there_are_enough_samples():
    table, mine = table_of({"apple": "rrr", "pear": "rrrr"}), Split("mine", {})
    with pytest.raises(InputRejectedError, match=r"val and test have none\..*: toonvision split --name mine --force$"):
        require_trainable(table, mine, (), lambda: {"apple": 3, "pear": 4})
    of_source = dataclasses.replace(mine, from_source=True)
    with pytest.raises(
        InputRejectedError, match=r"Annotate more .* extract and toonvision split --name mine --force --from-source\.$"
    ):
        require_trainable(table, of_source, (), lambda: {"apple": 3, "pear": 4})


def test_an_empty_subset_is_not_filled_by_objects_of_screenshots_that_stay_together(own_workspace):
    with own_workspace.reading() as catalog:
        mark, lettered = catalog.crops()[0].fingerprint, str.maketrans("0123456789", "abcdefghij")  # no series
        crops = [
            dataclasses.replace(one, fingerprint=mark, screenshot=one.screenshot.translate(lettered))
            for one in catalog.crops()
        ]
    level, taxonomy = own_workspace.taxonomy.level("kind"), own_workspace.taxonomy
    split = Split("default", {one.screenshot: "train" for one in crops})
    table = subset_table(level, split, crops, taxonomy)
    assert table.totals.min() >= 3
    with pytest.raises(InputRejectedError, match=r"Annotate more screenshots, of other scenes; then run"):
        require_trainable(table, split, (), lambda: class_groups(level, crops, taxonomy))


@given(parts=st.dictionaries(st.sampled_from(LABELS), st.text("rvt", max_size=4)))
def test_any_counts_can_be_trained_or_are_refused_with_every_class_and_its_counts(parts):
    present = {label: letters for label, letters in parts.items() if letters}
    enough = len(present) > 1 and all(len(letters) > 1 and "r" in letters for letters in present.values())
    _, error = tried(InputRejectedError, require_trainable, table_of(parts), DRAWN, (), dict)
    assert (error is None) == (enough and set("".join(present.values())) == set("rvt"))
    for label, letters in present.items() if error else ():
        assert f"{label} {'/'.join(str(letters.count(part)) for part in 'rvt')}" in str(error)


def test_two_classes_with_samples_in_every_subset_can_be_trained(small_workspace):
    crops = small_workspace.known_crops()
    split = read_split(small_workspace.splits, "default")
    for level in ("label", "kind"):
        table = subset_table(small_workspace.taxonomy.level(level), split, crops, small_workspace.taxonomy)
        require_trainable(table, split, (), dict)


def test_what_a_split_lacks_is_found_with_the_subset_and_the_way_out():
    assert missing_labels(Split("mine", {}), table_of({"apple": "rvt", "pear": "rrvt"})) == ()
    table = table_of({"apple": "rv", "pear": "rrvt", "stone": "r"})
    (missing,) = missing_labels(Split("mine", {}), table)
    assert missing.item == "split mine"
    assert missing.reason == "no object of 'apple' in test; none of 'stone' in val and test"
    assert missing.remedy == (
        "annotate more of them; then run toonvision extract and toonvision split --name mine --force"
    )
    (of_source,) = missing_labels(Split("mine", {}, from_source=True), table)
    assert of_source.remedy == f"{missing.remedy} --from-source"
    (missing,) = missing_labels(Split("mine", {}), table_of({"apple": "rvt", "pear": "rrvt", "stone": "rrv"}))
    assert 'leave it out: write ignore = ["stone"] under [labels] in toonvision.toml; then run' in missing.remedy
