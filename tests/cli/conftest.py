"""Running the command line in this process, as a person's shell would see it."""

import json
import signal
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from toonvision.cli import output
from toonvision.cli.app import main


@dataclass(frozen=True)
class Outcome:
    """What a command left: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def run(monkeypatch, capsys):
    """Call `toonvision` with arguments and give its outcome."""

    def call(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["toonvision", *map(str, arguments)])
        output.results.cache_clear()
        output.messages.cache_clear()
        before = signal.getsignal(signal.SIGTERM)
        try:
            with pytest.raises(SystemExit) as ended:
                main()
        finally:
            signal.signal(signal.SIGTERM, before)
        captured = capsys.readouterr()
        return Outcome(int(ended.value.code or 0), captured.out, captured.err)

    return call
