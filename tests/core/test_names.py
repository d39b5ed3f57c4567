import os

import pytest

from toonvision.core.errors import UsageError
from toonvision.core.names import derived_name, folded, free_name, plain_name


@pytest.mark.parametrize("name", ["compact-1", "a", "A.b_c-d", "x" * 100])
def test_a_plain_name_is_returned_unchanged(name):
    assert plain_name(name, "a run") == name


@pytest.mark.parametrize("name", ["", "..", ".hidden", "-x", "a/b", "a\\b", "a b", "ü", "a\n", "x" * 101])
def test_a_name_that_not_every_system_can_hold_is_refused(name):
    with pytest.raises(UsageError, match="the name of a run is made of letters, digits"):
        plain_name(name, "a run")


def test_names_that_differ_by_case_or_unicode_form_are_the_same():
    assert folded("Cog_\u00dc") == folded("cog_u\u0308")
    assert folded("cog") != folded("toon")


def test_a_taken_name_is_followed_by_the_first_free_number(tmp_path):
    assert free_name(tmp_path / "missing", "run") == "run"
    assert free_name(tmp_path, "run", number_first=True) == "run-1"
    for taken in ("run", "run-1", "run-3"):
        (tmp_path / taken).mkdir()
    (tmp_path / "run-2").write_bytes(b"")
    assert free_name(tmp_path, "run") == "run-4"
    (tmp_path / "run-2").unlink()
    assert free_name(tmp_path, "run") == "run-2"
    assert free_name(tmp_path, "run", number_first=True) == "run-2"


def test_a_link_that_leads_nowhere_takes_its_name(tmp_path):
    (tmp_path / "run").symlink_to(tmp_path / "gone")
    assert free_name(tmp_path, "run") == "run-2"


def test_a_derived_name_keeps_the_stem_where_it_fits_and_differs_where_it_does_not():
    assert derived_name("shot", ".json") == "shot.json"
    assert derived_name("a" * 250, ".json") == "a" * 250 + ".json"
    long = [derived_name(stem, ".json") for stem in ("a" * 251, "a" * 252, "ü" * 127, "a\udcff" * 125)]
    assert len(set(long)) == 4
    assert all(len(os.fsencode(name)) <= 255 and name.endswith(".json") for name in long)
