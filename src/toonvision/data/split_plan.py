"""Drawing a split that cannot leak, and how it came out.

It is stratified by label, and never goes through a screenshot or its near-duplicates. What came out are samples a class
and subset, on which a network can be trained and evaluated, or not.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from toonvision.core.errors import InputRejectedError
from toonvision.core.folders import exclusive
from toonvision.core.seeds import generator
from toonvision.data.balance import CountTable, count_table
from toonvision.data.catalog import Crop, StoredScreenshot
from toonvision.data.fingerprints import group_keys, near_groups, screenshot_groups
from toonvision.data.splits import Ratios, Split, screenshot_keys, write_split
from toonvision.data.subsets import SUBSETS, Subset
from toonvision.data.workspace import Workspace
from toonvision.taxonomy.labels import LABEL_LEVEL, Category, Level, Taxonomy

SUBSET_CATEGORIES = (
    Category("train", "Train", "#4477AA"),
    Category("val", "Val", "#CCBB44"),
    Category("test", "Test", "#AA3377"),
)
_DEALS = 20


class _Sample(NamedTuple):
    """What is dealt: a screenshot's key, and the label that it counts for."""

    key: str
    label: str


_Group = list[_Sample]


def plan_split(
    crops: Sequence[Crop],
    *,
    ratios: Ratios,
    seed: int,
    name: str = "default",
    screenshots: Sequence[StoredScreenshot] = (),
) -> Split:
    """Assign screenshots to train, val and test, so that each label is as near to the ratios as its groups allow.

    The rarest label is dealt first: each of its groups goes to the subset that misses most of that label, then to
    the one that misses most samples, then at random (iterative stratification, with groups for samples). Of several
    such deals the nearest to the ratios is kept. Those of the `screenshots` without objects are dealt afterwards,
    stratified by context, from a random stream of their own; one that is a near-duplicate of an annotated screenshot
    joins it. The same seed and crops give the same split.

    Raises:
        InputRejectedError: If there are no crops, or too few groups to fill three subsets.

    Source:
        Sechidis, Tsoumakas and Vlahavas, "On the stratification of multi-label data", ECML PKDD 2011.
    """
    keys = screenshot_keys([(c.source, c.screenshot) for c in crops] + [(s.source, s.name) for s in screenshots])
    groups: dict[int, _Group] = defaultdict(list)
    for crop, group in zip(crops, group_keys(crops), strict=True):
        groups[group].append(_Sample(keys[crop.source, crop.screenshot], crop.label))
    if len(groups) < len(SUBSETS):
        raise InputRejectedError(
            f"a split needs at least {len(SUBSETS)} screenshots; got {len(groups)}. Annotate more screenshots and run "
            "toonvision extract."
        )
    subsets = _best_deal(list(groups.values()), ratios, generator(seed, "split"))
    annotated = {crop.screenshot_id for crop in crops}
    empty = [shot for shot in screenshots if shot.id not in annotated]
    if empty:
        known = [shot for shot in screenshots if shot.id in annotated]
        subsets.update(_deal_empty(known, empty, subsets, keys, ratios, generator(seed, "split", "empty")))
    return Split(name, subsets, ratios, seed)


def draw_split(
    workspace: Workspace, *, ratios: Ratios, seed: int, name: str = "default", replace: bool = False
) -> Split:
    """Plan a split of all screenshots of a workspace, as `plan_split` does, and write it.

    Raises:
        UsageError: If there is one of that name and `replace` is not set.
        InputRejectedError: If nothing was extracted, or there are too few groups to fill three subsets.
        WorkspaceBusyError: If another process writes to the workspace.
    """
    with workspace.reading() as catalog, exclusive(workspace.root, purpose="split"):
        known = catalog.known()
        plan = plan_split(known.crops, ratios=ratios, seed=seed, name=name, screenshots=known.screenshots)
        write_split(workspace.splits, plan, replace=replace)
    return plan


def naive_subsets(crops: Sequence[Crop], split: Split, *, seed: int) -> dict[int, Subset]:
    """Divide crops without regard to their screenshots, to measure how much better a leak makes a model look.

    Returns:
        A crop's row to its subset; every label has as many crops in each subset as in the split.
    """
    rng = generator(seed, "naive split")
    subsets: dict[int, Subset] = {}
    for label in sorted({crop.label for crop in crops}):
        own = [(crop.id, subset) for crop in crops if crop.label == label and (subset := split.subset_of(crop))]
        shuffled = rng.permutation(len(own))
        subsets.update({id_: own[index][1] for (id_, _), index in zip(own, shuffled, strict=True)})
    return subsets


