"""What a report, a notebook or the command line shows of a result: figures, tables and listings, as plain values.

A panel says what is to be shown; `toonvision.figures.draw` draws a figure's value, and `toonvision.report` puts panels
on a page. So results need to know neither matplotlib nor HTML.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toonvision.core.errors import printable
from toonvision.core.files import write_text

Rows = tuple[tuple[object, ...], ...]


@dataclass(frozen=True, eq=False)
class FigurePanel:
    """A figure that is not drawn yet.

    Attributes:
        name: Name of its files, without suffix.
        title: What it shows, in a few words.
        alternative: What there is to see, for those who cannot see it.
        caption: How to read it.
        value: What `toonvision.figures.draw` draws: a frozen dataclass of a type that it knows.
        rows: The values that the figure shows, for its CSV file; the first row names the columns.
    """

    name: str
    title: str
    alternative: str
    caption: str
    value: Any
    rows: Rows


@dataclass(frozen=True)
class Table:
    """Rows of text.

    Attributes:
        title: What it shows.
        columns: The columns' headings.
        rows: The cells, one a column.
        numbers: Indices of the columns that hold numbers; these are right-aligned.
        note: What must be known to read it.
        shown: How many rows are visible before the table is unfolded.
        totals: How many of the last rows sum up the others; they stay last however the table is sorted.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int] = frozenset()
    note: str = ""
    shown: int = 1000
    totals: int = 0


@dataclass(frozen=True)
class Listing:
    """Lines to be copied as they are: a command, or the content of a file; the note says what they are for."""

    title: str
    text: str
    note: str = ""


Panel = FigurePanel | Table | Listing


def table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Iterable[object]],
    *,
    names: int = 1,
    note: str = "",
    shown: int = Table.shown,
    totals: int = 0,
) -> Table:
    """Return a table of anything that can be written as text, whose first columns hold words and the others numbers.

    Args:
        title: What the table shows.
        columns: The headings.
        rows: The cells, one for each column; control characters are written out.
        names: How many of the first columns hold words.
        note: As in `Table`.
        shown: As in `Table`.
        totals: As in `Table`.
    """
    cells = tuple(tuple(printable(str(cell)) for cell in row) for row in rows)
    return Table(title, tuple(columns), cells, frozenset(range(names, len(columns))), note, shown, totals)


def write_rows(path: Path, rows: Rows) -> None:
    """Write rows as a CSV file that is replaced as a whole."""
    write_text(path, rows_csv(rows))


def rows_csv(rows: Rows) -> str:
    r"""Return rows as CSV, numbers with at most 6 digits.

    Examples:
        >>> rows_csv((("class", "share"), ("a, b", 1 / 3)))
        'class,share\n"a, b",0.333333\n'
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerows([f"{cell:.6g}" if isinstance(cell, float) else cell for cell in row] for row in rows)
    return buffer.getvalue()
