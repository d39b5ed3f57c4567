"""Splits that cannot leak: per label, and never through one screenshot or its near-duplicates."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from toonvision.core.errors import InputRejectedError, UsageError
from toonvision.core.seeds import generator
from toonvision.data.balance import CountTable, count_table
from toonvision.data.catalog import SUBSETS, Crop, StoredSplit
from toonvision.data.fingerprints import near_groups
from toonvision.taxonomy.labels import LABEL_LEVEL, Category, Level, Taxonomy

PART_CATEGORIES = (
    Category("train", "Train", "#4477AA"),
    Category("val", "Validate", "#CCBB44"),
    Category("test", "Test", "#AA3377"),
)


@dataclass(frozen=True)
class Ratios:
    """How a split divides the samples, in percent.

    Examples:
        >>> Ratios.parse("60/20/20")
        Ratios(train=60, val=20, test=20)
        >>> Ratios(60, 20, 30)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        toonvision.core.errors.UsageError: split ratios must ...
    """

    train: int
    val: int
    test: int

    def __post_init__(self) -> None:
        """Refuse shares that leave a part empty or do not make a whole."""
        if min(self.shares) <= 0 or sum(self.shares) != 100:
            raise UsageError(
                f"split ratios must be positive and sum to 100; got {self} ({sum(self.shares)}). "
                "Write e.g. --ratios 60/20/20."
            )

    @classmethod
    def parse(cls, text: str) -> "Ratios":
        """Read ratios written as ``60/20/20``.

        Raises:
            UsageError: If they are not three whole percentages that make 100.
        """
        fields = text.split("/")
        if len(fields) != len(SUBSETS) or not all(
            field.isascii() and field.isdecimal() and len(field) <= 3 for field in fields
        ):
            raise UsageError(f"split ratios are three whole percentages; got {text!r}. Write e.g. --ratios 60/20/20.")
        return cls(*(int(field) for field in fields))

    @property
    def shares(self) -> tuple[int, int, int]:
        """Train, validate, test, in percent."""
        return self.train, self.val, self.test

    def __str__(self) -> str:
        """Write them as they are parsed."""
        return "/".join(map(str, self.shares))


_DEALS = 20
SIXTY_TWENTY_TWENTY = Ratios(60, 20, 20)


@dataclass(frozen=True)
class SplitSummary:
    """How a split came out.

    Attributes:
        name: The split's name.
        ratios: What was asked for.
        seed: What it was drawn with.
        grouped: Whether crops of one screenshot stay together; if not, the split leaks.
        achieved: Share of the samples in train, validate and test, in percent.
        groups: How many groups of screenshots there were.
        near_duplicate_groups: Names of screenshots that are near-duplicates of each other.
        tables: Samples a class and part: the labels' own first, then each level's.
        largest_deviation: The label furthest from the asked ratios, and by how many samples.
    """

    name: str
    ratios: Ratios
    seed: int
    grouped: bool
    achieved: tuple[float, float, float]
    groups: int
    near_duplicate_groups: tuple[tuple[str, ...], ...]
    tables: tuple[CountTable, ...]
    largest_deviation: tuple[str, float]

    @property
    def near_duplicates(self) -> int:
        """How many screenshots are near-duplicates of another one."""
        return sum(map(len, self.near_duplicate_groups))


def plan_split(
    crops: Sequence[Crop], *, ratios: Ratios, seed: int, grouped: bool = True, name: str = "default"
) -> StoredSplit:
    """Assign crops to train, validate and test, each label as near to the ratios as its groups allow.

    The rarest label is dealt first: each of its groups goes to the part that misses most of that label, then to
    the one that misses most samples, then by lot (iterative stratification, with groups for samples). Of several
    such deals the nearest to the ratios is kept.

    Args:
        crops: All samples.
        ratios: Shares of the three parts.
        seed: Same seed, same crops, same split.
        grouped: Keep crops of one screenshot, and of near-duplicate screenshots, in one part. Without it the
            split leaks; it is there to show how much.
        name: What to call it.

    Raises:
        InputRejectedError: If there are no crops, or too few groups to fill three parts.

    Source:
        Sechidis, Tsoumakas and Vlahavas, "On the stratification of multi-label data", ECML PKDD 2011.
    """
    keys = group_keys(crops) if grouped else [crop.id for crop in crops]
    groups: dict[Hashable, list[Crop]] = defaultdict(list)
    for crop, key in zip(crops, keys, strict=True):
        groups[key].append(crop)
    if len(groups) < len(SUBSETS):
        raise InputRejectedError(
            f"a split needs at least {len(SUBSETS)} {'screenshots' if grouped else 'crops'}; got {len(groups)}. "
            "Annotate more screenshots and run toonvision extract."
        )
    rng = generator(seed, "split")
    deals = [_deal(list(groups.values()), ratios, rng) for _ in range(_DEALS)]
    parts = min(deals, key=lambda deal: _distance(deal, crops, ratios))
    return StoredSplit(name, ratios.shares, seed, grouped, parts)


def split_digest(crops: Iterable[Crop], parts: Mapping[int, str]) -> str:
    """Give a hash of which crop is in which part.

    Args:
        crops: In the order of the catalogue; all must have a place.
        parts: A crop's row to its part.
    """
    listed = [[crop.hash, parts[crop.id]] for crop in crops]
    return hashlib.sha256(json.dumps(listed).encode()).hexdigest()[:16]


def group_keys(crops: Sequence[Crop]) -> list[int]:
    """Give each crop the key of its group: its screenshot's, or that of a near-duplicate of it."""
    shots = list({crop.screenshot_id: crop.fingerprint for crop in crops}.items())
    groups = near_groups([mark for _, mark in shots])
    key = {shot: group for (shot, _), group in zip(shots, groups, strict=True)}
    return [key[crop.screenshot_id] for crop in crops]


