import json
import math
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import files_property, tried
from toonvision.core.errors import RejectedItemError
from toonvision.data.attributes import attributes_path, decoded, encoded, read_attributes, write_attributes

names = st.from_regex(r"[a-z0-9_]{1,64}", fullmatch=True).filter(lambda name: name != "number")
words = st.text(st.characters(exclude_categories=("C", "Z")), max_size=200).filter(str.isprintable)
numbers = st.one_of(st.integers(), st.integers(-(10**307), 10**307), st.floats(allow_nan=False, allow_infinity=False))
attributes = st.dictionaries(names, st.one_of(words, numbers, st.booleans()), max_size=8)
objects = st.dictionaries(st.integers(1, 10**6), attributes, max_size=6)


def exact(value):
    """Distinguish 1 from 1.0 and true, and 0.0 from -0.0, as equality does not."""
    return repr(sorted((key, sorted(row.items())) for key, row in value.items()))


@files_property
@given(described=objects)
def test_what_is_written_is_read_back_exactly(tmp_path_factory, described):
    path = tmp_path_factory.mktemp("written") / "shot.attributes.json"
    write_attributes(path, described)
    assert exact(read_attributes(path)) == exact(described)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


@files_property
@given(described=objects)
def test_the_same_attributes_give_the_same_bytes_in_whatever_order_they_came(tmp_path_factory, described):
    folder = tmp_path_factory.mktemp("orders")
    turned = {key: dict(reversed(row.items())) for key, row in reversed(described.items())}
    write_attributes(folder / "a", described)
    write_attributes(folder / "b", turned)
    assert (folder / "a").read_bytes() == (folder / "b").read_bytes()


@given(row=attributes)
def test_the_text_of_one_object_is_read_back_exactly(row):
    assert exact({1: decoded(encoded(row))}) == exact({1: row})


def test_the_file_is_one_that_a_person_can_read(tmp_path):
    path = tmp_path / "shot.attributes.json"
    write_attributes(path, {3: {}, 1: {"view": "vorn ü", "occluded": 0.12, "blurred": True}})
    assert path.read_text(encoding="utf-8") == (
        '{"objects": [\n  {"number": 1, "blurred": true, "occluded": 0.12, "view": "vorn ü"},\n  {"number": 3}\n]}\n'
    )


def test_the_file_is_named_after_the_stem_whatever_the_suffix():
    assert {attributes_path(Path("garden", name)).name for name in ("a.b.png", "a.b.xml", "a.b.JPG")} == {
        "a.b.attributes.json"
    }


