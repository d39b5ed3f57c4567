"""The ledger itself: every promise has tests, every test that it names is there, and the page is made from it."""

import ast
from pathlib import Path

import pytest

import make_reliability
from reliability.promises import EXIT_CODES, FIGURES, PROMISES

ROOT = Path(__file__).parents[2]
NAMED = {test for row in (*PROMISES, *EXIT_CODES) for test in row.tests}


def defined_in(file):
    """Return the names of the tests that a file defines."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_the_rows_are_in_order_and_each_names_a_test():
    numbers = [row.number for row in PROMISES]
    assert numbers == sorted(set(numbers))
    assert {*range(1, 36), 53} <= set(numbers)
    assert [row.number for row in PROMISES if not row.tests] == []
    assert [row.number for row in PROMISES if len(set(row.tests)) < len(row.tests)] == []


def test_there_is_a_test_of_every_exit_code_but_that_of_bugs():
    assert [row.code for row in EXIT_CODES] == [0, 1, 2, 3, 4, 5, 6, 130]
    assert [row.code for row in EXIT_CODES if not row.tests] == [1]


@pytest.mark.parametrize("file", sorted({test.partition("::")[0] for test in NAMED}))
def test_every_test_that_is_named_is_there(file):
    named = {test.partition("::")[2] for test in NAMED if test.startswith(f"{file}::")}
    assert named - defined_in(file) == set()


def test_the_page_is_what_the_list_gives():
    written = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    assert written == make_reliability.page(), "run: python docs/make_reliability.py"
    assert all(f"`{one.command}`" in written for one in FIGURES)
