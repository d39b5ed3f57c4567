"""Drawing a split that cannot leak, and how it came out.

It is stratified by label, and never goes through a group of screenshots that belong together, unless a recording has to
be cut (see `groups`). What came out are samples a class and subset.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from toonvision.core.errors import InputRejectedError
from toonvision.core.folders import exclusive
from toonvision.core.seeds import generator
from toonvision.data.balance import CountTable, count_table
from toonvision.data.catalog import Crop, StoredScreenshot
from toonvision.data.groups import Group, Reason, find_groups, group_keys, groups_of_each, linked, too_few
from toonvision.data.splits import DEFAULT_SPLIT, Ratios, Split, screenshot_keys, write_split
from toonvision.data.subsets import SUBSETS, Subset
from toonvision.data.workspace import Workspace
from toonvision.taxonomy.labels import LABEL_LEVEL, Category, Level, Taxonomy

SUBSET_CATEGORIES = (
    Category("train", "Train", "#4477AA"),
    Category("val", "Val", "#CCBB44"),
    Category("test", "Test", "#AA3377"),
)
_DEALS = 20
_WORTH_ONE = 0.5
"""Samples of a label that a subset is to have, above which it is not left without any."""
_ENOUGH = len(SUBSETS)
"""Groups of a label, from which on no subset is left without any, whatever its share."""


class _Sample(NamedTuple):
    """What is dealt: a screenshot's key, and the label that it counts for."""

    key: str
    label: str


_Group = list[_Sample]
Shares = Mapping[Subset, int]
"""Subsets with their shares in percent."""
_Due = Mapping[str, npt.NDArray[np.bool_]]
"""Labels, each with whether a subset is not to be left without it, in the order of the shares."""


def plan_split(
    crops: Sequence[Crop],
    *,
    ratios: Ratios,
    seed: int,
    name: str = DEFAULT_SPLIT,
    screenshots: Sequence[StoredScreenshot] = (),
) -> Split:
    """Assign screenshots to train, val and test, so that each label is as near to the ratios as its groups allow.

    The rarest label is dealt first: each of its groups goes to the subset that misses most of that label, then to
    the one that misses most samples, then at random (iterative stratification, with groups for samples); its last
    groups go to subsets that have none of it: where three groups hold a label, each subset gets one, whatever the
    ratios; and the last groups of all go to subsets that have nothing yet. Of several such deals the nearest to the
    ratios is kept. Those of the `screenshots` without objects are dealt afterwards, stratified by context, from a
    random stream of their own; one that belongs to a group of annotated screenshots joins it. The same seed and crops
    give the same split.

    Raises:
        InputRejectedError: If there are no crops, or too few groups to fill three subsets.

    Source:
        Sechidis, Tsoumakas and Vlahavas, "On the stratification of multi-label data", ECML PKDD 2011.
    """
    keys = screenshot_keys([(c.source, c.screenshot) for c in crops] + [(s.source, s.name) for s in screenshots])
    shares = dict(zip(SUBSETS, ratios.shares, strict=True))
    return Split(name, divide(crops, screenshots, keys, shares, seed=seed), ratios, seed)


def divide(
    crops: Sequence[Crop],
    screenshots: Sequence[StoredScreenshot],
    keys: Mapping[tuple[str, str], str],
    shares: Shares,
    *,
    seed: int,
    given: Mapping[str, Subset] = MappingProxyType({}),
) -> dict[str, Subset]:
    """Assign screenshots to the subsets that have a share, as `plan_split` explains.

    Args:
        crops: The crops whose screenshots are assigned.
        screenshots: Screenshots to assign, too, where they have no crops.
        keys: A screenshot's key, as `screenshot_keys` returns it.
        shares: Each subset's share in percent.
        seed: Same seed, same result.
        given: The subsets that some screenshots have already, by their keys; they count as dealt.

    Returns:
        A screenshot's key to its subset.

    Raises:
        InputRejectedError: If there are no crops, or too few groups to fill all those subsets.
    """
    groups: dict[int, _Group] = defaultdict(list)
    found = find_groups(crops)
    block_of = {shot.screenshot_id: at for at, block in enumerate(_blocks(found)) for shot in block}
    for crop in crops:
        groups[block_of[crop.screenshot_id]].append(_Sample(keys[crop.source, crop.screenshot], crop.label))
    if fault := too_few(found, len(shares)):
        reason, remedy = fault
        raise InputRejectedError(f"{reason}. {remedy[0].upper()}{remedy[1:]}.")
    dealt = list(groups.values())
    due = _due(dealt, shares, enough=_ENOUGH)
    # What is drawn from a source's own train alone may come out empty: then too little would be left to learn from.
    whole = len(shares) == len(SUBSETS)
    subsets = _best_deal(dealt, shares, due, generator(seed, "split"), given, fill=whole)
    annotated = {crop.screenshot_id for crop in crops}
    empty = [shot for shot in screenshots if shot.id not in annotated]
    if empty:
        known = [shot for shot in screenshots if shot.id in annotated]
        subsets.update(_deal_empty([*known, *empty], subsets, keys, shares, generator(seed, "split", "empty")))
    return subsets


