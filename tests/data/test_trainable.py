import tomllib

from hypothesis import given
from hypothesis import strategies as st

from toonvision.data.trainable import ignoring, untrainable


def one(counts):
    (finding,) = untrainable(counts)
    return finding


def test_labels_with_three_objects_each_can_be_learned():
    assert untrainable({"cat": 3, "dog": 40}) == ()
    assert untrainable({"cat": 3, "dog": 40, "bird": 0}) == ()


def test_one_label_alone_is_named_with_what_to_annotate():
    finding = one({"cat": 24})
    assert (
        finding.reason == "all 24 objects have the label 'cat'; a model needs at least two labels, to tell them apart"
    )
    assert "annotate something else too" in finding.remedy
    assert finding.code == "one-label"
    assert not finding.skips
    assert untrainable({"cat": 1})[0].reason.startswith("the only object has the label 'cat'")


def test_every_label_with_one_or_two_objects_is_named_with_the_setting_that_leaves_it_out():
    single, two = untrainable({"cat": 9, "dog": 9, "bird": 1, "an ox": 1, "cow": 2})
    assert single.reason.startswith("the labels 'bird' and 'an ox' have 1 object each; train, val and test need one")
    assert 'write ignore = ["bird", "an ox"] under [labels] in toonvision.toml' in single.remedy
    assert two.reason.startswith("the label 'cow' has 2 objects; ")
    assert (single.code, two.code) == ("single-object", "two-objects")


def test_leaving_out_is_no_way_where_fewer_than_two_labels_would_be_left():
    assert "ignore" not in one({"cat": 9, "dog": 2}).remedy
    assert one({"cat": 9, "dog": 2}).remedy == "annotate more of it"


def test_a_rare_spelling_can_be_joined_with_the_common_one():
    assert (
        'join what is another spelling: write flunky = ["flunkey"] under [labels.same]'
        in one({"flunky": 9, "toon": 9, "flunkey": 1}).remedy
    )
    assert "spelling" not in one({"class_1": 9, "class_2": 1, "toon": 9}).remedy


@given(labels=st.lists(st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), min_size=1), min_size=1))
def test_the_setting_that_is_printed_is_toml_with_the_very_labels(labels):
    line = ignoring(labels).removeprefix("write ").removesuffix(" under [labels] in toonvision.toml")
    assert tomllib.loads(line) == {"ignore": labels}
