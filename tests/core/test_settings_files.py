import math
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from builders import tried
from toonvision.core.errors import InputRejectedError
from toonvision.core.settings import line_of, read_json, read_settings, write_json


class Row(BaseModel):
    model_config = ConfigDict(extra="forbid")
    size: Annotated[int, Field(ge=1)]
    name: str = ""


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid")
    image: Row
    rows: list[Row] = []


def fault(text, path=Path("my game/toonvision.toml")):
    with pytest.raises(InputRejectedError) as caught:
        read_settings(path, Table, text=text)
    return str(caught.value)


def test_a_fault_names_file_line_key_rule_and_what_was_received():
    assert fault("# my settings\n\n[image]\nname = 'a'\nsize = 0\n") == (
        "my game/toonvision.toml, line 5, image.size: Input should be greater than or equal to 1; got 0. "
        "Correct this key and run again."
    )


def test_a_missing_key_points_at_its_table_and_has_received_nothing():
    assert fault("\n[image]\nname = 'a'\n") == (
        "my game/toonvision.toml, line 2, image.size: Field required. Correct this key and run again."
    )


def test_an_unknown_key_is_named_with_its_line():
    message = fault("[image]\nsize = 3\nsiez = 4\n")
    assert message.startswith("my game/toonvision.toml, line 3, image.siez: Extra inputs are not permitted; got 4.")


def test_every_fault_has_a_line_of_its_own():
    lines = fault("[image]\nsize = 'big'\n[other]\n").splitlines()
    assert [line.split(": ")[0] for line in lines] == [
        "my game/toonvision.toml, line 2, image.size",
        "my game/toonvision.toml, line 3, other",
    ]


def test_a_fault_in_a_later_table_of_a_list_points_at_that_table():
    text = "[image]\nsize = 3\n[[rows]]\nsize = 1\n[[rows]]\nsize = 2\n[[rows]]\nsize = -7\n"
    assert "line 8, rows.2.size: " in fault(text)
    assert "got -7" in fault(text)


def test_text_that_is_no_toml_is_refused_with_line_and_column():
    message = fault("[image]\nsize = = 3\n")
    assert message.startswith("my game/toonvision.toml: not valid TOML: ")
    assert "line 2, column 8" in message


@pytest.mark.parametrize("text", ["a = " + "[" * 5000 + "]" * 5000, "a = " + "9" * 5000], ids=["deep", "long number"])
def test_toml_that_overwhelms_the_parser_is_refused(text):
    assert "not valid TOML" in fault(text)


@given(text=st.text() | st.lists(st.sampled_from([*"[]{}=.\"'\n#12ax ", "image", "size", "rows"])).map("".join))
@example("image = 3")
@example("[image.size]")
@example("[[image]]")
def test_any_text_is_either_read_or_refused_with_the_file_named(text):
    table, error = tried(InputRejectedError, read_settings, Path("f.toml"), Table, text=text)
    if error:
        assert str(error).startswith("f.toml")
    else:
        assert table.image.size >= 1


def test_a_byte_order_mark_is_accepted(tmp_path):
    path = tmp_path / "a.toml"
    path.write_bytes(b"\xef\xbb\xbf[image]\nsize = 3\n")
    assert read_settings(path, Table).image.size == 3


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xfe\x00[\0", "not UTF-8 text"),
        (None, "no such file"),
        ("folder", "is no regular file"),
        ("pipe", "is no regular file"),
    ],
)
def test_a_file_that_cannot_be_read_as_text_is_refused(tmp_path, content, words):
    path = tmp_path / "a.toml"
    if content == "folder":
        path.mkdir()
    elif content == "pipe":
        os.mkfifo(path)
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(InputRejectedError, match=words) as caught:
        read_settings(path, Table)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("content", "keys", "line"),
    [
        ("a = 1\nb = 2", ["b"], 2),
        ("[a]\nb = 1\n[c]\nb = 2", ["c", "b"], 4),
        ("[a.b]\nc = 1", ["a", "b", "c"], 2),
        ('[labels]\n"x y" = { kind = "q" }', ["labels", "x y", "kind"], 2),
        ("a.b = 1", ["a", "b"], 1),
        ("a = 1", ["missing"], 1),
        ("", [], 1),
    ],
)
def test_the_line_of_a_key_is_that_of_its_innermost_written_name(content, keys, line):
    assert line_of(content, keys) == line


@dataclass(frozen=True)
class Stored:
    name: str
    score: float


def test_what_is_written_as_json_is_read_again_and_what_json_has_no_word_for_leaves_the_file_as_it_was(tmp_path):
    path, stored = tmp_path / "one.json", Stored("Bär \N{PANDA FACE}", 0.1)
    write_json(path, asdict(stored))
    assert path.read_bytes().isascii()
    assert read_json(path, Stored, what="a test", missing="") == stored
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, asdict(Stored("none", math.nan)))
    assert read_json(path, Stored, what="a test", missing="") == stored
