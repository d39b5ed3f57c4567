"""How a split came out: samples a class and subset, and whether a network can be trained and evaluated on them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from toonvision.core.errors import InputRejectedError
from toonvision.data.balance import CountTable, count_table
from toonvision.data.catalog import Crop, StoredScreenshot
from toonvision.data.groups import screenshot_groups
from toonvision.data.splits import Ratios, Split
from toonvision.taxonomy.labels import LABEL_LEVEL, Category, Level, Taxonomy

SUBSET_CATEGORIES = (
    Category("train", "Train", "#4477AA"),
    Category("val", "Val", "#CCBB44"),
    Category("test", "Test", "#AA3377"),
)


@dataclass(frozen=True)
class SplitSummary:
    """How a split came out.

    Attributes:
        name: The split's name.
        ratios: The shares asked for; None where it was made by hand.
        seed: The seed that it was drawn with; None where it was made by hand.
        achieved: Share of the samples in train, val and test, in percent.
        groups: Number of groups of screenshots that must stay together.
        near_duplicate_groups: Names of screenshots that are near-duplicates of each other.
        torn: Those of these groups that lie in several subsets, so that the split leaks; only by hand.
        empty: Number of screenshots without objects in train, val and test.
        tables: Samples a class and subset: the labels' own first, then each level's.
        largest_deviation: The label furthest from the asked ratios, and by how many samples; None without ratios.
    """

    name: str
    ratios: Ratios | None
    seed: int | None
    achieved: tuple[float, float, float]
    groups: int
    near_duplicate_groups: tuple[tuple[str, ...], ...]
    torn: tuple[tuple[str, ...], ...]
    empty: tuple[int, int, int]
    tables: tuple[CountTable, ...]
    largest_deviation: tuple[str, float] | None

    @property
    def near_duplicates(self) -> int:
        """Number of screenshots that are near-duplicates of another one."""
        return sum(map(len, self.near_duplicate_groups))


def summarize_split(
    split: Split, crops: Sequence[Crop], taxonomy: Taxonomy, *, screenshots: Sequence[StoredScreenshot] = ()
) -> SplitSummary:
    """Count a split's samples by class and subset, and compare them with what was asked.

    Args:
        split: The split.
        crops: All samples.
        taxonomy: What their labels mean.
        screenshots: All screenshots, where those without objects count.
    """
    used = [crop for crop in crops if split.subset_of(crop)]
    levels = (taxonomy.level(LABEL_LEVEL), *taxonomy.levels)
    tables = tuple(subset_table(level, split, used, taxonomy) for level in levels)
    totals = tables[0].counts.sum(axis=0)
    groups = screenshot_groups(used)
    near = [shots for shots in groups if len(shots) > 1]
    torn = [shots for shots in near if len({split.subset_of(shot) for shot in shots}) > 1]
    annotated = {crop.screenshot_id for crop in crops}
    empty = Counter(split.subset_of(shot) for shot in screenshots if shot.id not in annotated)
    train, val, test = (100 * totals / max(1, totals.sum())).tolist()
    return SplitSummary(
        name=split.name,
        ratios=split.ratios,
        seed=split.seed,
        achieved=(train, val, test),
        groups=len(groups),
        near_duplicate_groups=_names(near),
        torn=_names(torn),
        empty=(empty["train"], empty["val"], empty["test"]),
        tables=tables,
        largest_deviation=_largest_deviation(tables[0], split.ratios) if split.ratios else None,
    )


def _names(groups: Iterable[Iterable[Crop]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(sorted(crop.screenshot for crop in group)) for group in groups)


def require_trainable(table: CountTable) -> None:
    """Refuse to train where a class could not be learned or evaluated.

    Args:
        table: Samples a class and subset, of the task's level.

    Raises:
        InputRejectedError: With all classes and counts, if there are fewer than two classes, a class with a single
            sample, or an empty subset.
    """
    present = [(c.name, row) for c, row in zip(table.classes, table.counts.tolist(), strict=True) if sum(row)]
    listed = ", ".join(f"{name} {'/'.join(map(str, row))}" for name, row in present) or "none"
    single = [name for name, row in present if sum(row) == 1]
    empty = [column.name for column, count in zip(table.columns, table.counts.sum(axis=0), strict=True) if not count]
    unseen = [name for name, row in present if not row[0]]
    reason = (
        f"needs at least two classes with samples; got {len(present)}"
        if len(present) < 2
        else f"needs two samples of every class that has any; {', '.join(single)} has one"
        if single
        else f"needs samples in every subset; {', '.join(empty)} has none"
        if empty
        else f"needs samples of every class to learn from; {', '.join(unseen)} has none in train"
        if unseen
        else ""
    )
    if reason:
        raise InputRejectedError(
            f"training {reason}. Samples in train/val/test: {listed}. Annotate more screenshots, then run "
            "toonvision extract and toonvision split."
        )


def subset_table(level: Level, split: Split, crops: Sequence[Crop], taxonomy: Taxonomy) -> CountTable:
    """Count a split's samples by class of one level and subset."""
    pairs: Counter[tuple[str, str]] = Counter(
        (crop.label, subset) for crop in crops if (subset := split.subset_of(crop))
    )
    return count_table(level, SUBSET_CATEGORIES, pairs, taxonomy)


def _largest_deviation(table: CountTable, ratios: Ratios) -> tuple[str, float]:
    asked = table.totals[:, None] * np.array(ratios.shares) / 100
    deviation = np.abs(table.counts - asked).max(axis=1)
    worst = int(deviation.argmax())
    return table.classes[worst].name, float(deviation[worst])
