"""Running the command line in this process, as a person's shell would see it."""

import json
import re
import shlex
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from toonvision.__main__ import main
from toonvision.cli import output
from toonvision.cli.interrupts import SIGNALS
from toonvision.data.workspace import Workspace
from toonvision.training import forest


@dataclass(frozen=True)
class Outcome:
    """What a command left: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def next(self) -> list[str]:
        """The arguments of the command that was said to be next, in the last line."""
        (program, *arguments) = shlex.split(self.err.splitlines()[-1].removeprefix("Next: "))
        assert program == "toonvision", self.err
        return arguments


@pytest.fixture(autouse=True)
def _few_trees(monkeypatch):
    """Let the floor that stands beside every result be quick: how good it is is tested elsewhere."""
    monkeypatch.setattr(forest, "TREES_GROWN", 20)


@pytest.fixture
def run(monkeypatch, capsys):
    """Call `toonvision` with arguments and give its outcome."""

    def call(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["toonvision", *map(str, arguments)])
        output.results.cache_clear()
        output.messages.cache_clear()
        before = {number: signal.getsignal(number) for number in SIGNALS}
        monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
        try:
            with pytest.raises(SystemExit) as ended:
                main()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        captured = capsys.readouterr()
        return Outcome(int(ended.value.code or 0), captured.out, captured.err)

    return call


@pytest.fixture
def train_once(run):
    """Train a run for whole screenshots twice, for a few steps, unless it is there; give its folder.

    So few steps find little for sure: where `certain` is given, so confident boxes count.
    """

    def train(
        workspace: Workspace, name: str, *options: str, certain: float | None = None, said: Sequence[str]
    ) -> Path:
        folder = workspace.runs / name
        if not folder.exists():
            task, _, called = name.partition("/")
            outcome = run(
                "train", task, "-w", workspace.root, "--name", called, "--batch-size", "4", "--learning-rate", "0.01",
                "--repeat", "2", "--no-flip", "--mosaic", "0", "--zoom", "0", "--averaging", "0", *options,
            )  # fmt: skip
            assert outcome.code == 0, outcome.err
            assert [text for text in said if not re.search(text, outcome.out + outcome.err)] == []
            for path in (folder / "model.json", *folder.glob("repeats/*/model.json")) if certain else ():
                card = json.loads(path.read_text())
                path.write_text(json.dumps({**card, "thresholds": [certain] * len(card["classes"])}))
        return folder

    return train


@pytest.fixture
def export_once(run):
    """Export a run unless it was; give the file."""

    def export(workspace: Workspace, name: str, *, said: str) -> Path:
        path = workspace.runs / name / "model.onnx"
        if not path.exists():
            outcome = run("export", name, "-w", workspace.root)
            assert outcome.code == 0, outcome.err
            assert said in outcome.out
        return path

    return export
