"""Code, messages and pages use the words of the field: a docstring begins with "Return", an accuracy is evaluated."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
NOT_FIRST = {"Give", "Gives", "Tell", "Tells"}
GONE = re.compile(
    r"<street>|\b(?:tells?|telling|told|judg(?:e|es|ed|ing)|mend(?:s|ed|ing)?|contenders?|lineages?|chosen_by"
    r"|place or level|validate and test|looks_of|look_at|read_looks|(?<=\.)looks|(?-i:UNSURE)|gives? nan"
    r"|give --\w+)(?!\w)",
    re.IGNORECASE,
)
"""Words that stand for one that the field has: say, distinguish, evaluate, fix, finalist, retry, thumbnail, context."""
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
SUFFIXES = {".py", ".js", ".html", ".css", ".toml", ".md"}
STILL_READ = {("src/toonvision/tuning/result.py", "judged")}
"""What files of earlier versions call it."""


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


def test_old_words_are_gone_from_code_messages_and_pages():
    folders = [path for name in ("src", "docs", "benchmarks") for path in sorted((ROOT / name).rglob("*"))]
    found = [
        (path.relative_to(ROOT).as_posix(), number, word)
        for path in [*(ROOT / name for name in PAGES), *folders]
        if path.suffix in SUFFIXES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        for word in GONE.findall(line)
    ]
    assert [one for one in found if (one[0], one[2]) not in STILL_READ] == []
