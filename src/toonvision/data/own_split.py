"""The split that sources have of their own, in folders, files or lists called train, val and test, taken over."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from toonvision.core.errors import Finding, InputRejectedError
from toonvision.core.folders import exclusive
from toonvision.data import examination
from toonvision.data.catalog import Crop, StoredScreenshot
from toonvision.data.groups import find_groups, too_few
from toonvision.data.split_plan import divide
from toonvision.data.splits import DEFAULT_SPLIT, Split, again, screenshot_keys, write_split
from toonvision.data.subsets import SUBSETS, Subset
from toonvision.data.workspace import Workspace

DRAWN_PERCENT = 20
"""Of train, for each subset that the source has not."""


@dataclass(frozen=True)
class TakenOver:
    """A split as the sources have it.

    Attributes:
        split: The split.
        left_out: The screenshots that the sources put into no subset.
        drawn: The subsets that the sources have not, which were drawn from train.
        empty: The subsets that the sources have not, and that train is too small for.
    """

    split: Split
    left_out: tuple[str, ...]
    drawn: tuple[Subset, ...]
    empty: tuple[Subset, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What to know of it, besides how it came out."""
        reason = f"is not in the source, so {DRAWN_PERCENT} % of train were drawn for it, with seed {self.split.seed}"
        small = f"is not in the source, and train has too few objects to draw {DRAWN_PERCENT} % of them for it"
        more = f"put more pictures into train in the source, then run toonvision extract and {again(self.split)}"
        remedy = f"put them into train, val or test in the source, then run {again(self.split)}"
        return (
            *(Finding(subset, reason, code="drawn") for subset in self.drawn),
            *(Finding(subset, small, more, "too-small") for subset in self.empty),
            *(Finding(name, "the source puts it into no subset", remedy, "no-subset") for name in self.left_out),
        )


def own_subsets(workspace: Workspace) -> dict[tuple[str, str], Subset]:
    """Return the subset of each picture that the sources put into one, by its source and path.

    Raises:
        InputRejectedError: If a source cannot be read.
    """
    return {
        (source.key, picture.name): picture.subset
        for source, reading in examination.read_sources(workspace)
        for picture in reading.pictures
        if picture.subset
    }


def counted_subsets(subsets: Mapping[tuple[str, str], Subset]) -> dict[Subset, int]:
    """Return how many pictures each subset has, for those that have some."""
    counts = Counter(subsets.values())
    return {subset: counts[subset] for subset in SUBSETS if counts[subset]}


def take_over(workspace: Workspace, *, seed: int, name: str = DEFAULT_SPLIT, replace: bool = False) -> TakenOver:
    """Write the split that the sources have of their own.

    A subset without objects is drawn from train, with labels and groups respected. Pictures that the sources put
    nowhere are left out.

    Raises:
        UsageError: If there is a split of that name and `replace` is not set.
        InputRejectedError: If the sources have no split or nothing in train, or nothing was extracted.
        WorkspaceBusyError: If another process writes to the workspace.
    """
    with workspace.reading() as catalog, exclusive(workspace.root, purpose="split"):
        known = catalog.known()
        own = own_subsets(workspace)
        keys = screenshot_keys((shot.source, shot.name) for shot in known.screenshots)
        subsets = {key: own[place] for place, key in keys.items() if place in own}
        crops = [crop for crop in known.crops if (crop.source, crop.screenshot) in own]
        found = {own[crop.source, crop.screenshot] for crop in crops}
        if not found:
            raise InputRejectedError(
                f"{workspace.root}: the sources have no split of their own: no folder, file or list of theirs puts an "
                "object into just one of train, val and test. Draw one: toonvision split"
            )
        if "train" not in found:
            raise InputRejectedError(
                f"{workspace.root}: the sources put no object into train alone. Draw a split of all of them: "
                "toonvision split"
            )
        missing = tuple(subset for subset in SUBSETS if subset not in found)
        drawn = missing
        if missing:
            subsets.update(_drawn_from_train(crops, known.screenshots, own, keys, missing, seed))
            filled = {subsets[keys[crop.source, crop.screenshot]] for crop in crops}
            drawn = tuple(subset for subset in missing if subset in filled)
        split = Split(name, subsets, seed=seed if missing else None, from_source=True)
        write_split(workspace.splits, split, replace=replace)
    left_out = tuple(sorted(keys[place] for place in keys if place not in own))
    return TakenOver(split, left_out, drawn, tuple(subset for subset in missing if subset not in drawn))


def _drawn_from_train(
    crops: Sequence[Crop],
    screenshots: Iterable[StoredScreenshot],
    own: Mapping[tuple[str, str], Subset],
    keys: Mapping[tuple[str, str], str],
    missing: tuple[Subset, ...],
    seed: int,
) -> dict[str, Subset]:
    """Return new subsets for the screenshots of train; none where they are too few.

    A screenshot that belongs together with one of another subset stays in train, unless too few of its labels are left.
    """
    drawn = DRAWN_PERCENT * len(missing)
    shares: dict[Subset, int] = {"train": 100 - drawn, **dict.fromkeys(missing, DRAWN_PERCENT)}
    train = [crop for crop in crops if own[crop.source, crop.screenshot] == "train"]
    shots = [shot for shot in screenshots if own.get((shot.source, shot.name)) == "train"]
    tied = {
        shot.screenshot_id
        for group in find_groups(crops)
        if any(own[shot.source, shot.screenshot] != "train" for shot in group.shots)
        for shot in group.shots
    }
    if too_few(find_groups(train), len(shares)):
        return {}
    totals = Counter(crop.label for crop in train)
    free = Counter(crop.label for crop in train if crop.screenshot_id not in tied)
    scarce = {label for label, count in totals.items() if 100 * free[label] < drawn * count}
    stay = tied - {crop.screenshot_id for crop in train if crop.label in scarce}
    given: dict[str, Subset] = {
        keys[crop.source, crop.screenshot]: "train" for crop in train if crop.screenshot_id in stay
    }
    return divide(train, shots, keys, shares, seed=seed, given=given)