def summarize_split(split: StoredSplit, crops: Sequence[Crop], taxonomy: Taxonomy) -> SplitSummary:
    """Count a split's parts by class, and how far they are from what was asked."""
    used = [crop for crop in crops if crop.id in split.parts]
    levels = (taxonomy.level(LABEL_LEVEL), *taxonomy.levels)
    tables = tuple(subset_table(level, split, used, taxonomy) for level in levels)
    totals = tables[0].counts.sum(axis=0)
    keys = group_keys(used)
    shots_of: dict[int, dict[int, str]] = defaultdict(dict)  # by their rows: two sources may use the same name
    for crop, key in zip(used, keys, strict=True):
        shots_of[key][crop.screenshot_id] = crop.screenshot
    ratios = Ratios(*split.ratios)
    train, val, test = (100 * totals / max(1, totals.sum())).tolist()
    return SplitSummary(
        name=split.name,
        ratios=ratios,
        seed=split.seed,
        grouped=split.grouped,
        achieved=(train, val, test),
        groups=len(shots_of),
        near_duplicate_groups=tuple(tuple(sorted(shots.values())) for shots in shots_of.values() if len(shots) > 1),
        tables=tables,
        largest_deviation=_largest_deviation(tables[0], ratios),
    )


def require_trainable(table: CountTable) -> None:
    """Refuse to train where a class could not be learned or judged.

    Args:
        table: Samples a class and part, of the task's level.

    Raises:
        InputRejectedError: With all classes and counts, if there are fewer than two classes, a class with a single
            sample, or an empty part.
    """
    present = [(c.name, row) for c, row in zip(table.classes, table.counts.tolist(), strict=True) if sum(row)]
    listed = ", ".join(f"{name} {'/'.join(map(str, row))}" for name, row in present) or "none"
    single = [name for name, row in present if sum(row) == 1]
    parts = {part.title: int(count) for part, count in zip(table.columns, table.counts.sum(axis=0), strict=True)}
    empty = [title for title, count in parts.items() if not count]
    unseen = [name for name, row in present if not row[0]]
    reason = (
        f"needs at least two classes with samples; got {len(present)}"
        if len(present) < 2
        else f"needs two samples of every class that has any; {', '.join(single)} has one"
        if single
        else f"needs samples in every part; {', '.join(empty)} has none"
        if empty
        else f"needs samples of every class to learn from; {', '.join(unseen)} has none in train"
        if unseen
        else ""
    )
    if reason:
        raise InputRejectedError(
            f"training {reason}. Samples in train/validate/test: {listed}. Annotate more screenshots, then run "
            "toonvision extract and toonvision split."
        )


def subset_table(level: Level, split: StoredSplit, crops: Sequence[Crop], taxonomy: Taxonomy) -> CountTable:
    """Count a split's samples a class of one level and part."""
    pairs = Counter((crop.label, split.parts[crop.id]) for crop in crops if crop.id in split.parts)
    return count_table(level, PART_CATEGORIES, pairs, taxonomy)


def _deal(groups: list[list[Crop]], ratios: Ratios, rng: np.random.Generator) -> Mapping[int, str]:
    shares = np.array(ratios.shares) / 100
    totals = Counter(crop.label for group in groups for crop in group)
    need = {label: count * shares for label, count in totals.items()}
    need_all = sum(totals.values()) * shares
    waiting = [groups[index] for index in rng.permutation(len(groups))]
    contents = [Counter(crop.label for crop in group) for group in waiting]
    parts: dict[int, str] = {}
    open_groups = dict.fromkeys(range(len(waiting)))
    for label in sorted(totals, key=lambda label: (totals[label], label)):
        # Groups that hold many of a label are dealt first: small ones can still even it out.
        holding = sorted((i for i in open_groups if contents[i][label]), key=lambda i: -contents[i][label])
        for index in holding:
            part = _neediest(need[label], need_all, contents[index], need, rng)
            for other, count in contents[index].items():
                need[other][part] -= count
            need_all[part] -= sum(contents[index].values())
            parts.update({crop.id: SUBSETS[part] for crop in waiting[index]})
            del open_groups[index]
    return parts


def _distance(parts: Mapping[int, str], crops: Sequence[Crop], ratios: Ratios) -> float:
    """Measure how far a deal is from the ratios: chi-squared over labels and parts."""
    totals = Counter(crop.label for crop in crops)
    counts = Counter((crop.label, parts[crop.id]) for crop in crops)
    asked = {
        (label, part): n * share / 100
        for label, n in totals.items()
        for part, share in zip(SUBSETS, ratios.shares, strict=True)
    }
    return sum((counts[key] - wanted) ** 2 / wanted for key, wanted in asked.items())


def _neediest(
    need: npt.NDArray[np.float64],
    need_all: npt.NDArray[np.float64],
    content: Mapping[str, int],
    needs: Mapping[str, npt.NDArray[np.float64]],
    rng: np.random.Generator,
) -> int:
    """Choose the part that a group serves best: the dealt label, then its other labels, then size, then by lot."""
    others = sum(np.minimum(needs[label], count) for label, count in content.items())
    order = np.lexsort((rng.random(len(SUBSETS)), -need_all, -np.round(others, 6), -np.round(need, 6)))
    return int(order[0])


def _largest_deviation(table: CountTable, ratios: Ratios) -> tuple[str, float]:
    asked = table.totals[:, None] * np.array(ratios.shares) / 100
    deviation = np.abs(table.counts - asked).max(axis=1)
    worst = int(deviation.argmax())
    return table.classes[worst].name, float(deviation[worst])
