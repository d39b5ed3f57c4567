"""Docstrings say what a function does in the words of the field: they begin with "Return", not with "Give"."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
NOT_FIRST = {"Give", "Gives", "Tell", "Tells"}


def test_no_docstring_begins_with_give_or_tell():
    wrong = [
        f"{path.relative_to(ROOT)}:{node.body[0].lineno}"
        for folder in ("src", "tests", "benchmarks", "docs")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and (ast.get_docstring(node) or ".").split()[0] in NOT_FIRST
    ]
    assert wrong == []
