"""Drawing a split that cannot leak: stratified by label, and never through a screenshot or its near-duplicates."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from toonvision.core.errors import InputRejectedError
from toonvision.core.locks import exclusive
from toonvision.core.seeds import generator
from toonvision.data.catalog import Crop, StoredScreenshot
from toonvision.data.fingerprints import near_groups
from toonvision.data.groups import group_keys
from toonvision.data.splits import SUBSETS, Ratios, Split, Subset, screenshot_keys, write_split
from toonvision.data.workspace import Workspace

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
    such deals the nearest to the ratios is kept. Screenshots without objects are dealt afterwards, stratified by
    context, from a random stream of their own; one that is a near-duplicate of an annotated screenshot joins it.

    Args:
        crops: All samples.
        ratios: Shares of the three subsets.
        seed: Same seed, same crops, same split.
        name: What to call it.
        screenshots: All screenshots, those without objects among them; by default those of the crops.

    Raises:
        InputRejectedError: If there are no crops, or too few groups to fill three subsets.

    Source:
        Sechidis, Tsoumakas and Vlahavas, "On the stratification of multi-label data", ECML PKDD 2011.
    """
    keys = screenshot_keys([*crops, *screenshots])
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
    """Plan a split of all screenshots of a workspace and write it.

    Args:
        workspace: Where to read and write.
        ratios: Shares of the three subsets.
        seed: Same seed, same screenshots, same split.
        name: What to call it.
        replace: Replace an earlier one of that name.

    Raises:
        UsageError: If there is one of that name and `replace` is not set.
        InputRejectedError: If nothing was extracted, or there are too few groups to fill three subsets.
        WorkspaceBusyError: If another process writes to the workspace.
    """
    with workspace.reading() as catalog, exclusive(workspace.root, purpose="split"):
        plan = plan_split(catalog.crops(), ratios=ratios, seed=seed, name=name, screenshots=catalog.screenshots())
        write_split(workspace.splits, plan, replace=replace)
    return plan


def naive_subsets(crops: Sequence[Crop], split: Split, *, seed: int) -> dict[int, Subset]:
    """Divide crops without regard to their screenshots, to measure how much better a leak makes a model look.

    Args:
        crops: All samples that the split knows.
        split: The split to compare with.
        seed: Same seed, same crops, same subsets.

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
            chosen = _neediest(need[label], need_all, contents[index], need, rng)
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


def _neediest(
    need: npt.NDArray[np.float64],
    need_all: npt.NDArray[np.float64],
    content: Mapping[str, int],
    needs: Mapping[str, npt.NDArray[np.float64]],
    rng: np.random.Generator,
) -> int:
    """Choose the subset that a group serves best: the dealt label, then its other labels, then size, then at random."""
    others = sum(np.minimum(needs[label], count) for label, count in content.items())
    order = np.lexsort((rng.random(len(SUBSETS)), -need_all, -np.round(others, 6), -np.round(need, 6)))
    return int(order[0])