def _deal_empty(
    annotated: Sequence[StoredScreenshot],
    empty: Sequence[StoredScreenshot],
    subsets: Mapping[str, Subset],
    keys: Mapping[tuple[str, str], str],
    ratios: Ratios,
    rng: np.random.Generator,
) -> dict[str, Subset]:
    """Assign screenshots without objects; `subsets` has the annotated ones."""
    shots = [*annotated, *empty]
    groups: dict[int, list[StoredScreenshot]] = defaultdict(list)
    for shot, key in zip(shots, near_groups([shot.fingerprint for shot in shots]), strict=True):
        groups[key].append(shot)
    joined: dict[str, Subset] = {}
    waiting: list[_Group] = []
    for group in groups.values():
        samples = [_Sample(keys[shot.source, shot.name], shot.context) for shot in group]
        side = next((subsets[sample.key] for sample in samples if sample.key in subsets), None)
        if side:
            joined.update({sample.key: side for sample in samples if sample.key not in subsets})
        else:
            waiting.append(samples)
    return joined | _best_deal(waiting, ratios, rng)


def _best_deal(groups: Sequence[_Group], ratios: Ratios, rng: np.random.Generator) -> dict[str, Subset]:
    deals = [_deal(groups, ratios, rng) for _ in range(_DEALS)]
    return min(deals, key=lambda deal: _distance(deal, groups, ratios))


def _deal(groups: Sequence[_Group], ratios: Ratios, rng: np.random.Generator) -> dict[str, Subset]:
    shares = np.array(ratios.shares) / 100
    totals = Counter(sample.label for group in groups for sample in group)
    need = {label: count * shares for label, count in totals.items()}
    need_all = sum(totals.values()) * shares
    waiting = [groups[index] for index in rng.permutation(len(groups))]
    contents = [Counter(sample.label for sample in group) for group in waiting]
    subsets: dict[str, Subset] = {}
    open_groups = dict.fromkeys(range(len(waiting)))
    for label in sorted(totals, key=lambda label: (totals[label], label)):
        # Groups that hold many of a label are dealt first: small ones can still even it out.
        holding = sorted((i for i in open_groups if contents[i][label]), key=lambda i: -contents[i][label])
        for index in holding:
            # The subset that it serves best: the dealt label, then its other labels, then size, then at random.
            others = sum(np.minimum(need[other], count) for other, count in contents[index].items())
            random = rng.random(len(SUBSETS))
            chosen = np.lexsort((random, -need_all, -np.round(others, 6), -np.round(need[label], 6)))[0]
            for other, count in contents[index].items():
                need[other][chosen] -= count
            need_all[chosen] -= sum(contents[index].values())
            subsets.update({sample.key: SUBSETS[chosen] for sample in waiting[index]})
            del open_groups[index]
    return subsets


def _distance(subsets: Mapping[str, Subset], groups: Sequence[_Group], ratios: Ratios) -> float:
    """Measure how far a deal is from the ratios: chi-squared over labels and subsets."""
    totals = Counter(sample.label for group in groups for sample in group)
    counts = Counter((sample.label, subsets[sample.key]) for group in groups for sample in group)
    asked = {
        (label, subset): n * share / 100
        for label, n in sorted(totals.items())
        for subset, share in zip(SUBSETS, ratios.shares, strict=True)
    }
    return sum((counts[key] - wanted) ** 2 / wanted for key, wanted in asked.items())


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

    Those of all `screenshots` that have no objects are counted too.
    """
    used = [crop for crop in crops if split.subset_of(crop)]
    levels = (taxonomy.level(LABEL_LEVEL), *taxonomy.levels)
    tables = tuple(subset_table(level, split, used, taxonomy) for level in levels)
    totals = tables[0].counts.sum(axis=0)
    groups = screenshot_groups(used)
    near = [shots for shots in groups if len(shots) > 1]
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
        torn=_names(filter(split.tears, near)),
        empty=(empty["train"], empty["val"], empty["test"]),
        tables=tables,
        largest_deviation=_largest_deviation(tables[0], split.ratios) if split.ratios else None,
    )


def _names(groups: Iterable[Iterable[Crop]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(sorted(crop.screenshot for crop in group)) for group in groups)


def require_trainable(table: CountTable) -> None:
    """Refuse to train where a class of the task's level could not be learned or evaluated.

    Raises:
        InputRejectedError: With all classes and counts, if there are fewer than two classes, a class with a single
            sample, or an empty subset.
    """
    present = [(c.name, row) for c, row in zip(table.classes, table.counts.tolist(), strict=True) if sum(row)]
    listed = ", ".join(f"{name} {'/'.join(map(str, row))}" for name, row in present) or "none"
    single = [name for name, row in present if sum(row) == 1]
    empty = [column.name for column, count in zip(table.columns, table.counts.sum(axis=0), strict=True) if not count]
    unseen = [name for name, row in present if not row[0]]
    if len(present) < 2:
        reason = f"needs at least two classes with samples; got {len(present)}"
    elif single:
        reason = f"needs two samples of every class that has any; {', '.join(single)} has one"
    elif empty:
        reason = f"needs samples in every subset; {', '.join(empty)} has none"
    elif unseen:
        reason = f"needs samples of every class to learn from; {', '.join(unseen)} has none in train"
    else:
        return
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