def row(**changes):
    return json.dumps({"objects": [{"number": 1, **changes}]})


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("", "bad-json", "cannot be read as JSON"),
        ("{", "bad-json", "cannot be read as JSON"),
        ("\0\xff", "bad-json", "cannot be read as JSON"),
        ("[" * 100_000, "bad-json", "cannot be read as JSON"),
        ('{"objects": [{"number": 1, "a": ' + "9" * 5000 + "}]}", "bad-json", "cannot be read as JSON"),
        ('{"objects": [{"number": 1, "a": 1, "a": 2}]}', "bad-json", "the key 'a' comes twice"),
        ("[]", "bad-attributes", "must be one list called objects; got []"),
        ("{}", "bad-attributes", "must be one list called objects; got {}"),
        ('{"objects": {}}', "bad-attributes", "must be one list called objects"),
        (
            '{"objects": [], "more": 1}',
            "bad-attributes",
            "must be one list called objects; got {'more': 1, 'objects': []}",
        ),
        ('{"objects": [3]}', "bad-attributes", "entry 1 of objects must have a number and attributes; got 3"),
        ('{"objects": [{"view": "x"}]}', "bad-attributes", "number must be the position of an object"),
        (row(number=0), "bad-attributes", "from 1 to 1000000; got 0"),
        (row(number=True), "bad-attributes", "got True"),
        (row(number=1.0), "bad-attributes", "got 1.0"),
        (row(number=10**30), "bad-attributes", "got 1000000"),
        ('{"objects": [{"number": 2}, {"number": 2}]}', "bad-attributes", "describes object 2 twice"),
        (row(View="x"), "bad-attributes", "the name of an attribute has 1 to 64 lower-case letters"),
        (row(**{"": "x"}), "bad-attributes", "object 1 has ''"),
        (row(**{"größe": "x"}), "bad-attributes", "object 1 has 'größe'"),
        (row(**{"a\n": "x"}), "bad-attributes", "object 1 has 'a\\n'"),
        (row(**{"a" * 65: "x"}), "bad-attributes", "object 1 has 'aaa"),
        (row(view=None), "bad-attributes", "view of object 1 must be a word, a finite number, true or false; got None"),
        (row(view=["x"]), "bad-attributes", "got ['x']"),
        (row(fog=math.nan), "bad-attributes", "got nan"),
        ('{"objects": [{"number": 1, "fog": 1e400}]}', "bad-attributes", "got inf"),
        (row(fog=10**400), "bad-attributes", "got 1000000"),
        (row(view="x" * 201), "bad-attributes", "view of object 1 must be a word of at most 200 characters"),
        (row(view="a\tb"), "bad-attributes", "got 'a\\tb'"),
        (row(view="\ud800"), "bad-attributes", "that can be printed"),
        (row(**{f"a{n}": n for n in range(65)}), "bad-attributes", "object 1 can have at most 64 attributes; got 65"),
        (" " * 1_000_001, "too-large", "is too large"),
    ],
    ids=range(32),
)
def test_a_file_that_breaks_a_rule_is_refused_with_the_rule_and_what_came(tmp_path, text, code, words):
    path = tmp_path / "shot.attributes.json"
    path.write_bytes(text.encode("latin-1" if "\xff" in text else "utf-8"))
    with pytest.raises(RejectedItemError) as caught:
        read_attributes(path)
    assert words in caught.value.reason
    assert caught.value.code == code
    assert caught.value.remedy
    assert len(caught.value.reason) < 400


def test_a_file_with_a_byte_order_mark_is_read(tmp_path):
    path = tmp_path / "shot.attributes.json"
    path.write_text(row(view="x"), encoding="utf-8-sig")
    assert read_attributes(path) == {1: {"view": "x"}}


def test_the_largest_values_that_the_rules_allow_are_read(tmp_path):
    path = tmp_path / "shot.attributes.json"
    largest = {f"{n:064}": "x" * 200 for n in range(64)}
    write_attributes(path, {1_000_000: largest})
    assert read_attributes(path) == {1_000_000: largest}


def test_a_missing_file_and_a_pipe_are_refused_rather_than_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name in ("none", "pipe"):
        with pytest.raises(RejectedItemError) as caught:
            read_attributes(tmp_path / name)
        assert caught.value.code == "unreadable"


@pytest.mark.parametrize(
    "described",
    [
        {0: {}},
        {True: {"a": 1}},
        {1: {"number": 1}},
        {1: {"a b": 1}},
        {1: {"a": math.inf}},
        {1: {"a": None}},
        {1: {"a": "\n"}},
        {n: {f"a{k}": "x" * 200 for k in range(64)} for n in range(1, 100)},
    ],
    ids=range(8),
)
def test_what_could_not_be_read_back_is_not_written_and_the_old_file_stays(tmp_path, described):
    path = tmp_path / "shot.attributes.json"
    path.write_text("old")
    with pytest.raises(RejectedItemError):
        write_attributes(path, described)
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=6,
)
rows = st.dictionaries(st.one_of(st.just("number"), names, st.text(max_size=3)), json_values, max_size=4)


@files_property
@given(content=st.one_of(st.binary(max_size=40), st.lists(rows, max_size=3).map(lambda r: json.dumps({"objects": r}))))
def test_any_file_is_read_or_refused(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("any")
    (folder / "a").write_bytes(content if isinstance(content, bytes) else content.encode())
    found, error = tried(RejectedItemError, read_attributes, folder / "a")
    if error is None:
        write_attributes(folder / "b", found)
        assert exact(read_attributes(folder / "b")) == exact(found)
