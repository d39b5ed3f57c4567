"""Output: results on standard output, progress and messages on standard error."""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from toonvision.cli.tables import Rows
from toonvision.core.errors import Finding, printable
from toonvision.core.files import write_text
from toonvision.core.grouping import grouped
from toonvision.core.panels import Table
from toonvision.core.progress import Progress

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import ProgressColumn

    from toonvision.api.result import Result

MOST_ALIKE = 20
_LINE_EVERY_S = 5.0
_WIDTH_WITHOUT_TERMINAL = 10_000
"""Columns of a pipe: a program that reads it needs whole paths and commands, so that no line is broken."""
_WIDTH_OF_A_BAR = 70
"""Terminals below this width show only the name and the count of a bar."""
_STEERING = {code: printable(chr(code)) for code in (*range(32), *range(127, 160)) if chr(code) != "\n"}
"""Characters of the names of files and classes that would steer a terminal, and what is printed instead."""


@cache
def results() -> "Console":
    """The console of standard output."""
    from rich.console import Console

    class Results(Console):
        def on_broken_pipe(self) -> None:
            # Rich would end the program with 1; `main` handles a closed pipe.
            raise BrokenPipeError

    width = None if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL
    return Results(highlight=False, width=width)


@cache
def messages() -> "Console":
    """The console of standard error."""
    from rich.console import Console

    class Messages(Console):
        def on_broken_pipe(self) -> None:
            # Work goes on although its messages are not read.
            self.quiet = True

    return Messages(stderr=True, highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """Print a message on standard error; characters that steer a terminal are written out."""
    messages().print(text.translate(_STEERING), markup=False)


def show_result(result: "Result[Any]", *, as_json: bool) -> None:
    """Print what a step returned: one JSON object, or findings, tables, sentences and the next command."""
    _report(result, shown=frozenset() if as_json else result.shown)
    if as_json:
        typer.echo(json.dumps(result.plain, ensure_ascii=False, allow_nan=False, default=str))
        return
    for block in result.blocks:
        results().print(Rows(block) if isinstance(block, Table) else block.translate(_STEERING), markup=False)
    if result.next:
        sys.stdout.flush()
        say(f"Next: {result.next}")


def say_result(result: "Result[Any]") -> None:
    """Print what a step on the way returned, as messages."""
    _report(result, shown=result.shown)
    for block in result.blocks:
        if isinstance(block, Table):
            width = None if messages().is_terminal else _WIDTH_WITHOUT_TERMINAL
            messages().print(Rows(block), width=width, soft_wrap=False)
        else:
            say(block)


def _report(result: "Result[Any]", *, shown: frozenset[Finding]) -> None:
    """Print the findings but those that are shown elsewhere."""
    if result.folder is not None or result.findings:
        report_findings(result.findings, shown=shown, folder=result.folder)


def show_page(page: Path, *, wanted: bool) -> None:
    """Open a page in the web browser, if asked for."""
    if wanted:
        import webbrowser

        webbrowser.open(page.resolve().as_uri())


def _can_draw() -> bool:
    """Whether messages go to a terminal that can overwrite what it shows."""
    return messages().is_terminal and not messages().is_dumb_terminal


@contextmanager
def progress_bar(title: str, unit: str) -> Iterator[Progress]:
    """Show the progress of long work, with rate and time left; without a terminal, a line every few seconds."""
    if not _can_draw():
        yield _progress_lines(title, unit)
        return
    from rich.progress import TextColumn, TimeRemainingColumn

    started = time.monotonic()
    with _bars(TextColumn("{task.fields[rate]}"), TimeRemainingColumn()) as bars:
        task = bars.add_task(title, total=None, rate="")

        def update(done: int, total: int) -> None:
            bars.update(task, completed=done, total=total, rate=_rate(done, started, unit))

        yield update
        if not bars.tasks[0].total:  # there was nothing to do
            bars.remove_task(task)


def training_bar(*, time_left: bool) -> Any:
    """Start a bar for trainings, with the time left or the time gone; None where there is no terminal."""
    if not _can_draw():
        return None
    from rich.progress import TimeElapsedColumn, TimeRemainingColumn

    bar = _bars(TimeRemainingColumn() if time_left else TimeElapsedColumn())
    bar.start()
    return bar


def _bars(*more: "ProgressColumn") -> "Bars":
    """Return bars with a name and a count, and with more if there is room."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bars
    from rich.table import Column

    # The text is shortened first; the count at its end shows the progress.
    what, count = TextColumn("{task.description}", table_column=Column(no_wrap=True, ratio=1)), MofNCompleteColumn()
    if messages().width < _WIDTH_OF_A_BAR:
        return Bars(what, count, console=messages(), expand=True)
    return Bars(TextColumn("{task.description}"), BarColumn(), count, *more, console=messages())


def live_display() -> Any:
    """Start a display that is drawn anew at each update; None where there is no terminal."""
    if not _can_draw():
        return None
    from rich.live import Live

    live = Live(console=messages(), refresh_per_second=2)
    live.start()
    return live


def _progress_lines(title: str, unit: str) -> Progress:
    started = last = time.monotonic()

    def update(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if total and (now - last >= _LINE_EVERY_S or done == total):
            last = now
            left = (total - done) * (now - started) / max(1, done)
            rest = f", {left:.0f} s left" if done < total else ""
            say(f"{title}: {done}/{total} {_rate(done, started, unit)}{rest}")

    return update


def _rate(done: int, started: float, unit: str) -> str:
    return f"{done / max(1e-9, time.monotonic() - started):.1f} {unit}/s"


def report_findings(
    findings: Sequence[Finding], *, shown: frozenset[Finding] = frozenset(), folder: Path | None
) -> None:
    """Print findings, one line per item; of many alike the first ones and their number, and all in a file.

    Args:
        findings: What was found; those of one code are alike, and are printed together.
        shown: Those that are shown elsewhere, which are not printed again.
        folder: Where `toonvision-findings.txt` is written if there are too many to print, and removed if there are not;
            None for nowhere.
    """
    groups = list(grouped([one for one in findings if one not in shown], lambda finding: finding.code).values())
    for group in groups:
        for finding in group[:MOST_ALIKE]:
            say(f"{'skipped' if finding.skips else 'note'}: {finding}")
        if len(group) > MOST_ALIKE:
            say(f"... and {len(group) - MOST_ALIKE} more like these ({group[0].code})")
    if folder is None:
        if any(len(group) > MOST_ALIKE for group in groups):
            say(f"--json lists all {len(findings)}")
        return
    path = folder / "toonvision-findings.txt"
    if all(len(group) <= MOST_ALIKE for group in groups):
        with suppress(OSError):
            path.unlink(missing_ok=True)
        return
    try:
        write_text(path, "".join(f"{finding}\n" for finding in findings))
        say(f"All {len(findings)} are in {path}")
    except OSError as error:
        say(f"--json lists all {len(findings)} ({path} cannot be written: {error.strerror})")
