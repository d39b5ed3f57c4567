"""Panels of the data: what was collected, how it was split, what the last extraction found."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from toonvision.core.errors import Finding
from toonvision.core.panels import FigurePanel, Rows, Table, table, write_rows
from toonvision.core.wording import counted, listed
from toonvision.data.balance import Balance, CountTable
from toonvision.data.growth import Growth, ScreenshotRow, rows_table
from toonvision.data.split_plan import SplitSummary
from toonvision.figures.data import shown_tables
from toonvision.figures.panels import write_panel
from toonvision.figures.values import BalanceBars, GrowthAreas, ObjectGrowthAreas, ShortageMap
from toonvision.taxonomy.labels import LABEL_LEVEL, Taxonomy

_FEWEST_DAYS = 2
"""Over one day nothing can be seen to grow."""


def balance_panel(balance: Balance, taxonomy: Taxonomy) -> FigurePanel:
    """Return the figure of the samples of each class in each context."""
    tables = shown_tables(balance, taxonomy)
    totals = [f"{c.title} {n:,}" for c, n in zip(tables[-1].classes, tables[-1].totals.tolist(), strict=True)]
    contexts = len(tables[0].columns)
    return FigurePanel(
        "balance",
        "Balance",
        f"Bars of {counted(balance.crops, 'sample')} by {listed([table.level.title for table in tables])}"
        f"{f' and {contexts} contexts' if contexts > 1 else ''}. {listed(totals[:12])}.",
        f"The dashed line is the target of {taxonomy.targets.per_label} samples of each label.",
        BalanceBars(balance, taxonomy),
        (("level", "class", "context", "samples"), *(row for table in tables for row in _count_rows(table))),
    )


def shortages_panel(balance: Balance, taxonomy: Taxonomy) -> FigurePanel | None:
    """Return the map of missing samples; None if nothing is missing."""
    if not balance.shortages:
        return None
    missing = sum(shortage.missing for shortage in balance.shortages)
    head = ("label", "context", "samples", "missing", "samples_everywhere", "missing_everywhere")
    return FigurePanel(
        "shortages",
        "Missing samples",
        f"Map of labels and contexts with the {counted(missing, 'sample')} that are missing to the target.",
        f"Each number is how many samples are still missing there. The target is {taxonomy.targets}: what a label "
        "lacks beyond its contexts' own is spread over all of them. Empty cells have enough.",
        ShortageMap(balance, taxonomy),
        (head, *((s.label.name, s.context.name, s.count, s.missing, s.label_count, s.label_missing)
                 for s in balance.shortages)),
    )  # fmt: skip


def split_panel(split: SplitSummary, level: str, *, name: str = "split") -> FigurePanel:
    """Return the figure of how a split came out, at one level."""
    table = next(table for table in split.tables if table.level.name == level)
    train, val, test = split.achieved
    return FigurePanel(
        name,
        "Split",
        f"Bars of the samples of each class in the training, validation and test subsets: {train:.1f}, {val:.1f} and "
        f"{test:.1f} percent of all.",
        "Behind each total are the counts of training, validation and test.",
        table,
        (("level", "class", "subset", "samples"), *_count_rows(table)),
    )


def growth_panel(growth: Growth, taxonomy: Taxonomy) -> FigurePanel | None:
    """Return the figure of how the data set grew; None where nothing is of another day than the rest."""
    if len(growth.days) < _FEWEST_DAYS:
        return None
    labels = ", ".join(f"{name} {counts[-1]:,}" for name, counts in growth.labels.items())
    return FigurePanel(
        "growth",
        "Growth",
        f"Areas of labels by where they came from ({labels}), and of screenshots by context, over "
        f"{counted(len(growth.days), 'day')}; dots are the errors of {counted(len(growth.errors), 'run')}, by task.",
        "A label counts from the day on which a person last decided about it, that of a source from the day on which "
        "its annotation was last changed.",
        GrowthAreas(growth, taxonomy),
        growth.rows(),
    )


def object_growth_panel(growth: Growth, taxonomy: Taxonomy) -> FigurePanel | None:
    """Return the figure of the objects of each class over time; None where there is no level, or a single day."""
    levels = [taxonomy.level(name) for name, classes in growth.objects.items() if classes]
    if len(growth.days) < _FEWEST_DAYS or not levels:
        return None
    totals = [f"{one.title} {growth.objects[levels[0].name].get(one.name, (0,))[-1]:,}" for one in levels[0].classes]
    return FigurePanel(
        "growth-objects",
        "Growth by class",
        f"Areas of the objects that the screenshots show by {listed([level.title.lower() for level in levels])}, over "
        f"{counted(len(growth.days), 'day')}: {listed(totals[:12])}.",
        "An object counts from the day on which its screenshot was taken.",
        ObjectGrowthAreas(growth, taxonomy),
        growth.object_rows(),
    )


def write_growth(growth: Growth, rows: Sequence[ScreenshotRow], taxonomy: Taxonomy, folder: Path) -> list[Path]:
    """Write what every screenshot shows as CSV, and draw how the data set grew; return the figures' paths."""
    write_rows(folder / "screenshots.csv", rows_table(rows, taxonomy))
    over_time = _write_only("growth", growth_panel(growth, taxonomy), folder)
    return [*over_time, *_write_only("growth-objects", object_growth_panel(growth, taxonomy), folder)]


