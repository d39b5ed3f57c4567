import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import tried
from toonvision.core.errors import RejectedItemError
from toonvision.core.files import parse_json

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(value=values)
def test_what_was_written_as_json_is_read_back(value):
    assert parse_json(json.dumps(value).encode()) == value


@given(content=st.binary(max_size=60) | st.text('[]{}",:1nulte ', max_size=30).map(str.encode))
def test_any_bytes_are_json_or_rejected(content):
    _, error = tried(RejectedItemError, parse_json, content)
    assert error is None or error.code == "bad-json"


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "9" * 5000, "", "\0", b"\xff\xfe\xff"])
def test_what_overwhelms_the_parser_is_rejected(text):
    with pytest.raises(RejectedItemError, match="cannot be read as JSON"):
        parse_json(text)


def test_a_key_that_comes_twice_is_rejected_and_named_at_any_depth():
    with pytest.raises(RejectedItemError, match="the key 'b' comes twice"):
        parse_json('{"a": [{"b": 1, "c": 2, "b": 1}]}')


def test_a_repeated_key_among_very_many_is_found_quickly():
    keys = ",".join(f'"{number}":0' for number in range(30_000))
    started = time.process_time()
    with pytest.raises(RejectedItemError, match="the key '29999' comes twice"):
        parse_json(f'{{{keys},"29999":0}}')
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "written", ['"a":1,"a":2', '"a" :1,"a"\n:2', '"a"\t: ":","a": " :"', '"b":"\\":","a":"::","a":0']
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_repeated_key_is_found_whatever_is_written_around_it(written, encoding):
    with pytest.raises(RejectedItemError, match="the key 'a' comes twice"):
        parse_json(f'[{{{written}}}, {{"c" : ":", "d":": "}}]'.encode(encoding))
    once = written.replace('"a"', '"c"', 1)
    assert parse_json(f"{{{once}}}".encode(encoding)) == json.loads(f"{{{once}}}")
