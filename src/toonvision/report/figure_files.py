"""Figures as files: a PNG and, beside it, the values that it shows as a CSV. The one place that writes them."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from toonvision.core.files import write_text
from toonvision.figures.save import Drawing, save_png
from toonvision.report.contents import Picture

DOTS_AN_INCH = 100
"""CSS pixels of a figure's inch: text in it is then about as large as that of the page."""


@dataclass(frozen=True)
class Data:
    """The values that a figure shows.

    Attributes:
        columns: What they are.
        rows: One tuple a value or group of values, as long as the columns.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]


def keep_figure(
    folder: Path, name: str, figure: Drawing, data: Data, *, title: str, alternative: str, caption: str
) -> Picture:
    """Write a figure and its values into a folder, each file as a whole.

    Args:
        folder: Where the files go; made where it is missing.
        name: What the files are called, without suffix.
        figure: What to draw.
        data: What it shows.
        title: What it shows, in a few words.
        alternative: What is to be seen, for those who do not see it.
        caption: How to read it.
    """
    content = write_figure(folder, name, figure, data)
    return Picture(f"{name}.png", title, alternative, caption, content, round(figure.get_figwidth() * DOTS_AN_INCH))


def write_figure(folder: Path, name: str, figure: Drawing, data: Data) -> bytes:
    """Write a figure as PNG, whose bytes are returned, and its values as CSV into a folder, each file as a whole.

    Args:
        folder: Where the files go; made where it is missing.
        name: What the files are called, without suffix.
        figure: What to draw.
        data: What it shows.
    """
    content = save_png(figure, folder / f"{name}.png")
    write_text(folder / f"{name}.csv", data_csv(data))
    return content


def drop_figures(folder: Path, names: Iterable[str]) -> None:
    """Remove figures of an earlier report that may not hold any more, and their values."""
    for name in names:
        for suffix in (".png", ".csv"):
            (folder / f"{name}{suffix}").unlink(missing_ok=True)


def data_csv(data: Data) -> str:
    r"""Write values as CSV, numbers with 6 digits at most.

    Examples:
        >>> data_csv(Data(("class", "share"), (("a, b", 1 / 3),)))
        'class,share\n"a, b",0.333333\n'
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(data.columns)
    writer.writerows([f"{cell:.6g}" if isinstance(cell, float) else cell for cell in row] for row in data.rows)
    return buffer.getvalue()