def write_balance_figures(balance: Balance, taxonomy: Taxonomy, folder: Path) -> list[Path]:
    """Draw what was collected, and what is missing if anything is, into a folder; return the figures' paths."""
    shortages = _write_only("shortages", shortages_panel(balance, taxonomy), folder)
    return [write_panel(balance_panel(balance, taxonomy), folder).path, *shortages]


def _write_only(name: str, panel: FigurePanel | None, folder: Path) -> list[Path]:
    """Write a panel's figure and return its path; where there is none, remove what an earlier one left."""
    if panel is not None:
        return [write_panel(panel, folder).path]
    for suffix in (".png", ".csv"):
        (folder / f"{name}{suffix}").unlink(missing_ok=True)
    return []


def write_split_figures(split: SplitSummary, folder: Path) -> list[Path]:
    """Draw the samples of each class and subset into a folder, a figure for each level; return the figures' paths."""
    levels = [table.level.name for table in split.tables]
    return [write_panel(split_panel(split, one, name=f"split-{split.name}-{one}"), folder).path for one in levels]


def split_tables(split: SplitSummary, level: str) -> tuple[Table, ...]:
    """Return samples by class and subset: for the predicted level, then for the labels if those are others."""
    wanted = [table for table in split.tables if table.level.name == level]
    others = [split.tables[0]] if split.tables[0].level.name != level else []
    return tuple(_split_table(table, split) for table in wanted + others)


def near_table(split: SplitSummary) -> Table | None:
    """Return the screenshots that are near-duplicates of each other; None if there are none."""
    if not split.near_duplicate_groups:
        return None
    rows = tuple((str(n), ", ".join(names)) for n, names in enumerate(split.near_duplicate_groups, start=1))
    note = "This split does not keep all of them together." if split.torn else "Each group is in one subset."
    return Table("Near-duplicate screenshots", ("Group", "Screenshots"), rows, note=note, shown=5)


def next_table(balance: Balance) -> Table | None:
    """Return what to photograph next, the most needed first; None if nothing is missing."""
    if not balance.shortages:
        return None
    columns = ("Photograph", "Where", "There now", "Missing", "Everywhere", "Missing everywhere")
    rows = tuple(
        (s.label.title, s.context.title, *(f"{n:,}" for n in (s.count, s.missing, s.label_count, s.label_missing)))
        for s in balance.shortages
    )
    note = "The label furthest from its target comes first, with its emptiest contexts."
    return table("What to photograph next", columns, rows, names=2, note=note, shown=20)


def findings_table(counts: Mapping[str, int], findings: Sequence[Finding]) -> Table:
    """Return what the last extraction found, with its counts."""
    listing = ", ".join(f"{name.replace('_', ' ')} {value:,}" for name, value in counts.items() if value)
    rows = tuple((f.item, f.reason, f.remedy, "left out" if f.skips else "kept") for f in findings)
    title = f"Findings of the last extraction: {len(findings):,}" if findings else "The last extraction found no faults"
    note = f"Counted: {listing}." if listing else ""
    return Table(title, ("Where", "What", "Remedy", "Result"), rows, note=note, shown=10)


def _split_table(own: CountTable, split: SplitSummary) -> Table:
    columns = (own.level.title, *(subset.title for subset in own.columns), "All", "In percent")
    rows = [
        (category.title, *(f"{n:,}" for n in counts), f"{sum(counts):,}", _shares(counts))
        for category, counts in zip(own.classes, own.counts.tolist(), strict=True)
        if sum(counts)
    ]
    sums = own.counts.sum(axis=0).tolist()
    rows.append(("All", *(f"{n:,}" for n in sums), f"{sum(sums):,}", _shares(sums)))
    return table(
        f"Split {split.name}: samples by {own.level.noun} and subset", columns, rows,
        note=_split_note(own, split), shown=12, totals=1,
    )  # fmt: skip


def _split_note(table: CountTable, split: SplitSummary) -> str:
    if split.largest_deviation is None:
        return "The source's own." if split.from_source else "Made by hand."
    note = f"Planned: {split.ratios} percent of each label, drawn with seed {split.seed}."
    name, samples = split.largest_deviation
    if table.level.name != LABEL_LEVEL or not samples:
        return note
    title = table.classes[table.level.order[name]].title
    return f"{note} The largest deviation from that is {samples:.1f} samples, of {title}."


def _count_rows(table: CountTable) -> Rows:
    return tuple(
        (table.level.name, category.name, column.name, int(count))
        for category, counts in zip(table.classes, table.counts, strict=True)
        for column, count in zip(table.columns, counts, strict=True)
    )


def _shares(counts: Sequence[int]) -> str:
    """Return shares in percent that sum to 100."""
    total = sum(counts)
    bounds = [round(100 * sum(counts[:stop]) / total) for stop in range(len(counts) + 1)]
    return " / ".join(str(after - before) for before, after in pairwise(bounds))
