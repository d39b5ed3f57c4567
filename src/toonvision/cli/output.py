"""What a person sees: results on standard output, progress and messages on standard error."""

import csv
import io
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from toonvision.core.errors import EXIT_SOME_SKIPPED, Finding, printable
from toonvision.core.files import write_text
from toonvision.core.progress import Progress

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

    from toonvision.figures.save import Drawing

MOST_FINDINGS = 20
_LINE_EVERY_S = 5.0
_WIDTH_WITHOUT_TERMINAL = 120


@cache
def results() -> "Console":
    """The console of standard output."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL
    return Console(highlight=False, width=width)


@cache
def messages() -> "Console":
    """The console of standard error."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """Print a message, as it is, on standard error."""
    messages().print(text, markup=False)


def show(data: Mapping[str, Any], *renderables: "RenderableType", as_json: bool) -> None:
    """Print a result: as one JSON object, or as text and tables."""
    if as_json:
        typer.echo(json.dumps(data, ensure_ascii=False, allow_nan=False))
        return
    for renderable in renderables:
        results().print(renderable, markup=False)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, names: int = 1) -> "Table":
    """Make a table whose first `names` columns are words and the others numbers, right-aligned."""
    from rich.box import SIMPLE
    from rich.table import Table
    from rich.text import Text

    made = Table(title=Text(title), title_justify="left", title_style="bold", box=SIMPLE, pad_edge=False)
    for index, column in enumerate(columns):
        made.add_column(Text(column), justify="left" if index < names else "right", overflow="fold")
    for row in rows:
        made.add_row(*(Text(printable(str(cell))) for cell in row))
    return made


@contextmanager
def progress_bar(title: str, unit: str) -> Iterator[Progress]:
    """Show how far long work is, with rate and time left; without a terminal, as a line every few seconds."""
    if not messages().is_terminal:
        yield _progress_lines(title, unit)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    started = time.monotonic()
    with Bars(*columns, console=messages()) as bars:
        task = bars.add_task(title, total=None, rate="")

        def update(done: int, total: int) -> None:
            bars.update(task, completed=done, total=total, rate=_rate(done, started, unit))

        yield update


def training_bar(*, time_left: bool) -> Any:
    """Start a bar for trainings, with the time left or the time gone; None where there is no terminal."""
    if not messages().is_terminal:
        return None
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    clock = TimeRemainingColumn() if time_left else TimeElapsedColumn()
    bar = Bars(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), clock, console=messages())
    bar.start()
    return bar


def live_display() -> Any:
    """Start a display that is drawn anew at each update; None where there is no terminal."""
    if not messages().is_terminal:
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
        if now - last >= _LINE_EVERY_S or done == total:
            last = now
            left = (total - done) * (now - started) / max(1, done)
            rest = f", {left:.0f} s left" if done < total else ""
            say(f"{title}: {done}/{total} {_rate(done, started, unit)}{rest}")

    return update


def _rate(done: int, started: float, unit: str) -> str:
    return f"{done / max(1e-9, time.monotonic() - started):.1f} {unit}/s"


def report_findings(findings: Sequence[Finding], *, folder: Path) -> None:
    """Print what was wrong, one line an item; of many the first ones, and all in a file."""
    path = folder / "findings.txt"
    for finding in findings[:MOST_FINDINGS]:
        say(f"{'skipped' if finding.skips else 'note'}: {finding}")
    if len(findings) > MOST_FINDINGS:
        try:
            write_text(path, "".join(f"{finding}\n" for finding in findings))
            where = f"all {len(findings)} are in {path}"
        except OSError as error:
            where = f"--json lists all {len(findings)} ({path} cannot be written: {error.strerror})"
        say(f"... and {len(findings) - MOST_FINDINGS} more; {where}")
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def finding_lines(word: str, findings: Sequence[Finding]) -> list[str]:
    """Give one line an item; of many alike the first ones, and how many more there are."""
    alike: dict[str, list[Finding]] = {}
    for finding in findings:
        alike.setdefault(finding.code, []).append(finding)
    lines = []
    for group in alike.values():
        lines += [f"{word}: {finding}" for finding in group[:MOST_FINDINGS]]
        if len(group) > MOST_FINDINGS:
            lines.append(f"{word}: ... and {len(group) - MOST_FINDINGS} more like these; --json lists all")
    return lines


def keep_result(
    folder: Path, result: str, data: Mapping[str, Any], rows: Sequence[Sequence[Any]], figure: "Drawing"
) -> list[str]:
    """Write a figure and a CSV of what was found, and last its JSON, which says that it is done; name the files."""
    from toonvision.figures.save import save_png

    path = folder / result
    save_png(figure, path.with_suffix(".png"))
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    write_text(path.with_suffix(".csv"), buffer.getvalue())
    write_text(path, json.dumps(data, indent=2, allow_nan=False) + "\n")
    return [str(path.with_suffix(suffix)) for suffix in (".json", ".csv", ".png")]


def exit_for(findings: Sequence[Finding]) -> None:
    """End with the promised code where items were skipped."""
    if any(finding.skips for finding in findings):
        raise typer.Exit(EXIT_SOME_SKIPPED)