def _blocks(groups: Sequence[Group[Crop]]) -> list[tuple[Crop, ...]]:
    return [block for group in groups for block in group.blocks]


def draw_split(
    workspace: Workspace, *, ratios: Ratios, seed: int, name: str = DEFAULT_SPLIT, replace: bool = False
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
    shots: Sequence[StoredScreenshot],
    subsets: Mapping[str, Subset],
    keys: Mapping[tuple[str, str], str],
    shares: Shares,
    rng: np.random.Generator,
) -> dict[str, Subset]:
    """Assign those of some screenshots that have no subset yet; in a group they join the nearest one that has."""
    joined: dict[str, Subset] = {}
    waiting: list[_Group] = []
    for group in linked(shots):
        samples = [_Sample(keys[shot.source, shot.name], shot.context) for shot in group.shots]
        known = [at for at, sample in enumerate(samples) if sample.key in subsets]
        for at, sample in enumerate(samples):
            if known:
                joined[sample.key] = subsets[samples[min(known, key=lambda other: abs(other - at))].key]
        if not known:
            waiting.append(samples)
    return joined | _best_deal(waiting, shares, _due(waiting, shares), rng)


def _due(groups: Sequence[_Group], shares: Shares, *, enough: float = math.inf) -> _Due:
    """Return for each label which subsets are not to be left without it: all, where `enough` groups hold it."""
    totals = Counter(sample.label for group in groups for sample in group)
    held = Counter(label for group in groups for label in {sample.label for sample in group})
    share = np.array(list(shares.values())) / 100
    return {label: (count * share > _WORTH_ONE) | (held[label] >= enough) for label, count in totals.items()}


def _best_deal(
    groups: Sequence[_Group],
    shares: Shares,
    due: _Due,
    rng: np.random.Generator,
    given: Mapping[str, Subset] = MappingProxyType({}),
    *,
    fill: bool = False,
) -> dict[str, Subset]:
    deals = [_deal(groups, shares, due, rng, given, fill=fill) for _ in range(_DEALS)]
    return min(deals, key=lambda deal: _distance(deal, groups, shares, due))


def _deal(
    groups: Sequence[_Group],
    shares: Shares,
    due: _Due,
    rng: np.random.Generator,
    given: Mapping[str, Subset],
    *,
    fill: bool,
) -> dict[str, Subset]:
    """Deal groups once; where `fill` is set, the last ones go to subsets that would be left without any sample."""
    names, share = list(shares), np.array(list(shares.values())) / 100
    totals = Counter(sample.label for group in groups for sample in group)
    need = {label: count * share for label, count in totals.items()}
    has = {label: np.zeros(len(names)) for label in totals}
    need_all, has_all = sum(totals.values()) * share, np.zeros(len(names))
    waiting = [groups[index] for index in rng.permutation(len(groups))]
    contents = [Counter(sample.label for sample in group) for group in waiting]
    subsets: dict[str, Subset] = {}
    open_groups = dict.fromkeys(range(len(waiting)))

    def put(index: int, chosen: int) -> None:
        for label, count in contents[index].items():
            need[label][chosen] -= count
            has[label][chosen] += count
        need_all[chosen] -= sum(contents[index].values())
        has_all[chosen] += sum(contents[index].values())
        subsets.update({sample.key: names[chosen] for sample in waiting[index]})
        del open_groups[index]

    for index, group in enumerate(waiting):
        if subset := next((given[sample.key] for sample in group if sample.key in given), None):
            put(index, names.index(subset))
    for label in sorted(totals, key=lambda label: (totals[label], label)):
        # Groups that hold many of a label are dealt first: small ones can still even it out.
        holding = sorted((i for i in open_groups if contents[i][label]), key=lambda i: -contents[i][label])
        for left, index in zip(range(len(holding), 0, -1), holding, strict=True):
            # The subset that it serves best: the dealt label, then its other labels, then size, then at random.
            others = sum(np.minimum(need[other], count) for other, count in contents[index].items())
            without = (has[label] == 0) & due[label]
            last = without.astype(float) if without.sum() >= left else np.zeros(len(names))
            bare = has_all == 0
            filling = bare.astype(float) if fill and bare.sum() >= len(open_groups) else np.zeros(len(names))
            best = (-need_all, -np.round(others, 6), -np.round(need[label], 6))
            order = (rng.random(len(names)), *best, -last, -filling)
            put(index, int(np.lexsort(order)[0]))
    return subsets


