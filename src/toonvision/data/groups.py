"""Groups of screenshots that must lie in one subset, and why; and where a recording has to be cut nonetheless.

- *Near-duplicates* look the same (see `fingerprints`).
- *Copies of one source* are named as programs name them that make several pictures of one, such as Roboflow.
- *Frames of one recording*: those of a video, or screenshots in a row while little moves. The next recording looks
  different, so a test on frames of the one that was learned from says little.
- *What the pattern joins*: the settings say what belongs together, ``[groups] pattern = "..."``.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, Literal, TypeVar, get_args

import numpy as np
import numpy.typing as npt

from toonvision.core.grouping import grouped
from toonvision.core.wording import listed
from toonvision.data.fingerprints import LARGEST_DIFFERENCE, differences, near_groups
from toonvision.data.records import Crop, Frame, Item, Shot
from toonvision.data.series import Series, all_series, copies, natural_key
from toonvision.data.subsets import SUBSETS

Reason = Literal["near-duplicates", "copies of one source", "frames of one recording", "what the pattern joins"]
"""Why screenshots belong together, from the weakest reason to the strongest."""
REASONS: tuple[Reason, ...] = get_args(Reason)
_CAN_BE_CUT: frozenset[Reason] = frozenset({"frames of one recording", "what the pattern joins"})
NEIGHBOUR_DIFFERENCE = 0.40
"""Neighbours of a series that differ in at most this share of their steps were taken one after the other.

