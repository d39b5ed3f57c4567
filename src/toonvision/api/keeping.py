"""Writing a result with its figure."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toonvision.core.files import write_text

if TYPE_CHECKING:
    from toonvision.figures.save import Drawing


def keep_result(folder: Path, result: str, value: Any, rows: Sequence[Sequence[Any]], figure: "Drawing") -> list[Path]:
    """Write a figure and a CSV of a result, and last its JSON, which says that it is done.

    Args:
        folder: Where.
        result: The name of the JSON file; the other files are named alike.
        value: The result, a dataclass.
        rows: What the CSV holds.
        figure: The figure.

    Returns:
        The files.
    """
    from toonvision.figures.save import save_png

    path = folder / result
    save_png(figure, path.with_suffix(".png"))
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    write_text(path.with_suffix(".csv"), buffer.getvalue())
    write_text(path, json.dumps(asdict(value), indent=2, allow_nan=False) + "\n")
    return [path.with_suffix(suffix) for suffix in (".json", ".csv", ".png")]
