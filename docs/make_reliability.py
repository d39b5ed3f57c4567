"""Write docs/reliability.md from the list of promises in the tests, so that the page names tests that there are."""

import json
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from reliability.promises import EXIT_CODES, FIGURES, PROMISES  # noqa: E402

PAGE = Path(__file__).with_name("reliability.md")
_KNOWN_HOLES = ("pillow", "keras", "onnxruntime", "defusedxml")

_RULES = """\
# What is promised when something goes wrong

1. Your screenshots and annotations are only ever read: not changed, moved or deleted.
2. Whatever is left out is named, with the reason and the remedy. Nothing disappears silently.
3. Counts add up: what was read is what was kept and what was skipped. They are printed and stored.
4. What is said to be done or saved is on the disk.
5. The program can be killed at any moment. The next run completes the work, with the same bytes, and loses nothing
   that was said to be done.
6. What was there stays until what replaces it is complete: a temporary file, synchronised, then renamed.
7. One process at a time writes to a workspace. Another one waits for a few seconds, then says who is writing.
8. Input decides neither where is read nor where is written, and is never run. A model file gives weights alone.
9. A model is used only with the taxonomy and the preprocessing that it was trained with, and says on which device it
   runs.
10. Nothing is sent anywhere. A page that is served listens on this machine alone; every request needs its host and its
    token, every change its origin. Reports are plain files that fetch nothing.

Each error is one line: the file and the object, the reason, the remedy. With `--json` standard output holds one object:
the result with all its `findings`, or `error` and `exit_code`. Of more than 20 findings of one kind the first 20 are
printed, then how many more there are; all of them are in `toonvision-findings.txt`, whose path is printed.
"""

_LIMITS = """\
## What this does not prove

A process that is killed leaves to the operating system what it has written; a machine that loses power does not. Files
are synchronised before they are renamed, and their folders after that, so that a loss of power should cost no more
than a kill does. But no test here cuts the power, and some disks say that they have written what they have not. Keep a
copy of your screenshots, annotations and splits elsewhere; all else can be made again from them.

## What it rests on

The catalogue is an SQLite database with `journal_mode=DELETE` and `synchronous=EXTRA`: slower than a write-ahead log,
which before SQLite 3.51.3 could lose commits. Studies are kept in the same way, or on a PostgreSQL server.

What reads files from elsewhere is asked for in versions without holes known when this was written:
"""


def page() -> str:
    """Return the page: rules, exit codes, faults, limits, foundations, figures."""
    codes = [(f"`{one.code}`", one.meaning, _links(one.tests) or "none can promise it") for one in EXIT_CODES]
    faults = [(row.number, row.fault, row.code or "-", row.promise, _links(row.tests)) for row in PROMISES]
    figures = [(one.what, f"`{one.command}`", _last_run(one.result)) for one in FIGURES]
    sections = [
        _RULES,
        "## Exit codes\n",
        _table(("code", "meaning", "let to happen by"), codes),
        "## Faults\n\nS, R, E, B and M stand for the exit codes above; `-` means that nothing is wrong.\n",
        _table(("", "fault", "ends with", "promise", "proved by"), faults),
        _LIMITS,
        _table(("library", "version"), _floors()),
        "## Figures\n\nWhat takes too long for the tests is measured, by hand, with:\n",
        _table(("what", "command", "last run"), figures),
    ]
    return "\n".join(sections)


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def _links(tests: Sequence[str]) -> str:
    pairs = [test.split("::") for test in tests]
    return "<br>".join(f"[{name.removeprefix('test_')}](../{file})" for file, name in pairs)


def _floors() -> list[tuple[str, str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["train"]]
    floors = dict(re.findall(r"^([\w-]+)>=([\w.]+)", "\n".join(asked), re.MULTILINE))
    return [(name, f"{floors[name]} or later") for name in _KNOWN_HOLES]


def _last_run(result: str) -> str:
    """Say what was measured last, as its file has it: every number by its name."""
    path = ROOT / "benchmarks" / "results" / f"{result}.json"
    if not path.exists():
        return "not run"
    found = json.loads(path.read_text(encoding="utf-8"))
    versions = found.pop("measured_on", {})
    machine = f"; measured on {versions['cores']} cores" if versions else ""
    return f"[{'; '.join(_said(found))}{machine}](../benchmarks/results/{result}.json)"


def _said(found: Mapping[str, Any], of: str = "") -> Iterator[str]:
    """Say each number and word, after the names of what it belongs to."""
    for name, value in found.items():
        if name == "versions":
            continue
        if isinstance(value, Mapping):
            yield from _said(value, f"{of}{name}: ")
        elif isinstance(value, list):
            yield f"{of}{name} {len(value)}"
        else:
            yield f"{of}{name} {value}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