Measured as `LARGEST_DIFFERENCE` is: of four videos of the sample world (240 frames, 10 a second) neighbours differed by
at most 0.27, frames three apart by at most 0.43, those a second apart by 0.14 to 0.49 in the median. Neighbours that
were no recording differed by 0.56 and more (503 screenshots of the sample world), 0.60 (430 of a game's real streets),
and 0.58 (364 of blood cells, but for one pair of near-duplicates).
"""
RECORD_MORE = "record more, at another time and place; with three recordings or more of each label, none is cut"
_SOON_DIFFERENCE = 0.50
"""The same where their names hold times that lie at most `_SOON` apart."""
_SOON, _LATER = 10, 300
"""Seconds: until then a neighbour is of the same scene more likely than not; after that it is no neighbour."""
_OF_DISTANT = 0.75
"""Neighbours must be this much more alike than distant members: with a game's frame around them, all are alike."""
_CUT = 2
"""Times the median difference of neighbours: above it, and above `_SOON_DIFFERENCE`, another recording begins."""
_MOST_COPIES = 4
"""Of one step, that are compared with those of another."""
_FEWEST_FOR_DISTANT, _FEWEST_FRAMES, _FEWEST_CHANGES = 8, 4, 3
_BLOCKS = (5, 10, 20)
"""Into how many blocks a recording is cut, the first number at which its labels lie in enough of them."""

S = TypeVar("S", bound=Shot)
C = TypeVar("C", bound=Hashable)


@dataclass(frozen=True)
class Group(Generic[S]):
    """Screenshots that must lie in one subset.

    Attributes:
        shots: Its screenshots in the order of their names, numbers as numbers.
        reasons: Why they belong together, the strongest last; empty for a single one.
        blocks: The stretches of `shots` that stay together: all of them in one, unless the group has to be cut.
        labels: The labels for whose sake it is cut; empty where there are too few groups in all.
    """

    shots: tuple[S, ...]
    reasons: tuple[Reason, ...]
    blocks: tuple[tuple[S, ...], ...]
    labels: tuple[str, ...] = ()

    @property
    def reason(self) -> Reason:
        """The strongest of its reasons."""
        return self.reasons[-1]

    @property
    def is_cut(self) -> bool:
        """Whether it cannot stay together: else a subset would have nothing, or none of a label."""
        return len(self.blocks) > 1


def linked(shots: Sequence[S]) -> list[Group[S]]:
    """Return the groups of some screenshots, by their first member; none is cut."""
    names = [(shot.source, shot.screenshot) for shot in shots]
    marks = [shot.fingerprint for shot in shots]
    links: dict[Reason, list[list[int]]] = {
        "near-duplicates": _alike(near_groups(marks)),
        "copies of one source": copies(names),
        "frames of one recording": _recordings(all_series(names), marks),
        "what the pattern joins": _alike([shot.recording or -at for at, shot in enumerate(shots)]),
    }
    first = _joined(len(shots), [group for groups in links.values() for group in groups])
    members = grouped(range(len(first)), first.__getitem__)
    reasons = {(first[group[0]], reason) for reason, groups in links.items() for group in groups}
    found = []
    for root, indices in members.items():
        own = tuple(sorted((shots[at] for at in indices), key=lambda shot: (natural_key(shot.screenshot), shot.source)))
        found.append(Group(own, tuple(reason for reason in REASONS if (root, reason) in reasons), (own,)))
    return found


def find_groups(crops: Sequence[Crop]) -> list[Group[Crop]]:
    """Return the groups of the screenshots of crops, each screenshot as its first crop, and cut what has to be.

    A recording is cut into stretches of time where there are fewer groups than subsets, or where all screenshots of a
    label lie in fewer, so that some subset would have none of it.
    """
    shots: dict[int, Crop] = {}
    labels: dict[int, set[str]] = defaultdict(set)
    for crop in crops:
        shots.setdefault(crop.screenshot_id, crop)
        labels[crop.screenshot_id].add(crop.label)
    groups = linked(list(shots.values()))
    lying = Counter(
        label for group in groups for label in {one for shot in group.shots for one in labels[shot.screenshot_id]}
    )
    times = Counter(label for own in labels.values() for label in own)
    scarce = {label for label in times if lying[label] < len(SUBSETS) <= times[label]}
    everything = len(groups) < len(SUBSETS) <= len(shots)
    return [_cut(group, labels, scarce, everything=everything) for group in groups]


def too_few(groups: Sequence[Group[Crop]], needed: int = len(SUBSETS)) -> tuple[str, str] | None:
    """Return why groups are too few to fill some number of subsets, and the remedy; None where they are enough."""
    shots, blocks = (
        sum(len(part) for part in parts) for parts in ([g.shots for g in groups], [g.blocks for g in groups])
    )
    if blocks >= needed:
        return None
    if shots == blocks:
        what, other = "screenshots", "more screenshots"
    else:
        reasons = listed([reason for reason in REASONS if any(reason in group.reasons for group in groups)])
        what, other = f"groups of screenshots that do not belong together ({reasons})", "screenshots of other scenes"
    remedy = f"annotate {other} and run toonvision extract"
    return f"a split needs at least {needed} {what}; got {blocks}", remedy


def group_keys(crops: Sequence[Crop]) -> list[int]:
    """Return a number for each crop that crops share whose screenshots stay together."""
    blocks = [block for group in find_groups(crops) for block in group.blocks]
    key = {shot.screenshot_id: number for number, block in enumerate(blocks) for shot in block}
    return [key[crop.screenshot_id] for crop in crops]


def frame_keys(frames: Sequence[Frame]) -> list[int]:
    """Return a number for each screenshot that those share that stay together; one without objects is alone."""
    crops = [crop for frame in frames for crop in frame.cut]
    key_of = {crop.screenshot_id: key for crop, key in zip(crops, group_keys(crops), strict=True)}
    return [key_of.get(frame.screenshot_id, -1 - at) for at, frame in enumerate(frames)]


def item_keys(items: Sequence[Item]) -> list[int]:
    """Return a number for each crop, or each screenshot, that those share whose screenshots stay together."""
    frames = [item for item in items if isinstance(item, Frame)]
    return frame_keys(frames) if frames else group_keys([item for item in items if isinstance(item, Crop)])


def groups_of_each(classes: Iterable[C], keys: Iterable[int]) -> Counter[C]:
    """Return in how many groups each class lies, given the class and the group of each sample, such as `item_keys`."""
    return Counter(name for name, _ in set(zip(classes, keys, strict=True)))


def _cut(group: Group[Crop], labels: dict[int, set[str]], scarce: set[str], *, everything: bool) -> Group[Crop]:
    """Cut a group into blocks of about equal size, if that is possible and serves a scarce label, or everything."""
    shots = group.shots
    times = Counter(label for shot in shots for label in labels[shot.screenshot_id])
    served = sorted(label for label in scarce if times[label] > 1)
    if len(shots) < 2 or _CAN_BE_CUT.isdisjoint(group.reasons) or not (served or everything):
        return group
    wanted = {label: min(times[label], len(SUBSETS)) for label in (served or times)}
    for number in _BLOCKS:
        blocks = [
            tuple(shots[at] for at in part) for part in np.array_split(range(len(shots)), min(number, len(shots)))
        ]
        spread = Counter(
            label for block in blocks for label in {one for shot in block for one in labels[shot.screenshot_id]}
        )
        if all(spread[label] >= count for label, count in wanted.items()):
            break
    return Group(shots, group.reasons, tuple(blocks), tuple(served))


def _recordings(series: Iterable[Series], marks: Sequence[str]) -> list[list[int]]:
    found: list[list[int]] = []
    for one in series:
        if one.is_video:
            found.append([index for step in one.steps for index in step])
            continue
        for start, stop in _sittings(one):
            found += _runs(one.steps[start:stop], one.seconds[start:stop], marks)
    return found


def _sittings(series: Series) -> list[tuple[int, int]]:
    """Return the stretches of a series without a long pause, as start and end."""
    pauses = [at + 1 for at, pause in enumerate(np.diff(series.seconds)) if pause > _LATER]
    bounds = [0, *pauses, len(series.steps)]
    return list(pairwise(bounds))


def _runs(steps: Sequence[Sequence[int]], seconds: Sequence[float], marks: Sequence[str]) -> list[list[int]]:
    """Return the recordings in a series: neighbours that look alike, or, where at least half do, all up to a cut."""
    gaps = _gaps(steps, [(at, at + 1) for at in range(len(steps) - 1)], marks)
    limits = np.full(len(gaps), NEIGHBOUR_DIFFERENCE)
    if seconds:
        limits[np.diff(seconds) <= _SOON] = _SOON_DIFFERENCE
    if len(steps) >= _FEWEST_FOR_DISTANT:
        half = len(steps) // 2
        distant = np.median(_gaps(steps, [(at, at + half) for at in range(len(steps) - half)], marks))
        limits = np.minimum(limits, _OF_DISTANT * distant)
    alike = gaps <= limits
    changes = gaps > LARGEST_DIFFERENCE  # a scene that was saved twice or more counts once
    number = np.count_nonzero(changes)
    if number >= _FEWEST_CHANGES and 2 * np.count_nonzero(alike & changes) >= number:
        alike = gaps <= max(_SOON_DIFFERENCE, _CUT * float(np.median(gaps)))
    bounds = [0, *(np.flatnonzero(~alike) + 1).tolist(), len(steps)]
    runs = [range(start, stop) for start, stop in pairwise(bounds)]
    return [
        [index for at in run for index in steps[at]]
        for run in runs
        if len(run) >= _FEWEST_FRAMES or (len(run) > 1 and changes[run[0] : run[-1]].any())
    ]


def _gaps(
    steps: Sequence[Sequence[int]], pairs: Sequence[tuple[int, int]], marks: Sequence[str]
) -> npt.NDArray[np.float32]:
    """Return how much steps differ: their most similar pictures, where copies of one source are one step."""
    some = [step[:_MOST_COPIES] for step in steps]
    flat = [(at, one, other) for at, (a, b) in enumerate(pairs) for one in some[a] for other in some[b]]
    least = np.ones(len(pairs), dtype=np.float32)
    np.minimum.at(least, [at for at, _, _ in flat], differences(marks, [(one, other) for _, one, other in flat]))
    return least


def _alike(keys: Sequence[object]) -> list[list[int]]:
    """Return the indices of equal keys, where there is more than one."""
    found = grouped(range(len(keys)), keys.__getitem__)
    return [indices for indices in found.values() if len(indices) > 1]


def _joined(count: int, groups: Iterable[Sequence[int]]) -> list[int]:
    """Return for each index the first one that it is joined with, directly or through others."""
    root = list(range(count))

    def find(index: int) -> int:
        while root[index] != index:
            root[index] = root[root[index]]
            index = root[index]
        return index

    for group in groups:
        for other in group[1:]:
            one, two = sorted((find(group[0]), find(other)))
            root[two] = one
    return [find(index) for index in range(count)]
