"""Balance: how many samples there are of what, where, and what to photograph next."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from toonvision.core.errors import Finding, InputRejectedError
from toonvision.data.catalog import Crop
from toonvision.data.label_rules import AS_THEY_ARE, LabelRules
from toonvision.data.unknown_labels import unknown_labels
from toonvision.taxonomy.labels import LABEL_LEVEL, NO_CONTEXT, Category, Level, Taxonomy


@dataclass(frozen=True)
class CountTable:
    """Number of samples by class and column (contexts, or the subsets of a split).

    Attributes:
        level: The level whose classes the rows are.
        classes: The rows.
        columns: The columns.
        counts: Shape ``(classes, columns)``, int64, each 0 or more.
    """

    level: Level
    classes: tuple[Category, ...]
    columns: tuple[Category, ...]
    counts: npt.NDArray[np.int64]

    @property
    def totals(self) -> npt.NDArray[np.int64]:
        """Number of samples of each class, shape ``(classes,)``."""
        totals: npt.NDArray[np.int64] = self.counts.sum(axis=1)
        return totals


@dataclass(frozen=True)
class Shortage:
    """A label and context with fewer samples than wanted.

    Attributes:
        label: What to photograph.
        context: Where.
        count: Samples there now.
        missing: Number missing for the context's target and its share of the label's.
        label_count: Samples of the label everywhere.
        label_missing: Number missing for the label's target.
    """

    label: Category
    context: Category
    count: int
    missing: int
    label_count: int
    label_missing: int


@dataclass(frozen=True)
class Balance:
    """What was collected, and what is missing.

    Attributes:
        tables: One for each level, samples by class and context; the labels' own first.
        shortages: What to photograph next, most needed first.
        crops: Number of samples.
        findings: Labels that the taxonomy no longer knows; no table counts their samples.
    """

    tables: tuple[CountTable, ...]
    shortages: tuple[Shortage, ...]
    crops: int
    findings: tuple[Finding, ...] = ()


def measure_balance(crops: Sequence[Crop], taxonomy: Taxonomy, *, rules: LabelRules = AS_THEY_ARE) -> Balance:
    """Count samples by level and context, and compare them with the taxonomy's targets; `rules` are the settings'.

    Raises:
        InputRejectedError: If crops lie in contexts that the taxonomy no longer knows.
    """
    found = sorted({crop.context for crop in crops})
    contexts = _contexts(found, taxonomy)
    if unknown := set(found) - {context.name for context in contexts}:
        raise InputRejectedError(
            f"crops lie in contexts that the taxonomy does not know: {', '.join(sorted(unknown))}. "
            "Name them among its contexts, or move their screenshots to others and run toonvision extract."
        )
    pairs = Counter((crop.label, crop.context) for crop in crops)
    levels = (taxonomy.level(LABEL_LEVEL), *taxonomy.levels)
    tables = tuple(count_table(level, contexts, pairs, taxonomy) for level in levels)
    findings = unknown_labels(crops, taxonomy, rules)
    return Balance(tables, tuple(_shortages(tables[0], taxonomy)), len(crops), tuple(findings))


def _contexts(found: Sequence[str], taxonomy: Taxonomy) -> tuple[Category, ...]:
    """Return the contexts of a taxonomy, or those found; crops of no context have a column of their own."""
    if not taxonomy.contexts or list(found) == [NO_CONTEXT]:
        return tuple(map(taxonomy.context, found))
    is_known = NO_CONTEXT not in found or any(context.name == NO_CONTEXT for context in taxonomy.contexts)
    return taxonomy.contexts if is_known else (*taxonomy.contexts, taxonomy.context(NO_CONTEXT))


def count_table(
    level: Level, columns: tuple[Category, ...], pairs: Counter[tuple[str, str]], taxonomy: Taxonomy
) -> CountTable:
    """Arrange counts of (label, column) as a table of one level's classes."""
    rows, column_of = level.order, {column.name: index for index, column in enumerate(columns)}
    counts = np.zeros((len(level.classes), len(columns)), dtype=np.int64)
    for (label, column), count in pairs.items():
        name = taxonomy.class_of(label, level.name)
        if name is not None:
            counts[rows[name], column_of[column]] += count
    return CountTable(level, level.classes, columns, counts)


def _shortages(table: CountTable, taxonomy: Taxonomy) -> list[Shortage]:
    """List pairs short of their target: the label furthest from its own first, then its emptiest contexts.

    Where a label would lack samples even with every context at its target, the rest is spread over all contexts,
    what cannot be shared evenly over the emptiest ones.
    Nobody can take pictures in no context where the taxonomy names some and others have crops.
    """
    targets = taxonomy.targets
    known = {context.name for context in taxonomy.contexts} or {column.name for column in table.columns}
    columns = [index for index, column in enumerate(table.columns) if column.name in known or len(table.columns) == 1]
    found = []
    for label, row in zip(table.classes, table.counts, strict=True):
        total = int(row.sum())
        counts = row[columns].tolist()
        gaps = [max(0, targets.per_context - count) for count in counts]
        label_missing = max(0, targets.per_label - total)
        rest, more = divmod(max(0, label_missing - sum(gaps)), max(1, len(gaps)))
        emptiest = sorted(range(len(counts)), key=lambda at: counts[at] + gaps[at])
        for at, (index, count, gap) in enumerate(zip(columns, counts, gaps, strict=True)):
            missing = gap + rest + (at in emptiest[:more])
            if missing:
                found.append(Shortage(label, table.columns[index], count, missing, total, label_missing))
    return sorted(found, key=lambda shortage: (-shortage.label_missing, -shortage.missing))
