"""What each step returns: its value, with the tables and sentences in which people read it."""

import base64
import html
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from toonvision.core.errors import Finding
from toonvision.core.panels import Table, table

T = TypeVar("T")

_MOST_ROWS, _MOST_PICTURES = 12, 6
"""How many rows of a table `print` shows, and how many figures a notebook shows."""


def who_did(did: Mapping[str, int], what: str, unit: str) -> tuple[Table, ...]:
    """Return a table of how many pictures each worker did, if any did some.

    Args:
        did: How many, by worker.
        what: What they did, such as ``predicted``.
        unit: What pictures are called, such as ``screenshots``.
    """
    rows = [[name, f"{done:,}"] for name, done in sorted(did.items())]
    return (table(f"Who {what} how many {unit}", ["Worker", unit.capitalize()], rows),) if rows else ()


def table_text(table: Table) -> str:
    """Return a table's title and first rows as plain text."""
    shown = table.rows[:_MOST_ROWS]
    widths = [max(map(len, column)) for column in zip(table.columns, *shown, strict=True)]
    lines = [
        "  ".join(
            cell.rjust(width) if index in table.numbers else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (table.columns, *shown)
    ]
    rest = len(table.rows) - len(shown)
    return "\n".join([table.title, *lines, *([f"... and {rest} more rows"] if rest else [])])


def table_html(table: Table) -> str:
    """Return a whole table as HTML."""
    head = "".join(f"<th>{html.escape(column)}</th>" for column in table.columns)
    rows = "".join(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in table.rows)
    return (
        f"<table><caption>{html.escape(table.title)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


Block = Table | str
"""A table, or one or more sentences."""


@dataclass(frozen=True, repr=False)
class Result(Generic[T]):
    """What a step returned. `print` shows it briefly, a notebook as tables and figures.

    Attributes:
        value: The value itself, with all its attributes.
        blocks: Tables and sentences for people, in their order.
        data: The same as plain data, without the findings.
        findings: What was skipped or is worth knowing, one for each item.
        folder: Where a list of the findings goes if there are too many to print; None for nowhere.
        files: Files that were written and show the result: figures, tables, a report.
        shown: Findings that the blocks show in full.
        faulty: Whether something is wrong beyond skipped items.
        next: The command that usually comes next.
    """

    value: T
    blocks: tuple[Block, ...]
    data: Mapping[str, Any]
    findings: tuple[Finding, ...] = ()
    folder: Path | None = None
    files: tuple[Path, ...] = ()
    shown: frozenset[Finding] = frozenset()
    faulty: bool = False
    next: str = ""

    @property
    def plain(self) -> dict[str, Any]:
        """The data and all findings, ready for JSON."""
        return {**self.data, "findings": [asdict(finding) for finding in self.findings]}

    @property
    def sentences(self) -> str:
        """The text without the tables."""
        return "\n".join(block for block in self.blocks if isinstance(block, str))

    def __repr__(self) -> str:
        """Return tables and sentences as plain text."""
        shown = [block if isinstance(block, str) else table_text(block) for block in self.blocks]
        skipped = [f"skipped: {finding}" for finding in self.findings if finding.skips]
        more = [f"... and {len(skipped) - _MOST_ROWS} more were skipped"] if len(skipped) > _MOST_ROWS else []
        return "\n\n".join(filter(None, [*shown, "\n".join([*skipped[:_MOST_ROWS], *more])]))

    def _repr_html_(self) -> str:
        blocks = [
            table_html(block) if isinstance(block, Table) else f"<p>{html.escape(block).replace(chr(10), '<br>')}</p>"
            for block in self.blocks
        ]
        findings = "".join(f"<li>{html.escape(str(finding))}</li>" for finding in self.findings)
        pictures = [path for path in self.files if path.suffix == ".png" and path.is_file()]
        figures = [
            f'<img alt="{html.escape(path.stem)}" src="data:image/png;base64,'
            f'{base64.b64encode(path.read_bytes()).decode()}">'
            for path in pictures[:_MOST_PICTURES]
        ]
        return "\n".join([*blocks, f"<ul>{findings}</ul>" if findings else "", *figures])