def _distance(subsets: Mapping[str, Subset], groups: Sequence[_Group], shares: Shares, due: _Due) -> tuple[int, float]:
    """Measure how far a deal is from the shares: subsets without a label, then chi-squared over labels and subsets."""
    totals = Counter(sample.label for group in groups for sample in group)
    counts = Counter((sample.label, subsets[sample.key]) for group in groups for sample in group)
    asked = {
        (label, subset): n * share / 100 for label, n in sorted(totals.items()) for subset, share in shares.items()
    }
    without = sum(
        not counts[label, name] for label in due for name, is_due in zip(shares, due[label], strict=True) if is_due
    )
    return without, sum((counts[key] - wanted) ** 2 / wanted for key, wanted in asked.items())


@dataclass(frozen=True)
class JoinedShots:
    """Screenshots that belong together, in a split.

    Attributes:
        reason: Why they do: the strongest reason.
        names: Their paths below their sources, in the order of their numbers.
        subsets: The subsets that they lie in.
        cut_for: The labels for whose sake they had to be cut.
        is_cut: Whether they had to be.
    """

    reason: Reason
    names: tuple[str, ...]
    subsets: tuple[Subset, ...]
    cut_for: tuple[str, ...]
    is_cut: bool


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
        torn: Names of screenshots that belong together, for any reason, and lie in several subsets although they
            need not, so that the split leaks; never in a split that was drawn.
        empty: Number of screenshots without objects in train, val and test.
        tables: Samples a class and subset: the labels' own first, then each level's.
        largest_deviation: The label furthest from the asked ratios, and by how many samples; None without ratios.
        joined: All groups of more than one screenshot, the largest first.
        from_source: Whether it is the source's own.
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
    joined: tuple[JoinedShots, ...] = ()
    from_source: bool = False

    @property
    def cut(self) -> tuple[JoinedShots, ...]:
        """The recordings that lie in several subsets because there are too few."""
        return tuple(group for group in self.joined if group.is_cut and len(group.subsets) > 1)

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
    groups = find_groups(used)
    joined = sorted((group for group in groups if len(group.shots) > 1), key=lambda group: -len(group.shots))
    levels = (taxonomy.level(LABEL_LEVEL), *taxonomy.levels)
    tables = tuple(subset_table(level, split, used, taxonomy) for level in levels)
    totals = tables[0].counts.sum(axis=0)
    annotated = {crop.screenshot_id for crop in crops}
    empty = Counter(split.subset_of(shot) for shot in screenshots if shot.id not in annotated)
    train, val, test = (100 * totals / max(1, totals.sum())).tolist()
    return SplitSummary(
        name=split.name,
        ratios=split.ratios,
        seed=split.seed,
        achieved=(train, val, test),
        groups=len(groups),
        near_duplicate_groups=_names(group.shots for group in joined if group.reason == "near-duplicates"),
        torn=_names(block for block in _blocks(joined) if split.tears(block)),
        empty=(empty["train"], empty["val"], empty["test"]),
        tables=tables,
        largest_deviation=_largest_deviation(tables[0], split.ratios) if split.ratios else None,
        joined=tuple(_joined_shots(group, split) for group in joined),
        from_source=split.from_source,
    )


def _joined_shots(group: Group[Crop], split: Split) -> JoinedShots:
    lying = {split.subset_of(shot) for shot in group.shots}
    subsets = tuple(subset for subset in SUBSETS if subset in lying)
    return JoinedShots(
        group.reason, tuple(shot.screenshot for shot in group.shots), subsets, group.labels, group.is_cut
    )


def _names(groups: Iterable[Iterable[Crop]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(sorted(crop.screenshot for crop in group)) for group in groups)


def subset_table(level: Level, split: Split, crops: Sequence[Crop], taxonomy: Taxonomy) -> CountTable:
    """Count a split's samples by class of one level and subset."""
    pairs: Counter[tuple[str, str]] = Counter(
        (crop.label, subset) for crop in crops if (subset := split.subset_of(crop))
    )
    return count_table(level, SUBSET_CATEGORIES, pairs, taxonomy)


def class_groups(level: Level, crops: Sequence[Crop], taxonomy: Taxonomy) -> Counter[str]:
    """Return in how many groups of screenshots that stay together each class of a level lies, of those that do."""
    classes = [taxonomy.class_of(crop.label, level.name) for crop in crops]
    found = groups_of_each(classes, group_keys(crops))
    return Counter({name: count for name, count in found.items() if name is not None})


def _largest_deviation(table: CountTable, ratios: Ratios) -> tuple[str, float]:
    asked = table.totals[:, None] * np.array(ratios.shares) / 100
    deviation = np.abs(table.counts - asked).max(axis=1)
    worst = int(deviation.argmax())
    return table.classes[worst].name, float(deviation[worst])
