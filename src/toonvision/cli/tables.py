"""Tables for the console: as wide as they must be on a terminal, and short lines in a pipe."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from toonvision.core.panels import Table

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.table import Table as RichTable

_GAP = 3
"""Blanks between two columns of a table."""
_MOST_SQUEEZED = 1.25
"""A table that is wider than the terminal by more than this factor is printed as sentences."""
_WIDEST = 100
"""Characters that others are aligned with in a pipe; a cell with more sticks out, and pads no other line."""


class Rows:
    """A table for the console; where it is too narrow to be read as one, a sentence for each row."""

    def __init__(self, table: Table) -> None:
        self._shown = table

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "Iterator[RenderableType]":
        """Return what Rich prints."""
        from rich.text import Text

        shown = self._shown
        if not console.is_terminal:
            yield Text("\n".join(self._lines()))
            return
        if self._unbroken_width() <= _MOST_SQUEEZED * options.max_width:
            yield self._table()
            return
        yield Text(f"{shown.title}\n")
        for row in shown.rows:
            name = ", ".join(filter(None, (cell for index, cell in enumerate(row) if index not in shown.numbers)))
            values = ((shown.columns[index], row[index]) for index in sorted(shown.numbers))
            listed = "; ".join(f"{column} {value}".strip() for column, value in values)
            yield Text(f"{name}: {listed}" if name and listed else name or listed)
        yield Text()

    def _unbroken_width(self) -> int:
        """Return how many characters the table takes with no word broken."""
        columns = zip(self._shown.columns, *self._shown.rows, strict=True)
        return sum(_GAP + max(len(word) for cell in column for word in [*cell.split(), ""]) for column in columns)

    def _table(self) -> "RichTable":
        from rich.box import SIMPLE
        from rich.table import Table as RichTable
        from rich.text import Text

        shown = self._shown
        made = RichTable(title=Text(shown.title), title_justify="left", title_style="bold", box=SIMPLE, pad_edge=False)
        for index, column in enumerate(shown.columns):
            made.add_column(Text(column), justify="right" if index in shown.numbers else "left", overflow="fold")
        for row in shown.rows:
            made.add_row(*map(Text, row))
        return made

    def _lines(self) -> Iterator[str]:
        """Return the lines of the table for a pipe, without blanks at their ends."""
        from rich.cells import cell_len

        shown = self._shown
        columns = zip(shown.columns, *shown.rows, strict=True)
        widths = [min(_WIDEST, max(map(cell_len, column))) for column in columns]

        def line(cells: tuple[str, ...]) -> str:
            blanks = [" " * max(0, width - cell_len(cell)) for cell, width in zip(cells, widths, strict=True)]
            padded = (
                f"{blank}{cell}" if index in shown.numbers else f"{cell}{blank}"
                for index, (cell, blank) in enumerate(zip(cells, blanks, strict=True))
            )
            return f" {(' ' * _GAP).join(padded)}".rstrip()

        yield from (shown.title, "", line(shown.columns), f" {'─' * (sum(widths) + _GAP * (len(widths) - 1))}")
        yield from (line(row) for row in shown.rows)
        yield ""
