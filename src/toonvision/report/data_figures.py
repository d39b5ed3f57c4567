"""The figures of what was collected, as files of their own."""

from pathlib import Path

from toonvision.data.balance import Balance
from toonvision.data.split_summary import SplitSummary
from toonvision.report.drawings import balance_pictures, split_picture
from toonvision.report.figure_files import drop_figures
from toonvision.taxonomy.labels import Taxonomy


def write_balance_figures(balance: Balance, taxonomy: Taxonomy, folder: Path) -> list[Path]:
    """Draw what was collected, and what is missing if anything is, into a folder.

    Args:
        balance: What was counted.
        taxonomy: What its labels mean; also the targets.
        folder: Where the files go; made where it is missing.

    Returns:
        The pictures that were written; beside each lie its values as CSV.
    """
    pictures = balance_pictures(balance, taxonomy, folder)
    if not balance.shortages:
        drop_figures(folder, ["shortages"])
    return [folder / picture.name for picture in pictures]


def write_split_figures(split: SplitSummary, folder: Path) -> list[Path]:
    """Draw samples a part and class, one figure a level, into a folder.

    Args:
        split: How the split came out.
        folder: Where the files go; made where it is missing.

    Returns:
        The pictures that were written; beside each lie its values as CSV.
    """
    levels = [table.level.name for table in split.tables]
    return [folder / split_picture(split, level, folder, name=f"split-{split.name}-{level}").name for level in levels]
